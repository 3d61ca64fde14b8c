//! Carry: what each command makes the node do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use horus::history::{Event, Id};
use horus::{Endpoint, Error, LwgId, MEMBERS_MAX, Trouble};
use lwg::{Down, Operation, SetId, Traits};
use muts::Address;
use serde_json::{Value, json};

use super::command::Command;
use super::groups::Core;
use super::limits::SETTLED_PATIENCE;
use super::names::{read_core, read_own_core, show_core, show_lwg};
use super::post::Letter;
use super::run::Node;
use super::settled::Settling;
use super::terms;

/// Why a command is not carried out.
pub(crate) enum Stop {
    /// Never: what is wrong.
    Wrong(String),
    /// Not yet: what is waited for.
    Wait(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl Node {
    /// Carries out a command, or parks it until then.
    pub(crate) fn carry_out(&mut self, command: Command, until: Instant) {
        // After the end nothing is asked for any more.
        if self.leaving.is_some() {
            return;
        }
        if self.parked.is_before(&command) {
            return self.parked.push_behind((command, until));
        }
        match self.carry(&command) {
            Ok(()) => {}
            Err(Stop::Wrong(why)) => self.refuse(&command, why),
            Err(Stop::Wait(what)) => {
                if Instant::now() < until {
                    self.parked.push((command, until));
                } else if command == (Command::Quit {}) {
                    // A flood may last for ever; `settled` says itself how long it may take.
                    match &self.settling {
                        Some(settling) => self.parked.push((command, settling.end())),
                        None => self.leave_all(),
                    }
                } else {
                    self.refuse(&command, what);
                }
            }
        }
    }

    pub(crate) fn refuse(&mut self, command: &Command, why: String) {
        let mut fields = command.known_by();
        fields.insert("what".into(), why.into());
        self.record.tell("error", Value::Object(fields));
    }

    fn carry(&mut self, command: &Command) -> Result<(), Stop> {
        match command.clone() {
            Command::Peer { name, address } => self.peer(name, address),
            Command::Found { group, members } => self.found(&group, &members),
            Command::Terms { group, primary, refuse, listed, key, asked } => {
                self.set_terms(&group, terms::read(&primary, refuse, &listed, key, asked))
            }
            Command::Answer { group, who, denied } => self.let_in(&group, &who, denied),
            Command::Digest { group, digest } => self.set_digest(&group, digest),
            Command::Join { group, contact } => self.join(&group, contact.as_deref()),
            Command::Leave { group } => self.leave(&group),
            Command::Cast { group, order, msg, body, safe, stable } => {
                self.cast(&group, Letter { order, msg, body: body.into_bytes(), safe, stable })
            }
            Command::Create { lwg, members, set, semantics } => {
                let set = set.as_deref().map_or(SetId::DEFAULT, SetId::of_word);
                self.create(set, &lwg, &members, semantics.as_deref() == Some("relaxed"))
            }
            Command::Add { lwg, members } => {
                self.change(Operation::Add, &lwg, &members, |lwg, members| Down::Add {
                    lwg,
                    members,
                })
            }
            Command::Remove { lwg, members } => {
                self.change(Operation::Remove, &lwg, &members, |lwg, members| Down::Remove {
                    lwg,
                    members,
                })
            }
            Command::Destroy { lwg } => {
                self.change(Operation::Destroy, &lwg, &[], |lwg, _| Down::Destroy { lwg })
            }
            Command::Send { lwg, order, msg, body, safe, stable } => {
                self.send(&lwg, Letter { order, msg, body: body.into_bytes(), safe, stable })
            }
            Command::Put { lwg, msg, name, file, from, bytes } => {
                self.put(&lwg, msg, name, (&file, from, bytes))
            }
            Command::Reply { to, reply, body } => self.reply(&to, reply, body),
            Command::Replies { msg, count } => self.want_replies(&msg, count),
            Command::Discard { msg } => self.discard(msg),
            Command::Flood { group, lwg, order, size, count, rate, quiet } => {
                self.begin_flood((group, lwg), order, (size, count), rate, quiet)
            }
            Command::Held {} => self.held(),
            Command::Where { lwg } => self.tell_where(&lwg),
            Command::Settled { timeout_ms } => {
                if self.settling.is_some() {
                    return Err(Stop::Wrong("another `settled` has not ended".into()));
                }
                let patience = timeout_ms.map_or(SETTLED_PATIENCE, Duration::from_millis);
                self.settling = Some(Settling::new(Instant::now(), patience, self.beat));
                Ok(())
            }
            Command::Stats {} => self.stats(),
            Command::Keys { file } => self.change_keys(file),
            Command::Quiesce { component } => {
                let component = component.map(|who| self.component(&who)).transpose()?;
                self.record.event(&Event::Quiesce { component }, []);
                Ok(())
            }
            Command::Chaos { drop, drop_in, drop_out, loss, twice, corrupt, delay_ms } => {
                let delay = Duration::from_millis(delay_ms);
                let weather = Trouble { loss, twice, corrupt, delay, ..Trouble::default() };
                self.spoil([&drop, &drop_in, &drop_out], weather)
            }
            Command::Quit {} => self.quit(),
        }
    }

    /// Who writes down a script in one go wants the answers too: what is asked for already and
    /// ends by itself is waited for.
    fn quit(&mut self) -> Result<(), Stop> {
        if self.flood.is_some() || self.settling.is_some() {
            return Err(Stop::Wait("a flood or `settled` is under way".into()));
        }
        // What was asked before is answered before the end.
        if self.groups.owed() > 0 {
            return Err(Stop::Wait("operations have not ended".into()));
        }
        self.leave_all();
        Ok(())
    }

    fn peer(&mut self, name: String, address: SocketAddr) -> Result<(), Stop> {
        if self.is_housed {
            return Err(Stop::Wrong("its peers are the daemon's: horusd --peers".into()));
        }
        if self.me.split('#').next() == Some(&name) {
            return Err(Stop::Wrong(format!("this node is `{name}` itself")));
        }
        if let Some(why) = horus::wrong_address(address) {
            return Err(Stop::Wrong(why));
        }
        self.horus.meet(&name, address).map_err(|error| error.to_string())?;
        self.addresses.insert(name, address);
        Ok(())
    }

    fn change_keys(&mut self, file: Option<PathBuf>) -> Result<(), Stop> {
        let file = file.or_else(|| self.key_file.clone());
        let file = file.ok_or_else(|| "started without --key-file: name a file".to_owned())?;
        let keys = horus::read_keys(&file).map_err(|error| error.to_string())?;
        self.horus.change_keys(&keys);
        let (cluster, own) = (keys.cluster(), format!("{:?}", keys.public()));
        self.record.tell("keys", json!({ "cluster": cluster, "own": own }));
        Ok(())
    }

    fn found(&mut self, group: &str, members: &[String]) -> Result<(), Stop> {
        can_be(members.iter().map(String::as_str).chain([&*self.me]))?;
        let members = self.members(members)?.into_iter().map(|member| member.proc).collect();
        let (written, group) = (group, read_own_core(group)?);
        // Who joins and finds nobody may found it.
        if self.groups.cores.get(&group).is_none_or(|core| core.view.is_some()) {
            self.enter(written, group, None)?;
        }
        if let Some(core) = self.groups.cores.get_mut(&group) {
            core.founds = true;
        }
        self.asks.push(Down::Core(vsync::Down::Found { group, members }));
        Ok(())
    }

    fn set_terms(&mut self, group: &str, terms: vsync::Terms) -> Result<(), Stop> {
        let group = read_own_core(group)?;
        self.asks.push(Down::Core(vsync::Down::Terms { group, terms }));
        Ok(())
    }

    fn join(&mut self, group: &str, contact: Option<&str>) -> Result<(), Stop> {
        let contact = match contact {
            Some(contact) => Some(self.members(&[contact.to_owned()])?[0]),
            None => None,
        };
        let (written, group) = (group, read_own_core(group)?);
        self.enter(written, group, contact)?;
        self.record.event(&Event::JoinReq { group: show_core(group).into() }, []);
        let contact = contact.map(|contact| contact.proc);
        self.asks.push(Down::Core(vsync::Down::Join { group, contact }));
        Ok(())
    }

    fn leave(&mut self, group: &str) -> Result<(), Stop> {
        let group = self.core_meant(group)?;
        self.asks.push(Down::Core(vsync::Down::Leave { group }));
        Ok(())
    }

    fn create(
        &mut self,
        set: SetId,
        label: &str,
        members: &[String],
        relaxed: bool,
    ) -> Result<(), Stop> {
        if members.is_empty() {
            return Err("a group has one member at least: list them".to_owned().into());
        }
        if let Some(lwg) = self.horus.book().light(label).filter(|lwg| self.groups.is_here(*lwg)) {
            let why = format!(
                "`{label}` is the label of {}, which is still there: `destroy` it, or take another \
                 label",
                show_lwg(lwg)
            );
            // It may be over in a moment.
            let changing = self.groups.is_changing(lwg);
            return Err(if changing { Stop::Wait(why) } else { Stop::Wrong(why) });
        }
        can_be(members.iter().map(String::as_str))?;
        let members = self.members(members)?.into_iter().collect();
        let lwg = self.horus.mint_group();
        self.horus.book().label(label, lwg);
        self.groups.asked(lwg, Operation::Create, label);
        let traits = Traits { open: false, relaxed };
        self.asks.push(Down::CreateWith { set, lwg, members, traits });
        Ok(())
    }

    fn change(
        &mut self,
        operation: Operation,
        written: &str,
        members: &[String],
        ask: impl FnOnce(LwgId, horus::Members) -> Down,
    ) -> Result<(), Stop> {
        if operation == Operation::Add {
            can_be(members.iter().map(String::as_str))?;
        }
        let members = self.members(members)?.into_iter().collect();
        let lwg = self.meant(written)?;
        self.groups.asked(lwg, operation, written);
        self.asks.push(ask(lwg, members));
        Ok(())
    }

    fn stats(&mut self) -> Result<(), Stop> {
        let mut counters = self.horus.counters().wait().map_err(|error| error.to_string())?;
        self.groups.counts().each(&mut |name, count| {
            counters.insert(name, count);
        });
        self.record.tell("stats", json!(counters));
        Ok(())
    }

    fn spoil(&self, [both, from, to]: [&[String]; 3], weather: Trouble) -> Result<(), Stop> {
        // Peers by name, whoever else by address.
        let at = |written: &String| {
            let bare = written.split('#').next().unwrap_or(written);
            let address = self.addresses.get(bare).copied().or_else(|| written.parse().ok());
            address.map(Address::Net).ok_or_else(|| format!("chaos: no peer is called `{written}`"))
        };
        let all = |names: &[String]| -> Result<BTreeSet<Address>, String> {
            both.iter().chain(names).map(at).collect()
        };
        let trouble = Trouble { from: all(from)?, to: all(to)?, ..weather };
        Ok(self.horus.spoil(trouble).wait().map_err(|error| error.to_string())?)
    }

    fn held(&mut self) -> Result<(), Stop> {
        let documents: Vec<Value> = self
            .groups
            .lights
            .iter()
            .filter_map(|(lwg, light)| {
                let document = light.replica.state().filter(|held| !held.name.is_empty())?;
                Some(json!({
                    "group": show_lwg(*lwg),
                    "name": document.name,
                    "sha256": document.sha256(),
                    "bytes": document.content.len(),
                }))
            })
            .collect();
        self.record.tell("held", json!({ "documents": documents }));
        Ok(())
    }

    fn tell_where(&mut self, written: &str) -> Result<(), Stop> {
        let lwg = self.light_meant(written)?;
        let why = self.horus.why(lwg).wait().map_err(|error| error.to_string())?;
        let view = &self.groups.lights[&lwg].view;
        let members: Vec<_> = view.members.iter().map(|member| self.horus.show(*member)).collect();
        let mut fields = json!({
            "group": show_lwg(lwg), "core": show_core(view.core), "members": members, "why": why,
        });
        // It may be on its way to another.
        if let Ok(carried) = self.horus.carried(view.core).wait() {
            fields["core_carries"] = json!({
                "light_groups": carried.groups,
                "extras": carried.extras,
                "filtered": carried.filtered,
                "bytes_spared": carried.spared,
            });
        }
        self.record.tell("where", fields);
        Ok(())
    }

    /// The members that are written so.
    fn members(&self, written: &[String]) -> Result<Vec<Endpoint>, Stop> {
        let (mut members, mut unmet) = (Vec::new(), Vec::new());
        for name in written {
            match self.find(name)? {
                Some(member) => members.push(member),
                None => unmet.push(name.as_str()),
            }
        }
        if unmet.is_empty() {
            Ok(members)
        } else {
            let unmet: Vec<_> = unmet.into_iter().map(|name| self.unmet(name)).collect();
            Err(Stop::Wait(format!("not met: {}", unmet.join(", "))))
        }
    }

    /// The process that is written so; none if it was not met, or of an incarnation nobody of that
    /// name is known.
    fn find(&self, written: &str) -> Result<Option<Endpoint>, String> {
        let found = self.horus.book().find(written)?;
        let Some((name, _)) = written.split_once('#') else { return Ok(found) };
        // Who is known by name is shown by it; what shows somebody else is a number.
        let is_number = name.len() == 16 && u64::from_str_radix(name, 16).is_ok();
        let shows = |member: &Endpoint| self.horus.show(*member).split('#').next() == Some(name);
        Ok(found.filter(|member| is_number || shows(member)))
    }

    /// Those who can reach each other, as histories write them.
    fn component(&self, written: &[String]) -> Result<Vec<Id>, Stop> {
        let shown = written.iter().map(|name| match self.find(name)? {
            Some(member) => Ok(self.horus.show(member).into()),
            None => Err(Stop::Wrong(format!("component: not met: {}", self.unmet(name)))),
        });
        shown.collect()
    }

    /// Who was not met, and what is known of it.
    fn unmet(&self, name: &str) -> String {
        let bare = name.split('#').next().unwrap_or(name);
        match self.addresses.get(bare) {
            Some(address) => format!("{name} (it does not answer at {address})"),
            None if self.is_housed => format!("{name} (the daemon's peers are its own)"),
            None => format!("{name} (no `peer` says where it listens, and it has not called)"),
        }
    }

    /// A core group of the user's own that this process is not in yet.
    fn enter(
        &mut self,
        written: &str,
        group: vsync::GroupId,
        contact: Option<Endpoint>,
    ) -> Result<(), Stop> {
        if self.groups.cores.contains_key(&group) {
            return Err(Stop::Wrong(format!("already in {}", show_core(group))));
        }
        let word = Some(written.to_owned()).filter(|word| *word != show_core(group));
        self.groups.cores.insert(group, Core { word, contact, ..Core::default() });
        Ok(())
    }

    pub(crate) fn core_meant(&self, written: &str) -> Result<vsync::GroupId, Stop> {
        let group = read_core(written);
        if self.groups.cores.contains_key(&group) {
            return Ok(group);
        }
        Err(Stop::Wrong(format!("not in core group `{written}`")))
    }

    /// A core group of the user's own, to multicast in; waited for while it is being entered.
    pub(crate) fn open_core(&self, written: &str) -> Result<vsync::GroupId, Stop> {
        read_own_core(written)?;
        let group = self.core_meant(written)?;
        if self.groups.cores[&group].view.is_some() {
            return Ok(group);
        }
        Err(Stop::Wait(format!("not yet in core group `{written}`")))
    }

    /// The light-weight group of this label or number.
    fn meant(&self, written: &str) -> Result<LwgId, String> {
        self.horus.book().light(written).ok_or_else(|| {
            format!(
                "no light-weight group is called `{written}` here: a label is known where it was \
                 given, elsewhere a group goes by the number in its `view` line; `create` makes \
                 another one; `cast` goes to a core group"
            )
        })
    }

    /// A light-weight group that this process is in; waited for while it is being made, and while
    /// its view is late.
    pub(crate) fn light_meant(&self, written: &str) -> Result<LwgId, Stop> {
        let lwg = self.meant(written)?;
        if self.groups.is_late(lwg) {
            return Err(Stop::Wait(format!("the next view of `{written}` has not come")));
        }
        if self.groups.lights.contains_key(&lwg) {
            return Ok(lwg);
        }
        let why = format!("not in light-weight group `{written}`");
        Err(if self.groups.is_changing(lwg) { Stop::Wait(why) } else { Stop::Wrong(why) })
    }
}

/// Whether these can be the members of one group: refused at once, be they met or not. A node has
/// one process, however it is written.
fn can_be<'a>(members: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let nodes = members.map(|name| name.split('#').next().unwrap_or(name));
    let count = nodes.collect::<BTreeSet<_>>().len();
    if count <= MEMBERS_MAX { Ok(()) } else { Err(Error::Members(count).to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_members_than_a_group_has_are_refused_before_any_is_looked_for() {
        let names: Vec<String> = (0..=MEMBERS_MAX).map(|node| format!("n{node}")).collect();
        let of = |names: &[String]| can_be(names.iter().map(String::as_str).chain(["n0#1"]));
        assert!(of(&names[..MEMBERS_MAX]).is_ok(), "n0 is there once");
        let why = of(&names).expect_err("one too many");
        assert!(why.contains("256 members, not 257"), "{why}");
    }
}

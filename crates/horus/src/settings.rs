//! Settings: a configuration in words, key by key, for whoever starts a process from outside.
//!
//! *Takes* `key=value`, the keys being what `horus node` calls its options. *Promises* that what
//! cannot be is refused with its key and what would be right. *Keeps* nothing: it is all in
//! [`Config`].

use std::net::{Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use vsync::Causality;

use crate::config::{Config, Placing, Start, Timing};
use crate::error::Error;
use crate::keys::read_keys;
use crate::limits::MET_WITHIN;

/// How patient a process may be, by name.
const TIMINGS: [Timing; PROFILES.len()] = [Timing::LOCAL, Timing::LAN, Timing::WAN];

/// What may stand behind `profile=`: names of a [`Timing`], the first where nothing is said.
pub const PROFILES: [&str; 3] = ["local", "lan", "wan"];

/// Where light-weight groups may be placed, by name.
const PLACINGS: [Placing; POLICIES.len()] = [
    Placing::Smallest { slack: None },
    Placing::Adaptive { slack: None },
    Placing::OneToOne,
    Placing::ByHand,
];

/// What may stand behind `policy=`: names of a [`Placing`], the first where nothing is said.
pub const POLICIES: [&str; 4] = ["smallest", "adaptive", "one-to-one", "by-hand"];

/// What others go over, wherever it stands.
const FIRST: [&str; 2] = ["profile", "policy"];

/// The shortest and the longest time that is taken: what can be said in words.
const LEAST: Duration = Duration::from_millis(1);
const MOST: Duration = Duration::from_millis(u32::MAX as u64);

const KEYS: &str = "profile, policy, k, silence_ms, beat_ms, untaken_ms, causality, peer, hall, \
    seed, service, name_server, beside, beacon, system, expect, first, patience, key_file, \
    insecure, state, operators, daemon";

/// What is wrong with an address of somebody else; none if it can be one.
#[must_use]
pub fn wrong_address(address: SocketAddr) -> Option<String> {
    (address.port() == 0).then(|| format!("{address}: nobody can be reached at port 0"))
}

/// An address with a port.
///
/// # Errors
/// A sentence that says what would be one.
pub fn read_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is no address with a port, like 127.0.0.1:7001"))
}

impl Config {
    /// And what these settings say, each `key=value`. A key that may be there several times
    /// (`peer`, `seed`, `service`, `name_server`) adds one each time; of others the last counts,
    /// and single settings go over what `profile` and `policy` say, wherever they stand.
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `peer` | another node and where it listens, `b=192.0.2.2:7001`; oneself is passed over |
    /// | `key_file`, `insecure` | the keys that `horus keygen` made; or `true` |
    /// | `state` | the directory where the last incarnation is kept |
    /// | `hall` | an IP multicast group and a port that all nodes share |
    /// | `profile` | `local`, `lan` or `wan`; over it `silence_ms`, `beat_ms`, `untaken_ms` |
    /// | `policy` | `smallest`, `adaptive`, `one-to-one` or `by-hand`; `k`: others at most |
    /// | `causality` | `group` or `system` |
    /// | `seed`, `service`, `name_server`, `beside`, `beacon`, `system` | finds others |
    /// | `expect`, `first`, `patience` | whom it must have met before it begins, within seconds |
    /// | `operators`, `daemon` | the local sockets |
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn with_settings<S: AsRef<str>>(
        mut self,
        settings: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let wrong = |key: &str, why| Error::Setting { key: key.to_owned(), why };
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for setting in settings {
            let setting = setting.as_ref().trim();
            let (key, value) = setting
                .split_once('=')
                .ok_or_else(|| wrong(setting, format!("not KEY=VALUE; the keys are {KEYS}")))?;
            let (key, value) = (key.trim(), value.trim());
            if value.is_empty() {
                return Err(wrong(key, "it has no value; leave it out".into()));
            }
            let these = if FIRST.contains(&key) { &mut first } else { &mut rest };
            these.push((key.to_owned(), value.to_owned()));
        }
        for (key, value) in first.iter().chain(&rest) {
            set(&mut self, key, value).map_err(|why| wrong(key, why))?;
        }
        self.check()?;
        Ok(self)
    }

    /// Whether it can be so, whoever filled it in; what is said of this node itself is passed over.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        let wrong = |(key, why): (&str, String)| Error::Setting { key: key.to_owned(), why };
        self.times().and_then(|()| self.addresses()).map_err(wrong)?;
        self.fit_together().map_err(wrong)
    }

    /// Whether its times are some, and can be added to a clock.
    fn times(&self) -> Result<(), (&'static str, String)> {
        let Timing { silence, beat, untaken } = self.timing;
        let times = [("silence_ms", Some(silence)), ("beat_ms", Some(beat))];
        for (key, time) in times.into_iter().chain([("untaken_ms", untaken)]) {
            let right = LEAST..=MOST;
            if let Some(time) = time.filter(|time| !right.contains(time)) {
                return Err((key, format!("{time:?} is not from {LEAST:?} to {MOST:?}")));
            }
        }
        Ok(())
    }

    /// Whether others can be there.
    fn addresses(&self) -> Result<(), (&'static str, String)> {
        let peers = self.peers.iter().map(|(_, address)| ("peer", *address));
        let servers = self.clues.name_servers.iter().map(|address| ("name_server", *address));
        for (key, address) in peers.chain(servers) {
            wrong_address(address).map_or(Ok(()), |why| Err((key, why)))?;
        }
        for (key, group) in [("hall", self.hall), ("beacon", self.clues.beacon)] {
            let why = group.and_then(wrong_group);
            why.map_or(Ok(()), |why| Err((key, why)))?;
        }
        for seed in &self.clues.seeds {
            wrong_seed(seed).map_or(Ok(()), |why| Err(("seed", why)))?;
        }
        let first = self.start.as_ref().and_then(|start| start.first.as_deref());
        first.and_then(muts::wrong_name).map_or(Ok(()), |why| Err(("first", why)))
    }

    /// Whether they can be so together; what is said of this node itself is passed over.
    fn fit_together(&mut self) -> Result<(), (&'static str, String)> {
        if self.timing.beat * 2 > self.timing.silence {
            return Err(("silence_ms", "must be at least twice beat_ms".into()));
        }
        if self.causality == Causality::System && self.daemon.is_some() {
            let why = "a daemon keeps causal order within each core group";
            return Err(("causality", why.into()));
        }
        if self.insecure && self.keys.is_some() {
            return Err(("insecure", "there are keys already; give one of them".into()));
        }
        let mut others: Vec<(String, SocketAddr)> = Vec::new();
        for (name, address) in std::mem::take(&mut self.peers) {
            let own = name == self.name;
            if self.daemon.is_none() && own != (address == self.listen) {
                let this = format!("this node is `{}` at {}", self.name, self.listen);
                return Err(("peer", format!("{name}={address}: {this}")));
            }
            if let Some((_, other)) = others.iter().find(|(known, _)| *known == name)
                && *other != address
            {
                return Err(("peer", format!("{name} given twice, at {other} and at {address}")));
            }
            if !own {
                others.push((name, address));
            }
        }
        self.peers = others;
        // The one that may begin alone waits for nobody by name.
        if let Some(start) = &mut self.start {
            start.first = start.first.take().filter(|first| *first != self.name);
        }
        self.start = self.start.take().filter(|start| start.expect > 0 || start.first.is_some());
        Ok(())
    }

    fn start_mut(&mut self) -> &mut Start {
        self.start.get_or_insert(Start { expect: 0, first: None, patience: MET_WITHIN })
    }
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<(), String> {
    match key {
        "profile" => config.timing = one_of(value, &PROFILES, &TIMINGS)?,
        "policy" => config.placing = one_of(value, &POLICIES, &PLACINGS)?,
        "k" => match &mut config.placing {
            Placing::Smallest { slack } | Placing::Adaptive { slack } => {
                *slack = Some(number(value, 0)?);
            }
            Placing::OneToOne | Placing::ByHand => {
                return Err("only smallest and adaptive have a k".into());
            }
        },
        "silence_ms" => config.timing.silence = milliseconds(value, 1)?,
        "beat_ms" => config.timing.beat = milliseconds(value, 1)?,
        "untaken_ms" => {
            let patience = milliseconds(value, 0)?;
            config.timing.untaken = Some(patience).filter(|patience| !patience.is_zero());
        }
        "causality" => {
            let both = [Causality::Group, Causality::System];
            config.causality = one_of(value, &["group", "system"], &both)?;
        }
        "peer" => config.peers.push(peer(value)?),
        "hall" => config.hall = Some(multicast(value)?),
        "expect" => config.start_mut().expect = number(value, 0)? as usize,
        "first" => config.start_mut().first = Some(name(value)?),
        "patience" => {
            config.start_mut().patience = Duration::from_secs(number(value, 0)?.into());
        }
        "key_file" => {
            let keys = read_keys(Path::new(value)).map_err(|error| error.to_string())?;
            config.keys = Some(keys);
        }
        "insecure" => config.insecure = one_of(value, &["true", "false"], &[true, false])?,
        "state" => config.state_dir = Some(value.into()),
        "operators" => config.operators = Some(value.into()),
        "daemon" => config.daemon = Some(value.into()),
        "seed" => config.clues.seeds.push(value.into()),
        "service" => config.clues.services.push(value.into()),
        "name_server" => config.clues.name_servers.push(read_address(value)?),
        "beside" => config.clues.beside = Some(value.into()),
        "beacon" => config.clues.beacon = Some(multicast(value)?),
        "system" => value.clone_into(&mut config.clues.system),
        _ => return Err(format!("no such setting; the keys are {KEYS}")),
    }
    Ok(())
}

fn one_of<T: Copy>(value: &str, names: &[&str], what: &[T]) -> Result<T, String> {
    let at = names.iter().position(|name| *name == value);
    let found = at.and_then(|at| what.get(at)).copied();
    found.ok_or_else(|| format!("`{value}` is none of {}", names.join(", ")))
}

fn number(value: &str, least: u32) -> Result<u32, String> {
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| format!("`{value}` is no number from {least} on"))
}

fn milliseconds(value: &str, least: u32) -> Result<Duration, String> {
    Ok(Duration::from_millis(number(value, least)?.into()))
}

fn name(value: &str) -> Result<String, String> {
    muts::wrong_name(value).map_or_else(|| Ok(value.to_owned()), Err)
}

fn peer(value: &str) -> Result<(String, SocketAddr), String> {
    let not = || format!("`{value}` is not NAME=ADDRESS");
    let (name, address) = value.split_once('=').ok_or_else(not)?;
    let (name, address) = (self::name(name)?, read_address(address)?);
    wrong_address(address).map_or(Ok((name, address)), Err)
}

fn multicast(value: &str) -> Result<SocketAddr, String> {
    let group = read_address(value)?;
    wrong_group(group).map_or(Ok(group), Err)
}

fn wrong_group(group: SocketAddr) -> Option<String> {
    let why = || format!("`{group}` is no multicast group like 239.255.71.0:7102");
    (!group.ip().is_multicast()).then(why)
}

/// What is wrong with a host and a port; none if it can be that.
fn wrong_seed(seed: &str) -> Option<String> {
    let is_right = seed.rsplit_once(':').is_some_and(|(host, port)| {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = bare.map_or(!host.contains(':'), |host| host.parse::<Ipv6Addr>().is_ok());
        is_host && !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    (!is_right).then(|| format!("`{seed}` is not HOST:PORT, like a.example:7001"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[&str]) -> Result<Config, String> {
        let config = Config::new("a", SocketAddr::from(([127, 0, 0, 1], 7001)));
        config.with_settings(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn single_settings_go_over_what_many_say_wherever_they_stand() {
        let config = config(&["beat_ms=70", "k=2", " policy = adaptive ", "profile=wan"]);
        let config = config.expect("fine");
        assert_eq!(config.timing, Timing { beat: Duration::from_millis(70), ..Timing::WAN });
        assert_eq!(config.placing, Placing::Adaptive { slack: Some(2) });
    }

    #[test]
    fn what_may_be_there_several_times_is_added_and_of_the_rest_the_last_counts() {
        let all = ["peer=b=127.0.0.1:7002", "hall=239.0.0.1:1", "peer=c=[::1]:7003"];
        let again = ["hall=239.0.0.2:2", "first=b", "seed=x:1", "seed=y:2", "untaken_ms=0"];
        let config = config(&[&all[..], &again[..]].concat()).expect("fine");
        let names: Vec<_> = config.peers.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["b", "c"]);
        assert_eq!(config.hall, Some(SocketAddr::from(([239, 0, 0, 2], 2))));
        assert_eq!((config.clues.seeds.len(), config.timing.untaken), (2, None));
        let start = config.start.expect("somebody is waited for");
        assert_eq!(
            (start.expect, &start.first.expect("b")[..], start.patience),
            (0, "b", MET_WITHIN)
        );
    }

    #[test]
    fn who_may_begin_alone_waits_for_nobody_and_is_no_peer_of_itself() {
        let config = config(&["first=a", "patience=1", "peer=a=127.0.0.1:7001"]).expect("fine");
        assert!(config.start.is_none() && config.peers.is_empty());
    }

    #[test]
    fn what_cannot_be_is_named_with_its_key_and_what_would_be_right() {
        for (settings, key, right) in [
            (&["speed=9"][..], "speed", "the keys are profile, policy"),
            (&["k"], "k", "KEY=VALUE"),
            (&["state="], "state", "leave it out"),
            (&["profile=fast"], "profile", "local, lan, wan"),
            (&["policy=cheapest"], "policy", "smallest, adaptive, one-to-one, by-hand"),
            (&["k=1", "policy=one-to-one"], "k", "only smallest and adaptive"),
            (&["causality=all"], "causality", "group, system"),
            (&["causality=system", "daemon=/run/d"], "causality", "a daemon keeps"),
            (&["silence_ms=150"], "silence_ms", "twice beat_ms"),
            (&["beat_ms=0"], "beat_ms", "from 1 on"),
            (&["expect=-1"], "expect", "from 0 on"),
            (&["first=b c"], "first", "b c"),
            (&["peer=b"], "peer", "NAME=ADDRESS"),
            (&["peer=b=localhost:7002"], "peer", "like 127.0.0.1:7001"),
            (&["peer=b=127.0.0.1:0"], "peer", "port 0"),
            (&["peer=a=127.0.0.1:7002"], "peer", "this node is `a` at 127.0.0.1:7001"),
            (&["peer=b=127.0.0.1:7001"], "peer", "this node is `a` at 127.0.0.1:7001"),
            (&["peer=b=127.0.0.1:7002", "peer=b=127.0.0.1:7003"], "peer", "given twice"),
            (&["hall=10.0.0.1:1"], "hall", "no multicast group like"),
            (&["beacon=here"], "beacon", "no address"),
            (&["name_server=here"], "name_server", "no address"),
            (&["insecure=yes"], "insecure", "true, false"),
            (&["key_file=/nowhere"], "key_file", "horus keygen"),
        ] {
            let why = config(settings).expect_err("refused");
            assert!(why.starts_with(&format!("{key}: ")) && why.contains(right), "{why}");
        }
    }
}

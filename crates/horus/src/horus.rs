//! Horus: one process of the system, and what it can ask for.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use lwg::{Carried, Down, Endpoint, LwgId, Members, Policy, SetId, Traits, Where};
use muts::keyed::{KeyFile, Keyed};
use muts::os::{Finder, Forgetful, next_incarnation};
use muts::{Address, NodeId, ProcId, Trouble, wrong_name};
use vsync::GroupId;

use crate::book::Book;
use crate::config::{Config, Start};
use crate::door::Door;
use crate::engine::{Engine, TOLD_TO_LEAVE};
use crate::error::{Error, can_be, tell_insecure};
use crate::events::Events;
use crate::group::Group;
use crate::hatch::Hatch;
use crate::inbox::Inbox;
#[cfg(doc)]
use crate::limits::MEMBERS_MAX;
use crate::mailbox::Mailbox;
use crate::motor::Motor;
use crate::runtime::Runtime;
use crate::shared::{Hook, Shared};
use crate::tower::{self, Boxed};
use crate::wait::{Pending, Wait};

/// A process with its tower. Handles keep the tower open; it closes when the last one goes.
#[derive(Clone)]
pub struct Horus {
    door: Arc<Door>,
    /// Others than on loopback may be met: there is a key, or whoever can be reached is trusted.
    outside: bool,
}

impl Horus {
    /// Opens a tower of its own in this process: transport, kernel, light-weight groups. With
    /// [`Config::daemon`], light-weight groups alone, on the kernel of that daemon.
    ///
    /// # Errors
    /// A wrong name, a setting that cannot be ([`Error::Setting`]), an address that cannot be had
    /// or needs a key, no place for the incarnation, or a daemon that cannot be reached.
    pub fn embedded(config: Config) -> Result<Self, Error> {
        Self::open(config, Arc::new(Shared::default()), None)
    }

    /// The same with [`Horus::events`] from the very first: nothing is told before it is asked for.
    ///
    /// # Errors
    /// As [`Horus::embedded`].
    pub fn embedded_with_events(config: Config) -> Result<(Self, Events), Error> {
        let shared = Arc::new(Shared::default());
        let mailbox = Mailbox::new(&shared.pile);
        let horus = Self::open(config, shared, Some(Arc::clone(&mailbox)))?;
        let events = Events::of(&horus.door, mailbox);
        Ok((horus, events))
    }

    fn open(
        mut config: Config,
        shared: Arc<Shared>,
        events: Option<Arc<Mailbox>>,
    ) -> Result<Self, Error> {
        for name in config.peers.iter().map(|(name, _)| name).chain([&config.name]) {
            if let Some(why) = wrong_name(name) {
                return Err(Error::Name(why));
            }
        }
        config.check()?;
        let outside = config.insecure || config.keys.is_some() || config.daemon.is_some();
        if !outside && !config.listen.ip().is_loopback() {
            return Err(Error::Insecure(config.listen));
        }
        let incarnation = next_incarnation(config.state_dir.as_deref(), &config.name)
            .map_err(|Forgetful { path, cause }| Error::State { path, cause })?;
        let me = ProcId { node: shared.book.add(&config.name), incarnation };
        shared.book.met(me);
        let (motor, tower) = match &config.daemon {
            Some(socket) => tower::remote(&config, socket, me)?,
            None => embedded(&config, me)?,
        };
        let bell = motor.bell();
        let who = (Endpoint::of(me), config.timing.untaken);
        let mut engine = Engine::new(motor, tower, Arc::clone(&shared), who);
        engine.router.events = events;
        let runtime = Runtime::new(engine, bell);
        let door = Arc::new(Door::open(Endpoint::of(me), runtime, shared));
        let horus = Self { door, outside };
        if config.insecure && config.keys.is_none() && config.daemon.is_none() {
            tell_insecure(horus.address()?);
        }
        if let Some(socket) = &config.operators {
            let door = &horus.door;
            let hatch = Hatch::open(&config, socket, me, &door.runtime, &door.shared)?;
            // There was none before.
            let _ = door.hatch.set(hatch);
        }
        for (name, address) in &config.peers {
            horus.meet(name, *address)?;
        }
        if config.daemon.is_none() && !config.clues.is_empty() {
            horus.find(&config)?;
        }
        match &config.start {
            Some(start) if config.daemon.is_none() => horus.wait_to_begin(start)?,
            _ => {}
        }
        Ok(horus)
    }

    /// Looks for others of whom no address is known, as long as the tower is open.
    fn find(&self, config: &Config) -> Result<(), Error> {
        let door = Arc::downgrade(&self.door);
        let tell = move |address| {
            let node = NodeId::ANYBODY;
            let meet = vsync::Down::Meet { node, address: Address::Net(address) };
            let open = door.upgrade();
            open.is_some_and(|door| {
                door.ask(Down::Core(meet), Hook::Nothing);
                true
            })
        };
        let mut clues = config.clues.clone();
        // Daemons, and processes that embed their kernel, do not meet.
        clues.system = format!("process/{}", clues.system);
        let finder = Finder::open(&config.name, self.address()?, clues, tell);
        let finder = finder.map_err(|error| Error::Clues(error.to_string()))?;
        // Nothing was found before.
        let _ = self.door.finder.set(finder);
        Ok(())
    }

    /// Until those are met without whom it must not begin.
    fn wait_to_begin(&self, start: &Start) -> Result<(), Error> {
        let (book, me) = (self.book(), self.me().proc.node);
        let met = poll_fn(|context| book.poll_met(me, start, context));
        self.wait(met, Some(start.patience)).ok_or_else(|| {
            Error::Alone(book.missing(me, start).unwrap_or_else(|| "the tower is over".into()))
        })
    }

    /// Takes other keys while it runs: links renew their sessions under them, and those that cannot
    /// within ten seconds end. To change the cluster's secret, first every node takes the new one
    /// behind the old, then before it, then alone.
    pub fn change_keys(&self, keys: &KeyFile) {
        let guard = Box::new(Keyed::new(keys));
        self.door.run(move |engine| engine.change_guard(guard));
    }

    /// Closes the tower now, whoever holds handles of it: it leaves every group, and what is waited
    /// for or asked from now on ends with [`Error::Closed`]; what was told before can still be
    /// heard. Without this it closes when its last handle goes.
    pub fn close(&self) {
        self.door.close();
    }

    /// Why the tower is over, if it is: what every [`Error::Closed`] means.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        self.door.shared.ended()
    }

    /// Whether it is over because an operator told it to leave ([`Config::operators`]), as a
    /// program is told to end: nothing is wrong.
    #[must_use]
    pub fn was_told_to_leave(&self) -> bool {
        self.ended().is_some_and(|why| why == TOLD_TO_LEAVE)
    }

    /// Whether it is over because a later process was started under the same name, which others
    /// hear instead: end one of the two, or give it a name of its own.
    #[must_use]
    pub fn was_superseded(&self) -> bool {
        self.ended().is_some_and(|why| tower::is_superseded(&why))
    }

    /// Where it listens; behind a daemon nowhere.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn address(&self) -> Result<SocketAddr, Error> {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        self.door.run(move |engine| told.push(engine.address()));
        Pending::first(&self.door, inbox, |address: Option<SocketAddr>| {
            address.ok_or(Error::Closed)
        })
        .wait()
    }

    pub(crate) const fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// This process.
    #[must_use]
    pub fn me(&self) -> Endpoint {
        self.door.me
    }

    /// Who is called what.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.door.shared.book
    }

    /// How a member is written: `name#incarnation`.
    #[must_use]
    pub fn show(&self, member: Endpoint) -> String {
        self.book().show(member.proc)
    }

    /// Introduces a node by where it listens; said again, the newest address counts.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::Insecure`] if it is not on this host and there is no key.
    pub fn meet(&self, name: &str, address: SocketAddr) -> Result<(), Error> {
        if let Some(why) = wrong_name(name) {
            return Err(Error::Name(why));
        }
        if !self.outside && !address.ip().is_loopback() {
            return Err(Error::Insecure(address));
        }
        let node = self.book().add(name);
        let address = Address::Net(address);
        self.ask(Down::Core(vsync::Down::Meet { node, address }));
        Ok(())
    }

    /// The process of this name, once it has been met: `b` is its newest incarnation, `b#3` that
    /// one, also if it is over and a newer one was met.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be a name; [`Error::Closed`].
    pub fn member<'a>(
        &'a self,
        name: &'a str,
    ) -> Wait<'a, impl Future<Output = Result<Endpoint, Error>> + Unpin> {
        self.book().ask_for(name);
        let listener = self.book().listener();
        let look = poll_fn(move |context| {
            // Registered before the look, so that an end in between wakes.
            let found =
                self.book().poll(name, &listener, context).map(|found| found.map_err(Error::Name));
            let over = found.is_pending() && self.door.shared.is_over();
            if over { Poll::Ready(Err(Error::Closed)) } else { found }
        });
        Wait::new(&self.door, look)
    }

    /// lwg_create: a group of these members, which need not hold this process. Many can be made at
    /// once: none waits for another. Members are named once each, in whatever order.
    ///
    /// What is multicast by the handle of a group that was made for others is [`Error::Out`] until
    /// a member adds this process. [`Horus::send_through`] and [`Horus::ask_through`] reach an open
    /// one ([`Traits::open`]), [`Horus::send_beside`] a relaxed one.
    ///
    /// # Errors
    /// [`Error::Members`] if they are none or more than [`MEMBERS_MAX`]; [`Error::Missing`] if some
    /// were not met, are over, or did not come within five seconds (longer if [`Timing::silence`]
    /// is more than one); [`Error::NoPlace`] if the policy of its set makes no core group for
    /// them; [`Error::Again`] if the core group was lost meanwhile, and there is no group: create
    /// it again; [`Error::Closed`].
    ///
    /// [`Timing::silence`]: crate::Timing::silence
    pub fn create(&self, members: &[Endpoint]) -> Pending<Group> {
        self.create_in(SetId::DEFAULT, members, Traits::PLAIN)
    }

    /// lwg_create, of a group that is more than plain, on a core group of that set.
    ///
    /// # Errors
    /// As [`Horus::create`].
    pub fn create_in(&self, set: SetId, members: &[Endpoint], traits: Traits) -> Pending<Group> {
        self.create_as(members, |lwg, members| Down::CreateWith { set, lwg, members, traits })
    }

    /// lwg_create, on this core group and no other: it has to hold the members.
    ///
    /// # Errors
    /// As [`Horus::create`]; [`Error::Missing`] also names who is not in that core group, or all if
    /// this process is not.
    pub fn create_on(&self, core: GroupId, members: &[Endpoint]) -> Pending<Group> {
        self.create_as(members, |lwg, members| {
            let members = Box::new(members);
            Down::CreateOn { core, lwg, members }
        })
    }

    fn create_as(
        &self,
        members: &[Endpoint],
        ask: impl FnOnce(LwgId, Members) -> Down,
    ) -> Pending<Group> {
        if let Err(error) = can_be(members) {
            return Pending::failed(&self.door, error);
        }
        let inside = members.contains(&self.me());
        let lwg = self.door.mint_group();
        let mailbox = Mailbox::new(&self.door.shared.pile);
        mailbox.set_outside(!inside);
        let told = Arc::clone(&mailbox);
        self.door.run(move |engine| {
            engine.router.make_group(lwg, told, inside);
        });
        // A handle from now on: if nobody waits for it, it is dropped with the wait.
        let mut group = Some(Group::new(&self.door, lwg, mailbox));
        let ask = ask(lwg, members.iter().copied().collect());
        self.door.operate(ask, move || group.take().expect("it is made once"))
    }

    /// Moves a group that this process is in to another core group that holds its members. No send
    /// is refused meanwhile. It is `Ok` if it stands there already.
    ///
    /// # Errors
    /// [`Error::NoGroup`]; [`Error::Missing`] names the members that are not in that core group, or
    /// all if this process is not; [`Error::Again`] if it moved or lost its core group meanwhile,
    /// and was not moved by this: ask again; [`Error::Closed`].
    pub fn relocate(&self, lwg: LwgId, to: GroupId) -> Pending<()> {
        self.door.operate(Down::Move { lwg, to }, || ())
    }

    /// Gives a core group set a policy of its own: a shipped one, or the user's.
    pub fn set_policy(&self, set: SetId, policy: impl Policy + Send + 'static) {
        self.door.run(move |engine| engine.tower.set_policy(set, Box::new(policy)));
    }

    /// Where a group stands and why: candidates, what each would cost, and the rule that chose.
    pub fn explain(&self, lwg: LwgId) -> Pending<Where> {
        Pending::seen(&self.door, move |engine| engine.tower.explain(lwg))
    }

    /// What a core group that light-weight groups are placed on carries, as this process knows it
    /// and has counted since it is in; [`Error::NoGroup`] if it is not.
    pub fn carried(&self, core: GroupId) -> Pending<Carried> {
        Pending::seen(&self.door, move |engine| engine.tower.sight().carried(core))
    }

    /// The next group that another process has put this one in.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn invited(&self) -> Pending<Group> {
        let inbox = Arc::clone(&self.door.shared.invited);
        let door = Arc::clone(&self.door);
        Pending::first(&self.door, inbox, move |(lwg, told)| Ok(Group::new(&door, lwg, told)))
    }

    /// Everything the tower tells, in order.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::new(&self.door)
    }

    /// Asks the tower directly, for whoever follows [`Horus::events`], who keeps to the bounds that
    /// the handles check: a daemon puts out who asks for more. Names of groups and sends
    /// come from [`Horus::mint_group`] and [`Horus::mint_send`].
    pub fn ask(&self, ask: Down) {
        self.door.ask(ask, Hook::Nothing);
    }

    /// The same for many at once, in order.
    pub fn ask_all(&self, asks: impl IntoIterator<Item = Down>) {
        self.door.ask_all(asks);
    }

    /// Whether a process is heard now; none if that is known elsewhere, in the daemon.
    pub fn hears(&self, member: Endpoint) -> Pending<Option<bool>> {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        self.door.run(move |engine| {
            let now = engine.now();
            let known = engine.tower.sight().grounds();
            let known = known.map(|grounds| grounds.known(now, member.proc.node));
            let this = |known: vsync::Known| known.met && known.who == member.proc;
            told.push(known.map(|known| known.is_some_and(|it| this(it) && it.charge.is_none())));
        });
        Pending::first(&self.door, inbox, Ok)
    }

    /// The rule that placed a group where it stands.
    pub fn why(&self, lwg: LwgId) -> Pending<String> {
        Pending::seen(&self.door, move |engine| Some(engine.tower.explain(lwg)?.why.to_owned()))
    }

    /// A name for a group; never given twice.
    #[must_use]
    pub fn mint_group(&self) -> LwgId {
        self.door.mint_group()
    }

    /// A name for a send; never given twice.
    #[must_use]
    pub fn mint_send(&self) -> lwg::SendId {
        self.door.mint_send()
    }

    /// Waits for anything at all by turning the tower; none if it did not come in time.
    ///
    /// The future must not wait in here itself.
    pub fn wait<F: Future>(&self, future: F, patience: Option<Duration>) -> Option<F::Output> {
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        self.door.runtime.wait(future, until)
    }

    /// Every counter and gauge of the tower, by name.
    ///
    /// Behind a daemon nothing of the kernel there is told but what is under way (`vsync.changing`,
    /// `vsync.parted`, `vsync.disagreeing`, `muts.unheard`), as it was just after this was asked
    /// for the time before.
    pub fn counters(&self) -> Pending<BTreeMap<&'static str, u64>> {
        Pending::seen(&self.door, |engine| {
            engine.tower.look();
            let mut counters = BTreeMap::new();
            engine.count(&mut |name, value| *counters.entry(name).or_insert(0) += value);
            Some(counters)
        })
    }

    /// From now on this is wrong with the links of this process, and nothing else; for tests.
    /// [`Error::NoChaos`] unless [`Config::chaos`] allows it.
    pub fn spoil(&self, trouble: Trouble) -> Pending<()> {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::clone(&inbox);
        self.door.run(move |engine| told.push(engine.tower.spoil(trouble)));
        Pending::first(
            &self.door,
            inbox,
            |spoilt| if spoilt { Ok(()) } else { Err(Error::NoChaos) },
        )
    }
}

#[cfg(feature = "embedded")]
fn embedded(config: &Config, me: ProcId) -> Result<(Motor, Boxed), Error> {
    Ok((tower::listen(config.listen, config.hall)?, tower::embedded(config, me)))
}

#[cfg(not(feature = "embedded"))]
fn embedded(_: &Config, _: ProcId) -> Result<(Motor, Boxed), Error> {
    let why = "this build embeds no kernel: name a daemon's socket".into();
    Err(Error::Daemon { socket: std::path::PathBuf::new(), why })
}

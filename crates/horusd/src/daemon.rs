//! Daemon: the loop. It turns the crank, hears of clients, operators and signals, says how it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

use muts::keyed::Keyed;
use muts::os::{Bell, Doors, Driver, Finder, is_open_to_others, next_incarnation, pretended};
use muts::{Address, Chaos, Counted as _, Guarded as _, Layer as _, NodeId, ProcId, Transport};
use sd_notify::NotifyState;
use tracing::{debug, error, info, warn};
use vsync::gate::{Bye, News, Server, Word};
use vsync::limits::GATE_BACKLOG_BYTES_MAX;

use crate::answers::{self, Deed, Here, Strange};
use crate::config::Config;
use crate::health::Health;
use crate::limits::{
    ADDRESSES_WAITING_MAX, LOOK_UP_EVERY, PAGE_EVERY, STRANGE_MAX, STREAMS_BESIDE_CLIENTS,
};
use crate::log::Level;
use crate::metrics::Counters;
use crate::others::{Others, Unknown, called};
use crate::settings::Line;
use crate::signals::Signals;

struct Daemon<'a> {
    line: &'a Line,
    config: Config,
    me: ProcId,
    doors: Doors,
    server: Server<Chaos<Transport>>,
    signals: Arc<Signals>,
    level: Level,
    health: Health,
    /// Where it listens for other daemons, and where it tells of its health.
    listens: SocketAddr,
    health_at: Option<SocketAddr>,
    /// Other daemons as they are looked up.
    named: Named,
    /// Where others may listen, whatever they are called; and who looks for them.
    found: (Finder, Receiver<SocketAddr>),
    /// Where each was found last.
    peers: BTreeMap<String, SocketAddr>,
    others: Others,
    waits_for: Option<String>,
    /// Others with which no version of frames is shared, and which they speak.
    strange: Strange,
    /// It was ready once: from then on the loss of a neighbour is no reason to take it out.
    ready: bool,
    draining: bool,
    leaving: bool,
    /// Another daemon of its name was started later.
    superseded: bool,
    /// Who it runs as.
    uid: u32,
    page_at: Instant,
    /// How often its keeper wants to hear that it lives.
    watchdog: Option<Duration>,
    watched: Instant,
}

/// Why it is of no use any more, and what to do.
const SUPERSEDED: &str = "a later daemon of its name has taken its place: others hear that one; \
                          end one of the two, or give it a name of its own";

/// Runs a daemon to its end.
///
/// # Errors
/// A sentence saying what could not be had.
pub(crate) fn run(line: &Line, config: Config) -> Result<(), String> {
    let level = Level::open(config.log, config.log_json);
    let incarnation = next_incarnation(config.state.as_deref(), &config.name).map_err(|error| {
        format!(
            "cannot keep the incarnation in {}: {}; set `state` to a directory that can be written",
            error.path.display(),
            error.cause
        )
    })?;
    let me = ProcId { node: NodeId::of_name(&config.name), incarnation };
    let mut driver = Driver::exposed(config.listen).map_err(|error| error.to_string())?;
    config.hall.map_or(Ok(()), |hall| driver.join(hall)).map_err(|error| error.to_string())?;
    let listens = driver.local_address().map_err(|error| error.to_string())?;
    let signals = Signals::open(driver.bell()).map_err(|error| format!("no signals: {error}"))?;
    let bell = driver.bell();
    let doors = open_doors(driver, &config)?;
    let (health, shown) = Health::open(config.health).map_err(|error| {
        let at = config.health.map_or_else(String::new, |at| at.to_string());
        format!("health: cannot listen at {at}: {error}; name another address, or `off`")
    })?;
    let uid = std::fs::metadata(&config.socket).map_or(u32::MAX, |socket| socket.uid());
    let (name, socket) = (config.name.clone(), config.socket.display().to_string());
    let health_at = shown.map_or_else(|| "off".to_owned(), |at| at.to_string());
    if config.keys.is_none() && config.insecure {
        warn!("insecure: every host that can reach {listens} is trusted");
    }
    if config.allow_chaos {
        warn!("allow_chaos: its own user and root may spoil its links (`horus chaos`)");
    }
    warn_of_open_keys(&config);
    info!(name, incarnation, listen = %listens, socket, health = health_at, "it listens");
    let mut daemon = Daemon {
        server: server(&config, me),
        named: look_up(&config),
        found: find(&config, listens, bell)?,
        line,
        config,
        me,
        doors,
        signals,
        level,
        health,
        listens,
        health_at: shown,
        peers: BTreeMap::new(),
        others: Others::default(),
        waits_for: None,
        strange: Strange::new(),
        ready: false,
        draining: false,
        leaving: false,
        superseded: false,
        uid,
        page_at: Instant::now(),
        watchdog: sd_notify::watchdog_enabled().map(|longest| longest / 3),
        watched: Instant::now(),
    };
    daemon.live()
}

fn open_doors(driver: Driver, config: &Config) -> Result<Doors, String> {
    let wrong = |error: std::io::Error| {
        let told = format!("cannot listen at {}: {error}", config.socket.display());
        match config.socket_group {
            Some(_) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                format!(
                    "{told}; a daemon has to be in its `socket_group`, and may write at `socket`"
                )
            }
            _ => format!("{told}; choose another `socket`"),
        }
    };
    if let Some(directory) = config.socket.parent() {
        std::fs::create_dir_all(directory).map_err(wrong)?;
    }
    let streams = config.clients_max + STREAMS_BESIDE_CLIENTS;
    let (socket, mode, group) = (&config.socket, config.socket_mode, config.socket_group);
    Doors::open(driver, socket, mode, group, streams).map_err(wrong)
}

fn server(config: &Config, me: ProcId) -> Server<Chaos<Transport>> {
    // The same process never gets the same seed twice, and no two processes get one.
    let seed = me.node.0 ^ me.incarnation.rotate_left(32);
    let mut transport = muts::Config::new(me, seed);
    transport.silence = config.silence;
    transport.beat = config.beat;
    transport.hall = config.hall.map(Address::Net);
    transport.versions = pretended("frames").unwrap_or(transport.versions);
    let transport = match &config.keys {
        Some(keys) => Transport::guarded(transport, Box::new(Keyed::new(keys))),
        None => Transport::new(transport),
    };
    let transport = match config.allow_chaos {
        true => Chaos::allowed(transport, seed),
        false => Chaos::forbidden(transport),
    };
    let mut gate = vsync::gate::Config::new(me, seed);
    gate.kernel = vsync::Config::new(me, seed).with_suspicion(config.silence);
    gate.beat = config.beat;
    gate.silence = config.silence;
    gate.versions = pretended("gate").unwrap_or(gate.versions);
    let mut server = Server::new(transport, gate);
    server.reconfigure(|gate| adjust(gate, config));
    server
}

fn warn_of_open_keys(config: &Config) {
    if let Some(path) = config.settings.key_file.as_ref().filter(|path| is_open_to_others(path)) {
        warn!(path = %path.display(), "every user of this host can read the keys: `chmod 600` it");
    }
}

/// The limit that a client was put out for, if there is one.
fn limit(why: Bye, config: &Config) -> Option<String> {
    match why {
        Bye::Crowded => Some(format!("clients_max = {}", config.clients_max)),
        Bye::Slow => {
            let (ms, mib) = (config.slow.as_millis(), GATE_BACKLOG_BYTES_MAX >> 20);
            Some(format!("slow_ms = {ms}, or {mib} MiB that wait for it"))
        }
        Bye::Silent => Some(format!("silence_ms = {}", config.silence.as_millis())),
        Bye::Forbidden => config.users.as_ref().map(|users| format!("users = {users:?}")),
        _ => None,
    }
}

/// What may change while it runs.
fn adjust(gate: &mut vsync::gate::Config, config: &Config) {
    gate.slow = config.slow;
    gate.clients_max = config.clients_max;
    gate.groups_max = config.groups_max;
    gate.users.clone_from(&config.users);
}

/// Where the others listen, as it is found out.
struct Named {
    found: Receiver<(String, SocketAddr)>,
    /// Who finds it out goes on while this is here.
    _wanted: Arc<()>,
}

/// Looks up where the others listen, again and again, in a thread of its own: a name server that is
/// slow holds up nobody.
fn look_up(config: &Config) -> Named {
    let (tell, found) = channel();
    let wanted = Arc::new(());
    let still_wanted = Arc::downgrade(&wanted);
    let peers = config.peers.clone();
    let literal = peers.iter().all(|(_, host)| host.parse::<SocketAddr>().is_ok());
    let mut unknown = Unknown::default();
    let looks = move || {
        loop {
            for (name, host) in &peers {
                let looked = host.to_socket_addrs().map(|mut addresses| addresses.next());
                let (found, why) = match looked {
                    Ok(Some(address)) => (Some(address), None),
                    Ok(None) => (None, Some("it has no address".to_owned())),
                    Err(error) => (None, Some(error.to_string())),
                };
                unknown.note(host, why);
                if found.is_some_and(|address| tell.send((name.clone(), address)).is_err()) {
                    return;
                }
            }
            if literal || still_wanted.strong_count() == 0 {
                return;
            }
            std::thread::park_timeout(LOOK_UP_EVERY);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("names".into()).spawn(looks) {
        warn!(%error, "the others cannot be looked up");
    }
    Named { found, _wanted: wanted }
}

/// Looks for daemons of which no name is known.
fn find(
    config: &Config,
    listens: SocketAddr,
    bell: Bell,
) -> Result<(Finder, Receiver<SocketAddr>), String> {
    let (tell, found) = sync_channel(ADDRESSES_WAITING_MAX);
    let tell = move |address| {
        // What finds no room is told again.
        let heard = !matches!(tell.try_send(address), Err(TrySendError::Disconnected(_)));
        bell.ring();
        heard
    };
    let finder = Finder::open(&config.name, listens, config.clues.clone(), tell);
    finder.map(|finder| (finder, found)).map_err(|error| {
        format!("others cannot be found: {error}; set `beside` to false or `beacon` to off")
    })
}

impl Daemon<'_> {
    fn live(&mut self) -> Result<(), String> {
        if self.waits().is_some() {
            self.word(Word::Close(Some(Bye::Early)));
        }
        loop {
            while let Ok((name, address)) = self.named.found.try_recv() {
                self.meet(name, address);
            }
            while let Ok(address) = self.found.1.try_recv() {
                let address = Address::Net(address);
                self.word(Word::Meet { node: NodeId::ANYBODY, address });
            }
            let patience = self.page_at.saturating_duration_since(Instant::now());
            self.doors
                .turn(&mut self.server, Some(patience))
                .map_err(|broken| broken.to_string())?;
            self.hear();
            if self.signals.reloads() {
                self.reload();
            }
            if self.page_at <= Instant::now() {
                self.tell_how_it_is();
            }
            let empty = self.draining && self.server.clients().next().is_none();
            if self.signals.stops() || self.leaving || empty {
                return self.end();
            }
        }
    }

    fn meet(&mut self, name: String, address: SocketAddr) {
        if self.peers.insert(name.clone(), address) != Some(address) {
            debug!(name, %address, "another daemon is there");
            let node = NodeId::of_name(&name);
            self.word(Word::Meet { node, address: Address::Net(address) });
        }
    }

    fn word(&mut self, word: Word) {
        let now = self.doors.driver().now();
        let taken = self.server.down(now, word);
        debug_assert!(taken.is_ok(), "a server is never full");
    }

    fn hear(&mut self) {
        let others = || self.server.daemons().map(|(proc, silent)| (proc, silent.is_none()));
        self.others.tell(&self.config, others);
        while let Some(news) = self.server.up() {
            match news {
                News::Attached { pipe, proc, name } => {
                    let uid = self.doors.uid(pipe);
                    info!(name, incarnation = proc.incarnation, uid, "attached");
                }
                News::Parted { pipe, proc, why, last } => {
                    let incarnation = proc.map(|proc| proc.incarnation);
                    let uid = self.doors.uid(pipe);
                    let client = proc.and_then(|proc| self.server.name(proc.node));
                    let limit = limit(why, &self.config);
                    match why {
                        Bye::Left | Bye::Stopping => debug!(pipe, incarnation, %why, "parted"),
                        _ => warn!(client, pipe, incarnation, uid, limit, %why, "put out"),
                    }
                    self.doors.close(pipe, last);
                }
                News::Refused { peer, versions } => self.note_refused(peer, versions),
                News::Asked { pipe, query } => self.answer(pipe, &query),
            }
        }
    }

    /// Another daemon is told that it cannot be spoken with; so is whoever looks after this one.
    fn note_refused(&mut self, peer: ProcId, (lowest, highest): (u8, u8)) {
        let known = self.strange.get(&peer.node) == Some(&(lowest, highest));
        if known || self.strange.len() >= STRANGE_MAX {
            return;
        }
        let name = called(&self.config, peer);
        warn!(name, "refused: {}", answers::too_far(lowest, highest));
        self.strange.insert(peer.node, (lowest, highest));
    }

    fn answer(&mut self, pipe: u32, query: &[u8]) {
        let heard: Vec<NodeId> = self.server.neighbours().collect();
        self.strange.retain(|node, _| !heard.contains(node));
        let may_act = self.doors.uid(pipe).is_some_and(|uid| uid == self.uid || uid == 0);
        let here = Here {
            config: &self.config,
            me: self.me,
            now: self.doors.driver().now(),
            server: &self.server,
            peers: &self.peers,
            waits_for: self.waits_for.as_deref(),
            strange: &self.strange,
            draining: self.draining,
            listens: self.listens,
            health_at: self.health_at,
        };
        let (answer, deed) = answers::answer(&here, query, may_act);
        self.word(Word::Answer { pipe, answer: answer.to_string().into_bytes() });
        match deed {
            Deed::Nothing => {}
            Deed::Out(pipe) => self.word(Word::PutOut { pipe, why: Bye::PutOut }),
            Deed::Drain => {
                info!("it takes no more clients, and ends when the last has left");
                self.draining = true;
                // Whoever asks next is told so.
                self.page_at = Instant::now();
                self.word(Word::Close(Some(Bye::Stopping)));
            }
            Deed::Leave => self.leaving = true,
            Deed::Spoil(trouble) => {
                warn!(links = %answer, "its links are as an operator wants them");
                let spoilt = self.server.below_mut().spoil(trouble);
                debug_assert!(spoilt, "it was asked only where it is allowed");
            }
        }
    }

    /// Reads the settings again; what is wrong with them changes nothing.
    fn reload(&mut self) {
        let read = self.line.settings().and_then(|settings| Config::of(&settings));
        let config = match read {
            Ok(config) => config,
            Err(why) => return error!(why, "the settings stay as they were"),
        };
        let fixed = self.config.fixed_that_differ(&config);
        if !fixed.is_empty() {
            warn!(keys = fixed.join(", "), "these take effect at the next start");
        }
        let config = config.while_running(&self.config);
        self.level.set(config.log);
        self.server.reconfigure(|gate| adjust(gate, &config));
        self.doors.set_streams_max(config.clients_max + STREAMS_BESIDE_CLIENTS);
        warn_of_open_keys(&config);
        if let Some(keys) = &config.keys {
            let now = self.doors.driver().now();
            self.server.change_guard(now, Box::new(Keyed::new(keys)));
        }
        self.named = look_up(&config);
        self.config = config;
        info!("the settings were read again");
    }

    /// Without whom it must not begin, if there is anybody.
    fn waits(&self) -> Option<String> {
        let mut heard = self.server.neighbours();
        let first = self.config.first.as_ref().filter(|first| **first != self.config.name);
        if let Some(first) = first.filter(|name| !heard.any(|it| it == NodeId::of_name(name))) {
            return Some(format!("`{first}`, which begins, was not met yet"));
        }
        let (met, expect) = (self.server.neighbours().count(), self.config.expect);
        let missing = expect.checked_sub(met).filter(|missing| *missing > 0)?;
        Some(format!("{missing} of {expect} other daemons were not met yet"))
    }

    /// Writes the page, and tells its keeper.
    fn tell_how_it_is(&mut self) {
        let now = Instant::now();
        self.page_at = now + self.watchdog.map_or(PAGE_EVERY, |often| often.min(PAGE_EVERY));
        let waits = self.waits();
        if !self.ready && waits.is_none() {
            self.ready = true;
            info!(daemons = self.server.neighbours().count(), "ready");
            self.word(Word::Close(self.draining.then_some(Bye::Stopping)));
            let _ = sd_notify::notify(&[NotifyState::Ready]);
        }
        let mut counters = Counters::from([("daemon.draining", u64::from(self.draining))]);
        let mut add = |name: &'static str, value: u64| *counters.entry(name).or_insert(0) += value;
        self.server.count(&mut add);
        self.doors.count(&mut add);
        let superseded = counters.get("muts.superseded").is_some_and(|count| *count > 0);
        if superseded && !self.superseded {
            warn!(name = %self.config.name, "{SUPERSEDED}");
        }
        self.superseded = superseded;
        self.waits_for = match waits {
            _ if superseded => Some(SUPERSEDED.to_owned()),
            _ if self.draining => Some("it is drained".to_owned()),
            Some(why) if !self.ready => Some(why),
            _ => None,
        };
        counters.insert("daemon.ready", u64::from(self.waits_for.is_none()));
        let waits_for = self.waits_for.clone();
        self.health.write(|page| {
            page.at = now;
            page.waits_for = waits_for;
            page.counters = counters;
        });
        if self.watchdog.is_some_and(|every| now.duration_since(self.watched) >= every) {
            self.watched = now;
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
    }

    /// Clients and other daemons are told; what can be written at once is.
    fn end(&mut self) -> Result<(), String> {
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
        let clients: BTreeSet<u32> = self.server.clients().map(|(pipe, ..)| pipe).collect();
        info!(clients = clients.len(), "it ends");
        self.word(Word::Farewell);
        self.hear();
        let turned = self.doors.turn(&mut self.server, Some(Duration::ZERO));
        turned.map_err(|broken| broken.to_string())
    }
}

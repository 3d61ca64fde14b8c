//! Config: what the settings mean, looked through before anything is opened.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use muts::keyed::KeyFile;
use muts::os::{Clues, default_socket, gid_of};
use muts::wrong_name;
use tracing::level_filters::LevelFilter;

use crate::limits::HEALTH_PORT_ABOVE;
use crate::settings::Settings;

/// See the head of this file.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) listen: SocketAddr,
    /// Names of nodes, and hosts with ports.
    pub(crate) peers: Vec<(String, String)>,
    pub(crate) clues: Clues,
    pub(crate) hall: Option<SocketAddr>,
    pub(crate) expect: usize,
    /// Who may begin alone, if not anybody.
    pub(crate) first: Option<String>,
    pub(crate) socket: PathBuf,
    pub(crate) socket_mode: u32,
    /// The number of the group of users that the socket belongs to, if not the daemon's own.
    pub(crate) socket_group: Option<u32>,
    pub(crate) users: Option<BTreeSet<u32>>,
    pub(crate) keys: Option<KeyFile>,
    pub(crate) insecure: bool,
    /// Its links may be spoiled on purpose.
    pub(crate) allow_chaos: bool,
    pub(crate) state: Option<PathBuf>,
    pub(crate) silence: Duration,
    pub(crate) beat: Duration,
    pub(crate) slow: Duration,
    pub(crate) clients_max: usize,
    pub(crate) groups_max: usize,
    pub(crate) health: Option<SocketAddr>,
    pub(crate) log: LevelFilter,
    pub(crate) log_json: bool,
    /// All of it, with nothing left open.
    pub(crate) settings: Settings,
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "horusd".to_owned() } else { name.to_owned() }
}

impl Config {
    /// What these settings mean.
    ///
    /// # Errors
    /// A sentence that names the key and says what would be right.
    pub(crate) fn of(given: &Settings) -> Result<Self, String> {
        let mut settings = given.clone();
        let name = settings.name.get_or_insert_with(host_name).clone();
        if let Some(why) = wrong_name(&name) {
            return Err(format!("name: {why}"));
        }
        let listen = settings.listen.get_or_insert_with(|| "127.0.0.1:7100".into());
        let listen = address("listen", listen)?;
        let peers = settings.peers.get_or_insert_default();
        let peers = peers.iter().map(|text| peer(text)).collect::<Result<Vec<_>, _>>()?;
        let socket = settings.socket.get_or_insert_with(default_socket).clone();
        let clues = clues(&mut settings, listen, &socket)?;
        let hall = multicast("hall", &mut settings.hall, listen)?;
        let expect = *settings.expect.get_or_insert(0);
        let first = settings.first.clone();
        if let Some(why) = first.as_deref().and_then(wrong_name) {
            return Err(format!("first: {why}"));
        }
        let alone = first.as_ref().is_none_or(|first| *first == name);
        if clues.is_empty() && (expect > peers.len() || !alone && peers.is_empty()) {
            let key = if alone { "expect" } else { "first" };
            return Err(format!(
                "{key}: nobody would be found to wait for: set peers, seeds, services, beacon or \
                 beside"
            ));
        }
        let socket_mode = permissions(settings.socket_mode.get_or_insert_with(|| "0600".into()))?;
        let socket_group = settings.socket_group.as_deref().map(users_called).transpose()?;
        let insecure = *settings.insecure.get_or_insert(false);
        if !listen.ip().is_loopback() && !insecure && settings.key_file.is_none() {
            return Err(format!(
                "listen: {listen} can be reached from outside and there is no key: set key_file \
                 (`horus keygen` makes one), or insecure if every host that can reach it is trusted"
            ));
        }
        let keys = settings.key_file.as_deref().map(read_keys).transpose()?;
        let (silence, beat) = patience(&mut settings)?;
        let slow_ms = at_least("slow_ms", *settings.slow_ms.get_or_insert(10_000), 1)?;
        let clients_max = *settings.clients_max.get_or_insert(256);
        let groups_max = *settings.groups_max.get_or_insert(10_000);
        let health = settings.health.get_or_insert_with(|| health_beside(listen).to_string());
        let health = if health == "off" { None } else { Some(address("health", health)?) };
        let (log, log_json) = log(&mut settings)?;
        Ok(Self {
            name,
            listen,
            peers,
            clues,
            hall,
            expect,
            first,
            socket,
            socket_mode,
            socket_group,
            users: settings.users.as_ref().map(|users| users.iter().copied().collect()),
            keys,
            insecure,
            allow_chaos: *settings.allow_chaos.get_or_insert(false),
            state: settings.state.clone(),
            silence,
            beat,
            slow: Duration::from_millis(slow_ms),
            clients_max,
            groups_max,
            health,
            log,
            log_json,
            settings,
        })
    }

    /// Keys that differ from these and take effect at the next start only.
    pub(crate) fn fixed_that_differ(&self, new: &Self) -> Vec<&'static str> {
        let fixed = [
            ("name", self.name != new.name),
            ("listen", self.listen != new.listen),
            ("seeds, services, name_servers, beacon, beside or system", self.clues != new.clues),
            ("hall", self.hall != new.hall),
            ("socket", self.socket != new.socket),
            ("socket_mode", self.socket_mode != new.socket_mode),
            ("socket_group", self.socket_group != new.socket_group),
            ("state", self.state != new.state),
            ("silence_ms", self.silence != new.silence),
            ("beat_ms", self.beat != new.beat),
            ("health", self.health != new.health),
            ("log_form", self.log_json != new.log_json),
            ("insecure", self.insecure != new.insecure),
            ("allow_chaos", self.allow_chaos != new.allow_chaos),
            // Keys follow keys; a daemon without any is another daemon.
            ("key_file", self.keys.is_some() != new.keys.is_some()),
        ];
        fixed.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }

    /// These, as far as they take effect while it runs as it does.
    pub(crate) fn while_running(self, running: &Self) -> Self {
        Self {
            name: running.name.clone(),
            listen: running.listen,
            clues: running.clues.clone(),
            hall: running.hall,
            socket: running.socket.clone(),
            socket_mode: running.socket_mode,
            socket_group: running.socket_group,
            state: running.state.clone(),
            silence: running.silence,
            beat: running.beat,
            health: running.health,
            log_json: running.log_json,
            insecure: running.insecure,
            allow_chaos: running.allow_chaos,
            keys: self.keys.filter(|_| running.keys.is_some()).or_else(|| running.keys.clone()),
            ..self
        }
    }
}

/// How long others may be silent, and how often it says that it lives.
fn patience(settings: &mut Settings) -> Result<(Duration, Duration), String> {
    let silence_ms = at_least("silence_ms", *settings.silence_ms.get_or_insert(1_000), 2)?;
    let beat_ms = at_least("beat_ms", *settings.beat_ms.get_or_insert(100), 1)?;
    if beat_ms * 2 > silence_ms {
        let least = beat_ms * 2;
        return Err(format!("silence_ms: {silence_ms} must be at least twice beat_ms, {least}"));
    }
    Ok((Duration::from_millis(silence_ms), Duration::from_millis(beat_ms)))
}

/// What is logged, and whether as JSON.
fn log(settings: &mut Settings) -> Result<(LevelFilter, bool), String> {
    let level = settings.log.get_or_insert_with(|| "info".into());
    let level = level
        .parse()
        .map_err(|_| format!("log: `{level}` is none of error, warn, info, debug, trace, off"))?;
    let form = settings.log_form.get_or_insert_with(|| "text".into());
    match form.as_str() {
        "text" => Ok((level, false)),
        "json" => Ok((level, true)),
        _ => Err(format!("log_form: `{form}` is neither text nor json")),
    }
}

/// An IP multicast group that a socket of this family can hear; none if it is `off`.
fn multicast(
    key: &str,
    given: &mut Option<String>,
    listen: SocketAddr,
) -> Result<Option<SocketAddr>, String> {
    let text = given.get_or_insert_with(|| "off".into());
    if text == "off" {
        return Ok(None);
    }
    let group = address(key, text)?;
    if !group.ip().is_multicast() || group.is_ipv4() != listen.is_ipv4() {
        let family = if listen.is_ipv4() { "239.255.71.0:7101" } else { "[ff12::7101]:7101" };
        return Err(format!("{key}: `{group}` is no multicast group like {family}"));
    }
    Ok(Some(group))
}

/// What there is to find other daemons by.
fn clues(settings: &mut Settings, listen: SocketAddr, socket: &Path) -> Result<Clues, String> {
    let seeds = settings.seeds.get_or_insert_default().clone();
    if let Some(seed) = seeds.iter().find(|seed| !has_port(seed)) {
        return Err(format!("seeds: `{seed}` is not HOST:PORT"));
    }
    let services = settings.services.get_or_insert_default().clone();
    if let Some(name) = services.iter().find(|name| name.is_empty() || name.contains(':')) {
        return Err(format!("services: `{name}` is no name like _horusd._udp.example.org"));
    }
    let servers = settings.name_servers.iter().flatten();
    let name_servers =
        servers.map(|text| address("name_servers", text)).collect::<Result<Vec<_>, _>>()?;
    let beacon = multicast("beacon", &mut settings.beacon, listen)?;
    let word = settings.system.get_or_insert_with(|| "horus".into());
    let beside = *settings.beside.get_or_insert(true);
    let directory = socket.parent().map(|directory| directory.join("daemons"));
    Ok(Clues {
        // Processes that embed their kernel and daemons do not meet.
        system: format!("daemon/{word}"),
        seeds,
        services,
        name_servers,
        beside: directory.filter(|_| beside),
        beacon,
    })
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Where health is told unless said otherwise: on loopback, so far above the port for daemons.
fn health_beside(listen: SocketAddr) -> SocketAddr {
    let port = match listen.port() {
        0 => 0,
        port => port.checked_add(HEALTH_PORT_ABOVE).unwrap_or(0),
    };
    let loopback: IpAddr = match listen.ip() {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(loopback, port)
}

/// What the owner of a file, its group and others may.
fn permissions(mode: &str) -> Result<u32, String> {
    let read = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o777);
    read.ok_or_else(|| format!("socket_mode: `{mode}` is no octal like 0660"))
}

/// The number of a group of users.
fn users_called(group: &str) -> Result<u32, String> {
    group.parse().ok().or_else(|| gid_of(group)).ok_or_else(|| {
        format!(
            "socket_group: this system has no group of users `{group}`: make it (`groupadd \
             --system {group}`), or name one that there is"
        )
    })
}

fn at_least(key: &str, value: u64, least: u64) -> Result<u64, String> {
    if value < least { Err(format!("{key}: {value} is less than {least}")) } else { Ok(value) }
}

fn address(key: &str, text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{key}: `{text}` is no address with a port, like 127.0.0.1:7100"))
}

fn peer(text: &str) -> Result<(String, String), String> {
    let (name, host) =
        text.split_once('=').ok_or_else(|| format!("peers: `{text}` is not NAME=HOST:PORT"))?;
    if let Some(why) = wrong_name(name) {
        return Err(format!("peers: {why}"));
    }
    if !has_port(host) {
        return Err(format!("peers: `{host}` is not HOST:PORT"));
    }
    Ok((name.to_owned(), host.to_owned()))
}

fn read_keys(path: &Path) -> Result<KeyFile, String> {
    let wrong = |why: String| format!("key_file: {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    KeyFile::parse(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key, and what makes it wrong.
    type Wrong = (&'static str, fn(&mut Settings));

    #[test]
    fn what_cannot_be_is_named_with_its_key() {
        let of = |change: fn(&mut Settings)| {
            let mut settings = Settings { name: Some("a".into()), ..Settings::default() };
            change(&mut settings);
            Config::of(&settings)
        };
        assert!(of(|_| {}).is_ok());
        let wrong: [Wrong; 16] = [
            ("name", |it| it.name = Some("a b".into())),
            ("listen", |it| it.listen = Some("here".into())),
            ("listen", |it| it.listen = Some("0.0.0.0:1".into())),
            ("peers", |it| it.peers = Some(vec!["b".into()])),
            ("peers", |it| it.peers = Some(vec!["b=host".into()])),
            ("seeds", |it| it.seeds = Some(vec!["host".into()])),
            ("services", |it| it.services = Some(vec!["host:1".into()])),
            ("beacon", |it| it.beacon = Some("10.0.0.1:1".into())),
            ("hall", |it| it.hall = Some("10.0.0.1:1".into())),
            ("hall", |it| it.hall = Some("[ff12::7102]:7102".into())),
            ("first", |it| it.first = Some("b c".into())),
            ("expect", |it| (it.expect, it.beside) = (Some(1), Some(false))),
            ("socket_mode", |it| it.socket_mode = Some("rw".into())),
            ("socket_group", |it| it.socket_group = Some("no such group".into())),
            ("silence_ms", |it| it.silence_ms = Some(150)),
            ("log", |it| it.log = Some("loud".into())),
        ];
        for (key, change) in wrong {
            let why = of(change).expect_err(key);
            assert!(why.starts_with(key), "{key}: {why}");
        }
    }

    #[test]
    fn what_takes_a_restart_is_told() {
        let of = |settings: Settings| {
            Config::of(&Settings { name: Some("a".into()), ..settings }).expect("fine")
        };
        let before = of(Settings::default());
        let after = of(Settings { slow_ms: Some(5), beat_ms: Some(50), ..Settings::default() });
        assert_eq!(before.fixed_that_differ(&after), ["beat_ms"]);
        let (old, slow) = (before.beat, after.slow);
        let running = after.while_running(&before);
        assert_eq!((running.beat, running.slow), (old, slow));
        let chaos = of(Settings { allow_chaos: Some(true), ..Settings::default() });
        assert_eq!(before.fixed_that_differ(&chaos), ["allow_chaos"]);
        assert!(!chaos.while_running(&before).allow_chaos, "it was started without");
        let hall = of(Settings { hall: Some("239.255.71.0:7102".into()), ..Settings::default() });
        assert_eq!(before.fixed_that_differ(&hall), ["hall"]);
        assert_eq!(
            hall.while_running(&before).hall,
            None,
            "it hears no hall before it is restarted"
        );
    }

    #[test]
    fn a_key_that_is_taken_out_is_kept_until_the_next_start() {
        let of = |keys: Option<&KeyFile>| {
            let settings = Settings { name: Some("a".into()), ..Settings::default() };
            Config { keys: keys.cloned(), ..Config::of(&settings).expect("fine") }
        };
        let keys = KeyFile::generate(None);
        let (without, with) = (of(None), of(Some(&keys)));
        assert_eq!(with.fixed_that_differ(&without), ["key_file"]);
        assert!(without.clone().while_running(&with).keys.is_some());
        assert!(with.while_running(&without).keys.is_none());
    }
}

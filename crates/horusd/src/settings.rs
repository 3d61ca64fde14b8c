//! Settings: one list of keys, for the file, the flags and the environment alike.

use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use serde::{Deserialize, Serialize};

/// The system space of HORUS for the processes of one host.
///
/// Every setting is a key of the file, a flag, and an environment variable: `silence_ms`,
/// `--silence-ms`, `HORUSD_SILENCE_MS`. A flag goes over a variable, that over the file.
#[derive(Debug, Parser)]
#[command(name = "horusd", version)]
pub(crate) struct Line {
    /// The file with the settings
    #[arg(long, value_name = "FILE", env = "HORUSD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Print all settings as they would be used, as a file that can be used, and end
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Write man page, completions and a sample of the file below a directory like /usr/share, and
    /// end
    #[arg(long, value_name = "DIR")]
    pub(crate) write_pages: Option<PathBuf>,
    #[command(flatten)]
    given: Settings,
}

/// All settings, each as it was given, if it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// This daemon's node: letters, digits, `-`, `_` and `.` [default: the host's name]
    #[arg(long, env = "HORUSD_NAME")]
    pub(crate) name: Option<String>,
    /// Where it listens for other daemons [default: 127.0.0.1:7100]
    #[arg(long, value_name = "ADDRESS", env = "HORUSD_LISTEN")]
    pub(crate) listen: Option<String>,
    /// Other daemons, NAME=HOST:PORT; a host may be a name, looked up again and again
    #[arg(long, visible_alias = "peer", value_name = "NAME=ADDRESS", value_delimiter = ',')]
    #[arg(env = "HORUSD_PEERS")]
    pub(crate) peers: Option<Vec<String>>,
    /// Hosts where other daemons may listen, HOST:PORT, whatever they are called; all addresses of
    /// a host count
    #[arg(long, visible_alias = "seed", value_name = "ADDRESS", value_delimiter = ',')]
    #[arg(env = "HORUSD_SEEDS")]
    pub(crate) seeds: Option<Vec<String>>,
    /// Names whose SRV records list where other daemons listen, _horusd._udp.example.org
    #[arg(long, visible_alias = "service", value_name = "NAME", value_delimiter = ',')]
    #[arg(env = "HORUSD_SERVICES")]
    pub(crate) services: Option<Vec<String>>,
    /// Who is asked for those records [default: the system's name servers]
    #[arg(long, visible_alias = "name-server", value_name = "ADDRESS", value_delimiter = ',')]
    #[arg(env = "HORUSD_NAME_SERVERS")]
    pub(crate) name_servers: Option<Vec<String>>,
    /// An IP multicast group and a port where daemons of one network find each other,
    /// 239.255.71.0:7101, or `off` [default: off]
    #[arg(long, value_name = "GROUP", env = "HORUSD_BEACON")]
    pub(crate) beacon: Option<String>,
    /// An IP multicast group and a port that all daemons of the system share, 239.255.71.0:7102:
    /// what several are to hear goes there once, as far as the network carries it. `off`: to each
    /// alone [default: off]
    #[arg(long, value_name = "GROUP", env = "HORUSD_HALL")]
    pub(crate) hall: Option<String>,
    /// Whether daemons whose sockets lie in one directory find each other there [default: true]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", env = "HORUSD_BESIDE")]
    pub(crate) beside: Option<bool>,
    /// The word of the system: daemons find only those of the same word [default: horus]
    #[arg(long, value_name = "WORD", env = "HORUSD_SYSTEM")]
    pub(crate) system: Option<String>,
    /// Other daemons that it must have met before it lets the first client in and is ready, so that
    /// a start does not make two systems [default: 0]
    #[arg(long, value_name = "NUMBER", env = "HORUSD_EXPECT")]
    pub(crate) expect: Option<usize>,
    /// The one daemon that may begin without having met another; all others must have met it first
    #[arg(long, value_name = "NAME", env = "HORUSD_FIRST")]
    pub(crate) first: Option<String>,
    /// Where processes of this host reach it [default: the user's runtime directory]
    #[arg(long, value_name = "PATH", env = "HORUSD_SOCKET")]
    pub(crate) socket: Option<PathBuf>,
    /// The socket's permissions, in octal [default: 0600]
    #[arg(long, value_name = "MODE", env = "HORUSD_SOCKET_MODE")]
    pub(crate) socket_mode: Option<String>,
    /// The group of users that the socket belongs to, by name or number; give them a socket_mode
    /// of 0660 [default: the daemon's own]
    #[arg(long, value_name = "GROUP", env = "HORUSD_SOCKET_GROUP")]
    pub(crate) socket_group: Option<String>,
    /// Numbers of the users that may attach [default: whoever can open the socket]
    #[arg(long, value_name = "UID", value_delimiter = ',', env = "HORUSD_USERS")]
    pub(crate) users: Option<Vec<u32>>,
    /// The node's own key and the cluster's, as `horus keygen` makes them
    #[arg(long, value_name = "FILE", env = "HORUSD_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Listen on other addresses than loopback without a key
    #[arg(long, num_args = 0..=1, default_missing_value = "true", env = "HORUSD_INSECURE")]
    pub(crate) insecure: Option<bool>,
    /// Let its own user and root spoil its links with `horus chaos`: for tests
    #[arg(long, num_args = 0..=1, default_missing_value = "true", env = "HORUSD_ALLOW_CHAOS")]
    pub(crate) allow_chaos: Option<bool>,
    /// Where the last incarnation is kept [default: the user's state directory]
    #[arg(long, value_name = "DIR", env = "HORUSD_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// How long another daemon, or a client, may be silent [default: 1000]
    #[arg(long, value_name = "MS", env = "HORUSD_SILENCE_MS")]
    pub(crate) silence_ms: Option<u64>,
    /// How often quiet links say that they live [default: 100]
    #[arg(long, value_name = "MS", env = "HORUSD_BEAT_MS")]
    pub(crate) beat_ms: Option<u64>,
    /// How long a client may take less than it is told [default: 10000]
    #[arg(long, value_name = "MS", env = "HORUSD_SLOW_MS")]
    pub(crate) slow_ms: Option<u64>,
    /// Clients at once [default: 256]
    #[arg(long, value_name = "NUMBER", env = "HORUSD_CLIENTS_MAX")]
    pub(crate) clients_max: Option<usize>,
    /// Core groups that one client may be in [default: 10000]
    #[arg(long, value_name = "NUMBER", env = "HORUSD_GROUPS_MAX")]
    pub(crate) groups_max: Option<usize>,
    /// Where /livez, /readyz and /metrics are, or `off` [default: loopback, 80 above listen's port;
    /// if listen's is above 65455 at any free port, which `horus status` and the log tell]
    #[arg(long, value_name = "ADDRESS", env = "HORUSD_HEALTH")]
    pub(crate) health: Option<String>,
    /// What is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL", env = "HORUSD_LOG")]
    pub(crate) log: Option<String>,
    /// How: text or json [default: text]
    #[arg(long, value_name = "FORM", env = "HORUSD_LOG_FORM")]
    pub(crate) log_form: Option<String>,
}

impl Settings {
    /// These, and where they say nothing, those.
    fn over(self, below: Self) -> Self {
        Self {
            name: self.name.or(below.name),
            listen: self.listen.or(below.listen),
            peers: self.peers.or(below.peers),
            seeds: self.seeds.or(below.seeds),
            services: self.services.or(below.services),
            name_servers: self.name_servers.or(below.name_servers),
            beacon: self.beacon.or(below.beacon),
            hall: self.hall.or(below.hall),
            beside: self.beside.or(below.beside),
            system: self.system.or(below.system),
            expect: self.expect.or(below.expect),
            first: self.first.or(below.first),
            socket: self.socket.or(below.socket),
            socket_mode: self.socket_mode.or(below.socket_mode),
            socket_group: self.socket_group.or(below.socket_group),
            users: self.users.or(below.users),
            key_file: self.key_file.or(below.key_file),
            insecure: self.insecure.or(below.insecure),
            allow_chaos: self.allow_chaos.or(below.allow_chaos),
            state: self.state.or(below.state),
            silence_ms: self.silence_ms.or(below.silence_ms),
            beat_ms: self.beat_ms.or(below.beat_ms),
            slow_ms: self.slow_ms.or(below.slow_ms),
            clients_max: self.clients_max.or(below.clients_max),
            groups_max: self.groups_max.or(below.groups_max),
            health: self.health.or(below.health),
            log: self.log.or(below.log),
            log_form: self.log_form.or(below.log_form),
        }
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].split('\n').count());
            format!("{}: line {line}: {}", path.display(), error.message().replace('\n', ": "))
        })
    }

    /// As a file.
    pub(crate) fn in_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

impl Line {
    /// What was given, by flag, by variable, or in the file as it is now.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the file.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let file = self.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
        Ok(self.given.clone().over(file))
    }
}

/// What keys without a default look like, or those whose default is the host's.
const EXAMPLES: [(&str, &str); 11] = [
    ("name", "\"a\""),
    ("peers", "[\"b=10.0.0.2:7100\"]"),
    ("seeds", "[\"horusd.example.org:7100\"]"),
    ("services", "[\"_horusd._udp.example.org\"]"),
    ("name_servers", "[\"10.0.0.53:53\"]"),
    ("first", "\"a\""),
    ("socket", "\"/run/horus/horusd.sock\""),
    ("socket_group", "\"horus\""),
    ("users", "[1000]"),
    ("key_file", "\"/etc/horus/key\""),
    ("state", "\"/var/lib/horus\""),
];

/// The file with every key at its default, commented out, below what it is for.
pub(crate) fn sample(defaults: &Settings) -> String {
    let defaults = defaults.in_toml();
    let mut text = String::from("# Settings of horusd. What is commented out is the default.\n");
    for argument in Settings::augment_args(clap::Command::new("horusd")).get_arguments() {
        let key = argument.get_id().as_str();
        let of_key = |line: &&str| line.split_once(" = ").is_some_and(|(name, _)| name == key);
        let example = EXAMPLES.iter().find(|(name, _)| *name == key);
        let line = match (example, defaults.lines().find(of_key)) {
            (Some((key, value)), _) => format!("{key} = {value}"),
            (None, Some(line)) => line.to_owned(),
            (None, None) => continue,
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("\n# {}\n# {line}\n", help.replace('\n', "\n# ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_every_key_and_without_its_marks_it_can_be_used() {
        let defaults =
            Settings { beat_ms: Some(100), insecure: Some(false), ..Settings::default() };
        let sample = sample(&defaults);
        assert_eq!(toml::from_str(&sample), Ok(Settings::default()), "all of it is a comment");
        let lines = sample.lines().filter_map(|line| line.strip_prefix("# "));
        let bare: Vec<&str> = lines.filter(|line| line.contains(" = ")).collect();
        let read: Settings = toml::from_str(&bare.join("\n")).expect("settings");
        assert_eq!((read.beat_ms, read.insecure), (Some(100), Some(false)));
        assert_eq!(read.peers.map(|peers| peers.len()), Some(1));
    }

    #[test]
    fn flags_go_over_the_file_and_a_key_that_is_none_is_named() {
        let directory = std::env::temp_dir().join(format!("horusd-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("horusd.toml");
        std::fs::write(&path, "silence_ms = 700\nbeat_ms = 50\npeers = [\"b=h:1\"]\n")
            .expect("written");
        let words = ["horusd", "--config", path.to_str().expect("a path"), "--silence-ms", "900"];
        let settings = Line::parse_from(words).settings().expect("fine");
        assert_eq!((settings.silence_ms, settings.beat_ms), (Some(900), Some(50)));
        assert_eq!(settings.peers, Some(vec!["b=h:1".to_owned()]));
        let again: Settings = toml::from_str(&settings.in_toml()).expect("its own words");
        assert_eq!(again, settings);
        std::fs::write(&path, "speed = 9\n").expect("written");
        let why = Line::parse_from(words).settings().expect_err("no such key");
        assert!(why.contains("speed") && why.contains("horusd.toml"), "{why}");
        std::fs::remove_dir_all(directory).expect("removed");
    }
}

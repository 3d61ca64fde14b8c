//! Options: how a node is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use horus::{Clues, Config, Error, POLICIES, PROFILES};

use super::words;

/// Run one process that does what lines on standard input say and tells what happens on standard
/// output.
#[derive(Debug, Args)]
#[command(after_help = words::help())]
pub(crate) struct Options {
    /// The node's name; with its incarnation it is the process id, a#3
    #[arg(long)]
    name: String,
    /// Where to listen, 127.0.0.1:7001; behind a daemon nowhere
    #[arg(long, value_name = "ADDRESS", required_unless_present = "daemon")]
    listen: Option<String>,
    /// Where another node listens, b=127.0.0.1:7002; as often as there are others
    #[arg(long, value_name = "NAME=ADDRESS")]
    peer: Vec<String>,
    /// An IP multicast group that all nodes share, 239.255.0.1:7000: what several hear goes once
    #[arg(long, value_name = "GROUP")]
    hall: Option<String>,
    /// Where another node may listen, whatever it is called, host:7002; all addresses of the host
    #[arg(long, value_name = "HOST:PORT")]
    seed: Vec<String>,
    /// A name whose SRV records list where others listen, _horus._udp.example.org
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// Who is asked for those records [default: the system's name servers]
    #[arg(long, value_name = "ADDRESS")]
    name_server: Vec<String>,
    /// A directory where nodes of this host find each other
    #[arg(long, value_name = "DIR")]
    beside: Option<PathBuf>,
    /// An IP multicast group where nodes of this network find each other, 239.255.71.0:7102
    #[arg(long, value_name = "GROUP")]
    beacon: Option<String>,
    /// The word of the system: nodes find only those of the same word
    #[arg(long, value_name = "WORD", default_value = "horus")]
    system: String,
    /// Begin only when so many others were met
    #[arg(long, value_name = "NUMBER")]
    expect: Option<String>,
    /// The one node that may begin without having met another; all others must have met it
    #[arg(long, value_name = "NAME")]
    first: Option<String>,
    /// How long to wait for them, in seconds [default: 60]
    #[arg(long, value_name = "SECONDS")]
    patience: Option<String>,
    /// The node's own key and the cluster's, as `horus keygen` makes them
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) key_file: Option<PathBuf>,
    /// Listen on other addresses than loopback without a key; said on standard error at the start
    #[arg(long)]
    insecure: bool,
    /// Where the last incarnation is kept [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Allow the command chaos, which loses and damages what goes over its links
    #[arg(long)]
    allow_chaos: bool,
    /// Reach the kernel of the horusd at this socket instead of embedding one
    #[arg(long, value_name = "SOCKET")]
    pub(crate) daemon: Option<PathBuf>,
    /// A socket where this user may ask it how it is: `horus status --socket SOCKET`
    #[arg(long, value_name = "SOCKET")]
    operators: Option<PathBuf>,
    /// Write DIR/NAME#INCARNATION.jsonl
    #[arg(long, value_name = "DIR")]
    pub(crate) history: Option<PathBuf>,
    /// Commands and events as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// How patient to be
    #[arg(long, value_parser = PROFILES, default_value = PROFILES[0])]
    profile: String,
    /// Where light-weight groups are placed
    #[arg(long, value_parser = POLICIES, default_value = POLICIES[0])]
    policy: String,
    /// silence_ms, beat_ms, untaken_ms (0: never), policy, k, or causality (group or system): one
    /// setting over the profile's
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// What `--set` is for.
const SET: [&str; 6] = ["silence_ms", "beat_ms", "untaken_ms", "policy", "k", "causality"];

/// What is wrong, by the option that said it.
fn wrong(error: &Error) -> String {
    match error {
        Error::Setting { key, why } if !SET.contains(&&key[..]) => {
            format!("--{}: {why}", key.replace('_', "-"))
        }
        error => format!("--set {error}"),
    }
}

impl Options {
    /// Where it listens; behind a daemon that says nothing.
    fn listen(&self) -> Result<SocketAddr, String> {
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let listen = self.listen.as_deref().map_or(Ok(anywhere), horus::read_address);
        listen.map_err(|why| format!("--listen: {why}"))
    }

    /// What is written as one of the library's settings.
    fn settings(&self) -> impl Iterator<Item = String> {
        let many = [("peer", &self.peer), ("name_server", &self.name_server)];
        let many = many.into_iter().flat_map(|(key, all)| all.iter().map(move |one| (key, one)));
        let one = [
            ("hall", self.hall.as_ref()),
            ("beacon", self.beacon.as_ref()),
            ("expect", self.expect.as_ref()),
            ("first", self.first.as_ref()),
            ("patience", self.patience.as_ref()),
            ("profile", Some(&self.profile)),
            ("policy", Some(&self.policy)),
        ];
        let one = one.into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
        let options = many.chain(one).map(|(key, value)| format!("{key}={value}"));
        options.chain(self.set.iter().cloned())
    }

    /// What has an option of its own is not set by another.
    fn look_through_set(&self) -> Result<(), String> {
        let is_known = |set: &&String| SET.contains(&set.split('=').next().unwrap_or(set).trim());
        let is_whole = |set: &&String| is_known(set) && set.contains('=');
        match self.set.iter().find(|set| !is_whole(set)) {
            Some(set) => {
                let what = if is_known(&set) { "not KEY=VALUE; " } else { "" };
                Err(format!("--set {set}: {what}the keys are {}", SET.join(", ")))
            }
            None => Ok(()),
        }
    }

    /// What they mean to the library.
    ///
    /// # Errors
    /// A sentence naming the option that cannot be.
    pub(crate) fn config(&self) -> Result<Config, String> {
        if let Some(why) = horus::wrong_name(&self.name) {
            return Err(format!("--name: {why}"));
        }
        let keys = self.key_file.as_deref().map(horus::read_keys).transpose();
        let config = Config {
            keys: keys.map_err(|error| format!("--key-file: {error}"))?,
            daemon: self.daemon.clone(),
            operators: self.operators.clone(),
            state_dir: self.state.clone(),
            clues: Clues {
                system: self.system.clone(),
                seeds: self.seed.clone(),
                services: self.service.clone(),
                beside: self.beside.clone(),
                ..Clues::default()
            },
            insecure: self.insecure,
            chaos: self.allow_chaos,
            ..Config::new(self.name.clone(), self.listen()?)
        };
        self.look_through_set()?;
        let config = config.with_settings(self.settings()).map_err(|error| wrong(&error))?;
        if config.daemon.is_none() && !config.insecure && config.keys.is_none() {
            let named = config.peers.iter().map(|(_, address)| ("--peer", *address));
            let outside = |(_, address): &(&str, SocketAddr)| !address.ip().is_loopback();
            if let Some((option, address)) =
                [("--listen", config.listen)].into_iter().chain(named).find(outside)
            {
                return Err(format!(
                    "{option}: {address} is not on this host alone and there is no key: give \
                     --key-file (`horus keygen` makes one), stay on 127.0.0.1, or say --insecure \
                     if every host that can reach this one is trusted"
                ));
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use clap::Parser;
    use horus::{Causality, Placing, Timing};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn config(more: &[&str]) -> Result<Config, String> {
        let listen: &[_] =
            if more.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:7001"] };
        let line = ["node", "--name", "a"].iter().chain(listen).chain(more);
        let line = Line::try_parse_from(line).map_err(|e| e.to_string())?;
        line.options.config()
    }

    #[test]
    fn settings_go_over_options_and_mean_what_they_mean_to_the_library() {
        let more = ["--profile", "wan", "--set", "beat_ms=70", "--set", "k=0"];
        let peers = ["--peer", "a=127.0.0.1:7001", "--peer", "b=127.0.0.1:7002"];
        let config = config(&[&more[..], &peers[..]].concat()).expect("fine");
        assert_eq!(config.timing, Timing { beat: Duration::from_millis(70), ..Timing::WAN });
        assert_eq!(config.placing, Placing::Smallest { slack: Some(0) });
        assert_eq!(config.causality, Causality::Group);
        // All nodes may be told the same list.
        assert_eq!(config.peers, [("b".to_owned(), SocketAddr::from(([127, 0, 0, 1], 7002)))]);
        let policy = ["--policy", "adaptive", "--set", "policy=by-hand"];
        assert_eq!(self::config(&policy).expect("fine").placing, Placing::ByHand);
    }

    #[test]
    fn an_option_that_cannot_be_is_named() {
        for (more, named) in [
            (&["--set", "speed=9"][..], "--set speed=9: the keys are silence_ms, "),
            (&["--set", "daemon=/run/d"], "--set daemon=/run/d: the keys are silence_ms, "),
            (&["--set", "k"], "--set k: not KEY=VALUE; the keys are silence_ms, "),
            (&["--set", "beat_ms=900"], "--set silence_ms: must be"),
            (&["--set", "policy=cheapest"], "smallest, adaptive, one-to-one, by-hand"),
            (&["--policy", "one-to-one", "--set", "k=1"], "--set k: only smallest and adaptive"),
            (&["--daemon", "/run/d", "--set", "causality=system"], "--set causality: a daemon"),
            (&["--set", "k="], "--set k: it has no value"),
            (&["--set", "silence_ms=1"], "--set silence_ms: must be"),
            (&["--peer", "b:7002"], "--peer: `b:7002` is not NAME=ADDRESS"),
            (&["--peer", "a=127.0.0.1:7002"], "this node is `a` at 127.0.0.1:7001"),
            (&["--name-server", "here"], "--name-server: `here` is no address"),
            (&["--expect", "few"], "--expect: `few` is no number"),
            (&["--key-file", "x"], "--key-file: "),
            (&["--hall", "10.0.0.1:1"], "--hall: `10.0.0.1:1` is no multicast group"),
            (&["--listen", "10.0.0.1:7001"], "--insecure"),
            (&["--peer", "b=10.0.0.1:7001"], "--peer: 10.0.0.1:7001 is not on this host"),
        ] {
            let why = config(more).expect_err("refused");
            assert!(why.contains(named), "{more:?}: {why}");
        }
    }
}

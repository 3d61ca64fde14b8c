//! Options: how a node is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use horus::{Causality, Clues, Config, Placing, Start, Timing};

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
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    #[arg(required_unless_present = "daemon")]
    listen: Option<SocketAddr>,
    /// Where another node listens, b=127.0.0.1:7002; as often as there are others
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = peer)]
    peer: Vec<(String, SocketAddr)>,
    /// An IP multicast group that all nodes share, 239.255.0.1:7000: what several hear goes once
    #[arg(long, value_name = "GROUP")]
    hall: Option<SocketAddr>,
    /// Where another node may listen, whatever it is called, host:7002; all addresses of the host
    #[arg(long, value_name = "HOST:PORT")]
    seed: Vec<String>,
    /// A name whose SRV records list where others listen, _horus._udp.example.org
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// Who is asked for those records [default: the system's name servers]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    name_server: Vec<SocketAddr>,
    /// A directory where nodes of this host find each other
    #[arg(long, value_name = "DIR")]
    beside: Option<PathBuf>,
    /// An IP multicast group where nodes of this network find each other, 239.255.71.0:7102
    #[arg(long, value_name = "GROUP", value_parser = address)]
    beacon: Option<SocketAddr>,
    /// The word of the system: nodes find only those of the same word
    #[arg(long, value_name = "WORD", default_value = "horus")]
    system: String,
    /// Begin only when so many others were met
    #[arg(long, value_name = "NUMBER")]
    expect: Option<usize>,
    /// The one node that may begin without having met another; all others must have met it
    #[arg(long, value_name = "NAME")]
    first: Option<String>,
    /// How long to wait for them, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// The node's own key and the cluster's, as `horus keygen` makes them
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) key_file: Option<PathBuf>,
    /// Listen on other addresses than loopback without a key
    #[arg(long)]
    insecure: bool,
    /// Where the last incarnation is kept [default: the user's state directory]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Allow the command chaos, which drops packets
    #[arg(long)]
    pub(crate) allow_chaos: bool,
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
    #[arg(long, value_enum, default_value_t = Profile::Local)]
    profile: Profile,
    /// Where light-weight groups are placed
    #[arg(long, value_enum, default_value_t = Policy::Smallest)]
    policy: Policy,
    /// silence_ms, beat_ms, untaken_ms (0: never), policy, k, or causality (group or system): one
    /// setting over the profile's
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Profile {
    Local,
    Lan,
    Wan,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Policy {
    Smallest,
    Adaptive,
    OneToOne,
    ByHand,
}

fn peer(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text.split_once('=').ok_or("not NAME=ADDRESS")?;
    if let Some(why) = horus::wrong_name(name) {
        return Err(why);
    }
    let address = self::address(address)?;
    if address.port() == 0 {
        return Err(nobody_at(address));
    }
    Ok((name.to_owned(), address))
}

/// What is wrong with an address that has no port.
pub(crate) fn nobody_at(address: SocketAddr) -> String {
    format!("{address}: nobody can be reached at port 0")
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is no address with a port, like 127.0.0.1:7001"))
}

impl Options {
    /// Where it listens; behind a daemon that says nothing.
    fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Whether it was told where the last incarnation is kept.
    pub(crate) const fn names_state(&self) -> bool {
        self.state.is_some()
    }

    /// The other nodes. All may be told the same list, so that it may hold this one too.
    fn others(&self) -> Result<Vec<(String, SocketAddr)>, String> {
        let mut others: Vec<(String, SocketAddr)> = Vec::new();
        for (name, address) in &self.peer {
            let own = *name == self.name;
            let listen = self.listen();
            if self.daemon.is_none() && own != (*address == listen) {
                let this = format!("this node is `{}` at {listen}", self.name);
                return Err(format!("--peer {name}={address}: {this}"));
            }
            if let Some((_, other)) = others.iter().find(|(known, _)| known == name)
                && other != address
            {
                return Err(format!("--peer {name}: given twice, at {other} and at {address}"));
            }
            if !own {
                others.push((name.clone(), *address));
            }
        }
        Ok(others)
    }

    fn clues(&self) -> Clues {
        Clues {
            system: self.system.clone(),
            seeds: self.seed.clone(),
            services: self.service.clone(),
            name_servers: self.name_server.clone(),
            beside: self.beside.clone(),
            beacon: self.beacon,
        }
    }

    /// Whom it must have met; the one that may begin alone waits for nobody by name.
    fn start(&self) -> Option<Start> {
        let first = self.first.clone().filter(|first| *first != self.name);
        let (expect, patience) = (self.expect.unwrap_or(0), Duration::from_secs(self.patience));
        (expect > 0 || first.is_some()).then_some(Start { expect, first, patience })
    }

    /// What they mean to the library.
    ///
    /// # Errors
    /// A sentence naming the option that cannot be.
    pub(crate) fn config(&self) -> Result<Config, String> {
        if let Some(why) = horus::wrong_name(&self.name) {
            return Err(format!("--name: {why}"));
        }
        let listen = self.listen();
        let peers = self.others()?;
        if self.daemon.is_none() && !self.insecure && self.key_file.is_none() {
            let named = peers.iter().map(|(_, address)| ("--peer", *address));
            let outside = |(_, address): &(&str, SocketAddr)| !address.ip().is_loopback();
            if let Some((option, address)) =
                [("--listen", listen)].into_iter().chain(named).find(outside)
            {
                return Err(format!(
                    "{option}: {address} is not on this host alone and there is no key: give \
                     --key-file (`horus keygen` makes one), stay on 127.0.0.1, or say --insecure \
                     if every host that can reach this one is trusted"
                ));
            }
        }
        let keys = self.key_file.as_deref().map(horus::read_keys).transpose();
        let mut config = Config {
            keys: keys.map_err(|error| format!("--key-file: {error}"))?,
            peers,
            daemon: self.daemon.clone(),
            operators: self.operators.clone(),
            state_dir: self.state.clone(),
            hall: self.hall,
            clues: self.clues(),
            start: self.start(),
            insecure: self.insecure,
            chaos: self.allow_chaos,
            timing: match self.profile {
                Profile::Local => Timing::LOCAL,
                Profile::Lan => Timing::LAN,
                Profile::Wan => Timing::WAN,
            },
            placing: placing(self.policy),
            ..Config::new(self.name.clone(), listen)
        };
        for setting in &self.set {
            apply(&mut config, setting)?;
        }
        if config.timing.beat * 2 > config.timing.silence {
            return Err("silence_ms must be at least twice beat_ms".into());
        }
        Ok(config)
    }
}

const fn placing(policy: Policy) -> Placing {
    match policy {
        Policy::Smallest => Placing::Smallest { slack: None },
        Policy::Adaptive => Placing::Adaptive { slack: None },
        Policy::OneToOne => Placing::OneToOne,
        Policy::ByHand => Placing::ByHand,
    }
}

fn policies() -> Vec<String> {
    let all = Policy::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    all.map(|value| value.get_name().to_owned()).collect()
}

fn causality(config: &Config, setting: &str, value: &str) -> Result<Causality, String> {
    match value {
        "group" => Ok(Causality::Group),
        "system" if config.daemon.is_some() => {
            Err(format!("--set {setting}: a daemon keeps causal order within each core group"))
        }
        "system" => Ok(Causality::System),
        _ => Err(format!("--set {setting}: group or system")),
    }
}

fn apply(config: &mut Config, setting: &str) -> Result<(), String> {
    let known = "silence_ms, beat_ms, untaken_ms, policy, k, causality";
    let (key, value) = setting
        .split_once('=')
        .ok_or_else(|| format!("--set {setting}: not KEY=VALUE; the keys are {known}"))?;
    let number = |least: u32| {
        let number = value.parse::<u32>().ok().filter(|number| *number >= least);
        number.ok_or_else(|| format!("--set {setting}: a number from {least} on"))
    };
    match key {
        "silence_ms" => config.timing.silence = Duration::from_millis(number(1)?.into()),
        "beat_ms" => config.timing.beat = Duration::from_millis(number(1)?.into()),
        "untaken_ms" => {
            let patience = Duration::from_millis(number(0)?.into());
            config.timing.untaken = Some(patience).filter(|patience| !patience.is_zero());
        }
        "k" => match &mut config.placing {
            Placing::Smallest { slack } | Placing::Adaptive { slack } => {
                *slack = Some(number(0)?);
            }
            Placing::OneToOne | Placing::ByHand => {
                return Err(format!("--set {setting}: only smallest and adaptive have a k"));
            }
        },
        "causality" => config.causality = causality(config, setting, value)?,
        "policy" => {
            config.placing = placing(
                Policy::from_str(value, false)
                    .map_err(|_| format!("--set {setting}: {}", policies().join(", ")))?,
            );
        }
        _ => return Err(format!("--set {setting}: the keys are {known}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

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
    fn settings_go_over_the_profile() {
        let config = config(&["--profile", "wan", "--set", "beat_ms=70", "--set", "k=0"]);
        let config = config.expect("fine");
        assert_eq!(config.timing, Timing { beat: Duration::from_millis(70), ..Timing::WAN });
        assert_eq!(config.placing, Placing::Smallest { slack: Some(0) });
        assert_eq!(config.causality, Causality::Group);
    }

    #[test]
    fn every_policy_that_is_shipped_can_be_chosen_and_causality_too() {
        let chosen = |more: &[&str]| config(more).expect("fine");
        let adaptive = chosen(&["--policy", "adaptive", "--set", "k=2"]).placing;
        assert_eq!(adaptive, Placing::Adaptive { slack: Some(2) });
        assert_eq!(chosen(&["--set", "policy=by-hand"]).placing, Placing::ByHand);
        assert_eq!(chosen(&["--set", "causality=system"]).causality, Causality::System);
    }

    #[test]
    fn all_nodes_may_be_told_the_same_list_of_peers() {
        let peers = ["--peer", "a=127.0.0.1:7001", "--peer", "b=127.0.0.1:7002"];
        let config = config(&peers).expect("fine");
        assert_eq!(config.peers, [("b".to_owned(), SocketAddr::from(([127, 0, 0, 1], 7002)))]);
    }

    #[test]
    fn an_option_that_cannot_be_is_named() {
        for (more, named) in [
            (&["--set", "speed=9"][..], "speed"),
            (&["--set", "k"], "KEY=VALUE"),
            (&["--set", "policy=cheapest"], "smallest, adaptive, one-to-one, by-hand"),
            (&["--policy", "one-to-one", "--set", "k=1"], "only smallest and adaptive"),
            (&["--set", "causality=all"], "group or system"),
            (&["--daemon", "/run/d", "--set", "causality=system"], "a daemon keeps"),
            (&["--set", "silence_ms=1"], "beat_ms"),
            (&["--peer", "b:7002"], "NAME=ADDRESS"),
            (&["--peer", "b=localhost:7002"], "like 127.0.0.1:7001"),
            (&["--peer", "b=127.0.0.1:0"], "port 0"),
            (&["--peer", "a=127.0.0.1:7002"], "this node is `a` at 127.0.0.1:7001"),
            (&["--peer", "b=127.0.0.1:7001"], "this node is `a` at 127.0.0.1:7001"),
            (&["--peer", "b=127.0.0.1:7002", "--peer", "b=127.0.0.1:7003"], "twice"),
            (&["--key-file", "x"], "--key-file"),
            (&["--listen", "10.0.0.1:7001"], "--insecure"),
            (&["--peer", "b=10.0.0.1:7001"], "--peer: 10.0.0.1:7001 is not on this host"),
        ] {
            assert!(config(more).expect_err("refused").contains(named), "{more:?}");
        }
    }
}

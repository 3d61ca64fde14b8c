//! Crew: processes of the benchmark's own, each this program again in a role, driven by lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::words::Words;

/// The variable that makes this program a member of a crew.
const ROLE: &str = "HORUS_BENCH_ROLE";

/// The role of this process; none if it is the benchmark itself.
pub(crate) fn role() -> Option<Words> {
    std::env::var(ROLE).ok().map(|line| Words::read(&line))
}

/// Binds this process to the core of its rank, or lets it go again; with `hosts` to that of its
/// host, of which the first rank has one and all others the next. Where the system has put two
/// processes decides more of a latency than what is measured, and stays so for a whole series.
pub(crate) fn bind(rank: usize, words: &Words) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let hosts = words.all("hosts").next().is_some();
    let place = if hosts { rank.min(1) } else { rank } % cores;
    let mut allowed = CpuSet::new();
    let all = if words.get::<bool>("own") { place..place + 1 } else { 0..cores };
    for core in all {
        let _ = allowed.set(core);
    }
    // Where that is not allowed the system goes on choosing.
    let _ = sched_setaffinity(Pid::from_raw(0), &allowed);
}

/// One process. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Member {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// This program, as it is started.
pub(crate) fn this() -> Command {
    Command::new(std::env::current_exe().expect("this program"))
}

impl Member {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take().expect("asked for");
        let output = BufReader::new(child.stdout.take().expect("asked for"));
        Self { child, input, output }
    }

    /// Says a line.
    pub(crate) fn say(&mut self, words: &Words) {
        writeln!(self.input, "{words}").expect("the process lives");
    }

    /// Waits for the next line, which has to begin with this.
    pub(crate) fn hear(&mut self, verb: &str) -> Words {
        let mut line = String::new();
        let bytes = self.output.read_line(&mut line).expect("the process lives");
        assert!(bytes > 0, "a process ended before it said `{verb}`");
        let words = Words::read(&line);
        assert_eq!(words.verb, verb, "not what was waited for: {line}");
        words
    }

    /// Says a line and waits for the answer, which begins with the same verb.
    pub(crate) fn ask(&mut self, words: &Words) -> Words {
        self.say(words);
        self.hear(&words.verb)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processes that know where the others listen.
#[derive(Debug)]
pub(crate) struct Crew(pub(crate) Vec<Member>);

impl Crew {
    /// So many in this role; each says where it listens, and is then told where all do.
    pub(crate) fn start(role: &Words, members: usize) -> Self {
        Self::start_as((0..members).map(|_| (this(), role.clone())))
    }

    /// Each started by a command that runs this program, in a role of its own.
    pub(crate) fn start_as(members: impl Iterator<Item = (Command, Words)>) -> Self {
        Self::of(members.enumerate().map(|(rank, (mut command, role))| {
            command.env(ROLE, role.with("rank", rank).to_string());
            command
        }))
    }

    /// The same of any programs that take these lines.
    pub(crate) fn of(commands: impl Iterator<Item = Command>) -> Self {
        let mut crew: Vec<_> = commands.map(Member::start).collect();
        let mut meet = Words::new("meet");
        for member in &mut crew {
            meet = meet.with("at", member.hear("listens").get::<String>("at"));
        }
        crew.iter_mut().for_each(|member| member.say(&meet));
        for member in &mut crew {
            member.hear("met");
        }
        Self(crew)
    }

    /// Kills the last one; when that was.
    pub(crate) fn kill_last(&mut self) -> u64 {
        let at = super::clock::now_ns();
        drop(self.0.pop());
        at
    }

    /// Says a line to all and waits until each has answered it.
    pub(crate) fn ask(&mut self, words: &Words) -> Vec<Words> {
        self.0.iter_mut().for_each(|member| member.say(words));
        self.0.iter_mut().map(|member| member.hear(&words.verb)).collect()
    }
}

/// What is said to this process, read by a thread of its own: each line with a `ring` behind it.
/// The process ends where the lines end.
pub(crate) fn lines(ring: impl Fn() + Send + 'static) -> Receiver<Words> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { break };
            if sender.send(Words::read(&line)).is_err() {
                break;
            }
            ring();
        }
        std::process::exit(0);
    });
    lines
}

/// Says a line to the benchmark.
pub(crate) fn tell(words: &Words) {
    println!("{words}");
}

//! Runs every script in `tests/scripts`: asks in, views and deliveries out, a member per line.
//!
//! Above `---` one ask or fault a line, `NAME VERB ...`: `found NAMES`, `join`, `leave`,
//! `fifo|causal|total TEXT`, `crash`; without a name `lose a -> b` (casts), `cut a -> b`, `heal`,
//! and `wait MS`. Everything settles between two lines, unless the next begins with `&`.
//! Below `---` what each member is told, in order: `view [a b]`, `TEXT from a`, `out`; or `a = b`:
//! both are told the same, whatever it is; or `a has TEXT TEXT`: among other things these, once.

use std::time::Duration;

use crate::common::{World, message, proc};
use vsync::{Down, GroupId, Order, Up};

fn name(endpoint: vsync::Endpoint) -> char {
    char::from_u32(u32::try_from(endpoint.proc.node.0).expect("a letter")).expect("a letter")
}

fn told(ups: &[Up]) -> String {
    let mut words = Vec::new();
    for up in ups {
        match up {
            Up::View(view) => {
                let members: String =
                    view.members.iter().map(|m| name(*m).to_string()).collect::<Vec<_>>().join(" ");
                words.push(format!("view [{members}]"));
            }
            Up::Cast { from, message, .. } => {
                let text = String::from_utf8_lossy(message.body()).into_owned();
                words.push(format!("{text} from {}", name(*from)));
            }
            Up::Out { .. } => words.push("out".into()),
            _ => {}
        }
    }
    words.join("  ")
}

fn ask(world: &mut World, line: &str) {
    let group = GroupId::of_word("g");
    let words: Vec<&str> = line.split_whitespace().collect();
    let letter = |word: &str| proc(word.chars().next().expect("a name"));
    match words[..] {
        ["lose", a, "->", b] => return world.lose_casts(letter(a), letter(b)),
        ["cut", a, "->", b] => return world.cut(letter(a), letter(b)),
        ["heal"] => return world.heal(),
        ["wait", ms] => return world.run(Duration::from_millis(ms.parse().expect("a number"))),
        _ => {}
    }
    let me = letter(words[0]);
    let cast =
        |order: Order, text: &str| Down::Cast { group, how: order.into(), message: message(text) };
    let ask = match words[1..] {
        ["crash"] => return world.crash(me),
        ["found", ..] => {
            Down::Found { group, members: words[2..].iter().map(|w| letter(w)).collect() }
        }
        ["join"] => Down::Join { group, contact: None },
        ["leave"] => Down::Leave { group },
        ["fifo", text] => cast(Order::Fifo, text),
        ["causal", text] => cast(Order::Causal, text),
        ["total", text] => cast(Order::Total, text),
        _ => panic!("not a line of a script: {line}"),
    };
    world.ask(me, ask).expect("room");
}

fn run(script: &str, seed: u64) {
    let lines = || script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let asks: Vec<&str> = lines().take_while(|l| *l != "---").collect();
    let expected: Vec<&str> = lines().skip_while(|l| *l != "---").skip(1).collect();
    assert!(!expected.is_empty(), "a script that expects nothing proves nothing");
    let mut world = World::new("abcde", seed);
    for (at, line) in asks.iter().enumerate() {
        match line.strip_prefix('&') {
            Some(rest) => ask(&mut world, rest.trim()),
            None => {
                if at > 0 {
                    world.run(Duration::from_millis(6_000));
                }
                ask(&mut world, line);
            }
        }
    }
    world.run(Duration::from_millis(6_000));
    for line in expected {
        let (who, what) = line.split_once(' ').expect("a name and what it is told");
        let heard = |who: &str| told(&world.told[&proc(who.chars().next().expect("a name"))]);
        if let Some(other) = what.strip_prefix("= ") {
            assert_eq!(heard(who), heard(other), "{who} and {other}, seed {seed}");
        } else if let Some(texts) = what.strip_prefix("has ") {
            for text in texts.split_whitespace() {
                let count = heard(who).matches(&format!("{text} from")).count();
                assert_eq!(count, 1, "{text} at {who}, seed {seed}");
            }
        } else {
            assert_eq!(heard(who), what.trim(), "what {who} was told, seed {seed}");
        }
    }
}

#[test]
fn every_script_ends_as_it_says() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).expect("the scripts") {
        let path = entry.expect("a script").path();
        let script = std::fs::read_to_string(&path).expect("text");
        println!("{}", path.display());
        for seed in 0..20 {
            run(&script, seed);
        }
        count += 1;
    }
    assert!(count >= 8, "only {count} scripts were run");
}

//! A state kept equal at two processes in one: what either proposes is applied at both.

use horus::tools::{Answer, Corrupt, Replica, State};
use horus::{Config, Error, Horus, Hosted, Wire as _};

/// A sum; a command is what is added, its answer what it comes to.
struct Sum(u64);

impl State for Sum {
    type Command = u64;
    type Answer = u64;

    fn apply(&mut self, more: u64) -> u64 {
        self.0 = self.0.saturating_add(more);
        self.0
    }
    fn save(&self, into: &mut Vec<u8>) {
        self.0.write(into);
    }
    fn load(mut from: &[u8]) -> Result<Self, Corrupt> {
        Ok(Self(u64::read(&mut from)?))
    }
}

/// Hears what the replica tells until the sum is that.
fn until(sum: &Hosted<Replica<Sum>>, wanted: u64) -> Result<(), Error> {
    loop {
        match sum.hear().wait()? {
            Answer::Applied { answer, .. } if answer == wanted => return Ok(()),
            Answer::Ready { .. } if sum.state(|sum| sum.0) == Some(wanted) => return Ok(()),
            _ => {}
        }
    }
}

fn main() -> Result<(), Error> {
    let anywhere = "127.0.0.1:0".parse().expect("an address");
    let a = Horus::embedded(Config::new("a", anywhere))?;
    let b = Horus::embedded(Config::new("b", anywhere).peer("a", a.address()?))?;
    a.meet("b", b.address()?)?;

    let at_a = a.create(&[a.me()]).wait()?.replica(Sum(0));
    at_a.propose(&40)?;
    until(&at_a, 40)?;

    // Who comes later receives the state from somebody who hears meanwhile.
    at_a.add(&[a.member("b").wait()?]).wait()?;
    std::thread::scope(|scope| {
        scope.spawn(|| until(&at_a, 42));
        let at_b = b.invited().wait()?.replica(Sum(0));
        until(&at_b, 40)?;
        at_b.propose(&2)?;
        until(&at_b, 42)
    })?;
    println!("both have {:?}", at_a.state(|sum| sum.0));
    Ok(())
}

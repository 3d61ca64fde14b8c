//! Two processes in one: a group of both, a question, two answers.

use horus::{Config, Error, Horus, Order};

fn main() -> Result<(), Error> {
    let anywhere = "127.0.0.1:0".parse().expect("an address");
    let a = Horus::embedded(Config::new("a", anywhere))?;
    let b = Horus::embedded(Config::new("b", anywhere).peer("a", a.address()?))?;
    a.meet("b", b.address()?)?;

    let at_a = a.create(&[a.me(), a.member("b").wait()?]).wait()?; // one of a million
    let question = at_a.ask(Order::Total, "who is there?")?;

    let at_b = b.invited().wait()?;
    for (horus, group) in [(&a, &at_a), (&b, &at_b)] {
        group.receive().wait()?.reply(horus.show(horus.me()));
    }
    for (_, reply) in &question {
        println!("{}", String::from_utf8_lossy(&reply));
    }
    Ok(())
}

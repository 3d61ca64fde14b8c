//! A directory of names at one process, asked by another that is in no group at all.

use std::error::Error;

use horus::names::{Command, Contact, Name, Resolved};
use horus::{Config, Horus};

fn main() -> Result<(), Box<dyn Error>> {
    let anywhere = "127.0.0.1:0".parse()?;
    let a = Horus::embedded(Config::new("a", anywhere))?;
    let b = Horus::embedded(Config::new("b", anywhere).peer("a", a.address()?))?;
    a.meet("b", b.address()?)?;

    let boiler = a.create(&[a.me()]).wait()?;
    let directory = a.create(&[a.me()]).wait()?.directory();
    let name: Name = "plant/boiler-2".parse()?;
    let contact = Contact { lwg: boiler.id(), members: vec![a.me()] };
    let bind = Command::Bind { name: name.clone(), contact, owner: a.me(), expected: None };
    let resolver = b.resolver(directory.id(), &[b.member("a").wait()?]);

    std::thread::scope(|scope| {
        // It answers as long as it is heard, which ends when it leaves.
        scope.spawn(|| while directory.hear().wait().is_ok() {});
        directory.change(&bind)?;
        let found = loop {
            let asked = resolver.ask(|tool, now, asks| tool.resolve(now, name.clone(), asks));
            asked.map_err(|_| "too many questions are open")?;
            match resolver.hear().wait()? {
                Resolved::Found { binding, .. } => break binding,
                // It may have been asked before it knew.
                Resolved::Unknown { .. } => {}
                other => return Err(format!("{other:?}").into()),
            }
        };
        println!("{name} is at {}", b.show(found.contact.members[0]));
        directory.remove(&[a.me()]).wait()?;
        Ok(())
    })
}

//! Generate: traces such as the paper's three applications make (paper, section 2).

use std::fmt::Write as _;

use clap::ValueEnum;
use muts::Random;

/// An application of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Application {
    /// A file is a group: thousands of files on five servers, replicas that migrate, a server that
    /// dies
    Deceit,
    /// A transaction is a group: bursts over the same servers, each gone at once
    Transactions,
    /// An aggregate is a group: machines that satisfy a condition, which changes
    Meta,
}

/// A trace of that application, with about so many groups.
pub(crate) fn trace(application: Application, seed: u64, groups: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = String::new();
    let write = match application {
        Application::Deceit => deceit,
        Application::Transactions => transactions,
        Application::Meta => meta,
    };
    write(&mut text, &mut random, groups).expect("writing to a string cannot fail");
    text
}

/// So many different ones of `of`, by number.
fn some(random: &mut Random, count: u64, of: u64) -> Vec<u64> {
    let mut all: Vec<u64> = (0..of).collect();
    while all.len() as u64 > count {
        all.remove(random.below(all.len() as u64) as usize);
    }
    all
}

fn names(letter: char, numbers: &[u64]) -> String {
    let names: Vec<String> = numbers.iter().map(|number| format!("{letter}{number}")).collect();
    names.join(" ")
}

fn deceit(text: &mut String, random: &mut Random, groups: u64) -> std::fmt::Result {
    writeln!(text, "# Deceit: files replicated on some of five servers")?;
    for file in 0..groups {
        let count = *pick(random, &[2, 3, 3, 3, 5]);
        let servers = some(random, count, 5);
        writeln!(text, "create f{file} {}", names('s', &servers))?;
    }
    for second in 1..=600 {
        writeln!(text, "at {second}")?;
        for _ in 0..groups / 100 {
            let file = random.below(groups);
            match random.below(20) {
                0 => writeln!(text, "add f{file} s{}", random.below(5))?,
                1 => writeln!(text, "remove f{file} s{}", random.below(5))?,
                _ => writeln!(text, "send f{file} {} 1024", 1 + random.below(8))?,
            }
        }
        if second == 300 {
            writeln!(text, "fail s4")?;
        }
    }
    Ok(())
}

fn transactions(text: &mut String, random: &mut Random, groups: u64) -> std::fmt::Result {
    writeln!(text, "# Transactions: each client asks the same servers again and again")?;
    let clients = 8;
    let mut usual: Vec<Vec<u64>> = Vec::new();
    for _ in 0..clients {
        let count = 2 + random.below(3);
        usual.push(some(random, count, 8));
    }
    let mut at = 0.0;
    for transaction in 0..groups {
        at += if random.below(50) == 0 { 20.0 } else { 0.05 };
        let client = random.below(clients);
        let servers = names('s', &usual[client as usize]);
        writeln!(text, "at {at:.2}")?;
        writeln!(text, "create t{transaction} c{client} {servers}")?;
        writeln!(text, "send t{transaction} {} 300", 2 + random.below(4))?;
        writeln!(text, "destroy t{transaction}")?;
        if transaction == groups / 2 {
            writeln!(text, "fail s7")?;
        }
    }
    Ok(())
}

fn meta(text: &mut String, random: &mut Random, groups: u64) -> std::fmt::Result {
    writeln!(text, "# META: aggregates of machines, kept by few replicas, joined and left")?;
    let machines = 40;
    for aggregate in 0..groups {
        // The replicas of a site, and the machines that satisfy the condition now.
        let site = random.below(4);
        let replicas: Vec<u64> = (0..3).map(|replica| site * 10 + replica).collect();
        let machine = site * 10 + random.below(10);
        writeln!(text, "create a{aggregate} {} m{machine}", names('m', &replicas))?;
    }
    for second in 1..=300 {
        writeln!(text, "at {second}")?;
        for _ in 0..groups / 40 {
            let aggregate = random.below(groups);
            let machine = random.below(machines);
            match random.below(6) {
                0 => writeln!(text, "add a{aggregate} m{machine}")?,
                1 => writeln!(text, "remove a{aggregate} m{machine}")?,
                _ => writeln!(text, "send a{aggregate} 1 120")?,
            }
        }
        if second == 150 {
            writeln!(text, "fail m1")?;
        }
    }
    Ok(())
}

fn pick<'a, T>(random: &mut Random, of: &'a [T]) -> &'a T {
    &of[random.below(of.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::trace::read;

    #[test]
    fn what_is_generated_can_be_read_and_comes_again() {
        for application in [Application::Deceit, Application::Transactions, Application::Meta] {
            let text = trace(application, 7, 400);
            assert!(read(&text).expect("a trace").len() > 1_000);
            assert_eq!(text, trace(application, 7, 400));
            assert_ne!(text, trace(application, 8, 400));
        }
    }
}

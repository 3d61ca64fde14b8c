//! Words: lines like `go payload=400 senders=1`, between a benchmark and its processes.

use std::fmt::Display;
use std::str::FromStr;

/// A verb and its fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// What comes first.
    pub(crate) verb: String,
    fields: Vec<(String, String)>,
}

impl Words {
    /// A verb alone.
    pub(crate) fn new(verb: &str) -> Self {
        Self { verb: verb.to_owned(), fields: Vec::new() }
    }

    /// And this field.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// Reads a line; words without `=` behind the verb are passed over.
    pub(crate) fn read(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut read = Self::new(words.next().unwrap_or_default());
        for (name, value) in words.filter_map(|word| word.split_once('=')) {
            read.fields.push((name.to_owned(), value.to_owned()));
        }
        read
    }

    /// A field that has to be there.
    pub(crate) fn get<T: FromStr>(&self, name: &str) -> T {
        let value = self.all(name).next();
        let value = value.and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("`{self}` has no field `{name}` that can be read"))
    }

    /// All fields of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.verb)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

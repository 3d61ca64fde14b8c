//! The file that keys lie in: one a line, in hexadecimal, behind a word.
//!
//! ```text
//! # what begins so is for people
//! cluster  HEX     the cluster's secret; more of them are answered too: to change it, first every
//!                  node takes the new one behind the old, then before it, then alone
//! private  HEX     this node's own key
//! trust    HEX     a node's public key; if there is any, no others are friends
//! ```

use std::fmt;
use std::string::String;
use std::vec::Vec;

use super::{Public, Secret, fingerprint};

/// What a node knows of keys.
#[derive(Debug, Clone)]
pub struct KeyFile {
    pub(super) clusters: Vec<Secret>,
    pub(super) own: Secret,
    pub(super) trusted: Option<Vec<Public>>,
}

/// Why there are no keys in a file.
#[derive(Debug)]
pub struct WrongKeys(String);

impl fmt::Display for WrongKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongKeys {}

impl KeyFile {
    /// New keys: of a new cluster, or for another node of the one that `like` belongs to.
    ///
    /// # Panics
    /// If the system gives no random numbers: then there are no secrets.
    #[must_use]
    pub fn generate(like: Option<&Self>) -> Self {
        let clusters =
            like.map_or_else(|| [Secret(random())].to_vec(), |like| like.clusters.clone());
        Self { clusters, own: Secret(random()), trusted: None }
    }

    /// Reads what a file holds.
    ///
    /// # Errors
    /// [`WrongKeys`] names the line, and what should stand there.
    pub fn parse(text: &str) -> Result<Self, WrongKeys> {
        let (mut clusters, mut own, mut trusted) = (Vec::new(), None, Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |what: &str| WrongKeys(std::format!("line {number}: {what}"));
            let line = line.split('#').next().unwrap_or("").trim();
            let Some((word, key)) = line.split_once(char::is_whitespace) else {
                if line.is_empty() {
                    continue;
                }
                return Err(wrong("a word and a key belong here: `cluster`, `private` or `trust`"));
            };
            let key = unhex(key.trim()).ok_or_else(|| wrong("a key is 64 hexadecimal digits"))?;
            match word {
                "cluster" => clusters.push(Secret(key)),
                "private" if own.is_some() => return Err(wrong("a second private key")),
                "private" => own = Some(Secret(key)),
                "trust" => trusted.push(Public(key)),
                _ => return Err(wrong("keys are called `cluster`, `private` or `trust`")),
            }
        }
        if clusters.is_empty() {
            return Err(WrongKeys("the cluster's secret is missing: a line `cluster KEY`".into()));
        }
        let own = own.ok_or_else(|| WrongKeys("a line `private KEY` is missing".into()))?;
        let trusted = (!trusted.is_empty()).then_some(trusted);
        Ok(Self { clusters, own, trusted })
    }

    /// This node's public key: what others list to trust it.
    ///
    /// # Panics
    /// Never: every 32 bytes are a private key.
    #[must_use]
    pub fn public(&self) -> Public {
        let own = aws_lc_rs::agreement::PrivateKey::from_private_key(
            &aws_lc_rs::agreement::X25519,
            &self.own.0,
        );
        let public = own.ok().and_then(|own| own.compute_public_key().ok());
        let public = public.expect("a private key");
        Public(public.as_ref().try_into().expect("32 bytes"))
    }

    /// A short name of the cluster's secret, to be compared by eye.
    #[must_use]
    pub fn cluster(&self) -> String {
        fingerprint(&self.clusters[0].0)
    }
}

impl fmt::Display for KeyFile {
    /// As a file holds it: for nobody's eyes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cluster in &self.clusters {
            writeln!(f, "cluster {}", hex(&cluster.0))?;
        }
        writeln!(f, "private {}", hex(&self.own.0))?;
        writeln!(f, "# public {:?}", self.public())?;
        for key in self.trusted.iter().flatten() {
            writeln!(f, "trust {key:?}")?;
        }
        Ok(())
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("random numbers");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.contains('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn keys_come_back_as_they_were_written() {
        let keys = KeyFile::generate(None);
        let mut text = keys.to_string();
        text.push_str(&std::format!("trust {:?} # that one\n", keys.public()));
        let read = KeyFile::parse(&text).expect("what was written");
        assert_eq!((&read.clusters, &read.own), (&keys.clusters, &keys.own));
        assert_eq!(read.trusted, Some([keys.public()].to_vec()));
        assert_eq!(KeyFile::generate(Some(&keys)).cluster(), keys.cluster());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let told = |text: &str| KeyFile::parse(text).expect_err("wrong").to_string();
        assert!(told("").contains("cluster"));
        assert!(told("cluster abc").contains("line 1: a key is 64"));
        assert!(told("# x\nclutter 00").contains("line 2"));
        let key = "ab".repeat(32);
        assert!(told(&std::format!("cluster {key}")).contains("private"));
        assert!(told(&std::format!("sluster {key}")).contains("are called"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let keys = KeyFile::generate(None);
        let shown = std::format!("{keys:?}");
        assert!(!shown.contains(&hex(&keys.own.0)[..8]), "{shown}");
    }
}

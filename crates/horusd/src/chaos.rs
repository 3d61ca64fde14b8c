//! Chaos: what an operator wants to be wrong with this daemon's links, where that is allowed.
//!
//! The fields are those of the command `chaos` of `horus node`: `drop`, `drop_in` and `drop_out`
//! name other daemons, or say addresses; `loss`, `twice` and `corrupt` are parts of a hundred.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use muts::{Address, Trouble};
use serde::Deserialize;
use serde_json::{Value, json};

/// See the head of this file. What is not said is as it should be.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wish {
    #[serde(rename = "ask")]
    _ask: String,
    drop: Vec<String>,
    drop_in: Vec<String>,
    drop_out: Vec<String>,
    loss: u8,
    twice: u8,
    corrupt: u8,
    delay_ms: u64,
}

/// What is to be wrong from now on, and how that is told.
///
/// # Errors
/// A sentence naming what cannot be.
pub(crate) fn wanted(
    query: Value,
    allowed: bool,
    peers: &BTreeMap<String, SocketAddr>,
) -> Result<(Trouble, Value), String> {
    if !allowed {
        return Err("this daemon's links are not to be spoiled: it takes the setting \
                    `allow_chaos`, from its next start on"
            .into());
    }
    let wish: Wish = serde_json::from_value(query).map_err(|error| format!("chaos: {error}"))?;
    let all = |names: &[String]| -> Result<BTreeSet<Address>, String> {
        wish.drop.iter().chain(names).map(|name| found(name, peers)).collect()
    };
    let trouble = Trouble {
        from: all(&wish.drop_in)?,
        to: all(&wish.drop_out)?,
        loss: wish.loss,
        twice: wish.twice,
        corrupt: wish.corrupt,
        delay: Duration::from_millis(wish.delay_ms),
    };
    if let Some(why) = trouble.wrong() {
        return Err(format!("chaos: {why}"));
    }
    let told = json!({
        "drop_in": said(&trouble.from),
        "drop_out": said(&trouble.to),
        "loss": trouble.loss,
        "twice": trouble.twice,
        "corrupt": trouble.corrupt,
        "delay_ms": wish.delay_ms,
    });
    Ok((trouble, told))
}

fn found(written: &str, peers: &BTreeMap<String, SocketAddr>) -> Result<Address, String> {
    let name = written.split('#').next().unwrap_or(written);
    let address = peers.get(name).copied().or_else(|| written.parse().ok());
    address.map(Address::Net).ok_or_else(|| {
        format!("chaos: `{written}` is none of `peers` that was found, and no address")
    })
}

fn said(addresses: &BTreeSet<Address>) -> Vec<String> {
    let net = addresses.iter().filter_map(|address| match address {
        Address::Net(net) => Some(net.to_string()),
        Address::Pipe(_) => None,
    });
    net.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_dropped_is_named_or_said_by_address_and_what_cannot_be_is_named() {
        let b = SocketAddr::from(([127, 0, 0, 1], 2));
        let peers = BTreeMap::from([("b".to_owned(), b)]);
        let asked = |query: Value| wanted(query, true, &peers);
        let query = json!({
            "ask": "chaos", "drop": ["b#3"], "drop_out": ["127.0.0.1:3"], "loss": 30, "delay_ms": 5,
        });
        let (trouble, told) = asked(query).expect("all of it can be");
        let c = SocketAddr::from(([127, 0, 0, 1], 3));
        assert_eq!(trouble.from, [Address::Net(b)].into());
        assert_eq!(trouble.to, [Address::Net(b), Address::Net(c)].into());
        assert_eq!((trouble.loss, trouble.delay), (30, Duration::from_millis(5)));
        let out = json!(["127.0.0.1:2", "127.0.0.1:3"]);
        assert_eq!(
            (&told["drop_out"], &told["loss"], &told["twice"]),
            (&out, &30.into(), &0.into())
        );
        let whole = asked(json!({ "ask": "chaos" })).expect("links can be whole");
        assert_eq!(whole.0, Trouble::default());
        for (query, says) in [
            (json!({ "ask": "chaos", "drop": ["c"] }), "`c` is none of `peers`"),
            (json!({ "ask": "chaos", "twice": 101 }), "101 is more than 100"),
            (json!({ "ask": "chaos", "loss": -1 }), "-1"),
            (json!({ "ask": "chaos", "speed": 9 }), "`speed`"),
        ] {
            let why = asked(query).expect_err(says);
            assert!(why.starts_with("chaos: ") && why.contains(says), "{why}");
        }
        let why = wanted(json!({ "ask": "chaos" }), false, &peers).expect_err("not allowed");
        assert!(why.contains("`allow_chaos`"), "{why}");
    }
}

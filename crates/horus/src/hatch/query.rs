//! Query: what an operator asks of this process, as it came: one JSON object with `ask`.
//!
//! `{"ask":"status"}`, `counters`, `leave`; `groups`, perhaps `light` and with the `most` that are
//! wanted; `members` with a `group`, or with how that is `called`; `why` with a `name`.

use serde_json::Value;

use super::limits::{LIGHTS_LISTED, LIGHTS_LISTED_MAX};

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Query {
    /// How it is.
    Status,
    /// The core groups that it is in.
    Groups,
    /// At most so many of the light-weight groups that it knows.
    Lights(usize),
    /// Who is in this group.
    Members(String),
    /// What there is to say of this process or group.
    Why(String),
    /// Every counter.
    Counters,
    /// Close the tower.
    Leave,
}

impl Query {
    /// What these bytes ask.
    ///
    /// # Errors
    /// A sentence for who asks: it cannot be asked, or not of a process.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let query: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |key: &str| query.get(key).and_then(Value::as_str).unwrap_or_default();
        let of = |keys: &[&str]| {
            let named = keys.iter().map(|key| text(key)).find(|text| !text.is_empty());
            named.map(str::to_owned).ok_or_else(|| format!("`{}` is to say of what", text("ask")))
        };
        match text("ask") {
            "status" => Ok(Self::Status),
            "groups" if query.get("light") == Some(&Value::Bool(true)) => {
                lights(query.get("most")).map(Self::Lights)
            }
            "groups" => Ok(Self::Groups),
            "members" => of(&["called", "group"]).map(Self::Members),
            "why" => of(&["name"]).map(Self::Why),
            "counters" => Ok(Self::Counters),
            "leave" => Ok(Self::Leave),
            "out" => Err("this process has no clients to be put out; it can be told to `leave`, \
                          and who is in a group with it can remove it there"
                .into()),
            "drain" => Err("this process has no clients that it could wait for; it can be told \
                            to `leave`"
                .into()),
            "chaos" => {
                Err("the links of this process are its program's to spoil: `chaos` of `horus \
                            node --allow-chaos`, or `Horus::spoil`"
                    .into())
            }
            "" => Err("a query is a JSON object with `ask`".into()),
            other => {
                let known = "status, groups, members, why, counters, leave";
                Err(format!("`{other}` cannot be asked: {known}"))
            }
        }
    }
}

/// How many light-weight groups are wanted.
fn lights(most: Option<&Value>) -> Result<usize, String> {
    let Some(most) = most else { return Ok(LIGHTS_LISTED) };
    let wanted = most.as_u64().and_then(|most| usize::try_from(most).ok());
    let fits = wanted.filter(|most| (1..=LIGHTS_LISTED_MAX).contains(most));
    fits.ok_or_else(|| format!("`most` is 1 to {LIGHTS_LISTED_MAX}, not {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_of_a_process_is_refused_with_what_can() {
        let read = |text: &str| Query::read(text.as_bytes());
        assert_eq!(read(r#"{"ask":"why","name":"b"}"#), Ok(Query::Why("b".into())));
        let members = r#"{"ask":"members","group":"00","called":"g"}"#;
        assert_eq!(read(members), Ok(Query::Members("g".into())));
        let lights = |most: &str| read(&format!(r#"{{"ask":"groups","light":true{most}}}"#));
        assert_eq!(read(r#"{"ask":"groups"}"#), Ok(Query::Groups));
        assert_eq!(lights(""), Ok(Query::Lights(LIGHTS_LISTED)));
        assert_eq!(lights(r#","most":1000"#), Ok(Query::Lights(LIGHTS_LISTED_MAX)));
        for most in ["0", "1001", "-1", "\"all\""] {
            let refused = lights(&format!(r#","most":{most}"#)).expect_err("refused");
            assert!(refused.contains("1 to 1000"), "{most}: {refused}");
        }
        for (text, says) in [
            ("[[", "JSON object"),
            (r#"{"ask":7}"#, "JSON object"),
            (r#"{"ask":"out","name":"b"}"#, "`leave`"),
            (r#"{"ask":"drain"}"#, "`leave`"),
            (r#"{"ask":"chaos","loss":3}"#, "`Horus::spoil`"),
            (r#"{"ask":"members"}"#, "`members`"),
            (r#"{"ask":"dance"}"#, "status, groups"),
        ] {
            assert!(read(text).expect_err("refused").contains(says), "{text}");
        }
    }
}

//! Command: one line of input, understood or refused by naming what is wrong.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{terms, words};

/// No command has more fields.
const FIELDS_MAX: usize = 16;

/// What a node can be told to do; the fields are those of `horus node --help`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// Introduces a node.
    Peer { name: String, address: std::net::SocketAddr },
    /// Starts a core group; with nobody else if nobody is named.
    Found {
        group: String,
        #[serde(default)]
        members: Vec<String>,
    },
    /// Says what is to hold in a core group, before it is founded or joined.
    Terms {
        group: String,
        #[serde(default)]
        primary: Vec<String>,
        #[serde(default)]
        refuse: bool,
        #[serde(default)]
        listed: Vec<String>,
        key: Option<String>,
        #[serde(default)]
        asked: bool,
    },
    /// Lets in who has asked to come into a core group, or says why not.
    Answer { group: String, who: String, denied: Option<u16> },
    /// Says what stands for this process's state in a core group now.
    Digest { group: String, digest: u64 },
    /// Joins a core group.
    Join { group: String, contact: Option<String> },
    /// Leaves a core group.
    Leave { group: String },
    /// Multicasts in a core group.
    Cast {
        group: String,
        order: Order,
        msg: Option<String>,
        body: String,
        #[serde(default)]
        safe: bool,
        #[serde(default)]
        stable: bool,
    },
    /// Makes a light-weight group.
    Create { lwg: String, members: Vec<String>, set: Option<String>, semantics: Option<String> },
    /// Adds members.
    Add { lwg: String, members: Vec<String> },
    /// Removes members.
    Remove { lwg: String, members: Vec<String> },
    /// Destroys a light-weight group.
    Destroy { lwg: String },
    /// Multicasts in a light-weight group.
    Send {
        lwg: String,
        order: Order,
        msg: Option<String>,
        body: String,
        #[serde(default)]
        safe: bool,
        #[serde(default)]
        stable: bool,
    },
    /// Answers a delivered message.
    Reply { to: String, reply: Option<String>, body: String },
    /// Takes replies.
    Replies { msg: String, count: Option<usize> },
    /// Wants no more replies.
    Discard { msg: String },
    /// Multicasts many.
    Flood {
        group: Option<String>,
        lwg: Option<String>,
        order: Order,
        size: usize,
        count: u64,
        rate: Option<f64>,
        #[serde(default)]
        quiet: bool,
    },
    /// Multicasts a file's content, or a part of it.
    Put {
        lwg: String,
        msg: Option<String>,
        name: String,
        file: std::path::PathBuf,
        #[serde(default)]
        from: u64,
        bytes: Option<u64>,
    },
    /// Tells what documents are here.
    Held {},
    /// Tells where a light-weight group stands.
    Where { lwg: String },
    /// Waits until nothing is under way.
    Settled { timeout_ms: Option<u64> },
    /// Tells every counter.
    Stats {},
    /// Takes the keys in a file, or the one that it was started with, from now on.
    Keys { file: Option<std::path::PathBuf> },
    /// Writes the mark that faults are over.
    Quiesce { component: Option<Vec<String>> },
    /// Drops packets, and loses, doubles, damages and delays others.
    Chaos {
        #[serde(default)]
        drop: Vec<String>,
        #[serde(default)]
        drop_in: Vec<String>,
        #[serde(default)]
        drop_out: Vec<String>,
        #[serde(default)]
        loss: u8,
        #[serde(default)]
        twice: u8,
        #[serde(default)]
        corrupt: u8,
        #[serde(default)]
        delay_ms: u64,
    },
    /// Leaves every group and ends.
    Quit {},
}

/// What a command speaks of, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A core group.
    Core(String),
    /// A light-weight group, by its label or id.
    Light(String),
    /// A message.
    Message(String),
}

impl Command {
    /// What it speaks of, without copying what it carries.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        let (core, light, message) = match self {
            Self::Found { group, .. }
            | Self::Terms { group, .. }
            | Self::Answer { group, .. }
            | Self::Digest { group, .. }
            | Self::Join { group, .. }
            | Self::Leave { group } => (Some(group), None, None),
            Self::Cast { group, msg, .. } => (Some(group), None, msg.as_ref()),
            Self::Create { lwg, .. }
            | Self::Add { lwg, .. }
            | Self::Remove { lwg, .. }
            | Self::Destroy { lwg }
            | Self::Where { lwg } => (None, Some(lwg), None),
            Self::Send { lwg, msg, .. } | Self::Put { lwg, msg, .. } => {
                (None, Some(lwg), msg.as_ref())
            }
            Self::Flood { group, lwg, .. } => (group.as_ref(), lwg.as_ref(), None),
            Self::Replies { msg, .. } | Self::Discard { msg } => (None, None, Some(msg)),
            _ => (None, None, None),
        };
        let core = core.cloned().map(Subject::Core);
        let light = light.cloned().map(Subject::Light);
        [core, light, message.cloned().map(Subject::Message)].into_iter().flatten()
    }

    /// What it is called, and the fields by which its asker knows it again.
    pub(crate) fn known_by(&self) -> Map<String, Value> {
        let Value::Object(mut fields) = serde_json::to_value(self).expect("made of plain fields")
        else {
            unreachable!("a tagged command is an object");
        };
        fields.retain(|field, value| {
            matches!(field.as_str(), "do" | "group" | "lwg" | "msg" | "to") && !value.is_null()
        });
        fields
    }
}

/// The orders by the names that histories use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Unordered.
    Mbcast,
    /// FIFO.
    Fbcast,
    /// Causal.
    Cbcast,
    /// Total.
    Abcast,
    /// Against everything.
    Gbcast,
}

impl Order {
    /// The order as the floors name it.
    pub(crate) const fn named(self) -> lwg::Order {
        match self {
            Self::Mbcast => lwg::Order::Unordered,
            Self::Fbcast => lwg::Order::Fifo,
            Self::Cbcast => lwg::Order::Causal,
            Self::Abcast => lwg::Order::Total,
            Self::Gbcast => lwg::Order::Global,
        }
    }
}

/// Understands a line: JSON, or the same in words.
///
/// # Errors
/// A sentence naming what is wrong.
pub(crate) fn parse(line: &str, json: bool) -> Result<Command, String> {
    // A brace begins no word, so either spelling is taken in words.
    let value: Value = if json || line.trim_start().starts_with('{') {
        serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?
    } else {
        words::parse(line)?
    };
    let command = understand(value)?;
    check(&command)?;
    Ok(command)
}

/// What a daemon is asked by these fields of the line `chaos`.
///
/// # Errors
/// A sentence naming what is wrong.
#[cfg(unix)]
pub(crate) fn chaos(fields: &str) -> Result<Value, String> {
    let command = parse(&format!("chaos {fields}"), false)?;
    let mut query = serde_json::to_value(&command).expect("made of plain fields");
    query["ask"] = query["do"].take();
    query.as_object_mut().expect("a tagged command is an object").remove("do");
    Ok(query)
}

fn understand(value: Value) -> Result<Command, String> {
    let Value::Object(fields) = value else {
        return Err("a line is an object, like {\"do\":\"stats\"}".into());
    };
    match fields.get("do") {
        None => return Err("`do` is missing: what is to be done".into()),
        Some(Value::String(verb)) if words::is_verb(verb) => {}
        Some(Value::String(verb)) => return Err(words::unknown(verb)),
        Some(_) => return Err("`do` is a word".into()),
    }
    // Of more fields than any command has one is unknown, and named for that.
    let few = (fields.len() <= FIELDS_MAX).then(|| fields.clone());
    read(fields).map_err(|why| match few.as_ref().and_then(|few| culprit(few, &why)) {
        // Who names a field already needs no help.
        Some(field) if !why.contains(" field `") => format!("`{field}`: {why}"),
        _ => why,
    })
}

fn read(fields: Map<String, Value>) -> Result<Command, String> {
    serde_json::from_value(fields.into()).map_err(|error| error.to_string())
}

/// The field without which there would be another complaint, or none.
fn culprit<'a>(fields: &'a Map<String, Value>, why: &str) -> Option<&'a str> {
    fields.keys().map(String::as_str).filter(|field| *field != "do").find(|field| {
        let mut others = fields.clone();
        others.remove(*field);
        read(others).err().is_none_or(|other| other != why)
    })
}

/// What the types do not say.
fn check(command: &Command) -> Result<(), String> {
    match command {
        Command::Create { semantics: Some(semantics), .. } => match &semantics[..] {
            "strict" | "relaxed" => Ok(()),
            _ => Err(format!("semantics `{semantics}`: there are strict and relaxed")),
        },
        Command::Terms { primary, refuse, listed, key, asked, .. } => {
            terms::check(primary, *refuse, listed, key, *asked)
        }
        Command::Chaos { loss, twice, corrupt, .. } => {
            let (loss, twice, corrupt) = (*loss, *twice, *corrupt);
            let trouble = horus::Trouble { loss, twice, corrupt, ..horus::Trouble::default() };
            trouble.wrong().map_or(Ok(()), |why| Err(format!("chaos: {why}")))
        }
        Command::Flood { group, lwg, rate, .. } => {
            if group.is_some() == lwg.is_some() {
                return Err("flood needs `group` or `lwg`, and not both".into());
            }
            if rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
                return Err("`rate` is messages per second, above 0".into());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        parse(line, true).expect_err("refused")
    }

    #[test]
    fn words_and_json_mean_the_same() {
        for (words, json) in [
            ("found G", r#"{"do":"found","group":"G"}"#),
            (
                "terms G primary=a,b,c refuse=true key=k",
                r#"{"do":"terms","group":"G","primary":["a","b","c"],"refuse":true,"key":"k"}"#,
            ),
            ("terms G asked=true key=k", r#"{"do":"terms","group":"G","asked":true,"key":"k"}"#),
            ("answer G b#3", r#"{"do":"answer","group":"G","who":"b#3"}"#),
            ("answer G b denied=7", r#"{"do":"answer","group":"G","who":"b","denied":7}"#),
            ("digest G 18", r#"{"do":"digest","group":"G","digest":18}"#),
            // Nobody but those knows these options.
            (
                "cast G cbcast asked=true denied=7",
                r#"{"do":"cast","group":"G","order":"cbcast","body":"asked=true denied=7"}"#,
            ),
            ("found G a b#3", r#"{"do":"found","group":"G","members":["a","b#3"]}"#),
            (
                "cast G cbcast hello there",
                r#"{"do":"cast","group":"G","order":"cbcast","body":"hello there"}"#,
            ),
            (
                "send L cbcast safe=true  is it  safe ",
                r#"{"do":"send","lwg":"L","order":"cbcast","safe":true,"body":"is it  safe"}"#,
            ),
            ("reply m -- reply=1", r#"{"do":"reply","to":"m","body":"reply=1"}"#),
            ("cast G abcast --", r#"{"do":"cast","group":"G","order":"abcast","body":""}"#),
            ("create L a b", r#"{"do":"create","lwg":"L","members":["a","b"]}"#),
            (
                "put from=9 bytes=7 L x/y /tmp/y",
                r#"{"do":"put","lwg":"L","name":"x/y","file":"/tmp/y","from":9,"bytes":7}"#,
            ),
            ("replies a#1:7 2", r#"{"do":"replies","msg":"a#1:7","count":2}"#),
            (
                "flood lwg=L order=abcast size=100 count=5 quiet=true",
                r#"{"do":"flood","lwg":"L","order":"abcast","size":100,"count":5,"quiet":true}"#,
            ),
            ("chaos drop=b,c", r#"{"do":"chaos","drop":["b","c"]}"#),
            ("chaos loss=30 delay_ms=5", r#"{"do":"chaos","loss":30,"delay_ms":5}"#),
            ("chaos", r#"{"do":"chaos","drop":[]}"#),
            ("quit", r#"{"do":"quit"}"#),
        ] {
            assert_eq!(parse(words, false), parse(json, true), "{words}");
            assert!(parse(words, false).is_ok(), "{words}");
        }
    }

    #[test]
    fn a_command_is_known_again_without_its_body() {
        let line = r#"{"do":"send","lwg":"L","order":"abcast","msg":"m1","body":"long"}"#;
        let known = parse(line, true).expect("right").known_by();
        assert_eq!(Value::Object(known).to_string(), r#"{"do":"send","lwg":"L","msg":"m1"}"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_daemon_is_asked_for_what_the_line_says() {
        let query = chaos("drop=b,c loss=30").expect("right");
        assert_eq!((&query["ask"], &query["loss"]), (&"chaos".into(), &30.into()), "{query}");
        assert_eq!(query["drop"], serde_json::json!(["b", "c"]));
        assert!(query.get("do").is_none(), "{query}");
        assert!(chaos("loss=101").expect_err("refused").contains("101"));
        assert!(chaos("b").expect_err("refused").contains("`b`"));
        assert!(chaos("spede=1").expect_err("refused").contains("spede"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(wrong("{").contains("JSON"));
        for line in [
            r#""refuse":true"#,
            r#""key":"k","listed":["a"]"#,
            r#""primary":["a b"]"#,
            r#""asked":true,"listed":["a"]"#,
        ] {
            let why = wrong(&format!(r#"{{"do":"terms","group":"G",{line}}}"#));
            assert!(why.starts_with("terms: "), "{why}");
        }
        assert!(wrong(r#"{"do":"dance"}"#).contains("dance"));
        assert!(wrong(r#"{"do":"chaos","loss":101}"#).contains("101"));
        assert!(wrong(r#"{"do":"leave"}"#).contains("group"));
        assert!(wrong(r#"{"do":"leave","group":"G","now":1}"#).contains("now"));
        assert!(wrong(r#"{"do":"stats","now":1}"#).contains("now"));
        for line in [
            r#"{"do":"cast","group":"G","order":"abcast"}"#,
            r#"{"do":"send","lwg":"L","order":"abcast","msg":"m"}"#,
            r#"{"do":"reply","to":"m"}"#,
        ] {
            assert!(wrong(line).contains("missing field `body`"), "{}", wrong(line));
        }
        for (line, field) in [
            (r#"{"do":"send","lwg":"L","order":"abcast","body":5}"#, "`body`: "),
            (r#"{"do":"send","lwg":"L","order":"ABCAST","body":"5"}"#, "`order`: "),
            (r#"{"do":"add","lwg":"L","members":"a"}"#, "`members`: "),
            (r#"{"do":"settled","timeout_ms":-5}"#, "`timeout_ms`: "),
        ] {
            assert!(wrong(line).starts_with(field), "{}", wrong(line));
        }
        for line in ["null", "[1]", "{}", r#"{"do":3}"#] {
            assert!(wrong(line).contains("do"), "{}", wrong(line));
        }
        let line = r#"{"do":"cast","group":"G","order":"gbcast","safe":true,"body":""}"#;
        assert!(parse(line, true).is_ok());
        let line = r#"{"do":"send","lwg":"L","order":"gbcast","safe":true,"body":""}"#;
        assert!(matches!(parse(line, true), Ok(Command::Send { safe: true, .. })));
        assert!(parse("cast G", false).expect_err("refused").contains("order"));
        assert!(parse("dance", false).expect_err("refused").contains("dance"));
        for line in ["cast G abcast", "send L abcast msg=m", "reply m"] {
            assert!(parse(line, false).expect_err("refused").contains("needs body"), "{line}");
        }
        for line in ["send L cbcast hello safe=true", "cast G cbcast msg=m hello  msg=n "] {
            assert!(parse(line, false).expect_err("refused").contains("stands behind"), "{line}");
        }
        assert!(parse("leave G now", false).expect_err("refused").contains("now"));
    }
}

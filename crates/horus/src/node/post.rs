//! Post: messages of the node's own, written down before they are asked for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use horus::LwgId;
use horus::history::{Event, Send};
use lwg::Down;
use muts::Wire;
use serde_json::json;

use super::carry::Stop;
use super::command::Order;
use super::document::Put;
use super::envelope::{Envelope, hash};
use super::flood::{Flood, Target};
use super::groups::{Own, OwnLight};
use super::hear::spell;
use super::limits::{DOCUMENT_BYTES_MAX, NAME_BYTES_MAX};
use super::names::{show_core, show_lwg};
use super::run::Node;

/// What is asked of a message.
pub(crate) struct Letter {
    pub(crate) order: Order,
    pub(crate) msg: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) safe: bool,
    pub(crate) stable: bool,
}

/// So many bytes of a file from there on, or all; at most one more than a document may have.
fn read(file: &Path, from: u64, bytes: Option<u64>) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(from))?;
    let most = bytes.unwrap_or(u64::MAX).min(DOCUMENT_BYTES_MAX as u64 + 1);
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content)?;
    Ok(content)
}

impl Node {
    pub(crate) fn cast(&mut self, group: &str, letter: Letter) -> Result<(), Stop> {
        let group = self.open_core(group)?;
        let own = self.own(letter.msg, letter.stable)?;
        let how = vsync::How { safe: letter.safe, ..letter.order.named().into() };
        self.cast_own(group, how, own, letter.body, false);
        Ok(())
    }

    fn cast_own(
        &mut self,
        group: vsync::GroupId,
        how: vsync::How,
        own: Own,
        body: Vec<u8>,
        quiet: bool,
    ) {
        self.record_send(show_core(group), &own.msg, (how.order, how.safe), &body);
        let message = Envelope::seal(&own.msg, quiet, body);
        self.groups.cores.entry(group).or_default().undelivered.push_back(own);
        self.asks.push(Down::Core(vsync::Down::Cast { group, how, message }));
    }

    pub(crate) fn send(&mut self, written: &str, letter: Letter) -> Result<(), Stop> {
        let lwg = self.light_meant(written)?;
        let own = self.own(letter.msg, letter.stable)?;
        let how = lwg::How { safe: letter.safe, ..letter.order.named().into() };
        self.send_own(lwg, how, own, letter.body, false);
        Ok(())
    }

    fn send_own(&mut self, lwg: LwgId, how: lwg::How, own: Own, body: Vec<u8>, quiet: bool) {
        self.record_send(show_lwg(lwg), &own.msg, (how.order, how.safe), &body);
        let send = self.horus.mint_send();
        // Floods are not for answering; of the rest any may be answered.
        let replies = !own.flood;
        if replies && let Some(oldest) = self.awaited.add(send, &own.msg) {
            self.asks.push(Down::Discard { send: oldest });
        }
        let message = Envelope::seal(&own.msg, quiet, body);
        self.groups.own.insert(send, OwnLight { lwg, own, delivered: false });
        self.asks.push(Down::Send { lwg, send, how, replies, message });
    }

    pub(crate) fn put(
        &mut self,
        written: &str,
        msg: Option<String>,
        name: String,
        (file, from, bytes): (&Path, u64, Option<u64>),
    ) -> Result<(), Stop> {
        let lwg = self.light_meant(written)?;
        if name.len() > NAME_BYTES_MAX {
            return Err(Stop::Wrong(format!("a name is at most {NAME_BYTES_MAX} bytes long")));
        }
        let content = read(file, from, bytes)
            .map_err(|error| Stop::Wrong(format!("cannot read {}: {error}", file.display())))?;
        if content.len() > DOCUMENT_BYTES_MAX {
            let why = format!("{} is over {DOCUMENT_BYTES_MAX} bytes", file.display());
            return Err(Stop::Wrong(why));
        }
        let own = self.own(msg, true)?;
        let put = Put { id: own.msg.clone(), name, content: content.into() };
        let mut command = Vec::new();
        put.write(&mut command);
        self.record_send(show_lwg(lwg), &own.msg, (lwg::Order::Total, false), &command);
        let send = self.horus.mint_send();
        if let Some(oldest) = self.awaited.add(send, &own.msg) {
            self.asks.push(Down::Discard { send: oldest });
        }
        self.awaited.want(&own.msg, None);
        let light = self.groups.lights.get(&lwg).expect("light_meant answers groups it is in");
        light.replica.propose(&put, send, true, &mut self.tool_asks);
        // Before whatever else is sent in this step: it was written down before.
        self.take_tool_asks();
        self.groups.own.insert(send, OwnLight { lwg, own, delivered: false });
        Ok(())
    }

    pub(crate) fn begin_flood(
        &mut self,
        (group, lwg): (Option<String>, Option<String>),
        order: Order,
        size: (usize, u64),
        rate: Option<f64>,
        quiet: bool,
    ) -> Result<(), Stop> {
        if self.flood.is_some() {
            return Err(Stop::Wrong("a flood is under way already".into()));
        }
        let target = match (group, lwg) {
            (Some(group), _) => Target::Core(self.open_core(&group)?),
            (None, lwg) => Target::Light(self.light_meant(&lwg.unwrap_or_default())?),
        };
        if size.0 > DOCUMENT_BYTES_MAX {
            return Err(Stop::Wrong(format!("`size` is at most {DOCUMENT_BYTES_MAX} bytes")));
        }
        self.flood = Some(Flood::new(target, order.named(), size, rate, quiet));
        Ok(())
    }

    /// Whether nothing of the flood can go out before a view has come.
    pub(crate) fn flood_waits(&self) -> bool {
        self.flood.as_ref().is_some_and(|flood| match flood.target {
            Target::Core(_) => false,
            Target::Light(lwg) => self.groups.is_late(lwg),
        })
    }

    /// Sends what is due of a flood, and tells its end.
    pub(crate) fn send_flood(&mut self, now: Instant) {
        if self.flood_waits() {
            return;
        }
        let Some(mut flood) = self.flood.take() else { return };
        for _ in 0..flood.due(now) {
            let own = Own { msg: self.ids.make(), stable: false, flood: true };
            let (order, body, quiet) = (flood.order, flood.body(&own.msg), flood.quiet);
            match flood.target {
                Target::Core(group) => self.cast_own(group, order.into(), own, body, quiet),
                Target::Light(lwg) => self.send_own(lwg, order.into(), own, body, quiet),
            }
            flood.sent();
        }
        match flood.over(now) {
            Some((count, seconds)) => {
                self.record.tell("flooded", json!({ "count": count, "seconds": seconds }));
                self.parked.stir();
            }
            None => self.flood = Some(flood),
        }
    }

    fn own(&mut self, msg: Option<String>, stable: bool) -> Result<Own, Stop> {
        let msg = match msg {
            Some(msg) => {
                self.ids.look(&msg)?;
                self.ids.use_up(&msg);
                msg
            }
            None => self.ids.make(),
        };
        Ok(Own { msg, stable, flood: false })
    }

    fn record_send(
        &mut self,
        group: String,
        msg: &str,
        (order, safe): (lwg::Order, bool),
        body: &[u8],
    ) {
        let mut send = Send::new(group, msg, spell(order));
        send.h = Some(format!("{:016x}", hash(body)).into());
        send.safe = safe.then_some(true);
        self.record.event(&Event::Send(send), []);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_file_is_read_and_no_more_than_there_is() {
        let path = std::env::temp_dir().join(format!("horus-part-{}", std::process::id()));
        std::fs::write(&path, b"0123456789").expect("written");
        let part = |from, bytes| read(&path, from, bytes).expect("read");
        assert_eq!(part(0, None), b"0123456789");
        assert_eq!(part(3, Some(4)), b"3456");
        assert_eq!(part(8, Some(4)), b"89");
        assert_eq!(part(10, Some(0)), b"");
        std::fs::remove_file(&path).expect("removed");
    }
}

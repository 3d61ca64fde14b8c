//! Brief: what a sender has named in full once in a core view has a small number after that.
//!
//! *Takes* own messages to whole groups as the kernel takes them, and everybody's as they are
//! delivered: each sender's come in the order of sending, and whoever gets one that is for
//! everybody in the core view has had those before it. *Promises* that both ends of a stream mean
//! the same. *Keeps* the last few groups and views of each sender, until the core view ends.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::Endpoint;

use crate::header::{Data, Header};
use crate::id::{LwgId, SendId};
use crate::limits::NAMED_MAX;
use crate::view::ViewId;

/// What one sender has named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    names: Vec<(LwgId, ViewId)>,
    /// The next to be given another meaning.
    next: u8,
    /// The last message that was named so.
    last: SendId,
}

impl Named {
    /// What stands on a message of a whole group, in few bytes.
    pub(crate) fn header(&self, data: Data) -> Header {
        let known = self.names.iter().position(|name| *name == (data.lwg, data.view));
        match known {
            Some(at) => {
                let step = data.send.0.wrapping_sub(self.last.0);
                Header::Again { at: at as u8, replies: data.replies, step }
            }
            None => Header::First { at: self.next, data },
        }
    }

    /// That header has gone out, or has come: what it says in full.
    pub(crate) fn take(&mut self, header: &Header) -> Option<Data> {
        match *header {
            Header::First { at, data } => {
                let name = (data.lwg, data.view);
                if usize::from(at) == self.names.len() {
                    self.names.push(name);
                } else {
                    *self.names.get_mut(usize::from(at))? = name;
                }
                self.next = (at + 1) % NAMED_MAX;
                self.last = data.send;
                Some(data)
            }
            Header::Again { at, replies, step } => {
                let (lwg, view) = *self.names.get(usize::from(at))?;
                let send = SendId(self.last.0.wrapping_add(step));
                self.last = send;
                Some(Data::plain(lwg, view, send, replies))
            }
            _ => None,
        }
    }
}

/// What everybody in a core view has named.
#[derive(Debug, Default)]
pub(crate) struct Brief {
    /// As far as this process has sent.
    pub(crate) own: Named,
    heard: BTreeMap<Endpoint, Named>,
}

impl Brief {
    /// A header of that sender has come; none if it names nothing.
    pub(crate) fn hear(&mut self, from: Endpoint, header: &Header) -> Option<Data> {
        self.heard.entry(from).or_default().take(header)
    }

    /// The core view is over.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(count: u64, send: u64) -> Data {
        let (lwg, view) = (LwgId { creator: 1, count }, ViewId { counter: 2, digest: 3 });
        Data::plain(lwg, view, SendId(send), false)
    }

    #[test]
    fn both_ends_mean_the_same_whatever_is_named_anew() {
        let (mut said, mut heard) = (Named::default(), Named::default());
        let mut random = muts::Random::new(7);
        let mut short = 0;
        for send in 0..2_000 {
            // Sends grow, with gaps, and may begin anew.
            let data = data(random.below(u64::from(NAMED_MAX) + 3), send * 3 % 1_700);
            let header = said.header(data);
            assert_eq!(said.take(&header), Some(data));
            assert_eq!(heard.take(&header), Some(data));
            short += usize::from(matches!(header, Header::Again { .. }));
        }
        assert!((1_000..2_000).contains(&short), "{short}");
    }

    #[test]
    fn who_names_what_is_not_there_names_nothing() {
        let mut heard = Named::default();
        assert_eq!(heard.take(&Header::Again { at: 0, replies: false, step: 1 }), None);
        assert_eq!(heard.take(&Header::First { at: 1, data: data(1, 1) }), None);
        assert!(heard.take(&Header::First { at: 0, data: data(1, 1) }).is_some());
        assert_eq!(heard.take(&Header::Again { at: 1, replies: false, step: 1 }), None);
    }
}

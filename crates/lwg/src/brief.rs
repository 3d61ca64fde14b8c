//! Brief: what a sender has named in full once in a core view has a small number after that.
//!
//! *Takes* own messages to whole groups as the kernel takes them, and everybody's as they are
//! delivered: each sender's come in the order of sending, and whoever gets one of a group's view
//! has had those before it in that view. *Promises* that both ends of a stream mean the same.
//! *Keeps* the last few groups and views of each sender, until the core view ends. A receiver knows
//! those it is in: what another number means it need not know, and may think it means what it did.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use vsync::Endpoint;

use crate::data::Data;
use crate::header::Header;
use crate::id::{LwgId, SendId};
use crate::limits::NAMED_MAX;
use crate::view::ViewId;

/// What one sender has named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    names: Vec<Option<Name>>,
    /// The next to be given another meaning.
    next: u8,
}

/// What a number means.
#[derive(Debug, Clone, Copy)]
struct Name {
    lwg: LwgId,
    view: ViewId,
    /// The last message of it.
    last: SendId,
}

impl Named {
    /// What stands on a message of a whole group, in few bytes.
    pub(crate) fn header(&self, data: Data) -> Header {
        let is_it = |name: &Name| name.lwg == data.lwg && name.view == data.view;
        for (at, name) in self.names.iter().enumerate() {
            if let Some(name) = name.filter(is_it) {
                let step = data.send.0.wrapping_sub(name.last.0);
                return Header::Again { at: at as u8, replies: data.replies, step };
            }
        }
        Header::First { at: self.next, data }
    }

    /// That header has gone out, or has come: what it says in full.
    pub(crate) fn take(&mut self, header: &Header) -> Option<Data> {
        match *header {
            Header::First { at, data } => {
                let number = usize::from(at);
                if self.names.len() <= number {
                    self.names.resize(number + 1, None);
                }
                let Data { lwg, view, send, .. } = data;
                self.names[number] = Some(Name { lwg, view, last: send });
                self.next = (at + 1) % NAMED_MAX;
                Some(data)
            }
            Header::Again { at, replies, step } => {
                let name = self.names.get_mut(usize::from(at))?.as_mut()?;
                name.last = SendId(name.last.0.wrapping_add(step));
                Some(Data::plain(name.lwg, name.view, name.last, replies))
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
    fn who_is_in_some_of_the_groups_means_the_same_by_them() {
        let mut said = Named::default();
        let mut heard: Vec<Named> = Vec::new();
        heard.resize_with(5, Named::default);
        let mut random = muts::Random::new(7);
        for send in 0..4_000 {
            let group = random.below(u64::from(NAMED_MAX) * 2);
            let data = data(group, send * 5);
            let header = said.header(data);
            said.take(&header);
            // The first is in all of them, the second in every second one, and so on.
            for (apart, named) in (1..).zip(&mut heard) {
                if group.is_multiple_of(apart) {
                    assert_eq!(named.take(&header), Some(data));
                }
            }
        }
    }

    #[test]
    fn who_names_what_is_not_there_names_nothing() {
        let mut heard = Named::default();
        assert_eq!(heard.take(&Header::Again { at: 0, replies: false, step: 1 }), None);
        assert!(heard.take(&Header::First { at: 1, data: data(1, 1) }).is_some());
        assert_eq!(heard.take(&Header::Again { at: 0, replies: false, step: 1 }), None);
        assert!(heard.take(&Header::Again { at: 1, replies: false, step: 1 }).is_some());
    }
}

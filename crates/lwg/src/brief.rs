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
use crate::header::{Again, Header};
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
    /// The state of the table when one of it was told here last; 0 if none was.
    told: u64,
}

impl Named {
    /// What stands on a message of a whole group, in few bytes.
    pub(crate) fn header(&self, data: Data) -> Header {
        match self.again(data.lwg, data.view, data.send, data.replies) {
            Some(again) => Header::Again(again),
            None => Header::First { at: self.next, data },
        }
    }

    /// The same where it has been named.
    pub(crate) fn again(
        &self,
        lwg: LwgId,
        view: ViewId,
        send: SendId,
        replies: bool,
    ) -> Option<Again> {
        let is_it = |name: &Option<Name>| name.is_some_and(|it| it.lwg == lwg && it.view == view);
        let at = self.names.iter().position(is_it)?;
        let last = self.names[at]?.last;
        Some(Again { at: at as u8, replies, step: send.0.wrapping_sub(last.0) })
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
                self.names[number] = Some(Name { lwg, view, last: send, told: 0 });
                self.next = (at + 1) % NAMED_MAX;
                Some(data)
            }
            Header::Again(again) => Some(self.take_again(again)?.0),
            _ => None,
        }
    }

    /// The same where nothing is named anew; and when one of it was told here last.
    pub(crate) fn take_again(&mut self, again: Again) -> Option<(Data, u64)> {
        let name = self.names.get_mut(usize::from(again.at))?.as_mut()?;
        name.last = SendId(name.last.0.wrapping_add(again.step));
        Some((Data::plain(name.lwg, name.view, name.last, again.replies), name.told))
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

    /// The same where nothing is named anew, and the state of the table when one of that name was
    /// told here last.
    pub(crate) fn hear_again(&mut self, from: Endpoint, again: Again) -> Option<(Data, u64)> {
        self.heard.get_mut(&from)?.take_again(again)
    }

    /// One of that name has been told here.
    pub(crate) fn told(&mut self, from: Endpoint, again: Again, state: u64) {
        let named = self.heard.get_mut(&from);
        if let Some(Some(name)) = named.and_then(|it| it.names.get_mut(usize::from(again.at))) {
            name.told = state;
        }
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
            short += usize::from(matches!(header, Header::Again(_)));
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
        let again = |at| Again { at, replies: false, step: 1 };
        assert_eq!(heard.take_again(again(0)), None);
        assert!(heard.take(&Header::First { at: 1, data: data(1, 1) }).is_some());
        assert_eq!(heard.take_again(again(0)), None);
        assert!(heard.take_again(again(1)).is_some());
    }
}

//! Outside: multicasts to light-weight groups that this process is not in.

use bytes::Bytes;
#[cfg(doc)]
use lwg::Traits;
use lwg::{Down, Endpoint, How, LwgId, Message};

use crate::error::{Error, fits};
use crate::horus::Horus;
use crate::sent::Sent;
use crate::shared::Room;

impl Horus {
    /// lwg_send to a relaxed group ([`Traits::relaxed`]) that this process is not in, though in its
    /// core group: a sensor's way. Lost in silence where no such group is known.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Closed`].
    pub fn send_beside(
        &self,
        lwg: LwgId,
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        let body = body.into();
        fits(&body)?;
        self.door().wait_for_room(Room::Light(lwg))?;
        let message = Message::new(body);
        let how = how.into();
        let ask = |send| Down::Send { lwg, send, how, replies: false, message };
        Ok(self.door().send_as(lwg, false, ask))
    }

    /// lwg_send to an open group that this process is not in, by way of a member. What it answers
    /// ends once the member has it told; [`Sent::lost`] names the member if it could not.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Closed`]; [`Error::NotSent`] if that member takes nothing of as
    /// much as may wait for it, for as long as it may.
    pub fn send_through(
        &self,
        member: Endpoint,
        lwg: LwgId,
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        self.multicast_through(member, lwg, (how.into(), false), body.into())
    }

    /// The same, and replies of all members are wanted.
    ///
    /// # Errors
    /// Those of [`Horus::send_through`].
    pub fn ask_through(
        &self,
        member: Endpoint,
        lwg: LwgId,
        how: impl Into<How>,
        body: impl Into<Bytes>,
    ) -> Result<Sent, Error> {
        self.multicast_through(member, lwg, (how.into(), true), body.into())
    }

    fn multicast_through(
        &self,
        member: Endpoint,
        lwg: LwgId,
        (how, replies): (How, bool),
        body: Bytes,
    ) -> Result<Sent, Error> {
        fits(&body)?;
        self.door().wait_for_one(lwg, member)?;
        let message = Message::new(body);
        let ask = |send| Down::SendThrough { lwg, member, send, how, replies, message };
        Ok(self.door().send_from_outside(lwg, ask))
    }
}

//! Fields: the bytes of what stands in the words at the gate and nowhere else.
//!
//! ```text
//! how      order u8 | after_all, safe, independent bool | (view | 4 u64, by rank) option
//! terms    partition | admission | ticket
//! side     view | members | digest option
//! ```

use alloc::sync::Arc;

use muts::{Audience, Malformed, Sink, Wire};

use crate::how::How;
use crate::interface::Side;
use crate::terms::Terms;
use crate::view::{View, ViewId};

impl Wire for View {
    fn write(&self, into: &mut impl Sink) {
        self.group.write(into);
        self.id.write(into);
        self.members.write(into);
        self.transitional.write(into);
        self.parts.write(into);
        self.previous.write(into);
        self.primary.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            group: Wire::read(from)?,
            id: Wire::read(from)?,
            members: Wire::read(from)?,
            transitional: Wire::read(from)?,
            parts: Wire::read(from)?,
            previous: Wire::read(from)?,
            primary: Wire::read(from)?,
        })
    }
}

impl Wire for How {
    fn write(&self, into: &mut impl Sink) {
        self.order.write(into);
        self.after_all.write(into);
        self.safe.write(into);
        self.independent.write(into);
        self.to.is_some().write(into);
        if let Some(to) = &self.to {
            to.0.write(into);
            to.1.0.iter().for_each(|word| word.write(into));
        }
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            order: Wire::read(from)?,
            after_all: Wire::read(from)?,
            safe: Wire::read(from)?,
            independent: Wire::read(from)?,
            to: if bool::read(from)? {
                let view = ViewId::read(from)?;
                let mut word = || u64::read(from);
                Some(Arc::new((view, Audience([word()?, word()?, word()?, word()?]))))
            } else {
                None
            },
        })
    }
}

impl Wire for Terms {
    fn write(&self, into: &mut impl Sink) {
        self.partition.write(into);
        self.admission.write(into);
        self.ticket.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self {
            partition: Wire::read(from)?,
            admission: Wire::read(from)?,
            ticket: Wire::read(from)?,
        })
    }
}

impl Wire for Side {
    fn write(&self, into: &mut impl Sink) {
        self.view.write(into);
        self.members.write(into);
        self.digest.write(into);
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        Ok(Self { view: Wire::read(from)?, members: Wire::read(from)?, digest: Wire::read(from)? })
    }
}

//! How a multicast is to go: its order, how sure its delivery is to be, and whom it is for.

use alloc::sync::Arc;

use muts::Audience;

use crate::order::Order;
use crate::view::ViewId;

/// What is asked of one multicast. Made from its [`Order`]; the rest is said where it is wanted.
///
/// ```
/// use vsync::{How, Order};
/// let how = How::from(Order::Total).safe();
/// assert!(how.safe && how.to.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct How {
    /// Its order.
    pub order: Order,
    /// Wait at the receivers for all that the sender has processed so far, although the order
    /// would not ask for it: a Fifo message may be made to follow what caused it. (Causal and
    /// Total always wait.)
    pub after_all: bool,
    /// Deliver it only where every member of the view is known to have received it, and all that
    /// came before it. It then waits for its causes, whatever its order. Where the view ends
    /// before that is known it is delivered all the same, and told not to be safe.
    pub safe: bool,
    /// Does not wait for other core groups, where causality is kept across them.
    pub independent: bool,
    /// Whom it is for, by rank in that view; everybody if none. The others are told nothing of it.
    /// What is safe goes to the others' kernels all the same, and an ABCAST to the one that gives
    /// places.
    /// Handed back, with room told at once, if the view is not the one that it would go out in. A
    /// GBCAST is for everybody.
    pub to: Option<Arc<(ViewId, Audience)>>,
}

impl From<Order> for How {
    fn from(order: Order) -> Self {
        Self { order, after_all: false, safe: false, independent: false, to: None }
    }
}

impl How {
    /// The same, after all that the sender has processed.
    #[must_use]
    pub fn after_all(self) -> Self {
        Self { after_all: true, ..self }
    }

    /// The same, safe.
    #[must_use]
    pub fn safe(self) -> Self {
        Self { safe: true, ..self }
    }

    /// The same, whatever happens in other core groups.
    #[must_use]
    pub fn independent(self) -> Self {
        Self { independent: true, ..self }
    }

    /// The same for some members of that view only.
    #[must_use]
    pub fn to(self, view: ViewId, audience: Audience) -> Self {
        Self { to: Some(Arc::new((view, audience))), ..self }
    }

    /// Whether it carries what it waits for.
    pub(crate) const fn waits(&self) -> bool {
        self.after_all || self.safe || matches!(self.order, Order::Causal | Order::Total)
    }
}

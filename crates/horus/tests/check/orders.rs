//! Faults in the delivery and order of messages.

use crate::Fault;
use crate::script::Edit::{self, After, Drop, Replace, Swap};
use horus::check::Property::*;

/// The crashed process had two ABCASTs, not safe ones, the other way round.
pub(crate) const CRASHED_SWAP: &[Edit] = &[Swap("c deliver G u1 a", "c deliver G u2 b")];

pub(crate) const FAULTS: &[Fault] = &[
    // Integrity: content, existence, sender, group, order, time, id.
    Fault { broken: &[Integrity], edits: &[Replace("b deliver G f1 a", "b deliver G f1 a h=12")] },
    Fault { broken: &[Integrity], edits: &[After("a state G two", "a deliver G never a")] },
    Fault { broken: &[Integrity], edits: &[Replace("b deliver G m1 a", "b deliver G m1 c")] },
    Fault {
        broken: &[Integrity],
        edits: &[Replace("b deliver G m1 a", "b deliver G m1 a order=fbcast")],
    },
    Fault { broken: &[Integrity], edits: &[After("a state G two", "a send G m1 mbcast")] },
    Fault { broken: &[Integrity], edits: &[Swap("a send G m1 mbcast", "a deliver G m1 a")] },
    Fault { broken: &[Integrity], edits: IN_A_RING },
    Fault { broken: &[Integrity], edits: IN_ANOTHER_GROUP },
    Fault { broken: &[NoDuplicates], edits: &[After("a deliver G m1 a", "a deliver G m1 a")] },
    Fault {
        broken: &[NoDuplicates, SameView, SendingView],
        edits: &[After("b state G two", "b deliver G m2 c")],
    },
    // Views of messages.
    Fault {
        broken: &[SameView],
        edits: &[
            After("a send G m1 mbcast", "a send G late mbcast"),
            After("c deliver G u2 b", "c deliver G late a"),
            After("a state G one", "a deliver G late a"),
            After("b state G one", "b deliver G late a"),
        ],
    },
    Fault {
        broken: &[SendingView],
        edits: &[
            After("a send G m1 mbcast", "a send G late mbcast view=1"),
            After("a state G one", "a deliver G late a"),
            After("b state G one", "b deliver G late a"),
        ],
    },
    Fault {
        broken: &[SendingView],
        edits: &[
            After("c deliver G u2 b", "c send G late mbcast"),
            After("a state G one", "a deliver G late c"),
            After("b state G one", "b deliver G late c"),
        ],
    },
    Fault {
        broken: &[SendingView, SelfDelivery],
        edits: &[
            After("a state G one", "a send G early mbcast"),
            After("c deliver G u2 b", "c deliver G early a"),
        ],
    },
    Fault { broken: &[VirtualSynchrony], edits: &[Drop("b deliver G m2 c")] },
    Fault { broken: &[VirtualSynchrony, TotalWeak], edits: LIGHT_WITHOUT_CORE_CHANGE },
    Fault {
        broken: &[SelfDelivery],
        edits: &[After("a send G m1 mbcast", "a send G lost mbcast view=1")],
    },
    // Orders.
    Fault { broken: &[Fifo], edits: &[Swap("c deliver G f1 a", "c deliver G f2 a")] },
    Fault { broken: &[Fifo], edits: &[Drop("c deliver G f1 a")] },
    Fault { broken: &[Causal], edits: &[Swap("c deliver G c1 b", "c deliver G c2 a")] },
    Fault { broken: &[Fifo, Causal], edits: &[Drop("c deliver G c1 b")] },
    Fault { broken: &[TotalWeak], edits: &[Swap("b deliver G u1 a", "b deliver G u2 b")] },
    Fault { broken: &[TotalWeak], edits: &[Swap("c#2 deliver G v1 a", "c#2 deliver G v2 b")] },
    Fault { broken: &[TotalStrong], edits: &[Swap("c deliver G t1 b", "c deliver G t2 c")] },
    Fault { broken: &[Gbcast], edits: &[Swap("a deliver G m2 c", "a deliver G g1 b")] },
];

/// a sends x after it delivers y, which b sent after it delivered x.
const IN_A_RING: &[Edit] = &[
    After("a state G zero", "a deliver G x a"),
    After("a state G zero", "a send G x mbcast"),
    After("a state G zero", "a deliver G y b"),
    After("b state G zero", "b deliver G y b"),
    After("b state G zero", "b send G y mbcast"),
    After("b state G zero", "b deliver G x a"),
];

/// Sent to G, and delivered there but at a, which delivers it in K.
const IN_ANOTHER_GROUP: &[Edit] = &[
    After("a state G two", "a send G stray mbcast"),
    After("a state G two", "a view K 1 a"),
    Replace("a deliver G v1 a", "a deliver K stray a"),
    After("a send G v1 abcast", "a deliver G v1 a"),
    After("b state G two", "b deliver G stray a"),
    After("c#2 join_state G two from=a", "c#2 deliver G stray a"),
];

/// Two light-weight views in one core view, and a message that one of the two did not deliver.
const LIGHT_WITHOUT_CORE_CHANGE: &[Edit] = &[
    Drop("b deliver L l1 a"),
    After("a deliver L l2 b", "a view L 2:x a,b core=G core_view=2"),
    Drop("a view L 2 a core=G core_view=3"),
    After("a state G two", "a view L 3 a core=G core_view=3"),
    After("b deliver L l2 b", "b view L 2:x a,b core=G core_view=2"),
];

/// Two groups with a chain of causes through both.
pub(crate) const ACROSS: &str = "
    a view G 1 a,b,c
    a view H 1 a,b,c
    a send G x cbcast
    a deliver G x a
    a deliver H y b
    b view G 1 a,b,c
    b view H 1 a,b,c
    b deliver G x a
    b send H y abcast
    b deliver H y b
    c view G 1 a,b,c
    c view H 1 a,b,c
    c deliver G x a
    c deliver H y b
    all settle
";

pub(crate) const ACROSS_FAULTS: &[Fault] =
    &[Fault { broken: &[CausalAcross], edits: &[Swap("c deliver G x a", "c deliver H y b")] }];

/// b sends from outside, comes in and sends on; a member passed the first on later.
pub(crate) const OUTSIDE: &str = "
    a view G 1 a
    a view G 2 a,b transitional=a
    a deliver G y b
    a deliver G x b
    a send G z cbcast
    a deliver G z a
    b send G x cbcast external=true
    b view G 2 a,b transitional=b
    b send G y cbcast
    b deliver G y b
    b deliver G x b
    b deliver G z a
    all settle
";

/// The order of the member that passed it on holds, and its sender's own does among what it sent
/// inside.
pub(crate) const OUTSIDE_FAULTS: &[Fault] = &[
    Fault { broken: &[Causal], edits: &[Swap("b deliver G x b", "b deliver G z a")] },
    Fault {
        broken: &[Fifo, Causal],
        edits: &[
            Drop("b send G x cbcast external=true"),
            After("b view G 2 a,b transitional=b", "b send G x cbcast"),
        ],
    },
];

/// a dies with a GBCAST that waited for the next view; an MBCAST had gone past it.
pub(crate) const PAST_A_GBCAST: &str = "
    a view G 1 a,b
    a send G g gbcast
    a send G m mbcast
    a deliver G m a
    a view G 2 a,b transitional=a,b
    a crash
    b view G 1 a,b
    b deliver G m a
    b view G 2 a,b transitional=a,b
    b view G 3 b transitional=b
    b settle
";

/// Nothing else goes past it.
pub(crate) const PAST_A_GBCAST_FAULTS: &[Fault] = &[Fault {
    broken: &[SelfDelivery, Fifo],
    edits: &[Replace("a send G m mbcast", "a send G m abcast")],
}];

/// b left with those of another part than c: no view says so of it.
pub(crate) const APART_AND_LEFT: &[Edit] = &[
    Drop("c deliver G x a"),
    After("c deliver H y b", "c deliver G x a"),
    After("c deliver G x a", "c view G 2:c c transitional=c"),
    After("b deliver G x a", "b left G"),
    After("a deliver G x a", "a view G 2:a a transitional=a"),
];

/// b casts in H after a's message in G, which c has when it closes its view of G alone.
pub(crate) const APART: &[Edit] = &[
    Drop("c deliver G x a"),
    After("c deliver H y b", "c deliver G x a"),
    After("c deliver G x a", "c view G 2:c c transitional=c"),
    After("b deliver G x a", "b view G 2:b a,b transitional=a,b"),
    After("a deliver G x a", "a view G 2:b a,b transitional=a,b"),
];

//! Questions and answers, a relaxed group, and one that goes nowhere.

use crate::Fault;
use crate::script::Edit::{After, Drop, Replace, Swap};
use horus::check::Property::*;

pub(crate) const STORY: &str = "
    a view L 1 a,b,c core=G
    a send L q1 abcast
    a deliver L q1 a
    a got_reply q1 r1 b
    a got_reply q1 r2 c
    a discard_replies q1
    b view L 1 a,b,c core=G
    b deliver L q1 a
    b reply q1 r1
    c view L 1 a,b,c core=G
    c deliver L q1 a
    c reply q1 r2
    all settle
";

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        broken: &[Reply],
        edits: &[
            Drop("a got_reply q1 r1 b"),
            After("a view L 1 a,b,c core=G", "a got_reply q1 r1 b"),
        ],
    },
    Fault { broken: &[Reply], edits: &[Drop("b reply q1 r1")] },
    Fault { broken: &[Reply], edits: &[After("a got_reply q1 r1 b", "a got_reply q1 r1 b")] },
    Fault { broken: &[Reply], edits: &[After("b reply q1 r1", "b got_reply q1 r2 c")] },
    Fault { broken: &[Reply], edits: &[Replace("a got_reply q1 r1 b", "a got_reply q1 r1 c")] },
    Fault { broken: &[Reply], edits: &[Swap("b deliver L q1 a", "b reply q1 r1")] },
    Fault { broken: &[Reply], edits: &[Swap("a got_reply q1 r2 c", "a discard_replies q1")] },
    Fault {
        broken: &[Reply],
        edits: &[
            Replace("c reply q1 r2", "c reply q1 r1"),
            Drop("a got_reply q1 r2 c"),
            Drop("a got_reply q1 r1 b"),
        ],
    },
];

/// Joins are not ordered, deliveries may be missing, but not misplaced.
pub(crate) const RELAXED: &str = "
    a view S 1 a core=G semantics=relaxed
    a send S x1 fbcast
    a send S x2 fbcast
    a send S x3 fbcast
    a deliver S x1 a
    a deliver S x3 a
    a view S 1 a,b core=G semantics=relaxed
    b view S 2 a,b core=G semantics=relaxed
    b deliver S x2 a
    b deliver S x3 a
    b stable S x1
    all settle
";

pub(crate) const RELAXED_FAULTS: &[Fault] = &[
    Fault { broken: &[LivenessMembers], edits: &[Drop("a view S 1 a,b core=G semantics=relaxed")] },
    Fault { broken: &[Fifo], edits: &[Swap("b deliver S x2 a", "b deliver S x3 a")] },
    Fault { broken: &[NoDuplicates], edits: &[After("b deliver S x3 a", "b deliver S x3 a")] },
    Fault { broken: &[Integrity], edits: &[Drop("a send S x2 fbcast")] },
    Fault {
        broken: &[LwgSubset],
        edits: &[Replace(
            "b view S 2 a,b core=G semantics=relaxed",
            "b view S 2 a,b core=G core_view=1 semantics=relaxed",
        )],
    },
    Fault {
        broken: &[InitialView, LwgNonmember, LivenessMembers],
        edits: &[After("b deliver S x2 a", "b left S")],
    },
    Fault {
        broken: &[LwgSubset],
        edits: &[After("b deliver S x2 a", "b view G 2 b"), Replace("b stable S x1", "b left G")],
    },
];

/// What was sent on the way to another core group, and nobody was told.
pub(crate) const NOWHERE: &str = "
    a view G 1 a,b
    a view L 1 a,b core=G core_view=1
    a send L m1 fbcast
    a deliver L m1 a
    a view G 2 a
    a send L m2 fbcast
    a left L
    b view G 1 a,b
    b view L 1 a,b core=G core_view=1
    b deliver L m1 a
    b left L
    b left G
    all settle
";

pub(crate) const NOWHERE_FAULTS: &[Fault] = &[
    Fault { broken: &[LwgSubset], edits: &[After("a send L m2 fbcast", "a deliver L m2 a")] },
    Fault {
        broken: &[SelfDelivery, LwgSubset],
        edits: &[Replace("a left L", "a view L 2 a core=G core_view=2")],
    },
];

/// What was sent just before a view that followed from the core group's was told; and what one
/// sent that died before it was told such a view, or right after and before that came.
pub(crate) const BEFORE: &str = "
    a view G 1 a,b
    a view L 1 a,b core=G core_view=1
    a view K 1 a,b core=G core_view=1
    a view J 1 a,b core=G core_view=1
    a view G 2 a
    a send J m3 fbcast
    a view J 2 a core=G core_view=2
    a send L m1 fbcast
    a view L 2 a core=G core_view=2
    a deliver L m1 a
    a send K m2 fbcast
    a crash
    b view G 1 a,b
    b view L 1 a,b core=G core_view=1
    b view K 1 a,b core=G core_view=1
    b view J 1 a,b core=G core_view=1
    b left L
    b left K
    b left J
    b left G
    all settle
";

pub(crate) const BEFORE_FAULTS: &[Fault] = &[
    Fault {
        broken: &[LwgSubset],
        edits: &[Swap("a view L 2 a core=G core_view=2", "a deliver L m1 a")],
    },
    Fault { broken: &[LwgSubset], edits: &[After("a send K m2 fbcast", "a deliver K m2 a")] },
    Fault { broken: &[LwgSubset], edits: &[After("a send J m3 fbcast", "a deliver J m3 a")] },
];

//! Three found a group and use all orders; c dies; a and b go on and use a light-weight group;
//! c comes back and gets their state.

use crate::Fault;
use crate::script::Edit::{After, Drop, Replace, Swap};
use horus::check::Property::*;

pub(crate) const STORY: &str = "
    a view G 1 a,b,c transitional=a primary=true
    a state G zero
    a send G f1 fbcast h=11
    a send G f2 fbcast view=1
    a send G m1 mbcast
    a deliver G m1 a
    a deliver G f1 a h=11 order=fbcast view=1
    a deliver G f2 a view=1
    a deliver G c1 b
    a send G c2 cbcast
    a deliver G c2 a
    a send G u1 abcast
    a deliver G t1 b
    a deliver G t2 c
    a deliver G u1 a
    a deliver G u2 b
    a deliver G g1 b
    a deliver G m2 c
    # queued while the view changes, and told later where it went
    a send G m3 mbcast
    a view G 2 a,b transitional=a,b primary=true
    a state G one
    a sent m3 2
    a deliver G m3 a view=2
    a view L 1 a,b core=G core_view=2
    a send L l1 abcast h=77
    a deliver L l1 a h=77
    a deliver L l2 b
    a view G 3 a,b,c#2 transitional=a,b primary=true
    a state G two
    a view L 2 a core=G core_view=3
    a send L l3 cbcast
    a deliver L l3 a
    a send G v1 abcast
    a deliver G v1 a
    a deliver G v2 b
    a deliver G m4 b

    b view G 1 a,b,c transitional=b primary=true
    b state G zero
    b send G c1 cbcast
    b deliver G c1 b
    b deliver G f1 a
    b deliver G f2 a
    b deliver G m1 a
    b deliver G c2 a
    b send G t1 abcast safe=true
    b deliver G t1 b safe=true
    b deliver G t2 c safe=true
    b send G u2 abcast
    b deliver G u1 a
    b deliver G u2 b
    b send G g1 gbcast
    b deliver G g1 b
    b deliver G m2 c
    b stable G t1
    b view G 2 a,b transitional=a,b primary=true
    b state G one
    b deliver G m3 a
    b view L 1 a,b core=G core_view=2
    b deliver L l1 a
    b send L l2 abcast
    b deliver L l2 b
    b view G 3 a,b,c#2 transitional=a,b primary=true
    b state G two
    b left L
    b send G v2 abcast
    b send G m4 mbcast
    b deliver G m4 b
    b deliver G v1 a
    b deliver G v2 b

    c view G 1 a,b,c transitional=c primary=true
    c state G zero
    c send G m2 mbcast
    c deliver G m2 c
    c send G t2 abcast safe=true
    c deliver G f1 a
    c deliver G f2 a
    c deliver G c1 b
    c deliver G c2 a
    c deliver G m1 a
    c deliver G t1 b
    c deliver G t2 c
    c deliver G u1 a
    c deliver G u2 b
    c crash

    c#2 start c#2
    c#2 join_req G
    c#2 view G 3 a,b,c#2 transitional=c#2 primary=true
    c#2 join_state G two from=a
    c#2 deliver G m4 b
    c#2 deliver G v1 a
    c#2 deliver G v2 b
    all settle
";

const CORE_2_AT_A: &str = "a view G 2 a,b transitional=a,b primary=true";
const CORE_2_AT_B: &str = "b view G 2 a,b transitional=a,b primary=true";
const LIGHT_1_AT_B: &str = "b view L 1 a,b core=G core_view=2";

pub(crate) const FAULTS: &[Fault] = &[
    // Views.
    Fault {
        broken: &[SelfInclusion],
        edits: &[After("b state G one", "b left K"), After("b state G one", "b view K 1 a")],
    },
    Fault {
        broken: &[LocalMonotony],
        edits: &[
            After("a state G one", "a left K"),
            After("a state G one", "a view K 2:y a"),
            After("a state G one", "a left K"),
            After("a state G one", "a view K 2:x a"),
        ],
    },
    Fault { broken: &[InitialView], edits: &[After("a state G zero", "a stable K f1")] },
    Fault { broken: &[InitialView], edits: &[Swap("c state G zero", CRASHED_VIEW)] },
    Fault { broken: &[ViewTag], edits: &[Replace("b deliver G f2 a", "b deliver G f2 a view=2")] },
    Fault {
        broken: &[ViewTag, SendingView],
        edits: &[Replace("a send G f2 fbcast view=1", "a send G f2 fbcast view=9")],
    },
    Fault { broken: &[ViewTag, SendingView], edits: &[Replace("a sent m3 2", "a sent m3 7")] },
    Fault {
        broken: &[ViewTag],
        edits: &[Replace(LIGHT_1_AT_B, "b view L 1 a,b core=G core_view=1")],
    },
    Fault {
        broken: &[ViewAgreement],
        edits: &[Replace(CORE_2_AT_B, "b view G 2 b,a transitional=a,b primary=true")],
    },
    Fault {
        broken: &[ViewAgreement],
        edits: &[After("a state G one", "a left K"), After("a state G one", "a view K 1 a,a")],
    },
    Fault {
        broken: &[Incarnation],
        edits: &[
            After("a state G one", "a left K"),
            After("a state G one", "a view K 2 a,c"),
            After("a state G one", "a view K 1 a,c#2"),
        ],
    },
    Fault {
        broken: &[Incarnation],
        edits: &[After("a state G one", "a left K"), After("a state G one", "a view K 1 a,c,c#2")],
    },
    Fault {
        broken: &[TransitionalSet],
        edits: &[Replace(CORE_2_AT_A, "a view G 2 a,b transitional=a primary=true")],
    },
    Fault {
        broken: &[TransitionalSet],
        edits: &[Replace(CORE_2_AT_A, "a view G 2 a,b transitional=b primary=true")],
    },
    Fault {
        broken: &[TransitionalSet],
        edits: &[Replace(CORE_2_AT_A, "a view G 2 a,b transitional=a,b,c primary=true")],
    },
    // Light-weight views.
    Fault {
        broken: &[ViewTag, LwgSubset],
        edits: &[
            After("a state G one", "a left N"),
            After("a state G one", "a view N 5 a core=K core_view=1:k"),
        ],
    },
    Fault {
        broken: &[ViewTag, LwgSubset],
        edits: &[
            After("b state G one", "b left K"),
            After("b state G one", "b left N"),
            After("b state G one", "b view N 5 b core=K core_view=1"),
            After("a state G one", "a left K"),
            After("a state G one", "a view K 1 a"),
        ],
    },
    Fault {
        broken: &[LwgSubset],
        edits: &[
            After("a state G one", "a left N"),
            After("a state G one", "a view N 5 a,c core=G core_view=2"),
        ],
    },
    Fault {
        broken: &[LwgSubset],
        edits: &[
            After("a state G one", "a left N"),
            After("a state G one", "a deliver N n1 a"),
            After("a state G one", "a send N n1 mbcast"),
            After("a state G zero", "a view N 1 a,c core=G core_view=1"),
        ],
    },
    Fault { broken: &[InitialView, LwgNonmember], edits: &[After("b left L", "b deliver L l3 a")] },
    Fault { broken: &[LwgAgreement], edits: &[Replace(LIGHT_1_AT_B, "b view L 1 a,b core=H")] },
    Fault {
        broken: &[ViewAgreement, LwgAgreement],
        edits: &[Replace(LIGHT_1_AT_B, "b view L 1 b,a core=G core_view=2")],
    },
    // States and primary views.
    Fault { broken: &[State], edits: &[Replace("b state G one", "b state G other")] },
    Fault {
        broken: &[State],
        edits: &[Replace("c#2 join_state G two from=a", "c#2 join_state G one from=a")],
    },
    Fault {
        broken: &[Primary],
        edits: &[Replace(CORE_2_AT_B, "b view G 2 a,b transitional=a,b primary=false")],
    },
    Fault {
        broken: &[Primary],
        edits: &[After("c#2 start c#2", "d crash"), After("c#2 start c#2", FOREIGN_PRIMARY)],
    },
    // The end.
    Fault { broken: &[LivenessView], edits: &[After("a state G zero", "a join_req K")] },
    Fault { broken: &[LivenessMembers], edits: &[After("a state G two", "a view K 1 a,c")] },
    Fault { broken: &[LivenessDelivery], edits: &[Drop("c#2 deliver G m4 b")] },
    Fault {
        broken: &[SelfDelivery, LivenessDelivery],
        edits: &[After("a state G two", "a send G lost mbcast")],
    },
];

const CRASHED_VIEW: &str = "c view G 1 a,b,c transitional=c primary=true";
const FOREIGN_PRIMARY: &str = "d view G 9 d primary=true";

//! c is cut off, works on alone, and comes back; d leaves after the mark.

use crate::Fault;
use crate::script::Edit::{After, Drop, Replace};
use horus::check::Property::*;

pub(crate) const STORY: &str = "
    a view K 1:a a,b,c
    a send K s1 abcast
    a deliver K s1 a
    a send K given-up mbcast
    a send_fail given-up
    a view K 2:a a,b transitional=a,b primary=true
    a send K s2 abcast
    a deliver K s2 a safe=true
    a view K 3:a a,b,c transitional=a,b
    a send K s3 mbcast self=false
    a stable K s2

    b view K 1:a a,b,c
    b deliver K s1 a
    b view K 2:a a,b transitional=a,b primary=true
    b deliver K s2 a
    b view K 3:a a,b,c transitional=a,b
    b deliver K s3 a

    c view K 1:a a,b,c
    c deliver K s1 a
    c view K 2:c c transitional=c primary=false
    c send K alone cbcast
    c deliver K alone c
    c view K 3:a a,b,c transitional=c
    c deliver K s3 a

    # d and e settle together; then d leaves, and e may or may not see it go
    d view M 1 d,e
    d send M d1 fbcast
    d deliver M d1 d
    e view M 1 d,e
    e deliver M d1 d
    d quiesce
    d left M
    e quiesce
    e view M 2 e

    # f has confirmed the primary view that g is told of, and dies before it is told itself
    f view P 1:f f primary=true
    f crash
    g view P 2:f f,g transitional=g primary=true
    g view P 3:g g transitional=g primary=false
    all settle
";

pub(crate) const FAULTS: &[Fault] = &[
    // f dies, but in no view with g; or had left; or had gone on without g.
    Fault {
        broken: &[Primary],
        edits: &[Replace(
            "g view P 2:f f,g transitional=g primary=true",
            "g view P 2:g g transitional=g primary=true",
        )],
    },
    Fault { broken: &[Primary], edits: &[After("f view P 1:f f primary=true", "f left P")] },
    Fault {
        broken: &[Primary],
        edits: &[After("f view P 1:f f primary=true", "f view P 3:f f transitional=f")],
    },
    // c skips its own component's view: straight, and by leaving a view that goes on with it.
    Fault {
        broken: &[Successor],
        edits: &[
            Drop("c view K 2:c c transitional=c primary=false"),
            Drop("c send K alone cbcast"),
            Drop("c deliver K alone c"),
        ],
    },
    Fault {
        broken: &[Successor],
        edits: &[
            Replace("b view K 3:a a,b,c transitional=a,b", "b view K 3:a a,b,c"),
            Replace("a view K 3:a a,b,c transitional=a,b", "a view K 3:a a,b,c"),
            After("b deliver K s2 a", "b left K"),
        ],
    },
    Fault {
        broken: &[Safe],
        edits: &[
            Drop("c deliver K s1 a"),
            Replace("a deliver K s1 a", "a deliver K s1 a safe=true"),
        ],
    },
    Fault {
        broken: &[Safe],
        edits: &[Drop("c deliver K s1 a"), After("a deliver K s2 a safe=true", "a stable K s1")],
    },
    Fault {
        broken: &[Integrity],
        edits: &[After("a send K s3 mbcast self=false", "a deliver K s3 a")],
    },
    Fault {
        broken: &[Primary],
        edits: &[Replace(
            "c view K 2:c c transitional=c primary=false",
            "c view K 2:c c transitional=c primary=true",
        )],
    },
    Fault {
        broken: &[LivenessView],
        edits: &[Drop("c view K 3:a a,b,c transitional=c"), Drop("c deliver K s3 a")],
    },
    Fault { broken: &[LivenessDelivery], edits: &[Drop("c deliver K s3 a")] },
    Fault { broken: &[LivenessDelivery], edits: &[Drop("e deliver M d1 d")] },
    Fault {
        broken: &[LivenessMembers],
        edits: &[
            Replace("e view M 1 d,e", "e view M 1 d,e,f"),
            Replace("d view M 1 d,e", "d view M 1 d,e,f"),
            Drop("e view M 2 e"),
        ],
    },
    Fault {
        broken: &[LivenessView],
        edits: &[
            Replace("d view M 1 d,e", "d view M 0 d,e"),
            Drop("d send M d1 fbcast"),
            Drop("d deliver M d1 d"),
            Drop("e deliver M d1 d"),
        ],
    },
];

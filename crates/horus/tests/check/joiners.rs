//! c and d come to a and b, and both get the state of a; what was told safe in a view in which all
//! ended.

use crate::Fault;
use crate::script::Edit::{After, Drop, Replace};
use horus::check::Property::*;

pub(crate) const STORY: &str = "
    a view G 1 a,b
    a state G zero
    b view G 1 a,b
    b state G zero
    a send G m fbcast
    a deliver G m a
    a view G 2 a,b,c,d transitional=a,b
    a state G one
    a send G n fbcast
    a deliver G n a
    b deliver G m a
    b view G 2 a,b,c,d transitional=a,b
    b state G one
    b deliver G n a
    c view G 2 a,b,c,d transitional=c
    c deliver G n a
    c join_state G one from=a
    d view G 2 a,b,c,d transitional=d
    d deliver G n a
    d join_state G one from=a
    all settle
";

pub(crate) const FAULTS: &[Fault] = &[
    // a told nothing of its own: c and d, or b, tell of it.
    Fault {
        broken: &[State],
        edits: &[
            Drop("a state G one"),
            Drop("b state G one"),
            Replace("d join_state G one from=a", "d join_state G two from=a"),
        ],
    },
    Fault {
        broken: &[State],
        edits: &[
            Drop("a state G one"),
            Replace("c join_state G one from=a", "c join_state G two from=a"),
            Replace("d join_state G one from=a", "d join_state G two from=a"),
        ],
    },
    Fault {
        broken: &[State],
        edits: &[Replace("d join_state G one from=a", "d join_state G one from=zz#9")],
    },
    // The state of a view told in the midst of it.
    Fault {
        broken: &[State],
        edits: &[Drop("b state G one"), After("b deliver G n a", "b state G one")],
    },
];

/// Nobody was marked; all ended well where they were.
pub(crate) const ENDED: &str = "
    a view G 1 a,b
    a send G m mbcast
    a deliver G m a
    a stable G m
    a send G n abcast safe=true
    a deliver G n a safe=true
    a end
    b view G 1 a,b
    b deliver G m a
    b deliver G n a safe=true
    b end
";

pub(crate) const ENDED_FAULTS: &[Fault] = &[
    Fault { broken: &[Safe], edits: &[Drop("b deliver G m a")] },
    Fault { broken: &[Safe], edits: &[Drop("b deliver G n a safe=true")] },
    Fault { broken: &[Safe], edits: &[After("a stable G m", "a stable G never")] },
];

/// b ended where it was cut off, with what it had not taken yet; a was alone by then.
pub(crate) const CUT_OFF: &str = "
    a view G 1 a,b
    a send G n abcast safe=true
    a deliver G n a safe=true
    a view G 2 a transitional=a
    a end
    b view G 1 a,b
    b end
";

/// Where nobody went on without it, it was not cut off.
pub(crate) const CUT_OFF_FAULTS: &[Fault] =
    &[Fault { broken: &[Safe], edits: &[Drop("a view G 2 a transitional=a")] }];

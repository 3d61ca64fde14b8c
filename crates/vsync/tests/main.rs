//! The tests of the kernel, in one program: what they share is built once.

mod across;
mod at_hand;
mod choked;
mod common;
mod fetching;
mod forgotten;
mod founding;
mod gate;
mod gate_bounds;
mod late;
mod many_groups;
mod overtaken;
mod past;
mod precedence;
mod rejoining;
mod repeating;
mod room;
mod scripts;
mod settled;
mod storm;
mod sure;
mod terms;

//! The tests of the roof, in one program: what they share is built once.

mod between;
mod contact;
mod core_groups;
mod examples;
mod handles;
mod hosted;
mod one_process;
mod operators;
mod slow;

//! The tests of light-weight groups, in one program: what they share is built once.

mod choked;
mod common;
mod entering;
mod gathering;
mod left_behind;
mod lost;
mod mapping;
mod moving;
mod orders;
mod parts;
mod relaxed;
mod room;
mod seeking;
mod sending;
mod silent;
mod storms;
mod table_one;
mod tombstones;
mod uniting;

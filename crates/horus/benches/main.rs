//! Benchmarks: every floor beside what it stands on, real processes on loopback, in one program.
//!
//! The program starts itself again for each process it needs: see `common/crew.rs`.

mod common;
mod muts;

use common::allocator::Counting;
use common::crew::role;
use common::options::Options;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    if let Some(role) = role() {
        return muts::play(&role);
    }
    let options = Options::read();
    if options.is_named("muts") {
        muts::all(&options);
    }
}

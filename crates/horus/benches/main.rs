//! Benchmarks: every floor beside what it stands on, real processes on loopback, in one program.
//!
//! The program starts itself again for each process it needs: see `common/crew.rs`.

mod common;
mod floors;
mod gate;
mod lwg;
mod member;
mod muts;
mod paper;
mod rival;
mod tools;
mod vsync;

use common::allocator::Counting;
use common::crew::role;
use common::options::Options;
use common::words::Words;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Lives as a member of a crew.
fn play(role: &Words) {
    match role.verb.as_str() {
        "udp" => muts::udp::run(role),
        "muts" => {
            member::run(
                role,
                floors::channels::Channels::default(),
                member::transport(role, member::proc(role.get("rank"))),
            );
        }
        "vsync" => floors::core_groups::run(role),
        "lwg" => floors::light::run(role),
        "tools" => floors::replicas::run(role),
        "api" => floors::api::run(role),
        "house" => gate::house::run(role),
        "client" => floors::core_groups::run_behind(role),
        "wakes" => gate::wakes::run(role),
        other => panic!("nobody plays `{other}`"),
    }
}

fn main() {
    if let Some(role) = role() {
        return play(&role);
    }
    let options = Options::read();
    if options.is_named("muts") {
        muts::all(&options);
    }
    if options.is_named("vsync") {
        vsync::all(&options);
    }
    if options.is_named("lwg") {
        lwg::all(&options);
    }
    if options.is_named("gate") {
        gate::all(&options);
    }
    if options.is_named("tools") {
        tools::all(&options);
    }
    // What is written into the documentation is asked for by name.
    if options.name == "paper" {
        paper::all(&options);
    }
}

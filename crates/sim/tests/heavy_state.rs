//! A heavy state: what the messages of a group notice of one that is on its way beside them.

use lwg::Members;
use muts::Duration;
use sim::{Carried, Intake, LightWorld, Trace, Ways, Wishes, light_world};
use tools::limits::BYTES_A_SECOND;
use vsync::Endpoint;

const HOSTS: usize = 3;
const STATE_BYTES: usize = 6 << 20;

/// A link of a hundred megabits, and a usual socket buffer: less than the pace allows.
const SLOW: Intake = Intake { byte_ns: 80, kept_bytes: 208 << 10 };
/// A link of a gigabit.
const FAST: Intake = Intake { byte_ns: 8, kept_bytes: 208 << 10 };

/// All are in one group that has a state of so many bytes, which comes to two of them from the
/// third, while all multicast. For how long at most a taker was told nothing.
fn longest_silence(bytes: usize, intake: Intake) -> Duration {
    let carried = Carried { bytes, command_chance: 0, bytes_a_second: BYTES_A_SECOND };
    let wishes = Wishes { carried: Some(carried), ..Wishes::steady() };
    let mut world = light_world(HOSTS, 1, wishes, Ways::default(), &Trace::off());
    world.network.set_intake(intake);
    (0..HOSTS).for_each(|host| world.start(host));
    world.run_for(Duration::from_secs(1));
    let members: Members = (0..HOSTS).map(|host| Endpoint::of(world.process(host))).collect();
    world.act(0, |client| _ = client.create(members));
    let deliveries = |world: &LightWorld| world.app(2).expect("it lives").diary.counted().0;
    let settled = |world: &LightWorld| {
        (0..HOSTS).all(|host| world.app(host).is_some_and(|app| app.states().count() == 1))
    };
    let begun = world.now();
    let (mut last, mut seen, mut longest) = (begun, 0, Duration::ZERO);
    let step = Duration::from_millis(1);
    while world.now().since(begun) < Duration::from_secs(2) || !settled(&world) {
        assert!(world.now().since(begun) < Duration::from_secs(60), "it never comes");
        world.run_for(step);
        let now_seen = deliveries(&world);
        if now_seen > seen {
            (last, seen) = (world.now(), now_seen);
        }
        if seen > 0 {
            longest = longest.max(world.now().since(last));
        }
    }
    longest
}

#[test]
fn messages_go_on_beside_a_state_that_comes_at_its_pace() {
    for intake in [FAST, SLOW] {
        let alone = longest_silence(100, intake);
        let beside = longest_silence(STATE_BYTES, intake);
        assert!(
            beside < alone + Duration::from_millis(20),
            "{alone:?} alone, {beside:?} beside it"
        );
    }
}

//! Hearing: tools in a group whose other members say what they please.

use bytes::Bytes;
use lwg::{Endpoint, GroupId, LwgId, Members, Order, SendId, Up, View, ViewId};
use muts::{Duration, Instant, Malformed, Message, Sink, Wire};
use names::{Directory, Resolver};
use tools::{Asks, Tool};

use super::pair::{Step, proc, steps};
use crate::allocator;

/// Bytes as a header.
struct Raw<'a>(&'a [u8]);

impl Wire for Raw<'_> {
    fn write(&self, into: &mut impl Sink) {
        into.extend_from_slice(self.0);
    }
    fn read(_: &mut &[u8]) -> Result<Self, Malformed> {
        Err(Malformed)
    }
}

fn member(node: u64) -> Endpoint {
    Endpoint::of(proc(node))
}

fn view(lwg: LwgId, counter: u64, members: &[Endpoint]) -> Box<View> {
    let members = Members::from_slice(members);
    Box::new(View {
        lwg,
        id: ViewId { counter, digest: 0 },
        transitional: Members::from_slice(&[member(1)]),
        members,
        core: GroupId(1),
        core_view: vsync::ViewId::default(),
        traits: lwg::Traits::PLAIN,
        previous: None,
        first: counter == 1,
    })
}

/// What somebody says: the first byte is how long the header is, the body follows it.
fn message(step: &Step<'_>) -> Message {
    let (head, rest) = step.bytes.split_first().unwrap_or((&0, &[]));
    let (head, body) = rest.split_at(usize::from(*head).min(rest.len()));
    let mut message = Message::new(Bytes::copy_from_slice(body));
    message.push(&Raw(head));
    message
}

/// Plays a group to a tool: views, multicasts, words to it alone, and time.
fn play(tool: &mut impl Tool, lwg: LwgId, bytes: &[u8]) {
    let (mut now, mut asks, mut counter) = (Instant::ZERO, Asks::new(), 1);
    let all = [member(1), member(2), member(3)];
    tool.hear(now, &Up::View(view(lwg, counter, &all)), &mut asks);
    for step in steps(bytes) {
        let from = member(1 + u64::from(step.number % 4));
        let id = ViewId { counter, digest: 0 };
        let heard = match step.what % 4 {
            0 | 1 => {
                let (send, message) = (SendId(u64::from(step.number)), message(&step));
                Up::Message {
                    lwg,
                    view: id,
                    from,
                    send,
                    order: Order::Total,
                    safe: false,
                    replies: true,
                    message,
                }
            }
            2 => Up::Told { lwg, from, message: message(&step) },
            _ if step.number < 8 => {
                now += Duration::from_millis(500);
                tool.wake(now, &mut asks);
                continue;
            }
            _ => {
                counter += 1;
                Up::View(view(lwg, counter, &all[..1 + usize::from(step.number) % 3]))
            }
        };
        tool.hear(now, &heard, &mut asks);
        while tool.answer().is_some() {}
        while asks.take().is_some() {}
    }
}

/// A directory of names, on its replica.
pub(super) fn directory(bytes: &[u8]) {
    let lwg = LwgId::minted(member(1), 0);
    let before = allocator::used();
    let mut directory = Directory::new(lwg, member(1));
    play(&mut directory, lwg, bytes);
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= (64 << 10) + 64 * bytes.len(), "{more} bytes in use for {}", bytes.len());
}

/// Who asks a directory.
pub(super) fn resolver(bytes: &[u8]) {
    let lwg = LwgId::minted(member(1), 0);
    let before = allocator::used();
    let (mut resolver, mut asks) = (Resolver::new(lwg, vec![member(2), member(3)], 0), Asks::new());
    for name in ["a", "b/c"] {
        let name = name.parse().expect("a name");
        resolver.resolve(Instant::ZERO, name, &mut asks).expect("few questions are open");
    }
    play(&mut resolver, lwg, bytes);
    let more = usize::try_from(allocator::used() - before).unwrap_or(0);
    assert!(more <= (64 << 10) + 64 * bytes.len(), "{more} bytes in use for {}", bytes.len());
}

//! Under way: what keeps a client's groups from being settled, of which its daemon knows.
//!
//! Takes: a client's question, a few times a second at most. Promises: the gauges that a process
//! with a kernel of its own has, under the same names. Keeps: nothing.

use muts::{Counted, Duration, Malformed, Sink, Wire};

use crate::kernel::Kernel;

/// A client that asks again sooner is not answered: each time all its groups are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How each of them is called, in the order of the bytes.
const NAMES: [&str; 4] = ["muts.unheard", "vsync.changing", "vsync.parted", "vsync.disagreeing"];

/// How much of each there is: daemons that were not heard for some heartbeats and are not silent
/// yet, groups in the middle of a change, groups in parts that are to come together, and peers that
/// see groups differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnderWay([u64; 4]);

impl UnderWay {
    /// What there is at this kernel, over this transport.
    pub(super) fn of<M: muts::Multicast>(kernel: &Kernel<M>, below: &impl Counted) -> Self {
        let mut all = [0; 4];
        let mut take = |name: &'static str, value: u64| {
            if let Some(at) = NAMES.iter().position(|known| *known == name) {
                all[at] = value;
            }
        };
        below.count(&mut take);
        kernel.count_unsettled(&mut take);
        Self(all)
    }
}

impl Counted for UnderWay {
    fn count(&self, each: &mut dyn FnMut(&'static str, u64)) {
        NAMES.iter().zip(self.0).for_each(|(name, value)| each(name, value));
    }
}

impl Wire for UnderWay {
    fn write(&self, into: &mut impl Sink) {
        self.0.iter().for_each(|value| value.write(into));
    }
    fn read(from: &mut &[u8]) -> Result<Self, Malformed> {
        let mut all = [0; 4];
        for value in &mut all {
            *value = u64::read(from)?;
        }
        Ok(Self(all))
    }
}

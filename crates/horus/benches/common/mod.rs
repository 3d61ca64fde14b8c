//! What all benchmarks share: figures beside their floors, real processes, the clock of the host.

pub(crate) mod allocator;
pub(crate) mod alternate;
pub(crate) mod clock;
pub(crate) mod crew;
pub(crate) mod figure;
pub(crate) mod measure;
pub(crate) mod options;
pub(crate) mod words;

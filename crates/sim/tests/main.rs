//! Tests in the pretended world, in one program: what they share is built once.

mod crowd;
mod every_step;
mod long_flush;
mod runs;
mod world;

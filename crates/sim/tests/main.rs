//! Tests in the pretended world, in one program: what they share is built once.

mod bystanders;
mod cliques;
mod crowd;
mod every_step;
mod flapping;
mod heavy_state;
mod joining_at_once;
mod long_flush;
mod many_hosts;
mod missed;
mod restarts;
mod runs;
mod rush;
mod stopped;
mod world;

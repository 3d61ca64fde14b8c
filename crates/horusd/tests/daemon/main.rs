//! A daemon as a process: its clients, its settings, its health and its keeper.

mod clients;
mod contact;
mod desk;
mod health;
mod house;
mod limits;
mod settings;
#[path = "../../../muts/tests/untried.rs"]
mod untried;
mod users;

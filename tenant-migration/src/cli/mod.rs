//! The deploy binary's command line: SeaORM's commands, `plan`, `adopt`, `verify` and `portability`.

mod adopt;
mod arguments;
mod connection;
mod error;
mod fleet;
mod portability;
mod run;
mod terminal;
mod verify;

pub use run::run;

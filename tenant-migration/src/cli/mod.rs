//! The deploy binary's command line: SeaORM's commands, `plan`, `adopt` and `verify`.

mod adopt;
mod arguments;
mod connection;
mod error;
mod fleet;
mod run;
mod terminal;
mod verify;

pub use run::run;

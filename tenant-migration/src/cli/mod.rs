//! The deploy binary's command line: SeaORM's commands, `plan`, `adopt`, `verify`, and who lives where.

mod adopt;
mod arguments;
mod catalog;
mod connection;
mod error;
mod fleet;
mod run;
mod terminal;
mod verify;

pub use run::run;

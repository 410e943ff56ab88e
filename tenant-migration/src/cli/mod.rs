//! The deploy binary's command line: SeaORM's commands, `plan`, `adopt`, `verify`, `portability`, and who lives where.

mod adopt;
mod arguments;
mod catalog;
mod connection;
mod error;
mod fleet;
mod portability;
mod run;
mod terminal;
mod verify;

pub use run::run;

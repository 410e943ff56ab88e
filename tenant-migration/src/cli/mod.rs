//! The deploy binary's command line: SeaORM's commands, `plan`, `adopt`, `verify`, `portability`, `audit`, and who lives where.

mod adopt;
mod arguments;
mod audit;
mod catalog;
mod connection;
mod error;
mod fleet;
mod portability;
mod run;
mod terminal;
mod verify;

pub use run::run;

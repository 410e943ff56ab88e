//! The deploy binary's command line: SeaORM's commands, and `plan`.

mod arguments;
mod connection;
mod error;
mod run;

pub use run::run;

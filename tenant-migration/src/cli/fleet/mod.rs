//! `--fleet FILE`: a command over many databases.

mod again;
mod arguments;
mod claims;
mod commands;
mod errand;
mod progress;
mod report_file;

pub(super) use arguments::FleetArguments;
pub(super) use commands::{plan, up, verify};

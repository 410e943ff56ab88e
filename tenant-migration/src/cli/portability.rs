//! `migrate portability`: what each server has of what the registry uses.

use clap::{Args, ValueEnum};

use super::run::print;
use crate::migrator::TenantMigrator;

/// What `portability` is told.
#[derive(Debug, Args)]
pub(super) struct PortabilityArguments {
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Prints the report. It is no judgement on a database: there is nothing that could fail.
pub(super) fn portability(migrator: &TenantMigrator, arguments: &PortabilityArguments) {
    let report = migrator.portability();
    print(&match arguments.format {
        Format::Text => report.to_string(),
        Format::Json => format!("{:#}\n", report.to_json()),
    });
}

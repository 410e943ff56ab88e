//! `migrate audit retain`: old months go, new ones come.

use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::Args;

use super::keys::SecretKey;
use crate::access_log::{AHEAD, RetentionPolicy};
use crate::cli::connection::{Target, connect};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::migrator::TenantMigrator;

/// A century: who means longer keeps everything.
const MOST_KEPT: u32 = 1_200;

/// Each month ahead is two tables: no more than ten years of them.
const MOST_AHEAD: i64 = 120;

/// What `audit retain` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct RetainArguments {
    /// Drop the months that ended so many months ago or more
    #[arg(long, value_name = "N", value_parser = months)]
    months: NonZeroU32,

    /// How many months are made ahead of the present one
    #[arg(long, value_name = "N", default_value_t = AHEAD, value_parser = clap::value_parser!(u32).range(..=MOST_AHEAD))]
    ahead: u32,

    /// Drop entries too that no seal covers, where nothing is ever sealed
    #[arg(long)]
    unsealed: bool,

    /// Say what would be made and dropped, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    key: SecretKey,
}

fn months(text: &str) -> Result<NonZeroU32, String> {
    let months = text.parse().ok().filter(|months: &NonZeroU32| months.get() <= MOST_KEPT);
    months.ok_or_else(|| format!("it is a number from 1 to {MOST_KEPT}"))
}

pub(in crate::cli) async fn retain(
    migrator: &TenantMigrator,
    how: &RetainArguments,
    target: Target<'_>,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let db = connect(target, schema).await?;
    let policy = RetentionPolicy::new(how.months).ahead(how.ahead);
    let policy = if how.unsealed { policy.even_unsealed() } else { policy };
    let plan = match how.dry_run {
        true => migrator.plan_retention(&db, policy).await?,
        false => migrator.retain(&db, policy, how.key.read_if_any()?.as_ref()).await?,
    };
    print(&plan.to_string());
    if plan.is_empty() {
        eprintln!("nothing to make, nothing to drop");
    }
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}

//! What each command does to one database, and says of it.

use std::process::ExitCode;

use sea_orm::DatabaseConnection;
use serde_json::json;
use sqlx::Connection;

use super::arguments::FleetArguments;
use super::claims::Claims;
use super::errand::errand;
use crate::cli::arguments::PlanArguments;
use crate::cli::error::CliError;
use crate::cli::verify::Inspection;
use crate::fleet::{FleetReport, Member, Outcome, Verdict};
use crate::migrator::TenantMigrator;
use crate::reach;
use crate::verify::Severity;

/// `up --fleet`.
pub(in crate::cli) async fn up(
    migrator: &TenantMigrator,
    arguments: &FleetArguments,
    schema: &str,
    num: Option<u32>,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("up", arguments, async |member| {
        let db = deploy(member, &claims, schema).await?;
        let applied = with_roles(migrator, member)?.up(&db, num).await?;
        db.close().await?;
        let verdict = if applied.is_empty() { Verdict::Ok } else { Verdict::Changed };
        Ok(Outcome::new(verdict).count("applied", applied.len()).details(json!({ "applied": applied })))
    });
    Ok(exit_code(report.await?, FleetReport::fails))
}

/// `plan --fleet`: what `up` would do to each.
pub(in crate::cli) async fn plan(
    migrator: &TenantMigrator,
    arguments: &PlanArguments,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("plan", &arguments.fleet, async |member| {
        let db = deploy(member, &claims, schema).await?;
        let migrator = with_roles(migrator, member)?;
        let mut pending = migrator.pending(&db).await?;
        let plan = migrator.plan(&db).await?;
        pending.extend(plan.changes().iter().map(|change| change.name().to_owned()));
        db.close().await?;
        let verdict = if pending.is_empty() { Verdict::Ok } else { Verdict::Differs };
        Ok(Outcome::new(verdict)
            .count("pending", pending.len())
            .remarks(pending.iter().map(|name| format!("pending: {name}")))
            .details(json!({ "pending": pending, "notes": plan.notes() })))
    });
    let fails = |report: &FleetReport| report.fails() || (arguments.check && report.differs());
    Ok(exit_code(report.await?, fails))
}

/// `verify --fleet`.
pub(in crate::cli) async fn verify(
    inspection: &Inspection<'_>,
    arguments: &FleetArguments,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("verify", arguments, async |member| {
        let mut connection = reach::look_at(member.url()).await?;
        claims.claim(member, &mut connection).await?;
        let report = inspection.for_roles(member.roles())?.of(connection, member.url().place()).await?;
        let counts = report.counts();
        let errors = report.findings().iter().filter(|finding| finding.severity == Severity::Error);
        Ok(Outcome::new(if report.fails() { Verdict::Findings } else { Verdict::Ok })
            .count("errors", counts.errors)
            .count("warnings", counts.warnings)
            .count("notes", counts.notes)
            .count("accepted", counts.accepted)
            .remarks(errors.map(ToString::to_string))
            .details(report.to_json()))
    });
    Ok(exit_code(report.await?, FleetReport::fails))
}

/// A deploy of a database that no other member has claimed. It isn't begun before that is known: the other member's lock
/// would keep it waiting.
async fn deploy(member: &Member, claims: &Claims, schema: &str) -> Result<DatabaseConnection, CliError> {
    let mut connection = reach::look_at(member.url()).await?;
    claims.claim(member, &mut connection).await?;
    // All that was wanted has been done.
    drop(connection.close().await);
    Ok(reach::connect(member.url(), schema).await?)
}

/// The migrator for a database's own roles.
fn with_roles(migrator: &TenantMigrator, member: &Member) -> Result<TenantMigrator, CliError> {
    Ok(migrator.with_roles(member.roles().unwrap_or(migrator.roles()).clone())?)
}

fn exit_code(report: Option<FleetReport>, fails: impl FnOnce(&FleetReport) -> bool) -> ExitCode {
    if report.as_ref().is_some_and(fails) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

//! What each command does to one database, and says of it.

use std::process::ExitCode;

use sea_orm::DatabaseConnection;
use serde_json::json;
use sqlx::Connection;
use tenant_core::Transport;

use super::arguments::FleetArguments;
use super::claims::Claims;
use super::errand::errand;
use crate::cli::arguments::PlanArguments;
use crate::cli::connection::{connect_to, look_at};
use crate::cli::error::CliError;
use crate::cli::verify::Inspection;
use crate::fleet::{FleetReport, Member, Outcome, Verdict};
use crate::migrator::TenantMigrator;
use crate::verify::Severity;

/// `up --fleet`.
pub(in crate::cli) async fn up(
    migrator: &TenantMigrator,
    arguments: &FleetArguments,
    transport: Transport,
    schema: &str,
    num: Option<u32>,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("up", arguments, async |member| {
        let db = deploy(member, &claims, transport, schema).await?;
        let applied = migrator.up(&db, num).await?;
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
    transport: Transport,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("plan", &arguments.fleet, async |member| {
        let db = deploy(member, &claims, transport, schema).await?;
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
    inspection: &Inspection,
    arguments: &FleetArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let claims = Claims::default();
    let report = errand("verify", arguments, async |member| {
        let mut connection = look_at(member.url(), transport).await?;
        claims.claim(member, &mut connection).await?;
        let report = inspection.of(connection, member.url().place()).await?;
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
async fn deploy(
    member: &Member,
    claims: &Claims,
    transport: Transport,
    schema: &str,
) -> Result<DatabaseConnection, CliError> {
    let mut connection = look_at(member.url(), transport).await?;
    claims.claim(member, &mut connection).await?;
    // All that was wanted has been done.
    drop(connection.close().await);
    connect_to(member.url(), transport, schema).await
}

fn exit_code(report: Option<FleetReport>, fails: impl FnOnce(&FleetReport) -> bool) -> ExitCode {
    if report.as_ref().is_some_and(fails) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

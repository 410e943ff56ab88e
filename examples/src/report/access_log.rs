//! Who did what with an organisation's rows, and that nobody can change what is said of it unnoticed.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use comfy_table::Cell;
use entities::user;
use sea_orm::EntityTrait;
use tenant_core::{AccessKind, AccessLog, AccessPage, UserId};
use tenant_migration::audit::{AuditReport, FindingKind};

use super::lines::{abridged, number, say, table};
use crate::{SampleOrganization, SealedLog, Stage};

/// Enough for something of each kind.
const PAGE: u32 = 20;

/// Shows the newest page of an organisation's access log, as its own connection reads it.
///
/// # Errors
/// The database's error, or a kind of entry that the page lacks.
pub async fn access_log(stage: &Stage, organization: &SampleOrganization) -> Result<AccessPage> {
    stage.logged().await?;
    let db = &organization.db;
    let page = AccessLog::of(db).page_size(PAGE).page(None).await?;
    let users = user::Entity::find().all(db).await?.into_iter();
    let names: HashMap<UserId, String> = users.map(|user| (UserId::new(user.id), user.name)).collect();
    let mut table = table(&["entry", "time (UTC)", "what", "tables", "rows, or times", "by", "refused because"]);
    for entry in &page.entries {
        let by = entry.user.and_then(|user| names.get(&user)).map(String::as_str);
        table.add_row([
            number(entry.entry),
            Cell::new(entry.at.format("%H:%M:%S%.3f")),
            Cell::new(entry.kind),
            Cell::new(entry.tables.join(", ")),
            number(entry.touched.map(|touched| touched.to_string()).unwrap_or_default()),
            Cell::new(by.unwrap_or_default()),
            Cell::new(abridged(entry.reason.as_deref().unwrap_or_default())),
        ]);
    }
    say(format_args!("\nThe newest page of {}'s access log, as {0} itself reads it:\n{table}", organization.name))?;
    let has = |is_it: fn(&AccessKind) -> bool| page.entries.iter().any(|entry| is_it(&entry.kind));
    ensure!(has(|kind| matches!(kind, AccessKind::Insert | AccessKind::Delete)), "no write is in the access log");
    ensure!(has(|kind| *kind == AccessKind::Read), "no read is in the access log");
    ensure!(has(|kind| *kind == AccessKind::Denial), "no denial is in the access log");
    Ok(page)
}

/// Seals the log, changes the newest denial that was shown as only a superuser can, and says whether that was found and named.
///
/// # Errors
/// When the log can't be sealed, verified or changed.
pub async fn sealed_log(log: &SealedLog<'_>, shown: &AccessPage) -> Result<bool> {
    log.seal().await?;
    let before = log.verify().await?;
    say(format_args!(
        "\nThe log is sealed with a key that the database doesn't have, and verified:\n  {}",
        indented(&before)
    ))?;
    if !before.is_clean() {
        return Ok(false);
    }
    let denial = shown.entries.iter().find(|entry| entry.kind == AccessKind::Denial).context("no denial was shown")?;
    let entry = denial.entry;
    log.tamper(entry).await?;
    let after = log.verify().await?;
    say(format_args!(
        "A superuser takes away the trigger that keeps the log, has entry {entry} say that nothing was refused, and puts the trigger \
         back:\n  {}",
        indented(&after)
    ))?;
    let is_named =
        matches!(after.findings(), [one] if one.kind == FindingKind::EntryChanged && one.entry == Some(entry));
    say(if is_named {
        format!("Verifying named entry {entry} as changed.")
    } else {
        format!("VERIFYING DID NOT NAME entry {entry}, which was changed.")
    })?;
    Ok(is_named)
}

/// A report below the line that announces it.
fn indented(report: &AuditReport) -> String {
    report.to_string().trim_end().replace('\n', "\n  ")
}

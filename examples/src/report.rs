//! What the demonstration does and shows, step by step.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use entities::{docking_job, job_result, molecule};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, QueryOrder};
use tenant_core::{PlacementKind, PlacementState, TenantConnection, TenantContext, TenantId, UserId};
use tenant_migration::catalog::TenantName;
use uuid::Uuid;

use crate::attempts::{self, Outcome, Scene};
use crate::{Drug, Estate, Ligand, SampleOrganization, Stage, load_drugs, load_ligands};

/// Says a line.
///
/// # Errors
/// When nobody listens any more, as in `demo | head`: no reason to panic.
pub fn say(line: impl Display) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// Divides the drugs and ligands among the organisations and loads them.
///
/// # Errors
/// The database's error; the organisation it happened for then has nothing of the file.
pub async fn load(organizations: &[SampleOrganization], drugs: &[Drug], ligands: &[Ligand]) -> Result<()> {
    let bar = ProgressBar::new(drugs.len() as u64);
    bar.set_style(ProgressStyle::with_template("Loading {bar:40} {pos}/{len} molecules, {per_sec}")?);
    let share = |count: usize| count.div_ceil(organizations.len()).max(1);
    let mut drugs = drugs.chunks(share(drugs.len()));
    let mut ligands = ligands.chunks(share(ligands.len()));
    for organization in organizations {
        load_drugs(organization, drugs.next().unwrap_or_default(), |added| bar.inc(added)).await?;
        load_ligands(organization, ligands.next().unwrap_or_default()).await?;
    }
    bar.finish();
    Ok(())
}

/// Shows what each organisation sees: the same questions, each through its own connection.
///
/// # Errors
/// The database's error.
pub async fn views(organizations: &[SampleOrganization]) -> Result<()> {
    let mut table = table(&["organisation", "molecules", "first approved", "docking jobs", "best energy (kJ/mol)"]);
    for organization in organizations {
        let db = &organization.db;
        let molecules = molecule::Entity::find().count(db).await?;
        let oldest = molecule::Entity::find().order_by_asc(molecule::Column::FirstApproval).one(db).await?;
        let jobs = docking_job::Entity::find().count(db).await?;
        let best = job_result::Entity::find().order_by_asc(job_result::Column::PotentialEnergy).one(db).await?;
        let oldest = oldest.and_then(|drug| Some(format!("{} ({})", drug.name, drug.first_approval?)));
        table.add_row([
            Cell::new(&organization.name),
            number(molecules),
            Cell::new(oldest.unwrap_or_default()),
            number(jobs),
            number(best.map(|result| format!("{:.1}", result.potential_energy)).unwrap_or_default()),
        ]);
    }
    say(format_args!("\nEach organisation's view, from the same four statements without any filter in them:\n{table}"))
}

/// Shows an insert that receives its organisation by itself.
///
/// # Errors
/// The database's error.
pub async fn stamped_insert(organization: &SampleOrganization) -> Result<()> {
    let made = molecule::ActiveModel {
        id: Set(Uuid::now_v7()),
        external_ref: Set("IN-HOUSE-1".to_owned()),
        name: Set("in-house lead".to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
    .insert(&organization.db)
    .await?;
    let mut table = table(&["molecule inserted without an organisation", "organization_id it received", "that is"]);
    table.add_row([made.name, made.organization_id.to_string(), organization.name.clone()]);
    say(format_args!("\n{table}"))
}

/// Tries to cross from the first organisation to the second, shows what stopped each attempt, and says whether all
/// were stopped.
///
/// # Errors
/// A database error outside the attempts themselves.
pub async fn attempts(stage: &Stage, organizations: &[SampleOrganization]) -> Result<bool> {
    let [attacker, victim, ..] = organizations else { anyhow::bail!("two organisations are needed") };
    let scene = Scene::set(attacker.clone(), victim.clone(), stage.application_url()).await?;
    let attempts = attempts::all(&scene).await?;
    let mut table = table(&["attempt", "how", "stopped by", "saying"]);
    for attempt in &attempts {
        let (by, saying) = match &attempt.outcome {
            Outcome::Stopped { by, saying } => (by.to_string(), saying.clone()),
            Outcome::Crossed(how) => ("NOTHING".to_owned(), how.clone()),
            Outcome::Unclear(failure) => ("UNCLEAR".to_owned(), failure.clone()),
        };
        table.add_row([attempt.goal.to_owned(), attempt.means.to_owned(), by, abridged(&saying)]);
    }
    say(format_args!("\n{} tries to reach {}:\n{table}", attacker.name, victim.name))?;
    let stopped = attempts.iter().filter(|attempt| attempt.outcome.is_stopped()).count();
    say(format_args!("{stopped} of {} attempts were stopped.", attempts.len()))?;
    Ok(stopped == attempts.len())
}

/// Gives a further organisation a database of its own, serves all of them through one router, and suspends one; says whether
/// each saw its own rows alone.
///
/// # Errors
/// When the catalog or the database can't be made, or a statement fails that shouldn't.
pub async fn estate(estate: &Estate, organizations: &[SampleOrganization], drugs: &[Drug]) -> Result<bool> {
    for organization in organizations {
        estate.enter(organization).await?;
    }
    let (id, user) = (TenantId::new(Uuid::now_v7()), UserId::new(Uuid::now_v7()));
    let name = "Delta Labs";
    say(format_args!("\n{name} gets a database of its own:"))?;
    for step in estate.dedicate(id, name).await? {
        say(format_args!("  {step}"))?;
    }
    let router = estate.router().await?;
    let delta = SampleOrganization::fill(router.connect(TenantContext::new(id).user(user)).await?, user, name).await?;
    let own = &drugs[..drugs.len().min(100)];
    load_drugs(&delta, own, |_| ()).await?;

    let mut table = table(&["organisation", "molecules", "connections that its database's pool has open"]);
    for organization in organizations.iter().chain([&delta]) {
        let db = router.connect(TenantContext::new(organization.id)).await?;
        let molecules = molecule::Entity::find().count(&db).await?;
        let at = if organization.id == id { PlacementKind::Dedicated } else { PlacementKind::Shared };
        let pools = router.placements().into_iter().filter(|placement| placement.kind == at);
        let open = pools.map(|placement| match placement.state {
            PlacementState::Open(pool) => {
                format!("{}: {} of at most {}", placement.name, pool.open, pool.max_connections)
            }
            _ => placement.name.to_string(),
        });
        table.add_row([Cell::new(&organization.name), number(molecules), Cell::new(open.collect::<String>())]);
    }
    say(format_args!("\nOne router serves all of them, wherever they live:\n{table}"))?;
    let sees = molecule::Entity::find().count(&delta.db).await?;

    let suspended = &organizations[0];
    let db = router.connect(TenantContext::new(suspended.id)).await?;
    let tenant = TenantName::Id(suspended.id);
    let mut editor = estate.editor().await?;
    editor.suspend(&tenant).await?;
    let refusal = refusal(&db).await;
    editor.resume(&tenant).await?;
    editor.close().await;
    let is_refused = refusal.is_some();
    let said = refusal.unwrap_or_else(|| "it went on".to_owned());
    say(format_args!("\n{} is suspended, and its next statement says:\n  {said}", suspended.name))?;
    router.close().await;
    Ok(is_refused && sees == own.len() as u64)
}

/// What a connection says once it is refused; nothing if it isn't within two seconds.
async fn refusal(db: &TenantConnection) -> Option<String> {
    let is_told = async {
        loop {
            match molecule::Entity::find().count(db).await {
                Err(failure) => return failure.to_string(),
                Ok(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), is_told).await.ok()
}

/// Enough of a message for a line of the table.
fn abridged(text: &str) -> String {
    const LONGEST: usize = 76;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

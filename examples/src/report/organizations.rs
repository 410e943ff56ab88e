//! Organisations that share a database: their rows, and what each sees.

use anyhow::Result;
use comfy_table::Cell;
use entities::{docking_job, job_result, molecule};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, QueryOrder};
use uuid::Uuid;

use super::lines::{number, say, table};
use crate::{Drug, Ligand, SampleOrganization, load_drugs, load_ligands};

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

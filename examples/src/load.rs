//! Loading molecules and jobs for one organisation: multi-row inserts in one transaction.

use entities::{docking_job, job_result, molecule, pipeline};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::prelude::Utc;
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, TransactionSession, TransactionTrait};
use uuid::Uuid;

use crate::{Drug, Ligand, SampleOrganization};

/// Rows of one INSERT: with a dozen columns far below the protocol's 65,535 parameters, and large enough that more
/// rows at a time gain little.
const ROWS: usize = 200;

/// Adds drugs to the organisation's molecules, all or none. `progress` is told how many were added, batch by batch.
///
/// # Errors
/// The database's error; then none was added.
pub async fn load_drugs(
    organization: &SampleOrganization,
    drugs: &[Drug],
    progress: impl Fn(u64),
) -> Result<(), DbErr> {
    let transaction = organization.db.begin().await?;
    for batch in drugs.chunks(ROWS) {
        let rows = batch.iter().map(|drug| molecule::ActiveModel {
            id: Set(Uuid::now_v7()),
            external_ref: Set(drug.chembl_id.clone()),
            name: Set(drug.name.clone()),
            molecule_type: Set(drug.molecule_type.clone()),
            first_approval: Set(drug.first_approval),
            smiles: Set(Some(drug.smiles.clone())),
            ..Default::default()
        });
        molecule::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        progress(batch.len() as u64);
    }
    transaction.commit().await
}

/// Adds ligands as molecules, each with a finished docking job against CDK2 and its result, all or none.
///
/// # Errors
/// The database's error; then none was added.
pub async fn load_ligands(organization: &SampleOrganization, ligands: &[Ligand]) -> Result<(), DbErr> {
    if ligands.is_empty() {
        return Ok(());
    }
    let transaction = organization.db.begin().await?;
    let pipeline = pipeline::ActiveModel {
        id: Set(Uuid::now_v7()),
        name: Set("OPLS-2005 minimisation".to_owned()),
        definition: Set(serde_json::json!({"force_field": "OPLS-2005", "steps": ["prepare", "dock", "minimise"]})),
        created_by: Set(Some(organization.user.as_uuid())),
        ..Default::default()
    }
    .insert(&transaction)
    .await?;
    let ids: Vec<(Uuid, Uuid)> = ligands.iter().map(|_| (Uuid::now_v7(), Uuid::now_v7())).collect();
    let molecules = ligands.iter().zip(&ids).map(|(ligand, (molecule, _))| molecule::ActiveModel {
        id: Set(*molecule),
        external_ref: Set(ligand.zinc_id.clone()),
        name: Set(format!("{} (CDK2 cluster {})", ligand.zinc_id, ligand.cluster)),
        molecule_type: Set("Ligand".to_owned()),
        ..Default::default()
    });
    let jobs = ids.iter().map(|(molecule, job)| docking_job::ActiveModel {
        id: Set(*job),
        molecule_id: Set(Some(*molecule)),
        pipeline_id: Set(Some(pipeline.id)),
        target_code: Set("CDK2".to_owned()),
        status: Set(docking_job::Status::Succeeded),
        finished_at: Set(Some(Utc::now())),
        ..Default::default()
    });
    let results = ligands.iter().zip(&ids).map(|(ligand, (_, job))| job_result::ActiveModel {
        id: Set(Uuid::now_v7()),
        job_id: Set(*job),
        atoms: Set(ligand.atoms),
        potential_energy: Set(ligand.potential_energy),
        rms_derivative: Set(ligand.rms_derivative),
        ..Default::default()
    });
    molecule::Entity::insert_many(molecules).exec_without_returning(&transaction).await?;
    docking_job::Entity::insert_many(jobs).exec_without_returning(&transaction).await?;
    job_result::Entity::insert_many(results).exec_without_returning(&transaction).await?;
    transaction.commit().await
}

//! Organisations in several databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use comfy_table::Cell;
use entities::molecule;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait, Set};
use tenant_core::{PlacementKind, PlacementState, TenantConnection, TenantContext, TenantId, UserId};
use tenant_migration::catalog::TenantName;
use uuid::Uuid;

use super::lines::{number, say, table};
use crate::{Drug, Estate, SampleOrganization, load_drugs};

/// Gives a further organisation a database of its own, serves all of them through one router, suspends one, and has another move;
/// says whether each saw its own rows alone, and all of them.
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
    let is_whole = moved(estate, &delta).await?;
    router.close().await;
    Ok(is_refused && is_whole && sees == own.len() as u64)
}

/// Has an organisation move to the shared database while it writes; says whether it has there what it had, and what it wrote.
async fn moved(estate: &Estate, organization: &SampleOrganization) -> Result<bool> {
    let before = molecule::Entity::find().count(&organization.db).await?;
    let done = Arc::new(AtomicBool::new(false));
    let writing = {
        let (db, done) = (organization.db.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let mut written = 0;
            while !done.load(Ordering::Relaxed) {
                let id = Uuid::now_v7();
                let row = molecule::ActiveModel {
                    id: Set(id),
                    external_ref: Set(id.to_string()),
                    name: Set("written meanwhile".to_owned()),
                    molecule_type: Set("Small molecule".to_owned()),
                    ..Default::default()
                };
                molecule::Entity::insert(row).exec_without_returning(&db).await?;
                written += 1;
            }
            Ok::<_, DbErr>(written)
        })
    };
    let moved = estate.share(organization.id).await;
    done.store(true, Ordering::Relaxed);
    let written: u64 = writing.await??;
    let (compared, pause) = moved?;
    let after = molecule::Entity::find().count(&organization.db).await?;
    say(format_args!(
        "\n{} moves to the shared database while it writes: {compared} rows compared in both homes, its statements waited for \
         {pause} ms, and of {written} rows that it wrote meanwhile none failed",
        organization.name
    ))?;
    Ok(after == before + written)
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

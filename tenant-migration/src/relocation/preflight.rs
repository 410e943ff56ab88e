//! Whether an organisation can be moved, before anything is done.

use tenant_core::{OrganizationStatus, PlacementKind, PlacementName, TenantId};

use super::error::MoveError;
use crate::catalog::{CatalogEditError, CatalogEditor, OrganizationRecord};
use crate::holdings::Holdings;
use crate::provision::Check;
use crate::site::Site;

/// By the catalog alone.
pub(super) async fn organization(
    catalog: &mut CatalogEditor,
    organization: &OrganizationRecord,
    target: &PlacementName,
) -> Result<(), MoveError> {
    let tenant = organization.id;
    if !matches!(organization.status, OrganizationStatus::Active | OrganizationStatus::Suspended) {
        return Err(MoveError::Status { tenant, status: organization.status });
    }
    if organization.placement == *target {
        return Err(MoveError::AtHome { tenant, placement: target.clone() });
    }
    let placement = catalog.placement(target).await?;
    if placement.kind == PlacementKind::Dedicated {
        let all = catalog.organizations(None, Some(target)).await?;
        if let Some(other) = all.iter().find(|other| other.status != OrganizationStatus::Archived) {
            return Err(CatalogEditError::Dedicated { placement: target.clone(), id: other.id }.into());
        }
    }
    Ok(())
}

/// By both databases. The source's tables.
pub(super) async fn sides(source: &Site, target: &Site, tenant: TenantId) -> Result<Holdings, MoveError> {
    if source.url.place() == target.url.place() {
        let place = target.url.place().clone();
        return Err(MoveError::SameDatabase {
            source_placement: source.name().clone(),
            target: target.name().clone(),
            place,
        });
    }
    for side in [source, target] {
        // Rows of others in a dedicated placement are in the way of whoever comes, and not of whoever leaves.
        let kind = if std::ptr::eq(side, target) { side.placement.kind } else { PlacementKind::Shared };
        let placement = crate::catalog::PlacementRecord { kind, ..side.placement.clone() };
        let check =
            Check { migrator: &side.migrator, placement: &placement, url: &side.url, schema: "public", accepted: None };
        check.run(tenant).await?;
    }
    let (mut here, mut there) = (source.open().await?, target.open().await?);
    let (holdings, others) = (source.holdings(&mut here).await?, target.holdings(&mut there).await?);
    let differences = holdings.differences(&others);
    if !differences.is_empty() {
        let differences = differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        return Err(MoveError::Unlike {
            source_placement: source.name().clone(),
            target: target.name().clone(),
            differences,
        });
    }
    let mut inhabited = Vec::new();
    for holding in others.iter() {
        if holding.has_rows(&mut there, tenant).await.map_err(|error| target.failed(error))? {
            inhabited.push(holding.name.to_string());
        }
    }
    if inhabited.is_empty() {
        return Ok(holdings);
    }
    Err(MoveError::Inhabited { placement: target.name().clone(), tenant, tables: inhabited.join(", ") })
}

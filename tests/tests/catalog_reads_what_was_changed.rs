//! A program reads the catalog as `tenancy_router`, and is told of every change that is committed.

use std::time::Duration;

use sea_orm::{ConnectionTrait, TransactionTrait};
use tenant_core::{
    Catalog, CatalogChange, CatalogError, CatalogListener, OrganizationStatus, PlacementKind, PostgresCatalog, Tier,
};
use tenant_migration::catalog::TenantName;

use crate::support::{Office, empty_database, execute, tenant};

#[tokio::test]
async fn all_of_it_and_one_organisation() {
    let office = Office::new().await;
    office.organization(1, "active", "eu").await;
    office.editor().await.set_tier(&TenantName::Id(tenant(1)), Tier::Large).await.expect("set");
    execute(
        &office.admin,
        "UPDATE tenancy_catalog.placements SET hosts = '{a,b:1}', max_connections = 9 WHERE name = 'eu'",
    )
    .await;
    let catalog = office.reader();
    let state = catalog.read().await.expect("read");
    let [organization] = &state.organizations[..] else { panic!("{state:?}") };
    assert_eq!((organization.id, organization.tier, organization.epoch), (tenant(1), Tier::Large, 2));
    assert_eq!((organization.status, organization.placement.as_str()), (OrganizationStatus::Active, "eu"));
    let mut placements = state.placements.clone();
    placements.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!((placements[0].hosts.len(), placements[0].max_connections), (2, Some(9)));
    assert_eq!(placements[1].kind, PlacementKind::Dedicated);
    assert_eq!(catalog.organization(tenant(1)).await.expect("read").as_ref(), Some(organization));
    assert_eq!(catalog.organization(tenant(2)).await.expect("read"), None);
}

#[tokio::test]
async fn what_was_begun_before_the_mark_and_committed_after_it() {
    let office = Office::new().await;
    office.organization(1, "active", "eu").await;
    office.organization(2, "active", "eu").await;
    let open = office.admin.begin().await.expect("begun");
    open.execute_unprepared("UPDATE tenancy_catalog.organizations SET tier = 'large' WHERE name = 'n1'")
        .await
        .expect("changed");
    // A later one that is committed before.
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET tier = 'medium' WHERE name = 'n2'").await;
    let catalog = office.reader();
    let state = catalog.read().await.expect("read");
    open.commit().await.expect("committed");
    let since = catalog.read_since(state.mark).await.expect("read");
    assert!(since.organizations.iter().any(|found| found.id == tenant(1) && found.tier == Tier::Large), "{since:?}");
    assert_eq!(since.placements.len(), 2);
    let later = catalog.read_since(since.mark).await.expect("read");
    assert!(later.organizations.iter().all(|found| found.id != tenant(1)), "and once is enough: {later:?}");
}

async fn next(listener: &mut Box<dyn CatalogListener>) -> CatalogChange {
    tokio::time::timeout(Duration::from_secs(10), listener.next()).await.expect("told in time").expect("told")
}

#[tokio::test]
async fn each_change_is_told() {
    let office = Office::new().await;
    let mut listener = office.reader().listen().await.expect("listening");
    office.organization(1, "active", "eu").await;
    assert_eq!(next(&mut listener).await, CatalogChange::Organization(tenant(1)), "made");
    office.editor().await.suspend(&TenantName::Id(tenant(1))).await.expect("suspended");
    assert_eq!(next(&mut listener).await, CatalogChange::Organization(tenant(1)), "changed");
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET status = 'archived'").await;
    execute(&office.admin, "DELETE FROM tenancy_catalog.organizations").await;
    assert_eq!(next(&mut listener).await, CatalogChange::Organization(tenant(1)), "archived");
    assert_eq!(next(&mut listener).await, CatalogChange::Organization(tenant(1)), "deleted");
    for change in [
        "UPDATE tenancy_catalog.placements SET max_connections = 3",
        "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('us', 'shared')",
        "DELETE FROM tenancy_catalog.placements WHERE name = 'us'",
    ] {
        execute(&office.admin, change).await;
        assert_eq!(next(&mut listener).await, CatalogChange::Placements, "{change}");
    }
    let many = |rows: u32| {
        format!("INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
                 SELECT gen_random_uuid(), 'm{rows}-' || n, 'small', 'active', 'eu' FROM generate_series(1, {rows}) AS n")
    };
    // Nothing is told of nothing.
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET tier = 'large' WHERE false").await;
    execute(&office.admin, "DELETE FROM tenancy_catalog.placements WHERE false").await;
    execute(&office.admin, &many(101)).await;
    assert_eq!(next(&mut listener).await, CatalogChange::Everything);
    execute(&office.admin, &many(100)).await;
    for _ in 0..100 {
        assert!(matches!(next(&mut listener).await, CatalogChange::Organization(_)));
    }
    let nothing = tokio::time::timeout(Duration::from_millis(300), listener.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let (_admin, database) = empty_database().await;
    let url = database.superuser_url();
    let missing = PostgresCatalog::new(&url).expect("a URL").read().await.expect_err("none");
    assert!(matches!(missing, CatalogError::Missing { .. }), "{missing}");

    let office = Office::new().await;
    execute(&office.admin, "REVOKE SELECT ON tenancy_catalog.organizations FROM tenancy_router").await;
    let forbidden = office.reader().read().await.expect_err("no right");
    assert!(matches!(forbidden, CatalogError::Forbidden { .. }), "{forbidden}");
    assert!(matches!(office.reader().organization(tenant(1)).await, Err(CatalogError::Forbidden { .. })));

    let nowhere = PostgresCatalog::new("postgres://u@127.0.0.1:1/d").expect("a URL").read().await.expect_err("nobody");
    assert!(matches!(nowhere, CatalogError::Unreachable { .. }), "{nowhere}");
}

//! The catalog's own rules hold for whoever writes it, by whatever statement.

use sea_orm::ConnectionTrait;
use tenant_core::OrganizationStatus;
use tenant_migration::catalog::{CatalogEditError, PlacementRecord, TRANSITIONS, TenantName};

use crate::support::{Office, execute, tenant, texts};

async fn refused(office: &Office, sql: &str) -> String {
    office.admin.execute_unprepared(sql).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn a_status_follows_only_where_there_is_a_way() {
    let office = Office::new().await;
    let mut number = 0;
    for from in OrganizationStatus::ALL {
        for to in OrganizationStatus::ALL {
            number += 1;
            office.organization(number, from.as_str(), "eu").await;
            let change =
                format!("UPDATE tenancy_catalog.organizations SET status = '{to}' WHERE id = '{}'", tenant(number));
            let changed = office.admin.execute_unprepared(&change).await;
            assert_eq!(changed.is_ok(), from == to || TRANSITIONS.contains(&(from, to)), "{from} to {to}: {changed:?}");
        }
    }
    assert!(TRANSITIONS.iter().all(|(from, _)| *from != OrganizationStatus::Archived), "archived is for good");
}

#[tokio::test]
async fn a_dedicated_placement_holds_one_organisation() {
    let office = Office::new().await;
    office.organization(1, "provisioning", "own").await;
    let second = "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement, placement_kind)
                  VALUES (gen_random_uuid(), 'second', 'small', 'active', 'own', 'shared')";
    assert!(
        refused(&office, second).await.contains("organizations_dedicated_key"),
        "what it says of the kind is not asked"
    );
    office.organization(2, "moving", "eu").await;
    let moved = "UPDATE tenancy_catalog.organizations SET placement = 'own', status = 'active' WHERE name = 'n2'";
    assert!(refused(&office, moved).await.contains("organizations_dedicated_key"));
    for sql in [
        "UPDATE tenancy_catalog.placements SET kind = 'shared' WHERE name = 'own'",
        "UPDATE tenancy_catalog.placements SET name = 'other' WHERE name = 'own'",
        "DELETE FROM tenancy_catalog.placements WHERE name = 'own'",
    ] {
        assert!(refused(&office, sql).await.contains("organizations_placement_fkey"), "{sql}");
    }
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET status = 'archived' WHERE name = 'n1'").await;
    execute(&office.admin, second).await;
}

#[tokio::test]
async fn only_what_is_moving_gets_another_placement() {
    let office = Office::new().await;
    execute(&office.admin, "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('us', 'shared')").await;
    for (number, status) in (1..).zip(["provisioning", "active", "suspended", "archived"]) {
        office.organization(number, status, "eu").await;
        let sql = format!("UPDATE tenancy_catalog.organizations SET placement = 'us' WHERE status = '{status}'");
        assert!(refused(&office, &sql).await.contains("only one that is moving"), "{status}");
    }
    office.organization(9, "moving", "eu").await;
    execute(
        &office.admin,
        "UPDATE tenancy_catalog.organizations SET placement = 'us', status = 'active' WHERE name = 'n9'",
    )
    .await;
}

#[tokio::test]
async fn every_change_counts_and_nobody_counts_himself() {
    let office = Office::new().await;
    office.organization(1, "provisioning", "eu").await;
    let row = "SELECT concat_ws(' ', epoch, placement_kind, created_at = updated_at, changed_in = pg_current_xact_id())
               FROM tenancy_catalog.organizations";
    assert_eq!(texts(&office.admin, row).await, ["1 shared t f"]);
    let forged = "UPDATE tenancy_catalog.organizations SET status = 'active', epoch = 77, placement_kind = 'dedicated',
                    created_at = '2000-01-01', updated_at = '2000-01-01', changed_in = '3'";
    execute(&office.admin, forged).await;
    assert_eq!(texts(&office.admin, row).await, ["2 shared f f"]);
    let sane = "SELECT count(*)::text FROM tenancy_catalog.organizations
                WHERE created_at > '2020-01-01' AND updated_at > created_at AND changed_in > '100'";
    assert_eq!(texts(&office.admin, sane).await, ["1"]);
    assert!(
        refused(&office, "UPDATE tenancy_catalog.organizations SET id = gen_random_uuid()")
            .await
            .contains("keeps its identifier")
    );
}

#[tokio::test]
async fn nothing_is_deleted_that_may_still_work() {
    let office = Office::new().await;
    for (number, status) in (1..).zip(OrganizationStatus::ALL) {
        office.organization(number, status.as_str(), "eu").await;
        let delete = format!("DELETE FROM tenancy_catalog.organizations WHERE status = '{status}'");
        let deleted = office.admin.execute_unprepared(&delete).await;
        assert_eq!(deleted.is_ok(), status == OrganizationStatus::Archived, "{status}");
    }
    for table in ["organizations CASCADE", "placements CASCADE"] {
        assert!(refused(&office, &format!("TRUNCATE tenancy_catalog.{table}")).await.contains("is not emptied"));
    }
}

#[tokio::test]
async fn names_are_told_apart() {
    let office = Office::new().await;
    office.organization(1, "active", "eu").await;
    let named = |name: &str, tier: &str| {
        format!(
            "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
                 VALUES (gen_random_uuid(), '{name}', '{tier}', 'active', 'eu')"
        )
    };
    let long = "x".repeat(201);
    for (name, tier, rule) in [
        ("n1", "small", "organizations_name_key"),
        ("", "small", "organizations_name_check"),
        (" a", "small", "organizations_name_check"),
        (&long, "small", "organizations_name_check"),
        ("a\tb", "small", "organizations_name_check"),
        ("00000000-0000-0000-0000-00000000000a", "small", "organizations_name_check"),
        ("{0000000000000000000000000000000A}", "small", "organizations_name_check"),
        ("a", "huge", "organizations_tier_check"),
    ] {
        assert!(refused(&office, &named(name, tier)).await.contains(rule), "{name}");
    }
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET status = 'suspended'").await;
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET status = 'archived'").await;
    execute(&office.admin, &named("n1", "small")).await;
}

#[tokio::test]
async fn a_placement_is_a_name_and_no_credentials() {
    let office = Office::new().await;
    let placed = |name: &str, hosts: &str, connections: &str, prefix: &str| {
        format!(
            "INSERT INTO tenancy_catalog.placements (name, kind, hosts, max_connections, role_prefix)
                 VALUES ('{name}', 'shared', {hosts}, {connections}, {prefix})"
        )
    };
    for (name, hosts, connections, prefix, rule) in [
        ("A", "'{}'", "1", "NULL", "placements_name_check"),
        ("a-b", "'{}'", "1", "NULL", "placements_name_check"),
        ("eu_migrator", "'{}'", "1", "NULL", "placements_name_check"),
        ("a", "'{u:secret@h}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{postgres://h}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{h,NULL}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{\"\"}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{h i}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{\"h,i\"}'", "1", "NULL", "placements_hosts_check"),
        ("a", "'{}'", "0", "NULL", "placements_max_connections_check"),
        ("a", "'{}'", "1", "'A'", "placements_role_prefix_check"),
    ] {
        assert!(refused(&office, &placed(name, hosts, connections, prefix)).await.contains(rule), "{name} {hosts}");
    }
    execute(&office.admin, &placed("a", "'{db1.example,\"[::1]:5433\"}'", "NULL", "'a'")).await;
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let office = Office::new().await;
    office.organization(1, "active", "own").await;
    office.organization(2, "moving", "eu").await;
    let mut editor = office.editor().await;
    let id = |number| TenantName::Id(tenant(number));
    let said = |refused: Result<(), CatalogEditError>| refused.expect_err("refused").to_string();

    assert!(said(editor.suspend(&id(9)).await.map(drop)).contains("`migrate tenant list`"));
    assert!(said(editor.archive(&id(1)).await.map(drop)).contains("`migrate tenant suspend`"));
    assert!(said(editor.resume(&id(2)).await.map(drop)).contains("its move has to end"));
    editor.suspend(&"n1".parse().unwrap()).await.expect("by its name");
    editor.suspend(&id(1)).await.expect("it is so already");
    assert_eq!(editor.resume(&id(1)).await.expect("resumed").status, OrganizationStatus::Active);
    editor.suspend(&id(1)).await.expect("suspended");
    editor.archive(&id(1)).await.expect("archived");
    assert!(said(editor.resume(&id(1)).await.map(drop)).contains("that is for good"));

    let own = "own".parse().unwrap();
    assert!(matches!(
        editor.remove_placement(&own).await,
        Err(CatalogEditError::PlacementInUse { organizations: 1, archived: 1, .. })
    ));
    let changed = PlacementRecord { max_connections: Some(7), ..editor.placement(&own).await.expect("there") };
    editor.set_placement(&changed).await.expect("set");
    assert!(!editor.add_placement(&changed).await.expect("it is there, just so"));
    let other = PlacementRecord { kind: tenant_core::PlacementKind::Shared, ..changed };
    assert!(said(editor.add_placement(&other).await.map(drop)).contains("`migrate placement show own`"));
    assert!(matches!(editor.set_placement(&other).await, Err(CatalogEditError::PlacementInUse { .. })));
    let credentials = PlacementRecord { hosts: vec!["u:p@h".to_owned()], ..other };
    assert!(said(editor.set_placement(&credentials).await).contains("a host is HOST or HOST:PORT"));
    let missing = "nowhere".parse().unwrap();
    assert!(said(editor.remove_placement(&missing).await).contains("`migrate placement add nowhere`"));
}

#[tokio::test]
async fn what_a_move_rests_on_stays_until_it_has_ended() {
    let office = Office::new().await;
    execute(&office.admin, "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('us', 'shared')").await;
    office.organization(1, "suspended", "eu").await;
    let begin = format!(
        "INSERT INTO tenancy_catalog.moves (organization_id, source, target, stage, status_before)
         VALUES ('{}', 'eu', 'us', 'copying', 'suspended')",
        tenant(1)
    );
    execute(&office.admin, &begin).await;
    assert!(refused(&office, &begin).await.contains("moves_open_key"), "one at a time");
    for sql in [
        "DELETE FROM tenancy_catalog.placements WHERE name = 'us'",
        "UPDATE tenancy_catalog.organizations SET status = 'archived'",
    ] {
        let said = refused(&office, sql).await;
        assert!(said.contains("is being moved from eu to us"), "{sql}: {said}");
    }
    for (column, word) in [("stage", "copied"), ("wish", "stop"), ("target", "eu")] {
        let said = refused(&office, &format!("UPDATE tenancy_catalog.moves SET {column} = '{word}'")).await;
        assert!(said.contains("_check"), "{column}: {said}");
    }
    execute(&office.admin, "UPDATE tenancy_catalog.moves SET stage = 'ended', ended_at = now()").await;
    execute(&office.admin, "DELETE FROM tenancy_catalog.placements WHERE name = 'us'").await;
    execute(&office.admin, "UPDATE tenancy_catalog.organizations SET status = 'archived'").await;
    execute(&office.admin, "DELETE FROM tenancy_catalog.organizations").await;
    assert_eq!(
        texts(&office.admin, "SELECT count(*)::text FROM tenancy_catalog.moves").await,
        ["0"],
        "it goes with its record"
    );
}

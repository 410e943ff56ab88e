//! A tenant reads what was done with its own rows; it writes what it read and was refused, in its own name, and nothing else.

use sea_orm::ConnectionTrait;
use tenant_core::session::{REASON_VARIABLE, TENANT_VARIABLE};
use tenant_testkit::PoliciesOnly;

use crate::support::{World, application_role, connect_as, empty_log, execute, months_gone, texts};

const BOTH: &str = "SELECT coalesce(organization_id::text, 'nobody') FROM tenancy.access_log ORDER BY 1";

/// Entries about either tenant and about none, and a connection that is bound to the first by the policies alone.
async fn logged() -> (World, PoliciesOnly) {
    let world = World::new().await;
    empty_log(&world.admin).await;
    for id in [world.acme.id, world.beta.id] {
        let write = format!("SELECT tenancy.record_write('{id}', 'update', 'public.molecules', 3, '{{\"key\": 1}}')");
        execute(&world.admin, &write).await;
    }
    execute(&world.admin, "SELECT tenancy.record_refused_start('for a test')").await;
    let application = world.database.plain(&application_role()).await.expect("the application's connection");
    let bound = PoliciesOnly::new(application, world.acme.id);
    assert_eq!(texts(&bound, "SELECT current_user::text").await, [application_role()]);
    (world, bound)
}

async fn refused(db: &impl ConnectionTrait, sql: &str) -> String {
    match db.execute_unprepared(sql).await {
        Ok(_) => panic!("done: {sql}"),
        Err(failure) => failure.to_string(),
    }
}

#[tokio::test]
async fn it_reads_its_own() {
    let (world, acme) = logged().await;
    assert_eq!(texts(&world.admin, BOTH).await.len(), 3);
    assert_eq!(texts(&acme, BOTH).await, [world.acme.id.to_string()]);
    let values = "SELECT organization_id::text FROM tenancy.access_log_values";
    assert_eq!(texts(&world.admin, values).await.len(), 2);
    assert_eq!(texts(&acme, values).await, [world.acme.id.to_string()]);
    // A policy that is added later doesn't widen that.
    execute(&world.admin, "CREATE POLICY wide ON tenancy.access_log TO PUBLIC USING (true)").await;
    assert_eq!(texts(&acme, BOTH).await, [world.acme.id.to_string()]);
    let unbound = world.database.plain(&application_role()).await.expect("the application's connection");
    let said = refused(&unbound, "SELECT count(*) FROM tenancy.access_log").await;
    assert!(said.contains("no tenant is bound"), "{said}");
}

#[tokio::test]
async fn who_works_across_tenants_says_why() {
    let (world, _) = logged().await;
    let admin = connect_as("tenancy_admin", &world.database).await;
    let said = refused(&admin, BOTH).await;
    assert!(said.contains("no reason is bound"), "{said}");
    let said = refused(&admin, "SELECT tenancy.record_system_access()").await;
    assert!(said.contains("no reason is bound"), "{said}");
    let transaction = sea_orm::TransactionTrait::begin(&admin).await.expect("a transaction");
    execute(&transaction, &format!("SET LOCAL {REASON_VARIABLE} = 'a test'")).await;
    execute(&transaction, "SELECT tenancy.record_system_access()").await;
    assert_eq!(texts(&transaction, BOTH).await.len(), 4);
    let why = "SELECT reason FROM tenancy.access_log WHERE kind = 'system'";
    assert_eq!(texts(&transaction, why).await, ["a test"]);
}

#[tokio::test]
async fn nobody_who_runs_programs_writes_it_or_names_a_part_of_it() {
    let (world, _) = logged().await;
    let parts = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tenancy.access_log'::regclass";
    let part = texts(&world.admin, parts).await.remove(0);
    for role in [application_role(), "tenancy_admin".to_owned(), "tenancy_reporting".to_owned()] {
        let db = PoliciesOnly::new(connect_as(&role, &world.database).await, world.acme.id);
        for statement in [
            "INSERT INTO tenancy.access_log (kind) VALUES ('read')".to_owned(),
            "UPDATE tenancy.access_log SET touched = 0".to_owned(),
            "DELETE FROM tenancy.access_log".to_owned(),
            "TRUNCATE tenancy.access_log".to_owned(),
            "UPDATE tenancy.access_log_values SET changes = '{}'".to_owned(),
            "DELETE FROM tenancy.access_log_values".to_owned(),
            format!("SELECT * FROM {part}"),
            format!("INSERT INTO {part} (kind) VALUES ('read')"),
            "SELECT * FROM tenancy.access_log_batches".to_owned(),
            "SELECT tenancy.record_write(NULL, 'insert', 'public.molecules', 1)".to_owned(),
            "SELECT tenancy.write_entry(now(), NULL, NULL, NULL, NULL, 'read', '{}', 1, NULL, NULL, NULL, NULL)"
                .to_owned(),
            "SELECT tenancy.prepare_months(9)".to_owned(),
            "SELECT nextval('tenancy.access_log_lost')".to_owned(),
        ] {
            let said = refused(&db, &statement).await;
            // The reporting role's transactions only read.
            let is_refused = ["permission denied", "in a read-only transaction"].iter().any(|text| said.contains(text));
            assert!(is_refused, "{role}: {statement}: {said}");
        }
    }
}

#[tokio::test]
async fn not_even_a_superuser_changes_an_entry_by_mistake() {
    let (world, _) = logged().await;
    for statement in [
        "UPDATE tenancy.access_log SET touched = 0",
        "DELETE FROM tenancy.access_log",
        "TRUNCATE tenancy.access_log",
        "DO $$ BEGIN EXECUTE format('TRUNCATE tenancy.access_log_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); END $$",
        "DO $$ BEGIN EXECUTE format('TRUNCATE tenancy.access_log_values_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); END $$",
        "TRUNCATE tenancy.access_log_values",
        "SET session_replication_role = replica; DELETE FROM tenancy.access_log",
        "UPDATE tenancy.access_log_values SET changes = '{}'",
    ] {
        let said = refused(&world.admin, statement).await;
        assert!(said.contains("are never changed") && said.contains("tenancy.access_log"), "{statement}: {said}");
    }
    // A month that is made later is held too.
    months_gone(&world.admin, 0).await;
    execute(&world.admin, "SET ROLE tenancy_owner; SELECT tenancy.prepare_months(0); RESET ROLE").await;
    execute(&world.admin, "SELECT tenancy.record_refused_start('anew')").await;
    let said = refused(&world.admin, "DELETE FROM tenancy.access_log").await;
    assert!(said.contains("are never changed"), "{said}");
}

#[tokio::test]
async fn it_writes_in_its_own_name_alone() {
    let (world, acme) = logged().await;
    let forged = format!(
        "SELECT tenancy.record_accesses('[{{\"kind\": \"read\", \"tables\": [\"public.molecules\"], \"touched\": 2,
           \"organization_id\": \"{beta}\", \"bound_tenant\": \"{beta}\", \"database_role\": \"postgres\", \"alarm\": true}},
           {{\"kind\": \"retention\", \"ago\": 9000000000000}}]')::text",
        beta = world.beta.id
    );
    assert_eq!(texts(&acme, &forged).await, ["2"]);
    let written = "SELECT concat_ws(' ', organization_id, bound_tenant, database_role, kind, alarm, at > now() - interval '61 minutes')
        FROM tenancy.access_log WHERE kind IN ('read', 'denial', 'retention') ORDER BY entry";
    let own = format!("{id} {id} {role}", id = world.acme.id, role = application_role());
    assert_eq!(texts(&world.admin, written).await, [format!("{own} read f t"), format!("{own} denial f t")]);
    let unbound = world.database.plain(&application_role()).await.expect("the application's connection");
    let said = refused(&unbound, "SELECT tenancy.record_accesses('[{}]')").await;
    assert!(said.contains("no tenant is bound"), "{said}");
}

#[tokio::test]
async fn a_write_is_logged_with_who_was_bound() {
    let world = World::new().await;
    empty_log(&world.admin).await;
    let insert = format!(
        "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
           VALUES ('{}', gen_random_uuid(), 'X', 'x', 'y')",
        world.beta.id
    );
    let entry =
        "SELECT concat_ws(' ', organization_id, coalesce(bound_tenant::text, 'nobody'), alarm) FROM tenancy.access_log";
    execute(&world.admin, &insert).await;
    assert_eq!(texts(&world.admin, entry).await, [format!("{} nobody f", world.beta.id)]);
    execute(&world.admin, &format!("SET {TENANT_VARIABLE} = '{}'; {}", world.acme.id, insert.replace("'X'", "'Y'")))
        .await;
    let alarm = format!("{entry} WHERE bound_tenant IS NOT NULL");
    assert_eq!(texts(&world.admin, &alarm).await, [format!("{} {} t", world.beta.id, world.acme.id)]);
}

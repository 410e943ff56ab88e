//! Whoever works across tenants, or in one of them, stands in the access log before anything else is done; what can't be logged
//! is not begun.

use entities::docking_job;
use sea_orm::{EntityTrait, TransactionSession};
use tenant_core::{ReadAudit, SystemError, TenantContext, UserId};
use tenant_testkit::PoliciesOnly;
use uuid::Uuid;

use crate::support::{World, application_role, because, execute, logged, pool_named, system, texts, until};

const ENTRIES: &str =
    "SELECT concat_ws(' | ', coalesce(organization_id::text, 'all'), bound_tenant, user_id, request_id,
        database_role, touched, alarm, reason)
    FROM tenancy.access_log WHERE kind = 'system' ORDER BY entry";

#[tokio::test]
async fn an_entry_is_there_before_the_transaction_and_outlives_it() {
    let world = World::new().await;
    let system = system(&world).await;
    let user = UserId::new(Uuid::from_u128(21));
    let context = because("ticket 4711: it's \\ 'Grüße'").user(user).request("req-7".parse().expect("an id"));
    let expected = |whose: &str| format!("{whose} | {user} | req-7 | tenancy_admin | f | ticket 4711: it's \\ 'Grüße'");

    let across = system.across_tenants(&context).await.expect("a transaction");
    assert_eq!(texts(&world.admin, ENTRIES).await, [expected("all")], "committed while nothing was done yet");
    across.rollback().await.expect("rolled back");
    let within = system.in_tenant(world.acme.id, &context).await.expect("a transaction");
    drop(within);
    let all = [expected("all"), expected(&world.acme.id.to_string())];
    assert_eq!(texts(&world.admin, ENTRIES).await, all, "whatever became of the transactions");
}

async fn nothing_is_begun(world: &World, harm: &str) {
    let system = system(world).await;
    execute(&world.admin, harm).await;
    let context = because("a test");
    let across = system.across_tenants(&context).await.expect_err("a refusal");
    assert!(matches!(across, SystemError::Unrecorded { .. }), "{across}");
    let within = system.in_tenant(world.acme.id, &context).await.expect_err("a refusal");
    assert!(matches!(within, SystemError::Unrecorded { .. }), "{within}");
    let text = within.to_string();
    assert!(text.contains("migrate up") && text.contains("record_system_access"), "{text}");
    until("the connections are given back", async || system.pool_statistics().in_use == 0).await;
}

#[tokio::test]
async fn without_the_function_nothing_is_begun() {
    let world = World::new().await;
    nothing_is_begun(&world, "REVOKE EXECUTE ON FUNCTION tenancy.record_system_access(uuid) FROM tenancy_admin").await;
}

#[tokio::test]
async fn without_a_place_for_the_entry_nothing_is_begun() {
    let world = World::new().await;
    let harm = "DO $$ DECLARE part regclass; BEGIN
          FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'tenancy.access_log'::regclass
          LOOP EXECUTE format('DROP TABLE %s', part); END LOOP; END $$";
    nothing_is_begun(&world, harm).await;
}

/// A function that writes nothing and says nothing has not logged anything.
#[tokio::test]
async fn an_entry_without_a_number_is_none() {
    let world = World::new().await;
    let harm = "CREATE OR REPLACE FUNCTION tenancy.record_system_access(named_tenant uuid DEFAULT NULL) RETURNS bigint
          LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT NULL::bigint'";
    nothing_is_begun(&world, harm).await;
}

#[tokio::test]
async fn a_tenant_sees_who_visited_it_and_nobody_elses_visits() {
    let world = World::new().await;
    let system = system(&world).await;
    system.across_tenants(&because("all of them")).await.expect("a transaction").rollback().await.expect("ended");
    for (organization, reason) in [(&world.acme, "a visit to acme"), (&world.beta, "a visit to beta")] {
        let within = system.in_tenant(organization.id, &because(reason)).await.expect("a transaction");
        within.commit().await.expect("ended");
    }
    let seen = async |tenant| {
        let application = world.database.plain(&application_role()).await.expect("the application's connection");
        texts(&PoliciesOnly::new(application, tenant), "SELECT reason FROM tenancy.access_log WHERE kind = 'system'")
            .await
    };
    assert_eq!(seen(world.acme.id).await, ["a visit to acme"]);
    assert_eq!(seen(world.beta.id).await, ["a visit to beta"]);
    assert_eq!(logged(&world.admin, "system").await.len(), 3);
}

/// Also of a table whose reads are logged: the reason tells why, and no entry how often.
#[tokio::test]
async fn of_what_it_reads_the_visit_alone_is_logged() {
    let world = World::new().await;
    let last = texts(&world.admin, "SELECT max(entry)::text FROM tenancy.access_log").await.remove(0);
    let come = async || {
        let sql = "SELECT concat_ws(' ', kind, coalesce(right(organization_id::text, 1), 'all'), reason)
            FROM tenancy.access_log WHERE entry >";
        texts(&world.admin, &format!("{sql} {last} ORDER BY entry")).await
    };
    let system = system(&world).await;
    let across = system.across_tenants(&because("all")).await.expect("a transaction");
    assert_eq!(texts(&across, "SELECT status::text FROM docking_jobs").await.len(), 4);
    across.commit().await.expect("ended");
    let within = system.in_tenant(world.acme.id, &because("one")).await.expect("a transaction");
    for _ in 0..2 {
        assert_eq!(docking_job::Entity::find().all(&within).await.expect("rows").len(), 2);
    }
    within.commit().await.expect("ended");
    system.close().await;
    assert_eq!(come().await, ["system all all", "system 1 one"]);

    // The same read by the application has an entry.
    let database = pool_named(&world, "reader").read_audit(ReadAudit::Durable).build().await.expect("a database");
    docking_job::Entity::find().all(&database.connect(TenantContext::new(world.acme.id))).await.expect("rows");
    assert_eq!(come().await.last().map(String::as_str), Some("read 1"));
}

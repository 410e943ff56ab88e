//! `migrate verify` is silent on a sound database, and names each thing that is broken, and nothing else.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use sqlx::{Connection, PgConnection};
use tenant_migration::RoleNames;
use tenant_migration::verify::{Lint, Scope, Severity, Topic, Verifier, lints};
use tenant_testkit::Cluster;

use crate::support::World;
use crate::verify::{Breach, breaches, findings, ident, registered};

/// Lints that no SQL can break a database for: the server's version, whose judgement has a test beside it, and the check itself.
const ELSEWHERE: [&str; 3] = ["server-outdated", "lint-failed", "baseline-stale"];

#[tokio::test]
async fn the_migrated_sample_is_sound() {
    let database = World::empty().await;
    assert_eq!(findings(&database, registered(&RoleNames::default())).await, [], "with the registry");
    let by_column = Scope::with_column(&ident("organization_id"), &ident("tenancy_app"));
    assert_eq!(findings(&database, by_column.clone()).await, [], "by its tenant column");
    assert_eq!(findings(&database, by_column.admin(&ident("tenancy_admin"))).await, [], "with the role across tenants");
}

#[tokio::test]
async fn each_lint_names_what_breaks_it_and_its_repair_helps() {
    // Each has a database of its own; a few at a time keep the server busy.
    let tried = stream::iter(breaches()).map(Breach::try_out).buffer_unordered(4);
    let wrong: Vec<String> = tried.filter_map(async |said| said.err()).collect().await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), breaches().count(), wrong.join("\n"));
}

#[test]
fn every_lint_is_broken_by_something() {
    let broken: BTreeSet<&str> = breaches().map(|breach| breach.lint).chain(ELSEWHERE).collect();
    let known: BTreeSet<&str> = lints().map(Lint::id).collect();
    assert_eq!(broken, known);
}

#[tokio::test]
async fn what_holds_rows_to_one_tenant_is_known_in_any_form() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    for condition in [
        "organization_id = tenancy.current_tenant()",
        "tenancy.current_tenant() = organization_id",
        "organization_id = current_setting('app.tenant')::uuid",
        "organization_id = nullif(current_setting('app.tenant', true), '')::uuid",
        "organization_id::text = current_setting('app.tenant')",
        "name = '{' AND organization_id = (SELECT tenancy.current_tenant())",
        "organization_id = (SELECT tenancy.current_tenant()) AND (name = 'a' OR name = 'b')",
        "EXISTS (SELECT 1 AS \"}{\" FROM targets) AND organization_id = (SELECT tenancy.current_tenant())",
    ] {
        let policies = ["tenant_isolation", "tenant_floor"]
            .map(|policy| format!("ALTER POLICY {policy} ON molecules USING ({condition}) WITH CHECK ({condition});"));
        crate::support::execute(&admin, &policies.concat()).await;
        let found = findings(&database, registered(&RoleNames::default())).await;
        let wrong: Vec<_> = found
            .iter()
            .filter(|finding| ["policy-mentions-tenant", "no-restrictive-floor"].contains(&finding.lint))
            .collect();
        assert!(wrong.is_empty(), "{condition}: {wrong:#?}");
    }
}

#[tokio::test]
async fn what_a_permissive_policy_reads_from_a_table_is_not_judged() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    for condition in [
        "organization_id IN (SELECT m.organization_id FROM memberships m WHERE m.user_id = tenancy.current_tenant())",
        "EXISTS (SELECT FROM memberships m WHERE m.organization_id = molecules.organization_id)",
        "organization_id = ANY (ARRAY[tenancy.current_tenant()])",
    ] {
        for (policy, expected) in [("tenant_isolation", None), ("tenant_floor", Some("no-restrictive-floor"))] {
            let policy = format!("ALTER POLICY {policy} ON molecules USING ({condition}) WITH CHECK ({condition})");
            crate::support::execute(&admin, &policy).await;
            let found = findings(&database, registered(&RoleNames::default())).await;
            let named = found.iter().map(|finding| finding.lint);
            let named = named.filter(|lint| ["policy-mentions-tenant", "no-restrictive-floor"].contains(lint));
            assert_eq!(named.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>(), "{policy}");
        }
        crate::support::execute(
            &admin,
            "ALTER POLICY tenant_floor ON molecules USING (organization_id = (SELECT tenancy.current_tenant()))
               WITH CHECK (organization_id = (SELECT tenancy.current_tenant()))",
        )
        .await;
    }
}

#[tokio::test]
async fn a_tenant_that_the_server_binds_is_named() {
    let cluster = Cluster::builder().setting("app.tenant", "somebody").start().await.expect("a server");
    let database = cluster.empty_database().await.expect("a database");
    let admin = database.admin().await.expect("a superuser's connection");
    crate::support::execute(
        &admin,
        "CREATE ROLE web; CREATE TABLE notes (tenant text NOT NULL); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON notes TO web USING (tenant = (SELECT current_setting('app.tenant')))",
    )
    .await;
    let scope = Scope::with_column(&ident("tenant"), &ident("web"));
    let named = async |lint: &str| -> Vec<_> {
        findings(&database, scope.clone()).await.into_iter().filter(|finding| finding.lint == lint).collect()
    };
    let found = named("setting-binds-tenant").await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].object, "setting app.tenant of the server");
    assert!(found[0].detail.contains("this session began with app.tenant"), "{}", found[0].detail);
    // What the session's own role sets stands before it.
    crate::support::execute(&admin, "ALTER ROLE CURRENT_USER SET app.tenant = ''").await;
    let found = named("setting-binds-tenant").await;
    assert!(found.iter().any(|finding| finding.detail.contains("can't be seen from this session")), "{found:#?}");
}

#[tokio::test]
async fn a_role_that_may_not_use_the_schemas_can_look() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    crate::support::execute(
        &admin,
        "REVOKE USAGE ON SCHEMA public, tenancy FROM PUBLIC, tenancy_reporting; ALTER TABLE users DROP CONSTRAINT users_email_key",
    )
    .await;
    let mut connection = PgConnection::connect(&database.superuser_url()).await.expect("a connection");
    sqlx::raw_sql("SET ROLE tenancy_reporting").execute(&mut connection).await.expect("its role");
    let report = Verifier::new(registered(&RoleNames::default())).run(&mut connection).await.expect("a report");
    let named: BTreeSet<_> = report.findings().iter().map(|finding| finding.lint).collect();
    assert!(named.contains("key-missing") && !named.contains("lint-failed"), "{:#?}", report.findings());
}

#[tokio::test]
async fn partitions_are_judged_with_their_table() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    crate::support::execute(
        &admin,
        "CREATE TABLE events (tenant_id uuid NOT NULL, at date NOT NULL, PRIMARY KEY (tenant_id, at)) PARTITION BY RANGE (at);
         CREATE TABLE events_2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
         ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY own ON events TO tenancy_app USING (tenant_id = (SELECT tenancy.current_tenant()));
         CREATE POLICY floor ON events AS RESTRICTIVE TO tenancy_app USING (tenant_id = (SELECT tenancy.current_tenant()));",
    )
    .await;
    let found = findings(&database, Scope::with_column(&ident("tenant_id"), &ident("tenancy_app"))).await;
    let found: Vec<_> = found.iter().map(|finding| (finding.lint, finding.object.as_str())).collect();
    assert_eq!(found, [("partition-without-rls", "table public.events_2030")]);
}

#[tokio::test]
async fn a_lint_whose_query_fails_is_a_finding_and_the_others_are_asked() {
    const BROKEN: Lint =
        Lint::new("of-our-own", Severity::Note, Topic::Keys).query("SELECT no_such_column FROM scoped");
    const SECOND: Lint = Lint::new("second", Severity::Note, Topic::Keys)
        .query("SELECT 'table ' || ident AS object, 'there' AS detail, '' AS repair FROM scoped WHERE name = 'users'");
    let database = World::empty().await;
    let mut connection = PgConnection::connect(&database.superuser_url()).await.expect("a connection");
    let verifier = Verifier::new(registered(&RoleNames::default())).lint(BROKEN).lint(SECOND);
    let report = verifier.run(&mut connection).await.expect("a report");
    let failed = report.findings().iter().find(|finding| finding.lint == "lint-failed").expect("it is said");
    assert_eq!(failed.object, "lint of-our-own");
    assert!(failed.detail.contains("no_such_column"), "{}", failed.detail);
    assert!(report.fails());
    assert!(report.findings().iter().any(|finding| finding.lint == "second" && finding.object == "table public.users"));
}

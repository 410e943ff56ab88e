//! Attempts with SQL written by hand, through the application's connection.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenant_core::session::TENANT_VARIABLE;

use super::outcome::{Attempt, Barrier, Outcome};
use super::scene::Scene;

pub(super) async fn all(scene: &Scene) -> Vec<Attempt> {
    let victim = scene.victim.id;
    let whole = scene.raw_count("SELECT organization_id FROM molecules", []).await;
    let tautology = scene.raw_count("SELECT organization_id FROM molecules WHERE $1 OR TRUE", [true.into()]).await;
    let subquery = scene
        .raw_count(
            "SELECT o.organization_id FROM molecules o WHERE o.id IN (SELECT i.id FROM molecules i WHERE i.organization_id = $1)",
            [victim.into()],
        )
        .await;
    let outer = scene
        .raw_count(
            "SELECT m.organization_id FROM organizations o LEFT JOIN molecules m ON TRUE WHERE m.organization_id = $1",
            [victim.into()],
        )
        .await;
    vec![
        Attempt::new("Raw SQL", "SELECT … FROM molecules", Outcome::of_count(whole, 0, Barrier::Filter)),
        Attempt::new("Raw SQL", "… WHERE $1 OR TRUE", Outcome::of_count(tautology, 0, Barrier::Filter)),
        Attempt::new("Raw SQL", "… WHERE id IN (subquery on theirs)", Outcome::of_count(subquery, 0, Barrier::Filter)),
        Attempt::new("Raw SQL", "LEFT JOIN molecules ON TRUE", Outcome::of_count(outer, 0, Barrier::Filter)),
        refused(
            scene,
            "Bind to another tenant",
            "SELECT set_config(the tenant's variable, …)",
            &format!("SELECT set_config('{TENANT_VARIABLE}', '{victim}', false)"),
        )
        .await,
        refused(
            scene,
            "Bind to another tenant",
            "SET the tenant's variable = …",
            &format!("SET {TENANT_VARIABLE} = '{victim}'"),
        )
        .await,
        refused(scene, "Two statements in one", "SELECT 1; DELETE FROM molecules", "SELECT 1; DELETE FROM molecules")
            .await,
        refused(scene, "Read the system catalogs", "SELECT … FROM pg_stats", "SELECT most_common_vals FROM pg_stats")
            .await,
        refused(scene, "Leave the transaction", "COMMIT", "COMMIT").await,
        refused(
            scene,
            "A table nobody declared",
            "SELECT … FROM seaql_migrations",
            "SELECT version FROM seaql_migrations",
        )
        .await,
        refused(scene, "Write to a shared table", "DELETE FROM targets", "DELETE FROM targets").await,
    ]
}

async fn refused(scene: &Scene, goal: &'static str, means: &'static str, sql: &str) -> Attempt {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    Attempt::new(goal, means, Outcome::of_refusal(scene.attacker.db.execute_raw(statement).await))
}

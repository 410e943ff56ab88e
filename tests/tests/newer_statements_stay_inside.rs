//! What only newer servers understand stays inside too: behind both walls, and behind each alone.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::{World, version};

/// Statements that reach each molecule and return its name, with the first version that knows them.
const STATEMENTS: [(u32, &str); 5] = [
    // Each foreign row is one that no row of the source matches.
    (
        17,
        "MERGE INTO molecules m USING targets t ON false WHEN NOT MATCHED BY SOURCE THEN UPDATE SET smiles = 'C' RETURNING m.name",
    ),
    (
        17,
        "MERGE INTO molecules m USING docking_jobs j ON j.id IS NULL
         WHEN NOT MATCHED BY SOURCE AND m.name > '' THEN UPDATE SET smiles = 'C' RETURNING m.name",
    ),
    (18, "UPDATE molecules SET smiles = 'C' RETURNING old.name"),
    (18, "MERGE INTO molecules m USING targets t ON true WHEN MATCHED THEN UPDATE SET smiles = 'C' RETURNING new.name"),
    (18, "WITH changed AS (UPDATE molecules SET smiles = 'C' RETURNING old.name, new.smiles) SELECT name FROM changed"),
];

#[tokio::test]
async fn what_they_change_and_return_is_ones_own() {
    let world = World::new().await;
    let version = version(&world.admin).await;
    let before = world.rows_of(&world.beta).await;
    for (since, sql) in STATEMENTS {
        for db in world.behind_each_wall(&world.acme).await {
            let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
            if version < since {
                rows.expect_err(sql);
                continue;
            }
            let rows = rows.unwrap_or_else(|failure| panic!("{db}: {failure}: {sql}"));
            let names: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect();
            assert_eq!(names.len(), 3, "{db}: {sql}");
            assert!(names.iter().all(|name| name.ends_with(" of 1")), "{db}: {sql}: {names:?}");
            assert_eq!(world.rows_of(&world.beta).await, before, "{db}: {sql}");
        }
    }
}

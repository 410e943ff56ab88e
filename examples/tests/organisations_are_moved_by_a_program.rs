//! `migrate tenant move` as a program.

#[expect(dead_code, reason = "another program's tests use the rest of it")]
mod town;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use tenant_testkit::{Cluster, Database};
use town::{ACME, Town};

/// Two placements with the sample's tables, and Acme in the first.
async fn town() -> (Town, [Database; 2]) {
    let town = Town::on(Cluster::builder().setting("wal_level", "logical")).await;
    let databases = [town.placement("eu_1").await, town.placement("eu_2").await];
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    let create = ["tenant", "create", "--id", ACME, "--name", "Acme", "--placement", "eu_1"];
    town.migrate(&create).assert_ends(0, &["is active"]);
    let rows = format!(
        "INSERT INTO organizations (id, name) VALUES ('{ACME}', 'Acme');
         INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
         SELECT '{ACME}', gen_random_uuid(), 'm' || n, 'x', 'x' FROM generate_series(1, 500) AS n"
    );
    databases[0].admin().await.expect("a connection").execute_unprepared(&rows).await.expect("inserted");
    (town, databases)
}

async fn molecules(database: &Database) -> i64 {
    let admin = database.admin().await.expect("a connection");
    let count = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT count(*) FROM molecules");
    admin.query_one_raw(count).await.expect("an answer").expect("a row").try_get_by_index(0).expect("a number")
}

fn placement(town: &Town) -> Value {
    town.json(&["tenant", "show", "Acme"])["placement"].clone()
}

#[tokio::test]
async fn it_goes_while_it_works_and_comes_back_while_it_waits() {
    let (town, [here, there]) = town().await;
    let gone = town.migrate(&["tenant", "move", "Acme", "--to", "eu_2", "--online"]);
    gone.assert_ends(0, &["following:", "500 rows", "501 rows of", "switched", "it lives in `eu_2` now"]);
    assert_eq!([molecules(&here).await, molecules(&there).await], [0, 500]);
    assert_eq!(placement(&town), "eu_2");
    let back = town.migrate(&["tenant", "move", "Acme", "--to", "eu_1", "--offline", "--format", "json"]);
    back.assert_ends(0, &[]);
    let events: Vec<Value> =
        back.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON each")).collect();
    assert_eq!(events[0]["stage"], "fencing", "{}", back.said);
    assert_eq!(events.last().expect("some")["event"], "ended", "{}", back.said);
    assert!(events.iter().any(|event| event["event"] == "switched" && event["pause_ms"].is_u64()), "{}", back.said);
    assert_eq!([molecules(&here).await, molecules(&there).await], [500, 0]);
    let moves = town.json(&["tenant", "move", "Acme", "--status"]);
    let of = |number: usize, field: &str| moves[number][field].clone();
    assert_eq!((of(0, "from"), of(0, "to"), of(0, "stage")), ("eu_2".into(), "eu_1".into(), "ended".into()));
    assert_eq!((of(1, "from"), of(1, "to")), ("eu_1".into(), "eu_2".into()));
}

#[tokio::test]
async fn what_is_in_the_way_is_said_and_it_is_paused_resumed_and_given_up() {
    let (town, [here, there]) = town().await;
    town.migrate(&["tenant", "move", "Acme", "--to", "mars"]).assert_ends(1, &["`migrate placement add mars`"]);
    town.migrate(&["tenant", "move", "Nobody", "--to", "eu_2"]).assert_ends(1, &["no organisation \"Nobody\""]);
    town.migrate(&["tenant", "move", "Acme", "--to", "eu_1"]).assert_ends(1, &["already"]);
    town.migrate(&["tenant", "move", "Acme", "--resume"]).assert_ends(1, &["is not being moved"]);
    town.migrate(&["tenant", "move", "Acme"]).assert_ends(2, &["--to"]);
    town.migrate(&["tenant", "move", "Acme", "--to", "eu_2", "--online", "--offline"]).assert_ends(2, &["--online"]);
    // No row that is copied can be.
    let admin = there.admin().await.expect("a connection");
    let harm = "ALTER TABLE molecules ADD CONSTRAINT harm CHECK (external_ref <> 'm7') NOT VALID";
    let mend = "ALTER TABLE molecules DROP CONSTRAINT harm";
    admin.execute_unprepared(harm).await.expect("harmed");
    let refused = town.migrate(&["tenant", "move", "Acme", "--to", "eu_2"]);
    refused.assert_ends(1, &["eu_2"]);
    let failed = town.json(&["tenant", "move", "Acme", "--status"]);
    assert_eq!(failed[0]["stage"], "following");
    assert!(failed[0]["failure"].as_str().is_some_and(|failure| failure.contains("harm")), "{failed}");
    assert_eq!(town.status("Acme"), "active", "it works as before");
    town.migrate(&["tenant", "move", "Acme", "--pause"]).assert_ends(0, &["--resume"]);
    town.migrate(&["tenant", "move", "Acme", "--abort"]).assert_ends(0, &["it lives in `eu_1` as before"]);
    admin.execute_unprepared(mend).await.expect("mended");
    assert_eq!([molecules(&here).await, molecules(&there).await], [500, 0]);
    town.migrate(&["tenant", "move", "Acme", "--to", "eu_2"]).assert_ends(0, &["it lives in `eu_2` now"]);
    assert_eq!([molecules(&here).await, molecules(&there).await], [0, 500]);
}

//! `migrate catalog`, `placement` and `tenant` as a program.

mod town;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use sea_orm::ConnectionTrait;
use serde_json::json;
use town::{ACME, Run, SECRET, Town};

#[tokio::test]
async fn an_organisation_lives_from_its_making_to_its_end() {
    let town = Town::new().await;
    let _database = town.placement("eu_1").await;
    town.migrate(&["placement", "set", "eu_1", "--host", "db1:5432", "--max-connections", "9"]).assert_ends(0, &[]);
    let placement =
        json!({"name": "eu_1", "kind": "shared", "hosts": ["db1:5432"], "max_connections": 9, "role_prefix": null});
    assert_eq!(town.json(&["placement", "list"]), json!([placement]));
    assert_eq!(town.json(&["placement", "show", "eu_1"]), placement);

    let create = ["tenant", "create", "--id", ACME, "--name", "Acme", "--tier", "large", "--placement", "eu_1"];
    let pending = town.migrate(&create);
    pending.assert_ends(1, &["`migrate up --fleet-of-catalog --only eu_1`"]);
    assert_eq!(town.status("Acme"), "provisioning");
    town.migrate(&["up", "--fleet-of-catalog", "--only", "eu_1"]).assert_ends(0, &["up: 1 changed of 1"]);
    town.migrate(&create).assert_ends(0, &["is active", "Acme"]);
    town.migrate(&create).assert_ends(0, &["is active"]);
    let other = ["tenant", "create", "--id", ACME, "--name", "Acme", "--placement", "eu_1"];
    town.migrate(&other).assert_ends(1, &["is otherwise: its tier is large, and small was asked for"]);

    let mut shown = town.json(&["tenant", "list", "--status", "active"])[0].take();
    for time in ["created_at", "updated_at"] {
        assert!(shown[time].take().as_str().is_some_and(|time| time.ends_with('Z')), "{time}");
    }
    assert_eq!(
        shown,
        json!({"id": ACME, "name": "Acme", "tier": "large", "status": "active", "placement": "eu_1", "epoch": 2,
        "created_at": null, "updated_at": null})
    );
    town.migrate(&["tenant", "list"]).assert_ends(0, &["id ", "placement", ACME]);
    assert_eq!(town.json(&["tenant", "list", "--placement", "us"]), json!([]));

    town.migrate(&["tenant", "set-tier", "Acme", "small"]).assert_ends(0, &[]);
    town.migrate(&["tenant", "archive", "Acme"]).assert_ends(1, &["`migrate tenant suspend`"]);
    for (command, status) in
        [("suspend", "suspended"), ("resume", "active"), ("suspend", "suspended"), ("archive", "archived")]
    {
        town.migrate(&["tenant", command, ACME]).assert_ends(0, &[]);
        assert_eq!(town.status(ACME), status);
    }
    town.migrate(&["tenant", "resume", ACME]).assert_ends(1, &["that is for good"]);
    town.migrate(&["tenant", "suspend", "Acme"]).assert_ends(1, &["no organisation \"Acme\""]);
    let too_long = "x".repeat(64);
    let dedicated = ["tenant", "create", "--name", "a", "--placement", "own", "--dedicated", "--database", &too_long];
    town.migrate(&dedicated).assert_ends(2, &["PostgreSQL keeps 63"]);
    let by_identifier = ["tenant", "create", "--name", ACME, "--placement", "eu_1"];
    town.migrate(&by_identifier).assert_ends(1, &["is no identifier"]);
    town.migrate(&["placement", "remove", "eu_1"]).assert_ends(1, &["1 organisations, 1 of them archived"]);
    town.migrate(&["placement", "show", "mars"]).assert_ends(1, &["`migrate placement add mars`"]);
    town.migrate(&["catalog", "down"]).assert_ends(0, &[]);
    town.migrate(&["tenant", "list"]).assert_ends(1, &["`migrate catalog up`"]);
}

#[tokio::test]
async fn the_catalog_says_how_it_is() {
    let town = Town::new().await;
    town.migrate(&["catalog", "status"]).assert_ends(0, &["version 2, as it was made"]);
    town.migrate(&["catalog", "plan", "--check"]).assert_ends(0, &[]);
    let harm = "GRANT USAGE ON SCHEMA tenancy_catalog TO PUBLIC";
    town.admin().await.execute_unprepared(harm).await.expect("harmed");
    town.migrate(&["catalog", "status"]).assert_ends(1, &["`migrate catalog up`"]);
    town.migrate(&["catalog", "plan", "--check"])
        .assert_ends(1, &["CREATE TABLE IF NOT EXISTS tenancy_catalog.placements"]);
    town.migrate(&["catalog", "up"]).assert_ends(0, &[]);
    town.migrate(&["catalog", "up"]).assert_ends(0, &["the catalog is as it should be"]);
    let _database = town.placement("eu").await;
    let row = "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
               VALUES (gen_random_uuid(), 'a', 'small', 'active', 'eu')";
    town.admin().await.execute_unprepared(row).await.expect("inserted");
    town.migrate(&["catalog", "down"]).assert_ends(1, &["--force"]);
    town.migrate(&["catalog", "down", "--force"]).assert_ends(0, &[]);
    town.migrate(&["catalog", "status"]).assert_ends(1, &["there is no catalog"]);
}

/// Killed when it has said this, and at whatever point it has come to since.
fn kill_after(mut command: Command, said: &str) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let seen = lines.map_while(Result::ok).any(|line| line.contains(said));
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(seen, "it never said `{said}`");
}

#[tokio::test]
async fn a_dedicated_one_that_was_killed_is_completed_by_the_same_command() {
    let town = Town::new().await;
    for (number, said) in
        (0..).zip(["is in the catalog", "was made", "roles and the schema tenancy", "as the entities say", "looked at"])
    {
        let (name, placement) = (format!("n{number}"), format!("own_{number}"));
        let create = ["tenant", "create", "--name", &name, "--placement", &placement, "--dedicated"];
        kill_after(town.command(&create), said);
        assert_ne!(town.status(&name), "archived", "its record is whole");
        town.migrate(&create).assert_ends(0, &["is active"]);
        assert_eq!(town.status(&name), "active");
        let made = town.json(&["placement", "show", &placement]);
        assert_eq!((&made["kind"], &made["role_prefix"]), (&json!("dedicated"), &json!(placement)));
    }
    assert_eq!(town.json(&["tenant", "list"]).as_array().map(Vec::len), Some(5), "each once");
}

#[tokio::test]
async fn a_fleet_of_the_catalog_has_each_placement_with_its_roles() {
    let town = Town::new().await;
    let _database = town.placement("eu").await;
    town.migrate(&["placement", "add", "lost"]).assert_ends(0, &[]);
    let create = ["tenant", "create", "--name", "Acme", "--placement", "acme", "--dedicated"];
    assert_eq!(town.json(&create)["status"], "active", "steps are said aside");
    town.say_where("acme", &town.cluster.superuser_url("acme"));

    let up = town.migrate(&["up", "--fleet-of-catalog", "--report", "report.json"]);
    up.assert_ends(
        1,
        &[
            "up: 1 ok, 1 changed, 1 failed of 3",
            "failed lost",
            "TENANT_PLACEMENT_LOST_MIGRATOR_URL",
            "lost.migrator.url",
        ],
    );
    assert!(
        up.said.contains("migrate up --fleet-of-catalog --report report.json --failed-of report.json"),
        "{}",
        up.said
    );
    let acme = sea_orm::Database::connect(town.cluster.superuser_url("acme")).await.expect("connected");
    let owner = "SELECT FROM pg_class WHERE relname = 'molecules' AND relowner = 'acme_owner'::regrole";
    let owned = acme.execute_unprepared(owner).await.expect("asked").rows_affected();
    assert_eq!(owned, 1, "its tables stay its owner's");
    acme.close().await.expect("closed");
    for command in ["plan", "verify"] {
        town.migrate(&[command, "--fleet-of-catalog"]).assert_ends(1, &["2 ok, 1 failed of 3"]);
        let two = ["--only", "eu", "--only", "acme"];
        town.migrate(&[&[command, "--fleet-of-catalog"][..], &two].concat()).assert_ends(0, &["2 ok of 2"]);
    }
}

#[test]
fn what_is_missing_is_said_before_anything_is_done() {
    let at = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        for variable in ["TENANT_CATALOG_URL", "TENANT_SERVER_URL", "DATABASE_URL", "TENANT_PLACEMENTS_DIR"] {
            command.env_remove(variable);
        }
        Run::of(command.args(arguments).output().expect("it runs"))
    };
    let nowhere = format!("postgres://u:{SECRET}@127.0.0.1:1/d");
    at(&["catalog", "plan", "--empty"]).assert_ends(0, &["CREATE TABLE IF NOT EXISTS tenancy_catalog.organizations"]);
    for (arguments, code, said) in [
        (&["catalog", "up"][..], 1, "TENANT_CATALOG_URL"),
        (&["tenant", "list"], 1, "TENANT_CATALOG_URL"),
        (&["up", "--fleet-of-catalog"], 1, "TENANT_CATALOG_URL"),
        (&["tenant", "list", "--catalog-url", &nowhere], 1, "127.0.0.1:1 (database d) does not answer"),
        (&["placement", "add", "EU"], 2, "is no placement's name"),
        (&["tenant", "create", "--name", "a"], 2, "--placement"),
        (&["catalog", "--catalog-role-prefix", "pg", "plan", "--empty"], 2, "is reserved"),
    ] {
        at(arguments).assert_ends(code, &[said]);
    }
}

//! Where rows are logged, the log tells what each held before and after, and of a redacted column only that it was written.

use entities::{membership, user};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ForeignKeyAction;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel, Statement,
};
use serde_json::{Value, json};
use tenant_core::Audit;
use uuid::Uuid;

use crate::support::described::{Described, migrator};
use crate::support::{World, application_role, empty_database, execute, texts};

/// What the last entry says of rows.
async fn changes(admin: &DatabaseConnection) -> Value {
    let sql = "SELECT changes::text FROM tenancy.access_log_values ORDER BY entry DESC LIMIT 1";
    serde_json::from_str(&texts(admin, sql).await[0]).expect("JSON")
}

async fn send(db: &impl ConnectionTrait, sql: &str) {
    let sent = db.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    sent.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
}

const ID: &str = "00000000-0000-0000-0000-000000000099";

fn person(world: &World) -> Value {
    json!({
        "id": ID, "organization_id": world.acme.id.to_string(), "email": "(redacted)", "name": "Ada",
        "created_at": "2026-01-02T03:04:05+00:00",
    })
}

async fn ada(world: &World) -> user::Model {
    let ada = user::ActiveModel {
        id: Set(ID.parse().expect("a UUID")),
        email: Set("ada@secret.example".to_owned()),
        name: Set("Ada".to_owned()),
        created_at: Set("2026-01-02T03:04:05Z".parse().expect("a time")),
        ..Default::default()
    };
    ada.insert(&world.acme.db).await.expect("a user")
}

#[tokio::test]
async fn an_insert_has_what_came_and_a_delete_what_went() {
    let world = World::new().await;
    let ada = ada(&world).await;
    assert_eq!(changes(&world.admin).await, json!([{"key": {"id": ID}, "after": person(&world)}]));
    user::Entity::delete_by_id(ada.id).exec(&world.acme.db).await.expect("deleted");
    assert_eq!(changes(&world.admin).await, json!([{"key": {"id": ID}, "before": person(&world)}]));
}

#[tokio::test]
async fn an_update_has_what_is_different() {
    let world = World::new().await;
    let mut ada = ada(&world).await.into_active_model();
    ada.name = Set("Ada L.".to_owned());
    ada.update(&world.acme.db).await.expect("changed");
    let renamed = json!([{"key": {"id": ID}, "before": {"name": "Ada"}, "after": {"name": "Ada L."}}]);
    assert_eq!(changes(&world.admin).await, renamed);
    send(&world.acme.db, &format!("UPDATE users SET name = name WHERE id = '{ID}'")).await;
    assert_eq!(changes(&world.admin).await, json!([{"key": {"id": ID}, "before": {}, "after": {}}]));
    send(&world.acme.db, &format!("UPDATE users SET email = 'other@secret.example' WHERE id = '{ID}'")).await;
    let redacted = json!([{"key": {"id": ID}, "before": {"email": "(redacted)"}, "after": {"email": "(redacted)"}}]);
    assert_eq!(changes(&world.admin).await, redacted);
    let told = "SELECT count(*)::text FROM tenancy.access_log_values WHERE changes::text LIKE '%secret.example%'";
    assert_eq!(texts(&world.admin, told).await, ["0"]);
}

#[tokio::test]
async fn a_row_with_another_key_went_and_came() {
    let world = World::new().await;
    ada(&world).await;
    let other = Uuid::from_u128(0x98).to_string();
    send(&world.acme.db, &format!("UPDATE users SET id = '{other}' WHERE id = '{ID}'")).await;
    let Value::Array(mut all) = changes(&world.admin).await else { panic!("a list") };
    all.sort_by_key(|change| change["after"].is_object());
    let mut moved = person(&world);
    moved["id"] = json!(other);
    let gone = json!({"key": {"id": ID}, "before": person(&world)});
    assert_eq!(all, [gone, json!({"key": {"id": other}, "after": moved})]);
}

#[tokio::test]
async fn each_row_of_a_statement_is_paired_with_itself() {
    let world = World::new().await;
    let people = [1, 2, 3, 4].map(|number| user::ActiveModel {
        id: Set(Uuid::from_u128(0x900 + number)),
        email: Set(format!("{number}@secret.example")),
        name: Set(format!("person {number}")),
        ..Default::default()
    });
    user::Entity::insert_many(people).exec(&world.acme.db).await.expect("people");
    let roles = [1, 2, 3, 4].map(|number| membership::ActiveModel {
        id: Set(Uuid::from_u128(0x800 + number)),
        user_id: Set(Uuid::from_u128(0x900 + number)),
        role: Set(membership::Role::Viewer),
        ..Default::default()
    });
    membership::Entity::insert_many(roles).exec(&world.acme.db).await.expect("memberships");
    send(&world.acme.db, "UPDATE users SET name = 'now ' || name WHERE name LIKE 'person %'").await;
    let Value::Array(all) = changes(&world.admin).await else { panic!("a list") };
    assert_eq!(all.len(), 4);
    for change in all {
        let key = change["key"]["id"].as_str().expect("an id").chars().last().expect("a digit");
        let renamed = json!([{"name": format!("person {key}")}, {"name": format!("now person {key}")}]);
        assert_eq!(json!([change["before"], change["after"]]), renamed);
    }
    // What goes with them is logged with its rows too.
    send(&world.acme.db, "DELETE FROM users WHERE name LIKE 'now %'").await;
    let gone = "SELECT jsonb_array_length(changes)::text FROM tenancy.access_log_values ORDER BY entry DESC LIMIT 2";
    assert_eq!(texts(&world.admin, gone).await, ["4", "4"]);
}

/// However a session prints what it reads.
#[tokio::test]
async fn what_a_session_sets_changes_nothing_of_it() {
    let world = World::new().await;
    ada(&world).await;
    let app = world.database.plain(&application_role()).await.expect("the application's connection");
    let sql = format!(
        "SET tenancy.tenant_id = '{}'; SET TimeZone = 'Asia/Tokyo'; UPDATE users SET created_at = '2026-05-05 12:00+00' WHERE id = '{ID}'",
        world.acme.id
    );
    execute(&app, &sql).await;
    let expected = json!([{"key": {"id": ID}, "before": {"created_at": "2026-01-02T03:04:05+00:00"},
        "after": {"created_at": "2026-05-05T12:00:00+00:00"}}]);
    assert_eq!(changes(&world.admin).await, expected);
}

#[tokio::test]
async fn an_entry_is_committed_to_its_values() {
    let world = World::new().await;
    ada(&world).await;
    let sql = "SELECT count(*)::text || ' ' || bool_and(commitment = sha256(salt || convert_to(changes::text, 'UTF8')))
        FROM tenancy.access_log JOIN tenancy.access_log_values USING (entry, at, organization_id)
        WHERE tables = '{public.users}'";
    assert_eq!(texts(&world.admin, sql).await, ["3 true"]);
    let without =
        "SELECT count(*)::text FROM tenancy.access_log WHERE tables = '{public.molecules}' AND commitment IS NOT NULL";
    assert_eq!(texts(&world.admin, without).await, ["0"]);
}

/// Both of its references are set to NULL by one statement, one after the other.
#[tokio::test]
async fn a_row_that_is_updated_twice_by_one_statement_is_told_twice() {
    let (admin, _database) = empty_database().await;
    let parts = Described::new("parts");
    let mut others = Described::new("others").refers("one_id", "parts").refers("two_id", "parts");
    others.references.iter_mut().for_each(|reference| reference.on_delete = Some(ForeignKeyAction::SetNull));
    let others = others.audit(Audit::none().writes().rows());
    migrator("twice", &[parts, others]).up(&admin, None).await.expect("up");
    let [tenant, one, two] = [1, 2, 3].map(|number| Uuid::from_u128(number).to_string());
    execute(&admin, &format!("INSERT INTO parts VALUES ('{tenant}', '{one}'), ('{tenant}', '{two}')")).await;
    execute(&admin, &format!("INSERT INTO others VALUES ('{tenant}', '{ID}', '{one}', '{two}')")).await;
    execute(&admin, "DELETE FROM parts").await;
    let Value::Array(mut all) = changes(&admin).await else { panic!("a list") };
    all.sort_by_key(|change| change["before"].get("two_id").is_some());
    assert_eq!(
        all,
        [
            json!({"key": {"id": ID}, "before": {"one_id": one}, "after": {"one_id": null}}),
            json!({"key": {"id": ID}, "before": {"two_id": two}, "after": {"two_id": null}}),
        ]
    );
}

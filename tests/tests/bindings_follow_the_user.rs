//! A connection that stays bound to a tenant never tells one user's or request's statements as another's, and never runs one
//! under a tenant that it was bound to behind the pool's back.

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, StreamTrait, TransactionSession, TransactionTrait};
use tenant_core::{TenantConnection, TenantContext, TenantDatabase, TenantId, UserId};
use uuid::Uuid;

use crate::support::{World, execute, names_tell, owners, pool_named, texts, what_is_told};

const CHANGE: &str = "change_tenant";

/// A pool of one connection, so that whoever comes gets the one that the last has used.
async fn pool(world: &World) -> TenantDatabase {
    pool_named(world, "bindings").max_connections(1).allow_function(CHANGE).build().await.expect("a database")
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

/// What the server takes for the user and the request.
fn told(user: Option<u128>, request: &str) -> String {
    format!("{}/{request}", user.map(|number| Uuid::from_u128(number).to_string()).unwrap_or_default())
}

const TOLD: &str = "current_setting('tenancy.user_id', true) || '/' || current_setting('tenancy.request_id', true)";

#[tokio::test]
async fn reads_are_never_told_as_another_users() {
    let world = World::new().await;
    let database = pool(&world).await;
    names_tell(&world, TOLD).await;
    let db = |number: Option<u128>| {
        let context = TenantContext::new(world.acme.id);
        database.connect(number.map_or(context.clone(), |number| context.user(user(number))))
    };
    for number in [Some(1), Some(2), None, Some(2), None, Some(1), Some(1)] {
        assert_eq!(what_is_told(&db(number)).await, told(number, ""));
        let transaction = db(Some(3)).begin().await.expect("a transaction");
        assert_eq!(what_is_told(&transaction).await, told(Some(3), ""));
        transaction.commit().await.expect("committed");
    }
    let counts = database.pool_statistics().counts;
    assert_eq!((counts.opened, counts.bound_hits, counts.rebinds), (1, 1, 6));
}

#[tokio::test]
async fn writes_are_never_told_as_another_users_or_requests() {
    let world = World::new().await;
    let database = pool(&world).await;
    let function = format!(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := {TOLD}; RETURN NEW; END $$"
    );
    execute(&world.admin, &function).await;
    execute(&world.admin, "CREATE TRIGGER tell BEFORE UPDATE ON molecules FOR EACH ROW EXECUTE FUNCTION tell()").await;
    for (number, request) in [(1, "a"), (1, "b"), (2, "b"), (1, "b"), (1, "b"), (1, "c"), (2, "a")] {
        let context = TenantContext::new(world.acme.id).user(user(number)).request(request.parse().expect("a request"));
        let db = database.connect(context);
        // A read doesn't ask for the request, and may leave it as it was.
        owners(&db).await.expect("an answer");
        let update = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("any"));
        assert_eq!(update.exec(&db).await.expect("an update").rows_affected, 3);
        assert_eq!(what_is_told(&db).await, told(Some(number), request));
    }
}

/// A function that an application allowed, and that does what none should.
async fn tenant_changer(world: &World) {
    let function = format!(
        "CREATE FUNCTION {CHANGE}(uuid) RETURNS text LANGUAGE plpgsql AS
         $$ BEGIN PERFORM set_config('tenancy.tenant_id', $1::text, false); RETURN ''; END $$"
    );
    execute(&world.admin, &function).await;
}

fn change(to: TenantId) -> Statement {
    Statement::from_string(DbBackend::Postgres, format!("SELECT {CHANGE}('{to}')"))
}

/// The filter asks for one tenant's rows; bound to another, the policies would leave none of them.
async fn sees_its_own(db: &TenantConnection) {
    assert_eq!(owners(db).await.expect("an answer"), [db.context().tenant()]);
}

#[tokio::test]
async fn a_function_that_binds_the_session_to_another_tenant_binds_nobodys_next_statement() {
    let world = World::new().await;
    tenant_changer(&world).await;
    let database = pool(&world).await;
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    for next in [&acme, &beta] {
        acme.query_one_raw(change(world.beta.id)).await.expect("a row");
        sees_its_own(next).await;
        acme.query_all_raw(change(world.beta.id)).await.expect("rows");
        sees_its_own(next).await;
        acme.execute_raw(change(world.beta.id)).await.expect("a result");
        sees_its_own(next).await;
        let rows = acme.stream_raw(change(world.beta.id)).await.expect("a stream");
        assert_eq!(rows.try_collect::<Vec<_>>().await.expect("rows").len(), 1);
        sees_its_own(next).await;
    }
}

#[tokio::test]
async fn nor_does_one_in_a_transaction_that_is_committed() {
    let world = World::new().await;
    tenant_changer(&world).await;
    let database = pool(&world).await;
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    for next in [&acme, &beta] {
        sees_its_own(&acme).await;
        let transaction = acme.begin().await.expect("a transaction");
        transaction.query_one_raw(change(world.beta.id)).await.expect("a row");
        transaction.commit().await.expect("committed");
        sees_its_own(next).await;
    }
    assert_eq!(texts(&world.admin, "SELECT count(*)::text FROM molecules").await, ["6"]);
}

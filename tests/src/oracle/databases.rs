//! One database with all tenants, and one for each tenant alone.

use std::future::Future;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tenant_core::session::TENANT_VARIABLE;

use super::data::{self, Data, TENANTS};
use super::shape;
use super::state::State;
use crate::{Cluster, Database, DatabaseError};

const SINGLE_TENANT: &str = include_str!("single_tenant.sql");
const CONSTANT_DEFAULTS: &str = include_str!("constant_defaults.sql");
const COLUMNS: &str = include_str!("columns.sql");
/// A generated statement may multiply rows; what takes longer is not compared.
const SETTINGS: &str = "SET statement_timeout = '2s'; SET max_parallel_workers_per_gather = 0; SET jit = off";

/// The databases that statements are compared on, with connections that stay open.
#[derive(Debug)]
pub struct Databases {
    /// A superuser's connection to the database of all tenants.
    pub(crate) superuser: PgConnection,
    /// The application's role, bound to each tenant, in the database of all tenants.
    pub(crate) bound: Vec<PgConnection>,
    /// A superuser's connection to each tenant's own database.
    pub(crate) alone: Vec<PgConnection>,
    /// What the database of all tenants holds.
    pub(crate) loaded: State,
    /// Dropped last, with the databases.
    _databases: Vec<Database>,
}

impl Databases {
    /// Takes the migrated sample's database for all tenants, and makes one for each tenant alone.
    ///
    /// The application's connections are a superuser's that took on the role's session for good; the way back is what
    /// lets them show all tenants' rows within the transaction of a write.
    ///
    /// # Errors
    /// [`DatabaseError`] with what the server said.
    ///
    /// # Panics
    /// When the columns of the migrated sample and of `single_tenant.sql` differ.
    pub async fn create(migrated: Database, application_role: &str) -> Result<Self, DatabaseError> {
        let cluster = migrated.cluster().clone();
        let mut databases = Vec::new();
        for number in 0..TENANTS {
            databases.push(single_tenant(&cluster, number).await?);
        }
        databases.push(migrated);
        let failed = DatabaseError::server("prepare for comparison", "the databases of the oracle");
        let connected = async {
            let all = databases.last().map(Database::name).unwrap_or_default();
            let mut superuser = connect(&cluster, all).await?;
            run(&mut superuser, CONSTANT_DEFAULTS).await?;
            let expected = columns(&mut superuser).await?;
            let (mut bound, mut alone) = (Vec::new(), Vec::new());
            for (number, database) in databases.iter().take(TENANTS).enumerate() {
                let mut single = connect(&cluster, database.name()).await?;
                assert_eq!(columns(&mut single).await?, expected, "the tenant's own database has the sample's columns");
                alone.push(single);
                let mut connection = connect(&cluster, all).await?;
                let bind = format!(
                    "SET SESSION AUTHORIZATION {application_role}; SELECT set_config('{TENANT_VARIABLE}', '{}', false)",
                    data::tenant(number)
                );
                run(&mut connection, &bind).await?;
                bound.push(connection);
            }
            let loaded = State::read(&mut superuser).await?;
            Ok((superuser, bound, alone, loaded))
        };
        let (superuser, bound, alone, loaded) = connected.await.map_err(failed)?;
        Ok(Self { superuser, bound, alone, loaded, _databases: databases })
    }

    /// Replaces all rows, of each tenant in both of its databases.
    ///
    /// # Errors
    /// What the server said: the data breaks a constraint.
    pub async fn load(&mut self, data: &Data) -> Result<(), sqlx::Error> {
        let tables: Vec<&str> = shape::TABLES.iter().map(|table| table.name).collect();
        let empty = format!("TRUNCATE {}", tables.join(", "));
        let analyze = if data.analyzed { format!("; ANALYZE {}", tables.join(", ")) } else { String::new() };
        let text = |tenants| format!("BEGIN; {empty}; {}{analyze}; COMMIT", data.inserts(tenants));
        run(&mut self.superuser, &text(0..TENANTS)).await?;
        for (number, connection) in self.alone.iter_mut().enumerate() {
            run(connection, &text(number..number + 1)).await?;
        }
        self.loaded = State::read(&mut self.superuser).await?;
        Ok(())
    }
}

/// Runs texts of several statements without parameters.
pub(crate) fn run<'a>(
    connection: &'a mut PgConnection,
    sql: &str,
) -> impl Future<Output = Result<(), sqlx::Error>> + use<'a> {
    let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    async move { query.execute(connection).await.map(drop) }
}

async fn connect(cluster: &Cluster, database: &str) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect(&cluster.superuser_url(database)).await?;
    run(&mut connection, SETTINGS).await?;
    Ok(connection)
}

async fn columns(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let tables: Vec<&str> = shape::TABLES.iter().map(|table| table.name).collect();
    sqlx::query_scalar(COLUMNS).bind(tables).fetch_one(connection).await
}

/// A database for one tenant. There the tenant column needs no value, and NULL in its place is none, as SeaORM binds it.
async fn single_tenant(cluster: &Cluster, number: usize) -> Result<Database, DatabaseError> {
    let template = cluster
        .template("the sample for a single tenant", async |url| {
            let mut connection = PgConnection::connect(&url).await?;
            run(&mut connection, SINGLE_TENANT).await?;
            run(&mut connection, CONSTANT_DEFAULTS).await?;
            connection.close().await
        })
        .await?;
    let database = template.database().await?;
    let mut defaults = String::new();
    for (table, tenant) in shape::scoped().filter_map(|table| Some((table.name, table.tenant?))) {
        let id = data::tenant(number);
        defaults += &format!(
            "ALTER TABLE {table} ALTER {tenant} SET DEFAULT '{id}';
             CREATE FUNCTION fill_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN NEW.{tenant} := coalesce(NEW.{tenant}, '{id}'); RETURN NEW; END $$;
             CREATE TRIGGER fill BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fill_{table}();"
        );
    }
    let filled = async {
        let mut connection = cluster.superuser(database.name()).await?;
        run(&mut connection, &defaults).await?;
        connection.close().await
    };
    filled.await.map_err(DatabaseError::server("give a tenant to", database.name()))?;
    Ok(database)
}

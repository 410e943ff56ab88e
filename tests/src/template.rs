//! A migrated database that tests clone.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::{cluster::Cluster, database::Database, error::DatabaseError};

const COPY_PROPERTIES: &str = include_str!("copy_properties.sql");
const LOGIN_PASSWORDS: &str = include_str!("login_passwords.sql");

/// A migrated database that nobody can connect to any more; see [`Cluster::template`].
#[derive(Clone, Debug)]
pub struct Template {
    cluster: Cluster,
    database: String,
}

impl Template {
    pub(crate) fn new(cluster: Cluster, database: String) -> Self {
        Self { cluster, database }
    }

    /// A clone: the template's content, owner, privileges and settings. Any number can be made at the same time.
    ///
    /// # Errors
    /// [`DatabaseError::Server`].
    pub async fn database(&self) -> Result<Database, DatabaseError> {
        let (database, mut connection) = Database::create(&self.cluster, &self.database).await?;
        let copied = self.copy_properties(&database, &mut connection).await;
        copied.map_err(DatabaseError::server("give the template's properties to", database.name()))?;
        Ok(database)
    }

    /// CREATE DATABASE copies what is inside a database, and not what the server knows about it.
    async fn copy_properties(&self, clone: &Database, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT set_config('testkit.template', $1, false), set_config('testkit.clone', $2, false)")
            .bind(&self.database)
            .bind(clone.name())
            .execute(&mut *connection)
            .await?;
        sqlx::raw_sql(COPY_PROPERTIES).execute(connection).await?;
        Ok(())
    }
}

/// Makes the database of a template, and returns its name.
pub(crate) async fn build<E>(
    cluster: &Cluster,
    name: &str,
    migrate: impl AsyncFnOnce(String) -> Result<(), E>,
) -> Result<String, DatabaseError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let database = cluster.empty_database().await?;
    migrate(database.superuser_url())
        .await
        .map_err(|source| DatabaseError::Migration { template: name.to_owned(), source: source.into() })?;
    if let Some(password) = cluster.password() {
        let passwords = give_login_passwords(cluster, &database, &password).await;
        passwords.map_err(DatabaseError::server("give passwords to the roles of", database.name()))?;
    }
    close(cluster, database.name()).await.map_err(DatabaseError::server("close the template", database.name()))?;
    Ok(database.keep())
}

async fn give_login_passwords(cluster: &Cluster, database: &Database, password: &str) -> Result<(), sqlx::Error> {
    let mut connection = cluster.superuser(database.name()).await?;
    let statements = sqlx::query(LOGIN_PASSWORDS).bind(password).fetch_all(&mut connection).await?;
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement.get::<String, _>(0))).execute(&mut connection).await?;
    }
    connection.close().await
}

/// A database with connections can't be cloned, and a migration may have left a pool open.
async fn close(cluster: &Cluster, database: &str) -> Result<(), sqlx::Error> {
    let mut connection = cluster.superuser("postgres").await?;
    let refuse = AssertSqlSafe(format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false"));
    sqlx::raw_sql(refuse).execute(&mut connection).await?;
    sqlx::query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'")
        .bind(database)
        .execute(&mut connection)
        .await?;
    connection.close().await
}

//! A server that was here before, by `DATABASE_URL`.

use percent_encoding::percent_decode_str;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use url::Url;

use crate::{
    address::{Address, without_password},
    database_name::DatabaseName,
    error::ClusterError,
    programs::OLDEST_VERSION,
};

/// A server somebody else runs, where tests only make databases of their own.
#[derive(Debug)]
pub(crate) struct External {
    url: Url,
}

impl External {
    pub(crate) async fn connect(text: &str) -> Result<Self, ClusterError> {
        let url = Url::parse(text).map_err(|source| ClusterError::NotAUrl { source: Some(source) })?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(ClusterError::NotAUrl { source: None });
        }
        let shown = without_password(&url);
        let unreachable = |source| ClusterError::Unreachable { url: shown.clone(), source };

        let mut connection = PgConnection::connect(text).await.map_err(unreachable)?;
        let row = sqlx::query(
            "SELECT rolsuper, rolname::text, current_setting('server_version_num')::int4 / 10000 \
             FROM pg_roles WHERE rolname = current_user",
        );
        let row = row.fetch_one(&mut connection).await.map_err(unreachable)?;
        let version = u32::try_from(row.get::<i32, _>(2)).unwrap_or_default();
        if version < OLDEST_VERSION {
            return Err(ClusterError::TooOld { url: shown, version });
        }
        if !row.get::<bool, _>(0) {
            return Err(ClusterError::NotSuperuser { url: shown, role: row.get(1) });
        }
        drop_left_behind(&mut connection).await.map_err(unreachable)?;
        // All that was wanted has been done.
        let _ = connection.close().await;
        Ok(Self { url })
    }

    pub(crate) fn address(&self) -> Address {
        Address::Given(self.url.clone())
    }

    /// The superuser's password, if there is one. A server that asks for it asks every role for one, so the roles that log in
    /// to a test's database get the same; see `login_passwords.sql`.
    pub(crate) fn password(&self) -> Option<String> {
        let encoded = percent_decode_str(self.url.password()?);
        Some(encoded.decode_utf8_lossy().into_owned())
    }
}

/// Drops what processes that were killed have left.
async fn drop_left_behind(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let databases = sqlx::query("SELECT datname::text FROM pg_database WHERE datname LIKE 'tenant\\_test\\_%'");
    for row in databases.fetch_all(&mut *connection).await? {
        if let Some(name) = DatabaseName::parse(row.get(0)).filter(DatabaseName::is_left_behind) {
            // Another process may be dropping it too.
            let drop = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            let _ = sqlx::raw_sql(drop).execute(&mut *connection).await;
        }
    }
    Ok(())
}

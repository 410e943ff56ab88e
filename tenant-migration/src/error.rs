//! Why migrations could not run.

use std::error::Error;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgDatabaseError;
use tenant_core::TableName;

use crate::adopt::AdoptionProblems;
use crate::conflict::Conflicts;
use crate::database_url::Place;

/// Why migrations could not run on a database.
///
/// At SeaORM's boundary it becomes [`DbErr::Migration`] with its whole text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The connected role serves requests, and must not be able to change what binds it.
    #[error(
        "connected as `{role}`, which is a role of the running application: run migrations as `{migrator}`, or the first \
         time as a superuser (`migrate up -u postgres://{migrator}@HOST/DATABASE`)"
    )]
    ApplicationRole {
        /// The connected role.
        role: String,
        /// The role to connect as.
        migrator: String,
    },
    /// Roles are missing, and the connected one can't make them.
    #[error(
        "missing roles: {missing}; `{role}` may not create them: run this once as a superuser, later runs need \
         only `{migrator}`"
    )]
    MissingRoles {
        /// The connected role.
        role: String,
        /// The missing roles, separated by commas.
        missing: String,
        /// The role for later runs.
        migrator: String,
    },
    /// The connected role has not the owner's rights.
    #[error(
        "connected as `{role}`, which is not a member of `{owner}` and can't change its tables: connect as `{migrator}` \
         (`migrate up -u postgres://{migrator}@HOST/DATABASE`)"
    )]
    NotAMember {
        /// The connected role.
        role: String,
        /// The owner role.
        owner: String,
        /// The role to connect as.
        migrator: String,
    },
    /// The database could not say who is connected.
    #[error("could not find out as whom the migration is connected")]
    Operator(#[source] DbErr),
    /// The server is a standby, or sessions begin read-only.
    #[error(
        "{place} only reads: it is a standby, or `default_transaction_read_only` is on for this role or database; run the \
         same command on the primary, as a role that may write"
    )]
    ReadOnly {
        /// The database.
        place: Place,
    },
    /// SeaORM's record could not be made.
    #[error("the record of the application's own migrations (seaql_migrations of the chosen schema) could not be made")]
    OwnRecord(#[source] DbErr),
    /// An application's own migration could not be set up.
    #[error("migration `{migration}` could not take the rights of its role")]
    Rights {
        /// The migration.
        migration: String,
        /// What the database said.
        source: DbErr,
    },
    /// The database could not be looked at.
    #[error("could not find out how the database is; nothing was changed")]
    Look(#[source] sqlx::Error),
    /// What is there and what is wanted don't go together.
    #[error(transparent)]
    Conflicts(Conflicts),
    /// Nothing says whose some rows are, or what is said doesn't hold.
    #[error(transparent)]
    Adoption(AdoptionProblems),
    /// Rows could not be given their tenants. Those that have theirs keep it.
    #[error("rows of table {table} could not be given their tenants; run the same command again when that is mended")]
    Fill {
        /// The table.
        table: TableName,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// Rows stay without a tenant, although nobody else is writing them.
    #[error(
        "{rows} rows of table {table} stay without a tenant when they are given one: a trigger or a rule of the table undoes \
         it; let it pass UPDATEs of the tenant column, or disable it meanwhile, and run the same command again"
    )]
    Unfilled {
        /// The table.
        table: TableName,
        /// How many.
        rows: i64,
    },
    /// A lock did not come.
    #[error(
        "\"{change}\" waited {waited} s for others at {tables} and gave up{}; {}: run the same command again when they are \
         done, or with a longer --patience",
        .blockers.as_ref().map(|blockers| format!(" (held by {blockers})")).unwrap_or_default(),
        if *.half_built { "what is half-built is dropped by the next run" } else { "nothing of it was done" }
    )]
    Lock {
        /// The change.
        change: String,
        /// The tables.
        tables: String,
        /// For how long, in seconds.
        waited: u64,
        /// The sessions that hold it.
        blockers: Option<String>,
        /// Whether an index may be left that nothing uses, until the next run.
        half_built: bool,
    },
    /// What isolation rests on could not be recorded.
    #[error(
        "everything was done, but programs will not start: what isolation rests on could not be recorded; run `migrate up` again"
    )]
    Record(#[source] sqlx::Error),
    /// A step failed. What was done with it is taken back, and a second run goes on with it.
    #[error("\"{change}\" failed at \"{step}\" and was taken back; run the same command again when that is mended")]
    Step {
        /// The change.
        change: String,
        /// The step's reason.
        step: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The connection broke at the beginning or the end of a transaction.
    #[error("\"{change}\" was not seen to end: run the same command again, which goes on from what is there")]
    Unseen {
        /// The change.
        change: String,
        /// What was seen.
        source: sqlx::Error,
    },
    /// All changes were made, and the database is still not what it is to be.
    #[error(
        "everything was done, and still the database is not what the entities say ({changes}): something else changes it \
         meanwhile, or this is a fault of the framework; `migrate plan` shows what is left"
    )]
    Unsettled {
        /// The changes that are left.
        changes: String,
    },
    /// Somebody changed the framework's own tables.
    #[error("table {table}, in which the framework keeps what it did, {what}: {repair}; nothing was changed")]
    Damaged {
        /// The table.
        table: String,
        /// What is wrong with it.
        what: String,
        /// What mends it.
        repair: String,
    },
    /// What was done could not be recorded.
    #[error("the record of what was done (tenancy.runs, tenancy.steps) could not be read or written")]
    Journal(#[source] sqlx::Error),
}

impl From<MigrationError> for DbErr {
    fn from(error: MigrationError) -> Self {
        let cause = error.source().and_then(|source| {
            let orm = source.downcast_ref::<Self>().map(describe);
            orm.or_else(|| source.downcast_ref::<sqlx::Error>().map(describe_sqlx))
        });
        let cause = cause.map(|cause| format!(": {cause}"));
        Self::Migration(format!("{error}{}", cause.unwrap_or_default()))
    }
}

/// What a database error says: the server's message, detail and hint, and what to do about it if that is known.
pub(crate) fn describe(error: &DbErr) -> String {
    let runtime = match error {
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        DbErr::Migration(text) | DbErr::Custom(text) => return text.clone(),
        other => return other.to_string(),
    };
    let RuntimeErr::SqlxError(error) = runtime else { return runtime.to_string() };
    describe_sqlx(error)
}

/// [`describe`] for an error of the driver.
pub(crate) fn describe_sqlx(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(error) = error else { return error.to_string() };
    let Some(server) = error.try_downcast_ref::<PgDatabaseError>() else { return error.to_string() };
    let remedy = match server.code() {
        "55P03" => Some("a lock did not come in time: run the same command again when the table is less busy"),
        "42P07" => Some(
            "something else has that name in the schema: rename it; or, if the application's own migration made it, choose the \
             schema that has its record (`-s`)",
        ),
        "42501"
            if ["must be owner of", "permission denied for table"]
                .iter()
                .any(|text| server.message().starts_with(text)) =>
        {
            Some(
                "it belongs to another role: give it to the owner role (`ALTER … OWNER TO`, as a superuser or its owner), and \
                 run the same command again",
            )
        }
        "42501" if server.message().starts_with("permission denied") => {
            Some("run `migrate up` once as a superuser, later as the migrator role")
        }
        "57014" if server.message().contains("statement timeout") => Some(
            "the connection has a statement_timeout, which building an index or looking at all rows can exceed: lift it for \
             this run (`PGOPTIONS='-c statement_timeout=0' migrate up`, or `ALTER ROLE … SET statement_timeout = 0` for the \
             migrator role), and run the same command again",
        ),
        _ => None,
    };
    let more = [server.detail(), server.hint(), remedy];
    let more: String = more.into_iter().flatten().map(|text| format!("; {text}")).collect();
    format!("{} (SQLSTATE {}){more}", server.message(), server.code())
}

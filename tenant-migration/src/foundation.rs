//! The roles, the database's rights and the framework's schema: whether they are as this release makes them.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::desired::Desired;
use crate::ident::Ident;
use crate::known;
use crate::step::Step;
use crate::template::{Value, fill};

/// How the foundation of a database is.
#[derive(Clone, Debug)]
pub(crate) struct Foundation {
    /// Whether tables can be made on it: the roles and functions that they name are there.
    pub(crate) bears: bool,
    /// Whether it is what this release made last.
    pub(crate) current: bool,
    /// Roles of an earlier configuration.
    pub(crate) retired: Vec<Retired>,
    /// The months of the access log that are to be there and are not. They are made by each `up`, and are no difference: they
    /// would be one by themselves at the first of a month.
    pub(crate) missing_months: Vec<String>,
}

/// A role that was configured once and is no more.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    role: String,
    /// Its place among the six.
    place: usize,
}

/// Looks at it; the months of the access log are to reach `ahead` of the present one.
pub(crate) async fn look(
    connection: &mut PgConnection,
    desired: &Desired,
    ahead: u32,
) -> Result<Foundation, sqlx::Error> {
    let wanted: Vec<&str> = desired.roles.all().map(Ident::as_str).to_vec();
    let bears = "SELECT pg_catalog.to_regprocedure('tenancy.mark(regclass)') IS NOT NULL
                   AND pg_catalog.to_regclass('tenancy.runs') IS NOT NULL
                   AND pg_catalog.to_regclass('tenancy.steps') IS NOT NULL
                   AND pg_catalog.to_regclass('tenancy.known') IS NOT NULL
                   AND pg_catalog.to_regclass('tenancy.deployment') IS NOT NULL
                   AND pg_catalog.count(*) = pg_catalog.cardinality($1::text[])
                 FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)";
    // One question, because each is a way to the server and back.
    let look = format!("SELECT ({bears}), ARRAY({})", include_str!("../sql/missing_months.sql"));
    let ahead = i32::try_from(ahead).unwrap_or(i32::MAX);
    let look = sqlx::query_as(AssertSqlSafe(look)).bind(&wanted).bind(ahead).persistent(false);
    let (bears, missing_months): (bool, Vec<String>) = look.fetch_one(&mut *connection).await?;
    if !known::exists(connection).await? {
        return Ok(Foundation { bears, current: false, retired: Vec::new(), missing_months });
    }
    let recorded = known::of_kind(connection, known::ROLES).await?;
    let retired = recorded.into_iter().filter(|record| !wanted.contains(&record.desired.as_str()));
    let retired: Vec<Retired> =
        retired.filter_map(|record| Some(Retired { place: record.name.parse().ok()?, role: record.desired })).collect();
    let state = state(connection, desired).await?;
    let record = known::of_kind(connection, known::FOUNDATION).await?.pop();
    let current = record.is_some_and(|record| record.desired == digest(desired) && record.live == state);
    // What belongs to a role of an earlier configuration can't be looked at with the rights of its successor.
    let bears = bears && retired.is_empty();
    Ok(Foundation { bears, current: bears && current, retired, missing_months })
}

/// The change that makes it what it is to be, or leaves it so.
pub(crate) fn change(desired: &Desired, retired: &[Retired]) -> Change {
    let mut change = desired.foundation();
    for Retired { role, place } in retired {
        let Some(successor) = desired.roles.all().get(*place).copied() else { continue };
        let owned = if *successor == desired.roles.owner { "yes" } else { "no" };
        let values = [
            ("role", Value::Text(role.into())),
            ("successor", Value::Text(successor.as_str().into())),
            ("owned", Value::Text(owned.into())),
        ];
        let sql = fill(include_str!("../sql/role_retired.sql"), &values);
        let step = Step::lasting(format!("role {role}, of an earlier configuration, has nothing here any more"), sql);
        // The new roles are there by then, and own nothing yet.
        change.steps.insert(desired.roles.all().len(), step);
    }
    change
}

/// Records that it is as this release makes it.
pub(crate) async fn record(connection: &mut PgConnection, desired: &Desired) -> Result<(), sqlx::Error> {
    let state = state(connection, desired).await?;
    known::forget(connection, known::ROLES).await?;
    for (place, role) in desired.roles.all().into_iter().enumerate() {
        known::record(connection, known::ROLES, &place.to_string(), role.as_str(), "").await?;
    }
    known::record(connection, known::FOUNDATION, "", &digest(desired), &state).await
}

/// What this release does to make it.
fn digest(desired: &Desired) -> String {
    let steps = desired.foundation().steps;
    known::digest(steps.iter().map(|step| step.up.as_str()))
}

/// What the database says of the functions, the schema and the rights of everybody.
async fn state(connection: &mut PgConnection, desired: &Desired) -> Result<String, sqlx::Error> {
    let roles: Vec<&str> = desired.roles.all().map(Ident::as_str).to_vec();
    let query = sqlx::query_scalar(include_str!("../sql/foundation_state.sql")).bind(roles);
    query.persistent(false).fetch_one(connection).await
}

//! The function that every policy asks which tenant is bound: what it is, and what it answers.

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::PreflightProblem;
use super::role::Checked;
use crate::session::TENANT_VARIABLE;

const ASK: &str = "SELECT tenancy.current_tenant()";

#[derive(sqlx::FromRow)]
struct Function {
    language: String,
    stable: bool,
    definer: bool,
    uuid: bool,
    pinned: bool,
    owner: String,
    owned: bool,
    callable: bool,
}

/// Checks `tenancy.current_tenant()`. Without it the database was never migrated, and nothing else needs to be looked at.
pub(super) async fn check(
    connection: &mut PgConnection,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<bool, sqlx::Error> {
    let found: Option<Function> =
        sqlx::query_as(include_str!("function.sql")).persistent(false).fetch_optional(&mut *connection).await?;
    let Some(function) = found else {
        problems.push(PreflightProblem::Unmigrated);
        return Ok(false);
    };
    if function.owned && !session.is_superuser {
        problems.push(PreflightProblem::OwnsTenancy { role: session.role.clone(), owner: function.owner });
    }
    if !function.callable {
        problems.push(PreflightProblem::NotCallable { role: session.role.clone() });
        return Ok(true);
    }
    let differs = [
        (function.language != "plpgsql", "it is not written in plpgsql, so that it may be inlined"),
        (!function.stable, "it is not STABLE"),
        (function.definer, "it is SECURITY DEFINER"),
        (!function.uuid, "it does not return uuid"),
        (!function.pinned, "its search_path is not pinned to one that ends in pg_temp"),
    ];
    let differs = differs.into_iter().find_map(|(is_so, how)| is_so.then_some(how));
    if let Some(how) = if differs.is_some() { differs } else { misanswer(connection).await? } {
        problems.push(PreflightProblem::Function { how });
    }
    Ok(true)
}

/// How the function's answers differ from what they must be, if they do.
async fn misanswer(connection: &mut PgConnection) -> Result<Option<&'static str>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let bind = "SELECT pg_catalog.set_config($1, $2, true)";
    sqlx::query(bind).bind(TENANT_VARIABLE).bind("").persistent(false).execute(&mut *transaction).await?;
    let unbound: Result<Option<Uuid>, _> = sqlx::query_scalar(ASK).persistent(false).fetch_one(&mut *transaction).await;
    transaction.rollback().await?;
    match unbound {
        Ok(_) => return Ok(Some("it answers an unbound session, which must get an error")),
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {}
        Err(other) => return Err(other),
    }
    let mut transaction = connection.begin().await?;
    let tenant = Uuid::new_v4();
    sqlx::query(bind)
        .bind(TENANT_VARIABLE)
        .bind(tenant.to_string())
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let bound: Option<Uuid> = sqlx::query_scalar(ASK).persistent(false).fetch_one(&mut *transaction).await?;
    transaction.rollback().await?;
    Ok((bound != Some(tenant)).then_some("it does not answer the tenant that is bound"))
}

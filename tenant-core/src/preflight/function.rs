//! The function that policies ask which tenant, or whether a reason, is bound: what it is, and what it answers.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::role::Checked;
use super::{Access, PreflightProblem};

#[derive(sqlx::FromRow)]
struct Function {
    language: String,
    stable: bool,
    definer: bool,
    returns: String,
    pinned: bool,
    owner: String,
    owned: bool,
    callable: bool,
}

/// Checks the function that the role's policies ask. Without it the database was never migrated, and nothing else needs to be
/// looked at.
pub(super) async fn check(
    connection: &mut PgConnection,
    access: Access,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<bool, sqlx::Error> {
    let found: Option<Function> = sqlx::query_as(include_str!("function.sql"))
        .bind(access.function_name())
        .persistent(false)
        .fetch_optional(&mut *connection)
        .await?;
    let (role, name) = (session.role.clone(), access.function());
    let Some(function) = found else {
        problems.push(PreflightProblem::Unmigrated { function: name });
        return Ok(false);
    };
    if function.owned && !session.is_superuser {
        problems.push(PreflightProblem::OwnsTenancy { function: name, role: role.clone(), owner: function.owner });
    }
    if !function.callable {
        problems.push(match access {
            Access::Tenants => PreflightProblem::NotCallable { role },
            Access::System => PreflightProblem::NotAdmin { role },
        });
        // Of a role that is not the admin role nothing else needs to be said.
        return Ok(access == Access::Tenants);
    }
    let differs = [
        (function.language != "plpgsql", "it is not written in plpgsql, so that it may be inlined"),
        (!function.stable, "it is not STABLE"),
        (function.definer, "it is SECURITY DEFINER"),
        (function.returns != access.returns(), "it returns another type"),
        (!function.pinned, "its search_path is not pinned to one that ends in pg_temp"),
    ];
    let differs = differs.into_iter().find_map(|(is_so, how)| is_so.then_some(how));
    if let Some(how) = if differs.is_some() { differs } else { misanswer(connection, access).await? } {
        problems.push(PreflightProblem::Function { function: name, how });
    }
    Ok(true)
}

/// How the function's answers differ from what they must be, if they do.
async fn misanswer(connection: &mut PgConnection, access: Access) -> Result<Option<&'static str>, sqlx::Error> {
    match answer(connection, access, "").await {
        Ok(_) => return Ok(Some("it answers an unbound session, which must get an error")),
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {}
        Err(other) => return Err(other),
    }
    let (bound, expected, how) = match access {
        Access::Tenants => {
            let tenant = Uuid::new_v4().to_string();
            (tenant.clone(), tenant, "it does not answer the tenant that is bound")
        }
        Access::System => ("preflight".to_owned(), "true".to_owned(), "it does not let through who has a reason"),
    };
    let answer = answer(connection, access, &bound).await?;
    Ok((answer != Some(expected)).then_some(how))
}

/// What the function answers, as text, where this is bound.
async fn answer(connection: &mut PgConnection, access: Access, bound: &str) -> Result<Option<String>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_catalog.set_config($1, $2, true)")
        .bind(access.variable())
        .bind(bound)
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let ask = format!("SELECT CAST({} AS pg_catalog.text)", access.function());
    let answer = sqlx::query_scalar(AssertSqlSafe(ask)).persistent(false).fetch_one(&mut *transaction).await;
    transaction.rollback().await?;
    answer
}

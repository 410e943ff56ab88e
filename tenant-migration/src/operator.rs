//! Who runs the migrations: looked at before anything is changed.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

use crate::error::MigrationError;
use crate::role_names::RoleNames;

#[derive(FromQueryResult)]
struct Operator {
    name: String,
    missing: Option<String>,
    owner_member: Option<bool>,
}

/// Refuses a role that serves requests, and one that can't do what a migration needs.
pub(crate) async fn check<C: ConnectionTrait>(db: &C, roles: &RoleNames) -> Result<(), MigrationError> {
    let operator = find(db, roles).await.map_err(MigrationError::Operator)?;
    let migrator = roles.migrator.as_str().to_owned();
    let role = operator.name;
    if [&roles.app, &roles.admin, &roles.reporting].iter().any(|name| name.as_str() == role) {
        return Err(MigrationError::ApplicationRole { role, migrator });
    }
    if let Some(missing) = operator.missing {
        return Err(MigrationError::MissingRoles { role, missing, migrator });
    }
    if operator.owner_member == Some(false) {
        return Err(MigrationError::NotAMember { role, owner: roles.owner.as_str().to_owned(), migrator });
    }
    Ok(())
}

async fn find<C: ConnectionTrait>(db: &C, roles: &RoleNames) -> Result<Operator, DbErr> {
    let names = roles.all().map(|role| role.as_str().into());
    let query = Statement::from_sql_and_values(db.get_database_backend(), include_str!("../sql/operator.sql"), names);
    let row = db.query_one_raw(query).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the connected role is not in pg_roles".to_owned()))?;
    Operator::from_query_result(&row, "")
}

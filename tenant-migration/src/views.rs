//! Views over scoped tables: they must show what the asking role may see, not what their owner may.

use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::desired::Desired;
use crate::ident::{Ident, QualifiedName};
use crate::schema::TableSchema;
use crate::step::{LockMode, Step};

/// The changes that make the owner's views over scoped tables ask with the rights of who reads them.
pub(crate) async fn changes(connection: &mut PgConnection, desired: &Desired) -> Result<Vec<Change>, sqlx::Error> {
    let scoped = desired.tables.iter().filter(|table| table.tenant_key().is_some()).map(TableSchema::name);
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        scoped.map(|name| (name.schema.as_str(), name.name.as_str())).unzip();
    let query = sqlx::query_as(include_str!("../sql/views_without_invoker.sql"));
    let query = query.bind(schemas).bind(names).bind(desired.roles.owner.as_str());
    let views: Vec<(String, String)> = query.persistent(false).fetch_all(connection).await?;
    let change = |(schema, name): (String, String)| {
        let view = QualifiedName { schema: Ident::live(&schema), name: Ident::live(&name) };
        // Nobody wants it back as it was.
        let step = Step::forward(
            format!("{name}: a view shows its reader's rows"),
            format!("ALTER VIEW {view} SET (security_invoker = true);"),
        );
        Change::new(format!("view {schema}.{name}"), vec![step.locking_view(LockMode::AccessExclusive, &view)])
    };
    Ok(views.into_iter().map(change).collect())
}

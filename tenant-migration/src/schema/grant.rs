//! Who may do what with a table, and with a schema of tables.

use tenant_core::Tenancy;

use crate::ident::{Ident, List, QualifiedName};
use crate::role_names::RoleNames;
use crate::step::Step;

const READ: &str = "SELECT";
/// Not TRUNCATE, which row-level security doesn't bind; not TRIGGER or REFERENCES, through which a role runs code in or
/// learns of other tenants' rows.
const WRITE: &str = "SELECT, INSERT, UPDATE, DELETE";

/// The grants on a table.
pub(super) fn on_table(table: &QualifiedName, tenancy: &Tenancy, roles: &RoleNames) -> Step {
    let (app, reason) = match tenancy {
        Tenancy::Scoped { .. } => (WRITE, "the application reads and writes"),
        Tenancy::Shared => (READ, "the application only reads what all tenants share"),
    };
    let users = List(&[roles.app.clone(), roles.admin.clone(), roles.reporting.clone()]).to_string();
    // What default privileges have given is taken first.
    let up = format!(
        "REVOKE ALL ON TABLE {table} FROM PUBLIC, {users};\n\
         GRANT {app} ON TABLE {table} TO {};\n\
         GRANT {WRITE} ON TABLE {table} TO {};\n\
         GRANT {READ} ON TABLE {table} TO {};",
        roles.app, roles.admin, roles.reporting
    );
    let down = format!("REVOKE ALL ON TABLE {table} FROM {users};");
    Step::owner(format!("{}: {reason}", table.name.as_str()), up, down)
}

/// The schema of tables outside `public`. It stays when its tables go: others may live in it.
pub(super) fn on_schema(schema: &Ident, roles: &RoleNames) -> Step {
    let users = List(&[roles.app.clone(), roles.admin.clone(), roles.reporting.clone()]).to_string();
    let up = format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};\n\
         REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;\n\
         GRANT USAGE ON SCHEMA {schema} TO {users};"
    );
    Step { down: None, ..Step::owner(format!("a schema {}, if it is missing", schema.as_str()), up, "") }
}

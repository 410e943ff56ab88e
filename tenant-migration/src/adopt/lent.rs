//! What the roles of old programs keep until tenancy is enforced: what they could do as owners or as everybody.

use std::fmt::Display;

use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::ident::Ident;
use crate::known;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::literal;

/// Gives a right, and notes the statement that takes it.
pub(super) fn lend(right: &str, role: &impl Display) -> String {
    format!("GRANT {right} TO {role};\n{}", note(&literal(&format!("REVOKE {right} FROM {role}"))))
}

fn note(statement: &str) -> String {
    let kind = literal(known::LENT);
    format!("INSERT INTO tenancy.known VALUES ({kind}, {statement}, '', '') ON CONFLICT DO NOTHING;")
}

/// The step after the foundation: functions that everybody could call before it.
pub(super) fn functions(roles: &RoleNames, users: &[Ident]) -> Step {
    let users: Vec<String> = users.iter().map(|user| literal(user.as_str())).collect();
    let sql = format!(
        "DO $lend$
DECLARE
  lent record;
BEGIN
  FOR lent IN
    SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) AS signature, role
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace,
      LATERAL pg_catalog.aclexplode(p.proacl) AS a, pg_catalog.unnest(ARRAY[{}]::text[]) AS role
    WHERE a.grantee = CAST({} AS regrole) AND n.nspname <> 'tenancy'
      AND NOT pg_catalog.has_function_privilege(role, p.oid, 'EXECUTE')
  LOOP
    EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', lent.signature, lent.role);
    {}
  END LOOP;
END
$lend$;",
        users.join(", "),
        literal(&roles.admin.to_string()),
        note("pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I', lent.signature, lent.role)"),
    );
    Step::lasting("what everybody could call, the old programs still can", sql)
}

/// The change that takes all of it back; `None` where nothing was lent.
pub(super) async fn taking_back(connection: &mut PgConnection) -> Result<Option<Change>, sqlx::Error> {
    let lent = known::of_kind(connection, known::LENT).await?;
    let mut steps: Vec<Step> = lent
        .iter()
        .map(|lent| {
            // A role or function that is gone needs nothing taken.
            let body = format!(
                "BEGIN\n  {};\nEXCEPTION WHEN undefined_object OR undefined_function OR undefined_table THEN NULL;\nEND",
                lent.name
            );
            Step::lasting(format!("no longer lent: {}", lent.name), format!("DO {};", literal(&body)))
        })
        .collect();
    if steps.is_empty() {
        return Ok(None);
    }
    let forget = format!("DELETE FROM tenancy.known WHERE kind = {};", literal(known::LENT));
    steps.push(Step::lasting("nothing is lent", forget));
    Ok(Some(Change::new("what old programs were lent", steps)))
}

//! What the roles of old programs keep until tenancy is enforced: what they could do as owners or as everybody.

use std::collections::BTreeSet;
use std::fmt::Display;

use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::ident::Ident;
use crate::known::{self, Known};
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::literal;

/// What roles were granted that only the connected role can give: on functions, and in the database.
const GRANTED: &str = include_str!("../../sql/granted_beyond_owner.sql");

/// A right of a role's.
pub(super) struct Loan {
    right: String,
    role: String,
}

impl Loan {
    pub(super) fn new(right: impl Into<String>, role: &impl Display) -> Self {
        Self { right: right.into(), role: role.to_string() }
    }

    /// The statement that gives it.
    pub(super) fn grant(&self) -> String {
        format!("{};\n", self.giving())
    }

    /// The statement that notes what takes it and what gives it, for the owner, whose record it is.
    pub(super) fn note(&self) -> String {
        format!("{}\n", note(&self.revoke(), &self.giving()))
    }

    fn giving(&self) -> String {
        format!("GRANT {} TO {}", self.right, self.role)
    }

    fn revoke(&self) -> String {
        format!("REVOKE {} FROM {}", self.right, self.role)
    }
}

fn note(revoke: &str, grant: &str) -> String {
    let [kind, revoke, grant] = [known::LENT, revoke, grant].map(literal);
    format!("INSERT INTO tenancy.known VALUES ({kind}, {revoke}, {grant}, '') ON CONFLICT DO NOTHING;")
}

/// The step of the owner's after one that gives rights.
pub(super) fn noted(loans: &[Loan]) -> Step {
    let notes: String = loans.iter().map(Loan::note).collect();
    Step::forward("what was lent is noted", notes)
}

/// The steps after the foundation: functions that everybody could call before it.
pub(super) fn functions(roles: &RoleNames, users: &[Ident]) -> [Step; 2] {
    let users: Vec<String> = users.iter().map(|user| literal(user.as_str())).collect();
    let grant = format!(
        "DO $lend$
DECLARE
  lent record;
  statements text[];
BEGIN
  FOR lent IN
    SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) AS signature, role
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace,
      LATERAL pg_catalog.aclexplode(p.proacl) AS a, pg_catalog.unnest(ARRAY[{}]::text[]) AS role
    WHERE a.grantee = CAST({} AS regrole) AND n.nspname <> 'tenancy'
      AND NOT pg_catalog.has_function_privilege(role, p.oid, 'EXECUTE')
  LOOP
    EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', lent.signature, lent.role);
    statements := statements || pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM %I', lent.signature, lent.role);
  END LOOP;
  PERFORM pg_catalog.set_config('tenancy.lent', coalesce(CAST(statements AS text), '{{}}'), true);
END
$lend$;",
        users.join(", "),
        literal(&roles.admin.to_string()),
    );
    let notes = format!(
        "INSERT INTO tenancy.known SELECT {}, lent, '', ''
  FROM pg_catalog.unnest(CAST(pg_catalog.current_setting('tenancy.lent') AS text[])) AS lent
  ON CONFLICT DO NOTHING;",
        literal(known::LENT)
    );
    [
        Step::lasting("what everybody could call, the old programs still can", grant),
        Step::forward("what was lent is noted", notes),
    ]
}

/// The change that does nothing now, and on its way back lends again what the owner can give; `None` where nothing was lent.
pub(super) async fn lending_again(connection: &mut PgConnection) -> Result<Option<Change>, sqlx::Error> {
    let beyond = beyond_owner(connection).await?;
    let mut lent = known::of_kind(connection, known::LENT).await?;
    lent.retain(|lent| !lent.desired.is_empty() && !beyond.contains(&lent.name));
    let again = |lent: &Known| unless_gone(&format!("{}; {}", lent.desired, note(&lent.name, &lent.desired)));
    let down: Vec<String> = lent.iter().map(again).collect();
    let step = Step::backward("what old programs were lent is lent again", down.join("\n"));
    Ok((!down.is_empty()).then(|| Change::new("what old programs were lent", vec![step])))
}

/// A statement that needs nothing done where its role, table or function is gone.
fn unless_gone(statement: &str) -> String {
    let statement = statement.trim_end_matches(';');
    let gone = "undefined_object OR undefined_function OR undefined_table";
    format!("DO {};", literal(&format!("BEGIN\n  {statement};\nEXCEPTION WHEN {gone} THEN NULL;\nEND")))
}

/// The change that takes all of it back; `None` where nothing was lent.
pub(crate) async fn taking_back(connection: &mut PgConnection) -> Result<Option<Change>, sqlx::Error> {
    let lent = known::of_kind(connection, known::LENT).await?;
    if lent.is_empty() {
        return Ok(None);
    }
    let beyond = beyond_owner(connection).await?;
    let mut steps: Vec<Step> = lent
        .iter()
        .map(|lent| {
            let (reason, sql) = (format!("no longer lent: {}", lent.name), unless_gone(&lent.name));
            // What stands in the record is the owner's word, but for what can be nothing else.
            if beyond.contains(&lent.name) { Step::lasting(reason, sql) } else { Step::forward(reason, sql) }
        })
        .collect();
    steps.push(Step::forward("what was lent is gone", gone()));
    let forget = format!("DELETE FROM tenancy.known WHERE kind = {};", literal(known::LENT));
    steps.push(Step::forward("nothing is lent", forget));
    Ok(Some(Change::new("what old programs were lent", steps)))
}

/// Refuses to forget what a role without grant options was only warned that it can't take back.
fn gone() -> String {
    let body = format!(
        "DECLARE
  kept text;
BEGIN
  SELECT pg_catalog.string_agg(name, '; ') INTO kept FROM tenancy.known
    WHERE kind = {} AND name IN (
{GRANTED});
  IF kept IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'role ' || session_user || ' can''t take back what old programs were lent',
      HINT = 'run the same command as a superuser, or: ' || kept;
  END IF;
END",
        literal(known::LENT)
    );
    format!("DO {};", literal(&body))
}

/// All statements that take what only the connected role can give: rights in the database, and functions.
async fn beyond_owner(connection: &mut PgConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let granted: Vec<String> = sqlx::query_scalar(GRANTED).persistent(false).fetch_all(&mut *connection).await?;
    let database = "SELECT pg_catalog.current_database()::text";
    let database: String = sqlx::query_scalar(database).persistent(false).fetch_one(&mut *connection).await?;
    let roles = "SELECT rolname::text FROM pg_catalog.pg_roles";
    let roles: Vec<String> = sqlx::query_scalar(roles).persistent(false).fetch_all(connection).await?;
    let rights = open_rights(&Ident::live(&database));
    let of_role = |role: &String| rights.clone().map(|right| Loan::new(right, &Ident::live(role)).revoke());
    Ok(granted.into_iter().chain(roles.iter().flat_map(of_role)).collect())
}

/// What everybody may do in a database that was not closed: temporary tables, schemas, tables in `public`.
pub(super) fn open_rights(database: &Ident) -> [String; 3] {
    [
        format!("TEMPORARY ON DATABASE {database}"),
        format!("CREATE ON DATABASE {database}"),
        "CREATE ON SCHEMA public".to_owned(),
    ]
}

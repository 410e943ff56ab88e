//! From the desired and the live state to a plan.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::access_log::AHEAD;
use crate::change::Change;
use crate::conflict::{Conflict, Conflicts};
use crate::desired::Desired;
use crate::diff::{self, Alteration, Differences, Pair, Part, Phase, beside};
use crate::error::MigrationError;
use crate::foundation;
use crate::ident::{Ident, QualifiedName};
use crate::journal;
use crate::known::{self, Known};
use crate::live::{self, LiveTable, MARK};
use crate::plan::Plan;
use crate::schema::TableSchema;
use crate::session;
use crate::shadow;
use crate::step::Actor;
use crate::taken;
use crate::views;

/// From this size on a table is big: to write its rows anew takes longer than a request may wait. 8 MiB in pages of 8 KiB.
const BIG: i64 = 1024;

/// What a plan may do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// Steps that write each row of a big table anew.
    pub(crate) rewrites: bool,
    /// To replace what somebody else made.
    pub(crate) taking_over: bool,
    pub(crate) part: Part,
}

/// What is to be done to a database: nothing, where it is what the registry says.
///
/// The look is one transaction, in which tables are made to see what the server makes of them, and which is rolled back.
pub(crate) async fn plan(
    connection: &mut PgConnection,
    desired: &Desired,
    allowed: Allowed,
) -> Result<Plan, MigrationError> {
    let mut transaction = connection.begin().await.map_err(MigrationError::Look)?;
    let plan = look(&mut transaction, desired, allowed).await;
    let ended = transaction.rollback().await;
    let plan = plan?;
    ended.map_err(MigrationError::Look)?;
    Ok(plan)
}

async fn look(connection: &mut PgConnection, desired: &Desired, allowed: Allowed) -> Result<Plan, MigrationError> {
    sqlx::raw_sql(session::PREPARE).execute(&mut *connection).await.map_err(MigrationError::Look)?;
    let foundation = foundation::look(connection, desired, AHEAD).await.map_err(MigrationError::Look)?;
    let mut changes = Vec::new();
    if !foundation.current {
        changes.push(foundation::change(desired, &foundation.retired));
    }
    let mut notes = Vec::new();
    let mut known = false;
    if foundation.bears {
        let found = differences(connection, desired, allowed, &|_| {}).await?;
        known = found.known;
        changes.extend(found.changes);
        notes.extend(found.notes);
    } else {
        let live = live::read(connection, desired.tables.iter().map(TableSchema::name)).await;
        let there: BTreeSet<QualifiedName> = live.map_err(MigrationError::Look)?.into_keys().collect();
        changes.extend(desired.creations(&there, &there));
        if !there.is_empty() {
            notes.push("tables that are there already are compared when roles and schema are made".to_owned());
        }
    }
    Ok(Plan { roles: desired.roles.clone(), changes, notes, known })
}

/// Changes what was read of the tables before it is compared.
type Imagine<'a> = &'a (dyn Fn(&mut BTreeMap<QualifiedName, LiveTable>) + Sync);

/// What is to be done to the tables, and what is kept.
///
/// The connection must be in a transaction that is rolled back.
pub(crate) async fn differences(
    connection: &mut PgConnection,
    desired: &Desired,
    allowed: Allowed,
    imagine: Imagine<'_>,
) -> Result<Plan, MigrationError> {
    let tables = Tables::read(connection, desired, allowed, imagine).await.map_err(MigrationError::Look)?;
    let known = tables.open.is_empty();
    let (changes, notes) = tables.compare(connection).await?;
    Ok(Plan { roles: desired.roles.clone(), changes, notes, known })
}

/// All that is compared.
struct Tables<'a> {
    desired: &'a Desired,
    allowed: Allowed,
    live: BTreeMap<QualifiedName, LiveTable>,
    begun: BTreeSet<String>,
    /// The tables that are there and not known to be as they should.
    open: BTreeSet<QualifiedName>,
    /// The tables that were as they should be, so that all that is different now was done to them since.
    harmed: BTreeSet<QualifiedName>,
}

impl<'a> Tables<'a> {
    async fn read(
        connection: &mut PgConnection,
        desired: &'a Desired,
        allowed: Allowed,
        imagine: Imagine<'_>,
    ) -> Result<Self, sqlx::Error> {
        let act = session::act_as(Actor::Owner, &desired.roles, session::Scope::Transaction);
        sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut *connection).await?;
        let begun = journal::begun(connection).await?;
        let known = known::of_kind(connection, known::TABLE).await?;
        // A path of its own for what names no schema: the types and functions of the application's.
        let mut aside = connection.begin().await?;
        let mut live = live::read(&mut aside, desired.tables.iter().map(TableSchema::name)).await?;
        aside.rollback().await?;
        imagine(&mut live);
        // What was as it should be, and is still wanted so.
        let still_wanted = desired.tables.iter().filter_map(|table| {
            let record = known.iter().find(|record| record.name == table.described().to_string())?;
            (record.desired == wanted_digest(table, desired)).then_some((table.name(), record))
        });
        let still_wanted: BTreeMap<&QualifiedName, &Known> = still_wanted.collect();
        let is_known = |table: &&TableSchema| {
            let live = live_digest(table.name(), &live);
            still_wanted.get(table.name()).is_some_and(|record| Some(&record.live) == live.as_ref())
        };
        let there = desired.tables.iter().filter(|table| live.contains_key(table.name()));
        let changed: BTreeSet<_> = there.clone().filter(|table| !is_known(table)).map(TableSchema::name).collect();
        // What refers to a table may have to be made anew with it.
        let open = there
            .filter(|table| changed.contains(table.name()) || table.targets().any(|target| changed.contains(target)));
        let open = open.map(|table| table.name().clone()).collect();
        let harmed = still_wanted.into_keys().cloned().collect();
        Ok(Self { desired, allowed, live, begun, open, harmed })
    }

    async fn compare(self, connection: &mut PgConnection) -> Result<(Vec<Change>, Vec<String>), MigrationError> {
        let mut out = Differences::default();
        let mut wanted = BTreeMap::new();
        let mut alterations = Vec::new();
        if !self.open.is_empty() {
            wanted = shadow::read(connection, self.desired, &self.open).await.map_err(MigrationError::Look)?;
        }
        let loosened = diff::loosened(&self.live, &wanted);
        let is_unkeyed = |table: &&TableSchema| {
            let (Some(have), Some(key)) = (self.live.get(table.name()), table.tenant_key()) else { return false };
            have.column(key).is_none()
        };
        let unkeyed = self.desired.tables.iter().filter(is_unkeyed).map(TableSchema::name).collect();
        for table in self.desired.tables.iter().filter(|table| self.open.contains(table.name())) {
            let (Some(want), Some(have)) = (wanted.get(table.name()), self.live.get(table.name())) else { continue };
            let without_walls = (self.allowed.part == Part::Beside).then(|| beside(want, have, table.tenant_key()));
            let pair = Pair {
                name: table.name(),
                described: table.described(),
                tenant_key: table.tenant_key(),
                audit: table.audit(),
                want: without_walls.as_ref().unwrap_or(want),
                have,
                live: &self.live,
                wanted: &wanted,
                roles: &self.desired.roles,
                unkeyed: &unkeyed,
                loosened: &loosened,
                begun: &self.begun,
                takes_over: self.allowed.taking_over,
                part: self.allowed.part,
            };
            out.repairs = self.harmed.contains(table.name());
            let of_table = pair.compare(&mut out);
            out.repairs = false;
            let may_rewrite = have.pages < BIG || self.allowed.rewrites;
            let tried = of_table.into_iter().filter(|alteration| alteration.refused.is_some() || !may_rewrite);
            alterations.extend(tried.map(|alteration| (table, have.pages, may_rewrite, alteration)));
        }
        for (table, pages, may_rewrite, alteration) in alterations {
            let rewrites = match (rewrites(connection, &alteration).await, alteration.refused) {
                (Err(sqlx::Error::Database(_)), Some(conflict)) => {
                    out.conflicts.push(conflict);
                    continue;
                }
                (tried, _) => tried.map_err(MigrationError::Look)?,
            };
            if rewrites && !may_rewrite {
                out.conflicts.push(Conflict::Rewrite {
                    table: table.described().clone(),
                    what: alteration.what,
                    size: format!("{} MiB", pages / 128),
                });
            }
        }
        let conflicts = out.take_conflicts();
        if !conflicts.is_empty() {
            return Err(MigrationError::Conflicts(Conflicts(conflicts)));
        }
        let mut notes = std::mem::take(&mut out.notes);
        notes.extend(self.forgotten(connection).await.map_err(MigrationError::Look)?);
        let exists: BTreeSet<QualifiedName> = self.live.keys().cloned().collect();
        // What a new table refers to may have to be changed first.
        let settled = &exists - &self.open;
        let part = self.allowed.part;
        let mut closing = match part {
            Part::All => views::changes(connection, self.desired).await.map_err(MigrationError::Look)?,
            Part::Beside | Part::Walls => Vec::new(),
        };
        if part != Part::Walls {
            closing.extend(self.desired.creations(&exists, &settled));
        }
        for table in self.desired.tables.iter().filter(|table| !exists.contains(table.name())) {
            for target in &self.open {
                for (name, step) in table.references_to(target) {
                    out.refer(target, table.name(), name);
                    let title = format!("table {}: {}", table.described(), step.reason);
                    out.push(Phase::References, Change::new(title, vec![step]));
                }
            }
        }
        let mut changes = out.into_changes(part, closing);
        let partitions = |name: &QualifiedName| live::descendants(&self.live, name).into_iter().map(|(name, _)| name);
        changes.iter_mut().flat_map(|change| &mut change.steps).for_each(|step| step.name_partitions(partitions));
        let missing = self.desired.tables.iter().map(TableSchema::name).filter(|name| !exists.contains(name));
        let conflicts = taken::conflicts(connection, &changes, missing).await.map_err(MigrationError::Look)?;
        if conflicts.is_empty() { Ok((changes, notes)) } else { Err(MigrationError::Conflicts(Conflicts(conflicts))) }
    }

    /// The framework's tables that no entity has.
    async fn forgotten(&self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        let query = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c
                     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relkind IN ('r', 'p') AND pg_catalog.obj_description(c.oid, 'pg_class') = $1 ORDER BY 1, 2";
        let marked: Vec<(String, String)> =
            sqlx::query_as(query).bind(MARK).persistent(false).fetch_all(connection).await?;
        let names = marked
            .into_iter()
            .map(|(schema, name)| QualifiedName { schema: Ident::live(&schema), name: Ident::live(&name) });
        let wanted = |name: &QualifiedName| self.desired.tables.iter().any(|table| table.name() == name);
        Ok(names
            .filter(|name| !wanted(name))
            .map(|name| {
                format!("kept: the table {name}, which no entity describes; drop it in a migration of your own when no running program uses it")
            })
            .collect())
    }
}

/// Whether a change writes each row anew: tried out on a copy without rows, which gets another file if it does.
async fn rewrites(connection: &mut PgConnection, alteration: &Alteration) -> Result<bool, sqlx::Error> {
    let mut aside = connection.begin().await?;
    // A table that isn't the owner's yet is looked at by who is to give it; if nobody may, the step that gives it says so.
    sqlx::raw_sql("SET LOCAL ROLE NONE").execute(&mut *aside).await?;
    let copy = "tenancy.tried_out";
    // Without what is dropped while a type changes.
    let parts = "INCLUDING ALL EXCLUDING CONSTRAINTS EXCLUDING INDEXES";
    let like = format!("CREATE TABLE {copy} (LIKE {} {parts})", alteration.table);
    match sqlx::raw_sql(AssertSqlSafe(like)).execute(&mut *aside).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => {
            return aside.rollback().await.map(|()| false);
        }
        made => made?,
    };
    let file = || sqlx::query_scalar("SELECT pg_catalog.pg_relation_filenode('tenancy.tried_out')").persistent(false);
    let before: i64 = filenode(file().fetch_one(&mut *aside).await?);
    sqlx::raw_sql(AssertSqlSafe(format!("ALTER TABLE {copy} {}", alteration.action))).execute(&mut *aside).await?;
    let after: i64 = filenode(file().fetch_one(&mut *aside).await?);
    aside.rollback().await?;
    Ok(before != after)
}

fn filenode(oid: sqlx::postgres::types::Oid) -> i64 {
    i64::from(oid.0)
}

/// Records that the tables are as they should; after an empty plan.
pub(crate) async fn record(connection: &mut PgConnection, desired: &Desired) -> Result<(), sqlx::Error> {
    let mut aside = connection.begin().await?;
    let live = live::read(&mut aside, desired.tables.iter().map(TableSchema::name)).await?;
    aside.rollback().await?;
    let records = desired.tables.iter().filter_map(|table| {
        let live = live_digest(table.name(), &live)?;
        Some(Known { name: table.described().to_string(), desired: wanted_digest(table, desired), live })
    });
    known::replace(connection, known::TABLE, &records.collect::<Vec<_>>()).await
}

/// What is wanted of a table.
fn wanted_digest(table: &TableSchema, desired: &Desired) -> String {
    let steps = table.creation(&desired.roles, &|_| true);
    known::digest(steps.iter().map(|step| step.up.as_str()))
}

/// What the database says of a table and of its partitions.
fn live_digest(name: &QualifiedName, live: &BTreeMap<QualifiedName, LiveTable>) -> Option<String> {
    let mut texts = vec![live.get(name)?.text()];
    texts.extend(live::descendants(live, name).into_iter().map(|(_, table)| table.text()));
    Some(known::digest(texts.iter().map(String::as_str)))
}

//! A database that is being adopted, as it is now.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::adoption::Adoption;
use super::filling::TRIGGER;
use super::lent::open_rights;
use super::observation::PUBLIC;
use super::problem::AdoptionProblem;
use super::rule::{Column, Ruled, Rules};
use crate::access_log::AHEAD;
use crate::desired::Desired;
use crate::foundation::{self, Foundation};
use crate::ident::{Ident, QualifiedName};
use crate::live::{self, LiveTable};
use crate::schema::TableSchema;

/// Roles whose members work on tables that nobody granted them.
const EVERYWHERE: [&str; 2] = ["pg_read_all_data", "pg_write_all_data"];

/// All that the stages go by.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) rules: Rules<'a>,
    /// Whether something says of each table whose its rows are.
    pub(super) decided: bool,
    /// The registry's tables with their partitions.
    pub(super) live: BTreeMap<QualifiedName, LiveTable>,
    pub(super) foundation: Foundation,
    /// The roles of old programs: who owns a table or has rights on it or on all, and is neither ours nor a superuser.
    pub(super) users: Vec<Ident>,
    /// What everybody may do in the database, and soon nobody.
    pub(super) open_rights: Vec<String>,
    /// The tables whose rows a trigger fills.
    pub(super) triggers: BTreeSet<QualifiedName>,
    /// Whether the connected role can leave out the application's own triggers.
    pub(super) silently: bool,
    sequences: Vec<Sequence>,
    /// What can't be, whatever the rows are.
    pub(super) problems: Vec<AdoptionProblem>,
}

#[derive(sqlx::FromRow)]
struct Rights {
    role: String,
    database: String,
    temporary: bool,
    create: bool,
    create_public: bool,
    silently: bool,
}

/// What a column of a table counts by.
#[derive(Debug)]
struct Sequence {
    table: QualifiedName,
    /// As SQL.
    name: String,
    /// Whether it goes with the table.
    own: bool,
}

#[derive(sqlx::FromRow)]
struct Reference {
    target_schema: String,
    target: String,
    target_columns: Vec<String>,
    schema: String,
    name: String,
    columns: Vec<String>,
    constraint: String,
}

impl<'a> Seen<'a> {
    pub(super) async fn read(
        connection: &mut PgConnection,
        desired: &'a Desired,
        adoption: &Adoption,
    ) -> Result<Self, sqlx::Error> {
        let mut aside = connection.begin().await?;
        let live = live::read(&mut aside, desired.tables.iter().map(TableSchema::name)).await?;
        aside.rollback().await?;
        let (rules, mut problems) = Rules::resolve(desired, &live, adoption);
        let decided = problems.is_empty();
        let foundation = foundation::look(connection, desired, AHEAD).await?;
        let rights: Rights = sqlx::query_as(include_str!("../../sql/adoption_rights.sql"))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        problems.extend(not_yours(connection, desired, &live, &rights.role).await?);
        problems.extend(referenced(connection, &rules).await?);
        problems.extend(rests_on_keys(connection, &rules).await?);
        problems.extend(inherits(connection, &live).await?);
        let users = users(connection, desired, &live).await?;
        let triggers = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_trigger t
                        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE t.tgname = $1 AND t.tgparentid = 0";
        let triggers: Vec<(String, String)> =
            sqlx::query_as(triggers).bind(TRIGGER).persistent(false).fetch_all(&mut *connection).await?;
        let triggers: BTreeSet<QualifiedName> = triggers.iter().map(|(schema, table)| name(schema, table)).collect();
        let sequences = sequences(connection).await?;
        let database = Ident::live(&rights.database);
        let open = [rights.temporary, rights.create, rights.create_public];
        let open_rights = open.into_iter().zip(open_rights(&database));
        let mut seen = Self {
            rules,
            decided,
            live,
            foundation,
            users,
            open_rights: open_rights.filter(|(open, _)| *open).map(|(_, right)| right).collect(),
            triggers,
            silently: rights.silently,
            sequences,
            problems,
        };
        let hindrances = seen.hindrances(connection, &desired.roles.owner).await?;
        seen.problems.extend(hindrances);
        Ok(seen)
    }

    /// What of the application's own would give rows that old programs write no tenant, or another one.
    async fn hindrances(
        &self,
        connection: &mut PgConnection,
        owner: &Ident,
    ) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
        let filled = |ruled: &&Ruled<'_>| ruled.column != Column::Whole || self.triggers.contains(ruled.schema.name());
        let filled = self.rules.tables.values().filter(filled);
        let filled: BTreeMap<&QualifiedName, &LiveTable> = filled.flat_map(|ruled| self.parts(ruled)).collect();
        // Row by row, before an INSERT or UPDATE; PostgreSQL sorts them as bytes.
        let later = "SELECT n.nspname::text, c.relname::text, t.tgname::text FROM pg_catalog.pg_trigger t
                     JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgparentid = 0 AND t.tgname > CAST($1 AS name)
                       AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0 ORDER BY 1, 2, 3";
        let later = sqlx::query_as(later).bind(TRIGGER).persistent(false).fetch_all(connection).await?;
        let later = later.into_iter().filter_map(|(schema, table, trigger): (String, String, String)| {
            let table = name(&schema, &table);
            let (trigger, fill) = (Ident::live(&trigger).to_string(), TRIGGER);
            filled.contains_key(&table).then(|| AdoptionProblem::LaterTrigger {
                table: table.to_string(),
                trigger,
                fill,
            })
        });
        // The rows of any of them may be what others take their tenant from.
        let read = self.live.iter().filter(|(name, _)| !filled.is_empty() && self.is_scoped(name));
        let restricted = read.flat_map(|(table, have)| {
            let holds = |role: &String| role == PUBLIC || role == owner.as_str();
            let policies = have.policies.iter().filter(move |policy| {
                let reads = ["*", "r"].contains(&policy.command.as_str());
                !policy.permissive && !policy.marked && reads && policy.roles.iter().any(holds)
            });
            policies.map(|policy| AdoptionProblem::Restricted {
                table: table.to_string(),
                policy: Ident::live(&policy.name).to_string(),
                owner: owner.as_str().to_owned(),
            })
        });
        Ok(later.chain(restricted).collect())
    }

    /// Whether a role can work on a table.
    pub(super) fn uses(user: &Ident, have: &LiveTable) -> bool {
        have.owner == user.as_str()
            || EVERYWHERE.contains(&user.as_str())
            || have.grants.iter().any(|grant| grant.grantee == user.as_str())
    }

    /// The sequences that go with a table, as SQL.
    pub(super) fn sequences_of(&self, table: &QualifiedName) -> impl Iterator<Item = &str> {
        self.counting(table, true)
    }

    /// The sequences that a table's defaults name and that are not its own, as SQL.
    pub(super) fn other_sequences_of(&self, table: &QualifiedName) -> impl Iterator<Item = &str> {
        self.counting(table, false)
    }

    fn counting(&self, table: &QualifiedName, own: bool) -> impl Iterator<Item = &str> {
        let wanted = self.sequences.iter().filter(move |sequence| sequence.table == *table && sequence.own == own);
        wanted.map(|sequence| sequence.name.as_str())
    }

    /// Whether it is the table, or a partition of it at any depth.
    pub(super) fn is_part(&self, part: &QualifiedName, table: &QualifiedName) -> bool {
        let mut at = part.clone();
        loop {
            if at == *table {
                return true;
            }
            let Some(parent) = self.live.get(&at).and_then(|found| found.parent.as_ref()) else { return false };
            at = name(&parent.schema, &parent.name);
        }
    }

    /// Whether it is a scoped table, or a partition of one.
    pub(super) fn is_scoped(&self, name: &QualifiedName) -> bool {
        self.rules.tables.keys().any(|table| self.is_part(name, table))
    }

    /// The table with its partitions.
    pub(super) fn parts(&self, table: &Ruled<'_>) -> Vec<(&QualifiedName, &LiveTable)> {
        self.live.iter().filter(|(part, _)| self.is_part(part, table.schema.name())).collect()
    }
}

fn name(schema: &str, name: &str) -> QualifiedName {
    QualifiedName { schema: Ident::live(schema), name: Ident::live(name) }
}

async fn sequences(connection: &mut PgConnection) -> Result<Vec<Sequence>, sqlx::Error> {
    let query = sqlx::query_as(include_str!("../../sql/adoption_sequences.sql")).persistent(false);
    let all: Vec<(String, String, String, bool)> = query.fetch_all(connection).await?;
    let sequences = all.into_iter().map(|(schema, table, sequence, own)| {
        let table = name(&schema, &table);
        Sequence { table, name: sequence, own }
    });
    Ok(sequences.collect())
}

async fn users(
    connection: &mut PgConnection,
    desired: &Desired,
    live: &BTreeMap<QualifiedName, LiveTable>,
) -> Result<Vec<Ident>, sqlx::Error> {
    let ours = desired.roles.all().map(Ident::as_str);
    let grantees = live.values().flat_map(|have| have.grants.iter().map(|grant| grant.grantee.as_str()));
    let named: BTreeSet<&str> = grantees.chain(live.values().map(|have| have.owner.as_str())).collect();
    let named: Vec<&str> = named.into_iter().filter(|role| !ours.contains(role)).collect();
    let query = "SELECT rolname::text FROM pg_catalog.pg_roles r WHERE NOT rolsuper AND (rolname = ANY ($1)
                   OR rolname = ANY ($2) AND EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid))
                 ORDER BY 1";
    let query = sqlx::query_scalar(query).bind(named).bind(EVERYWHERE.as_slice());
    let users: Vec<String> = query.persistent(false).fetch_all(connection).await?;
    Ok(users.iter().map(|user| Ident::live(user)).collect())
}

async fn not_yours(
    connection: &mut PgConnection,
    desired: &Desired,
    live: &BTreeMap<QualifiedName, LiveTable>,
    role: &str,
) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let owners: Vec<&str> = live.values().map(|have| have.owner.as_str()).collect();
    let query = "SELECT rolname::text FROM pg_catalog.pg_roles
                 WHERE rolname = ANY ($1) AND NOT pg_catalog.pg_has_role(oid, 'MEMBER')";
    let foreign: Vec<String> = sqlx::query_scalar(query).bind(owners).persistent(false).fetch_all(connection).await?;
    let wanted = &desired.roles.owner;
    let tables = desired.tables.iter().filter_map(|table| {
        let have =
            live.get(table.name()).filter(|have| have.owner != wanted.as_str() && foreign.contains(&have.owner))?;
        let (table, owner) = (table.described().clone(), have.owner.clone());
        Some(AdoptionProblem::NotYours { table, owner, role: role.to_owned(), wanted: wanted.as_str().to_owned() })
    });
    Ok(tables.collect())
}

/// Foreign keys to what will be replaced, which no relation of an entity takes the place of.
async fn referenced(connection: &mut PgConnection, rules: &Rules<'_>) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let query = sqlx::query_as(include_str!("../../sql/adoption_references.sql")).persistent(false);
    let all: Vec<Reference> = query.fetch_all(connection).await?;
    let problem = |key: Reference| {
        let target = rules.tables.get(&name(&key.target_schema, &key.target))?;
        let by = rules.tables.get(&name(&key.schema, &key.name));
        let replaced = by.is_some_and(|by| {
            let mut wanted = by.schema.references().iter().filter(|wanted| wanted.target() == target.schema.name());
            wanted.any(|wanted| {
                let own = wanted.own_pairs();
                key.columns.iter().all(|column| own.iter().any(|(own, _)| own.as_str() == column))
            })
        });
        let keeps = key.target_columns.iter().any(|column| column == target.key.as_str());
        (!replaced && !keeps).then(|| AdoptionProblem::Referenced {
            table: target.schema.described().clone(),
            by: format!("{}.{}", key.schema, key.name),
            constraint: key.constraint,
        })
    };
    Ok(all.into_iter().filter_map(problem).collect())
}

/// What PostgreSQL won't drop a primary key under: views and functions that group by it alone.
async fn rests_on_keys(connection: &mut PgConnection, rules: &Rules<'_>) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let query = sqlx::query_as(include_str!("../../sql/adoption_dependents.sql")).persistent(false);
    let all: Vec<(String, String, String, Vec<String>, String)> = query.fetch_all(connection).await?;
    let problem = |(schema, table, key, columns, by): (String, String, String, Vec<String>, String)| {
        let ruled = rules.tables.get(&name(&schema, &table))?;
        let keeps = columns.iter().any(|column| column == ruled.key.as_str());
        (!keeps).then(|| AdoptionProblem::KeyUsed { table: ruled.schema.described().clone(), key, by })
    };
    Ok(all.into_iter().filter_map(problem).collect())
}

/// Tables that inherit from one that is adopted without being its partitions.
async fn inherits(
    connection: &mut PgConnection,
    live: &BTreeMap<QualifiedName, LiveTable>,
) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let query = "SELECT n.nspname::text, p.relname::text, CAST(CAST(c.oid AS regclass) AS text)
                 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
                 JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
                 WHERE NOT c.relispartition AND c.relkind IN ('r', 'f') ORDER BY 1, 2, 3";
    let all: Vec<(String, String, String)> = sqlx::query_as(query).persistent(false).fetch_all(connection).await?;
    let problem = |(schema, table, child): (String, String, String)| {
        let parent = name(&schema, &table);
        live.contains_key(&parent).then(|| AdoptionProblem::Inherits { table: parent.to_string(), child })
    };
    Ok(all.into_iter().filter_map(problem).collect())
}

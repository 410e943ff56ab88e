//! All of it, in order.

use std::fmt;

use tenant_core::Registry;

use super::distribution::{one_connection, step};
use super::{references, workers};
use crate::change::Change;
use crate::desired::Desired;
use crate::plan::Plan;
use crate::portability::{Mechanism, Server, facts};
use crate::problem::PlanError;
use crate::role_names::RoleNames;
use crate::schema::TableSchema;

/// The SQL for a fresh database of a Citus cluster. Its `Display` begins with what it rests on.
///
/// It was never run against a live cluster, and says so.
#[derive(Clone, Debug)]
pub struct CitusPlan(Plan);

impl CitusPlan {
    /// The plan for the tables of `registry`.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why.
    pub fn new(registry: &Registry, roles: &RoleNames) -> Result<Self, PlanError> {
        Ok(Self::of(&Desired::new(registry, roles)?))
    }

    pub(crate) fn of(desired: &Desired) -> Self {
        // Tables alone, each as Citus takes it.
        let bare = Desired {
            tables: desired
                .tables
                .iter()
                .map(|table| table.without_references().without_audit().asking_directly())
                .collect(),
            ..desired.clone()
        };
        let anchor = bare.tables.iter().find(|table| table.tenant_key().is_some());
        let mut plan = Plan::for_empty(&bare);
        for table in &bare.tables {
            let title = Desired::title(table);
            plan.changes.iter_mut().filter(|change| change.name == title).for_each(|made| spread(made, table, anchor));
        }
        plan.changes.splice(1..1, workers::changes(&desired.roles));
        let (foreign_keys, left_out) = references::references(desired);
        plan.changes.extend(foreign_keys);
        plan.notes = left_out;
        plan.notes.extend(unlogged(desired));
        Self(plan)
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        self.0.changes()
    }

    /// What of the registry has no shape on Citus, and what takes its place.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.0.notes()
    }
}

/// Spreads a table when all that belongs to it is there: each part of it on a worker is then made with its row-level
/// security, before there can be a row.
fn spread(change: &mut Change, table: &TableSchema, anchor: Option<&TableSchema>) {
    change.steps.insert(0, one_connection());
    change.steps.push(step(table, anchor));
}

/// What is not logged, in the words of the portability report.
fn unlogged(desired: &Desired) -> Option<String> {
    let tables = desired.tables.iter().filter(|table| table.audit().is_some());
    let tables: Vec<String> = tables.map(|table| table.name().to_string()).collect();
    let fact = facts()
        .flatten()
        .find(|fact| fact.mechanism == Mechanism::AuditTriggers.id() && fact.server == Server::Citus.id())?;
    (!tables.is_empty()).then(|| {
        format!("left out: {}, of {}. {}", Mechanism::AuditTriggers.title(), tables.join(", "), fact.statement)
    })
}

impl fmt::Display for CitusPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", include_str!("../../../sql/citus_header.sql"), self.0)
    }
}

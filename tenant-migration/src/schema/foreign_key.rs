//! A foreign key that can't cross tenants.

use std::collections::BTreeSet;
use std::fmt;

use sea_orm::sea_query::ForeignKeyAction;
use tenant_core::{ForeignKey, Registry, Table};

use super::table::Place;
use crate::ident::{Ident, IdentError, List, QualifiedName};
use crate::live::MARK;
use crate::name::object_name;
use crate::problem::PlanProblem;
use crate::step::{LockMode, Step};
use crate::template::literal;

/// A foreign key. Between scoped tables it pairs the tenant columns, so that a row can't refer to another tenant's.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKeySchema {
    name: Ident,
    table: QualifiedName,
    columns: Vec<Ident>,
    /// The referring columns that are not the tenant's: what SET NULL and SET DEFAULT may touch.
    own: Vec<Ident>,
    target: QualifiedName,
    target_columns: Vec<Ident>,
    on_delete: Option<Effect>,
    on_update: Option<Effect>,
    /// The tables of the two that are under FORCE.
    forced: Vec<QualifiedName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Restrict,
    Cascade,
    SetNull,
    NoAction,
    SetDefault,
}

impl Effect {
    /// `None` for an action that this release doesn't know.
    const fn of(action: ForeignKeyAction) -> Option<Self> {
        match action {
            ForeignKeyAction::Restrict => Some(Self::Restrict),
            ForeignKeyAction::Cascade => Some(Self::Cascade),
            ForeignKeyAction::SetNull => Some(Self::SetNull),
            ForeignKeyAction::NoAction => Some(Self::NoAction),
            ForeignKeyAction::SetDefault => Some(Self::SetDefault),
            _ => None,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::NoAction => "NO ACTION",
            Self::SetDefault => "SET DEFAULT",
        }
    }

    const fn changes_columns(self) -> bool {
        matches!(self, Self::SetNull | Self::SetDefault)
    }
}

impl ForeignKeySchema {
    pub(super) fn of(key: &ForeignKey, table: &Table, registry: &Registry) -> Result<Self, Box<PlanProblem>> {
        let problem = |fault| {
            Box::new(PlanProblem::ForeignKey {
                table: table.name().clone(),
                columns: key.columns.join(", "),
                target: key.target.clone(),
                fault,
            })
        };
        let target = registry
            .table(Some(&key.target.schema), &key.target.table)
            .ok_or_else(|| problem(ForeignKeyFault::NoTarget))?;
        let pairs = pairs(key, table, target).map_err(problem)?;
        let target_columns: Vec<&str> = pairs.iter().map(|(_, referred)| *referred).collect();
        check_target_key(&target_columns, target).map_err(problem)?;

        let columns: Vec<&str> = pairs.iter().map(|(column, _)| *column).collect();
        let own: Vec<&str> = columns.iter().copied().filter(|column| Some(*column) != table.tenant_key()).collect();
        let (on_delete, on_update) = actions(key, own.len(), columns.len()).map_err(problem)?;
        let build = || {
            let name = QualifiedName::try_from(table.name())?;
            let scoped = [table, target].into_iter().filter(|table| table.tenant_key().is_some());
            let forced = scoped.map(|table| table.name().try_into()).collect::<Result<_, _>>()?;
            Ok(Self {
                name: match &key.name {
                    Some(given) => Ident::new(given.as_str())?,
                    None => object_name(&name.name, &key.columns, "fkey")?,
                },
                table: name,
                columns: Ident::all(columns.iter().copied())?,
                own: Ident::all(own.iter().copied())?,
                target: QualifiedName::try_from(&key.target)?,
                target_columns: Ident::all(target_columns.iter().copied())?,
                on_delete,
                on_update,
                forced,
            })
        };
        build().map_err(|source: IdentError| PlanProblem::name(table.name(), source))
    }

    /// The step that adds the key to a table that exists already.
    ///
    /// PostgreSQL looks for rows that break it as the table's owner, to whom FORCE shows none: the constraint would count
    /// as valid whatever is there. So FORCE is off meanwhile, behind the lock that switching it takes.
    pub(crate) fn step(&self) -> Step {
        let switch = |how: &str| {
            let statements = self.forced.iter().map(|table| format!("ALTER TABLE {table} {how} ROW LEVEL SECURITY;\n"));
            statements.collect::<String>()
        };
        let whose = if self.has_tenant_key() { "always of its own tenant" } else { "the same for all" };
        let step = Step::owner(
            format!("{} refers to {}, {whose}", self.table.name.as_str(), self.target.name.as_str()),
            format!("{}{}\n{}{}", switch("NO FORCE"), self.addition(), switch("FORCE"), self.mark()),
            format!("ALTER TABLE IF EXISTS {} DROP CONSTRAINT IF EXISTS {};", self.table, self.name),
        );
        let both = [&self.table, &self.target].into_iter();
        let step = both.fold(step, |step, table| step.locking_family(LockMode::ShareRowExclusive, table));
        self.forced.iter().fold(step, |step, table| step.locking(LockMode::AccessExclusive, table))
    }

    /// The statement that says whose it is.
    pub(crate) fn mark(&self) -> String {
        format!("COMMENT ON CONSTRAINT {} ON {} IS {};", self.name, self.table, literal(MARK))
    }

    /// The statement that adds the key to its table.
    pub(crate) fn addition(&self) -> String {
        format!("ALTER TABLE {} ADD {self};", self.table)
    }

    /// Whether the tenant column is one of those that refer.
    pub(crate) fn has_tenant_key(&self) -> bool {
        self.own.len() < self.columns.len()
    }

    /// The same, with rows referred to kept for as long as others refer to them, where an action would change those others;
    /// `None` where no action does.
    pub(crate) fn changing_no_column(&self) -> Option<Self> {
        let changes = |action: &Effect| action.changes_columns();
        let on_delete = self.on_delete.filter(|action| !changes(action));
        let on_update = self.on_update.filter(|action| !changes(action) && *action != Effect::Cascade);
        let differs = (on_delete, on_update) != (self.on_delete, self.on_update);
        differs.then(|| Self { on_delete, on_update, ..self.clone() })
    }

    pub(crate) const fn name(&self) -> &Ident {
        &self.name
    }

    /// Which column refers to which, without the tenant columns.
    pub(crate) fn own_pairs(&self) -> Vec<(&Ident, &Ident)> {
        let pairs = self.columns.iter().zip(&self.target_columns);
        pairs.filter(|(column, _)| self.own.contains(column)).collect()
    }

    pub(crate) const fn target(&self) -> &QualifiedName {
        &self.target
    }

    pub(super) fn relocated(&self, place: Place<'_>) -> Self {
        Self { table: place(&self.table), target: place(&self.target), ..self.clone() }
    }
}

impl fmt::Display for ForeignKeySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, target_columns) = (List(&self.columns), List(&self.target_columns));
        write!(f, "CONSTRAINT {} FOREIGN KEY ({columns}) REFERENCES {} ({target_columns})", self.name, self.target)?;
        if let Some(action) = self.on_update {
            write!(f, " ON UPDATE {}", action.words())?;
        }
        let Some(action) = self.on_delete else { return Ok(()) };
        write!(f, " ON DELETE {}", action.words())?;
        if action.changes_columns() && self.has_tenant_key() {
            write!(f, " ({})", List(&self.own))?;
        }
        Ok(())
    }
}

/// Each referring column with the one it refers to; between scoped tables the tenant columns come first.
fn pairs<'a>(
    key: &'a ForeignKey,
    table: &'a Table,
    target: &'a Table,
) -> Result<Vec<(&'a str, &'a str)>, ForeignKeyFault> {
    let declared = key.columns.iter().map(String::as_str).zip(key.target_columns.iter().map(String::as_str));
    let (Some(from), Some(to)) = (table.tenant_key(), target.tenant_key()) else { return Ok(declared.collect()) };
    let others: Vec<_> = declared.filter(|pair| *pair != (from, to)).collect();
    if others.iter().any(|(column, referred)| *column == from || *referred == to) {
        return Err(ForeignKeyFault::CrossesTenants { from: from.to_owned(), to: to.to_owned() });
    }
    Ok(std::iter::once((from, to)).chain(others).collect())
}

/// PostgreSQL wants the columns referred to be a key, in any order.
fn check_target_key(columns: &[&str], target: &Table) -> Result<(), ForeignKeyFault> {
    let uniques = target.uniques().iter().filter(|unique| unique.filter_expression().is_none());
    let uniques = uniques.map(|unique| target.led_by_tenant_key(unique.columns().iter().map(String::as_str)));
    let keys: Vec<Vec<&str>> = std::iter::once(target.database_primary_key()).chain(uniques).collect();
    let wanted: BTreeSet<&str> = columns.iter().copied().collect();
    if keys.iter().any(|key| key.iter().copied().collect::<BTreeSet<_>>() == wanted) {
        return Ok(());
    }
    let keys = keys.iter().map(|key| format!("({})", key.join(", "))).collect::<Vec<_>>().join(", ");
    Err(ForeignKeyFault::NotAKey { columns: columns.join(", "), keys })
}

/// The actions on delete and on update; `own` of all `columns` are not the tenant's.
fn actions(key: &ForeignKey, own: usize, columns: usize) -> Result<(Option<Effect>, Option<Effect>), ForeignKeyFault> {
    let known = |action: Option<ForeignKeyAction>| {
        action.map(|action| Effect::of(action).ok_or(ForeignKeyFault::UnknownAction)).transpose()
    };
    let (on_delete, on_update) = (known(key.on_delete)?, known(key.on_update)?);
    if let Some(action) = on_delete.filter(|action| action.changes_columns() && own == 0) {
        return Err(ForeignKeyFault::ChangesTenant { event: "DELETE", action: action.words() });
    }
    // PostgreSQL takes a list of columns for ON DELETE only.
    if let Some(action) = on_update.filter(|action| action.changes_columns() && own < columns) {
        return Err(ForeignKeyFault::ChangesTenant { event: "UPDATE", action: action.words() });
    }
    Ok((on_delete, on_update))
}

/// What is wrong with a foreign key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignKeyFault {
    /// The target is not in the registry.
    #[error("refers to a table outside the registry")]
    NoTarget,
    /// An action of a later SeaORM.
    #[error("has an ON DELETE or ON UPDATE action that this release doesn't know")]
    UnknownAction,
    /// A tenant column is paired with something else.
    #[error(
        "would let a row refer to another tenant's: the tenant columns `{from}` and `{to}` may only be paired with each \
         other; mark the relation `skip_fk` if it is not one"
    )]
    CrossesTenants {
        /// The tenant column that refers.
        from: String,
        /// The tenant column referred to.
        to: String,
    },
    /// The columns referred to are no key of the target.
    #[error("refers to ({columns}), which is no key there: its keys are {keys}; add a `unique(…)` to that model")]
    NotAKey {
        /// The columns, led by the tenant column.
        columns: String,
        /// The keys that the target has.
        keys: String,
    },
    /// The action would change the tenant column.
    #[error("has ON {event} {action}, which would change the tenant column: use another action")]
    ChangesTenant {
        /// `DELETE` or `UPDATE`.
        event: &'static str,
        /// The action.
        action: &'static str,
    },
}

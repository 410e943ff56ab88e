//! Row-level security: the policies of a scoped table.

use std::fmt;

use super::table::Place;
use crate::ident::{Ident, List, QualifiedName};
use crate::role_names::RoleNames;
use crate::step::Step;

/// The tenant's rows, for the application.
const ISOLATION: &str = "tenant_isolation";
/// The tenant's rows, to read.
const READING: &str = "tenant_reading";
/// What no other policy can widen.
const FLOOR: &str = "tenant_floor";
/// All tenants' rows, for the system connection.
const SYSTEM: &str = "system_access";
/// Of those, not the rows that are another database's by now.
const AT_HOME: &str = "at_home";

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PolicySchema {
    name: Ident,
    table: QualifiedName,
    reason: &'static str,
    restrictive: bool,
    command: Command,
    roles: Vec<Ident>,
    condition: Condition,
}

/// What a policy asks one of the framework's functions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    /// What its answer is compared with; without that the answer is the condition.
    compared: Option<Comparison>,
    function: &'static str,
    /// Whether it is asked in a sub-select: once per statement and table. Called per row it costs a microsecond each, and
    /// one cursor could see two tenants.
    once: bool,
}

/// How a column is compared with a function's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Comparison {
    Is(Ident),
    IsNoneOf(Ident),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if self.once { format!("(SELECT {})", self.function) } else { self.function.to_owned() };
        match &self.compared {
            None => f.write_str(&answer),
            Some(Comparison::Is(key)) => write!(f, "{key} = {answer}"),
            // A sub-select there would be a list of arrays, but for the cast.
            Some(Comparison::IsNoneOf(key)) => write!(f, "{key} <> ALL ({answer}::uuid[])"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    All,
    Select,
}

impl PolicySchema {
    /// The policies of a scoped table. There is no OR in any: whoever may see all tenants' rows is another role.
    pub(super) fn of(table: &QualifiedName, key: &Ident, roles: &RoleNames) -> [Self; 5] {
        let own =
            Condition { compared: Some(Comparison::Is(key.clone())), function: "tenancy.current_tenant()", once: true };
        let policy = |name, reason, roles: &[&Ident]| Self {
            name: Ident::known(name),
            table: table.clone(),
            reason,
            restrictive: false,
            command: Command::All,
            roles: roles.iter().copied().cloned().collect(),
            condition: own.clone(),
        };
        [
            policy(ISOLATION, "the application works on its tenant's rows", &[&roles.app]),
            Self {
                command: Command::Select,
                ..policy(READING, "reporting reads its tenant's rows", &[&roles.reporting])
            },
            Self {
                restrictive: true,
                ..policy(FLOOR, "no policy added later can show another tenant's rows", &[&roles.app, &roles.reporting])
            },
            Self {
                condition: Condition { compared: None, function: "tenancy.system_access()", once: true },
                ..policy(SYSTEM, "the system connection works across tenants, with a reason", &[&roles.admin])
            },
            Self {
                restrictive: true,
                condition: Condition {
                    compared: Some(Comparison::IsNoneOf(key.clone())),
                    function: "tenancy.moved_away()",
                    once: true,
                },
                ..policy(AT_HOME, "the system connection passes over who lives in another database", &[&roles.admin])
            },
        ]
    }

    /// The same for a server that takes no sub-select in a policy.
    pub(super) fn asking_directly(&self) -> Self {
        Self { condition: Condition { once: false, ..self.condition.clone() }, ..self.clone() }
    }

    pub(super) fn relocated(&self, place: Place<'_>) -> Self {
        Self { table: place(&self.table), ..self.clone() }
    }

    pub(super) fn step(&self) -> Step {
        Step::owner(
            format!("{}: {}", self.table.name.as_str(), self.reason),
            format!("{self};"),
            format!("DROP POLICY {} ON {};", self.name, self.table),
        )
    }
}

impl fmt::Display for PolicySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.restrictive { "RESTRICTIVE" } else { "PERMISSIVE" };
        let (command, checks) = match self.command {
            Command::All => ("ALL", true),
            Command::Select => ("SELECT", false),
        };
        write!(f, "CREATE POLICY {} ON {} AS {kind} FOR {command}", self.name, self.table)?;
        write!(f, " TO {}\n  USING ({})", List(&self.roles), self.condition)?;
        if checks { write!(f, "\n  WITH CHECK ({})", self.condition) } else { Ok(()) }
    }
}

/// The step that switches row-level security on, for the owner too.
pub(super) fn enable(table: &QualifiedName) -> Step {
    Step::owner(
        format!("{}: row-level security, from which the owner is not exempt", table.name.as_str()),
        format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"),
        format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;"),
    )
}

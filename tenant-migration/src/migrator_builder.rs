//! What a migrator is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use tenant_core::Registry;

use crate::access_log::AuditFailures;
use crate::desired::Desired;
use crate::migrator::{ApplicationMigrations, TenantMigrator};
use crate::patience::Patience;
use crate::portability::Uses;
use crate::posture::{Record, this_program};
use crate::problem::{PlanError, PlanProblem};
use crate::progress::Lines;
use crate::role_names::RoleNames;
use crate::verify::Scope;

/// Gathers what a [`TenantMigrator`] needs.
#[derive(Debug)]
#[must_use = "call `build` to get the migrator"]
pub struct TenantMigratorBuilder<'a> {
    registry: &'a Registry,
    roles: RoleNames,
    program: Option<String>,
    structure: ApplicationMigrations,
    data: ApplicationMigrations,
    failures: AuditFailures,
}

impl<'a> TenantMigratorBuilder<'a> {
    pub(crate) fn new(registry: &'a Registry) -> Self {
        Self {
            registry,
            roles: RoleNames::default(),
            program: None,
            structure: Vec::new,
            data: Vec::new,
            failures: AuditFailures::default(),
        }
    }

    /// Takes other roles than the default ones.
    pub fn roles(mut self, roles: RoleNames) -> Self {
        self.roles = roles;
        self
    }

    /// Names the program that deploys, best with its version, for the record that programs read at their start; without it
    /// the name of the file that is run: `program(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))`.
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Adds the application's own migrations, which run before the registry's tables are made, with the owner's rights.
    pub fn application(mut self, migrations: ApplicationMigrations) -> Self {
        self.structure = migrations;
        self
    }

    /// Adds the application's migrations of data, such as the rows of shared tables, which run after the registry's tables
    /// are made, with the owner's rights. Rows of tenants are out of their reach: the owner is under row-level security.
    pub fn data(mut self, migrations: ApplicationMigrations) -> Self {
        self.data = migrations;
        self
    }

    /// What becomes of statements whose entry in the access log can't be written: they fail too, unless this says otherwise.
    pub fn audit_failures(mut self, failures: AuditFailures) -> Self {
        self.failures = failures;
        self
    }

    /// The migrator.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why, and two migrations of one name.
    pub fn build(self) -> Result<TenantMigrator, PlanError> {
        let desired = Desired { failures: self.failures, ..Desired::new(self.registry, &self.roles)? };
        let mut known = BTreeSet::new();
        let names = (self.structure)().into_iter().chain((self.data)()).map(|migration| migration.name().to_owned());
        let twice = names.filter(|name| !known.insert(name.clone()));
        let problems: Vec<_> = twice.map(|name| PlanProblem::MigrationName { name }).collect();
        if !problems.is_empty() {
            return Err(PlanError { problems });
        }
        let scope = Scope::of_registry(self.registry, &self.roles);
        let (structure, data, registry) = (self.structure, self.data, self.registry.clone());
        let record = Record::of(self.registry, self.program.unwrap_or_else(this_program));
        let desired = Arc::new(desired);
        let (observer, patience) = (Arc::new(Lines::default()), Patience::DEFAULT);
        let uses = Uses::of(self.registry);
        Ok(TenantMigrator {
            registry,
            desired,
            scope,
            uses,
            record,
            structure,
            data,
            patience,
            rewrites: false,
            observer,
        })
    }
}

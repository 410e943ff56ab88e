//! What each database role may do, and how it is made.

use crate::catalog::CatalogRoles;
use crate::ident::Ident;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::{Value, fill};

/// What a role may be, and how its sessions begin.
struct Profile<'a> {
    role: &'a Ident,
    purpose: &'static str,
    login: bool,
    passes_row_security: bool,
    /// The role whose rights this one has.
    member_of: Option<&'a Ident>,
    /// Session settings, as `name=value`. A setting that the role has already, whatever its value, is left alone:
    /// operators tune them.
    settings: &'static [&'static str],
}

/// The steps that make the roles, or check them where they exist already.
pub(crate) fn steps(names: &RoleNames) -> Vec<Step> {
    profiles(names).iter().map(Profile::step).collect()
}

/// The steps that make the catalog's roles, or check them where they exist already.
pub(crate) fn catalog_steps(names: &CatalogRoles) -> Vec<Step> {
    let plain = Profile::plain;
    let profiles = [
        Profile { login: false, ..plain(&names.owner, "owns the catalog and can't log in") },
        Profile {
            // A router gives up after 60 s itself.
            settings: &[
                "default_transaction_read_only=on",
                "statement_timeout=60s",
                "lock_timeout=5s",
                "idle_in_transaction_session_timeout=60s",
            ],
            ..plain(&names.router, "reads the catalog and writes nothing")
        },
    ];
    profiles.iter().map(Profile::step).collect()
}

fn profiles(names: &RoleNames) -> [Profile<'_>; 6] {
    let plain = Profile::plain;
    [
        Profile { login: false, ..plain(&names.owner, "owns every object and can't log in") },
        Profile {
            // A request's caller has given up long before 30 s. A statement that waits 5 s for a lock queues everything
            // behind it, and a transaction left open for a minute keeps vacuum from its work. A statement whose caller is
            // gone (a dropped future closes its connection) would run to its end unless the server looks.
            settings: &[
                "statement_timeout=30s",
                "lock_timeout=5s",
                "idle_in_transaction_session_timeout=60s",
                "client_connection_check_interval=1s",
            ],
            ..plain(&names.app, "serves tenants' requests, bound by row-level security")
        },
        Profile {
            // Batches over all tenants: longer than a request, but not without end.
            settings: &["statement_timeout=10min", "lock_timeout=5s", "idle_in_transaction_session_timeout=5min"],
            ..plain(&names.admin, "the system connection's, across tenants with a reason")
        },
        Profile {
            settings: &[
                "default_transaction_read_only=on",
                "statement_timeout=5min",
                "lock_timeout=5s",
                "idle_in_transaction_session_timeout=5min",
            ],
            ..plain(&names.reporting, "reads one tenant's rows and writes nothing")
        },
        Profile {
            member_of: Some(&names.owner),
            // Under FORCE an owner's UPDATE changes no rows and says nothing; with this setting it is an error.
            settings: &["row_security=off"],
            ..plain(&names.migrator, "runs migrations with the owner's rights")
        },
        Profile {
            login: false,
            passes_row_security: true,
            member_of: Some(&names.owner),
            ..plain(&names.mover, "copies rows past row-level security, logs in only while it is needed")
        },
    ]
}

impl<'a> Profile<'a> {
    /// One that logs in and has nothing more.
    const fn plain(role: &'a Ident, purpose: &'static str) -> Self {
        Self { role, purpose, login: true, passes_row_security: false, member_of: None, settings: &[] }
    }

    fn step(&self) -> Step {
        let group = self.member_of.map_or("", Ident::as_str);
        let values = [
            ("role", Value::Text(self.role.as_str().into())),
            ("group", Value::Text(group.into())),
            ("attributes", Value::Text(self.attributes().into())),
            ("allowed", Value::Text(self.allowed().into())),
            ("settings", Value::Text(format!("{{{}}}", self.settings.join(",")).into())),
        ];
        Step::lasting(
            format!("role {}: {}", self.role.as_str(), self.purpose),
            fill(include_str!("../sql/role_up.sql"), &values),
        )
    }

    fn attributes(&self) -> String {
        let with = |held: bool, attribute: &str| format!("{}{attribute}", if held { "" } else { "NO" });
        [
            with(self.login, "LOGIN"),
            // Rights come through membership only where a membership is meant.
            with(self.member_of.is_some(), "INHERIT"),
            with(self.passes_row_security, "BYPASSRLS"),
            with(self.passes_row_security, "REPLICATION"),
            "NOSUPERUSER NOCREATEDB NOCREATEROLE".to_owned(),
        ]
        .join(" ")
    }

    /// The attributes that an existing role may have; with any other it is refused.
    const fn allowed(&self) -> &'static str {
        match (self.passes_row_security, self.login) {
            (true, _) => "{LOGIN,BYPASSRLS,REPLICATION}",
            (false, true) => "{LOGIN}",
            (false, false) => "{}",
        }
    }
}

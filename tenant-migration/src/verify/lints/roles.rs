//! What the application's role is, and how its sessions begin.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "roles",
        "app-role-missing",
        Topic::Roles,
        Error,
        "an application's role that doesn't exist",
        "Nothing that depends on the role was looked at."
    ),
    lint!(
        "roles",
        "nothing-scoped",
        Topic::Roles,
        Error,
        "a database in which no table has the tenant column",
        "Nothing was looked at: the column or the database is not the one that is meant."
    ),
    lint!(
        "roles",
        "app-role-attributes",
        Topic::Roles,
        Error,
        "SUPERUSER, BYPASSRLS, CREATEROLE, REPLICATION or CREATEDB of the application's role",
        "The first two pass row-level security, the next two lead to it, and with the last a copy of the database is one statement."
    ),
    lint!(
        "roles",
        "app-role-becomes-privileged",
        Topic::Roles,
        Error,
        "a role with one of these attributes that the application can become",
        "SET ROLE is one statement away."
    ),
    lint!(
        "roles",
        "app-role-predefined",
        Topic::Roles,
        Error,
        "membership of one of PostgreSQL's predefined roles",
        "They read all tables, files or other sessions' statements, whatever tables' grants say."
    ),
    lint!(
        "roles",
        "app-role-owns",
        Topic::Roles,
        Error,
        "a table, its schema or the database that the application owns, or whose owner it can become",
        "An owner can switch row-level security off."
    ),
    lint!(
        "roles",
        "setting-binds-tenant",
        Topic::Roles,
        Error,
        "a setting of a role, the database or the server that binds a tenant",
        "Every new session is bound, so that what forgets to bind reads that tenant's rows instead of failing. The server's is seen by what this session began with."
    ),
    lint!(
        "roles",
        "setting-changes-session",
        Topic::Roles,
        Warning,
        "search_path, row_security, session_replication_role, role, preloaded libraries or standard_conforming_strings set for the application's sessions",
        "They change what names mean, whose rights hold, whether triggers and foreign keys work, or how strings are read."
    ),
    lint!(
        "roles",
        "timeout-missing",
        Topic::Roles,
        Warning,
        "an application's role without statement_timeout, lock_timeout or idle_in_transaction_session_timeout",
        "One tenant's statement can hold what the others wait for."
    ),
];

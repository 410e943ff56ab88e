//! Rights on objects, and ways out of the database.

use super::breach::{Breach, Look};

/// Runs a statement that names the database it is in.
macro_rules! on_database {
    ($statement:literal) => {
        concat!("DO $$ BEGIN EXECUTE format('", $statement, "', current_database()); END $$")
    };
}

/// Gives a right to `:far`, which the application's role doesn't inherit from, but can become.
macro_rules! to_a_role_in_reach {
    ($statement:expr) => {
        concat!("ALTER ROLE :other NOINHERIT; GRANT :far TO :other; GRANT :other TO :role; ", $statement)
    };
}

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("rights-beyond-rows", to_a_role_in_reach!("GRANT TRUNCATE ON job_results TO :far")).look(Look::OwnRole),
    Breach::new("shared-table-writable", to_a_role_in_reach!("GRANT UPDATE (name) ON targets TO :far"))
        .look(Look::OwnRole),
    Breach::new(
        "unknown-table-readable",
        to_a_role_in_reach!("CREATE TABLE stray (id integer); GRANT SELECT (id) ON stray TO :far"),
    )
    .look(Look::OwnRole),
    Breach::new("schema-create", to_a_role_in_reach!("GRANT CREATE ON SCHEMA public TO :far")).look(Look::OwnRole),
    Breach::new("schema-create", to_a_role_in_reach!("CREATE SCHEMA own AUTHORIZATION :far")).look(Look::OwnRole),
    Breach::new("database-create", to_a_role_in_reach!(on_database!("GRANT CREATE ON DATABASE %I TO :far")))
        .look(Look::OwnRole),
    Breach::new("database-temporary", to_a_role_in_reach!(on_database!("GRANT TEMPORARY ON DATABASE %I TO :far")))
        .look(Look::OwnRole),
    Breach::new("default-privileges", to_a_role_in_reach!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO :far"))
        .look(Look::OwnRole),
    Breach::new(
        "sequence-readable",
        to_a_role_in_reach!("CREATE SEQUENCE numbers; GRANT UPDATE ON SEQUENCE numbers TO :far"),
    )
    .look(Look::OwnRole),
    Breach::new(
        "large-object-readable",
        to_a_role_in_reach!("SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO :far"),
    )
    .look(Look::OwnRole),
    Breach::new(
        "foreign-table-readable",
        to_a_role_in_reach!(
            "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
             CREATE FOREIGN TABLE elsewhere (id integer) SERVER far; GRANT SELECT ON elsewhere TO :far"
        ),
    )
    .look(Look::OwnRole),
    Breach::new("parameter-settable", "GRANT SET ON PARAMETER session_replication_role TO :role").look(Look::OwnRole),
    Breach::new("parameter-settable", to_a_role_in_reach!("GRANT ALTER SYSTEM ON PARAMETER log_statement TO :far"))
        .look(Look::OwnRole),
    Breach::new("rights-beyond-rows", "GRANT TRUNCATE ON job_results TO tenancy_app"),
    Breach::new("rights-beyond-rows", "GRANT REFERENCES (id) ON job_results TO PUBLIC"),
    Breach::new("rights-beyond-rows", "GRANT MAINTAIN ON job_results TO tenancy_app").since(17),
    Breach::new("granted-to-public", "GRANT SELECT ON molecules TO PUBLIC"),
    Breach::new("granted-to-public", "GRANT UPDATE (name) ON molecules TO PUBLIC"),
    Breach::new("shared-table-writable", "GRANT UPDATE ON targets TO tenancy_app"),
    Breach::new("unknown-table-readable", "CREATE TABLE stray (id integer); GRANT SELECT ON stray TO tenancy_app"),
    Breach::new("schema-create", "GRANT CREATE ON SCHEMA public TO tenancy_app"),
    Breach::new("database-create", on_database!("GRANT CREATE ON DATABASE %I TO tenancy_app")),
    Breach::new("database-temporary", on_database!("GRANT TEMPORARY ON DATABASE %I TO PUBLIC")),
    Breach::new("default-privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO tenancy_app"),
    Breach::new("default-privileges", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO PUBLIC"),
    Breach::new("sequence-readable", "CREATE SEQUENCE numbers; GRANT SELECT ON SEQUENCE numbers TO tenancy_app"),
    Breach::new("large-object-readable", "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC"),
    Breach::new(
        "foreign-table-readable",
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
         CREATE FOREIGN TABLE elsewhere (id integer) SERVER far; GRANT SELECT ON elsewhere TO tenancy_app",
    ),
    Breach::new(
        "user-mapping",
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
         CREATE USER MAPPING FOR PUBLIC SERVER far",
    ),
    Breach::new("publication-without-filter", "CREATE PUBLICATION everything FOR ALL TABLES"),
    Breach::new("publication-without-filter", "CREATE PUBLICATION part FOR TABLE molecules"),
    Breach::new("publication-without-filter", "CREATE PUBLICATION schemas FOR TABLES IN SCHEMA public"),
];

//! Rights on objects, and ways out of the database.

use super::breach::Breach;

/// Runs a statement that names the database it is in.
macro_rules! on_database {
    ($statement:literal) => {
        concat!("DO $$ BEGIN EXECUTE format('", $statement, "', current_database()); END $$")
    };
}

pub(super) const BREACHES: &[Breach] = &[
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

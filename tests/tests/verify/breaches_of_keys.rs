//! Tenant columns, keys, references and indexes.

use super::breach::{Breach, Look};

const COLUMN: Look = Look::Column("organization_id", "tenancy_app");

/// A table that the registry doesn't know, as sound as those it does; the breach follows.
macro_rules! notes {
    ($key:literal, $value:literal, $breach:literal) => {
        concat!(
            "CREATE TABLE notes (id uuid NOT NULL, organization_id ",
            $key,
            ", text text, PRIMARY KEY (organization_id, id));
             ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY tenant_isolation ON notes TO tenancy_app USING (organization_id = ",
            $value,
            ");
             CREATE POLICY tenant_floor ON notes AS RESTRICTIVE TO tenancy_app USING (organization_id = ",
            $value,
            ");
             GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO tenancy_app;",
            $breach
        )
    };
    ($breach:literal) => {
        notes!("uuid NOT NULL", "(SELECT tenancy.current_tenant())", $breach)
    };
}

pub(super) const BREACHES: &[Breach] = &[
    Breach::new(
        "tenant-column-nullable",
        notes!(
            "ALTER TABLE notes DROP CONSTRAINT notes_pkey; ALTER TABLE notes ALTER organization_id DROP NOT NULL;
             CREATE INDEX ON notes (organization_id)"
        ),
    )
    .look(COLUMN),
    Breach::new("tenant-column-type", notes!("text NOT NULL", "(SELECT tenancy.current_tenant()::text)", ""))
        .look(COLUMN),
    Breach::new(
        "primary-key-without-tenant",
        notes!(
            "ALTER TABLE notes DROP CONSTRAINT notes_pkey, ADD CONSTRAINT notes_pkey PRIMARY KEY (id);
             CREATE INDEX ON notes (organization_id)"
        ),
    )
    .look(COLUMN),
    Breach::new("unique-without-tenant", "CREATE UNIQUE INDEX told ON users (email)"),
    Breach::new("unique-without-tenant", "CREATE UNIQUE INDEX told ON users (email) INCLUDE (organization_id)"),
    Breach::new(
        "unique-without-tenant",
        "ALTER TABLE molecules ADD span int4range, ADD during daterange; ALTER TABLE molecules ADD UNIQUE (span, during WITHOUT OVERLAPS)",
    )
    .since(18),
    Breach::new("exclusion-without-tenant", "ALTER TABLE molecules ADD EXCLUDE USING btree (name WITH =)"),
    Breach::new("unique-not-led-by-tenant", "CREATE UNIQUE INDEX told ON users (email, organization_id)"),
    Breach::new(
        "foreign-key-crosses",
        notes!("ALTER TABLE notes ADD FOREIGN KEY (id, organization_id) REFERENCES molecules (organization_id, id)"),
    )
    .look(COLUMN),
    Breach::new(
        "foreign-key-from-outside",
        "ALTER TABLE targets ADD owner uuid, ADD molecule uuid, ADD FOREIGN KEY (owner, molecule) REFERENCES molecules",
    ),
    Breach::new("tenant-column-spelling", notes!("ALTER TABLE notes RENAME organization_id TO \"Organization_Id\""))
        .look(COLUMN),
    Breach::new(
        "foreign-key-clears-tenant",
        "ALTER TABLE docking_jobs ADD FOREIGN KEY (organization_id, molecule_id) REFERENCES molecules ON DELETE SET NULL",
    ),
    Breach::new(
        "foreign-key-clears-tenant",
        "ALTER TABLE docking_jobs ADD FOREIGN KEY (organization_id, molecule_id) REFERENCES molecules ON UPDATE SET NULL",
    ),
    Breach::new(
        "foreign-key-disabled",
        "DO $$ DECLARE name text; BEGIN
           FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'memberships'::regclass AND tgisinternal LOOP
             EXECUTE format('ALTER TABLE memberships DISABLE TRIGGER %I', name);
           END LOOP; END $$",
    ),
    Breach::new(
        "foreign-key-disabled",
        "ALTER TABLE docking_jobs ADD FOREIGN KEY (organization_id, molecule_id) REFERENCES molecules NOT ENFORCED",
    )
    .since(18),
    Breach::new("constraint-not-validated", "ALTER TABLE molecules ADD CONSTRAINT named CHECK (name <> '') NOT VALID"),
    Breach::new("constraint-not-validated", "ALTER TABLE molecules ADD CONSTRAINT named CHECK (name <> '') NOT ENFORCED")
        .since(18),
    Breach::new("constraint-not-validated", notes!("ALTER TABLE notes ADD CONSTRAINT told NOT NULL text NOT VALID"))
        .look(COLUMN)
        .since(18),
    Breach::new(
        "replica-identity-without-tenant",
        "CREATE UNIQUE INDEX told ON users (email); ALTER TABLE users REPLICA IDENTITY USING INDEX told",
    )
    .besides(&["unique-without-tenant"]),
    Breach::new("no-tenant-index", notes!("ALTER TABLE notes DROP CONSTRAINT notes_pkey")).look(COLUMN),
    Breach::new("index-not-led-by-tenant", "CREATE INDEX ON molecules (name)"),
    Breach::new(
        "index-dead",
        "CREATE TYPE mood AS ENUM ('good', 'bad'); ALTER TABLE molecules ADD mood mood;
         CREATE INDEX ON molecules (organization_id, mood)",
    ),
    Breach::new("index-dead", "CREATE INDEX ON molecules (organization_id, lower(name))"),
    Breach::new(
        "index-dead",
        "ALTER TABLE molecules ADD price numeric; CREATE INDEX ON molecules (organization_id, price)",
    ),
    Breach::new("index-dead", "ALTER TABLE molecules ADD tags jsonb; CREATE INDEX ON molecules USING gin (tags)"),
    Breach::new("index-dead", "ALTER TABLE molecules ADD tags text[]; CREATE INDEX ON molecules USING gin (tags)"),
    Breach::new(
        "index-invalid",
        "CREATE INDEX broken ON molecules (organization_id, name);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
    ),
];

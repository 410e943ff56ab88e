//! Whatever is taken from a database's protection by hand comes back with the next run; what is added to it, and opens
//! nothing, is said by `verify`, since it may be somebody's.

use tenant_core::Registry;
use tenant_migration::TenantMigrator;

use crate::mutants::MUTANTS;
use crate::support::{World, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

/// What the framework did not make stays, and is a finding of `verify`.
const SOMEBODYS: [&str; 3] =
    ["a wide policy above the floor", "a unique index without the tenant", "a unique index that ends with the tenant"];

/// What somebody has put in the place of something, or beside it where nothing is above it: refused, with its name.
const REFUSED: [(&str, &str); 3] = [
    ("a wide policy and no floor", r#"DROP POLICY "wide" ON "public"."molecules""#),
    ("a primary key without the tenant", "job_results"),
    ("a foreign key without the tenant", "memberships_user_id_fkey"),
];

#[tokio::test]
async fn the_catalog_is_what_it_was() {
    let migrator = TenantMigrator::new(&Registry::collect().expect("the sample's models")).expect("a plan");
    for harm in MUTANTS.iter().filter(|harm| harm.role.is_none()) {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        let sound = texts(&admin, CATALOG).await;
        execute(&admin, harm.sql).await;
        assert_ne!(texts(&admin, CATALOG).await, sound, "{}", harm.name);
        let migrated = migrator.up(&admin, None).await;
        if let Some((_, object)) = REFUSED.iter().find(|(name, _)| *name == harm.name) {
            let refused = migrated.expect_err(harm.name).to_string();
            assert!(refused.contains(object), "{}: {refused}", harm.name);
            continue;
        }
        migrated.unwrap_or_else(|error| panic!("{}: {error}", harm.name));
        let after = texts(&admin, CATALOG).await;
        let missing: Vec<_> = sound.iter().filter(|line| !after.contains(line)).collect();
        assert!(missing.is_empty(), "{}: {missing:#?}", harm.name);
        let more: Vec<_> = after.iter().filter(|line| !sound.contains(line)).collect();
        assert_eq!(more.is_empty(), !SOMEBODYS.contains(&harm.name), "{}: {more:#?}", harm.name);
    }
}

#[tokio::test]
async fn views_of_the_owner_show_their_readers_rows_and_those_of_others_stay() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(
        &admin,
        "CREATE VIEW names AS SELECT name FROM molecules; CREATE VIEW \"More Names\" AS SELECT * FROM names;
         CREATE VIEW kinds AS SELECT * FROM targets; CREATE VIEW another AS SELECT name FROM molecules;
         ALTER VIEW names OWNER TO tenancy_owner; ALTER VIEW \"More Names\" OWNER TO tenancy_owner;
         ALTER VIEW kinds OWNER TO tenancy_owner",
    )
    .await;
    let migrator = TenantMigrator::new(&Registry::collect().expect("the sample's models")).expect("a plan");
    migrator.up(&admin, None).await.expect("up");
    let invoker = "SELECT relname::text FROM pg_class WHERE 'security_invoker=true' = ANY (reloptions) ORDER BY 1";
    assert_eq!(texts(&admin, invoker).await, ["More Names", "names"]);
    assert!(migrator.plan(&admin).await.expect("a plan").is_empty());
    migrator.down(&admin, Some(1)).await.expect("down");
    assert_eq!(texts(&admin, invoker).await, ["More Names", "names"], "nobody wants it back as it was");
}

#[tokio::test]
async fn what_is_somebodys_stays_and_what_is_marked_goes() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    let made = |mark: bool| {
        let (n, mark) = if mark { (1, "'made by tenant-migration'") } else { (2, "NULL") };
        format!(
            "CREATE INDEX extra{n} ON molecules (name); COMMENT ON INDEX extra{n} IS {mark};
             ALTER TABLE molecules ADD CONSTRAINT extra{n}_check CHECK (name <> 'no {n}');
             COMMENT ON CONSTRAINT extra{n}_check ON molecules IS {mark};
             ALTER TABLE molecules ADD CONSTRAINT extra{n}_key UNIQUE (organization_id, name, id, external_ref);
             COMMENT ON CONSTRAINT extra{n}_key ON molecules IS {mark};
             CREATE POLICY extra{n} ON molecules AS RESTRICTIVE TO tenancy_app USING (true);
             COMMENT ON POLICY extra{n} ON molecules IS {mark};"
        )
    };
    execute(&admin, "ALTER TABLE molecules ADD COLUMN extra text").await;
    execute(&admin, &made(false)).await;
    let somebodys = texts(&admin, CATALOG).await;
    let migrator = TenantMigrator::new(&Registry::collect().expect("the sample's models")).expect("a plan");
    migrator.up(&admin, None).await.expect("up");
    assert_eq!(texts(&admin, CATALOG).await, somebodys);
    execute(&admin, &made(true)).await;
    migrator.up(&admin, None).await.expect("up");
    assert_eq!(texts(&admin, CATALOG).await, somebodys);
}

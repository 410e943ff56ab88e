//! Making an organisation: nothing is served before all of it is there, and the same request completes what was cut short.

use sea_orm::ConnectionTrait;
use tenant_core::{Catalog, GivenUrls, OrganizationStatus, PlacementKind, Registry, TenantDatabase, Tier};
use tenant_migration::catalog::{CatalogEditError, DeployUrls, PlacementRecord, TenantName};
use tenant_migration::provision::{Home, NewDatabase, ProvisionError, ProvisionStep, Provisioning, TenantRequest};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};

use crate::support::{Office, execute, tenant, texts};

fn migrator() -> TenantMigrator {
    TenantMigrator::new(&Registry::collect().expect("the sample")).expect("a migrator")
}

/// A server of its own, whose roles nobody else has, with a metadata database.
struct Town {
    cluster: Cluster,
    office: Office,
}

impl Town {
    async fn new() -> Self {
        let cluster = Cluster::builder().start().await.expect("a PostgreSQL");
        let office = Office::on(&cluster).await;
        Self { cluster, office }
    }

    /// A migrated database for many organisations, which the catalog calls `eu`.
    async fn shared(&self) -> Database {
        let database = self.cluster.empty_database().await.expect("a database");
        migrator().up(&database.admin().await.expect("connected"), None).await.expect("up");
        database
    }

    /// The URLs, with that of `eu`'s migrator.
    fn urls(eu: &str) -> DeployUrls {
        given(&["eu"], eu)
    }

    /// Does what is asked for, at most so many steps, and drops all of it.
    async fn make(
        &self,
        urls: &DeployUrls,
        request: &TenantRequest,
        steps: usize,
    ) -> Result<Vec<ProvisionStep>, ProvisionError> {
        let migrator = migrator();
        let catalog = self.office.editor().await;
        let mut provisioning = Provisioning::new(&migrator, catalog, urls.clone(), request.clone());
        let mut done = Vec::new();
        while done.len() < steps
            && let Some(step) = provisioning.step().await?
        {
            done.push(step);
        }
        Ok(done)
    }

    async fn status(&self, number: u128) -> Option<OrganizationStatus> {
        let found = self.office.editor().await.find(&TenantName::Id(tenant(number))).await.expect("looked up");
        found.map(|found| found.status)
    }

    fn dedicated(&self, number: u128, placement: &str) -> TenantRequest {
        let server = self.cluster.superuser_url("postgres").parse().expect("a URL");
        TenantRequest { home: Home::Dedicated(Box::new(NewDatabase::on(server))), ..request(number, placement) }
    }
}

fn request(number: u128, placement: &str) -> TenantRequest {
    TenantRequest {
        id: Some(tenant(number)),
        name: format!("n{number}"),
        tier: Tier::Small,
        placement: placement.parse().expect("a name"),
        home: Home::Existing,
    }
}

/// The same URL for each of these placements, and none for others.
fn given(placements: &[&str], url: &str) -> DeployUrls {
    let urls = placements.iter().map(|name| (name.parse().expect("a name"), url));
    DeployUrls::new(urls.collect::<GivenUrls>())
}

const ALL: usize = usize::MAX;

#[tokio::test]
async fn a_shared_placement_is_looked_at_before_anybody_works_there() {
    let town = Town::new().await;
    let database = town.cluster.empty_database().await.expect("a database");
    let admin = database.admin().await.expect("connected");
    // As a deploy's own role, once a superuser has made the roles.
    let setup = town.shared().await;
    let urls = Town::urls(&database.superuser_url());

    let pending = town.make(&urls, &request(1, "eu"), ALL).await.expect_err("it is empty");
    assert!(matches!(pending, ProvisionError::Pending { .. }), "{pending}");
    assert!(pending.to_string().contains("migrate up --fleet-of-catalog --only eu"), "{pending}");
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Provisioning));
    migrator().up(&admin, None).await.expect("up");

    let urls = Town::urls(&database.url("tenancy_migrator"));
    execute(&admin, "CREATE VIEW left_open AS SELECT * FROM molecules; GRANT SELECT ON left_open TO tenancy_app").await;
    let findings = town.make(&urls, &request(1, "eu"), ALL).await.expect_err("it is not safe");
    assert!(matches!(findings, ProvisionError::Unsafe { .. }), "{findings}");
    assert!(findings.to_string().contains("left_open"), "{findings}");
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Provisioning));
    execute(&admin, "DROP VIEW left_open").await;

    let done = town.make(&urls, &request(1, "eu"), ALL).await.expect("made");
    assert!(
        matches!(done[..], [ProvisionStep::Recorded(_), ProvisionStep::Checked { .. }, ProvisionStep::Active(_)]),
        "{done:?}"
    );
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Active));
    let again = town.make(&urls, &request(1, "eu"), ALL).await.expect("it is there");
    assert!(matches!(&again[..], [ProvisionStep::Active(found)] if found.epoch == 2), "nothing was written: {again:?}");
    drop(setup);
}

#[tokio::test]
async fn what_can_be_known_to_be_wrong_leaves_nothing() {
    let town = Town::new().await;
    let nothing = DeployUrls::from_environment();
    let missing = town.make(&nothing, &request(1, "eu"), ALL).await.expect_err("no URL");
    assert!(missing.to_string().contains("TENANT_PLACEMENT_EU_MIGRATOR_URL"), "{missing}");
    let unknown = town.make(&nothing, &request(1, "mars"), ALL).await.expect_err("no placement");
    assert!(unknown.to_string().contains("`migrate placement add mars`"), "{unknown}");
    assert_eq!(town.status(1).await, None);
    let unreachable = Town::urls("postgres://u@127.0.0.1:1/d");
    let unreachable = town.make(&unreachable, &request(1, "eu"), ALL).await.expect_err("nobody answers");
    assert!(matches!(unreachable, ProvisionError::Reach { .. }), "{unreachable}");
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Provisioning));
}

#[tokio::test]
async fn the_same_is_made_once_and_another_one_is_refused() {
    let town = Town::new().await;
    let database = town.shared().await;
    let urls = Town::urls(&database.superuser_url());
    // Without an identifier, its name is what it is known by.
    let by_name = TenantRequest { id: None, ..request(1, "eu") };
    for _ in 0..2 {
        town.make(&urls, &by_name, ALL).await.expect("made");
    }
    let all = town.office.editor().await.organizations(None, None).await.expect("listed");
    let [made] = &all[..] else { panic!("{all:?}") };
    let tier = TenantRequest { tier: Tier::Large, ..by_name.clone() };
    let other = TenantRequest { id: Some(made.id), name: "other".to_owned(), ..by_name.clone() };
    for differs in [tier, other] {
        let refused = town.make(&urls, &differs, ALL).await.expect_err("it is otherwise");
        assert!(matches!(refused, ProvisionError::Differs { .. }), "{refused}");
    }
    let taken = TenantRequest { id: Some(tenant(7)), ..by_name.clone() };
    let taken = town.make(&urls, &taken, ALL).await.expect_err("the name is taken");
    assert!(matches!(taken, ProvisionError::Catalog(CatalogEditError::NameTaken { .. })), "{taken}");
    assert_eq!(town.status(7).await, None);

    let mut editor = town.office.editor().await;
    editor.suspend(&TenantName::Id(made.id)).await.expect("suspended");
    let suspended = town.make(&urls, &by_name, ALL).await.expect_err("not by this way");
    assert!(suspended.to_string().contains("`migrate tenant resume`"), "{suspended}");
    editor.archive(&TenantName::Id(made.id)).await.expect("archived");
    let archived = TenantRequest { id: Some(made.id), ..by_name };
    let archived = town.make(&urls, &archived, ALL).await.expect_err("for good");
    assert!(archived.to_string().contains("that is for good"), "{archived}");
}

#[tokio::test]
async fn a_dedicated_one_is_completed_from_wherever_it_ended() {
    let town = Town::new().await;
    let nothing = given(&[], "");
    // Roles of other databases of the server are none of its.
    let _other = town.shared().await;
    for steps in 0..=5_usize {
        let (number, placement) = (100 + steps as u128, format!("acme_{steps}"));
        let request = town.dedicated(number, &placement);
        town.make(&nothing, &request, steps).await.unwrap_or_else(|error| panic!("{steps}: {error}"));
        let expected = match steps {
            0 => None,
            1..5 => Some(OrganizationStatus::Provisioning),
            _ => Some(OrganizationStatus::Active),
        };
        assert_eq!(town.status(number).await, expected, "{steps}");
        let done = town.make(&nothing, &request, ALL).await.unwrap_or_else(|error| panic!("{steps}: {error}"));
        assert!(matches!(done.last(), Some(ProvisionStep::Active(_))), "{steps}: {done:?}");
        let made = done.iter().any(|step| matches!(step, ProvisionStep::Database { made: true, .. }));
        assert_eq!(made, steps < 2, "{steps}: {done:?}");
        assert_eq!(town.status(number).await, Some(OrganizationStatus::Active));
    }
    let state = town.office.reader().read().await.expect("read");
    assert_eq!(state.placements.iter().filter(|placement| placement.kind == PlacementKind::Dedicated).count(), 7);
}

#[tokio::test]
async fn a_dedicated_one_is_closed_to_all_but_its_own_roles() {
    let town = Town::new().await;
    let shared = town.shared().await;
    let nothing = given(&[], "");
    let done = town.make(&nothing, &town.dedicated(1, "acme"), ALL).await.expect("made");
    let Some(ProvisionStep::Checked { notes }) = done.get(3) else { panic!("{done:?}") };
    let notes = notes.join("\n");
    for part in
        ["TLS is off", "TENANT_PLACEMENT_ACME_URL", "acme_app\" may connect to postgres, ", town.office.database.name()]
    {
        assert!(notes.contains(part), "`{part}` is not in: {notes}");
    }

    let url = |role: &str| town.cluster.url(role, "acme");
    let registry = Registry::collect().expect("the sample");
    TenantDatabase::builder(url("acme_app")).registry(registry).build().await.expect("its application starts");
    for role in ["tenancy_app", "tenancy_migrator", "tenancy_router"] {
        let refused = sea_orm::Database::connect(url(role)).await.expect_err(role).to_string();
        assert!(refused.contains("permission denied for database"), "{role}: {refused}");
    }
    let server = town.office.database.admin().await.expect("connected");
    let facts =
        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider) FROM pg_database
                 WHERE datname = 'acme'";
    assert_eq!(texts(&server, facts).await, ["UTF8 C C c"]);

    // Where a database is made for one program alone, others don't come in by the same roles.
    let shared_roles = |placement: &str| {
        let mut request = town.dedicated(2, placement);
        let Home::Dedicated(new) = &mut request.home else { panic!("dedicated") };
        new.role_prefix = Some("tenancy".to_owned());
        request
    };
    let refused = town.make(&nothing, &shared_roles("beta"), ALL).await.expect_err("roles of others");
    assert!(
        matches!(refused, ProvisionError::SharedRoles { .. }) && refused.to_string().contains("--role-prefix"),
        "{refused}"
    );
    assert!(refused.to_string().contains(shared.name()), "{refused}");
}

#[tokio::test]
async fn a_database_of_somebody_else_is_not_taken() {
    let town = Town::new().await;
    let nothing = given(&[], "");
    let server = town.office.database.admin().await.expect("connected");
    server.execute_unprepared("CREATE DATABASE theirs").await.expect("made");
    let theirs = sea_orm::Database::connect(town.cluster.superuser_url("theirs")).await.expect("connected");
    execute(&theirs, "CREATE TABLE customers ()").await;
    let request = town.dedicated(1, "theirs");
    let refused = town.make(&nothing, &request, ALL).await.expect_err("it holds something");
    assert!(matches!(refused, ProvisionError::DatabaseTaken { .. }), "{refused}");
    let open = "SELECT has_database_privilege('public', 'theirs', 'CONNECT')::text";
    assert_eq!(texts(&server, open).await, ["true"], "and was not closed");
    // What was made and not yet marked, as by a run that was killed between the two, is empty.
    execute(&theirs, "DROP TABLE customers").await;
    theirs.close().await.expect("closed");
    town.make(&nothing, &request, ALL).await.expect("an empty one is taken");
    let another = TenantRequest { id: Some(tenant(2)), name: "n2".to_owned(), ..town.dedicated(2, "theirs") };
    let refused = town.make(&nothing, &another, ALL).await.expect_err("it is dedicated");
    assert!(matches!(refused, ProvisionError::Catalog(CatalogEditError::Dedicated { .. })), "{refused}");
}

#[tokio::test]
async fn who_may_not_make_databases_is_told_so() {
    let town = Town::new().await;
    let database = town.shared().await;
    let nothing = given(&[], "");
    let server = database.url("tenancy_migrator").parse().expect("a URL");
    let request = TenantRequest { home: Home::Dedicated(Box::new(NewDatabase::on(server))), ..request(1, "acme") };
    let refused = town.make(&nothing, &request, ALL).await.expect_err("no right");
    assert!(
        matches!(refused, ProvisionError::NotCreator { .. }) && refused.to_string().contains("--server"),
        "{refused}"
    );
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Provisioning));
}

#[tokio::test]
async fn a_dedicated_placement_with_rows_of_others_gets_no_organisation() {
    let town = Town::new().await;
    let roles = RoleNames::with_prefix("beta").expect("names");
    let database = town.cluster.empty_database().await.expect("a database");
    let admin = database.admin().await.expect("connected");
    migrator().with_roles(roles).expect("a migrator").up(&admin, None).await.expect("up");
    let placement = PlacementRecord {
        role_prefix: Some("beta".to_owned()),
        ..PlacementRecord::new("eu".parse().unwrap(), PlacementKind::Dedicated)
    };
    town.office.editor().await.set_placement(&placement).await.expect("set");
    let insert = format!("INSERT INTO organizations (id, name) VALUES ('{}', 'other')", tenant(9));
    execute(&admin, &insert).await;
    let urls = Town::urls(&database.url("beta_migrator"));
    let refused = town.make(&urls, &request(1, "eu"), ALL).await.expect_err("somebody lives there");
    assert!(
        matches!(refused, ProvisionError::Inhabited { .. }) && refused.to_string().contains("organizations"),
        "{refused}"
    );
    assert_eq!(town.status(1).await, Some(OrganizationStatus::Provisioning));
    let forced = "SELECT bool_and(relforcerowsecurity)::text FROM pg_class WHERE relrowsecurity";
    assert_eq!(texts(&admin, forced).await, ["true"], "the look left no wall open");
    execute(&admin, &format!("UPDATE organizations SET id = '{}'", tenant(1))).await;
    town.make(&urls, &request(1, "eu"), ALL).await.expect("its own rows are no others'");
}

#[tokio::test]
async fn what_is_refused_leaves_no_placement() {
    let town = Town::new().await;
    let nothing = given(&[], "");
    town.office.organization(1, "active", "eu").await;
    let name = |name: &str| TenantRequest { name: name.to_owned(), ..town.dedicated(2, "acme") };
    for (wrong, said) in [("n1", "choose another name"), (" n2", "no blank at its ends")] {
        let refused = town.make(&nothing, &name(wrong), ALL).await.expect_err(wrong).to_string();
        assert!(refused.contains(said), "{refused}");
    }
    let placements = "SELECT name FROM tenancy_catalog.placements ORDER BY 1";
    assert_eq!(texts(&town.office.admin, placements).await, ["eu", "own"]);
}

#[tokio::test]
async fn a_database_of_its_own_is_asked_for_as_it_is() {
    let town = Town::new().await;
    let shared = town.shared().await;
    let urls = Town::urls(&shared.superuser_url());
    town.make(&urls, &request(1, "eu"), ALL).await.expect("made");
    let refused = town.make(&urls, &town.dedicated(1, "eu"), ALL).await.expect_err("it is among others");
    assert!(matches!(refused, ProvisionError::Catalog(CatalogEditError::PlacementDiffers { .. })), "{refused}");

    let with = |change: fn(&mut NewDatabase)| {
        let mut request = town.dedicated(2, "acme");
        let Home::Dedicated(new) = &mut request.home else { panic!("dedicated") };
        change(new);
        request
    };
    let other_database = with(|new| new.name = Some("acme_2".to_owned()));
    town.make(&urls, &town.dedicated(2, "acme"), 2).await.expect("its database");
    let refused = town.make(&urls, &other_database, ALL).await.expect_err("it has a database");
    assert!(
        matches!(refused, ProvisionError::OtherDatabase { .. }) && refused.to_string().contains("(database acme)"),
        "{refused}"
    );
    let made = "SELECT datname::text FROM pg_database WHERE datname ~ '^acme'";
    assert_eq!(texts(&town.office.admin, made).await, ["acme"]);
    town.make(&urls, &town.dedicated(2, "acme"), ALL).await.expect("completed");
    let other_roles = with(|new| new.role_prefix = Some("beta".to_owned()));
    let refused = town.make(&urls, &other_roles, ALL).await.expect_err("it has others");
    assert!(matches!(refused, ProvisionError::Catalog(CatalogEditError::PlacementDiffers { .. })), "{refused}");
}

#[tokio::test]
async fn two_placements_are_two_databases() {
    let town = Town::new().await;
    let database = town.shared().await;
    let url = database.superuser_url();
    let both = given(&["eu", "own"], &url);
    for placement in ["eu", "own"] {
        let refused = town.make(&both, &request(1, placement), ALL).await.expect_err("the other one is the same");
        assert!(matches!(refused, ProvisionError::SameDatabase { .. }), "{refused}");
        assert_eq!(town.status(1).await, None);
    }
}

#[tokio::test]
async fn members_that_roles_had_before_are_named() {
    let town = Town::new().await;
    let nothing = given(&[], "");
    execute(&town.office.admin, "CREATE ROLE stranger; CREATE ROLE acme_owner; GRANT acme_owner TO stranger").await;
    let done = town.make(&nothing, &town.dedicated(1, "acme"), ALL).await.expect("made");
    let Some(ProvisionStep::Checked { notes }) = done.get(3) else { panic!("{done:?}") };
    assert!(notes.iter().any(|note| note.contains("stranger (acme_owner)")), "{notes:?}");
}

//! An organisation's rows go to a file and back, or to another organisation: all of them, as they were, and nobody else's.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ActiveModelTrait, DatabaseConnection, EntityTrait};
use secrecy::SecretString;
use tempfile::TempDir;
use tenant_core::{OrganizationStatus, TenantContext, TenantId};
use tenant_migration::archive::{
    Archive, ArchiveError, ArchiveEvent, ArchiveFault, ArchiveObserver, Decryption, Encryption, Export, Mask,
    MaskError, NewTenant, Restoration, RestoreAs, Summary, TenantClone,
};
use tenant_migration::catalog::{OrganizationRecord, TenantName};

use crate::support::{Scene, execute, insertion, rows, soon, texts, until};

const TWIN: &str = "00000000-0000-0000-0000-0000000000ff";

struct Shelf {
    scene: Scene,
    folder: TempDir,
}

impl Shelf {
    async fn new() -> Self {
        Self { scene: Scene::new().await, folder: tempfile::tempdir().expect("a folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("acme.archive")
    }

    fn acme(&self) -> TenantId {
        self.scene.eu.acme.id
    }

    async fn export(&self, masks: &[&str], encryption: Option<Encryption>) -> Result<Summary, ArchiveError> {
        let (migrator, editor, urls) = self.parts().await;
        let masks: Vec<Mask> = masks.iter().map(|mask| mask.parse().expect("a mask")).collect();
        let tenant = TenantName::Id(self.acme());
        Export::begin(&migrator, editor, &urls, &tenant, &masks).await?.run(&self.file(), encryption).await
    }

    async fn open(&self) -> Archive {
        Archive::open(&self.file(), None).await.expect("it is whole")
    }

    async fn begin(&self, wanted: RestoreAs) -> Result<Restoration, ArchiveError> {
        let (migrator, editor, urls) = self.parts().await;
        Restoration::begin(&migrator, editor, &urls, self.open().await, wanted).await
    }

    async fn restore(&self, wanted: RestoreAs) -> Result<OrganizationRecord, ArchiveError> {
        self.begin(wanted).await?.run().await
    }

    async fn clone_to(&self, placement: &str, masks: &[&str]) -> Result<OrganizationRecord, ArchiveError> {
        let (migrator, editor, urls) = self.parts().await;
        let masks: Vec<Mask> = masks.iter().map(|mask| mask.parse().expect("a mask")).collect();
        let tenant = TenantName::Id(self.acme());
        TenantClone::begin(&migrator, editor, &urls, &tenant, &masks, twin(placement)).await?.run().await
    }

    async fn parts(
        &self,
    ) -> (
        tenant_migration::TenantMigrator,
        tenant_migration::catalog::CatalogEditor,
        tenant_migration::catalog::DeployUrls,
    ) {
        (self.scene.migrator(), self.scene.office.editor().await, self.scene.deploy_urls())
    }

    async fn suspend(&self) {
        self.scene.office.editor().await.suspend(&TenantName::Id(self.acme())).await.expect("suspended");
    }

    /// What the twin has, with the identifier of the one it is of.
    async fn twins_rows(&self, admin: &DatabaseConnection) -> Vec<String> {
        let found = rows(admin, &self.scene.eu.registry, TWIN.parse().expect("an identifier")).await;
        let mut found: Vec<_> = found.iter().map(|row| row.replace(TWIN, &self.acme().to_string())).collect();
        found.sort();
        found
    }

    async fn acmes_rows(&self) -> Vec<String> {
        let [mut here, _] = self.scene.rows_of(self.acme()).await;
        here.sort();
        here
    }
}

fn twin(placement: &str) -> NewTenant {
    let (id, placement) = (TWIN.parse().expect("an identifier"), placement.parse().expect("a name"));
    NewTenant { id: Some(id), name: "Twin".to_owned(), placement }
}

fn itself(replace: Option<&str>) -> RestoreAs {
    RestoreAs::Itself { placement: None, replace: replace.map(str::to_owned) }
}

fn fault(refused: &ArchiveError) -> &ArchiveFault {
    let ArchiveError::File { source, .. } = refused else { panic!("{refused}") };
    source
}

#[tokio::test]
async fn a_new_organisation_has_the_rows_and_works() {
    let shelf = Shelf::new().await;
    let (acme, beta) = (shelf.acmes_rows().await, shelf.scene.rows_of(shelf.scene.eu.beta.id).await);
    let summary = shelf.export(&[], None).await.expect("exported");
    assert_eq!(summary.rows(), acme.len() as u64, "{summary:?}");
    assert_eq!(shelf.open().await.summary(), summary);
    let made = shelf.restore(RestoreAs::New(twin("own"))).await.expect("restored in a placement of its own");
    assert_eq!((made.id.to_string().as_str(), made.name.as_str()), (TWIN, "Twin"));
    assert_eq!(made.status, OrganizationStatus::Active);
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, acme);
    let beside = NewTenant { id: None, name: "Beside".to_owned(), placement: "eu".parse().expect("a name") };
    let beside = shelf.restore(RestoreAs::New(beside)).await.expect("restored beside the one that it is of");
    let found = rows(&shelf.scene.eu.admin, &shelf.scene.eu.registry, beside.id).await;
    let mut found: Vec<_> =
        found.iter().map(|row| row.replace(&beside.id.to_string(), &shelf.acme().to_string())).collect();
    found.sort();
    assert_eq!(found, acme);
    assert_eq!(shelf.acmes_rows().await, acme);
    assert_eq!(shelf.scene.rows_of(shelf.scene.eu.beta.id).await, beta);
    let router = shelf.scene.router().await;
    let connection = router.connect(TenantContext::new(beside.id)).await.expect("a connection");
    assert!(!entities::molecule::Entity::find().all(&connection).await.expect("an answer").is_empty());
    insertion("after").insert(&connection).await.expect("its numbers go on");
    assert_eq!(shelf.acmes_rows().await, acme, "it writes its own rows");
}

#[tokio::test]
async fn its_own_rows_are_replaced_if_that_is_said() {
    let shelf = Shelf::new().await;
    let acme = shelf.acmes_rows().await;
    shelf.export(&[], None).await.expect("exported");
    let refused = shelf.restore(itself(Some("Acme"))).await.map(drop).expect_err("it works");
    assert!(matches!(refused, ArchiveError::Status { status: OrganizationStatus::Active, .. }), "{refused}");
    shelf.suspend().await;
    let harm = format!("DELETE FROM memberships WHERE organization_id = '{0}'; UPDATE molecules SET name = 'lost' WHERE organization_id = '{0}';
        INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type) VALUES ('{0}', gen_random_uuid(), 'new', 'new', 'x')", shelf.acme());
    execute(&shelf.scene.eu.admin, &harm).await;
    let harmed = shelf.acmes_rows().await;
    let refused = shelf.restore(itself(None)).await.map(drop).expect_err("it has rows");
    assert!(matches!(&refused, ArchiveError::Inhabited { repair, .. } if repair.contains("--replace")), "{refused}");
    let refused = shelf.restore(itself(Some("acme"))).await.map(drop).expect_err("another name");
    assert!(matches!(refused, ArchiveError::Unconfirmed { .. }), "{refused}");
    let elsewhere = RestoreAs::Itself { placement: Some("own".parse().expect("a name")), replace: None };
    let refused = shelf.restore(elsewhere).await.map(drop).expect_err("it lives in eu");
    assert!(matches!(refused, ArchiveError::OtherPlacement { .. }), "{refused}");
    assert_eq!(shelf.acmes_rows().await, harmed, "nothing was done yet");
    let beta = shelf.scene.rows_of(shelf.scene.eu.beta.id).await;
    let restored = shelf.restore(itself(Some("Acme"))).await.expect("restored");
    assert_eq!(restored.status, OrganizationStatus::Suspended, "whoever suspended it says when it goes on");
    assert_eq!(shelf.acmes_rows().await, acme);
    assert_eq!(shelf.scene.rows_of(shelf.scene.eu.beta.id).await, beta);
}

/// The catalog was lost, or is that of another installation.
#[tokio::test]
async fn one_that_the_catalog_has_not_is_made_again() {
    let shelf = Shelf::new().await;
    let acme = shelf.acmes_rows().await;
    shelf.export(&[], None).await.expect("exported");
    execute(&shelf.scene.office.admin, &format!("SET session_replication_role = replica; DELETE FROM tenancy_catalog.organizations WHERE id = '{}'; RESET session_replication_role", shelf.acme())).await;
    let refused = shelf.restore(itself(None)).await.map(drop).expect_err("where?");
    assert!(matches!(refused, ArchiveError::NoPlacement { .. }), "{refused}");
    let to = |placement: &str| RestoreAs::Itself { placement: Some(placement.parse().expect("a name")), replace: None };
    let refused = shelf.restore(to("eu")).await.map(drop).expect_err("there are rows, and nobody knows whose");
    assert!(matches!(refused, ArchiveError::Inhabited { .. }), "{refused}");
    let made = shelf.restore(to("own")).await.expect("restored");
    assert_eq!((made.id, made.name.as_str(), made.status), (shelf.acme(), "Acme", OrganizationStatus::Active));
    let [_, mut there] = shelf.scene.rows_of(shelf.acme()).await;
    there.sort();
    assert_eq!(there, acme);
}

/// Whatever a file is, or is made to be, is found out before anything changes.
#[tokio::test]
async fn a_file_that_is_not_as_it_was_made_is_refused() {
    let shelf = Shelf::new().await;
    shelf.export(&[], None).await.expect("exported");
    let whole = fs::read(shelf.file()).expect("a file");
    let read = async |bytes: &[u8], key: Option<Decryption>| {
        fs::write(shelf.file(), bytes).expect("written");
        Archive::open(&shelf.file(), key).await.map(drop)
    };
    for cut in (0..whole.len()).step_by(whole.len() / 40).chain([whole.len() - 1]) {
        let refused = read(&whole[..cut], None).await.expect_err("it was cut");
        assert!(matches!(fault(&refused), ArchiveFault::Truncated | ArchiveFault::NotAnArchive), "{cut}: {refused}");
    }
    for place in (18..whole.len()).step_by(whole.len() / 60) {
        let mut altered = whole.clone();
        altered[place] ^= 0x10;
        let refused = read(&altered, None).await.expect_err("it was altered");
        assert!(
            matches!(fault(&refused), ArchiveFault::Altered { .. } | ArchiveFault::Truncated),
            "{place}: {refused}"
        );
    }
    let longer = [&whole[..], b"x"].concat();
    assert!(matches!(
        fault(&read(&longer, None).await.expect_err("more")),
        ArchiveFault::Altered { .. } | ArchiveFault::Truncated
    ));
    let twice = [&whole[..], &whole[18..]].concat();
    assert!(matches!(fault(&read(&twice, None).await.expect_err("twice")), ArchiveFault::Altered { .. }));
    let newer = [b"tenancy archive 2\n", &whole[18..]].concat();
    let refused = read(&newer, None).await.expect_err("a later one");
    assert!(matches!(fault(&refused), ArchiveFault::Newer { version } if version == "2"), "{refused}");
    let refused = read(b"PGDMP", None).await.expect_err("something else");
    assert!(matches!(fault(&refused), ArchiveFault::NotAnArchive), "{refused}");
    let key = Decryption::passphrase("a secret".into()).expect("a passphrase");
    let refused = read(&whole, Some(key)).await.expect_err("nobody would have encrypted it so");
    assert!(matches!(fault(&refused), ArchiveFault::NotEncrypted), "{refused}");
    read(&whole, None).await.expect("it is whole");
    fs::remove_file(shelf.file()).expect("removed");
    let refused = Archive::open(&shelf.file(), None).await.map(drop).expect_err("none");
    assert!(matches!(fault(&refused), ArchiveFault::File(_)), "{refused}");
}

#[tokio::test]
async fn only_its_readers_can_read_it() {
    let shelf = Shelf::new().await;
    let passphrase = |text: &str| Decryption::passphrase(SecretString::from(text)).expect("a passphrase");
    let [one, two] = [age::x25519::Identity::generate(), age::x25519::Identity::generate()];
    let of = |identity: &age::x25519::Identity| Decryption::identities(identity.to_string()).expect("an identity");
    let secret = Encryption::passphrase("open sesame".into()).expect("a passphrase");
    let readers = Encryption::recipients(&[one.to_public().to_string()]).expect("a recipient");
    for (encryption, right, wrong) in [
        (secret, passphrase("open sesame\n"), [passphrase("open sesamE"), of(&one)]),
        (readers, of(&one), [of(&two), passphrase("open sesame")]),
    ] {
        let summary = shelf.export(&[], Some(encryption)).await.expect("exported");
        let bytes = fs::read(shelf.file()).expect("a file");
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
        let refused = Archive::open(&shelf.file(), None).await.map(drop).expect_err("no key");
        assert!(matches!(fault(&refused), ArchiveFault::Encrypted), "{refused}");
        for wrong in wrong {
            let refused = Archive::open(&shelf.file(), Some(wrong)).await.map(drop).expect_err("another key");
            assert!(matches!(fault(&refused), ArchiveFault::WrongKey { .. }), "{refused}");
        }
        for change in [bytes.len() - 20, bytes.len() / 2] {
            let mut altered = bytes.clone();
            altered[change] ^= 1;
            fs::write(shelf.file(), altered).expect("written");
            let refused = Archive::open(&shelf.file(), Some(right.clone())).await.map(drop).expect_err("altered");
            assert!(matches!(fault(&refused), ArchiveFault::Altered { .. } | ArchiveFault::Truncated), "{refused}");
        }
        fs::write(shelf.file(), &bytes).expect("written");
        let opened = Archive::open(&shelf.file(), Some(right)).await.expect("opened");
        assert_eq!(opened.summary(), summary);
        fs::remove_file(shelf.file()).expect("removed");
    }
    assert!(Encryption::passphrase("\n".into()).is_err());
    assert!(Encryption::recipients(&["age1nobody"]).is_err() && Encryption::recipients(&[""; 0]).is_err());
}

#[tokio::test]
async fn a_clone_has_masked_columns_and_all_else() {
    let shelf = Shelf::new().await;
    let acme = shelf.acmes_rows().await;
    let masks = ["users.email='user-' || id || '@example.invalid' -- nobody's", "users.name=upper(name)"];
    let made = shelf.clone_to("own", &masks).await.expect("cloned");
    assert_eq!((made.id.to_string().as_str(), made.status), (TWIN, OrganizationStatus::Active));
    let unmasked =
        |rows: &[String]| -> Vec<String> { rows.iter().filter(|row| !row.starts_with("users ")).cloned().collect() };
    assert_eq!(unmasked(&shelf.twins_rows(&shelf.scene.target).await), unmasked(&acme));
    let people = "SELECT email || ' ' || name FROM users WHERE organization_id = ";
    let masked = "SELECT 'user-' || id || '@example.invalid ' || upper(name) FROM users WHERE organization_id = ";
    let order = "ORDER BY id";
    let (here, there) = (&shelf.scene.eu.admin, &shelf.scene.target);
    let expected = texts(here, &format!("{masked} '{}' {order}", shelf.acme())).await;
    assert!(!expected.is_empty());
    assert_eq!(texts(there, &format!("{people} '{TWIN}' {order}")).await, expected);
    assert_eq!(shelf.acmes_rows().await, acme);
    let summary = shelf.export(&masks[1..], None).await.expect("exported");
    assert_eq!(summary.masked, ["public.users.name"]);
    fs::remove_file(shelf.file()).expect("removed");
    for (mask, is) in [
        ("nobody.email='x'", "table"),
        ("users.mail='x'", "column"),
        ("users.id=gen_random_uuid()", "stays as it is"),
        ("users.organization_id=id", "stays as it is"),
        ("users.email=nothing(", "syntax"),
        ("users.name=unknown_column", "unknown_column"),
    ] {
        let refused = shelf.export(&[mask], None).await.map(drop).expect_err("it can't be");
        assert!(matches!(&refused, ArchiveError::Mask(_)) && refused.to_string().contains(is), "{refused}");
    }
    let refused = shelf.export(&["users.name='a'", "public.users.name='b'"], None).await.map(drop).expect_err("two");
    assert!(matches!(refused, ArchiveError::Mask(MaskError::Twice { .. })), "{refused}");
    assert!(!shelf.file().exists());
}

/// Others write on, and so does the organisation itself: what is copied is of one moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_it_had_at_one_moment_is_exported_while_it_works() {
    let shelf = Shelf::new().await;
    let done = Arc::new(AtomicBool::new(false));
    // Each transaction writes two rows of two tables, so that a copy with one of them is of no moment.
    let writing = {
        let (admin, id, done) = (shelf.scene.eu.admin.clone(), shelf.acme(), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let both = format!("BEGIN; INSERT INTO users (organization_id, id, email, name) VALUES ('{id}', gen_random_uuid(), 'both' || gen_random_uuid(), 'both');
                    INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type) VALUES ('{id}', gen_random_uuid(), gen_random_uuid(), 'both', 'x'); COMMIT");
                execute(&admin, &both).await;
            }
        })
    };
    for round in 0..5 {
        drop(fs::remove_file(shelf.file()));
        shelf.export(&[], None).await.expect("exported");
        let id: TenantId = format!("00000000-0000-0000-0000-0000000001{round:02}").parse().expect("an identifier");
        let wanted =
            NewTenant { id: Some(id), name: format!("round {round}"), placement: "eu".parse().expect("a name") };
        shelf.restore(RestoreAs::New(wanted)).await.expect("restored");
        let count = |table: &str| {
            format!("SELECT count(*)::text FROM {table} WHERE name = 'both' AND organization_id = '{id}'")
        };
        let admin = &shelf.scene.eu.admin;
        assert_eq!(texts(admin, &count("users")).await, texts(admin, &count("molecules")).await);
    }
    done.store(true, Ordering::Relaxed);
    soon("the writer's end", writing).await.expect("it wrote");
}

/// Says when rows are through.
#[derive(Debug)]
struct Watcher(tokio::sync::mpsc::UnboundedSender<()>);

impl ArchiveObserver for Watcher {
    fn notice(&self, event: &ArchiveEvent) {
        if matches!(event, ArchiveEvent::Copied { .. }) {
            self.0.send(()).expect("somebody listens");
        }
    }
}

/// A trigger that fires even for copies changes what is written: that is seen, and nothing stays.
#[tokio::test]
async fn what_is_not_written_as_it_was_sent_is_not_kept() {
    let shelf = Shelf::new().await;
    shelf.export(&[], None).await.expect("exported");
    let meddle = "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END $$;
        CREATE TRIGGER meddle BEFORE INSERT ON molecules FOR EACH ROW EXECUTE FUNCTION meddle(); ALTER TABLE molecules ENABLE ALWAYS TRIGGER meddle";
    execute(&shelf.scene.target, meddle).await;
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let restoration = shelf.begin(RestoreAs::New(twin("own"))).await;
    let refused = match restoration {
        Ok(restoration) => {
            restoration.observer(Arc::new(Watcher(sender))).run().await.map(drop).expect_err("it differs")
        }
        Err(refused) => panic!("{refused}"),
    };
    assert!(matches!(&refused, ArchiveError::Different { table, .. } if table.contains("molecules")), "{refused}");
    assert!(told.recv().await.is_some(), "rows were on their way");
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, [""; 0]);
    let twin_is = |status| (TWIN.parse::<TenantId>().expect("an identifier"), status);
    let found = shelf.scene.office.editor().await.organization(&TenantName::Id(TWIN.parse().expect("one"))).await;
    let found = found.expect("in the catalog");
    assert_eq!((found.id, found.status), twin_is(OrganizationStatus::Provisioning), "no program works for it");
    execute(&shelf.scene.target, "DROP TRIGGER meddle ON molecules").await;
    let made = shelf.restore(RestoreAs::New(twin("own"))).await.expect("the same again completes it");
    assert_eq!((made.id, made.status), twin_is(OrganizationStatus::Active));
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, shelf.acmes_rows().await);
    let refused = shelf.restore(RestoreAs::New(twin("own"))).await.map(drop).expect_err("it is there");
    assert!(matches!(refused, ArchiveError::Exists { .. }), "{refused}");
}

/// Shared rows that it refers to are not in an archive.
#[tokio::test]
async fn rows_that_refer_to_nothing_are_not_kept() {
    let shelf = Shelf::new().await;
    shelf.export(&[], None).await.expect("exported");
    execute(
        &shelf.scene.target,
        "SET session_replication_role = replica; DELETE FROM targets; RESET session_replication_role",
    )
    .await;
    let refused = shelf.restore(RestoreAs::New(twin("own"))).await.map(drop).expect_err("a target is missing");
    assert!(matches!(&refused, ArchiveError::Dangling { parent, .. } if parent.contains("targets")), "{refused}");
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, [""; 0]);
}

#[tokio::test]
async fn tables_that_are_not_alike_are_named() {
    let shelf = Shelf::new().await;
    for (alter, back, named) in [
        ("ADD COLUMN extra text", "DROP COLUMN extra", "\"extra\" is missing there"),
        ("ALTER COLUMN name TYPE varchar(500)", "ALTER COLUMN name TYPE text", "character varying(500) here"),
    ] {
        execute(&shelf.scene.eu.admin, &format!("ALTER TABLE molecules {alter}")).await;
        shelf.export(&[], None).await.expect("exported");
        execute(&shelf.scene.eu.admin, &format!("ALTER TABLE molecules {back}")).await;
        let refused = shelf.begin(RestoreAs::New(twin("own"))).await.map(drop).expect_err("not alike");
        let ArchiveError::Unlike { differences, .. } = &refused else { panic!("{refused}") };
        assert!(differences.contains("molecules") && differences.contains(named), "{differences}");
        fs::remove_file(shelf.file()).expect("removed");
    }
    let twin_is = shelf.scene.office.editor().await.find(&TenantName::Id(TWIN.parse().expect("one"))).await;
    assert_eq!(twin_is.expect("an answer"), None, "nothing was done");
    // The table of a later program may have more.
    shelf.export(&[], None).await.expect("exported");
    execute(&shelf.scene.target, "ALTER TABLE molecules ADD COLUMN extra text DEFAULT 'none'").await;
    shelf.restore(RestoreAs::New(twin("own"))).await.expect("restored");
    let extra = format!("SELECT DISTINCT extra FROM molecules WHERE organization_id = '{TWIN}'");
    assert_eq!(texts(&shelf.scene.target, &extra).await, ["none"]);
}

/// Cut anywhere, there is no file or a whole one, and no row or all.
#[tokio::test]
async fn dropped_halfway_it_leaves_nothing() {
    let shelf = Shelf::new().await;
    for delay in (0..40).step_by(4) {
        drop(fs::remove_file(shelf.file()));
        let cut = tokio::time::timeout(std::time::Duration::from_millis(delay), shelf.export(&[], None)).await;
        if shelf.file().exists() {
            shelf.open().await;
        } else {
            assert!(cut.is_err(), "it said that it was done");
        }
    }
    drop(fs::remove_file(shelf.file()));
    shelf.export(&[], None).await.expect("exported");
    let acme = shelf.acmes_rows().await;
    let working = "SELECT count(*)::text FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'migrate tenant'";
    for delay in (5..).step_by(20) {
        let begun = match shelf.begin(RestoreAs::New(twin("own"))).await {
            Err(ArchiveError::Exists { status: OrganizationStatus::Active, .. }) => break,
            begun => begun.expect("nothing is in the way"),
        };
        let restored = tokio::time::timeout(std::time::Duration::from_millis(delay), begun.run()).await;
        until("the server has noticed", async || texts(&shelf.scene.target, working).await == ["0"]).await;
        let found = shelf.twins_rows(&shelf.scene.target).await;
        match restored {
            Err(_) => assert!(found.is_empty() || found == acme, "half of it is there"),
            Ok(restored) => {
                restored.expect("nothing was in the way");
                break;
            }
        }
    }
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, acme);
    let left = fs::read_dir(shelf.folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "the archive alone");
}

#[tokio::test]
async fn what_is_in_the_way_of_an_export_is_said() {
    let shelf = Shelf::new().await;
    fs::write(shelf.file(), "another's").expect("written");
    let refused = shelf.export(&[], None).await.map(drop).expect_err("it would be overwritten");
    assert!(
        matches!(fault(&refused), ArchiveFault::File(error) if error.kind() == std::io::ErrorKind::AlreadyExists),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(shelf.file()).expect("read"), "another's");
    fs::remove_file(shelf.file()).expect("removed");
    execute(&shelf.scene.eu.admin, "CREATE TABLE notes (organization_id uuid)").await;
    let refused = shelf.export(&[], None).await.map(drop).expect_err("nobody knows what is in it");
    assert!(matches!(&refused, ArchiveError::Site(_)) && refused.to_string().contains("notes"), "{refused}");
    execute(&shelf.scene.eu.admin, "DROP TABLE notes").await;
    let (migrator, editor, urls) = shelf.parts().await;
    let nobody = TenantName::Name("nobody".to_owned());
    let refused = Export::begin(&migrator, editor, &urls, &nobody, &[]).await.map(drop).expect_err("unknown");
    assert!(matches!(refused, ArchiveError::Catalog(_)), "{refused}");
}

/// What was looked at is what is written.
#[tokio::test]
async fn a_file_that_is_replaced_meanwhile_is_refused() {
    let shelf = Shelf::new().await;
    shelf.export(&[], None).await.expect("exported");
    let restoration = shelf.begin(RestoreAs::New(twin("own"))).await.expect("nothing is in the way");
    fs::remove_file(shelf.file()).expect("removed");
    shelf.export(&["users.name='somebody'"], None).await.expect("exported");
    let refused = restoration.run().await.map(drop).expect_err("it is another");
    assert!(matches!(fault(&refused), ArchiveFault::Altered { what } if what.contains("replaced")), "{refused}");
    assert_eq!(shelf.twins_rows(&shelf.scene.target).await, [""; 0]);
}

/// Its rows are removed where it lived: what is read there after that is not all.
#[tokio::test]
async fn one_that_moved_meanwhile_is_not_exported_from_where_it_lived() {
    let shelf = Shelf::new().await;
    let (migrator, editor, urls) = shelf.parts().await;
    let tenant = TenantName::Id(shelf.acme());
    let export = Export::begin(&migrator, editor, &urls, &tenant, &[]).await.expect("nothing is in the way");
    shelf.scene.begin("own").await.expect("begun").run().await.expect("moved");
    let refused = export.run(&shelf.file(), None).await.map(drop).expect_err("it lives elsewhere");
    let ArchiveError::Changed { placement, .. } = &refused else { panic!("{refused}") };
    assert_eq!(placement.as_str(), "own");
    assert!(!shelf.file().exists());
    let summary = shelf.export(&[], None).await.expect("from where it lives");
    let [_, there] = shelf.scene.rows_of(shelf.acme()).await;
    assert_eq!(summary.rows(), there.len() as u64);
}

/// Whoever gives it its access back ends that.
#[tokio::test]
async fn one_that_works_again_keeps_what_it_has() {
    let shelf = Shelf::new().await;
    shelf.export(&[], None).await.expect("exported");
    shelf.suspend().await;
    let harm = format!("DELETE FROM memberships WHERE organization_id = '{}'", shelf.acme());
    execute(&shelf.scene.eu.admin, &harm).await;
    let before = shelf.acmes_rows().await;
    let restoration = shelf.begin(itself(Some("Acme"))).await.expect("nothing is in the way");
    shelf.scene.office.editor().await.resume(&TenantName::Id(shelf.acme())).await.expect("resumed");
    let refused = restoration.run().await.map(drop).expect_err("it works");
    assert!(matches!(refused, ArchiveError::Changed { status: OrganizationStatus::Active, .. }), "{refused}");
    assert_eq!(shelf.acmes_rows().await, before);
}

/// Columns of many types with values that are hard to print, and a counter.
async fn add_odd_columns(admin: &DatabaseConnection, table: &str, more: &str) {
    let columns = "ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY, ADD COLUMN note text, ADD COLUMN raw bytea,
        ADD COLUMN doc jsonb, ADD COLUMN list text[], ADD COLUMN amount numeric, ADD COLUMN at timestamptz, ADD COLUMN ratio float8,
        ADD COLUMN span int4range, ADD COLUMN twice bigint GENERATED ALWAYS AS (amount * 2) STORED";
    execute(admin, &format!("ALTER TABLE {table} {columns}{more}")).await;
}

#[tokio::test]
async fn odd_values_stay_what_they_are_and_numbers_go_on() {
    let shelf = Shelf::new().await;
    let (here, there) = (&shelf.scene.eu.admin, &shelf.scene.target);
    // The numbers that the databases give to the type are not the same.
    execute(there, "CREATE TYPE other AS ENUM ('x')").await;
    for admin in [here, there] {
        execute(admin, "CREATE TYPE mood AS ENUM ('sad', 'a\tb\\', 'happy')").await;
        add_odd_columns(admin, "users", "").await;
        add_odd_columns(admin, "molecules", ", ADD COLUMN mood mood, ADD COLUMN moods mood[]").await;
    }
    let odd = "note = E'\\\\.\\t\\r\\n\\\\N\\b' || name, raw = '\\x00ff0a5c', doc = '{\"a\": [1.50, null, \"\\u00e4\"]}',
        list = ARRAY['', NULL, 'a,\"b\\']::text[], amount = 1234567890.12345678901234567890, at = 'infinity', ratio = 0.1::float8 + 0.2::float8,
        span = '[3,)'";
    execute(here, &format!("UPDATE users SET {odd}")).await;
    execute(here, &format!("UPDATE molecules SET {odd}, mood = 'a\tb\\', moods = '{{happy,NULL}}'")).await;
    execute(here, "UPDATE molecules SET ratio = '-Infinity', at = NULL, note = '' WHERE number = 1").await;
    shelf.clone_to("own", &[]).await.expect("cloned");
    assert_eq!(shelf.twins_rows(there).await, shelf.acmes_rows().await);
    for table in ["users", "molecules"] {
        let most = format!("SELECT max(number)::text FROM {table}");
        let next = format!("SELECT (nextval(pg_get_serial_sequence('{table}', 'number')) - 1)::text");
        assert_eq!(texts(there, &next).await, texts(there, &most).await, "the next number is a new one");
    }
    // What is there already is counted on from.
    execute(here, "SELECT setval(pg_get_serial_sequence('users', 'number'), 1000)").await;
    let beside = NewTenant { id: None, name: "Beside".to_owned(), placement: "eu".parse().expect("a name") };
    shelf.export(&[], None).await.expect("exported");
    shelf.restore(RestoreAs::New(beside)).await.expect("restored");
    let next = "SELECT nextval(pg_get_serial_sequence('users', 'number'))::text";
    assert_eq!(texts(here, next).await, ["1001"]);
}

/// A counter that counts down, and numbers that it would never give.
#[tokio::test]
async fn counters_are_raised_their_own_way() {
    let shelf = Shelf::new().await;
    for admin in [&shelf.scene.eu.admin, &shelf.scene.target] {
        let add = "ADD COLUMN down bigint GENERATED ALWAYS AS IDENTITY (INCREMENT -5),
            ADD COLUMN short smallint GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 100), ADD COLUMN loose bigint GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 100)";
        execute(admin, &format!("ALTER TABLE users {add}")).await;
    }
    execute(&shelf.scene.eu.admin, "UPDATE users SET short = 40, loose = 1000").await;
    shelf.clone_to("own", &[]).await.expect("cloned");
    let next = |column: &str| format!("SELECT nextval(pg_get_serial_sequence('users', '{column}'))::text");
    let there = &shelf.scene.target;
    let least = texts(there, "SELECT (min(down) - 5)::text FROM users").await;
    assert_eq!(texts(there, &next("down")).await, least);
    assert_eq!(texts(there, &next("short")).await, ["41"]);
    assert_eq!(
        texts(there, &next("loose")).await,
        ["1"],
        "a number that was given by hand is no reason to count there"
    );
}

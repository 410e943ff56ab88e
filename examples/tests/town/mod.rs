//! A metadata database, placements on one server, and `migrate` as a program.

use std::process::{Command, Output};

use sea_orm::DatabaseConnection;
use serde_json::Value;
use tempfile::TempDir;
use tenant_testkit::{Cluster, ClusterBuilder, Database};

/// Stands in every URL, and may be seen nowhere.
pub(crate) const SECRET: &str = "geheim-4711";

pub(crate) const ACME: &str = "00000000-0000-0000-0000-00000000000a";

/// A server whose roles nobody has made yet, with a metadata database, and a folder of URLs.
pub(crate) struct Town {
    pub(crate) cluster: Cluster,
    pub(crate) metadata: Database,
    pub(crate) folder: TempDir,
}

impl Town {
    pub(crate) async fn new() -> Self {
        Self::on(Cluster::builder()).await
    }

    /// On a server of other settings.
    pub(crate) async fn on(server: ClusterBuilder) -> Self {
        let cluster = server.start().await.expect("a PostgreSQL");
        let metadata = cluster.empty_database().await.expect("a database");
        let town = Self { cluster, metadata, folder: tempfile::tempdir().expect("a folder") };
        town.migrate(&["catalog", "up"]).assert_ends(0, &[]);
        town
    }

    /// Another database, whose migrator's URL is that of a placement.
    pub(crate) async fn placement(&self, name: &str) -> Database {
        let database = self.cluster.empty_database().await.expect("a database");
        self.say_where(name, &database.superuser_url());
        self.migrate(&["placement", "add", name]).assert_ends(0, &[]);
        database
    }

    pub(crate) fn say_where(&self, placement: &str, url: &str) {
        let file = self.folder.path().join(format!("{placement}.migrator.url"));
        std::fs::write(file, with_secret(url)).expect("written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TENANT_CATALOG_URL", with_secret(&self.metadata.superuser_url()))
            .env("TENANT_PLACEMENTS_DIR", self.folder.path())
            .env("TENANT_SERVER_URL", with_secret(&self.cluster.superuser_url("postgres")))
            .env_remove("DATABASE_URL")
            .env_remove("DATABASE_SCHEMA");
        command
    }

    /// Runs it to its end, and sees that nothing shows the password.
    pub(crate) fn migrate(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("it runs"))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.migrate(&[arguments, &["--format", "json"]].concat());
        run.assert_ends(0, &[]);
        serde_json::from_str(&run.stdout).expect("JSON and nothing else")
    }

    pub(crate) fn status(&self, tenant: &str) -> String {
        self.json(&["tenant", "show", tenant])["status"].as_str().expect("a text").to_owned()
    }

    pub(crate) async fn admin(&self) -> DatabaseConnection {
        self.metadata.admin().await.expect("a connection")
    }
}

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) said: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let stdout = text(output.stdout);
        let said = format!("{stdout}{}", text(output.stderr));
        assert!(!said.contains(SECRET), "the password is shown: {said}");
        Self { code: output.status.code(), stdout, said }
    }

    #[track_caller]
    pub(crate) fn assert_ends(&self, code: i32, saying: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for part in saying {
            assert!(self.said.contains(part), "`{part}` is not in: {}", self.said);
        }
    }
}

/// With a password, which a server that trusts everybody doesn't look at.
pub(crate) fn with_secret(url: &str) -> String {
    url.replacen('@', &format!(":{SECRET}@"), 1)
}

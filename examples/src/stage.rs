//! Where the demonstration takes place: a PostgreSQL of its own, or a database that is given.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sea_orm::DbErr;
use tenant_core::{DatabaseError, TenantDatabase};
use tenant_testkit::{Cluster, Database};

use crate::SampleOrganization;

/// A migrated database, and a connection to it as the application's role.
#[derive(Debug)]
pub struct Stage {
    tenants: TenantDatabase,
    application_url: String,
    /// Kept until the end: dropped, it stops.
    own: Option<(Cluster, Database)>,
}

impl Stage {
    /// Uses a migrated database.
    ///
    /// # Errors
    /// When it can't be reached, or isolation would not hold on it.
    pub async fn existing(application_url: String) -> Result<Self, DatabaseError> {
        let tenants = TenantDatabase::builder(&application_url).build().await?;
        Ok(Self { tenants, application_url, own: None })
    }

    /// Starts a PostgreSQL of its own and migrates a database in it.
    ///
    /// # Errors
    /// When no PostgreSQL programs are found, it does not start, or the migration fails.
    pub async fn throw_away() -> Result<Self> {
        let cluster = Cluster::builder().setting("wal_level", "logical").start().await?;
        let database = cluster.empty_database().await?;
        let migrator = crate::migrator()?;
        let application_url = database.url(migrator.roles().app().as_str());
        let admin = database.admin().await?;
        migrator.up(&admin, None).await.context("migrating")?;
        admin.close().await?;
        let tenants = TenantDatabase::builder(&application_url).build().await?;
        Ok(Self { tenants, application_url, own: Some((cluster, database)) })
    }

    /// The database's URL as the application's role.
    #[must_use]
    pub fn application_url(&self) -> &str {
        &self.application_url
    }

    /// The server and the database that were started for the demonstration, if they were.
    #[must_use]
    pub fn own(&self) -> Option<(&Cluster, &Database)> {
        self.own.as_ref().map(|(cluster, database)| (cluster, database))
    }

    /// Waits until the reads and denials so far stand in the access log: they are written in the background.
    ///
    /// # Errors
    /// When some are not written in half a minute, or are lost.
    pub async fn logged(&self) -> Result<()> {
        let written = async {
            while self.tenants.audit_statistics().queued > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), written).await.context("reads and denials wait to be logged")?;
        let lost = self.tenants.audit_statistics().lost;
        ensure!(lost == 0, "{lost} reads or denials could not be logged");
        Ok(())
    }

    /// Creates the demonstration's organisations.
    ///
    /// # Errors
    /// The database's error.
    pub async fn organizations(&self) -> Result<Vec<SampleOrganization>, DbErr> {
        let mut organizations = Vec::new();
        for name in ["Acme Pharma", "Beta Biotech", "Gamma University"] {
            organizations.push(SampleOrganization::create(&self.tenants, name).await?);
        }
        Ok(organizations)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.own {
            Some(_) => f.write_str("Started a PostgreSQL of our own, migrated it, and checked that isolation holds."),
            None => f.write_str("Connected, and checked that isolation holds."),
        }
    }
}

//! All checks, in one snapshot.

use sea_orm::prelude::Uuid;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use super::batches;
use super::findings::Findings;
use super::report::{AuditReport, Checked};
use super::{retentions, seals, strays};
use crate::audit::anchor::Anchor;
use crate::audit::error::AuditError;
use crate::audit::key::{KeyError, PublicKeys};
use crate::audit::session;

/// Looks whether the log is as it was sealed: reads all of it in one snapshot, in bounded memory, and changes nothing.
#[derive(Clone, Debug)]
pub struct Verification {
    keys: PublicKeys,
    anchor: Option<Anchor>,
    tenant: Option<Uuid>,
}

impl Verification {
    /// With all keys that seals may be signed with.
    #[must_use]
    pub const fn new(keys: PublicKeys) -> Self {
        Self { keys, anchor: None, tenant: None }
    }

    /// Compares the seals with this file too.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor: Some(anchor), ..self }
    }

    /// Looks at the entries of one organisation, and at all seals.
    #[must_use]
    pub fn tenant(self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant.as_uuid()), ..self }
    }

    /// Looks. The connection is the migrator's; its settings are changed.
    ///
    /// # Errors
    /// [`AuditError`] when it could not look; what is wrong with the log is in the report.
    pub async fn run(&self, connection: &mut PgConnection) -> Result<AuditReport, AuditError> {
        if self.keys.is_empty() {
            return Err(KeyError::NoPublic.into());
        }
        session::prepare(connection).await?;
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let (mut findings, mut checked) = (Findings::default(), Checked::default());
        let retained = retentions::check(&mut transaction, &self.keys, &mut findings).await?;
        let last = seals::check(&mut transaction, &self.keys, &mut findings, &mut checked).await?;
        if let Some(anchor) = &self.anchor {
            seals::compare(&mut transaction, anchor, &self.keys, &mut findings).await?;
        }
        let ground = batches::Ground { tenant: self.tenant, retained, horizon: last.horizon, restored: last.restored };
        let there = batches::check(&mut transaction, &ground, &mut findings, &mut checked).await?;
        strays::check(&mut transaction, &ground, &there, &mut findings, &mut checked).await?;
        // It only read.
        drop(transaction.rollback().await);
        Ok(AuditReport { checked, findings: findings.named, omitted: findings.omitted })
    }
}

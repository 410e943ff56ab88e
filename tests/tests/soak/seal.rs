//! A row's own word for whose it is.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hasher};

use entities::molecule;
use tenant_core::TenantId;
use uuid::Uuid;

/// A key for checksums: one that no policy, no rewriting and no binding has a part in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal(u64);

/// A row that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("tenant {tenant} read a row that is not its own, in `{column}`: {row:?}")]
pub(crate) struct Mismatch {
    tenant: TenantId,
    column: &'static str,
    row: Box<molecule::Model>,
}

impl Mismatch {
    /// What shows that the row is another's.
    pub(crate) const fn column(&self) -> &'static str {
        self.column
    }
}

impl Seal {
    pub(crate) const fn new(key: u64) -> Self {
        Self(key)
    }

    /// What stands in a row's `external_ref`: it never changes.
    pub(crate) fn external_ref(self, tenant: TenantId, id: Uuid) -> String {
        self.checksum(tenant, id, 0)
    }

    /// What stands in a row's `name`: a version, and the checksum of a row of this tenant, id and version.
    pub(crate) fn name(self, tenant: TenantId, id: Uuid, version: u64) -> String {
        format!("{version} {}", self.checksum(tenant, id, version + 1))
    }

    /// Whether the row is one of the tenant's, in the column that says so, and by both checksums.
    pub(crate) fn check(self, tenant: TenantId, row: &molecule::Model) -> Result<(), Box<Mismatch>> {
        let mismatch = |column| Err(Box::new(Mismatch { tenant, column, row: Box::new(row.clone()) }));
        if row.organization_id != tenant {
            return mismatch("organization_id");
        }
        if row.external_ref != self.external_ref(tenant, row.id) {
            return mismatch("external_ref");
        }
        let version = row.name.split(' ').next().and_then(|version| version.parse().ok());
        if version.is_none_or(|version| row.name != self.name(tenant, row.id, version)) {
            return mismatch("name");
        }
        Ok(())
    }

    /// `SipHash`, of the key and all that makes a row this one.
    fn checksum(self, tenant: impl Display, id: Uuid, version: u64) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher.write(tenant.to_string().as_bytes());
        hasher.write(id.as_bytes());
        hasher.write_u64(version);
        format!("{:016x}", hasher.finish())
    }
}

//! An organisation, as the catalog has it.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use tenant_core::{OrganizationStatus, PlacementName, TenantId, Tier};

/// An organisation, as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRecord {
    /// The tenant.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// What it may take.
    pub tier: Tier,
    /// Whether it may work.
    pub status: OrganizationStatus,
    /// Where its rows live.
    pub placement: PlacementName,
    /// How often its record was changed.
    pub epoch: i64,
    /// When it was made, in UTC: `2026-01-31T23:59:59.123456Z`.
    pub created_at: String,
    /// When it was changed last, in the same form.
    pub updated_at: String,
}

/// What an organisation is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantName {
    /// Its identifier.
    Id(TenantId),
    /// Its name, which is unique among those that are not archived.
    Name(String),
}

impl FromStr for TenantName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id))
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

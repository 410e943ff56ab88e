//! What the catalog says of an organisation.

use std::fmt;
use std::str::FromStr;

use super::placement::UnknownWord;
use crate::{PlacementName, TenantId, Tier};

/// An organisation, as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Who it is.
    pub id: TenantId,
    /// What it may take.
    pub tier: Tier,
    /// Whether it may work.
    pub status: OrganizationStatus,
    /// Where its rows live.
    pub placement: PlacementName,
    /// How often the catalog's record of it was changed.
    pub epoch: i64,
}

/// What an organisation may do at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationStatus {
    /// It is being made, and nobody works for it yet.
    Provisioning,
    /// It works.
    Active,
    /// Its access was taken away; its rows stay.
    Suspended,
    /// Its rows are on their way to another placement, and it waits for the moment of the switch.
    Moving,
    /// It is no more; the record stays, so that its identifier is not given again.
    Archived,
}

impl OrganizationStatus {
    /// All of them, in the order of an organisation's life.
    pub const ALL: [Self; 5] = [Self::Provisioning, Self::Active, Self::Suspended, Self::Moving, Self::Archived];

    /// The status's name in the catalog.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Moving => "moving",
            Self::Archived => "archived",
        }
    }
}

impl fmt::Display for OrganizationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrganizationStatus {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| UnknownWord {
            what: "an organisation's status",
            word: text.to_owned(),
            known: "provisioning, active, suspended, moving, archived",
        })
    }
}

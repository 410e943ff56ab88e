//! What an erasure did, signed.

use serde::{Deserialize, Serialize};
use tenant_core::TenantId;

use super::error::TenantErasureError;
use crate::audit::{Moment, PublicKeys, SealingKey, SignatureFault};

/// What a signature is of, beside the text: of nothing else it is one.
const KIND: &str = "tenancy.tenant_erasure 1";

/// What a run removed. Once it was made, no table of any placement had rows of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantErasureReport {
    /// The organisation's identifier.
    pub organization: TenantId,
    /// Why; the access log has it too.
    pub reason: String,
    /// When the last was looked at, by the clock of the machine that ran it, in microseconds since 1970.
    pub ended_at: Moment,
    /// All placements of the catalog, by name.
    pub placements: Vec<ErasedPlacement>,
}

/// What a run removed from a placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedPlacement {
    /// Its name.
    pub placement: String,
    /// All tables there that hold rows of tenants.
    pub tables: Vec<ErasedTable>,
    /// Of how many entries of the access log the values were removed.
    pub values: i64,
}

/// What a run removed from a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedTable {
    /// With its schema.
    pub table: String,
    /// How many rows this run removed; an earlier one that was cut short removed others.
    pub rows: u64,
}

impl TenantErasureReport {
    /// How many rows were removed.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.placements.iter().flat_map(|placement| &placement.tables).map(|table| table.rows).sum()
    }

    /// As JSON, signed.
    ///
    /// # Errors
    /// [`TenantErasureError::Report`] where it can't be printed.
    pub fn sign(&self, key: &SealingKey) -> Result<SignedErasure, TenantErasureError> {
        let report = serde_json::to_string(self).map_err(|error| TenantErasureError::Report(error.to_string()))?;
        let signature = hex::encode(key.sign_text(KIND, &report));
        Ok(SignedErasure { report, key: key.public().id().to_string(), signature })
    }
}

/// A report and who vouches for it. The report is kept as the text that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedErasure {
    report: String,
    key: String,
    signature: String,
}

impl SignedErasure {
    /// The report, if one of these keys signed it.
    ///
    /// # Errors
    /// [`TenantErasureError::Report`].
    pub fn check(&self, keys: &PublicKeys) -> Result<TenantErasureReport, TenantErasureError> {
        let failed = |fault: SignatureFault| TenantErasureError::Report(fault.to_string());
        let signature = hex::decode(&self.signature)
            .map_err(|error| TenantErasureError::Report(format!("its signature is not hexadecimal: {error}")))?;
        keys.check_text(&self.key, KIND, &self.report, &signature).map_err(failed)?;
        serde_json::from_str(&self.report).map_err(|error| TenantErasureError::Report(error.to_string()))
    }
}

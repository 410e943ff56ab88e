//! Which months may be gone.

use sqlx::postgres::PgConnection;

use super::finding::{Finding, FindingKind};
use super::findings::Findings;
use crate::audit::error::AuditError;
use crate::audit::key::{PublicKeys, SignatureFault};
use crate::audit::moment::Moment;
use crate::audit::retention::Retention;

/// The time before which all entries may be gone.
pub(super) async fn check(
    connection: &mut PgConnection,
    keys: &PublicKeys,
    findings: &mut Findings,
) -> Result<Option<Moment>, AuditError> {
    let (mut retained, mut next) = (None, 1);
    for record in Retention::all(connection).await? {
        let number = record.retention;
        for missing in next..number.min(next + findings.left()) {
            findings.add(Finding::of_retention(FindingKind::RetentionRemoved, missing, "its record is gone"));
        }
        next = number + 1;
        match record.check(keys) {
            Ok(()) => retained = retained.max(Some(record.before)),
            Err(SignatureFault::Key(error)) => {
                findings.add(Finding::of_retention(FindingKind::UnknownKey, number, error));
            }
            Err(fault @ (SignatureFault::Wrong(_) | SignatureFault::Missing)) => {
                findings.add(Finding::of_retention(FindingKind::RetentionChanged, number, fault));
            }
        }
    }
    Ok(retained)
}

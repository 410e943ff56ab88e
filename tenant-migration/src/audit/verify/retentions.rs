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
    let query = "SELECT CAST(extract(epoch FROM min(sealed_at)) * 1000000 AS bigint) FROM tenancy.access_log_seals";
    let first_seal: Option<Moment> = sqlx::query_scalar(query).persistent(false).fetch_one(&mut *connection).await?;
    let (mut retained, mut next) = (None, 1);
    for record in Retention::all(connection).await? {
        let number = record.retention;
        for missing in next..number.min(next + findings.left()) {
            findings.add(Finding::of_retention(FindingKind::RetentionRemoved, missing, "its record is gone"));
        }
        next = number + 1;
        match record.check(keys) {
            Ok(()) => retained = retained.max(Some(record.before)),
            // What nobody had to sign yet explains nothing that is gone, and needs no explanation.
            Err(SignatureFault::Missing) if first_seal.is_none_or(|first| record.dropped_at < first) => {}
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

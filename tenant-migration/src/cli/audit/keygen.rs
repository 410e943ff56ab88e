//! `migrate audit keygen`.

use std::process::ExitCode;

use secrecy::ExposeSecret;

use crate::audit::{AuditError, SealingKey};
use crate::cli::error::CliError;
use crate::cli::run::print;

/// Prints a new key, as lines for an environment.
pub(super) fn keygen() -> Result<ExitCode, CliError> {
    let key = SealingKey::generate().map_err(AuditError::from)?;
    let (secret, public) = (key.secret(), key.public());
    print(&format!("TENANT_AUDIT_KEY={}\nTENANT_AUDIT_PUBLIC_KEYS={public}\n", secret.expose_secret()));
    eprintln!("key {}: whoever has the first can sign; keep it away from the database", public.id());
    Ok(ExitCode::SUCCESS)
}

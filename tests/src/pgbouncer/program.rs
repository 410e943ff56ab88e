//! PgBouncer's program on this machine.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::error::PgBouncerError;

/// Where packages put it. Debian's folder is on root's PATH only, and Homebrew's on nobody's unless told so.
const USUAL_FOLDERS: [&str; 5] =
    ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/pgbouncer/bin"];

/// `TENANT_PGBOUNCER` alone if it is set, else the first along `PATH` and in the usual folders.
pub(super) fn find() -> Result<PathBuf, PgBouncerError> {
    if let Some(program) = env::var_os("TENANT_PGBOUNCER").filter(|path| !path.is_empty()) {
        return first(vec![program.into()]);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(USUAL_FOLDERS.map(PathBuf::from));
    first(folders.map(|folder| folder.join("pgbouncer")).collect())
}

/// The first of these that is there.
pub(super) fn first(candidates: Vec<PathBuf>) -> Result<PathBuf, PgBouncerError> {
    let found = candidates.iter().find(|candidate| Path::is_file(candidate)).cloned();
    found.ok_or(PgBouncerError::NotFound { looked_for: candidates })
}

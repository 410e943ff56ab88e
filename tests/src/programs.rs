//! PostgreSQL's server programs on this machine.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest major version that works: `security_invoker` views and `CREATE DATABASE … STRATEGY` came with it.
pub const OLDEST_VERSION: u32 = 15;

/// How to get the programs, in every error about them. `scripts/ensure-postgres` does the same.
macro_rules! ways_to_install {
    () => {
        "install PostgreSQL 15 or newer (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install \
         postgresql-server`; macOS: `brew install postgresql@17`), or set TENANT_PG_BIN to the folder that holds \
         `initdb` and `postgres`, or set DATABASE_URL to a running server's superuser"
    };
}

/// A folder with `initdb`, `postgres` and their siblings, of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    version: u32,
}

/// No usable server programs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramsError {
    /// None of the usual places holds both `initdb` and `postgres`.
    #[error("no PostgreSQL server programs found in {}; {}", list(.looked_in), ways_to_install!())]
    NotFound {
        /// Where they were looked for, in this order.
        looked_in: Vec<PathBuf>,
    },
    /// There are programs, but all of a version older than [`OLDEST_VERSION`].
    #[error("PostgreSQL {version} in {} is too old; {}", .folder.display(), ways_to_install!())]
    TooOld {
        /// The newest of them.
        folder: PathBuf,
        /// Its major version.
        version: u32,
    },
    /// `postgres --version` could not be run, or its answer could not be read.
    #[error("{} doesn't tell its version; {}", .program.display(), ways_to_install!())]
    NoVersion {
        /// The program that was asked.
        program: PathBuf,
        /// Why it could not be run, if it could not.
        #[source]
        source: Option<io::Error>,
    },
}

impl Programs {
    /// Looks in `TENANT_PG_BIN` alone if it is set, else in the folders of Debian, of Homebrew, of PostgreSQL's own RPMs,
    /// and last along `PATH`; in each of these the newest first.
    ///
    /// # Errors
    /// [`ProgramsError`], with where it looked and the ways to install.
    pub fn find() -> Result<Self, ProgramsError> {
        if let Some(folder) = env::var_os("TENANT_PG_BIN") {
            return Self::find_in([PathBuf::from(folder)]);
        }
        let mut folders = versioned_folders("/usr/lib/postgresql", "");
        folders.extend(versioned_folders("/opt/homebrew/opt", "postgresql@"));
        folders.extend(versioned_folders("/usr/local/opt", "postgresql@"));
        folders.extend(versioned_folders("/usr", "pgsql-"));
        folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
        Self::find_in(folders)
    }

    /// The first of these folders that holds programs of a sufficient version.
    ///
    /// # Errors
    /// [`ProgramsError`], with where it looked and the ways to install.
    pub fn find_in(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, ProgramsError> {
        let mut looked_in = Vec::new();
        let mut unusable = Vec::new();
        for folder in folders {
            match Self::of_folder(&folder) {
                Some(Ok(programs)) => return Ok(programs),
                Some(Err(error)) => unusable.push(error),
                None => {}
            }
            looked_in.push(folder);
        }
        let nearest = unusable.into_iter().max_by_key(|error| match error {
            ProgramsError::TooOld { version, .. } => *version,
            ProgramsError::NotFound { .. } | ProgramsError::NoVersion { .. } => 0,
        });
        Err(nearest.unwrap_or(ProgramsError::NotFound { looked_in }))
    }

    /// `None` if the folder doesn't hold the programs at all.
    fn of_folder(folder: &Path) -> Option<Result<Self, ProgramsError>> {
        // A link on PATH points into the real folder, where `initdb` expects its siblings.
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = postgres.parent()?.to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        Some(match Command::new(&postgres).arg("--version").output() {
            Err(source) => Err(ProgramsError::NoVersion { program: postgres, source: Some(source) }),
            Ok(output) => match major_version(&String::from_utf8_lossy(&output.stdout)) {
                None => Err(ProgramsError::NoVersion { program: postgres, source: None }),
                Some(version) if version < OLDEST_VERSION => Err(ProgramsError::TooOld { folder, version }),
                Some(version) => Ok(Self { folder, version }),
            },
        })
    }

    /// The folder that holds the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The major version, such as 17.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The path of one of the programs, such as `pg_dump`. Packages differ in which of them they bring.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// The `bin` folders under `root/<prefix><version>`, newest first.
fn versioned_folders(root: &str, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// 15 of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, 18 of `postgres (PostgreSQL) 18beta1`.
fn major_version(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn versions_are_read_from_every_form_of_the_answer() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(major_version("mysqld 8.0"), None);
    }
}

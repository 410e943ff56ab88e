//! Where placements are reached, and with which credentials.

use std::collections::HashMap;
use std::env::{self, VarError};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use crate::PlacementName;

/// The environment variable that names the folder of URLs.
pub const PLACEMENTS_DIR: &str = "TENANT_PLACEMENTS_DIR";

/// Resolves a placement's name to its URL, with credentials.
pub trait PlacementUrls: fmt::Debug + Send + Sync + 'static {
    /// The URL, `postgres://role:password@host:port/database`. Asked each time a placement is opened.
    ///
    /// # Errors
    /// [`PlacementUrlError`] when there is none.
    fn url(&self, placement: &PlacementName) -> Result<SecretString, PlacementUrlError>;
}

/// For whom a URL is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// The application's role.
    #[default]
    Application,
    /// The role that deploys.
    Migration,
}

impl Purpose {
    /// The name of a placement's environment variable: `TENANT_PLACEMENT_EU_1_URL`, `TENANT_PLACEMENT_EU_1_MIGRATOR_URL`.
    #[must_use]
    pub fn variable(self, placement: &PlacementName) -> String {
        let purpose = match self {
            Self::Application => "",
            Self::Migration => "_MIGRATOR",
        };
        format!("TENANT_PLACEMENT_{}{purpose}_URL", placement.as_str().to_ascii_uppercase())
    }

    /// The name of a placement's file in the folder: `eu_1.url`, `eu_1.migrator.url`.
    #[must_use]
    pub fn file(self, placement: &PlacementName) -> String {
        match self {
            Self::Application => format!("{placement}.url"),
            Self::Migration => format!("{placement}.migrator.url"),
        }
    }
}

/// URLs from the environment or from files.
///
/// For placement `eu_1` the variable `TENANT_PLACEMENT_EU_1_URL`, or else the file `eu_1.url` in the folder that
/// `TENANT_PLACEMENTS_DIR` names (`TENANT_PLACEMENT_EU_1_MIGRATOR_URL` and `eu_1.migrator.url` for the role that deploys). A file can
/// be added while a program runs, as for a new dedicated database.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredUrls {
    purpose: Purpose,
    folder: Option<PathBuf>,
}

impl ConfiguredUrls {
    /// Those for a purpose, with the folder that the environment names now.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        let folder = env::var_os(PLACEMENTS_DIR).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Self { purpose, folder }
    }

    /// Those of another folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }
}

impl PlacementUrls for ConfiguredUrls {
    fn url(&self, placement: &PlacementName) -> Result<SecretString, PlacementUrlError> {
        self.choose(placement, env::var(self.purpose.variable(placement)))
    }
}

impl ConfiguredUrls {
    /// What the variable says, or else the file.
    fn choose(
        &self,
        placement: &PlacementName,
        variable: Result<String, VarError>,
    ) -> Result<SecretString, PlacementUrlError> {
        match variable {
            Ok(url) if !url.trim().is_empty() => return Ok(SecretString::from(url.trim())),
            Ok(_) | Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(_)) => {
                return Err(PlacementUrlError::NoText { place: self.purpose.variable(placement).into() });
            }
        }
        let missing = || PlacementUrlError::Missing {
            placement: placement.clone(),
            purpose: self.purpose,
            folder: self.folder.clone(),
        };
        let file = self.folder.as_ref().ok_or_else(missing)?.join(self.purpose.file(placement));
        match fs::read_to_string(&file) {
            Ok(url) if !url.trim().is_empty() => Ok(SecretString::from(url.trim())),
            Ok(_) => Err(missing()),
            Err(failure) if failure.kind() == io::ErrorKind::NotFound => Err(missing()),
            Err(failure) if failure.kind() == io::ErrorKind::InvalidData => {
                Err(PlacementUrlError::NoText { place: file.into_os_string() })
            }
            Err(source) => Err(PlacementUrlError::Unreadable { file, source }),
        }
    }
}

/// URLs that the program has already, by the placement's name.
#[derive(Clone, Debug, Default)]
pub struct GivenUrls(HashMap<PlacementName, SecretString>);

impl<U: Into<SecretString>> FromIterator<(PlacementName, U)> for GivenUrls {
    fn from_iter<T: IntoIterator<Item = (PlacementName, U)>>(urls: T) -> Self {
        Self(urls.into_iter().map(|(name, url)| (name, url.into())).collect())
    }
}

impl PlacementUrls for GivenUrls {
    fn url(&self, placement: &PlacementName) -> Result<SecretString, PlacementUrlError> {
        self.0.get(placement).cloned().ok_or_else(|| PlacementUrlError::NotGiven { placement: placement.clone() })
    }
}

/// Why a placement has no URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementUrlError {
    /// Neither the variable nor the file is there.
    #[error(
        "placement {placement} has no URL: set the environment variable {}, or {}",
        .purpose.variable(.placement),
        .folder.as_ref().map_or_else(
            || format!("{PLACEMENTS_DIR} to a folder with a file {}", .purpose.file(.placement)),
            |folder| format!("write it to {}", folder.join(.purpose.file(.placement)).display()),
        )
    )]
    Missing {
        /// The placement.
        placement: PlacementName,
        /// Whose URL it was to be.
        purpose: Purpose,
        /// The folder that was looked in.
        folder: Option<PathBuf>,
    },
    /// The program was given none for it.
    #[error("placement {placement} has no URL: give one to the router (`TenantRouterBuilder::urls`)")]
    NotGiven {
        /// The placement.
        placement: PlacementName,
    },
    /// What is there is not UTF-8.
    #[error("{} doesn't hold a URL: it is no UTF-8", .place.display())]
    NoText {
        /// The variable or the file.
        place: OsString,
    },
    /// The file can't be read.
    #[error("can't read {}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The text of a URL, for the one who connects.
pub(crate) fn exposed(url: &SecretString) -> &str {
    url.expose_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PlacementName {
        text.parse().expect("a name")
    }

    #[test]
    fn a_missing_url_is_asked_for_by_its_names() {
        let urls = ConfiguredUrls { purpose: Purpose::Application, folder: None };
        let error = urls.url(&name("eu_1")).expect_err("there is none").to_string();
        assert!(error.contains("TENANT_PLACEMENT_EU_1_URL") && error.contains("TENANT_PLACEMENTS_DIR"), "{error}");
        let urls = ConfiguredUrls { purpose: Purpose::Migration, folder: Some("/nowhere".into()) };
        let error = urls.url(&name("eu_1")).expect_err("there is none").to_string();
        assert!(error.contains("TENANT_PLACEMENT_EU_1_MIGRATOR_URL"), "{error}");
        assert!(error.contains("/nowhere/eu_1.migrator.url"), "{error}");
        let urls = ConfiguredUrls { purpose: Purpose::Migration, folder: None };
        let error = urls.url(&name("eu_1")).expect_err("there is none").to_string();
        assert!(error.contains("a folder with a file eu_1.migrator.url"), "{error}");
    }

    #[test]
    fn the_variable_goes_before_the_file_of_the_same_purpose() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("eu_1.migrator.url"), "file\n").expect("written");
        let urls = |purpose| ConfiguredUrls { purpose, folder: Some(folder.path().into()) };
        let chosen = |purpose, variable| urls(purpose).choose(&name("eu_1"), variable);
        let of = |variable| exposed(&chosen(Purpose::Migration, variable).expect("a URL")).to_owned();
        assert_eq!(of(Ok(" variable ".to_owned())), "variable");
        assert_eq!(of(Ok(" ".to_owned())), "file", "what is empty is missing");
        assert_eq!(of(Err(VarError::NotPresent)), "file");
        let broken =
            chosen(Purpose::Migration, Err(VarError::NotUnicode("x".into()))).expect_err("no text").to_string();
        assert!(broken.contains("TENANT_PLACEMENT_EU_1_MIGRATOR_URL"), "{broken}");
        assert!(chosen(Purpose::Application, Err(VarError::NotPresent)).is_err(), "each purpose has its own");
    }

    #[test]
    fn a_url_is_never_printed() {
        let urls: GivenUrls = [(name("eu"), "postgres://u:geheim@h/d")].into_iter().collect();
        assert!(!format!("{urls:?} {:?}", urls.url(&name("eu"))).contains("geheim"));
        assert_eq!(urls.url(&name("eu")).map(|url| exposed(&url).len()).ok(), Some("postgres://u:geheim@h/d".len()));
        assert!(matches!(urls.url(&name("us")), Err(PlacementUrlError::NotGiven { .. })));
    }
}

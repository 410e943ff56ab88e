//! Where a placement's URLs stand: its credentials are not in the catalog.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tenant_core::{PLACEMENTS_DIR, PlacementName, Purpose, Transport};

use crate::database_url::{DatabaseUrl, DatabaseUrlError};

/// What looks a variable up.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The URLs of placements: a variable each, or a file in the folder that `TENANT_PLACEMENTS_DIR` names.
#[derive(Clone)]
pub struct DeployUrls {
    variable: Arc<Variables>,
    transport: Transport,
}

impl fmt::Debug for DeployUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployUrls").finish_non_exhaustive()
    }
}

impl DeployUrls {
    /// As this process's environment says.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::with_variables(|name| std::env::var(name).ok())
    }

    /// As these variables say.
    pub fn with_variables(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { variable: Arc::new(variable), transport: Transport::default() }
    }

    /// The same over a network that may be trusted.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// A placement's URL. The variable goes before the file; what is empty counts as missing.
    ///
    /// # Errors
    /// [`PlacementUrlError`] names the variable and the file. It doesn't show the URL.
    pub fn url(&self, placement: &PlacementName, purpose: Purpose) -> Result<DatabaseUrl, PlacementUrlError> {
        let variable = purpose.variable(placement);
        let set = |name: &str| (self.variable)(name).filter(|value| !value.trim().is_empty());
        let file = set(PLACEMENTS_DIR).map(|folder| PathBuf::from(folder).join(purpose.file(placement)));
        let (found, stands_in) = match (set(&variable), &file) {
            (Some(url), _) => (Some(url), variable.clone()),
            (None, Some(file)) => (read(file)?, file.display().to_string()),
            (None, None) => (None, String::new()),
        };
        let Some(url) = found.filter(|url| !url.trim().is_empty()) else {
            let file = MissingPlacementUrl { variable, file, name: purpose.file(placement) };
            return Err(PlacementUrlError::Missing { placement: placement.clone(), looked_for: file });
        };
        let placement = placement.clone();
        let url: DatabaseUrl =
            url.trim().parse().map_err(|source| PlacementUrlError::Url { placement, stands_in, source })?;
        Ok(url.over(self.transport))
    }
}

fn read(file: &PathBuf) -> Result<Option<String>, PlacementUrlError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PlacementUrlError::File { file: file.clone(), reason: error.to_string() }),
    }
}

/// Where a URL was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPlacementUrl {
    variable: String,
    file: Option<PathBuf>,
    name: String,
}

impl fmt::Display for MissingPlacementUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {}, or write it to ", self.variable)?;
        match &self.file {
            Some(file) => write!(f, "{}", file.display()),
            None => write!(f, "{} in the folder that {PLACEMENTS_DIR} names", self.name),
        }
    }
}

/// Why a placement's URL can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementUrlError {
    /// It is nowhere.
    #[error("nothing says where placement `{placement}` is: {looked_for}")]
    Missing {
        /// The placement.
        placement: PlacementName,
        /// Where it can stand.
        looked_for: MissingPlacementUrl,
    },
    /// Its file can't be read.
    #[error("{} can't be read: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What happened.
        reason: String,
    },
    /// It is not a URL.
    #[error("placement `{placement}`: what stands in {stands_in} can't be used: {source}")]
    Url {
        /// The placement.
        placement: PlacementName,
        /// The variable or file.
        stands_in: String,
        /// What is wrong.
        source: DatabaseUrlError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eu() -> PlacementName {
        "eu_1".parse().expect("a name")
    }

    fn having(name: &'static str, value: String) -> DeployUrls {
        DeployUrls::with_variables(move |asked| (asked == name).then(|| value.clone()))
    }

    #[test]
    fn a_url_stands_in_a_variable_or_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("eu_1.migrator.url");
        let by_file = having(PLACEMENTS_DIR, folder.path().display().to_string());
        let missing = by_file.url(&eu(), Purpose::Migration).expect_err("none").to_string();
        assert!(
            missing.contains("TENANT_PLACEMENT_EU_1_MIGRATOR_URL") && missing.contains("eu_1.migrator.url"),
            "{missing}"
        );
        std::fs::write(&file, "postgres://m:geheim@h/file\n").expect("written");
        assert_eq!(by_file.url(&eu(), Purpose::Migration).expect("a URL").place().database(), "file");
        assert!(by_file.url(&eu(), Purpose::Application).is_err(), "each access has its own");
        let by_variable = having("TENANT_PLACEMENT_EU_1_URL", "postgres://m:geheim@h/variable".to_owned());
        assert_eq!(by_variable.url(&eu(), Purpose::Application).expect("a URL").place().database(), "variable");
        let said = by_variable.url(&eu(), Purpose::Migration).expect_err("none").to_string();
        assert!(said.contains("eu_1.migrator.url in the folder that TENANT_PLACEMENTS_DIR names"), "{said}");
    }

    #[test]
    fn what_is_no_url_is_not_shown() {
        let placements = having("TENANT_PLACEMENT_EU_1_URL", "mysql://m:geheim@h/d".to_owned());
        let said = placements.url(&eu(), Purpose::Application).expect_err("none").to_string();
        assert!(said.contains("TENANT_PLACEMENT_EU_1_URL") && !said.contains("geheim"), "{said}");
    }
}

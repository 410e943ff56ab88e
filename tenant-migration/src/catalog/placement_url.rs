//! Where placements are deployed to: their credentials are not in the catalog.

use std::error::Error;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tenant_core::{ConfiguredUrls, PlacementName, PlacementUrlError, PlacementUrls, Purpose, Transport};

use crate::database_url::{DatabaseUrl, DatabaseUrlError};

/// The URLs of placements' migrators.
#[derive(Clone, Debug)]
pub struct DeployUrls {
    urls: Arc<dyn PlacementUrls>,
    transport: Transport,
}

impl DeployUrls {
    /// Those of `urls`.
    pub fn new(urls: impl PlacementUrls) -> Self {
        Self { urls: Arc::new(urls), transport: Transport::default() }
    }

    /// As this process's environment says: a variable each, or a file ([`ConfiguredUrls`]).
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(ConfiguredUrls::new(Purpose::Migration))
    }

    /// The same over a network that may be trusted.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// A placement's URL.
    ///
    /// # Errors
    /// [`DeployUrlError`], which doesn't show the URL.
    pub fn url(&self, placement: &PlacementName) -> Result<DatabaseUrl, DeployUrlError> {
        let url = self.urls.url(placement)?;
        let url = url.expose_secret().parse::<DatabaseUrl>();
        url.map(|url| url.over(self.transport))
            .map_err(|source| DeployUrlError::Url { placement: placement.clone(), source })
    }
}

/// Why a placement's URL can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployUrlError {
    /// There is none, or it can't be read.
    #[error("{}", with_reason(.0))]
    Missing(#[from] PlacementUrlError),
    /// It is not a URL.
    #[error(
        "what stands in {}, or in {}, can't be used: {source}", Purpose::Migration.variable(.placement),
        Purpose::Migration.file(.placement)
    )]
    Url {
        /// The placement.
        placement: PlacementName,
        /// What is wrong.
        source: DatabaseUrlError,
    },
}

/// With what is behind it, where there is something.
fn with_reason(error: &PlacementUrlError) -> String {
    error.source().map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eu() -> PlacementName {
        "eu_1".parse().expect("a name")
    }

    #[test]
    fn a_url_stands_in_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let urls = DeployUrls::new(ConfiguredUrls::new(Purpose::Migration).folder(folder.path()));
        let missing = urls.url(&eu()).expect_err("none").to_string();
        assert!(
            missing.contains("TENANT_PLACEMENT_EU_1_MIGRATOR_URL") && missing.contains("eu_1.migrator.url"),
            "{missing}"
        );
        let file = folder.path().join("eu_1.migrator.url");
        std::fs::write(&file, "postgres://m:geheim@h/file\n").expect("written");
        assert_eq!(urls.url(&eu()).expect("a URL").place().database(), "file");
        std::fs::remove_file(&file).expect("removed");
        std::fs::create_dir(&file).expect("made");
        let unreadable = urls.url(&eu()).expect_err("a folder").to_string();
        assert!(unreadable.contains("eu_1.migrator.url: ") && unreadable.contains("directory"), "{unreadable}");
    }

    #[test]
    fn what_is_no_url_is_not_shown() {
        let urls: tenant_core::GivenUrls = [(eu(), "mysql://m:geheim@h/d")].into_iter().collect();
        let said = DeployUrls::new(urls).url(&eu()).expect_err("none").to_string();
        assert!(said.contains("TENANT_PLACEMENT_EU_1_MIGRATOR_URL") && !said.contains("geheim"), "{said}");
    }
}

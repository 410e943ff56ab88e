//! Which databases, how many at once, and where the report goes.

use std::io::Read;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::catalog::{CatalogEditor, DeployUrls};
use crate::cli::catalog::CatalogUrl;
use crate::cli::error::CliError;
use crate::fleet::{Fleet, FormerReport};

/// A job waits for its server most of the time, and each keeps up to three connections there.
const JOBS: NonZeroUsize = NonZeroUsize::new(4).expect("not zero");

/// A server that has stopped to answer, or a lock that never comes, must not keep the run from its end. An index of a big table
/// may take hours.
const TIME_LIMIT: Duration = Duration::from_secs(4 * 60 * 60);

/// What a command over many databases is told.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct FleetArguments {
    /// Do it for each database of this list: `NAME URL` a line, `${VARIABLE}` in a URL is taken from the environment; - is stdin
    #[arg(long, value_name = "FILE", group = "list")]
    fleet: Option<PathBuf>,

    /// Do it for each placement of the catalog (--catalog-url), at the URLs of their migrators
    #[arg(long, group = "list")]
    fleet_of_catalog: bool,

    #[command(flatten)]
    pub(in crate::cli) catalog: CatalogUrl,

    /// How many databases at once; 4 if not said
    #[arg(long, value_name = "NUMBER", requires = "list")]
    jobs: Option<NonZeroUsize>,

    /// After how many seconds a database counts as failed; 14400 (four hours) if not said
    #[arg(long, value_name = "SECONDS", requires = "list")]
    time_limit: Option<NonZeroU64>,

    /// Keep a report (JSON) in this file while it runs, of what is done and what isn't
    #[arg(long, value_name = "FILE", requires = "list")]
    pub(super) report: Option<PathBuf>,

    /// Only the database of this name; may be given more than once
    #[arg(long, value_name = "NAME", requires = "list")]
    only: Vec<String>,

    /// Only the databases that this report of a run before doesn't call `ok` or `changed`
    #[arg(long, value_name = "REPORT", requires = "list", conflicts_with = "only")]
    failed_of: Option<PathBuf>,
}

impl FleetArguments {
    /// Whether there is a list.
    pub(in crate::cli) const fn are_given(&self) -> bool {
        self.fleet.is_some() || self.fleet_of_catalog
    }

    /// How many databases at once.
    pub(super) fn jobs(&self) -> NonZeroUsize {
        self.jobs.unwrap_or(JOBS)
    }

    /// How long one database may take.
    pub(super) fn time_limit(&self) -> Duration {
        self.time_limit.map_or(TIME_LIMIT, |seconds| Duration::from_secs(seconds.get()))
    }

    /// The databases that are meant; none where the report of a run before leaves none.
    pub(super) async fn members(&self) -> Result<Option<Fleet>, CliError> {
        let fleet = match &self.fleet {
            Some(file) => {
                let (text, list) = read_list(file)?;
                Fleet::parse(&text, &list, |variable| std::env::var(variable).ok())?.over(self.catalog.transport)
            }
            None if self.fleet_of_catalog => self.placements().await?,
            None => return Ok(None),
        };
        let fleet = match &self.failed_of {
            Some(report) => fleet.only(read_report(report)?.not_well())?,
            None if self.only.is_empty() => fleet,
            None => fleet.only(self.only.iter().map(String::as_str))?,
        };
        Ok(Some(fleet).filter(|fleet| !fleet.is_empty()))
    }

    async fn placements(&self) -> Result<Fleet, CliError> {
        let mut catalog = CatalogEditor::connect(&self.catalog.read()?).await?;
        let placements = catalog.placements().await?;
        catalog.close().await;
        if placements.is_empty() {
            return Err(CliError::NoPlacements);
        }
        Ok(Fleet::of_placements(&placements, &DeployUrls::from_environment().over(self.catalog.transport)))
    }
}

/// The text of a list and what messages call it by.
fn read_list(file: &Path) -> Result<(String, String), CliError> {
    let bad = |error: std::io::Error| CliError::FleetFile { file: file.to_owned(), reason: error.to_string() };
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(bad)?;
        return Ok((text, "standard input".to_owned()));
    }
    Ok((std::fs::read_to_string(file).map_err(bad)?, file.display().to_string()))
}

fn read_report(file: &Path) -> Result<FormerReport, CliError> {
    let bad = |reason| CliError::FleetFile { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
    FormerReport::parse(&text).map_err(|error| bad(error.to_string()))
}

//! One command over a fleet, from its arguments to its report.

use std::io::Write;

use tokio::time::timeout;

use super::again::again;
use super::arguments::FleetArguments;
use super::progress::Progress;
use super::report_file::ReportFile;
use crate::cli::error::CliError;
use crate::fleet::{Fleet, FleetReport, Member, MemberReport, Observer, Outcome, run};

/// Does `job` for each database that `arguments` name, shows how it goes on stderr, and says on stdout what came of it.
pub(super) async fn errand(
    command: &str,
    arguments: &FleetArguments,
    job: impl AsyncFn(&Member) -> Result<Outcome, CliError>,
) -> Result<Option<FleetReport>, CliError> {
    let Some(fleet) = arguments.members().await? else {
        eprintln!("nothing to do: the report calls every database `ok` or `changed`");
        return Ok(None);
    };
    let mut watch = Watch::begin(command, &fleet, arguments)?;
    let limit = arguments.time_limit();
    // What is dropped where it stands is what a killed run leaves: the server ends it, and a repeat goes on from there.
    let job = async |member: &Member| timeout(limit, job(member)).await.unwrap_or(Err(CliError::TimeLimit { limit }));
    let report = run(command, &fleet, arguments.jobs(), job, &mut watch).await;
    watch.progress.end();
    // A reader that has seen enough (`| head`) is no failure.
    let _ = write!(std::io::stdout(), "{report}");
    let not_well: Vec<_> = report.not_well().map(MemberReport::name).collect();
    if !not_well.is_empty() {
        let line = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
        let repeat = again(line, arguments.report.as_deref(), &not_well);
        let _ = writeln!(std::io::stdout(), "to repeat it for these alone: {repeat}");
    }
    if let Some(file) = watch.file {
        file.finish(&report).await?;
    }
    Ok(Some(report))
}

/// Shows how it goes on, and keeps the report's file up to date.
struct Watch {
    progress: Progress,
    file: Option<ReportFile>,
}

impl Watch {
    /// Before anything is changed, so that a report that can't be written is no surprise at the end.
    fn begin(command: &str, fleet: &Fleet, arguments: &FleetArguments) -> Result<Self, CliError> {
        let unfinished = FleetReport::unfinished(command, fleet);
        let file = arguments.report.as_deref().map(|path| ReportFile::create(path, &unfinished)).transpose()?;
        Ok(Self { progress: Progress::begin(fleet.members().len()), file })
    }
}

impl Observer for Watch {
    fn began(&mut self, member: &Member) {
        self.progress.began(member);
    }

    fn ended(&mut self, member: &MemberReport, report: &FleetReport) {
        self.progress.ended(member, report);
        if let Some(file) = &self.file {
            file.update(report);
        }
    }
}

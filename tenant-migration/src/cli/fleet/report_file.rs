//! The report's file, kept up to date: a run that is killed leaves in it what is still to be done.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cli::error::CliError;
use crate::fleet::{FleetReport, FormerReport};

/// How old it may be: each time the whole is written, and a fleet may have thousands of databases.
const AGE: Duration = Duration::from_secs(1);

pub(super) struct ReportFile {
    path: PathBuf,
    latest: watch::Sender<FleetReport>,
    keeper: JoinHandle<()>,
}

impl ReportFile {
    /// Writes it for the first time, and again whenever there is something new.
    pub(super) fn create(path: &Path, report: &FleetReport) -> Result<Self, CliError> {
        let bad = |reason| CliError::FleetFile { file: path.to_owned(), reason };
        let path = place(path).map_err(bad)?;
        write(&path, report).map_err(|error| bad(error.to_string()))?;
        let (latest, news) = watch::channel(report.clone());
        let keeper = tokio::spawn(keep(path.clone(), news));
        Ok(Self { path, latest, keeper })
    }

    /// There is something new.
    pub(super) fn update(&self, report: &FleetReport) {
        self.latest.send_replace(report.clone());
    }

    /// Writes it for the last time.
    pub(super) async fn finish(self, report: &FleetReport) -> Result<(), CliError> {
        self.keeper.abort();
        // It was ended, between two times of writing.
        let _ = self.keeper.await;
        write(&self.path, report).map_err(|error| CliError::FleetReport { file: self.path, reason: error.to_string() })
    }
}

/// Where it is to be written, behind links. What is there may be replaced if it is the report of a run before, or empty: a slip
/// must not cost a list of databases, or a device its name.
fn place(path: &Path) -> Result<PathBuf, String> {
    let Ok(found) = fs::metadata(path) else { return Ok(path.to_owned()) };
    if !found.is_file() {
        return Err("it is there, and no file".to_owned());
    }
    if found.len() > 0 {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        FormerReport::parse(&text)
            .map_err(|error| format!("it holds something else ({error}): remove it, or name another file"))?;
    }
    path.canonicalize().map_err(|error| error.to_string())
}

/// What goes wrong is said when the run is over: no deploy is stopped for it.
async fn keep(path: PathBuf, mut news: watch::Receiver<FleetReport>) {
    while news.changed().await.is_ok() {
        let report = news.borrow_and_update().clone();
        let _ = write(&path, &report);
        sleep(AGE).await;
    }
}

fn write(path: &Path, report: &FleetReport) -> io::Result<()> {
    replace(path, &format!("{:#}\n", report.to_json()))
}

/// Replaces the file as a whole, so that no reader ever sees a part, and a full disk leaves what was there.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_added_extension(format!("{}.part", std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // Nothing can be done about what stays behind.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_report_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("list"), "a postgres://h/d\n").expect("written");
        fs::write(at("empty"), "").expect("written");
        fs::write(at("former"), r#"{"databases": []}"#).expect("written");
        std::os::unix::fs::symlink("former", at("link")).expect("linked");
        assert!(place(&at("list")).expect_err("a list").starts_with("it holds something else"));
        assert_eq!(place(Path::new("/dev/null")).expect_err("a device"), "it is there, and no file");
        assert_eq!(place(folder.path()).expect_err("a folder"), "it is there, and no file");
        for name in ["empty", "former", "new"] {
            assert!(place(&at(name)).expect(name).ends_with(name));
        }
        assert!(place(&at("link")).expect("a report").ends_with("former"), "the link stays");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        let names = || fs::read_dir(folder.path()).expect("readable").count();
        for text in ["one", "another"] {
            replace(&path, text).expect("written");
            assert_eq!((fs::read_to_string(&path).expect("there").as_str(), names()), (text, 1));
        }
        // A folder can't be replaced by a file.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("made");
        replace(&taken, "text").expect_err("it is a folder");
        assert_eq!(names(), 2, "nothing is left beside it");
        replace(&folder.path().join("missing/report.json"), "text").expect_err("no such folder");
    }
}

//! How a run goes on, on stderr.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::fleet::{Ending, FleetReport, Member, MemberReport, Observer};

/// On a terminal a bar with the names of what runs, above it what isn't well; elsewhere a line for each database that is
/// done.
pub(super) struct Progress {
    bar: ProgressBar,
    running: Vec<String>,
}

impl Progress {
    pub(super) fn begin(databases: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(databases as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} in {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, running: Vec::new() }
    }

    /// Takes the bar away: the report follows.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show_running(&self) {
        self.bar.set_message(self.running.join(", "));
    }
}

impl Observer for Progress {
    fn began(&mut self, member: &Member) {
        self.running.push(member.name().to_owned());
        self.show_running();
    }

    fn ended(&mut self, member: &MemberReport, report: &FleetReport) {
        self.running.retain(|name| name != member.name());
        self.bar.inc(1);
        self.show_running();
        let line = line(self.bar.position(), member, report);
        if self.bar.is_hidden() {
            // Nobody may be listening any more: no reason to stop.
            let _ = writeln!(std::io::stderr(), "{line}");
        } else if !member.ending().is_well() {
            self.bar.println(line);
        }
    }
}

fn line(position: u64, member: &MemberReport, report: &FleetReport) -> String {
    let (name, ending, seconds) = (member.name(), member.ending().as_str(), member.duration().as_secs_f64());
    let why = match member.ending() {
        Ending::Failed(error) => format!(": {}", error.lines().next().unwrap_or_default()),
        Ending::Unfinished | Ending::Done(_) => String::new(),
    };
    format!("[{position}/{}] {name} {ending} in {seconds:.1} s{why}", report.members().len())
}

//! A report for people.

use std::fmt;

use super::report::{Ending, FleetReport, MemberReport};

impl fmt::Display for FleetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (well, mut others): (Vec<_>, Vec<_>) = self.members().iter().partition(|member| member.ending().is_well());
        // What is last is read first.
        others.sort_by_key(|member| matches!(member.ending(), Ending::Failed(_)));
        let width = |text: fn(&MemberReport) -> String| {
            self.members().iter().map(|member| text(member).chars().count()).max().unwrap_or_default()
        };
        let names = width(|member| member.name().to_owned());
        let places = width(place);
        for member in well.iter().chain(&others) {
            let (name, place) = (member.name(), place(member));
            let counts = match member.ending() {
                Ending::Done(outcome) => counted(&outcome.counts),
                Ending::Unfinished | Ending::Failed(_) => String::new(),
            };
            let (outcome, seconds) = (member.ending().as_str(), member.duration().as_secs_f64());
            let line = format!("{name:names$}  {outcome:10}  {place:places$}  {seconds:6.1} s  {counts}");
            writeln!(f, "{}", line.trim_end())?;
        }
        for member in others {
            writeln!(f, "\n{} {}", member.ending().as_str(), member.name())?;
            let lines: Vec<&str> = match member.ending() {
                Ending::Unfinished => vec!["not run, or not to its end"],
                Ending::Done(outcome) => outcome.remarks.iter().flat_map(|remark| remark.lines()).collect(),
                Ending::Failed(error) => error.lines().collect(),
            };
            lines.into_iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        writeln!(f, "\n{}: {} of {} databases", self.command(), counted(&self.counts()), self.members().len())
    }
}

fn place(member: &MemberReport) -> String {
    member.place().map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// `9 applied, 1 x`, without what there is none of.
fn counted(counts: &[(&'static str, usize)]) -> String {
    let some = counts.iter().filter(|(_, count)| *count > 0);
    some.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

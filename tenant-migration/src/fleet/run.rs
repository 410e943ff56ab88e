//! A job for each database of a fleet.

use std::any::Any;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::fleet::Fleet;
use super::member::Member;
use super::observer::Observer;
use super::outcome::Outcome;
use super::report::{Ending, FleetReport};

/// Does `job` for each database of `fleet`, in its order, at most `jobs` at a time. One that fails, or panics, fails for its
/// database alone.
///
/// All jobs run in the task that awaits this: one that blocks its thread holds up the others, and dropping the future drops
/// them all where they are. `command` is what the report calls the whole.
pub async fn run<E: Display>(
    command: &str,
    fleet: &Fleet,
    jobs: NonZeroUsize,
    job: impl AsyncFn(&Member) -> Result<Outcome, E>,
    observer: &mut impl Observer,
) -> FleetReport {
    let one = async |position: usize, member: &Member| {
        let begun = Instant::now();
        let ending = match AssertUnwindSafe(job(member)).catch_unwind().await {
            Ok(Ok(outcome)) => Ending::Done(outcome),
            Ok(Err(error)) => Ending::Failed(error.to_string()),
            Err(panic) => Ending::Failed(format!("panicked: {}", said(&*panic))),
        };
        (position, ending, begun.elapsed())
    };
    let mut report = FleetReport::unfinished(command, fleet);
    let mut waiting = fleet.members().iter().enumerate();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < jobs.get()
            && let Some((position, member)) = waiting.next()
        {
            observer.began(member);
            running.push(one(position, member));
        }
        let Some((position, ending, duration)) = running.next().await else { return report };
        report.end(position, ending, duration);
        observer.ended(&report.members()[position], &report);
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;
    use crate::fleet::{FormerReport, MemberReport, Unobserved, Verdict};

    fn fleet(size: usize) -> Fleet {
        let lines: Vec<_> = (0..size).map(|number| format!("m{number} postgres://u:geheim@h/d{number}")).collect();
        Fleet::parse(&lines.join("\n"), "fleet.txt", |_| None).expect("a list")
    }

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).expect("not zero")
    }

    /// Lets others have a turn a few times, each member another number of times.
    async fn work(member: &Member) {
        for _ in 0..member.name().len() * 3 + member.url().place().database().len() {
            tokio::task::yield_now().await;
        }
    }

    /// How many jobs have begun and not ended, as the runner says.
    struct Places {
        limit: usize,
        begun: usize,
        taken: usize,
    }

    impl Observer for Places {
        fn began(&mut self, _: &Member) {
            (self.begun, self.taken) = (self.begun + 1, self.taken + 1);
        }

        fn ended(&mut self, _: &MemberReport, report: &FleetReport) {
            assert!(
                self.taken == self.limit || self.begun == report.members().len(),
                "a place is free while some wait"
            );
            self.taken -= 1;
        }
    }

    #[tokio::test]
    async fn there_are_never_more_jobs_than_are_asked_for_and_no_fewer_while_some_wait() {
        for limit in [1, 3, 8, 100] {
            let (running, most) = (Cell::new(0), Cell::new(0));
            let job = async |member: &Member| {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                work(member).await;
                running.set(running.get() - 1);
                Ok::<_, &str>(Outcome::ok())
            };
            let mut places = Places { limit, begun: 0, taken: 0 };
            let report = run("work", &fleet(24), jobs(limit), job, &mut places).await;
            assert!(!report.fails(), "{report}");
            assert_eq!((most.get(), places.begun, places.taken), (limit.min(24), 24, 0));
        }
    }

    #[tokio::test]
    async fn one_that_fails_or_panics_does_not_stop_the_rest() {
        let report = run(
            "work",
            &fleet(6),
            jobs(2),
            async |member| {
                work(member).await;
                match member.name() {
                    "m1" => Err("a reason\nin two lines"),
                    "m2" => panic!("a bug"),
                    "m3" => Ok(Outcome::new(Verdict::Differs).count("pending", 2).remarks(["pending: x".to_owned()])),
                    "m4" => Ok(Outcome::new(Verdict::Changed).count("applied", 9).details(json!(["a", "b"]))),
                    "m5" => Ok(Outcome::new(Verdict::Findings).remarks(["error[x]: y".to_owned()])),
                    _ => Ok(Outcome::ok()),
                }
            },
            &mut Unobserved,
        )
        .await;
        let endings: Vec<_> = report.members().iter().map(|member| member.ending().as_str()).collect();
        assert_eq!(endings, ["ok", "failed", "failed", "differs", "changed", "findings"]);
        assert!(report.fails() && report.differs());

        let text = report.to_string();
        let behind = text.find("work: 1 ok, 1 changed, 1 differs, 1 findings, 2 failed of 6 databases").expect(&text);
        let parts = [
            "\ndiffers m3\n  pending: x\n",
            "\nfindings m5\n  error[x]: y\n",
            "\nfailed m1\n  a reason\n  in two lines\n",
            "\nfailed m2\n  panicked: a bug\n",
        ];
        let at: Vec<_> = parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"))).collect();
        assert!(at.is_sorted() && at.iter().all(|at| *at < behind), "those that failed come last: {text}");

        let json = report.to_json();
        assert_eq!(json["command"], "work");
        let expected = json!({"ok": 1, "changed": 1, "differs": 1, "findings": 1, "failed": 2});
        assert_eq!(json["summary"], expected);
        assert_eq!(json["databases"][1]["error"], "a reason\nin two lines");
        let mut changed = json["databases"][4].clone();
        changed["duration_ms"] = json!(0);
        let expected = json!({
            "name": "m4", "host": "h", "port": 5432, "database": "d4", "outcome": "changed",
            "counts": {"applied": 9}, "details": ["a", "b"], "error": null, "duration_ms": 0,
        });
        assert_eq!(changed, expected);
        assert!(!json.to_string().contains("geheim") && !text.contains("geheim"));

        let former = FormerReport::parse(&json.to_string()).expect("its own report");
        assert_eq!(former.not_well().collect::<Vec<_>>(), ["m1", "m2", "m3", "m5"]);
    }

    /// Reads what a reader of the report's file would, had the run been killed then.
    #[derive(Default)]
    struct Watch {
        running: Vec<String>,
        left: Vec<usize>,
    }

    impl Observer for Watch {
        fn began(&mut self, member: &Member) {
            self.running.push(member.name().to_owned());
        }

        fn ended(&mut self, member: &MemberReport, report: &FleetReport) {
            self.running.retain(|name| name != member.name());
            let so_far = FormerReport::parse(&report.to_json().to_string()).expect("a report");
            self.left.push(so_far.not_well().count());
        }
    }

    #[tokio::test]
    async fn a_run_that_is_cut_short_names_what_it_has_not_done() {
        let fleet = fleet(5);
        let unfinished = FleetReport::unfinished("work", &fleet);
        assert!(unfinished.fails(), "what isn't known isn't well");
        assert_eq!(unfinished.not_well().count(), 5);
        let mut watch = Watch::default();
        run("work", &fleet, jobs(2), async |_| Ok::<_, &str>(Outcome::ok()), &mut watch).await;
        assert_eq!((watch.left, watch.running), (vec![4, 3, 2, 1, 0], vec![]));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in ["", "[]", "{}", r#"{"databases": 1}"#, r#"{"databases": [{"name": "a"}]}"#] {
            let error = FormerReport::parse(text).expect_err(text).to_string();
            assert!(error.starts_with("not the report of a fleet: "), "{error}");
        }
    }
}

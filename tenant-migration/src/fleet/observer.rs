//! Who watches a run.

use super::member::Member;
use super::report::{FleetReport, MemberReport};

/// Is told how a run goes on.
pub trait Observer {
    /// A job begins.
    fn began(&mut self, member: &Member);

    /// A job ended; `report` is how far the whole is.
    fn ended(&mut self, member: &MemberReport, report: &FleetReport);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn began(&mut self, _: &Member) {}

    fn ended(&mut self, _: &MemberReport, _: &FleetReport) {}
}

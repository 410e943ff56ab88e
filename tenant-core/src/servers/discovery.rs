//! Looking at all hosts for the one that accepts writes.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use sqlx::postgres::PgConnection;
use tokio::time::{Instant, timeout_at};

use super::no_primary::{HostState, NoPrimary};
use super::servers::{Opened, Servers};
use super::standing::Standing;

/// For how long the other hosts are heard after the first one said that it accepts writes: one of them may have taken its place.
const OTHERS: Duration = Duration::from_millis(200);

/// A host that says it accepts writes.
struct Candidate {
    host: usize,
    connection: PgConnection,
    standing: Standing,
}

impl Servers {
    /// Asks all hosts at once, and takes the one with the highest timeline.
    pub(super) async fn discover(&self) -> Result<Opened, NoPrimary> {
        let mut asked: FuturesUnordered<_> =
            (0..self.hosts.len()).map(|host| async move { (host, self.look_at(host).await) }).collect();
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut refusals = Vec::new();
        let mut until: Option<Instant> = None;
        loop {
            let next = match until {
                Some(until) => timeout_at(until, asked.next()).await.ok().flatten(),
                None => asked.next().await,
            };
            let Some((host, outcome)) = next else { break };
            match outcome.and_then(|(connection, standing)| self.judge(&standing).map(|()| (connection, standing))) {
                Ok((connection, standing)) => {
                    candidates.push(Candidate { host, connection, standing });
                    until.get_or_insert_with(|| Instant::now() + OTHERS);
                }
                Err(state) => refusals.push((self.host_name(host), state)),
            }
        }
        match self.choose(candidates, &mut refusals) {
            Some(opened) => Ok(opened),
            None => Err(NoPrimary::new(refusals)),
        }
    }

    fn choose(&self, candidates: Vec<Candidate>, refusals: &mut Vec<(String, HostState)>) -> Option<Opened> {
        let (highest, _) = candidates.iter().enumerate().max_by_key(|(_, candidate)| candidate.standing.timeline)?;
        let mut others = candidates;
        let best = others.swap_remove(highest);
        let name = self.host_name(best.host);
        if let Some(rival) = others.iter().find(|other| other.standing.rivals(&best.standing)) {
            let (timeline, other) = (best.standing.timeline, self.host_name(rival.host));
            refusals.push((name, HostState::Rival { timeline, other }));
            return None;
        }
        self.accept(best.host, best.connection, &best.standing).map_err(|state| refusals.push((name, state))).ok()
    }
}

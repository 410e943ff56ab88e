//! How many connections one process has to many dedicated databases.
//!
//! The pool's rules, for databases of one organisation each: the idle connection that was used last, else a new one, else wait;
//! closed after the idle timeout; none kept at least. With a budget, the longest idle connection of any database goes for a new one.

use crate::zipf::Zipf;

/// The pool's own defaults, in seconds where they are times.
const MOST_EACH: usize = 10;
const IDLE_TIMEOUTS: [f64; 2] = [600.0, 60.0];

/// Seconds of a statement on the server, on average.
const SERVICE: f64 = 0.005;

/// Simulated: so many idle timeouts before it is looked at, and one while it is.
const WARM_UP: f64 = 2.0;

pub(crate) fn simulate() {
    println!("one process, statements of {} ms, most to the first placement (Zipf)\n", SERVICE * 1000.0);
    println!("placements  statements/s  idle timeout  budget   open   most  with one  opened/s  rule of thumb");
    for placements in [100, 1000, 5000] {
        for rate in [10.0, 100.0, 1000.0] {
            for idle_timeout in IDLE_TIMEOUTS {
                for budget in [None, Some(50)] {
                    Simulation::new(placements, rate, idle_timeout, budget).run();
                }
            }
        }
    }
    println!();
}

struct Simulation {
    load: Zipf,
    rate: f64,
    idle_timeout: f64,
    budget: Option<usize>,
    /// For each placement, until when each of its connections is busy: from then on it is idle.
    placements: Vec<Vec<f64>>,
    open: usize,
    opened: u64,
}

impl Simulation {
    fn new(placements: u32, rate: f64, idle_timeout: f64, budget: Option<usize>) -> Self {
        fastrand::seed(1);
        let empty = vec![Vec::new(); placements as usize];
        Self { load: Zipf::new(placements), rate, idle_timeout, budget, placements: empty, open: 0, opened: 0 }
    }

    fn run(mut self) {
        let (from, end) = (WARM_UP * self.idle_timeout, (WARM_UP + 1.0) * self.idle_timeout);
        let (mut now, mut second, mut samples) = (0.0, 0.0, Vec::new());
        let mut opened_before = 0;
        while now < end {
            now += exponential(1.0 / self.rate);
            while second < now {
                self.close_idle(second);
                if second < from {
                    opened_before = self.opened;
                } else {
                    let reached = self.placements.iter().filter(|connections| !connections.is_empty()).count();
                    samples.push((self.open, reached));
                }
                second += 1.0;
            }
            let placement = self.load.draw();
            self.serve(placement, now);
        }
        let count = samples.len() as f64;
        let mean =
            |pick: fn(&(usize, usize)) -> usize| samples.iter().map(|sample| pick(sample) as f64).sum::<f64>() / count;
        println!(
            "{:>10}  {:>12}  {:>10} s  {:>6}  {:>5.0}  {:>5}  {:>8.0}  {:>8.2}  {:>13.0}",
            self.placements.len(),
            self.rate,
            self.idle_timeout,
            self.budget.map_or("-".to_owned(), |budget| budget.to_string()),
            mean(|sample| sample.0),
            samples.iter().map(|sample| sample.0).max().unwrap_or_default(),
            mean(|sample| sample.1),
            (self.opened - opened_before) as f64 / self.idle_timeout,
            self.rule_of_thumb(),
        );
    }

    fn serve(&mut self, placement: usize, now: f64) {
        let until = now + exponential(SERVICE);
        let connections = &mut self.placements[placement];
        let idle = connections.iter_mut().filter(|busy_until| **busy_until <= now).max_by(|a, b| a.total_cmp(b));
        if let Some(idle) = idle {
            *idle = until;
        } else if connections.len() < MOST_EACH && (self.budget != Some(self.open) || self.close_longest_idle(now)) {
            self.placements[placement].push(until);
            self.open += 1;
            self.opened += 1;
        } else if let Some(next) = self.placements[placement].iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *next += until - now;
        }
    }

    fn close_idle(&mut self, now: f64) {
        for connections in &mut self.placements {
            connections.retain(|busy_until| now - busy_until < self.idle_timeout);
        }
        self.open = self.placements.iter().map(Vec::len).sum();
    }

    /// Gives up the connection that was idle for longest, if there is one.
    fn close_longest_idle(&mut self, now: f64) -> bool {
        let connections = self.placements.iter_mut().filter(|connections| !connections.is_empty());
        let longest = connections.min_by(|a, b| first(a).total_cmp(&first(b)));
        let Some(longest) = longest.filter(|longest| first(longest) <= now) else { return false };
        let at = first(longest);
        longest.retain(|busy_until| *busy_until > at);
        self.open -= 1;
        true
    }

    /// One connection to each placement that is likely to have been used within the idle timeout.
    fn rule_of_thumb(&self) -> f64 {
        let shares = (0..self.placements.len()).map(|rank| {
            let before = if rank == 0 { 0.0 } else { self.load.share_of_first(rank) };
            self.load.share_of_first(rank + 1) - before
        });
        shares.map(|share| 1.0 - (-share * self.rate * self.idle_timeout).exp()).sum()
    }
}

fn first(connections: &[f64]) -> f64 {
    connections.iter().copied().fold(f64::INFINITY, f64::min)
}

fn exponential(mean: f64) -> f64 {
    -mean * (1.0 - fastrand::f64()).ln()
}

//! What tenants' connections cost beside SeaORM's own, and what their pool does when many tenants share it.
//!
//! One server, reached through a proxy that adds a round trip's time and counts round trips. Arms are interleaved, a statement
//! or a short batch each, in an order that is drawn anew for every round, and reported as ratios of medians; one arm is
//! measured twice, and how far these two lie apart is how near a target must be. All runs on one thread beside the proxy's:
//! on two cores the server needs the other.
//!
//! `BENCH_ROUNDS` says how often each statement is measured (150 times unless said), and scales the rest with it. A word after
//! `--` picks a part: `latency`, `unit_of_work`, `saturation`, `many_tenants`, `flood`.

mod bare;
mod comparison;
mod flood;
mod latency;
mod load;
mod server;
mod statements;
mod thread;
mod throughput;
mod unit_of_work;
mod zipf;

use std::time::Duration;

use server::Server;

type Failure = Box<dyn std::error::Error>;

/// What the proxy adds to a round trip.
const DELAYS: [Duration; 3] = [Duration::ZERO, Duration::from_micros(500), Duration::from_millis(2)];

/// The targets hold for networks; without one, the machine is all that is measured.
fn is_network(delay: Duration) -> bool {
    !delay.is_zero()
}

fn milliseconds(delay: Duration) -> f64 {
    delay.as_secs_f64() * 1e3
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let is_asked = |part: &str| only.as_ref().is_none_or(|only| part.contains(only.as_str()));
    let server = Server::start().await?;
    println!("one server behind a proxy; all statements on one thread, the proxy on another\n");
    if is_asked("latency") {
        latency::measure(&server, rounds).await?;
    }
    if is_asked("unit_of_work") {
        unit_of_work::measure(&server, rounds / 2).await?;
    }
    let batches = (rounds / 6).max(3);
    if is_asked("saturation") {
        throughput::saturation(&server, batches).await?;
    }
    if is_asked("many_tenants") {
        throughput::many_tenants(&server, batches).await?;
    }
    if is_asked("flood") {
        flood::measure(&server, (rounds / 15).max(3)).await?;
    }
    Ok(())
}

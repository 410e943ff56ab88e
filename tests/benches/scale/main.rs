//! What many placements cost, on paper: the figures of `docs/scale.md`.
//!
//! Connections are simulated, with the pool's rules and in simulated time, so the same figures come out each time. What a
//! database and an organisation take on disk is measured. A word after `--` picks a part: `connections`, `disk`.

mod connections;
mod disk;
// The same load as the pool's comparison has.
#[path = "../pool/zipf.rs"]
mod zipf;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let is_asked = |part: &str| only.as_ref().is_none_or(|only| part.contains(only.as_str()));
    if is_asked("connections") {
        connections::simulate();
    }
    if is_asked("disk") {
        disk::measure().await?;
    }
    Ok(())
}

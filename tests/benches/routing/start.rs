//! A router's start, and what it keeps in memory.

use std::fs;
use std::time::Instant;

use crate::{Failure, Scene, verdict};

/// Seconds.
const COLD_START: f64 = 2.0;
/// MiB, at the most that was resident at any time of the start.
const MEMORY: f64 = 30.0;

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    // One first, so that what every program has is there: the parser's tables, the connections' code, the allocator's arenas.
    let warm = scene.router(&scene.few)?.build().await?;
    forget_the_peak()?;
    let before = resident("VmRSS")?;
    let begun = Instant::now();
    let router = scene.router(&scene.many)?.build().await?;
    let took = begun.elapsed().as_secs_f64();
    let (peak, after) = (resident("VmHWM")? - before, resident("VmRSS")? - before);
    println!("start with {} organisations (the database's preflight included)", router.organizations());
    println!("  {took:.2} s, at most {COLD_START} s: {}", verdict(took <= COLD_START));
    println!("  {peak:.1} MiB at the most, {after:.1} MiB then, at most {MEMORY}: {}\n", verdict(peak <= MEMORY));
    router.close().await;
    warm.close().await;
    Ok(())
}

/// Lets the kernel count the most that is resident from now on (proc(5), `clear_refs`).
fn forget_the_peak() -> Result<(), Failure> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// MiB, of a line of this process's status.
fn resident(line: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kibibytes = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let number = kibibytes.and_then(|text| text.trim().split(' ').next()).ok_or("no such line")?;
    Ok(number.parse::<f64>()? / 1024.0)
}

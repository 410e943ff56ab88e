//! What moving, exporting and restoring an organisation cost: how fast rows go, how long it waits, and who else notices.
//!
//! One server that waits for its disk, as in production, with all databases on it; server, mover and writers share the machine. A word
//! after `--` picks a part: `bulk`, `pause`, `neighbours`, `memory`.

mod bulk;
mod memory;
mod neighbours;
mod pause;
mod scene;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The value that this share of all is below.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "not met" }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let is_asked = |part: &str| only.as_ref().is_none_or(|only| part.contains(only.as_str()));
    let scene = scene::Scene::new().await?;
    if is_asked("bulk") {
        bulk::measure(&scene).await?;
    }
    if is_asked("pause") {
        pause::measure(&scene).await?;
    }
    if is_asked("neighbours") {
        neighbours::measure(&scene).await?;
    }
    if is_asked("memory") {
        memory::measure(&scene).await?;
    }
    Ok(())
}

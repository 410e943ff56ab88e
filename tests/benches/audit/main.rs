//! What the access log costs those who write and those who read.
//!
//! One server that waits for its disk, as in production: `fsync` and `synchronous_commit` are on. Arms take turns in one process, each
//! on a table of its own with the same columns, and are reported as medians of their ratios to the first within each round;
//! the second is the first again. A word after `--` picks a part: `writes`, `reads`.

mod reads;
mod scene;
mod writes;

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
    if is_asked("writes") {
        writes::measure(&scene).await?;
    }
    if is_asked("reads") {
        reads::measure(&scene).await?;
    }
    Ok(())
}

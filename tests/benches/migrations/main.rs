//! What a deploy takes, and what it costs those who work meanwhile.
//!
//! First a schema of many tables that is made, and deployed again when nothing has changed. Then a table of a million rows
//! that is changed in nearly every way while several tasks write to it. `BENCH_ROWS` and `BENCH_ROUNDS` change the size. A word
//! after `--` picks a part: `many_tables`, `fleet`, `busy_table`.

mod busy_table;
mod fleet;
mod many_tables;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let is_asked = |part: &str| only.as_ref().is_none_or(|only| part.contains(only.as_str()));
    if is_asked("many_tables") {
        many_tables::measure().await?;
    }
    if is_asked("fleet") {
        fleet::measure().await?;
    }
    if is_asked("busy_table") {
        busy_table::measure().await?;
    }
    Ok(())
}

/// A number from the environment.
fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The value that this share of all is below.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}

//! For how long an organisation waits, when it writes all the time in transactions of single rows.

use std::time::Duration;

use tenant_migration::relocation::Method;

use crate::scene::{LARGE, SMALL, Scene, writer};
use crate::{Failure, quantile, verdict};

const MOVES: usize = 20;

/// What the mover measured, and the longest that a writer waited, in milliseconds, move by move.
async fn pauses(scene: &Scene, number: u128, moves: usize) -> Result<(Vec<f64>, Vec<f64>), Failure> {
    let router = scene.router().await?;
    let (mut measured, mut felt) = (Vec::new(), Vec::new());
    for round in 0..moves {
        let to = if round % 2 == 0 { "own" } else { "shared" };
        let writing = writer(&router, number, Duration::from_millis(2));
        let story = scene.relocate(number, to, Method::Following).await?;
        let took = writing.stop().await?;
        measured.push(story.pause());
        felt.push(quantile(took, 1.0));
    }
    router.close().await;
    Ok((measured, felt))
}

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    println!("\nthe pause of an organisation that writes all the time, moved online {MOVES} times");
    let (small, felt) = pauses(scene, SMALL.0, MOVES).await?;
    let (median, p99) = (quantile(small.clone(), 0.5), quantile(small, 0.99));
    println!("{} rows: median {median:.0} ms, p99 {p99:.0} ms (target 25: {})", SMALL.1, verdict(p99 <= 25.0));
    println!(
        "the longest that its writer waited: median {:.0} ms, p99 {:.0} ms",
        quantile(felt.clone(), 0.5),
        quantile(felt, 0.99)
    );
    let (large, _) = pauses(scene, LARGE.0, 4).await?;
    let grown = quantile(large, 0.5) / median;
    println!("{} rows: {grown:.2} times that (target 1.5: {})", LARGE.1, verdict(grown <= 1.5));
    Ok(())
}

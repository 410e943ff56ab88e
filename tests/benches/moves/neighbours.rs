//! Whether others notice that a large organisation is moved.

use std::time::Duration;

use tenant_migration::relocation::Method;

use crate::scene::{LARGE, NEIGHBOURS, Scene, writer};
use crate::{Failure, quantile, verdict};

const ROUNDS: usize = 3;

async fn p99(scene: &Scene, moves: bool) -> Result<f64, Failure> {
    let router = scene.router().await?;
    let writers: Vec<_> = NEIGHBOURS.iter().map(|number| writer(&router, *number, Duration::from_millis(5))).collect();
    if moves {
        scene.relocate(LARGE.0, "own", Method::Following).await?;
        scene.relocate(LARGE.0, "shared", Method::Following).await?;
    } else {
        tokio::time::sleep(Duration::from_secs(15)).await;
    }
    let mut all = Vec::new();
    for writer in writers {
        all.extend(writer.stop().await?);
    }
    router.close().await;
    Ok(quantile(all, 0.99))
}

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    println!("\nother organisations' writes while one of {} rows is moved there and back, on the same cores", LARGE.1);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let (without, with) = (p99(scene, false).await?, p99(scene, true).await?);
        println!("round {round}: p99 {without:.2} ms without, {with:.2} ms with");
        ratios.push(with / without);
    }
    let ratio = quantile(ratios, 0.5);
    println!("p99: {ratio:.2} times theirs without (target 1.15: {})", verdict(ratio <= 1.15));
    Ok(())
}

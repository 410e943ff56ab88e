//! How fast the rows of a large organisation go, beside a hand that pipes a binary COPY.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::ConnectionTrait;
use sqlx::{Connection, PgConnection};
use tenant_migration::archive::{Archive, Export, NewTenant, Restoration, RestoreAs, TenantClone};
use tenant_migration::catalog::TenantName;
use tenant_migration::relocation::Method;

use crate::scene::{LARGE, Scene, tenant};
use crate::{Failure, quantile, verdict};

const ROUNDS: usize = 3;

/// What the hand types: the table without its indexes, the rows, the indexes.
async fn by_hand(scene: &Scene) -> Result<Duration, Failure> {
    let (mut from, mut to) = (
        PgConnection::connect(&scene.shared.superuser_url()).await?,
        PgConnection::connect(&scene.own.superuser_url()).await?,
    );
    let indexes: Vec<String> =
        sqlx::query_scalar("SELECT indexdef FROM pg_indexes WHERE tablename = 'molecules'").fetch_all(&mut to).await?;
    sqlx::raw_sql("DROP TABLE IF EXISTS by_hand; CREATE TABLE by_hand (LIKE molecules)").execute(&mut to).await?;
    let since = Instant::now();
    let whose = tenant(LARGE.0);
    let mut rows = from
        .copy_out_raw(&format!(
            "COPY (SELECT * FROM molecules WHERE organization_id = '{whose}') TO STDOUT (FORMAT binary)"
        ))
        .await?;
    let mut sink = to.copy_in_raw("COPY by_hand FROM STDIN (FORMAT binary)").await?;
    let mut chunk = Vec::new();
    while let Some(row) = rows.try_next().await? {
        chunk.extend_from_slice(&row);
        if chunk.len() > 256 * 1024 {
            sink.send(&chunk[..]).await?;
            chunk.clear();
        }
    }
    sink.send(&chunk[..]).await?;
    sink.finish().await?;
    drop(rows);
    for (number, index) in indexes.iter().enumerate() {
        let (_, on) = index.split_once(" USING ").ok_or("an index")?;
        let unique = if index.contains("UNIQUE") { "UNIQUE" } else { "" };
        let make = format!("CREATE {unique} INDEX by_hand_{number} ON by_hand USING {on}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut to).await?;
    }
    let took = since.elapsed();
    sqlx::raw_sql("DROP TABLE by_hand").execute(&mut to).await?;
    Ok(took)
}

async fn moved(scene: &Scene) -> Result<Duration, Failure> {
    let took = scene.relocate(LARGE.0, "own", Method::Waiting).await?.copying();
    scene.relocate(LARGE.0, "shared", Method::Waiting).await?;
    scene.forget().await?.close().await?;
    Ok(took)
}

/// Removes what a clone or a restoration made.
async fn erase(scene: &Scene, number: u128) -> Result<(), Failure> {
    let (admin, id) = (scene.own.admin().await?, tenant(number));
    let rows = format!(
        "SET session_replication_role = replica; DELETE FROM molecules WHERE organization_id = '{id}';
         DELETE FROM organizations WHERE id = '{id}'; RESET session_replication_role; VACUUM molecules"
    );
    for part in rows.split(';') {
        admin.execute_unprepared(part).await?;
    }
    Ok(admin.close().await?)
}

fn new(number: u128) -> Result<NewTenant, Failure> {
    Ok(NewTenant { id: Some(tenant(number)), name: format!("n{number}"), placement: "own".parse()? })
}

/// Times of an export, a restoration and a clone.
async fn archived(scene: &Scene, number: u128) -> Result<[Duration; 3], Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large");
    let (migrator, urls, large) = (scene.migrator()?, scene.deploy_urls()?, TenantName::Id(tenant(LARGE.0)));
    let export = Export::begin(&migrator, scene.editor().await?, &urls, &large, &[]).await?;
    let since = Instant::now();
    let summary = export.run(&file, None).await?;
    let exported = since.elapsed();
    println!(
        "an archive of {} rows: {:.0} MB of {:.0}",
        summary.rows(),
        megabytes(std::fs::metadata(&file)?.len()),
        megabytes(summary.bytes())
    );
    let archive = Archive::open(&file, None).await?;
    let wanted = RestoreAs::New(new(number)?);
    let restoration = Restoration::begin(&migrator, scene.editor().await?, &urls, archive, wanted).await?;
    let since = Instant::now();
    restoration.run().await?;
    let restored = since.elapsed();
    erase(scene, number).await?;
    let clone = new(number + 1)?;
    let clone = TenantClone::begin(&migrator, scene.editor().await?, &urls, &large, &[], clone).await?;
    let since = Instant::now();
    clone.run().await?;
    let cloned = since.elapsed();
    erase(scene, number + 1).await?;
    Ok([exported, restored, cloned])
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    println!(
        "\n{} rows into a fresh database; throughput as ratios to a hand-piped binary COPY with indexes afterwards",
        LARGE.1
    );
    let (mut moves, mut archives) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        let hand = by_hand(scene).await?.as_secs_f64();
        let ours = moved(scene).await?.as_secs_f64();
        moves.push(hand / ours);
        for (all, took) in archives.iter_mut().zip(archived(scene, 100 + 2 * round as u128).await?) {
            all.push(hand / took.as_secs_f64());
        }
        println!("round {round}: by hand {hand:.1} s, moved in {ours:.1} s");
    }
    let median = |all: &[f64]| quantile(all.to_vec(), 0.5);
    let ratio = median(&moves);
    println!("move, rows alone: {ratio:.2} (target 0.9: {})", verdict(ratio >= 0.9));
    for (what, all) in
        ["export", "restore, with the second reading", "clone, with the second reading"].iter().zip(&archives)
    {
        println!("{what}: {:.2}", median(all));
    }
    Ok(())
}

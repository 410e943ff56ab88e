//! How much memory a process takes beyond what it had before it moved or exported a large organisation.

use tenant_migration::archive::{Archive, Export, NewTenant, Restoration, RestoreAs};
use tenant_migration::catalog::TenantName;
use tenant_migration::relocation::Method;

use crate::scene::{LARGE, SMALL, Scene, tenant};
use crate::{Failure, verdict};

/// What the kernel says of this process, in MB; where it isn't Linux, nothing.
fn resident(word: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(word))?;
    Some(line.trim_start_matches(':').trim().split(' ').next()?.parse::<f64>().ok()? / 1e3)
}

/// Has the highest be counted from here on.
fn forget_highest() {
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    println!("\nmemory beyond what the process had, with {} rows", LARGE.1);
    // What the first of its kind sets up once.
    scene.relocate(SMALL.0, "own", Method::Following).await?;
    scene.relocate(SMALL.0, "shared", Method::Following).await?;
    for part in ["move", "export", "restore"] {
        forget_highest();
        let Some(before) = resident("VmRSS") else {
            println!("only Linux says");
            return Ok(());
        };
        run(scene, part).await?;
        let more = resident("VmHWM").unwrap_or(f64::NAN) - before;
        println!("{part}: {more:.0} MB (target 64: {})", verdict(more < 64.0));
    }
    Ok(())
}

async fn run(scene: &Scene, part: &str) -> Result<(), Failure> {
    if part == "move" {
        scene.relocate(LARGE.0, "own", Method::Following).await?;
        scene.relocate(LARGE.0, "shared", Method::Following).await?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large");
    let (migrator, urls, large) = (scene.migrator()?, scene.deploy_urls()?, TenantName::Id(tenant(LARGE.0)));
    let export = Export::begin(&migrator, scene.editor().await?, &urls, &large, &[]).await?;
    export.run(&file, None).await?;
    if part == "restore" {
        let archive = Archive::open(&file, None).await?;
        let wanted = NewTenant { id: None, name: "restored".to_owned(), placement: "own".parse()? };
        let catalog = scene.editor().await?;
        Restoration::begin(&migrator, catalog, &urls, archive, RestoreAs::New(wanted)).await?.run().await?;
    }
    Ok(())
}

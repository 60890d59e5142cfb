//! Results carried between a store and a file.

use crate::{Failure, show};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use streamcache::digest::Secret;
use streamcache::tool::{Opening, is_store};
use streamcache::{Cache, Options, Progress, Tier, Transfer};

/// Of memory; what waits to be written has a sixteenth of it.
const MEMORY: u64 = 1 << 30;
const STEP: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(3600);

fn open(directory: &Path, secret: Option<Secret>, opening: Opening) -> Result<Arc<Cache>, Failure> {
    let path = directory.to_str().ok_or_else(|| Failure::Io(format!("{directory:?} is not UTF-8: rename it")))?;
    let disk_directory = Some(path.into());
    let options = Options {
        max_bytes: MEMORY,
        secret,
        disk_directory,
        disk_max_bytes: opening.max_bytes,
        disk_allow_network: opening.allow_network,
        ..Options::default()
    };
    Ok(Cache::open(&options)?)
}

/// Waits for its end behind a bar.
fn watch(transfer: &Transfer, total: u64, in_bytes: bool) -> Result<Progress, Failure> {
    let bar = show::bar(total, in_bytes);
    let outcome = loop {
        let outcome = transfer.wait(STEP);
        let progress = transfer.progress();
        bar.set_position(if in_bytes { progress.bytes } else { progress.entries + progress.refused });
        if let Some(outcome) = outcome {
            break outcome;
        }
    };
    bar.finish_and_clear();
    outcome?;
    Ok(transfer.progress())
}

fn all_checked(progress: &Progress, has_secret: bool) -> Result<(), Failure> {
    let advice = if has_secret { "" } else { "; if the cache has a secret, give it with --secret-file" };
    match progress.refused {
        0 => Ok(()),
        n => Err(Failure::Refused(format!("{n} results did not check, and were left out{advice}"))),
    }
}

pub fn export(directory: &Path, file: &Path, secret: Option<Secret>, opening: Opening) -> Result<(), Failure> {
    if !is_store(directory) {
        return Err(Failure::Io(format!("{} has no store: name a cache's disk directory", directory.display())));
    }
    let has_secret = secret.is_some();
    let cache = open(directory, secret, opening)?;
    let entries = cache.tier_stats(Tier::Disk).and_then(|stats| stats.entries()).unwrap_or(0);
    let progress = watch(&*cache.export(file)?, entries, false)?;
    println!("{} results exported, {}", progress.entries, show::bytes(progress.bytes));
    all_checked(&progress, has_secret)
}

pub fn import(file: &Path, directory: &Path, secret: Option<Secret>, opening: Opening) -> Result<(), Failure> {
    let has_secret = secret.is_some();
    let cache = open(directory, secret, opening)?;
    let transfer = cache.import(file)?;
    let total = transfer.progress().total_bytes.unwrap_or(0);
    let watched = watch(&transfer, total, true);
    cache.flush(LONG)?;
    let stats = cache.tier_stats(Tier::Disk).unwrap_or_default();
    cache.close(LONG)?;
    println!("{} results written to the store", stats.written());
    let progress = watched?;
    let missing = (progress.entries + progress.not_stored).saturating_sub(stats.written());
    if stats.too_large() > 0 {
        return Err(Failure::Io(format!(
            "{} results are too large for the store: raise its limit with --max-bytes, and import again",
            stats.too_large()
        )));
    }
    if missing > 0 {
        return Err(Failure::Io(format!(
            "{missing} results could not be written: {}",
            stats.last_fault().unwrap_or("free space, or raise the store's limit with --max-bytes")
        )));
    }
    if stats.evictions() > 0 {
        return Err(Failure::Io(format!(
            "{} results, older or just imported, had to go for others, because the store's limit is {}: raise it with --max-bytes, and import again",
            stats.evictions(),
            show::bytes(stats.max_bytes().unwrap_or(0))
        )));
    }
    all_checked(&progress, has_secret)
}

//! Space given back.

use crate::{Failure, show};
use std::path::Path;
use streamcache::tool::{Collection, Opening, Store};

/// Bytes of the store's files.
fn on_disk(directory: &Path) -> u64 {
    let files = ["streamcache.db", "streamcache.db-wal", "streamcache.db-shm"];
    files.iter().map(|name| directory.join(name).metadata().map_or(0, |metadata| metadata.len())).sum()
}

pub fn run(directory: &Path, opening: Opening) -> Result<(), Failure> {
    let before = on_disk(directory);
    let store = Store::open(directory, opening)?;
    let entries_before = store.counts().0;
    let mut collection = Collection::default();
    let bar = indicatif::ProgressBar::new_spinner();
    while store.collect(&mut collection)? {
        bar.tick();
    }
    bar.finish_and_clear();
    let ((over, _), (entries, ..)) = (collection.collected(), store.counts());
    drop(store);
    let after = on_disk(directory);
    println!(
        "{over} expired or purged results deleted, {} evicted, {entries} left",
        entries_before.saturating_sub(over).saturating_sub(entries)
    );
    println!("{} before, {} now", show::bytes(before), show::bytes(after));
    Ok(())
}

//! What the tests share: lookups and what overtakes them while a store is read, step by step, over a store in memory that
//! waits where a test wants it to.

mod imports;
mod lookups;
mod promotions;
mod puts;
mod removals;

use super::{Backing, Cache};
use crate::call::{Flags, PutOptions};
use crate::digest::{self, Digest};
use crate::filter::Filter;
use crate::options::Options;
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::{Stores, Tier};
use std::sync::Arc;
use std::thread;

struct Scene {
    /// What is asked first, and what is asked last; the same where there is but one.
    disk: Arc<InMemory>,
    store: Arc<InMemory>,
    cache: Arc<Cache>,
    filter: Arc<Filter>,
    chunk: Digest,
    key: Digest,
}

/// A cache over these stores.
fn over(stores: &[(Tier, &Arc<InMemory>)], options: &Options) -> Arc<Cache> {
    let stores = stores.iter().map(|&(tier, store)| (tier, Arc::clone(store) as _)).collect();
    let (backing, errands) = Backing::over(Stores::over(stores, options).unwrap());
    Cache::over(options, Some((backing, errands))).unwrap()
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    filter
}

fn patient() -> Options {
    Options { remote_timeout_ms: 60_000, ..Options::default() }
}

/// A cache over a store that has one result, and memory has not.
fn scene() -> Scene {
    let store = Arc::new(InMemory::default());
    scene_over(&[(Tier::Disk, &store)], &patient())
}

/// The same over a remote store with a disk before it, which has nothing.
fn remote_scene() -> Scene {
    let (disk, remote) = (Arc::new(InMemory::default()), Arc::new(InMemory::default()));
    let scene = scene_over(&[(Tier::Disk, &disk), (Tier::Remote, &remote)], &patient());
    disk.lock().entries.clear();
    scene
}

fn scene_over(stores: &[(Tier, &Arc<InMemory>)], options: &Options) -> Scene {
    let cache = over(stores, options);
    let filter = filter(&cache);
    let chunk = digest::chunk(b"chunk");
    let key = filter.key(&chunk).unwrap();
    filter.put(&chunk, None, b"old", &PutOptions::default()).unwrap();
    assert!(cache.flush(LONG).unwrap());
    cache.purge().unwrap();
    let [disk, store] = [stores.first(), stores.last()].map(|it| Arc::clone(it.unwrap().1));
    Scene { disk, store, cache, filter, chunk, key }
}

impl Scene {
    fn get(&self) -> Option<Vec<u8>> {
        self.get_with(Flags::default())
    }

    fn get_with(&self, flags: Flags) -> Option<Vec<u8>> {
        self.filter.get(&self.chunk, flags).unwrap().value.map(|value| value.bytes().to_vec())
    }

    /// Does `meanwhile` after a lookup has read the store and before it has promoted what it read; what the lookup found.
    fn during_a_read(&self, meanwhile: impl FnOnce()) -> Option<Vec<u8>> {
        self.during_a_read_with(Flags::default(), meanwhile)
    }

    fn during_a_read_with(&self, flags: Flags, meanwhile: impl FnOnce()) -> Option<Vec<u8>> {
        self.store.hold_reads(true);
        thread::scope(|scope| {
            let lookup = scope.spawn(|| self.get_with(flags));
            self.store.await_visitor();
            meanwhile();
            self.store.hold_reads(false);
            lookup.join().unwrap()
        })
    }
}

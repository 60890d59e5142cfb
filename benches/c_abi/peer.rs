//! What one would write without this library: the crate `lru` behind one mutex.

use super::library::Key;
use lru::LruCache;
use parking_lot::Mutex;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What `lru` hashes with by itself; this crate uses it without its default features.
pub type LruDefault = foldhash::fast::RandomState;

pub struct Peer<S> {
    cache: Mutex<LruCache<Key, Arc<[u8]>, S>>,
}

impl<S: BuildHasher + Default> Peer<S> {
    pub fn new(entries: usize) -> Self {
        let capacity = NonZeroUsize::new(entries).expect("not 0");
        Self { cache: Mutex::new(LruCache::with_hasher(capacity, S::default())) }
    }

    /// The same job: a copy of the bytes, and what is evicted is freed without the lock.
    pub fn put(&self, key: &Key, bytes: &[u8]) {
        let value = Arc::from(bytes);
        let evicted = self.cache.lock().push(*key, value);
        drop(evicted);
    }

    pub fn entries(&self) -> u64 {
        self.cache.lock().len() as u64
    }
}

/// The first bytes of the key: the cheapest hash there is, for who knows that his keys are random.
#[derive(Default)]
pub struct FirstBytes(u64);

pub type NoHash = BuildHasherDefault<FirstBytes>;

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, key: &[u8]) {
        self.0 = key.first_chunk().map_or(0, |lane| u64::from_le_bytes(*lane));
    }

    fn write_usize(&mut self, _length: usize) {}
}

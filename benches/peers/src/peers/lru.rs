//! What one would write without any of these libraries: the crate `lru` behind one mutex.

use super::LRU;
use crate::library::Key;
use crate::peer::{Peer, read};
use ::lru::LruCache;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The hasher is `lru`'s default; here its default features are off.
pub struct Lru(Mutex<LruCache<Key, Arc<[u8]>, RandomState>>);

impl Lru {
    pub fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).expect("not 0");
        Self(Mutex::new(LruCache::with_hasher(capacity, RandomState::default())))
    }
}

impl Peer for Lru {
    fn name(&self) -> &'static str {
        LRU
    }

    fn get(&self, key: &Key) -> Option<u8> {
        let value = self.0.lock().get(key).cloned();
        value.map(|value| read(&value))
    }

    /// What is evicted is freed without the lock.
    fn put(&self, key: &Key, value: &[u8]) {
        let value = Arc::from(value);
        let evicted = self.0.lock().push(*key, value);
        drop(evicted);
    }
}

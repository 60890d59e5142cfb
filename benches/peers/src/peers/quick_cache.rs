//! quick_cache's cache for threads.

use super::QUICK_CACHE;
use crate::library::Key;
use crate::peer::{Peer, read};
use ::quick_cache::sync::Cache;
use std::sync::Arc;

pub struct QuickCache(Cache<Key, Arc<[u8]>>);

impl QuickCache {
    pub fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity))
    }
}

impl Peer for QuickCache {
    fn name(&self) -> &'static str {
        QUICK_CACHE
    }

    fn get(&self, key: &Key) -> Option<u8> {
        self.0.get(key).map(|value| read(&value))
    }

    fn put(&self, key: &Key, value: &[u8]) {
        self.0.insert(*key, value.into());
    }
}

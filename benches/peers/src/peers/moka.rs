//! moka's cache for threads.

use super::MOKA;
use crate::library::Key;
use crate::peer::{Peer, read};
use ::moka::sync::Cache;
use std::sync::Arc;

pub struct Moka(Cache<Key, Arc<[u8]>>);

impl Moka {
    pub fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity as u64))
    }
}

impl Peer for Moka {
    fn name(&self) -> &'static str {
        MOKA
    }

    fn get(&self, key: &Key) -> Option<u8> {
        self.0.get(key).map(|value| read(&value))
    }

    fn put(&self, key: &Key, value: &[u8]) {
        self.0.insert(*key, value.into());
    }

    fn settle(&self) {
        self.0.run_pending_tasks();
    }
}

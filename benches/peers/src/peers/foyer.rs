//! foyer-memory with S3-FIFO, the policy nearest to ours.

use super::FOYER;
use crate::library::Key;
use crate::peer::{Peer, read};
use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};

pub struct Foyer(Cache<Key, Box<[u8]>>);

impl Foyer {
    pub fn new(capacity: usize) -> Self {
        Self(CacheBuilder::new(capacity).with_eviction_config(S3FifoConfig::default()).build())
    }
}

impl Peer for Foyer {
    fn name(&self) -> &'static str {
        FOYER
    }

    fn get(&self, key: &Key) -> Option<u8> {
        self.0.get(key).map(|entry| read(entry.value()))
    }

    fn put(&self, key: &Key, value: &[u8]) {
        self.0.insert(*key, value.into());
    }
}

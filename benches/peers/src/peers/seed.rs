//! The cache this project began from: bare, for one thread alone, and behind a mutex, where a value must be cloned to
//! leave the lock. Its keys are SHA-256 twice.

use super::{SEED, SEED_LOCKED};
use crate::library::Key;
use crate::peer::{Peer, read};
use parking_lot::Mutex;
use somatize_core::{CacheKey, StreamCache, Value};
use std::cell::RefCell;

const CONFIG: CacheKey = CacheKey([1; 32]);
const STATE: CacheKey = CacheKey([2; 32]);

fn key_of(chunk: &[u8]) -> Key {
    CacheKey::for_output(&CONFIG, &STATE, &CacheKey::hash_data(chunk)).0
}

fn read_bytes(value: &Value) -> u8 {
    match value {
        Value::Bytes(bytes) => read(bytes),
        _ => unreachable!("nothing else is put"),
    }
}

pub struct Bare(RefCell<StreamCache>);

impl Bare {
    pub fn new(capacity: usize) -> Self {
        Self(RefCell::new(StreamCache::new(capacity)))
    }
}

impl Peer for Bare {
    fn name(&self) -> &'static str {
        SEED
    }

    fn key(&self, chunk: &[u8]) -> Key {
        key_of(chunk)
    }

    fn get(&self, key: &Key) -> Option<u8> {
        self.0.borrow_mut().get_chunk(&CacheKey(*key)).map(read_bytes)
    }

    fn put(&self, key: &Key, value: &[u8]) {
        self.0.borrow_mut().put_chunk(CacheKey(*key), Value::bytes(value.into()));
    }
}

pub struct Locked(Mutex<StreamCache>);

impl Locked {
    pub fn new(capacity: usize) -> Self {
        Self(Mutex::new(StreamCache::new(capacity)))
    }
}

impl Peer for Locked {
    fn name(&self) -> &'static str {
        SEED_LOCKED
    }

    fn key(&self, chunk: &[u8]) -> Key {
        key_of(chunk)
    }

    fn get(&self, key: &Key) -> Option<u8> {
        let value = self.0.lock().get_chunk(&CacheKey(*key)).cloned();
        value.map(|value| read_bytes(&value))
    }

    /// The copy is made without the lock; what is evicted can only be freed under it.
    fn put(&self, key: &Key, value: &[u8]) {
        let value = Value::bytes(value.into());
        self.0.lock().put_chunk(CacheKey(*key), value);
    }
}

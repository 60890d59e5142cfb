//! The job: hash a chunk, compose its key, look it up, read the value. What one call costs is measured inside loops that
//! belong to each peer's own type, so that nobody pays for being called by pointer.

use crate::library::Key;
use std::hint::black_box;

/// Bytes of every value.
pub const VALUE_BYTES: usize = 256;

/// A lookup, or one time in ten a put.
pub struct Operation {
    pub key: Key,
    pub puts: bool,
}

pub trait Peer {
    fn name(&self) -> &'static str;

    /// Hash of the chunk, and the key of its result under a configuration and a state.
    fn key(&self, chunk: &[u8]) -> Key {
        *blake3::keyed_hash(&SOME_FILTER, blake3::hash(chunk).as_bytes()).as_bytes()
    }

    /// Looks up, reads the value's first byte, and lets go of it; says whether it was there.
    fn get(&self, key: &Key) -> bool;

    /// Stores a copy.
    fn put(&self, key: &Key, value: &[u8]);

    /// Does what it has put off.
    fn settle(&self) {}

    fn hit(&self, chunk: &[u8]) -> bool {
        self.get(&self.key(chunk))
    }

    /// How many of the chunks were hits.
    fn hits(&self, chunks: &[&[u8]]) -> usize {
        chunks.iter().filter(|chunk| self.hit(chunk)).count()
    }

    /// How many of the keys were there.
    fn gets(&self, keys: &[Key]) -> usize {
        keys.iter().filter(|key| self.get(key)).count()
    }

    fn puts(&self, keys: &[Key], value: &[u8]) {
        keys.iter().for_each(|key| self.put(key, value));
    }

    /// How many of the lookups were hits.
    fn mix(&self, operations: &[Operation], value: &[u8]) -> usize {
        let mut hits = 0;
        for Operation { key, puts } in operations {
            if *puts {
                self.put(key, value);
            } else {
                hits += usize::from(self.get(key));
            }
        }
        hits
    }
}

/// BLAKE3 takes as long under any key.
const SOME_FILTER: Key = [7; 32];

/// What is done with a value: its first byte is read.
pub fn read(value: &[u8]) -> bool {
    black_box(value[0]);
    true
}

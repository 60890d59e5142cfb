//! The job: hash a chunk, compose its key, look it up, read the value. What one call costs is measured inside loops that
//! belong to each peer's own type, so that nobody pays for being called by pointer.

use crate::library::Key;
use std::hint::black_box;

/// Bytes of every value, and each of them.
pub const VALUE_BYTES: usize = 256;
pub const BYTE: u8 = 1;
pub const VALUE: [u8; VALUE_BYTES] = [BYTE; VALUE_BYTES];

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

    /// Looks up, reads the value's first byte, and lets go of it; None if there is no value.
    fn get(&self, key: &Key) -> Option<u8>;

    /// Stores a copy.
    fn put(&self, key: &Key, value: &[u8]);

    /// Does what it has put off.
    fn settle(&self) {}

    fn hit(&self, chunk: &[u8]) -> bool {
        self.get(&self.key(chunk)).is_some()
    }

    /// How many of the chunks were hits.
    fn hits(&self, chunks: &[&[u8]]) -> usize {
        chunks.iter().filter(|chunk| self.hit(chunk)).count()
    }

    /// How many of the keys were there.
    fn gets(&self, keys: &[Key]) -> usize {
        keys.iter().filter(|key| self.get(key).is_some()).count()
    }

    /// The same, but no lookup can begin before the last one's value was read: where it takes its key depends on that
    /// byte, which is [`BYTE`]. In [`Peer::gets`] a processor may wait for the memory of several lookups at once.
    fn gets_in_turn(&self, keys: &[Key]) -> usize {
        let (mut hits, mut turn, mut byte) = (0, 0, BYTE);
        while let Some(key) = keys.get(turn + usize::from(byte - BYTE)) {
            match self.get(key) {
                Some(read) => (hits, byte) = (hits + 1, read),
                None => byte = BYTE,
            }
            turn += 1;
        }
        hits
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
                hits += usize::from(self.get(key).is_some());
            }
        }
        hits
    }
}

/// BLAKE3 takes as long under any key.
const SOME_FILTER: Key = [7; 32];

/// What is done with a value: its first byte is read.
pub fn read(value: &[u8]) -> u8 {
    black_box(value[0])
}

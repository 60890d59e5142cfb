//! Looking results up: one key, or many, whose shards are each locked once for some of them.

use super::shard::{Found, Shard};
use super::{AT_ONCE, MAX_SHARDS, Memory};
use crate::digest::Digest;
use crate::lock::Guard;
use crate::value::Value;
#[cfg(test)]
use std::sync::atomic::Ordering::Relaxed;

impl Memory {
    pub(crate) fn get(&self, key: &Digest) -> Option<Value> {
        self.look(key, 1)
    }

    /// [`Memory::get`] for whoever computes what is not there: a miss is counted once it is one.
    pub(crate) fn find(&self, key: &Digest) -> Option<Value> {
        self.look(key, 0)
    }

    #[inline(never)]
    fn look(&self, key: &Digest, misses: u64) -> Option<Value> {
        let hash = self.stir.hash(key);
        let home = self.home(hash);
        self.shards[home].ahead.foresee(hash);
        let found = self.lock(home).get(hash, key, misses, &self.count);
        match found {
            Found::Hit(value) => {
                self.hit(hash);
                Some(value)
            }
            Found::Miss => None,
            Found::Expired(entry) => {
                drop(entry); // here, where the lock is open
                None
            }
        }
    }

    /// Lets the duel know of a hit, where the shard is open again.
    #[inline]
    fn hit(&self, hash: u64) {
        if let Some(duel) = &self.duel {
            duel.hit(hash);
        }
    }

    /// [`Memory::find`] for many keys, locking each shard once for each [`AT_ONCE`] of its keys.
    pub(crate) fn find_many(&self, keys: &[Digest]) -> Vec<Option<Value>> {
        let hashes: Vec<u64> = keys.iter().map(|key| self.stir.hash(key)).collect();
        let mut ends = [0; MAX_SHARDS as usize];
        hashes.iter().for_each(|&hash| ends[self.home(hash)] += 1);
        let mut begin = 0;
        for end in &mut ends {
            (begin, *end) = (begin + *end, begin);
        }
        // A counting sort by shard; each beginning ends up where its shard's keys end.
        let mut order = vec![0; keys.len()];
        for (at, &hash) in hashes.iter().enumerate() {
            let place = &mut ends[self.home(hash)];
            order[*place] = at;
            *place += 1;
        }
        let mut found = vec![None; keys.len()];
        let mut expired = Vec::with_capacity(keys.len().min(AT_ONCE));
        for of_one_shard in order.chunk_by(|&a, &b| self.home(hashes[a]) == self.home(hashes[b])) {
            for some in of_one_shard.chunks(AT_ONCE) {
                let mut shard = self.lock(self.home(hashes[some[0]]));
                for &at in some {
                    match shard.get(hashes[at], &keys[at], 0, &self.count) {
                        Found::Hit(value) => found[at] = Some(value),
                        Found::Miss => {}
                        Found::Expired(entry) => expired.push(entry),
                    }
                }
                drop(shard);
                expired.clear(); // here, where the lock is open
            }
        }
        if self.duel.is_some() {
            let hits = hashes.iter().zip(&found).filter(|(_, found)| found.is_some());
            hits.for_each(|(&hash, _)| self.hit(hash));
        }
        found
    }

    /// How often lookups locked a shard.
    #[cfg(test)]
    pub(crate) fn locks(&self) -> u64 {
        self.locks.load(Relaxed)
    }

    /// Locks a shard for a lookup.
    #[inline]
    fn lock(&self, shard: usize) -> Guard<'_, Shard> {
        #[cfg(test)]
        self.locks.fetch_add(1, Relaxed);
        self.shards[shard].shard.lock()
    }

    /// Looks without counting or promoting.
    pub(crate) fn peek(&self, key: &Digest) -> Option<Value> {
        let hash = self.stir.hash(key);
        self.shards[self.home(hash)].shard.lock().peek(hash, key)
    }
}

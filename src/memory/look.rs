//! Looking results up: one key, or many, whose shards are each locked once for some of them.

use super::policy::Entry;
use super::shard::{Found, Shard};
use super::{AT_ONCE, MAX_SHARDS, Memory};
use crate::digest::Digest;
use crate::lock::Guard;
use crate::value::Value;
use arrayvec::ArrayVec;
#[cfg(test)]
use std::sync::atomic::Ordering::Relaxed;

/// For so many keys memory is asked for at once, as many lines as a processor waits for. More shards are not locked at once.
const TOGETHER: usize = 32;

/// Lookups under way.
struct Many<'a> {
    keys: &'a [Digest],
    hashes: &'a [u64],
    found: Vec<Option<Value>>,
    expired: Vec<Entry>,
}

impl Memory {
    #[inline(always)]
    pub(crate) fn get(&self, key: &Digest) -> Option<Value> {
        self.look(key, 1)
    }

    /// [`Memory::get`] for whoever computes what is not there: a miss is counted once it is one.
    pub(crate) fn find(&self, key: &Digest) -> Option<Value> {
        self.look(key, 0)
    }

    /// A miss counts so much.
    #[inline(always)]
    pub(crate) fn look(&self, key: &Digest, misses: u64) -> Option<Value> {
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

    /// [`Memory::find`] for many keys, locking each shard once for each [`AT_ONCE`] of its keys. What of the memory they
    /// need is in no cache of the processor's is waited for together.
    pub(crate) fn find_many(&self, keys: &[Digest]) -> Vec<Option<Value>> {
        let hashes: Vec<u64> = keys.iter().map(|key| self.stir.hash(key)).collect();
        let order = self.by_shard(&hashes);
        let expired = Vec::with_capacity(keys.len().min(AT_ONCE));
        let mut many = Many { keys, hashes: &hashes, found: vec![None; keys.len()], expired };
        let mut rest = &order[..];
        while !rest.is_empty() {
            let done = self.find_some(rest, &mut many);
            many.expired.clear(); // here, where the locks are open
            rest = &rest[done..];
        }
        let found = many.found;
        if self.duel.is_some() {
            let hits = hashes.iter().zip(&found).filter(|(_, found)| found.is_some());
            hits.for_each(|(&hash, _)| self.hit(hash));
        }
        found
    }

    /// The places of the keys, those of one shard beside each other: a counting sort.
    fn by_shard(&self, hashes: &[u64]) -> Vec<usize> {
        let mut ends = [0; MAX_SHARDS as usize];
        hashes.iter().for_each(|&hash| ends[self.home(hash)] += 1);
        let mut begin = 0;
        for end in &mut ends {
            (begin, *end) = (begin + *end, begin);
        }
        let mut order = vec![0; hashes.len()];
        for (at, &hash) in hashes.iter().enumerate() {
            let place = &mut ends[self.home(hash)]; // each beginning ends up where its shard's keys end
            order[*place] = at;
            *place += 1;
        }
        order
    }

    /// Looks the first of these keys up, and says how many: [`TOGETHER`] of some shards at most, or [`AT_ONCE`] of one. The
    /// shards are locked all at once, but who has one waits for no other: where one is not free at once, that is all for now.
    fn find_some(&self, places: &[usize], many: &mut Many<'_>) -> usize {
        let home = |at: usize| self.home(many.hashes[at]);
        self.foresee(places, many.hashes);
        let mut shards = ArrayVec::<Guard<'_, Shard>, TOGETHER>::new();
        let mut keys = 0;
        for of_one_shard in places.chunk_by(|&a, &b| home(a) == home(b)) {
            if keys > 0 && keys + of_one_shard.len() > TOGETHER {
                break;
            }
            let shard =
                if keys == 0 { Some(self.lock(home(of_one_shard[0]))) } else { self.try_lock(home(of_one_shard[0])) };
            let Some(shard) = shard else { break };
            shards.push(shard);
            keys += of_one_shard.len().min(AT_ONCE);
        }
        let (mut turn, mut last) = (0, home(places[0]));
        for (n, some) in places[..keys].chunks(TOGETHER).enumerate() {
            if n > 0 {
                self.foresee(some, many.hashes);
            }
            let (mut which, mut nodes) = ([0; TOGETHER], [0; TOGETHER]);
            for (n, &at) in some.iter().enumerate() {
                turn += usize::from(self.home(many.hashes[at]) != last);
                last = self.home(many.hashes[at]);
                which[n] = turn;
                nodes[n] = shards[turn].index().sight(many.hashes[at]);
            }
            for n in 0..some.len() {
                shards[which[n]].index().foresee_value(nodes[n]);
            }
            for (n, &at) in some.iter().enumerate() {
                match shards[which[n]].get(many.hashes[at], &many.keys[at], 0, &self.count) {
                    Found::Hit(value) => many.found[at] = Some(value),
                    Found::Miss => {}
                    Found::Expired(entry) => many.expired.push(entry),
                }
            }
        }
        keys
    }

    /// Asks for what a search for the first of these keys reads first.
    fn foresee(&self, places: &[usize], hashes: &[u64]) {
        places.iter().take(TOGETHER).for_each(|&at| self.shards[self.home(hashes[at])].ahead.foresee(hashes[at]));
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

    /// The same, where no other thread has it.
    fn try_lock(&self, shard: usize) -> Option<Guard<'_, Shard>> {
        let locked = self.shards[shard].shard.try_lock();
        #[cfg(test)]
        self.locks.fetch_add(u64::from(locked.is_some()), Relaxed);
        locked
    }

    /// Looks without counting or promoting.
    pub(crate) fn peek(&self, key: &Digest) -> Option<Value> {
        let hash = self.stir.hash(key);
        self.shards[self.home(hash)].shard.lock().peek(hash, key)
    }
}

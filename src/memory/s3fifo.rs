//! S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) in a slab: new keys wait in a
//! small queue of 10% of the bytes; those used there move on to the main queue, the others leave a fingerprint in the
//! ghost, and come back straight into main. A hit moves nothing.

use super::ahead::Place;
use super::ghost::Ghost;
use super::policy::{Arrival, Entry, Evicted, Passing, PolicyIndex};
use super::slab::{List, NIL, Slab};
use super::table::Table;
use crate::digest::Digest;
use crate::stir::Stir;
use crate::value::Value;

const SMALL: u8 = 0;
const MAIN: u8 = 1;
/// The small queue's share of the shard's bytes is 1 / SMALL_SHARE.
const SMALL_SHARE: u64 = 10;
const MAX_USES: u8 = 3;
/// Used entries one search promotes or gives a second chance, so that no put pays for a whole shard of hot ones.
const MAX_SECOND_CHANCES: u32 = 256;

/// Slots one hold of the lock looks at in a sweep.
const SWEEP_STEPS: usize = 4096;

/// One search for a victim.
#[derive(Default)]
struct Search {
    /// Second chances given so far.
    chances: u32,
    /// Leased entries found one after another in main.
    leased_in_turn: u32,
}

#[derive(Debug)]
pub(super) struct S3Fifo {
    table: Table,
    slab: Slab,
    small: List,
    main: List,
    ghost: Ghost,
    stir: Stir,
}

impl S3Fifo {
    pub(super) fn new(stir: Stir) -> Self {
        Self {
            table: Table::new(),
            slab: Slab::new(),
            small: List::new(SMALL),
            main: List::new(MAIN),
            ghost: Ghost::new(),
            stir,
        }
    }

    fn find(&self, hash: u64, key: &Digest) -> Option<u32> {
        self.table.find(hash, |at| self.slab.node(at).key == *key)
    }

    /// Takes a node off its list and out of the index.
    fn take(&mut self, hash: u64, at: u32) -> Option<Entry> {
        self.table.remove(hash, at);
        match self.slab.node(at).queue {
            SMALL => self.small.unlink(&mut self.slab, at),
            _ => self.main.unlink(&mut self.slab, at),
        }
        self.slab.remove(at)
    }

    /// Asks for what giving up the next one will need.
    fn foresee_victim(&self, next: Option<u32>) {
        if let Some(next) = next {
            self.slab.foresee(next);
            self.foresee(self.stir.hash(&self.slab.node(next).key));
        }
    }

    fn evict_from_small(&mut self, at: u32, passing: &mut Passing, search: &mut Search) -> Option<Entry> {
        let node = self.slab.node_mut(at);
        let leased = passing.passes(node.value.as_ref());
        if !leased && (node.uses == 0 || search.chances >= MAX_SECOND_CHANCES) {
            let hash = self.stir.hash(&node.key);
            self.ghost.put(hash);
            let victim = self.take(hash, at);
            self.foresee_victim(self.small.tail());
            return victim;
        }
        // Someone is reading a leased one now: that is a use.
        node.uses = 0;
        if !leased {
            search.leased_in_turn = 0;
            search.chances += 1;
        }
        self.small.unlink(&mut self.slab, at);
        self.main.push_head(&mut self.slab, at);
        None
    }

    fn evict_from_main(&mut self, at: u32, passing: &mut Passing, search: &mut Search) -> Option<Entry> {
        let node = self.slab.node_mut(at);
        if passing.passes(node.value.as_ref()) {
            search.leased_in_turn += 1;
        } else if node.uses == 0 || search.chances >= MAX_SECOND_CHANCES {
            let hash = self.stir.hash(&node.key);
            let victim = self.take(hash, at);
            self.foresee_victim(self.main.tail());
            return victim;
        } else {
            node.uses -= 1;
            search.chances += 1;
            search.leased_in_turn = 0;
        }
        self.main.unlink(&mut self.slab, at);
        self.main.push_head(&mut self.slab, at);
        None
    }
}

impl PolicyIndex for S3Fifo {
    // A node 64; its page's pointer 0.4, up to 1.1 while that list grows; the table 5 bytes a bucket, and churn can
    // leave it with 32/7 buckets an entry (22.9), half as many more during the doubling (11.4); the ghost 4, and 2 more
    // while it doubles. That is 105.4; what a shard's first page wastes is in the cache's fixed base.
    const ENTRY_COST: u64 = 112;

    #[inline(always)]
    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value> {
        let at = self.find(hash, key)?;
        let node = self.slab.node_mut(at);
        if node.uses < MAX_USES {
            node.uses += 1;
        }
        node.value.as_ref()
    }

    fn peek(&self, hash: u64, key: &Digest) -> Option<&Value> {
        self.slab.node(self.find(hash, key)?).value.as_ref()
    }

    #[inline]
    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry> {
        let Some(at) = self.find(hash, key) else { return Err(entry) };
        let queue = self.slab.node(at).queue;
        // A node in the index always holds a value, so an entry comes back.
        let Some(old) = self.slab.exchange(at, entry) else { unreachable!("an indexed node is empty") };
        match queue {
            SMALL => self.small.recount(&mut self.slab, at),
            _ => self.main.recount(&mut self.slab, at),
        }
        Ok(old)
    }

    fn place(&self) -> Place {
        self.table.place()
    }

    fn sight(&self, hash: u64) -> u32 {
        self.table.first(hash).inspect(|&at| self.slab.sight(at)).unwrap_or(NIL)
    }

    fn foresee_value(&self, node: u32) {
        self.slab.foresee_value(node);
    }

    fn foresee(&self, hash: u64) {
        self.table.foresee(hash);
        self.ghost.foresee(hash);
    }

    fn insert(&mut self, arrival: &Arrival, key: &Digest, entry: Entry) -> Result<(), Entry> {
        let (slab, stir) = (&self.slab, &self.stir);
        if self.table.try_reserve(1, |at| stir.hash(&slab.node(at).key)).is_err() {
            return Err(entry);
        }
        let slots = self.slab.len();
        let at = self.slab.add(key, entry)?;
        if self.ghost.take(arrival.hash) {
            self.main.push_head(&mut self.slab, at);
        } else {
            self.small.push_head(&mut self.slab, at);
        }
        if self.slab.len() > slots {
            self.ghost.grow(self.slab.len());
        }
        let (slab, stir) = (&self.slab, &self.stir);
        self.table.insert(arrival.hash, at, |at| stir.hash(&slab.node(at).key));
        Ok(())
    }

    fn remove(&mut self, hash: u64, key: &Digest) -> Option<Entry> {
        let at = self.find(hash, key)?;
        self.take(hash, at)
    }

    fn evict(&mut self, passing: &mut Passing, _: Option<&mut Arrival>) -> Option<Entry> {
        let mut search = Search::default();
        while !passing.is_over() {
            let small_is_over = self.small.units() * SMALL_SHARE >= self.small.units() + self.main.units();
            // When all of main was found leased, small has to give something up.
            let main_can = search.leased_in_turn < self.main.len();
            let victim = match (self.small.tail(), self.main.tail()) {
                (Some(at), _) if small_is_over || !main_can => self.evict_from_small(at, passing, &mut search),
                (_, Some(at)) if main_can => self.evict_from_main(at, passing, &mut search),
                _ => return None,
            };
            if victim.is_some() {
                return victim;
            }
        }
        None
    }

    fn sweep(&mut self, matches: &dyn Fn(u64) -> bool, cursor: &mut usize, removed: &mut Evicted) {
        let end = self.slab.len().min(*cursor + SWEEP_STEPS);
        while *cursor < end && !removed.is_full() {
            let at = *cursor as u32;
            *cursor += 1;
            let node = self.slab.node(at);
            if node.value.is_some() && matches(node.tag) {
                let hash = self.stir.hash(&node.key);
                removed.extend(self.take(hash, at));
            }
        }
    }

    fn walk(&self, cursor: &mut usize, keys: &mut Vec<(Digest, u64)>) {
        self.slab.walk(cursor, SWEEP_STEPS, keys);
    }

    fn sweep_end(&self) -> usize {
        self.slab.len()
    }

    fn len(&self) -> usize {
        self.slab.live()
    }

    fn slots(&self) -> usize {
        self.slab.len()
    }

    fn trim(&mut self) {
        let Self { table, slab, small, main, ghost, stir } = self;
        let mut smaller = Table::new();
        if smaller.try_reserve(slab.live(), |at| stir.hash(&slab.node(at).key)).is_err() {
            return;
        }
        let compacted = slab.compact(|slab, to| match slab.node(to).queue {
            SMALL => small.moved(slab, to),
            _ => main.moved(slab, to),
        });
        if compacted.is_err() {
            return;
        }
        ghost.clear();
        ghost.grow(slab.len());
        let hash_of = |at: u32| stir.hash(&slab.node(at).key);
        for at in 0..slab.len() as u32 {
            smaller.insert(hash_of(at), at, hash_of);
        }
        *table = smaller;
    }
}

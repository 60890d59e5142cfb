//! S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) in a slab: new keys wait in a
//! small queue of 10% of the bytes; those used there move on to the main queue, the others leave a fingerprint in the
//! ghost, and come back straight into main. A hit moves nothing.

use super::ghost::Ghost;
use super::policy::{Entry, PolicyIndex, pass_limit};
use super::slab::{List, Slab};
use super::stir::Stir;
use crate::digest::Digest;
use crate::value::Value;
use hashbrown::HashTable;

const SMALL: u8 = 0;
const MAIN: u8 = 1;
/// The small queue's share of the shard's bytes is 1 / SMALL_SHARE.
const SMALL_SHARE: u64 = 10;
const MAX_USES: u8 = 3;
/// Second chances the main queue gives in one search, so that no put pays for a whole shard of hot entries.
const MAX_SECOND_CHANCES: u32 = 512;

#[derive(Debug)]
pub(super) struct S3Fifo {
    table: HashTable<u32>,
    slab: Slab,
    small: List,
    main: List,
    ghost: Ghost,
    stir: Stir,
}

impl S3Fifo {
    pub(super) fn new(stir: Stir) -> Self {
        Self {
            table: HashTable::new(),
            slab: Slab::new(),
            small: List::new(SMALL),
            main: List::new(MAIN),
            ghost: Ghost::new(),
            stir,
        }
    }

    fn find(&self, hash: u64, key: &Digest) -> Option<u32> {
        self.table.find(hash, |&at| self.slab.node(at).key == *key).copied()
    }

    /// Takes a node off its list and out of the index.
    fn remove(&mut self, hash: u64, at: u32) -> Option<Entry> {
        if let Ok(found) = self.table.find_entry(hash, |&n| n == at) {
            found.remove();
        }
        match self.slab.node(at).queue {
            SMALL => self.small.unlink(&mut self.slab, at),
            _ => self.main.unlink(&mut self.slab, at),
        }
        self.slab.remove(at)
    }

    fn is_leased(&self, at: u32) -> bool {
        self.slab.node(at).value.as_ref().is_some_and(Value::is_leased)
    }

    fn evict_from_small(&mut self, at: u32, passed: &mut u32) -> Option<Entry> {
        if self.is_leased(at) {
            *passed += 1;
            self.small.unlink(&mut self.slab, at);
            self.small.push_head(&mut self.slab, at);
        } else if self.slab.node(at).uses > 0 {
            self.slab.node_mut(at).uses = 0;
            self.small.unlink(&mut self.slab, at);
            self.main.push_head(&mut self.slab, at);
        } else {
            let hash = self.stir.hash(&self.slab.node(at).key);
            self.ghost.put(hash);
            return self.remove(hash, at);
        }
        None
    }

    fn evict_from_main(&mut self, at: u32, passed: &mut u32, chances: &mut u32) -> Option<Entry> {
        let leased = self.is_leased(at);
        let node = self.slab.node_mut(at);
        if !leased && (node.uses == 0 || *chances >= MAX_SECOND_CHANCES) {
            let hash = self.stir.hash(&node.key);
            return self.remove(hash, at);
        }
        if leased {
            *passed += 1;
        } else {
            *chances += 1;
            node.uses -= 1;
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

    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value> {
        let at = self.find(hash, key)?;
        let node = self.slab.node_mut(at);
        if node.uses < MAX_USES {
            node.uses += 1;
        }
        node.value.as_ref()
    }

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

    fn insert(&mut self, hash: u64, key: Digest, entry: Entry) {
        let to_main = self.ghost.take(hash);
        let at = self.slab.add(key, entry);
        if to_main {
            self.main.push_head(&mut self.slab, at);
        } else {
            self.small.push_head(&mut self.slab, at);
        }
        self.ghost.grow(self.slab.len());
        let (slab, stir) = (&self.slab, &self.stir);
        self.table.insert_unique(hash, at, |&at| stir.hash(&slab.node(at).key));
    }

    fn take_unleased(&mut self, hash: u64, key: &Digest) -> Option<Entry> {
        let at = self.find(hash, key).filter(|&at| !self.is_leased(at))?;
        self.remove(hash, at)
    }

    fn evict(&mut self, passed: &mut u32) -> Option<Entry> {
        let mut chances = 0;
        let limit = pass_limit(*passed, self.len());
        while *passed < limit {
            let small_is_over = self.small.units() * SMALL_SHARE >= self.small.units() + self.main.units();
            let victim = match (self.small.tail(), self.main.tail()) {
                (None, None) => return None,
                (Some(at), None) => self.evict_from_small(at, passed),
                (Some(at), Some(_)) if small_is_over => self.evict_from_small(at, passed),
                (_, Some(at)) => self.evict_from_main(at, passed, &mut chances),
            };
            if victim.is_some() {
                return victim;
            }
        }
        None
    }

    fn len(&self) -> usize {
        self.slab.live()
    }

    fn slots(&self) -> usize {
        self.slab.len()
    }

    fn trim(&mut self) {
        let Self { table, slab, small, main, ghost, stir } = self;
        ghost.clear();
        slab.compact(|slab, from, to| {
            let hash = stir.hash(&slab.node(to).key);
            if let Some(place) = table.find_mut(hash, |&at| at == from) {
                *place = to;
            }
            match slab.node(to).queue {
                SMALL => small.moved(slab, to),
                _ => main.moved(slab, to),
            }
        });
        ghost.grow(slab.len());
        table.shrink_to_fit(|&at| stir.hash(&slab.node(at).key));
    }
}

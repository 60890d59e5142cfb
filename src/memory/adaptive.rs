//! The adaptive policy: S3-FIFO with a frequency gate and three modes ([`super::contest`]), of which [`super::duel`]
//! chooses the one that would hit most. A hit moves nothing and counts in its entry alone.

use super::ahead::Place;
use super::contest::{Choice, MAX_USES, Queues, Search, Weights};
use super::past::Past;
use super::policy::{Arrival, Entry, Evicted, Passing, PolicyIndex, Queue};
use super::slab::{List, NIL, Slab};
use super::table::Table;
use super::worth::Worth;
use crate::digest::Digest;
use crate::stir::Stir;
use crate::value::Value;
use std::sync::Arc;

const SMALL: u8 = 0;
const MAIN: u8 = 1;

/// Slots one hold of the lock looks at in a sweep.
const SWEEP_STEPS: usize = 4096;

/// The entries in their queues.
#[derive(Debug)]
struct Entries {
    slab: Slab,
    small: List,
    main: List,
    stir: Stir,
    /// The likely next victims of either queue, and their hashes.
    foreseen: [(u32, u64); 2],
}

impl Entries {
    fn foresee(&mut self, queue: Queue, at: u32) -> u64 {
        self.slab.foresee(at);
        let hash = self.hash(at);
        self.foreseen[queue as usize] = (at, hash);
        hash
    }

    /// Takes a node off its list.
    fn unlink(&mut self, at: u32) {
        match self.slab.node(at).queue {
            SMALL => self.small.unlink(&mut self.slab, at),
            _ => self.main.unlink(&mut self.slab, at),
        }
    }
}

impl Queues for Entries {
    /// In units of 64 bytes charged.
    fn weights(&self) -> Weights {
        let entries = u64::from(self.small.len()) + u64::from(self.main.len());
        Weights { small: self.small.units(), main: self.main.units(), entries }
    }

    fn main_len(&self) -> u32 {
        self.main.len()
    }

    fn tail(&self, queue: Queue) -> Option<u32> {
        match queue {
            Queue::Small => self.small.tail(),
            Queue::Main => self.main.tail(),
        }
    }

    fn before(&self, at: u32) -> Option<u32> {
        self.slab.before(at)
    }

    fn weight(&self, at: u32) -> u64 {
        self.slab.node(at).units()
    }

    fn hash(&self, at: u32) -> u64 {
        match self.foreseen {
            [(small, hash), _] if small == at => hash,
            [_, (main, hash)] if main == at => hash,
            _ => self.stir.hash(&self.slab.node(at).key),
        }
    }

    fn worth(&self, at: u32) -> Worth {
        let node = self.slab.node(at);
        Worth::of(node.value.as_ref(), node.units())
    }

    fn uses(&mut self, at: u32) -> &mut u8 {
        &mut self.slab.node_mut(at).uses
    }

    fn passes(&mut self, at: u32, passing: &mut Passing) -> bool {
        passing.passes(self.slab.node(at).value.as_ref())
    }

    fn move_to_main(&mut self, _: Queue, at: u32) {
        self.unlink(at);
        self.main.push_head(&mut self.slab, at);
    }
}

#[derive(Debug)]
pub(super) struct Adaptive {
    table: Table,
    entries: Entries,
    past: Past,
    choice: Arc<Choice>,
}

impl Adaptive {
    pub(super) fn new(stir: Stir, choice: Arc<Choice>) -> Self {
        let past = Past::new(stir.hash(&Digest([0; 32])));
        let entries = Entries {
            slab: Slab::new(),
            small: List::new(SMALL),
            main: List::new(MAIN),
            stir,
            foreseen: [(NIL, 0); 2],
        };
        Self { table: Table::new(), entries, past, choice }
    }

    fn find(&self, hash: u64, key: &Digest) -> Option<u32> {
        self.table.find(hash, |at| self.entries.slab.node(at).key == *key)
    }

    /// Asks for what giving up the oldest of a queue will need, unless that was done.
    fn foresee_victim(&mut self, queue: Queue) {
        let Some(next) = self.entries.tail(queue) else { return };
        if self.entries.foreseen[queue as usize].0 != next {
            let hash = self.entries.foresee(queue, next);
            self.foresee(hash);
        }
    }

    /// Takes a node off its list and out of the index.
    fn take(&mut self, hash: u64, at: u32) -> Option<Entry> {
        self.table.remove(hash, at);
        // Its node may be another key's soon.
        self.entries.foreseen.iter_mut().filter(|it| it.0 == at).for_each(|it| it.0 = NIL);
        self.entries.unlink(at);
        self.entries.slab.remove(at)
    }
}

impl PolicyIndex for Adaptive {
    // As S3-FIFO's 64 for a node, 1.1 for its page, and 22.9 for a table after churn. Where tables double: the sketch is
    // 12 to 24, and 12 more meanwhile, beside the ghost's 2 (later 4); the index table's 11.4 more come at other sizes.
    // The shadows are 3 × 50 for a 32nd of the entries, or up to a 16th: 9.4; those of the first 8,192 entries are in the
    // cache's fixed base. That is 135.4.
    const ENTRY_COST: u64 = 136;

    #[inline(always)]
    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value> {
        let at = self.find(hash, key)?;
        let node = self.entries.slab.node_mut(at);
        if node.uses < MAX_USES {
            node.uses += 1;
        }
        node.value.as_ref()
    }

    fn peek(&self, hash: u64, key: &Digest) -> Option<&Value> {
        self.entries.slab.node(self.find(hash, key)?).value.as_ref()
    }

    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry> {
        let Some(at) = self.find(hash, key) else { return Err(entry) };
        let Entries { slab, small, main, .. } = &mut self.entries;
        // A node in the index always holds a value, so an entry comes back.
        let Some(old) = slab.exchange(at, entry) else { unreachable!("an indexed node is empty") };
        match slab.node(at).queue {
            SMALL => small.recount(slab, at),
            _ => main.recount(slab, at),
        }
        Ok(old)
    }

    fn place(&self) -> Place {
        self.table.place()
    }

    fn sight(&self, hash: u64) -> u32 {
        self.table.first(hash).inspect(|&at| self.entries.slab.sight(at)).unwrap_or(NIL)
    }

    fn foresee_value(&self, node: u32) {
        self.entries.slab.foresee_value(node);
    }

    fn foresee(&self, hash: u64) {
        self.table.foresee(hash);
        self.past.foresee(hash);
    }

    fn arrive(&mut self, hash: u64) -> Arrival {
        self.past.arrive(hash)
    }

    fn insert(&mut self, arrival: &Arrival, key: &Digest, entry: Entry) -> Result<(), Entry> {
        let Entries { slab, small, main, stir, .. } = &mut self.entries;
        if self.table.try_reserve(1, |at| stir.hash(&slab.node(at).key)).is_err() {
            return Err(entry);
        }
        if slab.live() == slab.len() && self.past.grow(slab.len() + 1).is_err() {
            return Err(entry);
        }
        let at = slab.add(key, entry)?;
        match arrival.queue {
            Queue::Small => small.push_head(slab, at),
            Queue::Main => main.push_head(slab, at),
        }
        self.table.insert(arrival.hash, at, |at| stir.hash(&slab.node(at).key));
        Ok(())
    }

    fn remove(&mut self, hash: u64, key: &Digest) -> Option<Entry> {
        let at = self.find(hash, key)?;
        self.take(hash, at)
    }

    fn evict(&mut self, passing: &mut Passing, mut arrival: Option<&mut Arrival>) -> Option<Entry> {
        let freed = arrival.as_ref().map_or(0, |arrival| arrival.freed);
        let search = Search::new(&mut self.entries, &mut self.past, self.choice.get(), passing, freed);
        let at = search.run(arrival.as_deref_mut())?;
        if let Some(arrival) = arrival {
            arrival.freed += self.entries.weight(at);
        }
        let victim = self.take(self.entries.hash(at), at);
        self.foresee_victim(Queue::Small);
        self.foresee_victim(Queue::Main);
        victim
    }

    fn sweep(&mut self, matches: &dyn Fn(u64) -> bool, cursor: &mut usize, removed: &mut Evicted) {
        let end = self.sweep_end().min(*cursor + SWEEP_STEPS);
        while *cursor < end && !removed.is_full() {
            let at = *cursor as u32;
            *cursor += 1;
            let node = self.entries.slab.node(at);
            if node.value.is_some() && matches(node.tag) {
                removed.extend(self.take(self.entries.hash(at), at));
            }
        }
    }

    fn walk(&self, cursor: &mut usize, keys: &mut Vec<(Digest, u64)>) {
        self.entries.slab.walk(cursor, SWEEP_STEPS, keys);
    }

    fn sweep_end(&self) -> usize {
        self.entries.slab.len()
    }

    fn len(&self) -> usize {
        self.entries.slab.live()
    }

    fn slots(&self) -> usize {
        self.entries.slab.len()
    }

    fn trim(&mut self) {
        self.entries.foreseen = [(NIL, 0); 2];
        let Entries { slab, small, main, stir, .. } = &mut self.entries;
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
        self.past.restart(slab.len());
        let hash_of = |at: u32| stir.hash(&slab.node(at).key);
        for at in 0..slab.len() as u32 {
            smaller.insert(hash_of(at), at, hash_of);
        }
        self.table = smaller;
    }
}

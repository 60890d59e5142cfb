//! What waits to be written: the last write of each key, in the order of the first. It holds leases, so it is bounded.
//! Whatever leaves it is given to the caller, to be dropped without the lock: a value's destructor is foreign code.

use crate::digest::Digest;
use crate::tier::fences::Pass;
use crate::value::Value;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::hash::RandomState;

/// A result to be written.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) key: Digest,
    pub(crate) value: Value,
    /// The filter and state it belongs to, 0 for none.
    pub(crate) tag: u64,
    /// What the store's epoch was before it was computed.
    pub(crate) epoch: u64,
    /// In milliseconds of the wall clock, 0 for never.
    pub(crate) expires_ms: u64,
    /// What had been forgotten before it was computed.
    pub(crate) pass: Pass,
    /// It was not computed, but read elsewhere: what was put meanwhile is newer.
    pub(crate) is_copy: bool,
}

/// At most so many, and so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) entries: usize,
    pub(crate) bytes: u64,
}

impl Most {
    fn has_room_for(self, entries: usize, bytes: u64) -> bool {
        entries <= self.entries && bytes <= self.bytes
    }

    /// Whether one more is admitted beside so many: while there are fewer bytes than the limit, so that what is larger
    /// than the limit by itself is not shut out for ever.
    fn admits_beside(self, entries: usize, bytes: u64) -> bool {
        entries < self.entries && bytes < self.bytes
    }
}

#[derive(Debug)]
struct Queued {
    /// Its place in the order.
    number: u64,
    bytes: u64,
    write: Write,
}

/// What the thread took last and is writing.
#[derive(Clone, Copy, Debug)]
struct Taken {
    first: u64,
    entries: usize,
    bytes: u64,
}

/// What became of a write.
#[derive(Debug)]
#[allow(dead_code, reason = "what a variant holds is carried out of the lock, to be dropped there")]
pub(super) enum Pushed {
    Queued,
    /// In place of this one.
    Superseding(Write),
    /// There is no room for it, nor has that which it would have replaced been kept: it is out of date.
    Full(Write, Option<Write>),
}

#[derive(Debug)]
pub(super) struct Queue {
    most: Most,
    writes: HashMap<Digest, Queued, RandomState>,
    /// The numbers and keys, and those of some that were forgotten.
    order: VecDeque<(u64, Digest)>,
    next: u64,
    /// Of what is queued.
    bytes: u64,
    taken: Option<Taken>,
    /// Its keys.
    taken_keys: Vec<Digest>,
}

impl Queue {
    pub(super) fn new(most: Most) -> Self {
        Self {
            most,
            writes: HashMap::default(),
            order: VecDeque::new(),
            next: 0,
            bytes: 0,
            taken: None,
            taken_keys: Vec::new(),
        }
    }

    /// Changes how many bytes wait at most.
    pub(super) fn limit(&mut self, bytes: u64) {
        self.most.bytes = bytes;
    }

    /// Queues a write of this many bytes, which are to be those that it keeps in memory. One is always admitted.
    pub(super) fn push(&mut self, write: Write, bytes: u64) -> Pushed {
        let old = self.writes.get(&write.key).map(|old| (old.number, old.bytes));
        let others = self.writes.len() - usize::from(old.is_some());
        let bytes_of_others = self.bytes - old.map_or(0, |(_, bytes)| bytes);
        let (taken_entries, taken_bytes) = self.taken.map_or((0, 0), |taken| (taken.entries, taken.bytes));
        let fits =
            others == 0 || self.most.admits_beside(others + taken_entries, bytes_of_others.saturating_add(taken_bytes));
        if !fits || (old.is_none() && !self.grow()) {
            let replaced = self.forget(&write.key);
            return Pushed::Full(write, replaced);
        }
        let number = old.map_or(self.next, |(number, _)| number);
        self.bytes = bytes_of_others + bytes;
        let key = write.key;
        if old.is_none() {
            self.order.push_back((number, key));
            self.next += 1;
        }
        match self.writes.insert(key, Queued { number, bytes, write }) {
            Some(old) => Pushed::Superseding(old.write),
            None => Pushed::Queued,
        }
    }

    /// Makes room for one more; false where the allocator has none.
    fn grow(&mut self) -> bool {
        // What was forgotten leaves the order when it is the larger part.
        if self.order.len() > 2 * self.writes.len() + 64 {
            let writes = &self.writes;
            self.order.retain(|(number, key)| writes.get(key).is_some_and(|queued| queued.number == *number));
        }
        self.writes.try_reserve(1).is_ok() && self.order.try_reserve(1).is_ok()
    }

    pub(super) fn forget(&mut self, key: &Digest) -> Option<Write> {
        let Queued { bytes, write, .. } = self.writes.remove(key)?;
        self.bytes -= bytes;
        Some(write)
    }

    /// Forgets what bears one of these tags; nothing where there is no memory to put it, for its passes hold no more.
    pub(super) fn forget_tagged(&mut self, tags: &[u64]) -> Vec<Write> {
        let mut forgotten = Vec::new();
        if forgotten.try_reserve_exact(self.writes.len()).is_ok() {
            forgotten.extend(self.writes.extract_if(|_, queued| tags.contains(&queued.write.tag)).map(|(_, it)| {
                self.bytes -= it.bytes;
                it.write
            }));
        }
        forgotten
    }

    /// Forgets everything that is queued. What it gives is dropped as a whole.
    pub(super) fn clear(&mut self) -> impl ExactSizeIterator<Item = Write> + use<> {
        self.order = VecDeque::new();
        self.bytes = 0;
        std::mem::take(&mut self.writes).into_values().map(|queued| queued.write)
    }

    /// Moves the first writes into `batch`, which is empty and has room: one at least, as long as there is any.
    pub(super) fn take(&mut self, most: Most, batch: &mut Vec<Write>) {
        let mut bytes = 0;
        let mut first = None;
        while let Some((number, key)) = self.front() {
            let more = self.writes.get(&key).map_or(0, |queued| queued.bytes);
            if first.is_some() && !most.has_room_for(batch.len() + 1, bytes + more) {
                break;
            }
            first = first.or(Some(number));
            bytes += more;
            batch.extend(self.forget(&key));
        }
        self.taken = first.map(|first| Taken { first, entries: batch.len(), bytes });
        self.taken_keys.extend(batch.iter().map(|write| write.key));
    }

    /// What was taken is written or given up.
    pub(super) fn done(&mut self) {
        self.taken = None;
        self.taken_keys.clear();
    }

    /// The keys of what is being written.
    pub(super) fn taken_keys(&self) -> &[Digest] {
        &self.taken_keys
    }

    /// What is queued under a key.
    pub(super) fn get(&self, key: &Digest) -> Option<&Write> {
        self.writes.get(key).map(|queued| &queued.write)
    }

    /// The first that is queued.
    fn front(&mut self) -> Option<(u64, Digest)> {
        while let Some(&(number, key)) = self.order.front() {
            if self.writes.get(&key).is_some_and(|queued| queued.number == number) {
                return Some((number, key));
            }
            self.order.pop_front();
        }
        None
    }

    /// Every write before this number is written or gone.
    pub(super) fn done_up_to(&mut self) -> u64 {
        match self.taken {
            Some(taken) => taken.first,
            None => self.front().map_or(self.next, |(number, _)| number),
        }
    }

    /// The number of the next write.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// How many are being written.
    pub(super) fn taken(&self) -> usize {
        self.taken.map_or(0, |taken| taken.entries)
    }

    /// Whether another write would be queued.
    pub(super) fn has_room(&self) -> bool {
        let (entries, bytes) = self.pending();
        self.writes.is_empty() || self.most.admits_beside(entries, bytes)
    }

    /// How many are queued or being written, and their bytes.
    pub(super) fn pending(&self) -> (usize, u64) {
        let (entries, bytes) = self.taken.map_or((0, 0), |taken| (taken.entries, taken.bytes));
        (self.writes.len() + entries, self.bytes + bytes)
    }
}

#[cfg(test)]
impl Queue {
    pub(super) fn order_len(&self) -> usize {
        self.order.len()
    }
}

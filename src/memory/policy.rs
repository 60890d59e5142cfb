//! What an eviction policy is: the index of one shard, and the order in which it gives entries up. One file each, so
//! that a reader can compare them: [`super::s3fifo`], [`super::lru`] and
//! [`super::adaptive`].

use super::ahead::Place;
use super::slab::NIL;
use crate::digest::Digest;
use crate::value::Value;
use arrayvec::ArrayVec;

/// What a shard keeps under a key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// The first 8 bytes of the filter's tag, 0 without a filter: enough to find a filter's entries, never to tell
    /// two computations apart.
    pub(super) tag: u64,
}

/// The most entries one hold of the lock gives up.
pub(super) const MAX_EVICTED: usize = 64;

/// Entries on their way out, to be dropped without the lock.
pub(super) type Evicted = ArrayVec<Entry, MAX_EVICTED>;

/// How a search for victims treats leased entries: evicting one frees no bytes, so it is passed over.
#[derive(Debug)]
pub(super) struct Passing {
    so_far: u32,
    most: u32,
    /// Of them in the present hold of the lock.
    this_hold: u32,
    /// Set where the number of entries must shrink: evicting a leased one does that.
    takes_leased: bool,
}

impl Passing {
    /// The most leased entries one hold of the lock passes over.
    const A_HOLD: u32 = 1024;
    /// The most a put passes over, and where those were in one shard, in each other one.
    const A_PUT: u32 = 64;
    const ELSEWHERE: u32 = 8;

    /// For a put: after so many leased entries it gives a shard up.
    pub(super) const fn of_a_put() -> Self {
        Self { so_far: 0, most: Self::A_PUT, this_hold: 0, takes_leased: false }
    }

    /// For what must find room if there is any: a state, or a lower limit.
    pub(super) const fn patient() -> Self {
        Self { so_far: 0, most: u32::MAX, this_hold: 0, takes_leased: false }
    }

    /// For a lower limit on entries.
    pub(super) const fn over_none() -> Self {
        Self { so_far: 0, most: u32::MAX, this_hold: 0, takes_leased: true }
    }

    /// Whether this hold of the lock ends without a victim.
    pub(super) fn is_over(&self) -> bool {
        self.so_far >= self.most || self.is_paused()
    }

    /// The search goes on in another shard: that one of them has little but leases says nothing about the others.
    pub(super) fn go_elsewhere(&mut self) {
        self.most = self.most.max(self.so_far.saturating_add(Self::ELSEWHERE));
    }

    /// Whether the lock was held over enough leased entries, and the search may go on in another hold.
    pub(super) fn is_paused(&self) -> bool {
        self.this_hold >= Self::A_HOLD
    }

    /// Whether a shard of `len` entries was gone round: each may be passed once in either queue, and some move.
    pub(super) fn has_seen(&self, len: u64) -> bool {
        u64::from(self.so_far) >= 3 * len
    }

    pub(super) fn begin_hold(&mut self) {
        self.this_hold = 0;
    }

    /// Whether `value` is passed over; counts it if so.
    pub(super) fn passes(&mut self, value: Option<&Value>) -> bool {
        let passes = !self.takes_leased && value.is_some_and(Value::is_leased);
        self.so_far = self.so_far.saturating_add(passes.into());
        self.this_hold += u32::from(passes);
        passes
    }
}

/// Which of two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Small,
    Main,
}

/// A key that is about to be added, and where: a policy may let it compete with what would be evicted for it.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) hash: u64,
    pub(super) queue: Queue,
    /// What was evicted for it so far, in whatever the cache's size is counted in: its place, for where sizes differ it
    /// may take several.
    pub(super) freed: u64,
}

impl Arrival {
    pub(super) const fn new(hash: u64, queue: Queue) -> Self {
        Self { hash, queue, freed: 0 }
    }
}

/// `hash` is always the stirred hash of `key`. A slot is the index memory of one entry; slots freed by a removal are
/// kept for the next insert until [`PolicyIndex::trim`].
pub(super) trait PolicyIndex {
    /// Bytes of index one slot costs at worst, in the middle of any growth; what the budget is charged for it.
    const ENTRY_COST: u64;

    /// The value under `key`, counted as a use.
    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value>;

    /// The value under `key`, not counted.
    fn peek(&self, hash: u64, key: &Digest) -> Option<&Value>;

    /// Replaces the entry of a key that is here, and returns the old one; gives `entry` back if it is not.
    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry>;

    /// Where its table is, if that can be asked for from outside.
    fn place(&self) -> Place {
        Place::default()
    }

    /// Asks for the node that a key has as a rule, and says which it is.
    fn sight(&self, _hash: u64) -> u32 {
        NIL
    }

    /// Asks for what a node's value has in front; nothing for [`NIL`].
    fn foresee_value(&self, _node: u32) {}

    /// Asks for the memory that an insert of this key will need: the processor fetches it meanwhile.
    fn foresee(&self, _hash: u64) {}

    /// Notes that a key that is not here is about to be added, before anything is evicted for it.
    fn arrive(&mut self, hash: u64) -> Arrival {
        Arrival::new(hash, Queue::Small)
    }

    /// Adds a key that is not here, as [`PolicyIndex::arrive`] said; gives `entry` back, with nothing changed, where the allocator refuses.
    fn insert(&mut self, arrival: &Arrival, key: &Digest, entry: Entry) -> Result<(), Entry>;

    /// Removes a key.
    fn remove(&mut self, hash: u64, key: &Digest) -> Option<Entry>;

    /// Gives up the entry that matters least, for an arrival if there is one, or None when all that may be looked at is
    /// passed over.
    fn evict(&mut self, passing: &mut Passing, arrival: Option<&mut Arrival>) -> Option<Entry>;

    /// Moves entries whose tag `matches` to `removed` until it is full, looking at entries from `cursor` on and leaving
    /// it behind the last one looked at; at or beyond the end of the sweep there is none left.
    fn sweep(&mut self, matches: &dyn Fn(u64) -> bool, cursor: &mut usize, removed: &mut Evicted);

    /// Adds keys and tags from `cursor` on, as far as there is room for them, and leaves the cursor behind the last slot
    /// looked at, as a sweep does. A policy without such places adds all there are at once.
    fn walk(&self, cursor: &mut usize, keys: &mut Vec<(Digest, u64)>);

    /// Where a sweep ends.
    fn sweep_end(&self) -> usize;

    fn len(&self) -> usize;

    /// Slots that memory is held for, used or free.
    fn slots(&self) -> usize;

    /// Frees the memory of unused slots, or does nothing where the allocator refuses what that needs.
    fn trim(&mut self);
}

//! Nothing comes back from the dead: what is read from a store, or waits to be written to one, carries a pass, and that
//! holds until its key is removed, its tag purged or retired, or the whole cache purged. And nothing old takes the place
//! of something new: what was read is out of date once its key is put.
//!
//! Keys and tags share a fixed number of slots. Two that meet in one cost a promotion or a write, never an answer.

use crate::digest::Digest;
use crate::error::Result;
use crate::stir::Stir;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

pub(crate) const SLOTS: usize = 4096;

/// What the stores' epochs were, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epochs(pub(crate) [u64; 2]);

/// What had been purged, removed and put when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// What other processes had removed and purged, as far as was known before the result was read or its computation
    /// began.
    pub(crate) epochs: Epochs,
    put: u64,
    purge: u64,
    tag: u64,
    any_tag: u64,
    key: u64,
    tag_slot: u16,
    key_slot: u16,
    /// When memory took what is put, among all puts; 0 for what is not put.
    turn: u64,
}

impl Pass {
    pub(crate) fn at_turn(self, turn: u64) -> Self {
        Self { turn, ..self }
    }

    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    pub(crate) fn key_slot(&self) -> usize {
        usize::from(self.key_slot)
    }
}

/// Counts removals and purges. Whoever forgets something counts here first and forgets then; whoever stores takes its
/// pass first, and asks whether it holds where that is decided: under memory's lock, or right before a write. The order
/// of all these steps is one for all threads (SeqCst), so that no one need think about less.
#[derive(Debug)]
pub(crate) struct Fences {
    purge: AtomicU64,
    tags: Box<[AtomicU64]>,
    any_tag: AtomicU64,
    keys: Box<[AtomicU64]>,
    puts: Box<[AtomicU64]>,
    turns: AtomicU64,
    /// A caller's own keys need not be uniform.
    stir: Stir,
}

impl Fences {
    pub(crate) fn new() -> Result<Self> {
        let slots = || {
            let mut slots = Vec::new();
            slots.try_reserve_exact(SLOTS)?;
            slots.resize_with(SLOTS, AtomicU64::default);
            Result::Ok(slots.into_boxed_slice())
        };
        Ok(Self {
            purge: AtomicU64::new(0),
            any_tag: AtomicU64::new(0),
            tags: slots()?,
            keys: slots()?,
            puts: slots()?,
            turns: AtomicU64::new(0),
            stir: Stir::random(),
        })
    }

    /// To be taken before a result is looked up or computed.
    pub(crate) fn pass(&self, key: &Digest, tag: u64, epochs: Epochs) -> Pass {
        let (tag_slot, key_slot) = (slot_of(tag), slot_of(self.stir.hash(key)));
        Pass {
            epochs,
            put: self.puts[usize::from(key_slot)].load(SeqCst),
            purge: self.purge.load(SeqCst),
            tag: self.tags[usize::from(tag_slot)].load(SeqCst),
            any_tag: self.any_tag.load(SeqCst),
            key: self.keys[usize::from(key_slot)].load(SeqCst),
            tag_slot,
            key_slot,
            turn: 0,
        }
    }

    /// The next turn. Who takes it under memory's lock of a key has its puts in memory's order.
    pub(crate) fn turn(&self) -> u64 {
        1 + self.turns.fetch_add(1, SeqCst)
    }

    /// Whether nothing that the pass was given for has been forgotten since.
    pub(crate) fn holds(&self, pass: &Pass) -> bool {
        self.keys[usize::from(pass.key_slot)].load(SeqCst) == pass.key
            && self.tags[usize::from(pass.tag_slot)].load(SeqCst) == pass.tag
            && self.purge.load(SeqCst) == pass.purge
    }

    /// The same where the tag turned out to be another than the pass was given for: no tag may have been forgotten.
    pub(crate) fn holds_for_any_tag(&self, pass: &Pass) -> bool {
        self.holds(pass) && self.any_tag.load(SeqCst) == pass.any_tag
    }

    /// Whether nothing of these was forgotten since these fences were made.
    pub(crate) fn are_new_for(&self, key: &Digest, tag: u64) -> bool {
        let pass = self.pass(key, tag, Epochs::default());
        (pass.purge, pass.tag, pass.key) == (0, 0, 0)
    }

    /// Whether the key has not been put since the pass was given.
    pub(crate) fn is_unput(&self, pass: &Pass) -> bool {
        self.puts[usize::from(pass.key_slot)].load(SeqCst) == pass.put
    }

    /// A key is about to be put: what was read for it before is out of date from here on.
    pub(crate) fn put(&self, key: &Digest) {
        self.puts[usize::from(slot_of(self.stir.hash(key)))].fetch_add(1, SeqCst);
    }

    /// A key was removed.
    pub(crate) fn remove(&self, key: &Digest) {
        self.keys[usize::from(slot_of(self.stir.hash(key)))].fetch_add(1, SeqCst);
    }

    /// Filters were purged, or their earlier states retired.
    pub(crate) fn tags(&self, tags: &[u64]) {
        for &tag in tags {
            self.tags[usize::from(slot_of(tag))].fetch_add(1, SeqCst);
        }
        self.any_tag.fetch_add(1, SeqCst);
    }

    /// Everything was purged.
    pub(crate) fn purge(&self) {
        self.purge.fetch_add(1, SeqCst);
    }
}

/// Of a stirred key, or of a tag, which is a part of a digest as it is.
fn slot_of(hash: u64) -> u16 {
    (hash % SLOTS as u64) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_holds_until_what_it_was_given_for_is_forgotten() {
        let fences = Fences::new().unwrap();
        let (key, other, tag) = (Digest([1; 32]), Digest([2; 32]), 77);
        let ends = |forget: &dyn Fn()| {
            let pass = fences.pass(&key, tag, Epochs::default());
            assert!(fences.holds(&pass));
            forget();
            let held = fences.holds(&pass);
            assert!(fences.holds(&fences.pass(&key, tag, Epochs::default())), "a pass of later holds");
            !held
        };
        assert!(ends(&|| fences.remove(&key)));
        assert!(ends(&|| fences.tags(&[3, tag])));
        assert!(ends(&|| fences.purge()));
        assert!(!ends(&|| fences.tags(&[tag + 1])));
        let pass = fences.pass(&key, tag, Epochs::default());
        fences.tags(&[tag + 1]);
        assert!(fences.holds(&pass) && !fences.holds_for_any_tag(&pass));
        let pass = fences.pass(&key, tag, Epochs::default());
        assert!(fences.is_unput(&pass));
        fences.put(&key);
        assert!(fences.holds(&pass) && !fences.is_unput(&pass));
        let share_a_slot = slot_of(fences.stir.hash(&key)) == slot_of(fences.stir.hash(&other));
        assert_eq!(ends(&|| fences.remove(&other)), share_a_slot);
    }
}

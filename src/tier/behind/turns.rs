//! Two puts of one key may come to the queue in another order than to memory. What memory got last is what is written.

use crate::digest::Digest;
use crate::error::Result;
use crate::tier::fences::{Pass, SLOTS};

/// The last turn that was queued in each slot of keys, and a part of its key.
#[derive(Debug)]
pub(super) struct Turns(Box<[(u64, u64)]>);

impl Turns {
    pub(super) fn new() -> Result<Self> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS)?;
        slots.resize(SLOTS, (0, 0));
        Ok(Self(slots.into_boxed_slice()))
    }

    /// Whether nothing of the same key was queued that memory got later; what is not put has no turn, and may always.
    /// The slot remembers the later of two keys that share it, so that neither costs the other a write.
    pub(super) fn take(&mut self, key: &Digest, pass: &Pass) -> bool {
        let part = u64::from_le_bytes(*key.0.first_chunk().unwrap_or(&[0; 8]));
        let (turn, its_part) = &mut self.0[pass.key_slot()];
        if pass.turn() >= *turn {
            (*turn, *its_part) = (pass.turn(), part);
        }
        pass.turn() == 0 || pass.turn() == *turn || *its_part != part
    }
}

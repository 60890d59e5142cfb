//! Two puts of one key may come to the queue in another order than to memory. What memory got last is what is written.

use crate::digest::Digest;
use crate::error::Result;
use crate::stir::Stir;
use crate::tier::fences::{Pass, SLOTS};

/// What was queued of the keys that share a slot.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The key with the last turn of all, stirred: callers' own keys need not differ in any one part.
    key: u64,
    turn: u64,
    /// The last turn of all other keys, or a later one; less than `turn`.
    others: u64,
}

#[derive(Debug)]
pub(super) struct Turns {
    slots: Box<[Slot]>,
    stir: Stir,
}

impl Turns {
    pub(super) fn new() -> Result<Self> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS)?;
        slots.resize(SLOTS, Slot::default());
        Ok(Self { slots: slots.into_boxed_slice(), stir: Stir::random() })
    }

    /// Whether nothing of the same key was queued that memory got later; what is not put has no turn, and may always. Of
    /// two keys that share a slot neither costs the other a write. A third one may: what comes after later turns of two
    /// others is refused, for its own last turn may be forgotten.
    pub(super) fn take(&mut self, key: &Digest, pass: &Pass) -> bool {
        let turn = pass.turn();
        if turn == 0 {
            return true;
        }
        let (key, slot) = (self.stir.hash(key), &mut self.slots[pass.key_slot()]);
        if key == slot.key {
            let is_last = turn >= slot.turn;
            slot.turn = slot.turn.max(turn);
            return is_last;
        }
        if turn > slot.turn {
            *slot = Slot { key, turn, others: slot.turn };
        } else if turn > slot.others {
            slot.others = turn;
        } else {
            return false;
        }
        true
    }
}

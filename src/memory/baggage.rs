//! What an insert brings along from elsewhere, what it leaves over, and why it did not happen.

use super::policy::{Arrival, Entry, Passing};
use crate::budget::Reservation;
use crate::value::{Buffer, Value};
use arrayvec::ArrayVec;

/// Why an insert did not happen: nothing in this shard could be evicted for it, it was fenced, or the allocator refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacks {
    Slot,
    Permit,
    /// It was fenced meanwhile, or what is there stays.
    Leave,
    Memory,
}

/// What an insert brings along from elsewhere, and what it leaves over.
pub(super) struct Baggage<'a> {
    /// Bytes for one slot.
    pub(super) slot: Option<Reservation>,
    /// A victim's block, if it is as the new value needs it.
    pub(super) block: Option<Buffer>,
    /// Rights to hold one more entry, already counted.
    pub(super) permits: u64,
    /// The home shard's count of puts when the key was seen not to be there.
    pub(super) absent_at: Option<u64>,
    /// The key as one that is new to its home shard.
    pub(super) arrival: Option<Arrival>,
    /// Entries on their way out.
    pub(super) evicted: ArrayVec<Entry, 3>,
    /// Leased entries passed over so far.
    pub(super) passing: Passing,
    /// Where there is one, what is there under the key stays, and is put here.
    pub(super) kept: Option<&'a mut Option<Value>>,
    /// Whether it may still be stored, asked under the lock: whoever forbids it sweeps the shard afterwards.
    pub(super) leave: Option<&'a dyn Fn() -> bool>,
}

impl<'a> Baggage<'a> {
    pub(super) fn of_a_put(leave: Option<&'a dyn Fn() -> bool>) -> Self {
        Self {
            slot: None,
            block: None,
            permits: 0,
            absent_at: None,
            arrival: None,
            evicted: ArrayVec::new(),
            passing: Passing::of_a_put(),
            kept: None,
            leave,
        }
    }

    /// For what is not to replace anything.
    pub(super) fn of_an_addition(leave: &'a dyn Fn() -> bool, kept: &'a mut Option<Value>) -> Self {
        Self { kept: Some(kept), ..Self::of_a_put(Some(leave)) }
    }
}

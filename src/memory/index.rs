//! The index of a shard: one of the policies.

use super::adaptive::Adaptive;
use super::ahead::Place;
use super::contest::Choice;
use super::lru::Lru;
use super::policy::PolicyIndex;
use super::s3fifo::S3Fifo;
use crate::options::Policy;
use crate::stir::Stir;
use std::sync::Arc;

/// The policy, chosen once at open: a branch the processor learns, where a `dyn` call would not inline.
#[derive(Debug)]
pub(super) enum Index {
    S3Fifo(S3Fifo),
    Lru(Lru),
    Adaptive(Adaptive),
}

/// A call of whichever it is.
macro_rules! each {
    ($index:expr, $policy:ident => $call:expr) => {
        match $index {
            Index::S3Fifo($policy) => $call,
            Index::Lru($policy) => $call,
            Index::Adaptive($policy) => $call,
        }
    };
}

pub(super) use each;

impl Index {
    pub(super) fn new(policy: Policy, stir: &Stir, choice: &Arc<Choice>) -> Self {
        match policy {
            Policy::S3Fifo => Self::S3Fifo(S3Fifo::new(stir.clone())),
            Policy::Lru => Self::Lru(Lru::new()),
            Policy::Adaptive => Self::Adaptive(Adaptive::new(stir.clone(), Arc::clone(choice))),
        }
    }

    pub(super) fn len(&self) -> usize {
        each!(self, index => index.len())
    }

    /// Where its table is.
    pub(super) fn place(&self) -> Place {
        each!(self, index => index.place())
    }

    /// Asks for the node that a key has as a rule, and says which it is.
    pub(super) fn sight(&self, hash: u64) -> u32 {
        each!(self, index => index.sight(hash))
    }

    /// Asks for what a lookup reads of that node's value. Nothing may have left the shard meanwhile.
    pub(super) fn foresee_value(&self, node: u32) {
        each!(self, index => index.foresee_value(node));
    }
}

/// What the budget is charged for one slot of `policy`'s index.
pub(super) fn entry_cost(policy: Policy) -> u64 {
    match policy {
        Policy::S3Fifo => S3Fifo::ENTRY_COST,
        Policy::Lru => Lru::ENTRY_COST,
        Policy::Adaptive => Adaptive::ENTRY_COST,
    }
}

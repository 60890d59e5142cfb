//! What a filter is called under one of its states: from there come the keys of its chunks and the tag of its entries.

use crate::digest::{Digest, FilterDigest, Scope};
use crate::value::Value;

/// A state as a filter uses it, with everything derived from it once.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) state: Digest,
    /// None when only the digest is known.
    pub(crate) bytes: Option<Value>,
    pub(crate) name: Name,
}

/// What a filter is called under one of its states.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    /// Keys every chunk's output.
    pub(crate) filter: FilterDigest,
    /// What its entries carry.
    pub(crate) tag: u64,
}

impl Name {
    pub(crate) fn new(scope: &Scope, config: &Digest, state: &Digest) -> Self {
        let filter = scope.filter(config, state);
        let Digest([a, b, c, d, e, f, g, h, ..]) = filter.tag();
        Self { filter, tag: u64::from_le_bytes([a, b, c, d, e, f, g, h]) }
    }

    pub(crate) fn key(&self, chunk: &Digest) -> Digest {
        self.filter.output(chunk)
    }

    /// The keys of many chunks.
    pub(crate) fn keys(&self, chunks: &[Digest]) -> Vec<Digest> {
        self.filter.outputs(chunks)
    }

    /// The key of a stream's step from a recurrent state.
    pub(crate) fn step(&self, state: &Digest, chunk: &Digest) -> Digest {
        self.filter.step(state, chunk)
    }

    /// What names a stream's place.
    pub(crate) fn place(&self, state: &Digest) -> Digest {
        self.filter.place(state)
    }

    pub(crate) fn to_words(self) -> [u64; 5] {
        let [a, b, c, d] = self.filter.to_words();
        [a, b, c, d, self.tag]
    }

    pub(crate) fn from_words([a, b, c, d, tag]: [u64; 5]) -> Self {
        Self { filter: FilterDigest::from_words([a, b, c, d]), tag }
    }
}

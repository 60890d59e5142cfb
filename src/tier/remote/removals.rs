//! Which keys were removed when, so that nothing written later brings them back: a table of fixed size, in which two
//! keys of one place only cost a write.

use crate::digest::Digest;
use std::sync::atomic::{AtomicU64, Ordering};

const PLACES: usize = 4096;

pub(super) struct Removals {
    epoch: AtomicU64,
    /// The epoch that the last removal of a key of this place began.
    last: Box<[AtomicU64]>,
}

impl Default for Removals {
    fn default() -> Self {
        Self { epoch: AtomicU64::new(0), last: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Removals {
    fn last(&self, key: &Digest) -> &AtomicU64 {
        &self.last[usize::from(u16::from_le_bytes([key.0[0], key.0[1]])) % PLACES]
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) fn removed(&self, key: &Digest) {
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        self.last(key).fetch_max(epoch, Ordering::AcqRel);
    }

    /// Whether a result whose computation began in that epoch may be stored.
    pub(super) fn allow(&self, key: &Digest, epoch: u64) -> bool {
        self.last(key).load(Ordering::Acquire) <= epoch
    }
}

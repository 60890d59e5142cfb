//! Where a shard's index has what a search reads first, known without the shard's lock: so it can be asked for before the
//! lock is taken, and before a value is made that will be put there.

use crate::value::prefetch;
use std::ptr::without_provenance;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where hashbrown has its control bytes, one a bucket; the buckets, of 4 bytes each, lie before them, the first one last.
/// Only ever prefetched: were this another day's layout, or a table that is gone, lines would be fetched in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) control: usize,
    pub(super) mask: usize,
}

impl Place {
    /// Asks for what a search for `hash`, an insert or a removal needs.
    #[inline]
    pub(super) fn foresee(self, hash: u64) {
        let bucket = hash as usize & self.mask;
        prefetch(without_provenance::<u8>(self.control.wrapping_add(bucket)));
        prefetch(without_provenance::<u32>(self.control.wrapping_sub((bucket + 1) * size_of::<u32>())));
    }
}

/// The place of a shard's table, beside its lock. 0 where it has none.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    control: AtomicUsize,
    mask: AtomicUsize,
}

impl Ahead {
    /// The two may be of different tables for a moment.
    #[inline]
    pub(super) fn foresee(&self, hash: u64) {
        let control = self.control.load(Relaxed);
        if control != 0 {
            Place { control, mask: self.mask.load(Relaxed) }.foresee(hash);
        }
    }

    /// Told under the shard's lock.
    #[inline]
    pub(super) fn follow(&self, place: Place) {
        if self.control.load(Relaxed) != place.control || self.mask.load(Relaxed) != place.mask {
            self.control.store(place.control, Relaxed);
            self.mask.store(place.mask, Relaxed);
        }
    }
}

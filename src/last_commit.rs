//! When the last ticket of a batch was committed: what one thread computes one after the other is not counted from the
//! beginning for each, or 32 results would claim to have saved sixteen times what they cost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct LastCommit {
    /// When the batch began.
    began: Instant,
    /// The last commit, in nanoseconds since then.
    after: AtomicU64,
}

impl LastCommit {
    pub(crate) fn none_yet() -> Self {
        Self { began: Instant::now(), after: AtomicU64::new(0) }
    }

    /// When it was, or when the batch began.
    pub(crate) fn at(&self) -> Instant {
        self.began + Duration::from_nanos(self.after.load(Relaxed))
    }

    pub(crate) fn is_now(&self) {
        self.after.fetch_max(self.began.elapsed().as_nanos() as u64, Relaxed);
    }
}

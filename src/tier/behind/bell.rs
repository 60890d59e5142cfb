//! Something has happened: one thread rings, others wait for it. Std's lock and condition, whose state is in their own
//! few bytes, so that they work in a forked child, too.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Counts how often it rang, so that none who looked before it rang misses it.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Bell {
    /// To be asked before looking at what the bell tells of.
    pub(super) fn rung(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Waits until it has rung more often than `heard`; false when the time is up. None waits for ever.
    pub(super) fn wait(&self, heard: u64, until: Option<Instant>) -> bool {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while *rung == heard {
            rung = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(rung).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => self.changed.wait_timeout(rung, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        true
    }
}

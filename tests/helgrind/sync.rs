//! `src/flight/sync.rs` over `pthread_cond_t`, for the reason that `lock.rs` beside it gives: what sets a signal happens
//! before what waited for it, and helgrind sees that only here.
#![allow(unsafe_code, missing_docs)]

pub(crate) use crate::lock::Mutex;
use std::cell::UnsafeCell;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant, SystemTime};

#[derive(Debug)]
pub(crate) struct Signal {
    // Once they were used they must not move; none of ours does. Never destroyed, as in `lock.rs`.
    raw: UnsafeCell<libc::pthread_mutex_t>,
    changed: UnsafeCell<libc::pthread_cond_t>,
    set: UnsafeCell<bool>,
}

// SAFETY: `set` is reached only under the lock.
unsafe impl Send for Signal {}
// SAFETY: as above.
unsafe impl Sync for Signal {}

impl Default for Signal {
    fn default() -> Self {
        let (raw, changed) = (libc::PTHREAD_MUTEX_INITIALIZER, libc::PTHREAD_COND_INITIALIZER);
        Self { raw: UnsafeCell::new(raw), changed: UnsafeCell::new(changed), set: UnsafeCell::new(false) }
    }
}

impl Signal {
    pub(crate) fn set(&self) {
        // SAFETY: initialised, not moved since, and locked where `set` is touched.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(self.raw.get()), 0);
            *self.set.get() = true;
            libc::pthread_cond_signal(self.changed.get());
            libc::pthread_mutex_unlock(self.raw.get());
        }
    }

    pub(crate) fn wait(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        let end = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO) + left;
        let end = libc::timespec { tv_sec: end.as_secs() as _, tv_nsec: end.subsec_nanos() as _ };
        // SAFETY: as in `set`.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(self.raw.get()), 0);
            while !*self.set.get() {
                if libc::pthread_cond_timedwait(self.changed.get(), self.raw.get(), &end) != 0 {
                    break;
                }
            }
            *self.set.get() = false;
            libc::pthread_mutex_unlock(self.raw.get());
        }
    }
}

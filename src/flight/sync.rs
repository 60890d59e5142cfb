//! What the flights are built on: this library's lock and std's condition, or loom's, which tries every order of steps.

#[cfg(not(all(test, feature = "test-loom")))]
mod real {
    pub(crate) use crate::lock::Mutex;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
    use std::sync::{Condvar, Mutex as Plain, PoisonError};
    use std::time::Instant;

    /// A flag that one thread sets and another waits for. Std's: its state is in its own few bytes, so that it works
    /// in a forked child, too.
    #[derive(Debug, Default)]
    pub(crate) struct Signal {
        set: Plain<bool>,
        changed: Condvar,
    }

    impl Signal {
        pub(crate) fn set(&self) {
            *self.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.changed.notify_one();
        }

        /// Waits until it is set, and takes it back, or until the time is up.
        pub(crate) fn wait(&self, until: Instant) {
            let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
            while !*set {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                set = self.changed.wait_timeout(set, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            *set = false;
        }
    }
}

#[cfg(all(test, feature = "test-loom"))]
mod real {
    use loom::sync::Condvar;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};
    use std::time::Instant;

    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Signal {
        set: loom::sync::Mutex<bool>,
        changed: Condvar,
    }

    impl Default for Signal {
        fn default() -> Self {
            Self { set: loom::sync::Mutex::new(false), changed: Condvar::new() }
        }
    }

    impl Signal {
        pub(crate) fn set(&self) {
            *self.set.lock().unwrap() = true;
            self.changed.notify_one();
        }

        /// Loom has no time: whoever waits here waits until it is set, and a lost signal is a deadlock that loom finds.
        pub(crate) fn wait(&self, _until: Instant) {
            let mut set = self.set.lock().unwrap();
            while !*set {
                set = self.changed.wait(set).unwrap();
            }
            *set = false;
        }
    }
}

pub(crate) use real::{AtomicBool, AtomicU64, Mutex, Signal};

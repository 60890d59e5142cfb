//! The lock of this library: std's, whose state is all in its own few bytes. `parking_lot` keeps a table of waiting
//! threads for the whole process, and a fork copies that table with the waiters of a parent that don't exist in the
//! child: of 3,000 children that opened a cache of their own and used it from four threads, while eight used another in
//! the parent, one hung in that table.

use std::sync::{MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Std's own poisoning is not asked: after a contained panic the cache as a whole refuses further work.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! `src/lock.rs` over `pthread_mutex_t`. helgrind sees only the locks of POSIX threads: over std's, which are atomics and
//! futexes, all that they protect would look like a race, and one suppression would hide it all. With this in its place,
//! what is touched without its lock is found.
#![allow(unsafe_code, missing_docs)]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

pub struct Mutex<T> {
    // Once it was locked it must not move; none of ours does. Never destroyed: that would touch it, and whoever drops the
    // last `Arc` around it is ordered behind the others by an atomic count, which helgrind does not see.
    raw: UnsafeCell<libc::pthread_mutex_t>,
    data: UnsafeCell<T>,
}

// SAFETY: the data is reached only under the lock.
unsafe impl<T: Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Mutex<T> {}

pub struct Guard<'a, T>(&'a Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(data: T) -> Self {
        Self { raw: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), data: UnsafeCell::new(data) }
    }

    pub fn lock(&self) -> Guard<'_, T> {
        // SAFETY: initialised, and not moved since it was first locked.
        let failed = unsafe { libc::pthread_mutex_lock(self.raw.get()) };
        assert_eq!(failed, 0);
        Guard(self)
    }

    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        // SAFETY: as above.
        let failed = unsafe { libc::pthread_mutex_trylock(self.raw.get()) };
        (failed == 0).then(|| Guard(self))
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: locked.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: locked.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: locked by this guard.
        unsafe { libc::pthread_mutex_unlock(self.0.raw.get()) };
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

//! The lock of this library: `parking_lot`'s, and in a forked child std's. parking_lot keeps one table of waiting threads
//! for the process, and a fork copies that table with the waiters of a parent that don't exist in the child: of 3,000
//! children that opened a cache of their own and used it from four threads, while eight used another in the parent, one
//! hung in that table. Std's lock has all its state in its own few bytes.

use crate::process;
use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, TryLockError};

#[derive(Debug)]
pub(crate) enum Mutex<T> {
    Ordinary(parking_lot::Mutex<T>),
    InChild(std::sync::Mutex<T>),
}

pub(crate) enum Guard<'a, T> {
    Ordinary(parking_lot::MutexGuard<'a, T>),
    InChild(std::sync::MutexGuard<'a, T>),
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        if process::is_forked_child() {
            Self::InChild(std::sync::Mutex::new(value))
        } else {
            Self::Ordinary(parking_lot::Mutex::new(value))
        }
    }

    /// Std's poisoning is not asked: after a contained panic the cache as a whole refuses further work.
    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        match self {
            Self::Ordinary(lock) => Guard::Ordinary(lock.lock()),
            Self::InChild(lock) => Guard::InChild(lock.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// The guard, or None where another thread has it.
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        match self {
            Self::Ordinary(lock) => lock.try_lock().map(Guard::Ordinary),
            Self::InChild(lock) => match lock.try_lock() {
                Ok(guard) => Some(Guard::InChild(guard)),
                Err(TryLockError::Poisoned(poisoned)) => Some(Guard::InChild(poisoned.into_inner())),
                Err(TryLockError::WouldBlock) => None,
            },
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Ordinary(guard) => guard,
            Self::InChild(guard) => guard,
        }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Ordinary(guard) => guard,
            Self::InChild(guard) => guard,
        }
    }
}

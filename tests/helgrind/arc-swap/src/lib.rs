//! `arc_swap::ArcSwapOption` over a mutex that helgrind sees. arc-swap's own publishes by atomics alone: for helgrind,
//! whoever reads a filter's state would race with the thread that loaded it.

#[path = "../../lock.rs"]
mod lock;

use lock::Mutex;
use std::ops::Deref;
use std::sync::Arc;

#[derive(Debug, Default)]
pub struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

pub struct Guard<T>(Option<Arc<T>>);

impl<T> Deref for Guard<T> {
    type Target = Option<Arc<T>>;

    fn deref(&self) -> &Option<Arc<T>> {
        &self.0
    }
}

impl<T> ArcSwapOption<T> {
    pub fn empty() -> Self {
        Self(Mutex::new(None))
    }

    pub const fn const_empty() -> Self {
        Self(Mutex::new(None))
    }

    pub fn load(&self) -> Guard<T> {
        Guard(self.load_full())
    }

    pub fn load_full(&self) -> Option<Arc<T>> {
        self.0.lock().clone()
    }

    pub fn store(&self, value: Option<Arc<T>>) {
        drop(self.swap(value)); // once the lock is open
    }

    pub fn rcu(&self, mut change: impl FnMut(&Option<Arc<T>>) -> Option<Arc<T>>) {
        let mut inside = self.0.lock();
        let changed = change(&inside);
        let old = std::mem::replace(&mut *inside, changed);
        drop(inside);
        drop(old); // once the lock is open
    }

    pub fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        std::mem::replace(&mut *self.0.lock(), value)
    }
}

//! Imports under way. A file may hold what is forgotten while it is read, so each import is told of that.

use crate::lock::Mutex;
use crate::tier::fences::Fences;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Asked by every removal, so that those without an import beside them take no lock.
    are_any: AtomicBool,
    told: Mutex<Vec<Arc<Fences>>>,
}

impl Imports {
    /// From now on `fences` are told.
    pub(super) fn begin(&self, fences: &Arc<Fences>) {
        let mut told = self.told.lock();
        told.push(Arc::clone(fences));
        self.are_any.store(true, SeqCst);
    }

    pub(super) fn end(&self, fences: &Arc<Fences>) {
        let mut told = self.told.lock();
        told.retain(|it| !Arc::ptr_eq(it, fences));
        self.are_any.store(!told.is_empty(), SeqCst);
    }

    /// Before something is forgotten: whoever asks its fences under memory's lock knows of it, or is swept afterwards.
    pub(super) fn tell(&self, forgotten: impl Fn(&Fences)) {
        if self.are_any.load(SeqCst) {
            self.told.lock().iter().for_each(|fences| forgotten(fences));
        }
    }
}

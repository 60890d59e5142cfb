//! What a store counts of itself.

use super::fault::Fault;
use crate::lock::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(super) struct Tally {
    faults: AtomicU64,
    last_fault: Mutex<Option<Fault>>,
    too_large: AtomicU64,
}

impl Tally {
    pub(super) fn count(&self, fault: &Fault) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        *self.last_fault.lock() = Some(fault.clone());
    }

    pub(super) fn count_too_large(&self) {
        self.too_large.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn too_large(&self) -> u64 {
        self.too_large.load(Ordering::Relaxed)
    }

    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    pub(super) fn last_fault(&self) -> Option<String> {
        let fault = self.last_fault.lock().clone();
        fault.map(|fault| fault.to_string())
    }
}

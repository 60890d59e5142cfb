//! A store in this process's memory, for the tests: one can make it wait, fail and panic.

use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::process::wall_ms;
use crate::tier::envelope::Seal;
use crate::tier::{Purged, Sealed, Store, StoreStats};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const LONG: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Inside {
    pub(crate) entries: HashMap<Digest, (u64, Vec<u8>)>,
    /// The epochs of the last removals and purges.
    removed: HashMap<Digest, u64>,
    purged_tags: HashMap<u64, u64>,
    purged: u64,
    /// A write waits while it is closed, and says that it does; a read, when it has read and not yet told.
    is_closed: bool,
    holds_reads: bool,
    /// Only of this one, if it is named.
    holds_key: Option<Digest>,
    pub(crate) waiting: usize,
    pub(crate) mishap: Option<Mishap>,
    pub(crate) batches: Vec<usize>,
    /// When something was last removed.
    pub(crate) removed_at: Option<Instant>,
    /// Keys that were asked for.
    pub(crate) reads: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    Fault,
    Panic,
}

/// A store as the others: what was forgotten since an entry's epoch is left out.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    inside: std::sync::Mutex<Inside>,
    changed: Condvar,
    epoch: AtomicU64,
}

impl InMemory {
    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shut(&self, is_closed: bool) {
        self.lock().is_closed = is_closed;
        self.changed.notify_all();
    }

    pub(crate) fn hold_reads(&self, holds: bool) {
        self.lock().holds_reads = holds;
        self.changed.notify_all();
    }

    /// Reads of this key wait.
    pub(crate) fn hold_reads_of(&self, key: Digest) {
        self.lock().holds_key = Some(key);
        self.hold_reads(true);
    }

    /// Until the thread is inside and waits.
    pub(crate) fn await_visitor(&self) {
        let (_inside, time_out) =
            self.changed.wait_timeout_while(self.lock(), LONG, |inside| inside.waiting == 0).unwrap();
        assert!(!time_out.timed_out());
    }

    fn next_epoch(&self) -> u64 {
        self.epoch.fetch_add(1, SeqCst) + 1
    }

    /// What is stored under a key, opened.
    pub(crate) fn payload(&self, key: &Digest) -> Option<Vec<u8>> {
        let bytes = self.lock().entries.get(key)?.1.clone();
        Some(Seal::new(None).open(&bytes, key, wall_ms()).unwrap().payload().to_vec())
    }
}

impl Store for InMemory {
    fn get_many(&self, keys: &[Digest], _: Instant, found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        let mut inside = self.lock();
        let read: Vec<_> = keys.iter().map(|key| inside.entries.get(key).map(|(_, bytes)| bytes.clone())).collect();
        inside.reads += keys.len();
        inside.waiting += 1;
        self.changed.notify_all();
        let is_held =
            |inside: &mut Inside| inside.holds_reads && inside.holds_key.is_none_or(|held| keys.contains(&held));
        inside = self.changed.wait_while(inside, is_held).unwrap();
        inside.waiting -= 1;
        drop(inside);
        for (n, bytes) in read.iter().enumerate().filter_map(|(n, bytes)| Some((n, bytes.as_ref()?))) {
            found(n, bytes);
        }
        Ok(())
    }

    fn put_many(&self, entries: &[Sealed]) -> Result<usize> {
        thread::yield_now(); // others come first, as they do with a store that takes its time
        let mut inside = self.lock();
        inside.waiting += 1;
        self.changed.notify_all();
        inside = self.changed.wait_while(inside, |inside| inside.is_closed).unwrap();
        inside.waiting -= 1;
        inside.batches.push(entries.len());
        match inside.mishap {
            None => {}
            Some(Mishap::Fault) => return Err(Error::new(ErrorKind::Io, "out of order")),
            Some(Mishap::Panic) => panic!("on purpose"),
        }
        let mut taken = 0;
        for Sealed { key, tag, epoch, bytes, .. } in entries {
            let last = [inside.removed.get(key), inside.purged_tags.get(tag), Some(&inside.purged)];
            if last.into_iter().flatten().all(|last| last <= epoch) {
                inside.entries.insert(*key, (*tag, bytes.clone()));
                taken += 1;
            }
        }
        Ok(taken)
    }

    fn remove(&self, key: &Digest, _: Instant) -> Result<()> {
        let mut inside = self.lock();
        inside.removed.insert(*key, self.next_epoch());
        inside.removed_at = Some(Instant::now());
        inside.entries.remove(key);
        Ok(())
    }

    fn purge(&self, purged: Purged<'_>, _: Instant) -> Result<()> {
        let mut inside = self.lock();
        let epoch = self.next_epoch();
        match purged {
            Purged::Everything => {
                inside.purged = epoch;
                inside.entries.clear();
            }
            Purged::Tags(tags) => {
                inside.purged_tags.extend(tags.iter().map(|&tag| (tag, epoch)));
                inside.entries.retain(|_, (tag, _)| !tags.contains(tag));
            }
        }
        Ok(())
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(SeqCst)
    }

    fn stats(&self) -> StoreStats {
        StoreStats::default()
    }

    fn close(&self) {}
}

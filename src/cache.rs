//! The cache: what a handle stands for. A lookup is key → memory → account; a put the same way down. The seed's own
//! verbs live here too, for callers who make their keys themselves.

use crate::budget::Purpose;
use crate::digest::{self, Digest};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Mutex;
use crate::memory::{Memory, Put};
use crate::options::Options;
use crate::stats::CacheStats;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a named state costs the budget beside its bytes and its name: the map's entry and its slack.
const NAMED_STATE_COST: u64 = 256;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const PANICKED: u8 = 2;

/// What a put may say about its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct PutOptions {
    /// Nanoseconds the computation took, credited as time saved on every later hit; 0 where unknown.
    pub compute_ns: u64,
    /// Whether the caller wants a lease on what was put.
    pub lease: bool,
}

#[derive(Debug)]
struct NamedState {
    key: Digest,
    value: Value,
}

/// A thread-safe cache of results. Filters and leases may outlive the last handle.
#[derive(Debug)]
pub struct Cache {
    life: AtomicU8,
    memory: Memory,
    namespace: Digest,
    states: Mutex<HashMap<Box<str>, NamedState>>,
}

impl Cache {
    /// Opens a cache. Nothing is allocated in proportion to its limits.
    pub fn open(options: &Options) -> Result<Arc<Self>> {
        options.check()?;
        Ok(Arc::new(Self {
            life: AtomicU8::new(OPEN),
            memory: Memory::new(options)?,
            namespace: digest::namespace(""),
            states: Mutex::new(HashMap::new()),
        }))
    }

    /// Looks a result up under a ready key.
    pub fn get(&self, key: &Digest) -> Result<Option<Value>> {
        self.check_open()?;
        Ok(self.memory.get(key))
    }

    /// Stores a copy of `bytes` under a ready key.
    pub fn put(&self, key: &Digest, bytes: &[u8], options: PutOptions) -> Result<Put> {
        self.put_tagged(key, 0, bytes, options)
    }

    pub(crate) fn put_tagged(&self, key: &Digest, tag: u64, bytes: &[u8], options: PutOptions) -> Result<Put> {
        self.check_open()?;
        self.memory.put(key, tag, bytes, options.compute_ns, options.lease)
    }

    /// Copies a state into the budget: charged, never evicted. Results make room for it.
    pub(crate) fn hold_state(&self, bytes: &[u8], extra: u64) -> Result<Value> {
        self.check_open()?;
        let charge = Value::charge(bytes.len()).and_then(|charge| charge.checked_add(extra));
        let reservation = charge.and_then(|charge| self.memory.reserve(charge, Purpose::State)).ok_or_else(|| {
            let stats = self.memory.stats();
            Error::new(
                ErrorKind::NoSpace,
                format!(
                    "a state of {} bytes does not fit: max_bytes is {}, of which {} are held by other states and {} in all; raise max_bytes, or load the state by its digest alone",
                    bytes.len(), stats.max_bytes, stats.state_bytes, stats.bytes
                ),
            )
        })?;
        Value::copy_of(bytes, 0, reservation)
    }

    /// Keeps a state under a filter's id with the caller's key; replaces the id's old one. On failure that one stays.
    pub fn load_state(&self, id: &str, key: Digest, bytes: &[u8]) -> Result<()> {
        let value = self.hold_state(bytes, NAMED_STATE_COST + id.len() as u64)?;
        let old = self.states.lock().insert(id.into(), NamedState { key, value });
        drop(old); // a free of any size, without the lock
        Ok(())
    }

    /// The state and key kept under a filter's id.
    pub fn get_state(&self, id: &str) -> Result<Option<(Value, Digest)>> {
        self.check_open()?;
        Ok(self.states.lock().get(id).map(|state| (state.value.clone(), state.key)))
    }

    /// Forgets the state under a filter's id; says whether there was one.
    pub fn unload_state(&self, id: &str) -> Result<bool> {
        self.check_open()?;
        let old = self.states.lock().remove(id);
        Ok(old.is_some())
    }

    /// Forgets every result. States and leases stay.
    pub fn purge(&self) -> Result<()> {
        self.check_open()?;
        self.memory.purge();
        Ok(())
    }

    /// Refuses new work from now on, and forgets results and named states. Leases stay valid. Closing again is fine.
    pub fn close(&self) -> Result<()> {
        match self.life.compare_exchange(OPEN, CLOSED, Ordering::AcqRel, Ordering::Acquire) {
            Err(PANICKED) => Err(ErrorKind::Panic.into()),
            _ => {
                self.memory.purge();
                let states = std::mem::take(&mut *self.states.lock());
                drop(states);
                Ok(())
            }
        }
    }

    /// After a contained panic nothing inside can be trusted: every later call is refused.
    pub(crate) fn poison(&self) {
        self.life.store(PANICKED, Ordering::Release);
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        match self.life.load(Ordering::Relaxed) {
            OPEN => Ok(()),
            CLOSED => Err(ErrorKind::Closed.into()),
            _ => Err(ErrorKind::Panic.into()),
        }
    }

    pub(crate) fn namespace(&self) -> &Digest {
        &self.namespace
    }

    /// The counters and gauges.
    pub fn stats(&self) -> CacheStats {
        self.memory.stats()
    }
}

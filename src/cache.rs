//! The cache: what a handle stands for. A lookup is key → memory → account; a put the same way down. The seed's own
//! verbs live here too, for callers who make their keys themselves.

use crate::budget::Purpose;
use crate::digest::{self, Digest};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Mutex;
use crate::log::{self, Level};
use crate::memory::{Memory, Put};
use crate::options::{Options, UNLIMITED};
use crate::process::Birth;
use crate::stats::CacheStats;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

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

/// A thread-safe cache of results. Filters and leases may outlive the last handle. In a forked child it answers
/// FORKED: there, forget it (`std::mem::forget`) rather than drop it, as the C border does.
#[derive(Debug)]
pub struct Cache {
    birth: Birth,
    /// For logs: the n-th of this process.
    number: u64,
    life: AtomicU8,
    memory: Memory,
    namespace: Digest,
    states: Mutex<HashMap<Box<str>, NamedState>>,
}

impl Cache {
    /// Opens a cache. Nothing is allocated in proportion to its limits.
    pub fn open(options: &Options) -> Result<Arc<Self>> {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        options.check()?;
        let cache = Arc::new(Self {
            birth: Birth::here()?,
            number: 1 + OPENED.fetch_add(1, Ordering::Relaxed),
            life: AtomicU8::new(OPEN),
            memory: Memory::new(options)?,
            namespace: digest::namespace(""),
            states: Mutex::new(HashMap::new()),
        });
        log::say(Level::Info, "cache", || {
            let limit = |limit: u64| if limit == UNLIMITED { "unlimited".into() } else { limit.to_string() };
            let (bytes, chunks) = (limit(options.max_bytes), limit(options.max_chunks));
            let (number, policy, shards) = (cache.number, options.policy, cache.memory.shards());
            format!("cache {number} opened: max_bytes {bytes}, max_chunks {chunks}, policy {policy:?}, shards {shards}")
        });
        Ok(cache)
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
        let value = self.hold_state(bytes, NAMED_STATE_COST + id.len() as u64).inspect_err(|e| tell_refused(id, e))?;
        let old = self.states.lock().insert(id.into(), NamedState { key, value });
        if old.is_some() {
            log::say(Level::Info, "cache", || format!("state {id:?}: replaced"));
        }
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
        self.birth.check()?;
        match self.life.compare_exchange(OPEN, CLOSED, Ordering::AcqRel, Ordering::Acquire) {
            Err(PANICKED) => Err(ErrorKind::Panic.into()),
            was => {
                self.memory.purge();
                let states = std::mem::take(&mut *self.states.lock());
                drop(states);
                if was.is_ok() {
                    log::say(Level::Info, "cache", || format!("cache {} closed", self.number));
                }
                Ok(())
            }
        }
    }

    /// After a contained panic nothing inside can be trusted: every later call is refused.
    pub(crate) fn poison(&self) {
        self.life.store(PANICKED, Ordering::Release);
    }

    /// In which process it was opened.
    pub(crate) fn birth(&self) -> Birth {
        self.birth
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        self.birth.check()?;
        match self.life.load(Ordering::Relaxed) {
            OPEN => Ok(()),
            CLOSED => Err(ErrorKind::Closed.into()),
            _ => Err(ErrorKind::Panic.into()),
        }
    }

    pub(crate) fn namespace(&self) -> &Digest {
        &self.namespace
    }

    /// The counters and gauges; all 0 in a forked child, where they can't be read.
    pub fn stats(&self) -> CacheStats {
        if self.birth.is_here() { self.memory.stats() } else { CacheStats::default() }
    }
}

/// Says that a state was not taken. Not to be called under a lock.
pub(crate) fn tell_refused(id: &str, error: &Error) {
    if error.kind() == ErrorKind::NoSpace {
        log::say(Level::Warning, "cache", || format!("state {id:?}: {error}"));
    }
}

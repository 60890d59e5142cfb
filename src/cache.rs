//! The cache: what a handle stands for. A lookup is key → memory → account; a put the same way down. The seed's own
//! verbs live here too, for callers who make their keys themselves. `storing` has the puts, `once` the lookups of those who
//! compute what is missing, `many` those of a whole batch; `backing` goes on where memory has nothing, `forget` is for
//! removals and purges, `told` for what is counted.

mod backing;
mod forget;
mod imports;
mod many;
mod once;
mod outcomes;
mod passage;
mod promotion;
mod states;
mod storing;
mod told;

use crate::call::Flags;
use crate::digest::{Digest, Pool, Scope};
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Flights;
use crate::lock::Mutex;
use crate::log::{self, Level};
use crate::memory::Memory;
use crate::options::{self, Options, UNLIMITED};
use crate::process::{Birth, deadline_in};
use crate::stats::FilterUses;
use crate::tier::envelope::Seal;
use crate::value::{Draft, Value};
use backing::{Backing, Errand, Sought};
use imports::Imports;
pub(crate) use many::{Looked as LookedMany, Many};
pub(crate) use once::{Begun, Looked, Missed};
pub(crate) use passage::{Entered, Entrance};
use states::NamedState;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const PANICKED: u8 = 2;

/// A thread-safe cache of results. Filters and leases may outlive the last handle. In a forked child it answers
/// FORKED: there, forget it (`std::mem::forget`) rather than drop it, as the C border does.
#[derive(Debug)]
pub struct Cache {
    birth: Birth,
    /// For logs: the n-th of this process.
    number: u64,
    life: AtomicU8,
    memory: Memory,
    scope: Scope,
    ttl_ms: u64,
    /// Whether a result ever had a time to live.
    expires: AtomicBool,
    hashing: Pool,
    /// Lookups that were told not to look.
    bypassed: AtomicU64,
    /// Lookups that got the right to compute, the result of another's computation, or neither in time.
    filled: AtomicU64,
    coalesced: AtomicU64,
    busy: AtomicU64,
    flights: Arc<Flights<Value>>,
    /// What is behind memory.
    backing: Option<Backing>,
    /// Of what leaves for a file, and comes from one.
    seal: Seal,
    imports: Imports,
    states: Mutex<HashMap<Box<str>, NamedState>>,
    name: Box<str>,
    filters: Mutex<FilterUses>,
}

/// How a lookup ends.
pub(crate) enum Got {
    Hit(Value),
    /// Another caller had it read.
    Shared(Value),
    Miss,
    /// A store is asked, and the caller does not wait.
    Busy,
}

impl Cache {
    /// Opens a cache. Nothing is allocated in proportion to its limits.
    pub fn open(options: &Options) -> Result<Arc<Self>> {
        options.check()?;
        Self::over(options, Backing::open(options)?)
    }

    fn over(options: &Options, backing: Option<(Backing, Receiver<Errand>)>) -> Result<Arc<Self>> {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let (backing, errands) = backing.unzip();
        let cache = Arc::new(Self {
            birth: Birth::here()?,
            number: 1 + OPENED.fetch_add(1, Ordering::Relaxed),
            life: AtomicU8::new(OPEN),
            memory: Memory::new(options)?,
            scope: Scope::new(&options.namespace, options.secret.as_ref()),
            ttl_ms: options.ttl_ms,
            expires: AtomicBool::new(options.ttl_ms > 0),
            hashing: Pool::new(options.hash_threads)?,
            bypassed: AtomicU64::new(0),
            filled: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            flights: Flights::new(options.ticket_max_age()),
            backing,
            seal: Seal::new(options.secret.as_ref()),
            imports: Imports::default(),
            states: Mutex::new(HashMap::new()),
            name: options.name.clone(),
            filters: Mutex::default(),
        });
        if let Some(errands) = errands {
            Backing::start(&cache, errands)?;
        }
        log::say(Level::Info, "cache", || {
            let limit = |limit: u64| if limit == UNLIMITED { "unlimited".into() } else { limit.to_string() };
            let (bytes, chunks) = (limit(options.max_bytes), limit(options.max_chunks));
            let (called, policy, shards) = (cache.called(), options.policy, cache.memory.shards());
            format!("{called} opened: max_bytes {bytes}, max_chunks {chunks}, policy {policy:?}, shards {shards}")
        });
        Ok(cache)
    }

    /// What messages call it.
    fn called(&self) -> String {
        match &*self.name {
            "" => format!("cache {}", self.number),
            name => format!("cache {} {name:?}", self.number),
        }
    }

    /// The digest of a chunk, by the cache's own threads where it has some and the chunk is large.
    pub fn digest(&self, chunk: &[u8]) -> Digest {
        self.hashing.chunk(chunk)
    }

    /// Looks a result up under a ready key. With NO_WAIT nothing is found while a store is being asked.
    pub fn get(&self, key: &Digest, flags: Flags) -> Result<Option<Value>> {
        Ok(match self.lookup(key, 0, flags)? {
            Got::Hit(value) | Got::Shared(value) => Some(value),
            Got::Miss | Got::Busy => None,
        })
    }

    /// The same, and how it went. `tag` names the filter and state it is for, 0 for none.
    #[inline(always)]
    pub(crate) fn lookup(&self, key: &Digest, tag: u64, flags: Flags) -> Result<Got> {
        if flags != Flags::default() {
            return self.lookup_as_told(key, tag, flags);
        }
        self.check_open()?;
        // One look for both kinds of caches: a hit takes the same way.
        match (self.memory.look(key, u64::from(!self.is_backed())), &self.backing) {
            (Some(value), _) => Ok(Got::Hit(value)),
            (None, None) => Ok(Got::Miss),
            (None, Some(backing)) => self.beyond(backing, key, tag, flags),
        }
    }

    /// The same for a caller who wants it otherwise.
    #[inline(never)]
    fn lookup_as_told(&self, key: &Digest, tag: u64, flags: Flags) -> Result<Got> {
        let Some(backing) = self.backing(flags).filter(|_| !flags.peeks()) else {
            return Ok(self.get_here(key, flags)?.map_or(Got::Miss, Got::Hit));
        };
        self.check_open()?;
        let here = if flags.counts() { self.memory.find(key) } else { self.memory.peek(key) };
        here.map_or_else(|| self.beyond(backing, key, tag, flags), |value| Ok(Got::Hit(value)))
    }

    /// Whether there is anything behind memory. Where there is not, a lookup is [`Cache::get_here`], and as short as that.
    #[inline]
    pub(crate) fn is_backed(&self) -> bool {
        self.backing.is_some()
    }

    /// Looks a result up in memory alone.
    #[inline(always)]
    pub(crate) fn get_here(&self, key: &Digest, flags: Flags) -> Result<Option<Value>> {
        self.check_open()?;
        if flags.counts() && flags.looks() {
            return Ok(self.memory.get(key));
        }
        if !flags.counts() {
            return Ok(if flags.looks() { self.memory.peek(key) } else { None });
        }
        self.bypassed.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }

    /// A lookup that memory has nothing for.
    #[cold]
    fn beyond(&self, backing: &Backing, key: &Digest, tag: u64, flags: Flags) -> Result<Got> {
        let count = |counter: &AtomicU64| {
            if flags.counts() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        };
        Ok(match self.seek(backing, key, tag, flags) {
            Sought::Found(value) | Sought::InMemory(value) => Got::Hit(value),
            Sought::Shared(value) => {
                count(&self.coalesced);
                Got::Shared(value)
            }
            Sought::Nothing => {
                self.check_open()?; // closed meanwhile, it is not missing
                count(&self.filled);
                Got::Miss
            }
            Sought::Busy => {
                count(&self.busy);
                Got::Busy
            }
        })
    }

    /// Changes the byte limit. What is too much evicts in bounded steps; leased bytes count until their release, and
    /// until the gauge is under the new limit nothing is stored.
    pub fn set_max_bytes(&self, max_bytes: u64) -> Result<()> {
        self.check_open()?;
        options::check_max_bytes(max_bytes)?;
        if let Some(backing) = &self.backing {
            backing.stores.set_max_bytes(max_bytes);
        }
        self.memory.set_max_bytes(max_bytes);
        Ok(())
    }

    /// Changes the limit on results. What is too much is evicted in bounded steps.
    pub fn set_max_chunks(&self, max_chunks: u64) -> Result<()> {
        self.check_open()?;
        self.memory.set_max_chunks(max_chunks);
        Ok(())
    }

    /// Copies a state into the budget: charged, never evicted. Results make room for it.
    pub(crate) fn hold_state(&self, bytes: &[u8], extra: u64) -> Result<Value> {
        self.check_open()?;
        let draft = Draft::copy_of(bytes);
        let charge = draft.charge().and_then(|charge| charge.checked_add(extra));
        let reservation = charge.and_then(|charge| self.memory.reserve_state(charge)).ok_or_else(|| {
            let stats = self.memory.stats();
            Error::new(
                ErrorKind::NoSpace,
                format!(
                    "a state of {} bytes does not fit: max_bytes is {}, of which {} are held by other states and {} in all; raise max_bytes, or load the state by its digest alone",
                    bytes.len(), stats.max_bytes, stats.state_bytes, stats.bytes
                ),
            )
        })?;
        Value::make(draft, reservation)
    }

    /// Waits until all that was put before is written behind or given up; false when the time is up.
    pub fn flush(&self, timeout: Duration) -> Result<bool> {
        self.check_open()?;
        Ok(self.backing.as_ref().is_none_or(|backing| backing.stores.flush(timeout)))
    }

    /// Refuses new work from now on, writes behind what is queued, for as long as `timeout`, and forgets results and named
    /// states. Leases stay valid. Closing again is fine. Says how many writes were dropped.
    pub fn close(&self, timeout: Duration) -> Result<u64> {
        self.birth.check()?;
        match self.life.compare_exchange(OPEN, CLOSED, Ordering::SeqCst, Ordering::SeqCst) {
            Err(PANICKED) => Err(ErrorKind::Panic.into()),
            was => {
                self.flights.abandon_all();
                let dropped = self.backing.as_ref().map_or(0, |backing| backing.close(deadline_in(timeout)));
                self.memory.purge();
                let states = std::mem::take(&mut *self.states.lock());
                drop(states);
                if was.is_ok() {
                    log::say(Level::Info, "cache", || format!("{} closed, {dropped} writes dropped", self.called()));
                }
                Ok(dropped)
            }
        }
    }

    /// After a contained panic nothing inside can be trusted: every later call is refused.
    pub(crate) fn poison(&self) {
        self.life.store(PANICKED, Ordering::Release);
        self.flights.abandon_all();
        if let Some(backing) = &self.backing {
            backing.reads.abandon_all();
        }
    }

    /// In which process it was opened.
    pub(crate) fn birth(&self) -> Birth {
        self.birth
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        self.birth.check()?;
        match self.life.load(Ordering::Acquire) {
            OPEN => Ok(()),
            CLOSED => Err(ErrorKind::Closed.into()),
            _ => Err(ErrorKind::Panic.into()),
        }
    }

    /// What its filters are named under.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// Says that a state was not taken. Not to be called under a lock.
pub(crate) fn tell_refused(id: &str, error: &Error) {
    if error.kind() == ErrorKind::NoSpace {
        log::say(Level::Warning, "cache", || format!("state {id:?}: {error}"));
    }
}

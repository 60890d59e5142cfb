//! Filters: a configuration and its present state. Results follow the state's digest, so a swap never serves what
//! another state computed, and a rollback finds its own results again.

mod saved;
mod snapshot;
mod usage;

use crate::batch::Batch;
use crate::cache::{Cache, Looked, tell_refused};
use crate::call::{Flags, PutOptions};
use crate::digest::{self, Digest, FilterDigest};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::{Guard, Mutex};
use crate::log::{self, Level};
use crate::memory::Put;
use crate::named::{Bound, Name};
use crate::present::Present;
use crate::stats::{FilterCounters, FilterStats, FilterUse};
use crate::ticket::{Begin, Step};
use crate::value::{Payload, Value};
use arc_swap::ArcSwapOption;
use arrayvec::ArrayVec;
pub use snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
pub(crate) use usage::Found;
pub use usage::Lookup;
use usage::Use;

/// How many earlier states a filter knows a late put by.
const MAX_REMEMBERED: usize = 16;
/// Ids are for people: one of any length would be memory that no budget knows.
const MAX_ID: usize = 256;

/// A filter handle: its state belongs to it alone, not to its id.
#[derive(Debug)]
pub struct Filter {
    config: Digest,
    /// The present state's name, read on every lookup.
    present: Present<5>,
    current: ArcSwapOption<Bound>,
    /// Whether the handle has known another state than the present one.
    was_swapped: AtomicBool,
    /// Serialises swaps; the names of earlier states, oldest first.
    earlier: Mutex<Vec<Name>>,
    shared: Arc<Use>,
}

impl Filter {
    /// Opens a filter without a state. `id` is for people and logs: it is no part of any key. A filter whose answers
    /// are not `deterministic` bypasses the cache in every call.
    pub fn open(cache: &Arc<Cache>, id: &str, config: Digest, deterministic: bool) -> Result<Arc<Self>> {
        cache.check_open()?;
        if id.len() > MAX_ID {
            return Err(Error::invalid(format!("a filter's id of {} bytes: at most {MAX_ID}", id.len())));
        }
        let flags = if deterministic { Flags::default() } else { Flags::BYPASS };
        let counted = Arc::new(FilterUse { id: id.into(), counters: FilterCounters::default() });
        cache.add_filter(&counted);
        Ok(Arc::new(Self {
            shared: Arc::new(Use { cache: Arc::clone(cache), flags, counted }),
            config,
            present: Present::default(),
            current: ArcSwapOption::empty(),
            was_swapped: AtomicBool::new(false),
            earlier: Mutex::new(Vec::new()),
        }))
    }

    /// The id it was opened with.
    pub fn id(&self) -> &str {
        &self.shared.counted.id
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// Loads a trained state: hashed once, copied, charged. The same bytes again change nothing; on failure the old
    /// state stays.
    pub fn load_state(&self, bytes: &[u8]) -> Result<()> {
        self.cache().check_open()?; // before the lock, which in a forked child may be held for ever
        let state = digest::state(bytes);
        if self.holds(&state) {
            return self.cache().check_open();
        }
        // Before the lock: this evicts, copies, and may run destructors of external memory.
        let bytes = self.cache().hold_state(bytes, 0).inspect_err(|e| tell_refused(self.id(), e))?;
        self.adopt(state, bytes)
    }

    /// Makes a state that is held in the budget the present one.
    fn adopt(&self, state: Digest, bytes: Value) -> Result<()> {
        let mut earlier = self.to_swap()?;
        if self.holds(&state) {
            return Ok(());
        }
        let swapped = self.swap(&mut earlier, state, Some(bytes));
        drop(earlier);
        self.tell(swapped);
        Ok(())
    }

    /// Whether this state is loaded with its bytes.
    fn holds(&self, state: &Digest) -> bool {
        self.current.load().as_ref().is_some_and(|bound| bound.state == *state && bound.bytes.is_some())
    }

    /// Loads a state by its digest alone, the way for large models: nothing is copied or charged.
    pub fn load_state_digest(&self, state: Digest) -> Result<()> {
        self.cache().check_open()?;
        let mut earlier = self.to_swap()?;
        if self.current.load().as_ref().is_none_or(|bound| bound.state != state) {
            let swapped = self.swap(&mut earlier, state, None);
            drop(earlier);
            self.tell(swapped);
        }
        Ok(())
    }

    /// The names of earlier states, locked and with room for another.
    fn to_swap(&self) -> Result<Guard<'_, Vec<Name>>> {
        let mut earlier = self.earlier.lock();
        earlier.try_reserve(1)?;
        Ok(earlier)
    }

    /// Says which state gave way to which, by their tags. Not to be called under the lock.
    fn tell(&self, swapped: Option<(Arc<Bound>, u64)>) {
        if let Some((old, new)) = swapped {
            let old = old.name.tag;
            log::say(Level::Info, "filter", || {
                format!("filter {:?}: state {old:016x} gave way to {new:016x}", self.id())
            });
        }
    }

    /// Publishes a state in one step; lookups under way keep the one they began with. Answers with the old
    /// state, to be freed without the lock, and the new one's tag, if they differ.
    fn swap(&self, earlier: &mut Vec<Name>, state: Digest, bytes: Option<Value>) -> Option<(Arc<Bound>, u64)> {
        let name = Name::new(self.cache().scope(), &self.config, &state);
        let old = self.current.load_full();
        let swapped = old.filter(|old| old.state != state);
        if let Some(old) = &swapped {
            earlier.retain(|known| known.filter != old.name.filter && known.filter != name.filter);
            if earlier.len() == MAX_REMEMBERED {
                earlier.remove(0);
            }
            earlier.push(old.name);
            self.was_swapped.store(true, Ordering::Relaxed); // seen by whoever reads the new name below
        }
        self.current.store(Some(Arc::new(Bound { state, bytes, name })));
        self.present.write(name.to_words());
        swapped.map(|old| (old, name.tag))
    }

    /// The present state: its digest, and a lease on its bytes unless only the digest was loaded.
    pub fn state(&self) -> Result<(Option<Value>, Digest)> {
        self.snapshot().map(|snapshot| snapshot.state())
    }

    /// The filter as it is now, whatever is loaded later.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.cache().check_open()?;
        let bound = self.current.load_full().ok_or(ErrorKind::NoState)?;
        Ok(Snapshot { shared: Arc::clone(&self.shared), bound })
    }

    /// What it is called under its present state. Needs no memory, where a thread's first look at `current` does.
    #[inline]
    fn name(&self) -> Result<Name> {
        match self.present.read() {
            Some(words) => Ok(Name::from_words(words)),
            None => Ok(self.current.load().as_ref().ok_or(ErrorKind::NoState)?.name),
        }
    }

    /// The key of a chunk's result under the present state.
    pub fn key(&self, chunk: &Digest) -> Result<Digest> {
        self.cache().check_open()?;
        Ok(self.name()?.key(chunk))
    }

    /// Its part in the key of a pipeline.
    pub(crate) fn link(&self) -> Result<FilterDigest> {
        self.shared.link(&self.name()?)
    }

    /// The digest of a chunk, as its cache makes it.
    pub fn digest(&self, chunk: &[u8]) -> Digest {
        self.cache().digest(chunk)
    }

    /// Looks a chunk's result up under the present state.
    pub fn get(&self, chunk: &Digest, flags: Flags) -> Result<Lookup> {
        let mut key = Digest([0; 32]);
        self.find(chunk, flags, &mut key).map(|found| found.told(key))
    }

    /// The same; the key goes into `key`.
    #[inline]
    pub(crate) fn find(&self, chunk: &Digest, flags: Flags, key: &mut Digest) -> Result<Found> {
        self.shared.find(&self.name()?, chunk, flags, key)
    }

    /// Looks a chunk's result up under the present state; if it is missing, this caller gets the right to compute it,
    /// or waits until `wait` is over for the one who has it.
    pub fn begin(&self, chunk: &Digest, wait: Duration, flags: Flags) -> Result<Begin> {
        let name = self.name()?;
        let key = name.key(chunk);
        let missed = match self.shared.look(&key, flags)? {
            Looked::Hit(value) => return Ok(Begin::found(value)),
            Looked::Missed(missed) => missed,
        };
        let bound = self.current.load_full().ok_or(ErrorKind::NoState)?;
        if name.filter == bound.name.filter {
            return self.shared.begin(&bound, &key, missed, wait, flags, None);
        }
        // Swapped between the two readings: the ticket's state is the one its key names.
        self.shared.begin_under(&bound, &bound.name.key(chunk), wait, flags, None)
    }

    /// The present state, with all that is derived from it.
    pub(crate) fn bound(&self) -> Result<Arc<Bound>> {
        self.cache().check_open()?;
        self.current.load_full().ok_or_else(|| ErrorKind::NoState.into())
    }

    /// A stream's step under a state of this filter.
    pub(crate) fn begin_step(
        &self, bound: &Arc<Bound>, key: &Digest, wait: Duration, flags: Flags, step: Step,
    ) -> Result<Begin> {
        // What goes with a state never leaves memory.
        self.shared.begin_under(bound, key, wait, flags.with(Flags::MEMORY_ONLY), Some(step))
    }

    /// Looks the results of many chunks up under the present state, without waiting: what is missing is the batch's to
    /// compute, each distinct key once.
    pub fn begin_batch(&self, chunks: &[Digest], flags: Flags) -> Result<Arc<Batch>> {
        let bound = self.current.load_full().ok_or(ErrorKind::NoState)?;
        let Use { cache, flags: own, counted } = &*self.shared;
        Batch::begin(cache, bound, counted, chunks, own.with(flags))
    }

    /// Stores a chunk's result. `key` is the one its lookup used: it says which state computed the result, and may be
    /// left out only while this handle has had one state. A key of none of its states is refused.
    pub fn put(&self, chunk: &Digest, key: Option<&Digest>, bytes: &[u8], options: &PutOptions<'_>) -> Result<Put> {
        self.store(chunk, key, Payload::Copy(bytes), options)
    }

    pub(crate) fn store(
        &self, chunk: &Digest, key: Option<&Digest>, payload: Payload<'_>, options: &PutOptions<'_>,
    ) -> Result<Put> {
        let name = self.name()?;
        let present = name.key(chunk);
        let (key, tag) = match key {
            None if !self.was_swapped.load(Ordering::Relaxed) => (present, name.tag),
            None => {
                return Err(Error::invalid(
                    "this filter's state was swapped, so the result's state is not certain: pass the key its lookup gave, or put through a snapshot",
                ));
            }
            Some(key) if *key == present => (present, name.tag),
            Some(key) => (*key, self.tag_of(key, chunk)?),
        };
        self.shared.put(&key, tag, payload, options)
    }

    /// Forgets a chunk's result under the present state; says whether there was one.
    pub fn remove(&self, chunk: &Digest) -> Result<bool> {
        self.cache().remove(&self.name()?.key(chunk))
    }

    /// Forgets the results of the present state, of every handle that shares them; says how many.
    pub fn purge(&self) -> Result<u64> {
        let tag = self.name()?.tag;
        self.cache().remove_tagged(&[tag])
    }

    /// Forgets the results of this handle's other states (the last 16 of them); says how many.
    pub fn retire(&self) -> Result<u64> {
        self.cache().check_open()?;
        let tags: ArrayVec<u64, MAX_REMEMBERED> = {
            let earlier = self.earlier.lock();
            let present = self.name().ok().map(|name| name.tag);
            earlier.iter().map(|name| name.tag).filter(|&tag| Some(tag) != present).collect()
        };
        self.cache().remove_tagged(&tags)
    }

    /// What its calls and those of its snapshots counted.
    pub fn stats(&self) -> FilterStats {
        self.shared.counted.counters.read()
    }

    /// The tag of the state under which `chunk` has this key.
    fn tag_of(&self, key: &Digest, chunk: &Digest) -> Result<u64> {
        let earlier = self.earlier.lock();
        // The present state once more: between its first reading and the lock, an earlier one may have come back.
        let present = self.name().ok();
        let mut names = present.iter().chain(earlier.iter().rev());
        names.find(|name| name.key(chunk) == *key).map(|name| name.tag).ok_or_else(|| {
            Error::invalid("this key does not belong to this chunk under any state of this filter; pass the key that the chunk's lookup gave")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    /// A put reads the present state, another thread rolls back to the state of the put's key, then the put looks for
    /// that key among the earlier ones: it must find it, though it is the present one again.
    #[test]
    fn a_rollback_during_a_put_is_no_unknown_key() {
        let cache = Cache::open(&Options::default()).unwrap();
        let filter = Filter::open(&cache, "f", digest::config_bytes(b"config"), true).unwrap();
        let chunk = digest::chunk(b"chunk");
        filter.load_state(b"s1").unwrap();
        let key = filter.get(&chunk, Flags::default()).unwrap().key;
        filter.load_state(b"s2").unwrap();
        filter.load_state(b"s1").unwrap();
        assert!(filter.tag_of(&key, &chunk).is_ok());
        assert!(filter.tag_of(&digest::chunk(b"no key"), &chunk).is_err());
    }
}

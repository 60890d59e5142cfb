//! What is behind memory, for a lookup that found nothing there: the cache's stores, read once for all who miss the same
//! key, and what they have, promoted to memory.

use super::Cache;
use super::absent::Absent;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Claim, Flights, Join, Sharing, Turn, Watch};
use crate::log::{self, Level};
use crate::memory::{AT_ONCE, Put};
use crate::options::Options;
use crate::process::wall_ms;
use crate::tier::envelope::Opened;
use crate::tier::fences::Pass;
use crate::tier::stores::{Stores, Tier};
use crate::value::{Draft, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;

#[cfg(test)]
#[path = "backing_tests.rs"]
mod tests;

/// Reads for callers who don't wait; more of them are asked to come again.
const MOST_ERRANDS: usize = 1024;

/// How a lookup ends behind memory.
pub(super) enum Sought {
    /// A store had it.
    Found(Value),
    /// It is in memory by now, and counted there.
    InMemory(Value),
    /// Another caller had it read.
    Shared(Value),
    Nothing,
    /// It is being read, and this caller does not wait.
    Busy,
}

/// What a reading flight brings: None where no store has it.
type Read = Option<Value>;

/// A read for a caller who does not wait.
#[derive(Debug)]
pub(super) struct Errand {
    claim: Claim<Read>,
    tag: u64,
    flags: Flags,
}

#[derive(Debug)]
pub(super) struct Backing {
    pub(super) stores: Stores,
    pub(super) reads: Arc<Flights<Read>>,
    absent: Absent,
    errands: SyncSender<Errand>,
    /// Lookups that a store answered, and the compute time they saved.
    pub(super) hits: AtomicU64,
    pub(super) time_saved_ns: AtomicU64,
}

impl Backing {
    /// None where the options name no store. The receiver is for [`Backing::start`].
    pub(super) fn open(options: &Options) -> Result<Option<(Self, Receiver<Errand>)>> {
        Ok(Stores::open(options)?.map(Self::over))
    }

    fn over(stores: Stores) -> (Self, Receiver<Errand>) {
        let (errands, receiver) = sync_channel(MOST_ERRANDS);
        let (hits, time_saved_ns) = Default::default();
        let backing =
            Self { stores, reads: Flights::new(None), absent: Absent::default(), errands, hits, time_saved_ns };
        (backing, receiver)
    }

    /// Starts the thread that reads for those who don't wait. It ends with the cache.
    pub(super) fn start(cache: &Arc<Cache>, errands: Receiver<Errand>) -> Result<()> {
        let cache = Arc::downgrade(cache);
        let thread = thread::Builder::new().name("streamcache-reads".into());
        thread.spawn(move || run(&cache, &errands)).map(drop).map_err(|e| {
            Error::new(ErrorKind::NoMemory, format!("the thread that reads stores could not be started: {e}"))
        })
    }
}

fn run(cache: &Weak<Cache>, errands: &Receiver<Errand>) {
    for Errand { claim, tag, flags } in errands {
        let Some(cache) = cache.upgrade() else { return };
        let Some(backing) = &cache.backing else { return };
        let read = catch_unwind(AssertUnwindSafe(|| {
            let key = *claim.key();
            if cache.fetch(backing, claim, tag, flags).is_none() {
                backing.absent.add(&key);
            }
        }));
        if read.is_err() {
            cache.poison();
            log::say(Level::Error, "panic", || "a panic while a store was read was contained".into());
        }
    }
}

impl Cache {
    /// The stores, if there are any that this call asks.
    pub(super) fn backing(&self, flags: Flags) -> Option<&Backing> {
        self.backing.as_ref().filter(|backing| flags.looks() && backing.stores.are_asked(flags))
    }

    /// After memory had nothing: the stores.
    pub(super) fn seek(&self, backing: &Backing, key: &Digest, tag: u64, flags: Flags) -> Sought {
        let reads = &backing.reads;
        loop {
            let turn = match reads.join(reads.hash(key), key, tag, sharing(flags)) {
                Join::Mine(claim) => Turn::Mine(claim),
                Join::Landed(read) => Turn::Landed(read),
                Join::Theirs(_) if !flags.waits() => return Sought::Busy,
                Join::Theirs(watch) => watch.wait(super::deadline_in(backing.stores.timeout())),
            };
            return match turn {
                Turn::Mine(claim) if flags.waits() => self.fetch(backing, claim, tag, flags).unwrap_or(Sought::Nothing),
                Turn::Mine(claim) => self.send(backing, claim, tag, flags),
                Turn::Landed(Some(value)) => Sought::Shared(value),
                Turn::Landed(None) | Turn::TimeUp => Sought::Nothing,
                Turn::Again => continue,
            };
        }
    }

    /// Leaves a read to the thread; the caller comes again. What was lately found nowhere is not looked for once more.
    fn send(&self, backing: &Backing, claim: Claim<Read>, tag: u64, flags: Flags) -> Sought {
        if backing.absent.has(claim.key()) {
            return Sought::Nothing;
        }
        // Full, and the claim is dropped: others may read.
        let _ = backing.errands.try_send(Errand { claim, tag, flags });
        Sought::Busy
    }

    /// Reads one key for all who wait for it. For one who does not it counts nothing: that caller comes again, and is
    /// counted then.
    fn fetch(&self, backing: &Backing, mut claim: Claim<Read>, tag: u64, flags: Flags) -> Option<Sought> {
        let key = *claim.key();
        // What landed between the look there and this right.
        let here = if flags.waits() { self.memory.find(&key) } else { self.memory.peek(&key) };
        if let Some(value) = here {
            claim.land(&Some(value.clone()));
            return Some(Sought::InMemory(value));
        }
        let mut found = None;
        let promotion = Promotion::new(self, backing, &key, tag, flags);
        backing.stores.read(slice::from_ref(&key), flags, &mut |_, opened, tier| {
            found = promotion.promote(opened, tier, &claim);
        });
        claim.land(&found);
        found.map(|value| Sought::Found(if flags.waits() { backing.had(value) } else { value }))
    }

    /// [`Cache::seek`] for many keys, those at `wanted`: they are read together, and for as long as one.
    pub(super) fn seek_many(
        &self, backing: &Backing, keys: &[Digest], wanted: &[usize], tag: u64, flags: Flags,
    ) -> Vec<(usize, Sought)> {
        let reads = &backing.reads;
        let until = super::deadline_in(backing.stores.timeout());
        let hashed = wanted.iter().map(|&at| (at, reads.hash(&keys[at]))).collect();
        let (mut mine, mut theirs, mut sought): (Vec<_>, Vec<(usize, Watch<Read>)>, Vec<_>) = Default::default();
        for (at, _, join) in reads.join_many(hashed, keys, tag, sharing(flags), AT_ONCE) {
            match join {
                Join::Mine(mut claim) => match self.memory.find(&keys[at]) {
                    Some(value) => {
                        claim.land(&Some(value.clone()));
                        sought.push((at, Sought::InMemory(value)));
                    }
                    None => mine.push((at, claim, None, Promotion::new(self, backing, &keys[at], tag, flags))),
                },
                Join::Landed(read) => sought.push((at, read.map_or(Sought::Nothing, Sought::Shared))),
                Join::Theirs(watch) => theirs.push((at, watch)),
            }
        }
        let asked: Vec<Digest> = mine.iter().map(|(at, ..)| keys[*at]).collect();
        if !asked.is_empty() {
            backing.stores.read(&asked, flags, &mut |n, opened, tier| {
                let (_, claim, found, promotion) = &mut mine[n];
                *found = promotion.promote(opened, tier, claim);
            });
        }
        for (at, mut claim, found, _) in mine {
            claim.land(&found);
            sought.push((at, found.map_or(Sought::Nothing, |value| Sought::Found(backing.had(value)))));
        }
        for (at, watch) in theirs {
            sought.push((
                at,
                match watch.wait(until) {
                    Turn::Landed(Some(value)) => Sought::Shared(value),
                    _ => Sought::Nothing,
                },
            ));
        }
        sought
    }
}

impl Backing {
    /// Counts a lookup that a store answered.
    fn had(&self, value: Value) -> Value {
        self.hits.fetch_add(1, Relaxed);
        self.time_saved_ns.fetch_add(value.compute_ns(), Relaxed);
        value
    }
}

/// A read that leaves a store out is no answer for those who ask it.
fn sharing(flags: Flags) -> Sharing {
    if flags.asks(true) { Sharing::Full } else { Sharing::None }
}

/// What a value needs on its way from a store to memory. Made before the store is read.
struct Promotion<'a> {
    cache: &'a Cache,
    stores: &'a Stores,
    key: &'a Digest,
    tag: u64,
    flags: Flags,
    pass: Pass,
}

impl<'a> Promotion<'a> {
    fn new(cache: &'a Cache, backing: &'a Backing, key: &'a Digest, tag: u64, flags: Flags) -> Self {
        let stores = &backing.stores;
        Self { cache, stores, key, tag, flags, pass: stores.pass(key, tag) }
    }

    /// Puts what was read into memory, unless it was forgotten meanwhile; None where there is no memory for it.
    fn promote(&self, opened: &Opened<'_>, tier: Tier, claim: &Claim<Read>) -> Option<Value> {
        let Self { cache, stores, key, pass, flags, .. } = self;
        let tag = opened.header().tag;
        let may_stay = || !claim.is_fenced() && stores.holds(pass, self.tag == tag);
        let left_ms = opened.left_ms(wall_ms()).map_or(0, |left| left.max(1));
        let put = opened.with_draft(cache.expiry(left_ms), |draft| {
            cache.memory.put(key, tag, Draft { origin: tier as u8, ..draft }, true, Some(&may_stay))
        });
        let Ok(Put { value: Some(value), .. }) = put else { return None };
        value.know_content(opened.header().content);
        let _ = cache.still_open(key);
        if may_stay() {
            stores.write(key, tag, &value, *pass, *flags, Some(tier));
        }
        Some(value)
    }
}

//! What is behind memory, for a lookup that found nothing there: the cache's stores, read once for all who miss the same
//! key, and what they have, promoted to memory.

use super::Cache;
use super::outcomes::{Asked, Outcomes, Standing};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Claim, Flights, Join, Sharing, Turn, Watch};
use crate::lock::Mutex;
use crate::log::{self, Level};
use crate::memory::AT_ONCE;
use crate::options::Options;
use crate::process::deadline_in;
use crate::tier::fences::Pass;
use crate::tier::stores::{Source, Stores};
use crate::value::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::promotion::Promotion;

#[cfg(test)]
mod tests;

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
    key: Digest,
    tag: u64,
    flags: Flags,
}

impl Errand {
    fn asked(&self) -> Asked {
        (self.key, self.flags.asks(true))
    }
}

#[derive(Debug)]
pub(super) struct Backing {
    pub(super) stores: Stores,
    pub(super) reads: Arc<Flights<Read>>,
    outcomes: Outcomes,
    /// To the thread that reads for those who don't wait, and that thread, until they are closed.
    errands: Mutex<Option<Sender<Errand>>>,
    reader: Mutex<Option<JoinHandle<()>>>,
    /// Lookups that a store answered, and the compute time they saved.
    pub(super) hits: AtomicU64,
    pub(super) time_saved_ns: AtomicU64,
}

/// One key that this caller reads for all who wait for it.
struct Reading<'a> {
    at: usize,
    claim: Claim<Read>,
    promotion: Promotion<'a>,
    found: Read,
}

impl Backing {
    /// None where the options name no store. The receiver is for [`Backing::start`].
    pub(super) fn open(options: &Options) -> Result<Option<(Self, Receiver<Errand>)>> {
        Ok(Stores::open(options)?.map(Self::over))
    }

    fn over(stores: Stores) -> (Self, Receiver<Errand>) {
        let (errands, receiver) = channel();
        let (outcomes, reader, hits, time_saved_ns) = Default::default();
        let (reads, errands) = (Flights::new(None), Mutex::new(Some(errands)));
        (Self { stores, reads, outcomes, errands, reader, hits, time_saved_ns }, receiver)
    }

    /// Starts the thread that reads for those who don't wait. It ends when the cache is closed, or with it.
    pub(super) fn start(cache: &Arc<Cache>, errands: Receiver<Errand>) -> Result<()> {
        let Some(backing) = &cache.backing else { return Ok(()) };
        let cache = Arc::downgrade(cache);
        let thread = thread::Builder::new().name("streamcache-reads".into());
        let reader = thread.spawn(move || run(&cache, &errands)).map_err(|e| {
            Error::new(ErrorKind::NoMemory, format!("the thread that reads stores could not be started: {e}"))
        })?;
        *backing.reader.lock() = Some(reader);
        Ok(())
    }

    /// Ends the reads and the thread, which is waited for until `until` at the latest, and the stores; says how many
    /// writes were dropped.
    pub(super) fn close(&self, until: Instant) -> u64 {
        *self.errands.lock() = None;
        self.reads.abandon_all();
        let dropped = self.stores.close(until);
        let reader = self.reader.lock().take();
        if let Some(reader) = reader.filter(|reader| reader.thread().id() != thread::current().id()) {
            while !reader.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
            if reader.is_finished() {
                let _ = reader.join(); // its panics were contained, and told
            }
        }
        dropped
    }

    /// Leaves a read to the thread; the caller comes again, and is told then if it brought nothing.
    fn send(&self, key: &Digest, tag: u64, flags: Flags) -> Sought {
        let errand = Errand { key: *key, tag, flags };
        let asked = errand.asked();
        match self.outcomes.ask(asked, Instant::now()) {
            Standing::Nothing => return Sought::Nothing,
            Standing::UnderWay | Standing::Full => {}
            Standing::New => {
                let sent = self.errands.lock().as_ref().is_some_and(|errands| errands.send(errand).is_ok());
                if !sent {
                    self.outcomes.end(asked, false); // closed meanwhile
                }
            }
        }
        Sought::Busy
    }

    /// After a result was put: whoever waits for it to be read gets it, and the stores.
    pub(super) fn put(&self, key: &Digest, tag: u64, value: &Value, pass: Pass, flags: Flags) {
        if let Some(read) = self.reads.fence_key(key) {
            read.overtake(Some(value.clone()));
        }
        self.stores.write(key, tag, value, pass, flags, Source::Computed);
        self.outcomes.forget(key);
    }

    /// What waits to be written: counted as the store's, which will have it.
    fn queued(&self, key: &Digest, flags: Flags) -> Option<Sought> {
        self.stores.queued(key, flags).map(|value| Sought::Found(self.had(value, flags)))
    }

    /// Counts a lookup that a store answered.
    fn had(&self, value: Value, flags: Flags) -> Value {
        if flags.counts() {
            self.had_again(&value);
        }
        value
    }

    /// The same for another one that is answered by the same.
    pub(super) fn had_again(&self, value: &Value) {
        self.hits.fetch_add(1, Relaxed);
        self.time_saved_ns.fetch_add(value.compute_ns(), Relaxed);
    }
}

fn run(cache: &Weak<Cache>, errands: &Receiver<Errand>) {
    let mut together = Vec::new();
    while let Ok(first) = errands.recv() {
        let Some(cache) = cache.upgrade() else { return };
        let Some(backing) = &cache.backing else { return };
        together.push(first);
        together.extend(errands.try_iter().take(AT_ONCE - 1));
        let read = catch_unwind(AssertUnwindSafe(|| {
            for remote in [true, false] {
                let errands: Vec<&Errand> =
                    together.iter().filter(|errand| errand.flags.asks(true) == remote).collect();
                cache.run_errands(backing, &errands);
            }
        }));
        if read.is_err() {
            cache.poison();
            log::say(Level::Error, "panic", || "a panic while a store was read was contained".into());
        }
        together.clear();
    }
}

impl Cache {
    /// The stores, if there are any that this call asks.
    pub(super) fn backing(&self, flags: Flags) -> Option<&Backing> {
        self.backing.as_ref().filter(|backing| flags.looks() && backing.stores.are_asked(flags))
    }

    /// After memory had nothing: the stores.
    pub(super) fn seek(&self, backing: &Backing, key: &Digest, tag: u64, flags: Flags) -> Sought {
        if !flags.waits() {
            let queued = backing.queued(key, flags);
            return queued.unwrap_or_else(|| backing.send(key, tag, flags));
        }
        let (reads, until) = (&backing.reads, deadline_in(backing.stores.timeout()));
        loop {
            let turn = match reads.join(reads.hash(key), key, tag, sharing(flags)) {
                Join::Mine(claim) => Turn::Mine(claim),
                Join::Landed(read) => Turn::Landed(read),
                Join::Theirs(watch) => watch.wait(until),
            };
            return match turn {
                Turn::Mine(claim) => self.fetch(backing, claim, tag, flags, until),
                Turn::Landed(read) => read.map_or(Sought::Nothing, Sought::Shared),
                Turn::TimeUp => self.find(key, flags).map_or(Sought::Nothing, Sought::InMemory),
                Turn::Again => continue,
            };
        }
    }

    /// What memory has by now.
    fn find(&self, key: &Digest, flags: Flags) -> Option<Value> {
        if flags.counts() { self.memory.find(key) } else { self.memory.peek(key) }
    }

    /// Reads one key for all who wait for it.
    fn fetch(&self, backing: &Backing, claim: Claim<Read>, tag: u64, flags: Flags, until: Instant) -> Sought {
        let key = *claim.key();
        let mut reading = match self.reading(backing, 0, claim, tag, flags) {
            Ok(reading) => reading,
            Err(found) => return found,
        };
        self.read(backing, slice::from_ref(&key), slice::from_mut(&mut reading), flags, until);
        reading.found.map_or(Sought::Nothing, |value| Sought::Found(backing.had(value, flags)))
    }

    /// A read that may begin, or what landed between the look into memory and this right, or waits to be written.
    fn reading<'a>(
        &'a self, backing: &'a Backing, at: usize, mut claim: Claim<Read>, tag: u64, flags: Flags,
    ) -> std::result::Result<Reading<'a>, Sought> {
        let here = self.find(claim.key(), flags).map(Sought::InMemory);
        if let Some(found) = here.or_else(|| backing.queued(claim.key(), flags)) {
            if let Sought::InMemory(value) | Sought::Found(value) = &found {
                claim.land(&Some(value.clone()));
            }
            return Err(found);
        }
        let promotion = Promotion::new(self, &backing.stores, claim.key(), tag, flags);
        Ok(Reading { at, claim, promotion, found: None })
    }

    /// Reads some keys together, and tells those who wait for each as soon as it is there.
    fn read(&self, backing: &Backing, keys: &[Digest], readings: &mut [Reading<'_>], flags: Flags, until: Instant) {
        if keys.is_empty() {
            return;
        }
        backing.stores.read(keys, flags, until, &mut |n, opened, tier| {
            let Reading { claim, promotion, found, .. } = &mut readings[n];
            *found = promotion.promote(opened, tier, claim)?;
            if found.is_some() {
                claim.land(found);
            }
            Ok(())
        });
        readings.iter_mut().filter(|it| it.found.is_none()).for_each(|it| {
            it.claim.land(&None);
        });
    }

    /// [`Cache::seek`] for many keys, those at `wanted`: they are read together, and for as long as one.
    pub(super) fn seek_many(
        &self, backing: &Backing, keys: &[Digest], wanted: &[usize], tag: u64, flags: Flags,
    ) -> Vec<(usize, Sought)> {
        let reads = &backing.reads;
        let until = deadline_in(backing.stores.timeout());
        let hashed = wanted.iter().map(|&at| (at, reads.hash(&keys[at]))).collect();
        let (mut mine, mut theirs, mut sought): (Vec<_>, Vec<(usize, Watch<Read>)>, Vec<_>) = Default::default();
        for (at, _, join) in reads.join_many(hashed, keys, tag, sharing(flags), AT_ONCE) {
            match join {
                Join::Mine(claim) => match self.reading(backing, at, claim, tag, flags) {
                    Ok(reading) => mine.push(reading),
                    Err(found) => sought.push((at, found)),
                },
                Join::Landed(read) => sought.push((at, read.map_or(Sought::Nothing, Sought::Shared))),
                Join::Theirs(watch) => theirs.push((at, watch)),
            }
        }
        let asked: Vec<Digest> = mine.iter().map(|reading| keys[reading.at]).collect();
        self.read(backing, &asked, &mut mine, flags, until);
        for Reading { at, found, .. } in mine {
            sought.push((at, found.map_or(Sought::Nothing, |value| Sought::Found(backing.had(value, flags)))));
        }
        for (at, watch) in theirs {
            sought.push((
                at,
                match watch.wait(until) {
                    Turn::Landed(Some(value)) => Sought::Shared(value),
                    Turn::Landed(None) => Sought::Nothing,
                    _ => self.find(&keys[at], flags).map_or(Sought::Nothing, Sought::InMemory),
                },
            ));
        }
        sought
    }

    /// Reads for callers who don't wait. Nothing is counted: they come again, and are counted then.
    fn run_errands(&self, backing: &Backing, errands: &[&Errand]) {
        let Some(flags) = errands.first().map(|errand| errand.flags) else { return };
        let mut mine = Vec::new();
        for (at, Errand { key, tag, flags }) in errands.iter().enumerate() {
            // Memory is the only way for it to reach its caller.
            let flags = flags.with(Flags::UNCOUNTED).without(Flags::READ_ONLY);
            let tells = match backing.reads.join(backing.reads.hash(key), key, *tag, sharing(flags)) {
                Join::Mine(claim) => match self.reading(backing, at, claim, *tag, flags) {
                    Ok(reading) => {
                        mine.push(reading);
                        continue;
                    }
                    Err(_) => false,
                },
                Join::Landed(read) => read.is_none(),
                Join::Theirs(_) => false, // who comes again finds it, or has it looked for
            };
            backing.outcomes.end(errands[at].asked(), tells);
        }
        let keys: Vec<Digest> = mine.iter().map(|reading| errands[reading.at].key).collect();
        self.read(backing, &keys, &mut mine, flags, deadline_in(backing.stores.timeout()));
        for Reading { at, found, .. } in mine {
            // What memory has no room for would be read again and again.
            let tells = found.is_none() || self.memory.peek(&errands[at].key).is_none();
            backing.outcomes.end(errands[at].asked(), tells);
        }
    }
}

/// A read that leaves a store out is no answer for those who ask it.
fn sharing(flags: Flags) -> Sharing {
    if flags.asks(true) { Sharing::Full } else { Sharing::None }
}

//! Single flight: of all who miss the same key, one computes and the others wait for the result. This room knows keys
//! and numbers; what a result is, and where it is kept, `cache` knows.

mod claim;
mod one;
mod seats;
mod sync;
#[cfg(test)]
mod tests;

use crate::call::Flags;
use crate::digest::Digest;
use crate::stir::Stir;
pub(crate) use claim::{Claim, Watch};
use hashbrown::HashTable;
use one::End;
use one::{Flight, Found};
pub(crate) use seats::Seats;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use sync::{AtomicU64, Mutex};

/// Enough that threads on different keys seldom meet.
const SHARDS: usize = 16;

/// Two cache lines, for processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Shard<T> {
    /// How many flights left it. Whoever sees the same number before a look into memory and after joining a flight
    /// knows that none landed between the two.
    departed: AtomicU64,
    flights: Mutex<HashTable<Arc<Flight<T>>>>,
}

/// All that is being computed.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    shards: [Shard<T>; SHARDS],
    stir: Stir,
    /// Past it a waiter takes the right from its owner.
    max_age: Option<Duration>,
    numbers: AtomicU64,
    open: AtomicU64,
}

/// What a lookup has to do with those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It waits for others, and others for it.
    Full,
    /// It waits for others; what comes of it is not stored, so others compute for themselves.
    Waits,
    /// Neither.
    None,
}

impl Sharing {
    pub(crate) fn of(flags: Flags) -> Self {
        match (flags.stores(), flags.looks()) {
            (true, _) => Self::Full,
            (false, true) => Self::Waits,
            (false, false) => Self::None,
        }
    }
}

/// How joining ends.
#[derive(Debug)]
pub(crate) enum Join<T: Clone> {
    Mine(Claim<T>),
    Theirs(Watch<T>),
    /// It is there this moment.
    Landed(T),
}

/// How waiting ends.
#[derive(Debug)]
pub(crate) enum Turn<T: Clone> {
    Mine(Claim<T>),
    Landed(T),
    /// Its owner gave up and there is no flight any more: begin anew.
    Again,
    TimeUp,
}

/// What [`Flights::departed`] was, for every key.
pub(crate) struct Departed([u64; SHARDS]);

impl Departed {
    pub(crate) fn of(&self, hash: u64) -> u64 {
        self.0[home(hash)]
    }
}

fn home(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

impl<T: Clone> Flights<T> {
    pub(crate) fn new(max_age: Option<Duration>) -> Arc<Self> {
        Self::with(max_age, Stir::random())
    }

    fn with(max_age: Option<Duration>, stir: Stir) -> Arc<Self> {
        let shard = |_| Shard { departed: AtomicU64::new(0), flights: Mutex::new(HashTable::new()) };
        Arc::new(Self {
            shards: std::array::from_fn(shard),
            stir,
            max_age,
            numbers: AtomicU64::new(0),
            open: AtomicU64::new(0),
        })
    }

    pub(crate) fn hash(&self, key: &Digest) -> u64 {
        self.stir.hash(key)
    }

    fn shard(&self, hash: u64) -> &Shard<T> {
        &self.shards[home(hash)]
    }

    /// Never the same twice, and never 0.
    fn number(&self) -> u64 {
        1 + self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// To be read before a look into memory; see [`Claim::is_news`].
    pub(crate) fn departed(&self, hash: u64) -> u64 {
        self.shard(hash).departed.load(Ordering::Acquire)
    }

    /// [`Flights::departed`] for every key.
    pub(crate) fn departed_everywhere(&self) -> Departed {
        Departed(std::array::from_fn(|n| self.shards[n].departed.load(Ordering::Acquire)))
    }

    /// Joins the flight of a key, or begins it.
    pub(crate) fn join(self: &Arc<Self>, hash: u64, key: &Digest, tag: u64, sharing: Sharing) -> Join<T> {
        let now = Instant::now();
        let mut flights = self.shard(hash).flights.lock();
        self.join_here(&mut flights, now, hash, key, tag, sharing)
    }

    /// Joins the flights of many keys, locking each part of the table once for each `at_once` of its keys: `wanted` has
    /// their places in `keys` and their hashes, and so has the answer, in another order.
    pub(crate) fn join_many(
        self: &Arc<Self>, mut wanted: Vec<(usize, u64)>, keys: &[Digest], tag: u64, sharing: Sharing, at_once: usize,
    ) -> Vec<(usize, u64, Join<T>)> {
        let now = Instant::now();
        let mut joined = Vec::with_capacity(wanted.len());
        wanted.sort_by_key(|(_, hash)| home(*hash));
        for of_one_shard in wanted.chunk_by(|(_, a), (_, b)| home(*a) == home(*b)) {
            for some in of_one_shard.chunks(at_once) {
                let mut flights = self.shard(some[0].1).flights.lock();
                joined.extend(
                    some.iter().map(|&(at, hash)| {
                        (at, hash, self.join_here(&mut flights, now, hash, &keys[at], tag, sharing))
                    }),
                );
            }
        }
        joined
    }

    fn join_here(
        self: &Arc<Self>, flights: &mut HashTable<Arc<Flight<T>>>, now: Instant, hash: u64, key: &Digest, tag: u64,
        sharing: Sharing,
    ) -> Join<T> {
        let number = self.number();
        let is_it = |one: &Arc<Flight<T>>| one.key == *key && !one.alone && !one.is_fenced();
        let found = if sharing == Sharing::None { None } else { flights.find_entry(hash, is_it).ok() };
        if let Some(entry) = found {
            let flight = entry.get();
            flight.belongs_to(tag);
            match flight.look(number, sharing == Sharing::Full, self.max_age, now) {
                Found::Ended(End::Landed(value)) => return Join::Landed(value),
                Found::Yours => return Join::Mine(self.claim(flight, number, now)),
                Found::UnderWay(_) => {
                    return Join::Theirs(self.watch(flight, sharing == Sharing::Full));
                }
                Found::Ended(End::Abandoned) => {
                    // On its way out. Beside it a new one could be overlooked, and a third begun.
                    entry.remove();
                    self.open.fetch_sub(1, Ordering::Relaxed);
                }
            }
        }
        let flight = Arc::new(Flight::new(*key, hash, tag, sharing != Sharing::Full, number, now));
        flights.insert_unique(hash, Arc::clone(&flight), |one| one.hash);
        self.open.fetch_add(1, Ordering::Relaxed);
        Join::Mine(Claim { flights: Arc::clone(self), flight, number, since: now, landed: false })
    }

    fn watch(self: &Arc<Self>, flight: &Arc<Flight<T>>, is_heir: bool) -> Watch<T> {
        Watch { flights: Arc::clone(self), flight: Arc::clone(flight), is_heir }
    }

    fn claim(self: &Arc<Self>, flight: &Arc<Flight<T>>, number: u64, since: Instant) -> Claim<T> {
        Claim { flights: Arc::clone(self), flight: Arc::clone(flight), number, since, landed: false }
    }

    /// When a flight that began then may be taken over.
    fn too_old_at(&self, since: Instant) -> Option<Instant> {
        since.checked_add(self.max_age?)
    }

    /// Takes a flight that has ended out of the table.
    fn depart(&self, flight: &Arc<Flight<T>>) {
        let shard = self.shard(flight.hash);
        let departed = {
            let mut flights = shard.flights.lock();
            let found = flights.find_entry(flight.hash, |one| Arc::ptr_eq(one, flight)).ok();
            found.map(|entry| {
                shard.departed.fetch_add(1, Ordering::Release);
                entry.remove().0
            })
        };
        self.open.fetch_sub(departed.is_some().into(), Ordering::Relaxed);
    }

    /// Fences the flights whose tag `matches`: later lookups begin anew, those who wait already get the
    /// value, and it is not stored. To be called before what is stored is swept.
    pub(crate) fn fence(&self, matches: &dyn Fn(u64) -> bool) {
        for shard in &self.shards {
            let flights = shard.flights.lock();
            flights.iter().filter(|one| matches(one.tag())).for_each(|one| one.fence());
        }
    }

    /// Fences the flight of one key and returns it, so that whoever stores a value can give it to those who wait.
    pub(crate) fn fence_key(self: &Arc<Self>, key: &Digest) -> Option<Watch<T>> {
        if self.open() == 0 {
            return None; // every put comes by here
        }
        let hash = self.hash(key);
        let flights = self.shard(hash).flights.lock();
        let flight = flights.find(hash, |one| one.key == *key && !one.alone && !one.is_fenced())?;
        flight.fence();
        Some(self.watch(flight, false))
    }

    /// Ends every flight: whoever waits begins anew, and finds the cache closed.
    pub(crate) fn abandon_all(&self) {
        for shard in &self.shards {
            let all: Vec<_> = shard.flights.lock().drain().collect();
            self.open.fetch_sub(all.len() as u64, Ordering::Relaxed);
            for one in all {
                one.fence();
                one.overtake(End::Abandoned);
            }
        }
    }

    /// Whether someone is computing a key for others, too.
    pub(crate) fn is_under_way(&self, hash: u64, key: &Digest) -> bool {
        let is_it = |one: &Arc<Flight<T>>| one.key == *key && !one.alone && !one.is_fenced();
        self.open() > 0 && self.shard(hash).flights.lock().find(hash, is_it).is_some()
    }

    /// How many are open.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How long the oldest open one has been computed.
    pub(crate) fn oldest(&self) -> Option<Duration> {
        let oldest = |shard: &Shard<T>| shard.flights.lock().iter().filter_map(|one| one.since()).min();
        self.shards.iter().filter_map(oldest).min().map(|since| since.elapsed())
    }

    /// Waits for the first of `watches` that changes: its place in the list, and how it ended for this waiter. Whatever
    /// else was handed to this waiter meanwhile comes with it.
    pub(crate) fn wait(self: &Arc<Self>, watches: &[&Watch<T>], deadline: Instant) -> Vec<(usize, Turn<T>)> {
        let mut seats = Seats::new(self, watches.iter().all(|watch| watch.is_heir));
        watches.iter().enumerate().for_each(|(at, watch)| seats.take(at, (*watch).clone()));
        let mut turns = seats.wait(deadline);
        turns.append(&mut seats.leave());
        turns
    }
}

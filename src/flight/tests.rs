//! What flights promise, in every order of steps that loom finds:
//!
//!     LOOM_MAX_PREEMPTIONS=3 cargo test --lib --features test-loom flight::
//!
//! Without loom each test runs a number of times on real threads.

use super::*;
use crate::digest::Digest;

#[cfg(feature = "test-loom")]
use loom::{model, sync::Mutex as Shelf, thread};
#[cfg(not(feature = "test-loom"))]
use std::{sync::Mutex as Shelf, thread};

#[cfg(not(feature = "test-loom"))]
fn model(run: impl Fn()) {
    (0..200).for_each(|_| run());
}

const KEY: Digest = Digest([7; 32]);

fn flights() -> Arc<Flights<u32>> {
    Flights::with(None, Stir::fixed())
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A memory of one place, and the lookup of `cache::once` over it.
struct Engine {
    flights: Arc<Flights<u32>>,
    memory: Shelf<Option<u32>>,
    computed: Shelf<u32>,
}

impl Engine {
    fn new() -> Arc<Self> {
        Self::with(flights())
    }

    fn with(flights: Arc<Flights<u32>>) -> Arc<Self> {
        Arc::new(Self { flights, memory: Shelf::new(None), computed: Shelf::new(0) })
    }

    fn find(&self) -> Option<u32> {
        *self.memory.lock().unwrap()
    }

    /// A value, or the right to compute it.
    fn begin(&self) -> Result<u32, Claim<u32>> {
        let hash = self.flights.hash(&KEY);
        loop {
            let departed = self.flights.departed(hash);
            if let Some(value) = self.find() {
                return Ok(value);
            }
            let turn = match self.flights.join(hash, &KEY, 0, Sharing::Full) {
                Join::Mine(claim) => Turn::Mine(claim),
                Join::Landed(value) => return Ok(value),
                Join::Theirs(watch) => watch.wait(far()),
            };
            match turn {
                Turn::Mine(mut claim) => match self.find().filter(|_| !claim.is_news(departed)) {
                    Some(value) => {
                        claim.land(&value);
                        return Ok(value);
                    }
                    None => return Err(claim),
                },
                Turn::Landed(value) => return Ok(value),
                Turn::Again => {}
                Turn::TimeUp => panic!("far is not over"),
            }
        }
    }

    /// Publishes as memory does: under its lock, unless fenced.
    fn commit(&self, mut claim: Claim<u32>, value: u32) {
        let mut memory = self.memory.lock().unwrap();
        if !claim.is_fenced() {
            *memory = Some(value);
        }
        drop(memory);
        claim.land(&value);
    }

    fn compute(&self, claim: Claim<u32>) -> u32 {
        let value = {
            let mut computed = self.computed.lock().unwrap();
            *computed += 1;
            *computed
        };
        self.commit(claim, value);
        value
    }

    fn run(&self) -> u32 {
        self.begin().unwrap_or_else(|claim| self.compute(claim))
    }

    fn purge(&self) {
        self.flights.fence(&|_| true);
        *self.memory.lock().unwrap() = None;
    }
}

fn joined(flights: &Arc<Flights<u32>>) -> Claim<u32> {
    match flights.join(flights.hash(&KEY), &KEY, 0, Sharing::Full) {
        Join::Mine(claim) => claim,
        other => panic!("the first to join owns it: {other:?}"),
    }
}

fn watched(flights: &Arc<Flights<u32>>) -> Watch<u32> {
    match flights.join(flights.hash(&KEY), &KEY, 0, Sharing::Full) {
        Join::Theirs(watch) => watch,
        other => panic!("someone owns it: {other:?}"),
    }
}

#[test]
fn all_who_miss_get_the_value_of_one_computation() {
    model(|| {
        let engine = Engine::new();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let engine = Arc::clone(&engine);
                thread::spawn(move || engine.run())
            })
            .collect();
        let mine = engine.run();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == mine));
        assert_eq!((*engine.computed.lock().unwrap(), engine.flights.open()), (1, 0));
    });
}

#[test]
fn who_gives_up_hands_over_and_no_one_is_left_waiting() {
    model(|| {
        let engine = Engine::new();
        let claim = engine.begin().unwrap_err();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let engine = Arc::clone(&engine);
                thread::spawn(move || engine.run())
            })
            .collect();
        drop(claim);
        assert!(
            threads.into_iter().all(|thread| thread.join().unwrap() == 1),
            "the second computation was the only one"
        );
        assert_eq!(engine.flights.open(), 0);
    });
}

/// guava#1881: what was being loaded when its key was invalidated must not come back.
#[test]
fn a_purge_is_not_undone_by_who_was_computing() {
    model(|| {
        let engine = Engine::new();
        let claim = engine.begin().unwrap_err();
        let purger = {
            let engine = Arc::clone(&engine);
            thread::spawn(move || engine.purge())
        };
        engine.compute(claim);
        purger.join().unwrap();
        assert_eq!((engine.find(), engine.flights.open()), (None, 0));
    });
}

/// Whoever was overtaken by age stores nothing once its successor has landed and all is purged.
#[test]
fn who_is_taken_over_does_not_undo_what_comes_after() {
    model(|| {
        let engine = Engine::with(Flights::with(Some(Duration::ZERO), Stir::fixed()));
        let old = engine.begin().unwrap_err();
        let taker = {
            let engine = Arc::clone(&engine);
            thread::spawn(move || {
                engine.run();
                engine.purge();
            })
        };
        engine.compute(old);
        taker.join().unwrap();
        assert_eq!((engine.find(), engine.flights.open()), (None, 0));
    });
}

/// The right that reaches a waiter at the moment it gives up is passed on, to one who still waits.
#[test]
fn a_waiter_whose_time_is_up_as_it_is_made_owner_passes_it_on() {
    model(|| {
        let flights = flights();
        let claim = joined(&flights);
        let (hasty, patient) = (watched(&flights), watched(&flights));
        let hasty = thread::spawn(move || {
            // What `Flights::wait` does when the time is up at once.
            let mut seats = Seats::new(&hasty.flights, true);
            seats.take(0, hasty.clone());
            drop(seats);
        });
        let patient = thread::spawn(move || match patient.wait(far()) {
            Turn::Mine(claim) => drop(claim),
            Turn::Again => {}
            other => panic!("nothing landed: {other:?}"),
        });
        drop(claim);
        hasty.join().unwrap();
        patient.join().unwrap();
        assert_eq!(flights.open(), 0);
    });
}

/// Whose time is up finds out under the flight's lock whether it owns the flight.
#[test]
fn when_the_time_is_up_the_right_is_taken_or_never_was_given() {
    model(|| {
        let flights = flights();
        let claim = joined(&flights);
        let watch = watched(&flights);
        let waiter =
            thread::spawn(move || matches!(watch.wait(Instant::now()), Turn::Mine(_) | Turn::Again | Turn::TimeUp));
        drop(claim);
        assert!(waiter.join().unwrap());
        assert_eq!(flights.open(), 0);
    });
}

/// A batch waits for two flights at once, and becomes the owner of one while the other lands.
#[test]
fn a_batch_that_waits_gets_the_right_that_is_handed_to_it() {
    model(|| {
        let flights = flights();
        let other = Digest([9; 32]);
        let first = joined(&flights);
        let mut second = match flights.join(flights.hash(&other), &other, 0, Sharing::Full) {
            Join::Mine(claim) => claim,
            wrong => panic!("{wrong:?}"),
        };
        let batch = {
            let flights = Arc::clone(&flights);
            let watches = [watched(&flights), {
                match flights.join(flights.hash(&other), &other, 0, Sharing::Full) {
                    Join::Theirs(watch) => watch,
                    wrong => panic!("{wrong:?}"),
                }
            }];
            thread::spawn(move || {
                let mut pending: Vec<&Watch<u32>> = watches.iter().collect();
                let (mut landed, mut owned) = (0, 0);
                while !pending.is_empty() {
                    let mut turns = flights.wait(&pending, far());
                    assert!(!turns.is_empty());
                    turns.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
                    for (at, turn) in turns {
                        pending.remove(at);
                        match turn {
                            Turn::Landed(_) => landed += 1,
                            Turn::Mine(_) | Turn::Again => owned += 1, // and gives it up again
                            Turn::TimeUp => panic!("far is not over"),
                        }
                    }
                }
                (landed, owned)
            })
        };
        drop(first);
        second.land(&2);
        assert_eq!((batch.join().unwrap(), flights.open()), ((1, 1), 0));
    });
}

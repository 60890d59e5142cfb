//! Waiting for many flights at once.

use super::one::{End, Found, Waiter};
use super::{Flights, Turn, Watch};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A waiter's next look at its flights comes so many times later as the one before it took: looking takes little of its
/// time, and it is late by about a microsecond for each flight it waits for.
const LOOKS_APART: u32 = 32;

/// Below it sleeping is not worth it: the system's own delay is about as long. Above it a waiter would be late.
const SHORTEST_PAUSE: Duration = Duration::from_micros(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The places of one waiter in the lines of many flights, each under a number of the caller's: kept from one wait to the
/// next, and left however the waiting ends.
pub(crate) struct Seats<T: Clone> {
    flights: Arc<Flights<T>>,
    waiter: Arc<Waiter>,
    seats: Vec<(usize, Watch<T>)>,
}

impl<T: Clone> Seats<T> {
    /// For an heir, or for one who may not store and so never becomes an owner.
    pub(crate) fn new(flights: &Arc<Flights<T>>, is_heir: bool) -> Self {
        Self { flights: Arc::clone(flights), waiter: Waiter::new(flights.number(), is_heir), seats: Vec::new() }
    }

    /// Lines up for one more flight.
    pub(crate) fn take(&mut self, at: usize, watch: Watch<T>) {
        watch.flight.enlist(&self.waiter);
        self.seats.push((at, watch));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Waits for the first flight that changes, and gives up the seats of all that have; none when the time is up.
    pub(crate) fn wait(&mut self, deadline: Instant) -> Vec<(usize, Turn<T>)> {
        loop {
            let now = Instant::now();
            let (turns, until) = self.look(now, deadline);
            if !turns.is_empty() || now >= deadline {
                return turns;
            }
            let looked = now.elapsed();
            self.waiter.wait(until);
            // Where thousands end one by one, a look at all of them for each would be most of the work. What ends before
            // the next look is found by the same.
            let pause = (looked * LOOKS_APART).saturating_sub(now.elapsed());
            if pause >= SHORTEST_PAUSE {
                std::thread::sleep(pause.min(LONGEST_PAUSE).min(deadline.saturating_duration_since(Instant::now())));
            }
        }
    }

    /// What has changed, and when to look again at the latest.
    fn look(&mut self, now: Instant, deadline: Instant) -> (Vec<(usize, Turn<T>)>, Instant) {
        let Self { flights, waiter, seats } = self;
        let (mut turns, mut until) = (Vec::new(), deadline);
        seats.retain(|(at, watch)| {
            let turn = match watch.flight.look(waiter.number, waiter.is_heir, flights.max_age, now) {
                Found::Ended(End::Landed(value)) => Turn::Landed(value),
                Found::Ended(End::Abandoned) => Turn::Again,
                Found::Yours => Turn::Mine(flights.claim(&watch.flight, waiter.number, now)),
                Found::UnderWay(since) => {
                    if waiter.is_heir {
                        until = until.min(flights.too_old_at(since).unwrap_or(until));
                    }
                    return true;
                }
            };
            turns.push((*at, turn));
            false
        });
        (turns, until)
    }

    /// Leaves every line, and takes what was handed over at the last moment.
    pub(crate) fn leave(&mut self) -> Vec<(usize, Turn<T>)> {
        let number = self.waiter.number;
        let handed = |(at, watch): (usize, Watch<T>)| {
            let mine = || (at, Turn::Mine(watch.flights.claim(&watch.flight, number, Instant::now())));
            watch.flight.leave(number).then(mine)
        };
        self.seats.drain(..).filter_map(handed).collect()
    }
}

impl<T: Clone> Drop for Seats<T> {
    /// What was handed over to a waiter that waits no more goes to the next.
    fn drop(&mut self) {
        drop(self.leave());
    }
}

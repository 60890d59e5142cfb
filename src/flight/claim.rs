//! The two ends of a flight: to watch someone else's, and to have the right to compute.

use super::one::{End, Flight};
use super::{Flights, Turn};
use crate::digest::Digest;
use std::sync::Arc;
use std::time::Instant;

/// A flight of someone else's.
#[derive(Clone, Debug)]
pub(crate) struct Watch<T: Clone> {
    pub(super) flights: Arc<Flights<T>>,
    pub(super) flight: Arc<Flight<T>>,
    /// Whether this waiter may become the owner.
    pub(super) is_heir: bool,
}

impl<T: Clone> Watch<T> {
    pub(crate) fn key(&self) -> &Digest {
        &self.flight.key
    }

    /// Ends it with a value that someone else stored under its key.
    pub(crate) fn overtake(&self, value: T) {
        self.flight.overtake(End::Landed(value));
        self.flights.depart(&self.flight);
    }

    /// Waits for it.
    pub(crate) fn wait(&self, deadline: Instant) -> Turn<T> {
        self.flights.wait(&[self], deadline).pop().map_or(Turn::TimeUp, |(_, turn)| turn)
    }
}

/// The right to compute one value. Dropping it gives the right to the next in line.
#[derive(Debug)]
pub(crate) struct Claim<T: Clone> {
    pub(super) flights: Arc<Flights<T>>,
    pub(super) flight: Arc<Flight<T>>,
    pub(super) number: u64,
    pub(super) since: Instant,
    /// There is nothing left to give up.
    pub(super) landed: bool,
}

impl<T: Clone> Claim<T> {
    pub(crate) fn key(&self) -> &Digest {
        &self.flight.key
    }

    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Whether nothing has landed in its part of the table since [`Flights::departed`] gave `before`: what memory had
    /// not then, it has not now.
    pub(crate) fn is_news(&self, before: u64) -> bool {
        self.flights.departed(self.flight.hash) == before
    }

    /// The tag of the filter it is for, once one is known.
    pub(crate) fn tag(&self) -> u64 {
        self.flight.tag()
    }

    /// Whether it was overtaken: what comes of it is not stored. To be asked under the lock of the shard where that
    /// would be: whoever fences sweeps the shard afterwards, and whoever took the right over stores later.
    pub(crate) fn is_fenced(&self) -> bool {
        self.flight.is_fenced() || !self.flight.is_owner(self.number)
    }

    /// Gives the value to those who wait; false if someone else has the right by now.
    pub(crate) fn land(&mut self, value: &T) -> bool {
        self.landed = self.flight.land(self.number, value);
        if self.landed {
            self.flights.depart(&self.flight);
        }
        self.landed
    }
}

impl<T: Clone> Drop for Claim<T> {
    fn drop(&mut self) {
        if !self.landed && self.flight.abandon(self.number, Instant::now()) {
            self.flights.depart(&self.flight);
        }
    }
}

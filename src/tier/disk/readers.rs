//! Reading: a few connections that engine threads take in turn, each for one lookup or batch. A reader waits for nobody:
//! in this mode writers don't stand in its way, and where all connections are in use the lookup is a miss.

use super::open;
use super::place::{Identity, Place};
use crate::lock::Mutex;
use crate::process;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// How often files are looked for that somebody may have deleted.
const LOOK_MS: u64 = 1000;

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    /// Idle and lent ones.
    open: usize,
    /// Grows when all connections are of the past.
    generation: u64,
}

#[derive(Debug)]
pub(super) struct Readers {
    pool: Mutex<Pool>,
    most: usize,
    closed: AtomicBool,
}

/// A connection that goes back when it is dropped.
pub(super) struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
    generation: u64,
}

impl Readers {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { pool: Mutex::default(), most: (2 * cores).clamp(8, 64), closed: AtomicBool::new(false) }
    }

    /// A connection, or None where all are in use.
    pub(super) fn lend(&self, place: &Place) -> rusqlite::Result<Option<Lent<'_>>> {
        let mut lent = {
            let mut pool = self.pool.lock();
            let connection = pool.idle.pop();
            if connection.is_none() {
                if pool.open == self.most {
                    return Ok(None);
                }
                pool.open += 1;
            }
            Lent { readers: self, connection, generation: pool.generation }
        };
        if lent.connection.is_none() {
            lent.connection = Some(open::reader(place)?);
        }
        Ok(Some(lent))
    }

    /// Lets go of all connections, those in use when they come back.
    pub(super) fn retire(&self) {
        let past = {
            let mut pool = self.pool.lock();
            pool.generation += 1;
            pool.open = 0;
            std::mem::take(&mut pool.idle)
        };
        drop(past);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
        self.retire();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }
}

impl Lent<'_> {
    pub(super) fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("lent with a connection")
    }

    /// Gives it up: it is closed instead of lent again.
    pub(super) fn give_up(&mut self) {
        self.connection = None;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool.lock();
        if pool.generation == self.generation && !self.readers.is_closed() {
            match self.connection.take() {
                Some(connection) => pool.idle.push(connection),
                None => pool.open -= 1,
            }
        }
        // One of the past is closed after the lock is let go: fields are dropped later.
    }
}

/// Notices that the files were deleted or moved under this process.
#[derive(Debug)]
pub(super) struct Watch {
    identity: Mutex<Identity>,
    looked_ms: AtomicU64,
    lost: AtomicBool,
}

impl Watch {
    pub(super) fn new(place: &Place) -> Self {
        Self {
            identity: Mutex::new(place.identity()),
            looked_ms: AtomicU64::new(process::boot_ms()),
            lost: AtomicBool::new(false),
        }
    }

    /// The files that are there now are the ones that are open.
    pub(super) fn renew(&self, place: &Place) {
        *self.identity.lock() = place.identity();
        self.lost.store(false, Relaxed);
    }

    /// Whether the files are those that were opened, looked at once a second by whoever comes first.
    pub(super) fn sees(&self, place: &Place) -> bool {
        let (now, looked) = (process::boot_ms(), self.looked_ms.load(Relaxed));
        if now.saturating_sub(looked) >= LOOK_MS
            && self.looked_ms.compare_exchange(looked, now, Relaxed, Relaxed).is_ok()
        {
            return self.looks(place);
        }
        !self.lost.load(Relaxed)
    }

    /// The same, looked at now: whoever writes beside another index of the log breaks the file.
    pub(super) fn looks(&self, place: &Place) -> bool {
        if place.identity() != *self.identity.lock() {
            self.lost.store(true, Relaxed);
        }
        !self.lost.load(Relaxed)
    }
}

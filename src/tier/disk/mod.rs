//! The tier on disk: one SQLite file in a directory, shared by any number of processes of one host and user.
//!
//! From the ground:
//! - `layout`: how the limit is shared out, so that database and log together keep to it
//! - `place`: whose the directory is and what it is on; which files are open
//! - `faults`: what went wrong, and when to stop asking
//! - `state` and `slots`: the store's one row, and the epochs that keep the removed from coming back
//! - `open`: connections, and the tables
//! - `tally`: what a transaction may still change
//! - `touched` and `evict`: FIFO with a second chance
//! - `readers` and `get`: lookups
//! - `scan`: all there is, page by page
//! - `writer`, `put` and `remove`: transactions, one after the other
//! - `broken`: entries that these go around
//!
//! The database is never mapped into memory (`mmap_size = 0`): damage in it, or its loss, is an error that is counted.
//! The log's index (`-shm`, 32 KiB and more) always is, by SQLite itself: cut short under a running process, it ends that
//! process by SIGBUS. Nothing but SQLite writes to it; to start afresh, delete files instead of emptying them, which is
//! safe at any time. And a process that is stopped (SIGSTOP) in the instants in which it writes that index's head keeps
//! lookups of others waiting for up to ten seconds.

mod broken;
mod evict;
mod faults;
#[cfg(feature = "cli")]
mod gc;
mod get;
mod layout;
mod open;
mod place;
mod put;
mod readers;
mod remove;
mod scan;
mod slots;
mod state;
mod tally;
mod touched;
mod writer;

#[cfg(test)]
mod tests;

use super::{Page, Purged, Sealed, Store, StoreStats, Written};
use crate::digest::Digest;
use crate::error::Result;
use crate::lock::Mutex;
use crate::process::locked::Locked;
use crate::process::{self, Birth};
use faults::Faults;
#[cfg(feature = "cli")]
pub(crate) use gc::Collected;
use layout::Layout;
use place::Place;
use readers::{Readers, Watch};
use slots::{Known, Swept};
use state::State;
use std::path::PathBuf;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};
use touched::Touched;
use writer::Writer;

/// A log that is left as it is where a store is dropped without having been closed: nobody waits for that.
const LONG_LOG: u64 = 1 << 20;
/// What copying the longest one into the file may take, on a slow disk.
const TIME_FOR_A_LONG_LOG: Duration = Duration::from_secs(1);

/// How a store is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) directory: PathBuf,
    /// The hard limit on the database and its log together. It belongs to the store: whoever opens it with a limit sets
    /// it for all; None keeps the store's, 1 GiB for a new one.
    pub(crate) max_bytes: Option<u64>,
    /// Whether the directory may be on a network file system, where only one host uses it.
    pub(crate) allow_network: bool,
}

/// An open store. None where it was dropped in a forked child: the files are the parent's.
#[derive(Debug)]
pub(crate) struct Disk {
    inner: Option<Box<Inner>>,
    birth: Birth,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    /// So that nobody opens them beside SQLite.
    _locked: Locked,
    max_bytes: Option<u64>,
    readers: Readers,
    watch: Watch,
    known: Known,
    touched: Touched,
    faults: Faults,
    evictions: AtomicU64,
    writer: Mutex<Writer>,
    /// Threads that wait for the writer: who has it for long lets them go first.
    waiting: AtomicUsize,
    /// Whether another process holds the store for longer than any transaction takes.
    is_held: AtomicBool,
    /// Whoever has the writer closes it.
    closing: AtomicBool,
    too_large: AtomicU64,
    /// The longest envelope that the store took when this process last looked.
    longest: AtomicU64,
}

impl Disk {
    /// Opens a store, or makes one. Takes milliseconds whatever its size; after a crash, also the time to read the log,
    /// 32 MiB at most as a rule.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let birth = Birth::here()?;
        process::sqlite::make_ready()?;
        let place = Place::prepare(&config.directory, config.allow_network)?;
        let (connection, state, layout) = open::writer(&place, config.max_bytes)?;
        let what = "the store's epochs can't be read";
        let swept = faults::at_open(what, Swept::read(&connection, state.swept))?;
        let longest = AtomicU64::new(layout.longest());
        let inner = Inner {
            watch: Watch::new(&place),
            _locked: Locked::new(place.locked()),
            place,
            max_bytes: config.max_bytes,
            readers: Readers::new(),
            known: Known::new(state.epoch, swept),
            touched: Touched::new(),
            faults: Faults::default(),
            evictions: AtomicU64::new(0),
            writer: Mutex::new(Writer::new(connection, layout)),
            waiting: AtomicUsize::new(0),
            is_held: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            too_large: AtomicU64::new(0),
            longest,
        };
        Ok(Self { inner: Some(Box::new(inner)), birth })
    }

    fn inner(&self) -> &Inner {
        self.inner.as_ref().expect("there until it is dropped")
    }

    /// Deletes a bounded part of what is over or was purged, or gives a bounded part of the file's unused pages back to the
    /// file system. Says whether there is more. For a tool: nobody else need wait for that.
    #[cfg(feature = "cli")]
    pub(crate) fn collect(&self, collected: &mut Collected) -> Result<bool> {
        self.inner().collect(collected)
    }
}

impl Store for Disk {
    /// Its own disk is all it ever waits for.
    fn get_many(&self, keys: &[Digest], _until: Instant, found: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        self.inner().get(keys, found)
    }

    fn put_many(&self, entries: &[Sealed]) -> Result<Written> {
        self.inner().put(entries)
    }

    /// As far as is known without a look at the store: writing looks, and the tier's own thread once a second where
    /// nothing is written, for another process may have changed the limit.
    fn takes(&self, payload: usize) -> bool {
        let inner = self.inner();
        let takes = payload as u64 <= inner.longest.load(Relaxed);
        inner.too_large.fetch_add((!takes).into(), Relaxed);
        takes
    }

    fn remove(&self, key: &Digest, until: Instant) -> Result<()> {
        self.inner().remove(key, until)
    }

    fn purge(&self, purged: Purged<'_>, until: Instant) -> Result<()> {
        self.inner().purge(purged, until)
    }

    /// Gives back pages beyond a lowered limit, forgets what was purged, empties the log.
    fn tidy(&self) -> Result<bool> {
        self.inner().tidy()
    }

    fn epoch(&self) -> u64 {
        self.inner().known.epoch()
    }

    fn scan(&self, page: &mut Page) -> Result<bool> {
        self.inner().scan(page)
    }

    fn stats(&self) -> StoreStats {
        let inner = self.inner();
        let (faults, last_fault, mut resting) = inner.faults.read();
        if !inner.watch.sees(&inner.place) {
            resting.get_or_insert_with(|| "its files were deleted or moved; they are opened anew in a moment".into());
        }
        let state = inner.state();
        StoreStats {
            entries: state.map(|state| state.entries),
            bytes: state.map(|state| state.bytes),
            max_bytes: state.map(|state| state.max_bytes),
            evictions: inner.evictions.load(Relaxed),
            too_large: inner.too_large.load(Relaxed),
            faults,
            last_fault,
            resting,
        }
    }

    /// Where there is little time, a long log stays for whoever opens the store next.
    fn close(&self, until: Instant) {
        let (inner, left) = (self.inner(), until.saturating_duration_since(Instant::now()));
        inner.close(left.is_zero() || (left < TIME_FOR_A_LONG_LOG && inner.place.log_len() > LONG_LOG));
    }
}

impl Inner {
    /// How the store stands, read like a lookup.
    fn state(&self) -> Option<State> {
        if self.readers.is_closed() || self.faults.is_resting() {
            return None;
        }
        let lent = self.readers.lend(&self.place).ok()??;
        let state = State::read(lent.connection()).ok()?;
        if let Ok(page) = lent.connection().query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0)) {
            self.longest.store(Layout::new(state.max_bytes, page as u64).longest(), Relaxed);
        }
        Some(state)
    }

    /// Readers first: the last connection to be closed empties the log, which takes a while, unless it is closed
    /// `quickly`. Waits for nobody: a thread that writes closes its connection itself.
    fn close(&self, quickly: bool) {
        self.readers.close();
        self.closing.store(true, SeqCst);
        self.close_writer(quickly);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        match self.inner.take() {
            Some(inner) if self.birth.is_here() => inner.close(inner.place.log_len() > LONG_LOG),
            inner => std::mem::forget(inner),
        }
    }
}

//! What goes wrong with a store: SQLite's codes as this library's sentences, how often, and when to stop asking.
//!
//! A file found corrupt is neither deleted nor moved aside: other processes have it open, and between looking at it and
//! renaming it another may have put a good one in its place. The store rests instead, opens the file anew after a while,
//! and works on if enough of it can be read. A page that is broken costs its own entries only: the store rests where much
//! of what is asked for is broken. Its reason says what a person can do.

use crate::error::{Error, ErrorKind, Result};
use crate::lock::Mutex;
use crate::log::{self, Level};
use rusqlite::{ErrorCode, ffi};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the finding of a broken place weighs, against one for each lookup that finds all in order: where more than one in
/// nine meets a broken place of its own, the store comes to rest, after eight of them if nothing else is found.
const FINDING: u64 = 8;
const ENOUGH: u64 = 64;
/// Places that are remembered as broken: one key that is asked for all the time is one finding.
const PLACES: usize = 256;
const REST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct Told {
    last: Option<String>,
    resting: Option<(String, Instant)>,
    /// Where something broken was found, the last ones.
    places: VecDeque<u64>,
    /// What is to be said when no lock is held.
    news: Vec<(Level, String)>,
}

/// The counters of one open store.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: AtomicU64,
    /// What speaks against the store.
    weight: AtomicU64,
    resting: AtomicBool,
    told: Mutex<Told>,
}

impl Faults {
    /// Counts a failed call, remembers why, and gives its error on.
    pub(super) fn count(&self, what: &str, error: &rusqlite::Error) -> Error {
        self.weigh(what, error, true)
    }

    /// The same for one that failed at this place, a key's or an entry's number: found broken again, it weighs no more.
    pub(super) fn found(&self, what: &str, error: &rusqlite::Error, place: u64) -> Error {
        let is_new = is_corrupt(error) && {
            let places = &mut self.told.lock().places;
            let is_new = !places.contains(&place);
            if is_new {
                places.truncate(PLACES - 1);
                places.push_front(place);
            }
            is_new
        };
        self.weigh(what, error, is_new)
    }

    /// The same for one that looks at everything, and so meets all that is broken: that speaks against nothing.
    pub(super) fn met(&self, what: &str, error: &rusqlite::Error) {
        self.weigh(what, error, false);
    }

    /// What lookups or a commit found in order.
    #[inline]
    pub(super) fn sound(&self, times: u64) {
        if self.weight.load(Relaxed) > 0 {
            let _ = self.weight.fetch_update(Relaxed, Relaxed, |weight| Some(weight.saturating_sub(times)));
        }
    }

    fn weigh(&self, what: &str, error: &rusqlite::Error, weighs: bool) -> Error {
        let error_message = sentence(what, error);
        self.count.fetch_add(1, Relaxed);
        let weighs = weighs && is_corrupt(error);
        let is_enough = weighs && self.weight.fetch_add(FINDING, Relaxed) + FINDING >= ENOUGH;
        self.told.lock().last = Some(error_message.clone());
        if is_enough {
            self.rest(format!("{error_message}; delete the directory's streamcache.db* while no process has it open"));
        }
        Error::new(ErrorKind::Io, error_message)
    }

    /// Counts what this store refused itself.
    pub(super) fn refuse(&self, message: &str) {
        self.count.fetch_add(1, Relaxed);
        self.told.lock().last = Some(message.into());
    }

    /// Stops asking the files for a while.
    pub(super) fn rest(&self, reason: String) {
        let mut told = self.told.lock();
        if !self.resting.swap(true, Relaxed) {
            told.news.push((Level::Warning, format!("the store rests: {reason}")));
        }
        told.resting = Some((reason, Instant::now()));
    }

    /// The files were opened anew.
    pub(super) fn wake(&self) {
        let mut told = self.told.lock();
        self.weight.store(0, Relaxed);
        told.places.clear();
        if self.resting.swap(false, Relaxed) {
            told.resting = None;
            told.news.push((Level::Info, "the store is asked again".into()));
        }
    }

    /// Says what there is to say. To be called without a lock, after anything that may have failed.
    pub(super) fn tell(&self) {
        let news = std::mem::take(&mut self.told.lock().news);
        for (level, message) in news {
            log::say(level, "disk", || message);
        }
    }

    #[inline]
    pub(super) fn is_resting(&self) -> bool {
        self.resting.load(Relaxed)
    }

    /// Why it rests, as an error.
    pub(super) fn resting(&self) -> Error {
        let reason = self.read().2.unwrap_or_default();
        Error::new(ErrorKind::Io, format!("the disk tier rests: {reason}"))
    }

    /// Whether the rest has been long enough to look again.
    pub(super) fn is_rested(&self) -> bool {
        self.told.lock().resting.as_ref().is_none_or(|(_, since)| since.elapsed() >= REST)
    }

    /// The last failure in words.
    pub(super) fn last(&self) -> String {
        self.told.lock().last.clone().unwrap_or_default()
    }

    /// Ends the wait for a look.
    #[cfg(test)]
    pub(super) fn let_rest(&self) {
        if let Some((_, since)) = &mut self.told.lock().resting {
            *since -= REST;
        }
    }

    /// Count, last failure, reason of a rest.
    pub(super) fn read(&self) -> (u64, Option<String>, Option<String>) {
        let told = self.told.lock();
        (self.count.load(Relaxed), told.last.clone(), told.resting.as_ref().map(|(reason, _)| reason.clone()))
    }
}

pub(super) fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

/// Another connection holds what this one wanted: no fault of the files. The protocol fails where a process was stopped
/// just as it wrote the head of the log's index; SQLite has looked for it for ten seconds then.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        code(error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    code(error) == Some(ErrorCode::DiskFull)
}

/// A file ended before what was to be read: the log's, as a rule, which somebody deleted.
fn is_short(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHORT_READ)
}

/// Whether the file's content is at fault. A value of another type than was written is corruption, too.
pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    match code(error) {
        Some(code) => matches!(
            code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SchemaChanged | ErrorCode::TooBig
        ),
        None => true,
    }
}

/// What happened and what to do.
pub(super) fn sentence(what: &str, error: &rusqlite::Error) -> String {
    let advice = match code(error) {
        Some(ErrorCode::DiskFull) => {
            "the file system, or the store's limit, is full: free space, or lower disk_max_bytes"
        }
        _ if is_busy(error) => "another process holds the store for long: look for one that is stopped",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the directory and its files must belong to this user and be writable: check owner, mode and mount"
        }
        Some(ErrorCode::SystemIoFailure) if is_short(error) => {
            "one of the store's files was cut short, or deleted under a process that has it open: try again in a few seconds"
        }
        Some(ErrorCode::SystemIoFailure) => "the device failed: see the system's log",
        Some(ErrorCode::OutOfMemory) => "out of memory",
        _ if is_corrupt(error) => "the file is damaged, or not a store",
        _ => "unexpected; please report it",
    };
    format!("{what}: {advice} ({error})")
}

/// An error at open, where nothing is counted yet.
pub(super) fn at_open<T>(what: &str, result: rusqlite::Result<T>) -> Result<T> {
    result.map_err(|error| Error::new(ErrorKind::Io, sentence(what, &error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn each_code_is_of_one_kind_and_says_what_to_do() {
        let kinds = |code| (is_busy(&error(code)), is_full(&error(code)), is_corrupt(&error(code)));
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL, ffi::SQLITE_BUSY_SNAPSHOT] {
            assert_eq!(kinds(code), (true, false, false));
            assert!(sentence("a test", &error(code)).contains("one that is stopped"));
        }
        assert_eq!(kinds(ffi::SQLITE_FULL), (false, true, false));
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CORRUPT_INDEX] {
            assert_eq!(kinds(code), (false, false, true));
        }
        assert_eq!(kinds(ffi::SQLITE_IOERR), (false, false, false));
    }

    #[test]
    fn a_store_rests_where_much_is_broken_and_not_where_one_key_is() {
        let corrupt = error(ffi::SQLITE_CORRUPT);
        let faults = Faults::default();
        (0..100).for_each(|_| drop(faults.found("a test", &corrupt, 7)));
        assert!(!faults.is_resting(), "one key, asked for often");
        for place in 0..100 {
            faults.found("a test", &corrupt, place);
            faults.sound(9);
        }
        assert!(!faults.is_resting(), "one in ten");
        (200..208).for_each(|place| drop(faults.found("a test", &corrupt, place)));
        assert!(faults.is_resting() && faults.read().0 == 208);
        faults.wake();
        assert!(!faults.is_resting());
    }
}

//! Results carried from one cache to another in a file: an export or an import, each on a thread of its own, and the
//! handle that tells how far it is.
//!
//! - `target`: a file that is there whole or not at all
//! - `export` and `import`: the two ways

mod export;
mod import;
mod target;

use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{self, Level};
use crate::process::Birth;
use crate::process::locked::check_unlocked;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use target::Target;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Results exported or imported so far.
    pub entries: u64,
    /// Bytes of the file written or read so far.
    pub bytes: u64,
    /// How many they will be; None for an export.
    pub total_bytes: Option<u64>,
    /// Results that an export leaves in memory: device memory, rejections, a stream's steps. Of an import those that
    /// memory has already, and those forgotten since it began.
    pub left_out: u64,
    /// Results that did not check: damaged, another secret's, expired.
    pub refused: u64,
    /// Results that an import found no room for in memory; the stores behind it have got them, unless they are longer than
    /// `max_bytes`.
    pub not_stored: u64,
}

/// How a transfer ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is done.
    Done,
    /// It was told to stop. An export left nothing behind; what was imported stays.
    Cancelled,
}

/// An export or import under way. Dropping it cancels it, and waits for nothing.
#[derive(Debug)]
pub struct Transfer {
    cache: Arc<Cache>,
    job: Arc<Job>,
    birth: Birth,
}

/// What the handle and the thread share.
#[derive(Debug, Default)]
struct Job {
    entries: AtomicU64,
    bytes: AtomicU64,
    total_bytes: AtomicU64,
    left_out: AtomicU64,
    refused: AtomicU64,
    not_stored: AtomicU64,
    cancelled: AtomicBool,
    /// Std's lock and condition: their state is in their own few bytes, so that they work in a forked child, too.
    outcome: Mutex<Option<Result<Outcome>>>,
    ended: Condvar,
}

/// Why a transfer stops before its end.
enum Stop {
    Cancelled,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Job {
    /// To be asked between two steps.
    fn go_on(&self) -> std::result::Result<(), Stop> {
        if self.cancelled.load(Relaxed) { Err(Stop::Cancelled) } else { Ok(()) }
    }

    fn outcome(&self) -> MutexGuard<'_, Option<Result<Outcome>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, outcome: Result<Outcome>) {
        *self.outcome() = Some(outcome);
        self.ended.notify_all();
    }
}

impl Cache {
    /// Begins to write what memory has, and what is on disk, to a file, for [`Cache::import`] in another process or on
    /// another machine. The file is there when all is in it, and takes the place of an older one then.
    pub fn export(self: &Arc<Self>, path: &Path) -> Result<Arc<Transfer>> {
        self.check_open()?;
        let target = Target::create(path)?;
        Transfer::start(self, 0, move |cache, job| export::run(cache, job, target))
    }

    /// Begins to read the results in a file into memory, and behind it into the stores.
    pub fn import(self: &Arc<Self>, path: &Path) -> Result<Arc<Transfer>> {
        self.check_open()?;
        let failed =
            |why: &dyn std::fmt::Display| Error::new(ErrorKind::Io, format!("{} can't be read: {why}", path.display()));
        check_unlocked(path)?;
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(|e| failed(&e))?;
        let metadata = file.metadata().map_err(|e| failed(&e))?;
        if !metadata.is_file() {
            return Err(failed(&"it is no regular file"));
        }
        let (len, path) = (metadata.len(), path.to_owned());
        // From here on it knows what is forgotten.
        let entrance = self.enter()?;
        Transfer::start(self, len, move |cache, job| import::run(cache, job, &entrance, &file, &path))
    }
}

impl Transfer {
    fn start(
        cache: &Arc<Cache>, total_bytes: u64,
        run: impl FnOnce(&Cache, &Job) -> std::result::Result<(), Stop> + Send + 'static,
    ) -> Result<Arc<Self>> {
        let birth = Birth::here()?;
        let job = Arc::new(Job { total_bytes: total_bytes.into(), ..Job::default() });
        let (its_cache, its_job) = (Arc::clone(cache), Arc::clone(&job));
        let thread = thread::Builder::new().name("streamcache-file".into());
        let thread = thread.spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run(&its_cache, &its_job)));
            let outcome = match ended {
                Ok(Ok(())) => Ok(Outcome::Done),
                Ok(Err(Stop::Cancelled)) => Ok(Outcome::Cancelled),
                Ok(Err(Stop::Failed(error))) => Err(error),
                Err(_) => {
                    its_cache.poison();
                    log::say(Level::Error, "panic", || "a panic in an export or import was contained".into());
                    Err(ErrorKind::Panic.into())
                }
            };
            drop(its_cache); // before anyone who waits knows
            its_job.end(outcome);
        });
        thread.map_err(|e| {
            Error::new(ErrorKind::NoMemory, format!("the thread of an export or import could not be started: {e}"))
        })?;
        Ok(Arc::new(Self { cache: Arc::clone(cache), job, birth }))
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let read = |number: &AtomicU64| number.load(Relaxed);
        let job = &self.job;
        Progress {
            entries: read(&job.entries),
            bytes: read(&job.bytes),
            total_bytes: Some(read(&job.total_bytes)).filter(|&bytes| bytes > 0),
            left_out: read(&job.left_out),
            refused: read(&job.refused),
            not_stored: read(&job.not_stored),
        }
    }

    /// Waits for its end, `timeout` at most; None when the time is up. After a failed import, what was imported stays.
    pub fn wait(&self, timeout: Duration) -> Option<Result<Outcome>> {
        if let Err(forked) = self.birth.check() {
            return Some(Err(forked));
        }
        let outcome = self.job.ended.wait_timeout_while(self.job.outcome(), timeout, |outcome| outcome.is_none());
        outcome.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// How it ended; None while it is under way.
    pub fn outcome(&self) -> Option<Result<Outcome>> {
        self.wait(Duration::ZERO)
    }

    /// Tells it to stop. It ends soon: [`Transfer::wait`].
    pub fn cancel(&self) {
        self.job.cancelled.store(true, Relaxed);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.cancel();
    }
}

//! SQLite in a forked child. A child that opens a store of its own has its parent's SQLite in memory, which a fork spoils
//! in three ways; each is put right here, for the one copy of SQLite that is built into this library:
//!
//! - It keeps a record for each open file, found by device and inode, of the locks this process holds on it. The child
//!   inherits the records but, as POSIX has it, not the locks: it would take a file for locked that is not, and lose what
//!   it writes when the parent closes the store. So `stat` and `fstat`, as SQLite calls them, show a child other devices:
//!   it finds no record of its parent's, makes its own and takes real locks. The device is used for nothing else.
//! - Its few global mutexes may be held by a thread of the parent's that the child has not. So they are held across the
//!   fork by the thread that forks, which lets go of them on both sides.
//! - Its first use initialises it. That is done under a lock of ours, which is held across the fork as well.
//!
//! The parent's connections are leaked in the child, as every handle is: closing them would drop the child's locks.

use super::GENERATION;
use crate::error::{Error, ErrorKind, Result};
use rusqlite::{Connection, ffi};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::{Duration, Instant};
use std::{mem, ptr, thread};

/// One at a time makes SQLite ready, or forks. Not a lock that sleeps: its state must be sound in a child.
static GATE: AtomicBool = AtomicBool::new(false);
static IS_WATCHING: AtomicBool = AtomicBool::new(false);
static IS_READY: AtomicBool = AtomicBool::new(false);
/// This process was forked without holding what should have been held.
static IS_SPOILT: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread holds the gate and the mutexes, between the two sides of its fork.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
}

/// How long a fork waits for threads that are inside SQLite's global parts: microseconds, but for an opening of files.
const PATIENCE: Duration = Duration::from_secs(2);

/// All that SQLite itself uses. Their order is of no matter: whoever finds one held lets go of all.
const MUTEXES: [c_int; 7] = [
    ffi::SQLITE_MUTEX_STATIC_MAIN,
    ffi::SQLITE_MUTEX_STATIC_MEM,
    ffi::SQLITE_MUTEX_STATIC_OPEN,
    ffi::SQLITE_MUTEX_STATIC_PRNG,
    ffi::SQLITE_MUTEX_STATIC_LRU,
    ffi::SQLITE_MUTEX_STATIC_PMEM,
    ffi::SQLITE_MUTEX_STATIC_VFS1,
];

/// To be called before SQLite is used for anything: an error where a fork has spoilt it for this process.
pub(crate) fn make_ready() -> Result<()> {
    if IS_SPOILT.load(Ordering::Relaxed) {
        let text = "this process was forked while another thread was opening a store, and can't open one: fork again, exec, or open the cache before other threads start";
        return Err(Error::new(ErrorKind::Io, text));
    }
    if IS_READY.load(Ordering::Acquire) {
        return Ok(());
    }
    while GATE.swap(true, Ordering::Acquire) {
        thread::yield_now();
    }
    let made = if IS_READY.load(Ordering::Acquire) { Ok(()) } else { make() };
    GATE.store(false, Ordering::Release);
    made
}

fn make() -> Result<()> {
    if !IS_WATCHING.load(Ordering::Relaxed) {
        // SAFETY: the handlers live as long as the library, which stays loaded (-z nodelete). Registered before SQLite is
        // initialised: a fork meanwhile waits for the gate.
        if unsafe { libc::pthread_atfork(Some(before_fork), Some(in_the_parent), Some(in_the_child)) } != 0 {
            return Err(ErrorKind::NoMemory.into());
        }
        IS_WATCHING.store(true, Ordering::Relaxed);
    }
    let failed = |e: rusqlite::Error| Error::new(ErrorKind::Io, format!("SQLite can't be initialised: {e}"));
    drop(Connection::open_in_memory().map_err(failed)?);
    // SAFETY: SQLite is initialised; the VFS it finds lives for ever, and its functions are called as they are declared,
    // with names that end with NUL. No store is open yet, so nobody calls what is replaced.
    unsafe {
        let vfs = ffi::sqlite3_vfs_find(ptr::null());
        let replaced =
            vfs.as_ref().and_then(|its| its.xGetSystemCall.zip(its.xSetSystemCall)).is_some_and(|(get, set)| {
                [(c"stat", &STAT, stat as *const ()), (c"fstat", &FSTAT, fstat as *const ())].into_iter().all(
                    |(name, original, mine): (&CStr, &AtomicPtr<()>, _)| {
                        let Some(known) = get(vfs, name.as_ptr()) else { return false };
                        original.store(known as *mut (), Ordering::Release);
                        let mine = mem::transmute::<*const (), unsafe extern "C" fn()>(mine);
                        set(vfs, name.as_ptr(), Some(mine)) == ffi::SQLITE_OK
                    },
                )
            });
        if !replaced {
            return Err(Error::new(ErrorKind::Io, "SQLite's calls of the system can't be replaced"));
        }
    }
    IS_READY.store(true, Ordering::Release);
    Ok(())
}

/// What SQLite called before.
static STAT: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static FSTAT: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

unsafe extern "C" fn stat(path: *const c_char, status: *mut libc::stat) -> c_int {
    // SAFETY: of this type is what was found under this name, and a path and a place for the status are what SQLite gives.
    unsafe {
        let call: unsafe extern "C" fn(*const c_char, *mut libc::stat) -> c_int =
            mem::transmute(STAT.load(Ordering::Acquire));
        let outcome = call(path, status);
        set_apart(outcome, status);
        outcome
    }
}

unsafe extern "C" fn fstat(file: c_int, status: *mut libc::stat) -> c_int {
    // SAFETY: as above, with a file descriptor.
    unsafe {
        let call: unsafe extern "C" fn(c_int, *mut libc::stat) -> c_int = mem::transmute(FSTAT.load(Ordering::Acquire));
        let outcome = call(file, status);
        set_apart(outcome, status);
        outcome
    }
}

/// Of each generation of processes another device: the upper bits, which no system uses.
///
/// # Safety
/// `status` was written if `outcome` is 0. The device is its first field, whichever size its others have.
unsafe fn set_apart(outcome: c_int, status: *mut libc::stat) {
    if outcome == 0 {
        // SAFETY: promised by the caller.
        unsafe {
            (*status).st_dev ^= (GENERATION.0.load(Ordering::Relaxed) as libc::dev_t) << (libc::dev_t::BITS - 16)
        };
    }
}

/// The static mutexes; none where this SQLite has none.
fn mutexes() -> impl Iterator<Item = *mut ffi::sqlite3_mutex> + Clone {
    // SAFETY: static ones are never made nor freed, only found.
    MUTEXES.into_iter().map(|id| unsafe { ffi::sqlite3_mutex_alloc(id) }).filter(|mutex| !mutex.is_null())
}

/// Takes all of them, or none.
fn try_hold() -> bool {
    if GATE.swap(true, Ordering::Acquire) {
        return false;
    }
    // SAFETY: these are SQLite's own, taken here and let go of by the same thread.
    let taken = mutexes().take_while(|mutex| unsafe { ffi::sqlite3_mutex_try(*mutex) } == ffi::SQLITE_OK).count();
    if taken == mutexes().count() {
        return true;
    }
    // SAFETY: as above; the first ones were taken.
    mutexes().take(taken).for_each(|mutex| unsafe { ffi::sqlite3_mutex_leave(mutex) });
    GATE.store(false, Ordering::Release);
    false
}

fn let_go() {
    // SAFETY: taken by `try_hold` in this thread, or in the one of the parent's that this one is the copy of.
    mutexes().for_each(|mutex| unsafe { ffi::sqlite3_mutex_leave(mutex) });
    GATE.store(false, Ordering::Release);
}

extern "C" fn before_fork() {
    let until = Instant::now() + PATIENCE;
    let mut holds = try_hold();
    while !holds && Instant::now() < until {
        thread::yield_now();
        holds = try_hold();
    }
    HOLDS.set(holds);
}

extern "C" fn in_the_parent() {
    if HOLDS.replace(false) {
        let_go();
    }
}

extern "C" fn in_the_child() {
    if HOLDS.replace(false) {
        let_go();
    } else {
        IS_SPOILT.store(true, Ordering::Relaxed);
    }
}

//! The process this library is a guest in: its forks, and its clock.
//!
//! A child process has its parent's memory, but only the thread that forked: a lock another thread held stays
//! locked for ever, and what it was changing stays half changed. So a handle made before the fork is not touched in the
//! child: every call answers FORKED, and releasing it leaks on purpose. A cache opened in the child is the child's own;
//! `sqlite` sees to it that its files on disk are, too.
//!
//! Leases are another matter, and go on as they are: a value's bytes never change, its count and the budget's gauges
//! are single atomic steps, and the allocator survives a fork (the C library takes its locks around one). So in the
//! child a value is read, retained and released as ever, and its last release there frees the child's copy. Only the
//! destructor of external memory does not run there: it is the caller's code, with locks of its own, and the memory may
//! be shared; the parent runs it.
#![allow(unsafe_code)]

pub(crate) mod locked;
#[cfg(feature = "disk")]
pub(crate) mod sqlite;

use crate::error::{Error, ErrorKind, Result};
use crate::log::{self, Level};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Alone on its cache lines: every call reads it, and none may wait for a neighbour's writes.
#[repr(align(128))]
struct Alone(AtomicUsize);

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: Alone = Alone(AtomicUsize::new(0));

/// The last generation that was told of its mistake.
static TOLD: AtomicUsize = AtomicUsize::new(0);

/// Runs in the child before `fork` returns there: a single atomic step, as much as a signal handler may do.
extern "C" fn in_the_child() {
    GENERATION.0.fetch_add(1, Ordering::Relaxed);
}

/// In which process something was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Birth(usize);

impl Birth {
    /// This process. From the first call on forks are noticed; nothing is registered when the library is loaded.
    pub(crate) fn here() -> Result<Self> {
        static WATCHING: AtomicBool = AtomicBool::new(false);
        // No `Once`: if another thread forked while one is inside, the child would wait in it for ever. Registered
        // twice, the handler adds two instead of one.
        if !WATCHING.load(Ordering::Acquire) {
            // SAFETY: the handler lives as long as the library, which stays loaded (-z nodelete); linked statically into
            // something that is unloaded, it is dropped by the C library.
            if unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) } != 0 {
                return Err(ErrorKind::NoMemory.into());
            }
            WATCHING.store(true, Ordering::Release);
        }
        Ok(Self::known())
    }

    /// A process that is not this one.
    #[cfg(test)]
    pub(crate) fn elsewhere() -> Self {
        Self(GENERATION.0.load(Ordering::Relaxed).wrapping_add(1))
    }

    /// This process, as far as it is known: a fork before the first [`Birth::here`] was not noticed.
    pub(crate) fn known() -> Self {
        Self(GENERATION.0.load(Ordering::Relaxed))
    }

    /// Whether this process is the one. Relaxed: the generation changes only where no other thread exists.
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        self.0 == GENERATION.0.load(Ordering::Relaxed)
    }

    /// FORKED unless this process is the one.
    #[inline]
    pub(crate) fn check(self) -> Result<()> {
        if self.is_here() { Ok(()) } else { Err(forked()) }
    }
}

/// Whether this process was forked from one in which the library was in use.
pub(crate) fn is_forked_child() -> bool {
    GENERATION.0.load(Ordering::Relaxed) != 0
}

#[cold]
fn forked() -> Error {
    let generation = GENERATION.0.load(Ordering::Relaxed);
    if TOLD.swap(generation, Ordering::Relaxed) != generation {
        log::say(Level::Warning, "process", || {
            "a handle made before fork() was used in the child; it answers FORKED from now on, without further messages"
                .into()
        });
    }
    ErrorKind::Forked.into()
}

/// Milliseconds since the machine booted, time asleep included: a time to live goes on while a laptop sleeps, and no
/// one can set this clock.
pub(crate) fn boot_ms() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec to write to.
    let failed = unsafe { libc::clock_gettime(CLOCK, &raw mut now) };
    if failed != 0 {
        return u64::MAX; // a sandbox without this clock: whatever has a time to live is over
    }
    u64::try_from(now.tv_sec).unwrap_or(0) * 1000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Milliseconds since 1970 by the wall clock, which anyone may set: for what outlives the machine's uptime.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(); // before 1970 no clock is right
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    #[cfg(test)]
    let now = now.saturating_add_signed(SET_MS.load(Ordering::Relaxed));
    now
}

/// By how much a test has set the wall clock, for a whole process.
#[cfg(test)]
pub(crate) static SET_MS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

#[cfg(target_os = "linux")]
const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
/// On macOS the monotonic clock is the one that counts sleep.
#[cfg(not(target_os = "linux"))]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

/// Whose rights this process has.
#[cfg(feature = "disk")]
pub(crate) fn effective_user() -> u32 {
    // SAFETY: no arguments, and it can't fail.
    unsafe { libc::geteuid() }
}

/// What a path is on, where that is a file system of another host or of a program: locks may not hold there.
#[cfg(all(feature = "disk", target_os = "linux"))]
pub(crate) fn network_file_system(path: &std::path::Path) -> std::io::Result<Option<&'static str>> {
    const KINDS: [(u32, &str); 20] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0xFE53_4D42, "SMB2"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9p"),
        (0x5346_414F, "AFS"),
        (0x6B41_4653, "AFS"),
        (0x00C3_6400, "Ceph"),
        (0x7375_7245, "Coda"),
        (0x0000_564C, "NCP"),
        (0x0BD0_0BD0, "Lustre"),
        (0x0116_1970, "GFS2"),
        (0x7461_636F, "OCFS2"),
        (0x4750_4653, "GPFS"),
        (0xAAD7_AAEA, "PanFS"),
        (0x1983_0326, "BeeGFS"),
        (0x2003_0528, "OrangeFS"),
        (0x786F_4256, "a folder shared by VirtualBox"),
        (0x7C7C_6673, "a folder shared by Parallels"),
    ];
    let status = file_system(path)?;
    // The type of this field differs between C libraries; the numbers have 32 bits.
    let number = status.f_type as u32;
    Ok(KINDS.iter().find(|(kind, _)| *kind == number).map(|(_, name)| *name))
}

/// Elsewhere the system says itself what is local.
#[cfg(all(feature = "disk", target_os = "macos"))]
pub(crate) fn network_file_system(path: &std::path::Path) -> std::io::Result<Option<&'static str>> {
    Ok((file_system(path)?.f_flags & libc::MNT_LOCAL as u32 == 0).then_some("a network file system"))
}

#[cfg(all(feature = "disk", any(target_os = "linux", target_os = "macos")))]
fn file_system(path: &std::path::Path) -> std::io::Result<libc::statfs> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    let mut status = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: `path` ends with a NUL and `status` is memory for one statfs.
    if unsafe { libc::statfs(path.as_ptr(), status.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it was written.
    Ok(unsafe { status.assume_init() })
}

/// The end of a wait; one without end ends in a year.
pub(crate) fn deadline_in(wait: Duration) -> Instant {
    const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now + A_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_in_another_process_answers_forked() {
        let birth = Birth::here().unwrap();
        assert!(birth.is_here() && birth == Birth::here().unwrap());
        assert_eq!(Birth::elsewhere().check().unwrap_err().kind(), ErrorKind::Forked);
    }
}

//! What this library asks of the process it is a guest in.
#![allow(unsafe_code)]

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

#[cfg(target_os = "linux")]
const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
/// On macOS the monotonic clock is the one that counts sleep.
#[cfg(not(target_os = "linux"))]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

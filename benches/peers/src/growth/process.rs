//! Memory: what this process touched, and what the machine has left.
#![allow(unsafe_code)]

use std::fs::read_to_string;
use std::mem::MaybeUninit;

/// KiB of this process that are in memory and of no file, counted page by page: `statm` may be some dozens of pages late.
pub fn touched_kib() -> u64 {
    kib("/proc/self/smaps_rollup", "Anonymous:").expect("a kernel that counts them, as since Linux 4.14")
}

/// KiB that can be had without swapping; None where the kernel does not say.
pub fn available_kib() -> Option<u64> {
    kib("/proc/meminfo", "MemAvailable:")
}

fn kib(path: &str, name: &str) -> Option<u64> {
    let text = read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Page faults of this process that read no disk.
pub fn minor_faults() -> u64 {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: room for what is written, which a success has written all of.
    let usage = unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()), 0);
        usage.assume_init()
    };
    usage.ru_minflt as u64
}

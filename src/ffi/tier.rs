//! Section: tier.

use super::border::{guard, leaf, null, on, text};
use super::cache::streamcache_cache;
use super::options::{set, streamcache_options};
use super::stats::fill;
use super::status::{STREAMCACHE_MISS, STREAMCACHE_OK, STREAMCACHE_TIMEOUT, streamcache_status};
use super::ticket::patience;
use super::value::{self, streamcache_value};
use crate::error::{Error, Result};
use crate::tier::stores::Tier;
use core::ffi::c_char;

/// Where a result came from.
pub type streamcache_tier = i32;

/// From no store: it was computed in this process.
pub const STREAMCACHE_TIER_MEMORY: streamcache_tier = 0;
/// From the disk.
pub const STREAMCACHE_TIER_DISK: streamcache_tier = 1;
/// From the remote store.
pub const STREAMCACHE_TIER_REMOTE: streamcache_tier = 2;

/// The counters and gauges of one tier behind memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_tier_stats {
    /// In: sizeof(streamcache_tier_stats). Out: the bytes that were filled in.
    pub struct_size: usize,
    /// Lookups it was asked for, and had.
    pub hits: u64,
    /// Lookups it was asked for, and had not, or not in time.
    pub misses: u64,
    /// Results that did not check (damaged, another secret's, expired, another format's), each a miss.
    pub refused: u64,
    /// Results written.
    pub written: u64,
    /// Results not written, for want of room in the queue or of time to drain it.
    pub dropped: u64,
    /// Results not written because they were removed, purged or replaced before.
    pub superseded: u64,
    /// Writes given up, and calls that failed.
    pub faults: u64,
    /// Results that wait to be written.
    pub pending: u64,
    /// Bytes of memory that they keep, part of the cache's bytes.
    pub pending_bytes: u64,
    /// Results it has; 0 where it doesn't know.
    pub entries: u64,
    /// Bytes it uses; 0 where it doesn't know.
    pub bytes: u64,
    /// Their limit; 0 where it doesn't know.
    pub max_bytes: u64,
    /// Results given up for others by this process.
    pub evictions: u64,
    /// 1 while it is not asked, after faults; the stats as JSON say why.
    pub is_resting: u64,
    /// Results not written because they are larger than it takes.
    pub too_large: u64,
}

fn tier(number: streamcache_tier) -> Result<Tier> {
    [Tier::Disk, Tier::Remote]
        .into_iter()
        .find(|&tier| tier as i32 == number)
        .ok_or_else(|| Error::invalid("a tier is STREAMCACHE_TIER_DISK or STREAMCACHE_TIER_REMOTE"))
}

/// Reads a tier's counters and gauges.
///
/// Borrows everything for the call. Threads: any. Reads one row of the store on disk.
/// @param[in]     cache the cache
/// @param[in]     tier STREAMCACHE_TIER_DISK or _REMOTE
/// @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_MISS the cache has no such tier; nothing was filled in
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, no such tier, or a struct_size below sizeof(size_t)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_get_tier_stats(
    cache: *const streamcache_cache, tier: streamcache_tier, stats: *mut streamcache_tier_stats,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented; struct_size bounds what is written.
    guard(|| unsafe {
        if stats.is_null() {
            return Err(null());
        }
        let tier = self::tier(tier)?;
        let mut now = None;
        on(cache, |cache| {
            now = cache.tier_stats(tier);
            Ok(STREAMCACHE_OK)
        })?;
        let Some(now) = now else { return Ok(STREAMCACHE_MISS) };
        fill(stats, |struct_size| streamcache_tier_stats {
            struct_size,
            hits: now.hits,
            misses: now.misses,
            refused: now.refusals(),
            written: now.written(),
            dropped: now.dropped(),
            superseded: now.superseded(),
            faults: now.faults(),
            pending: now.pending(),
            pending_bytes: now.pending_bytes(),
            entries: now.entries().unwrap_or(0),
            bytes: now.bytes().unwrap_or(0),
            max_bytes: now.max_bytes().unwrap_or(0),
            evictions: now.evictions(),
            is_resting: now.resting().is_some().into(),
            too_large: now.too_large(),
        })
    })
}

/// Waits until every result that was put before is written behind, or given up: before a process that is done exits, or
/// another is to find them.
///
/// Borrows `cache`. Threads: any. Waits.
/// @param[in] cache the cache
/// @param[in] timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
/// @retval STREAMCACHE_OK done, or there is no tier
/// @retval STREAMCACHE_TIMEOUT the time was up; what is left is still being written
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_flush(cache: *mut streamcache_cache, timeout_ms: u32) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe {
        on(cache, |cache| Ok(if cache.flush(patience(timeout_ms))? { STREAMCACHE_OK } else { STREAMCACHE_TIMEOUT }))
    })
}

/// Which tier a result came from when it entered this process's memory. Later hits in memory answer the same.
///
/// Borrows `value`. Threads: any. Copies nothing, locks nothing.
/// @param[in] value the value; NULL answers STREAMCACHE_TIER_MEMORY
/// @return STREAMCACHE_TIER_MEMORY: it was computed in this process; _DISK, _REMOTE: another time, or elsewhere
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_get_tier(value: *const streamcache_value) -> streamcache_tier {
    leaf(STREAMCACHE_TIER_MEMORY, || {
        // SAFETY: the caller's lease, as documented.
        unsafe { value::borrow(value) }.map_or(STREAMCACHE_TIER_MEMORY, |it| it.origin().into())
    })
}

/// Sets the directory where results outlive the process, made if it isn't there; other processes of this host and user
/// may share it. A cache that has one starts threads of its own. Default: none.
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] directory its path in UTF-8, need not be NUL-terminated; of length 0 for none
/// @param[in] len bytes of `directory`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that is not UTF-8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_disk_directory(
    options: *mut streamcache_options, directory: *const c_char, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            let directory = text(directory, len)?;
            options.disk_directory = (!directory.is_empty()).then(|| directory.into());
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the hard limit on the database on disk and its log together. It belongs to the store: whoever opens it with a
/// limit sets it for all. Default: the store's own, 1 GiB for a new one.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] max_bytes bytes, 4 MiB or more; 0 for the store's own limit
/// @retval STREAMCACHE_OK done; a limit that is too small is refused by streamcache_cache_open()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_disk_max_bytes(
    options: *mut streamcache_options, max_bytes: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.disk_max_bytes = (max_bytes > 0).then_some(max_bytes);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets whether the directory may be on a network file system, where only one host may use it. Default: 0.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] allow 1 to allow it, 0 to refuse it
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or neither 0 nor 1
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_disk_allow_network(
    options: *mut streamcache_options, allow: i32,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            if !(0..=1).contains(&allow) {
                return Err(Error::invalid("allow is 0 or 1"));
            }
            options.disk_allow_network = allow == 1;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Adds a Redis or Valkey server that a fleet shares: redis://[user:password@]host[:port][/database], rediss:// for the
/// same under TLS, unix:///path for a socket. Several are nodes of one cluster. Default: none.
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] url UTF-8, need not be NUL-terminated
/// @param[in] len bytes of `url`
/// @retval STREAMCACHE_OK done; a URL that can't be one is refused by streamcache_cache_open()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a URL that is not UTF-8 or has length 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_add_remote_url(
    options: *mut streamcache_options, url: *const c_char, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            let url = text(url, len)?;
            if url.is_empty() {
                return Err(Error::invalid("a URL of length 0: write one, as in redis://host:6379"));
            }
            options.remote_urls.push(url.into());
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets what the name of every entry in the remote store begins with, before the key in hexadecimal digits. Default:
/// "streamcache:".
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] prefix UTF-8, need not be NUL-terminated; NULL only with length 0
/// @param[in] len bytes of `prefix`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a prefix that is not UTF-8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_remote_prefix(
    options: *mut streamcache_options, prefix: *const c_char, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            options.remote_prefix = text(prefix, len)?.into();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets how long the remote store keeps a result, unless its own time to live is over before. Default: 7 days.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] ttl_ms milliseconds, 1 or more
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_remote_ttl_ms(
    options: *mut streamcache_options, ttl_ms: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe { set_positive(options, ttl_ms, |options, ttl_ms| options.remote_ttl_ms = ttl_ms) }
}

/// Sets which results stay local because they are larger; the same for all who share a server. Default: 1 MiB.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] max_value_bytes bytes, 1 or more
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_remote_max_value_bytes(
    options: *mut streamcache_options, max_value_bytes: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe { set_positive(options, max_value_bytes, |options, bytes| options.remote_max_value_bytes = bytes) }
}

/// Sets how long a lookup waits for the remote store, all in all. Default: 50 ms.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] timeout_ms milliseconds, 1 to 60000
/// @retval STREAMCACHE_OK done; one that is too long is refused by streamcache_cache_open()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_remote_timeout_ms(
    options: *mut streamcache_options, timeout_ms: u32,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe { set_positive(options, timeout_ms.into(), |options, timeout| options.remote_timeout_ms = timeout) }
}

/// Sets the file of certificates, in PEM, of those who may vouch for a server. Default: the system's.
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] file its path in UTF-8, need not be NUL-terminated; of length 0 for the system's
/// @param[in] len bytes of `file`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that is not UTF-8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_remote_ca_file(
    options: *mut streamcache_options, file: *const c_char, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            let file = text(file, len)?;
            options.remote_ca_file = (!file.is_empty()).then(|| file.into());
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets how much may wait to be written, for each tier, before what is put is not written, and counted as dropped: a
/// sixteenth of max_bytes or 65,536 results is enough for that, too. The last one admitted may be larger than what was left.
/// One batch of them, up to 4 MiB or one result of any size, is copied outside the budget while it is written. Default:
/// 64 MiB.
///
/// Borrows `options`. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] max_bytes bytes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_write_behind_max_bytes(
    options: *mut streamcache_options, max_bytes: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.write_behind_max_bytes = max_bytes;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// # Safety
/// `options` is NULL or a live handle.
unsafe fn set_positive(
    options: *mut streamcache_options, number: u64, change: impl FnOnce(&mut crate::options::Options, u64),
) -> streamcache_status {
    // SAFETY: as this function's own contract.
    unsafe {
        set(options, |options| {
            if number == 0 {
                return Err(Error::invalid("0 is no limit here: leave the default, or set 1 or more"));
            }
            change(options, number);
            Ok(STREAMCACHE_OK)
        })
    }
}

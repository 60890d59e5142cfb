//! Section: cache.

use super::border::{Handle, cleared, give, guard, guard_error, null, on, release, retain};
use super::options::{self, streamcache_options};
use super::status::{STREAMCACHE_OK, STREAMCACHE_TIMEOUT, streamcache_error, streamcache_status};
use super::ticket::patience;
use crate::cache::Cache;
use crate::error::Error;
use crate::options::Options;

/// A cache. Any thread, any time, one handle; reference-counted.
pub struct streamcache_cache {
    _opaque: [u8; 0],
}

impl Handle for streamcache_cache {
    type Object = Cache;
}

/// Purge results in this process's memory.
pub const STREAMCACHE_PURGE_MEMORY: u32 = 1;
/// Purge results on disk, for all processes that share it, and in this process's memory.
pub const STREAMCACHE_PURGE_DISK: u32 = 2;

/// Opens a cache. No thread is started, unless the options ask for some (hash_threads, a disk directory, a remote URL), and
/// no memory is touched in proportion to the limits. A store on disk is made if it isn't there; a remote one that does not
/// answer is no failure: it is tried again later.
///
/// Borrows `options`; `*cache` receives one reference, for streamcache_cache_release(). Threads: any.
/// @param[in]  options how it is to be; NULL for the defaults
/// @param[out] cache the cache; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT `cache` is NULL, max_bytes is 1 to 4095, or an option can't be as it is
/// @retval STREAMCACHE_IO the store on disk can't be opened
/// @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
/// @retval STREAMCACHE_NOT_SUPPORTED this build of the library has no such tier
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_open(
    options: *const streamcache_options, cache: *mut *mut streamcache_cache, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let cache = cleared(cache);
        guard_error(error, || {
            let (cache, defaults) = (cache.ok_or_else(null)?, Options::default());
            *cache = give(Cache::open(options::borrow(options).unwrap_or(&defaults))?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Adds a reference.
///
/// The caller owns one more, for streamcache_cache_release(). Threads: any.
/// @param[in] cache the cache
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_retain(cache: *mut streamcache_cache) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { retain(cache) })
}

/// Ends a cache's work: from now on every call that would use it answers STREAMCACHE_CLOSED, on this handle and on its
/// filters. What waits to be written to the disk and the remote store is written, for so long; then their threads end, and
/// results and named states are freed. Leases stay valid. Closing again is fine. Not needed before
/// streamcache_cache_release(), which frees as much once filters are released too, but waits for nothing: what was not
/// written by then is dropped. While one thread closes and waits, another's close with less time gives up what is left.
///
/// Borrows `cache`; the handle must still be released. Threads: any. Waits; locks one shard at a time.
/// @param[in]  cache the cache
/// @param[in]  timeout_ms how long to wait for queued writes; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
/// @param[out] dropped how many queued writes were dropped, or not known to be written by then; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_TIMEOUT done, but the time was up before all was written; a thread of the cache's may end a little later
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_close(
    cache: *mut streamcache_cache, timeout_ms: u32, dropped: *mut u64,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let mut left = 0;
        let dropped = dropped.as_mut().unwrap_or(&mut left);
        *dropped = 0;
        on(cache, |cache| {
            *dropped = cache.close(patience(timeout_ms))?;
            Ok(if *dropped == 0 { STREAMCACHE_OK } else { STREAMCACHE_TIMEOUT })
        })
    })
}

/// Drops a reference. With the last one of the cache and its filters, everything but leased values is freed.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] cache the cache, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_release(cache: *mut streamcache_cache) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(cache) });
}

/// Forgets every result. States and leases stay; leased bytes are counted until their release. A purge of memory alone
/// leaves what waits to be written, and what stores behind memory have: that is found again. The remote store can't be
/// purged, for others share it: change the namespace instead.
///
/// Borrows `cache`. Threads: any. Locks one shard at a time, and frees outside the lock; waits for a writer on disk.
/// @param[in] cache the cache
/// @param[in] scope where: STREAMCACHE_PURGE_MEMORY, or 0 for the same; STREAMCACHE_PURGE_DISK
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown scope
/// @retval STREAMCACHE_IO the disk may have them still; memory has not
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_purge(cache: *mut streamcache_cache, scope: u32) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe {
        if scope & !(STREAMCACHE_PURGE_MEMORY | STREAMCACHE_PURGE_DISK) != 0 {
            return Err(Error::invalid("unknown purge scope"));
        }
        on(cache, |cache| {
            if scope & STREAMCACHE_PURGE_DISK == 0 {
                cache.purge()?
            } else {
                cache.purge_disk()?
            }
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Changes max_bytes while the cache is in use. What is too much then is evicted here; leased bytes count until their
/// release, and until the gauge is under the new limit nothing is stored.
///
/// Borrows `cache`. Threads: any. Evicts a bounded number of results each time it locks a shard, frees outside it.
/// @param[in] cache the cache
/// @param[in] max_bytes bytes; 0 stores nothing, STREAMCACHE_UNLIMITED is no limit
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 1 to 4095 bytes; the old limit stays
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_set_max_bytes(
    cache: *mut streamcache_cache, max_bytes: u64,
) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(cache, |cache| cache.set_max_bytes(max_bytes).map(|()| STREAMCACHE_OK)) })
}

/// Changes max_chunks while the cache is in use. What is too much then is evicted here, leased results too.
///
/// Borrows `cache`. Threads: any. Evicts a bounded number of results each time it locks a shard, frees outside it.
/// @param[in] cache the cache
/// @param[in] max_chunks results; 0 stores nothing, STREAMCACHE_UNLIMITED is no limit
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_set_max_chunks(
    cache: *mut streamcache_cache, max_chunks: u64,
) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(cache, |cache| cache.set_max_chunks(max_chunks).map(|()| STREAMCACHE_OK)) })
}

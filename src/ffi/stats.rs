//! Section: stats.

use super::border::{guard, null, on};
use super::cache::streamcache_cache;
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::error::{Error, Result};
use crate::stats::CacheStats;

/// The counters and gauges of one cache. Each is exact; they are read one after another, so under load two of them may
/// be microseconds apart.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_cache_stats {
    /// In: sizeof(streamcache_cache_stats). Out: the bytes that were filled in.
    pub struct_size: usize,
    /// Lookups: hits and misses together.
    pub lookups: u64,
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Results stored, replacements included.
    pub puts: u64,
    /// Results given up for others.
    pub evictions: u64,
    /// Puts that could not be stored.
    pub not_stored: u64,
    /// Results stored now.
    pub entries: u64,
    /// Their limit.
    pub max_chunks: u64,
    /// Bytes charged now: results, leased ones even after their eviction, states and index. Never above max_bytes.
    pub bytes: u64,
    /// Their limit.
    pub max_bytes: u64,
    /// Bytes of values that were not stored and live with their callers, outside the limit.
    pub detached_bytes: u64,
    /// Bytes of states, part of bytes.
    pub state_bytes: u64,
    /// Nanoseconds of computation that hits saved, from compute_ns of their puts.
    pub time_saved_ns: u64,
}

/// The stats, also of a closed cache.
///
/// # Safety
/// `cache` is NULL or a live handle.
pub(super) unsafe fn read(cache: *const streamcache_cache) -> Result<CacheStats> {
    let mut stats = CacheStats::default();
    // SAFETY: as this function's own contract.
    unsafe {
        on(cache, |cache| {
            stats = cache.stats();
            Ok(STREAMCACHE_OK)
        })
    }
    .map(|_| stats)
}

/// Reads a cache's counters and gauges; they stay readable after streamcache_cache_close().
///
/// Borrows everything for the call. Threads: any. Locks one shard at a time.
/// @param[in]     cache the cache
/// @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_get_stats(
    cache: *const streamcache_cache, stats: *mut streamcache_cache_stats,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented; struct_size bounds what is written.
    guard(|| unsafe {
        let room = *stats.cast::<usize>().as_ref().ok_or_else(null)?;
        if room < size_of::<usize>() {
            return Err(Error::invalid("struct_size is too small: set it to sizeof(streamcache_cache_stats)"));
        }
        let now = read(cache)?;
        let full = streamcache_cache_stats {
            struct_size: room.min(size_of::<streamcache_cache_stats>()),
            lookups: now.lookups(),
            hits: now.hits,
            misses: now.misses,
            puts: now.puts,
            evictions: now.evictions,
            not_stored: now.not_stored,
            entries: now.entries,
            max_chunks: now.max_chunks,
            bytes: now.bytes,
            max_bytes: now.max_bytes,
            detached_bytes: now.detached_bytes,
            state_bytes: now.state_bytes,
            time_saved_ns: now.time_saved_ns,
        };
        stats.cast::<u8>().copy_from((&raw const full).cast(), full.struct_size);
        Ok(STREAMCACHE_OK)
    })
}

//! Section: stats.

use super::border::{Answer, guard, null, on, write_text};
use super::cache::streamcache_cache;
use super::filter::streamcache_filter;
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::error::{Error, Result};
use crate::exposition::Format;
use crate::stats::CacheStats;
use core::ffi::c_char;

/// The counters and gauges of one cache. Each is exact; they are read one after another, so under load two of them may
/// be microseconds apart.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_cache_stats {
    /// In: sizeof(streamcache_cache_stats). Out: the bytes that were filled in.
    pub struct_size: usize,
    /// Lookups, each counted once: the sum of hits, misses, coalesced, bypassed and rejected. Peeks are not counted.
    pub lookups: u64,
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Lookups that got the result another caller was computing, or reading from a store.
    pub coalesced: u64,
    /// Lookups that were told not to look: STREAMCACHE_BYPASS, _REFRESH, and every one of a non-deterministic filter.
    pub bypassed: u64,
    /// Lookups that found a rejection.
    pub rejected: u64,
    /// Answers of STREAMCACHE_BUSY, and STREAMCACHE_PENDING: no lookups yet.
    pub busy: u64,
    /// Misses whose result was there with its time to live over, part of misses.
    pub expired: u64,
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
    /// Bytes charged now: results, leased ones even after their eviction, states and index. Above max_bytes only
    /// after that was lowered, until leases and states are released.
    pub bytes: u64,
    /// Their limit.
    pub max_bytes: u64,
    /// Bytes of values that were not stored and live with their callers, outside the limit.
    pub detached_bytes: u64,
    /// Bytes of results that were evicted, replaced or purged and are still leased, and of open tickets' buffers, part of
    /// bytes.
    pub leased_bytes: u64,
    /// Bytes of states, part of bytes.
    pub state_bytes: u64,
    /// Computations under way: tickets that are open.
    pub open_tickets: u64,
    /// Milliseconds since the oldest of them was given.
    pub oldest_ticket_ms: u64,
    /// Nanoseconds of computation that hits saved, from compute_ns of their puts, or as their tickets measured it.
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
        let now = read(cache)?;
        fill(stats, |struct_size| streamcache_cache_stats {
            struct_size,
            lookups: now.lookups(),
            hits: now.hits,
            misses: now.misses,
            coalesced: now.coalesced,
            bypassed: now.bypassed,
            rejected: now.rejected,
            busy: now.busy,
            expired: now.expired,
            puts: now.puts,
            evictions: now.evictions,
            not_stored: now.not_stored,
            entries: now.entries,
            max_chunks: now.max_chunks,
            bytes: now.bytes,
            max_bytes: now.max_bytes,
            detached_bytes: now.detached_bytes,
            leased_bytes: now.leased_bytes,
            state_bytes: now.state_bytes,
            open_tickets: now.open_tickets,
            oldest_ticket_ms: now.oldest_ticket_ms,
            time_saved_ns: now.time_saved_ns,
        })
    })
}

/// Fills a caller's struct as far as its struct_size goes.
///
/// # Safety
/// `out` is NULL or writable for the size it begins with; `T` is a plain C struct that begins with its size.
pub(super) unsafe fn fill<T>(out: *mut T, make: impl FnOnce(usize) -> T) -> Answer {
    // SAFETY: as this function's own contract; struct_size bounds what is written.
    unsafe {
        let room = *out.cast::<usize>().as_ref().ok_or_else(null)?;
        if room < size_of::<usize>() {
            return Err(Error::invalid("struct_size is wrong: set it to sizeof of the struct"));
        }
        let filled = room.min(size_of::<T>());
        let full = make(filled);
        out.cast::<u8>().copy_from((&raw const full).cast(), filled);
    }
    Ok(STREAMCACHE_OK)
}

/// What the calls of one filter handle and its snapshots counted. Peeks are not counted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_filter_stats {
    /// In: sizeof(streamcache_filter_stats). Out: the bytes that were filled in.
    pub struct_size: usize,
    /// Lookups, each counted once: the sum of hits, misses, coalesced, bypassed and rejected.
    pub lookups: u64,
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Lookups that got the result another caller was computing, or reading from a store.
    pub coalesced: u64,
    /// Lookups that were told not to look.
    pub bypassed: u64,
    /// Lookups that found a rejection.
    pub rejected: u64,
    /// Results stored.
    pub puts: u64,
    /// Nanoseconds of computation that hits saved, from compute_ns of their puts, or as their tickets measured it.
    pub time_saved_ns: u64,
}

/// Reads the counters of one filter handle and its snapshots, also of a closed cache's.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]     filter the filter
/// @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_get_stats(
    filter: *const streamcache_filter, stats: *mut streamcache_filter_stats,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        on(filter, |filter| {
            let now = filter.stats();
            fill(stats, |struct_size| streamcache_filter_stats {
                struct_size,
                lookups: now.lookups(),
                hits: now.hits,
                misses: now.misses,
                coalesced: now.coalesced,
                bypassed: now.bypassed,
                rejected: now.rejected,
                puts: now.puts,
                time_saved_ns: now.time_saved_ns,
            })
        })
    })
}

/// How stats are written as text.
pub type streamcache_format = i32;

/// One JSON object: the cache's numbers by their names in streamcache_cache_stats ("unlimited" for no limit), its
/// "name", "filters", an object of the open filters' numbers by id, and "tiers", an object of those tiers it has, "disk"
/// and "remote": their numbers by their names in streamcache_tier_stats (null where a tier doesn't know), "refusals" by
/// reason, "resting", why it is not asked, and "last_fault", both null or a sentence.
pub const STREAMCACHE_FORMAT_JSON: streamcache_format = 1;
/// Prometheus' text format 0.0.4: streamcache_hits_total{cache="name"} and so on, and for the open filters
/// streamcache_filter_hits_total{cache="name",filter="id"} and so on, and for the tiers behind memory
/// streamcache_tier_hits_total{cache="name",tier="disk"} and so on. Time saved is in seconds.
pub const STREAMCACHE_FORMAT_PROMETHEUS: streamcache_format = 2;

/// Writes the stats of a cache, its open filters (handles of one id together) and its tiers as text, and a NUL.
///
/// Borrows everything for the call. Threads: any. Locks one shard at a time; reads one row of the store on disk.
/// @param[in]  cache the cache
/// @param[in]  format STREAMCACHE_FORMAT_JSON or STREAMCACHE_FORMAT_PROMETHEUS
/// @param[out] buffer where to; NULL only with capacity 0
/// @param[in]  capacity bytes at `buffer`
/// @param[out] len bytes of the text without the NUL, also when it doesn't fit; it may grow until the next call
/// @retval STREAMCACHE_OK written
/// @retval STREAMCACHE_BUFFER_TOO_SMALL `*len` + 1 bytes are needed; nothing was written
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown format
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_write_stats(
    cache: *const streamcache_cache, format: streamcache_format, buffer: *mut c_char, capacity: usize, len: *mut usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let format = match format {
            STREAMCACHE_FORMAT_JSON => Format::Json,
            STREAMCACHE_FORMAT_PROMETHEUS => Format::Prometheus,
            _ => return Err(null()),
        };
        on(cache, |cache| write_text(buffer, capacity, len, || Ok(cache.write_stats(format))))
    })
}

//! Section: state and chunk, the seed's verbs.

use super::border::{bytes, cleared, guard, guard_error, lease, null, on, on_lookup, on_put, plain, text};
use super::cache::streamcache_cache;
use super::digest::{self, streamcache_digest};
use super::outcome::{copy_out, found_outcome, put_outcome};
use super::said::{asked, put_error, put_options, zeroed};
use super::status::{STREAMCACHE_BUSY, STREAMCACHE_MISS, STREAMCACHE_OK, streamcache_error, streamcache_status};
use super::value::{self, streamcache_external, streamcache_tensor_view, streamcache_value};
use crate::cache::Got;
use crate::call::Flags;
use crate::value::Payload;
use core::ffi::{c_char, c_void};

/// Look into memory alone, without counting and without marking the result as used. No store behind memory is asked.
pub const STREAMCACHE_PEEK: u32 = 1;
/// Neither look nor store: a lookup answers STREAMCACHE_MISS, a put STREAMCACHE_NOT_STORED.
pub const STREAMCACHE_BYPASS: u32 = 2;
/// Don't look, but store: a lookup answers STREAMCACHE_MISS, so that the result is computed anew and replaced. A store
/// behind memory that the new result does not reach (the tier's stats count it) keeps the old one, as it does where the
/// new one is a rejection or in device memory: remove it first where it must not be found again.
pub const STREAMCACHE_REFRESH: u32 = 4;
/// Look, but don't store: a put answers STREAMCACHE_NOT_STORED, and what a store behind memory has is not brought to memory.
/// With STREAMCACHE_NO_WAIT it is, for that is its only way to the caller.
pub const STREAMCACHE_READ_ONLY: u32 = 8;
/// Neither read nor write what is behind memory, the disk and the remote store: such a call never blocks on them.
pub const STREAMCACHE_MEMORY_ONLY: u32 = 32;
/// Neither read nor write the remote store.
pub const STREAMCACHE_NO_REMOTE: u32 = 64;

/// What a put may say about its value. Set everything to 0 first, then struct_size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_put_options {
    /// sizeof(streamcache_put_options).
    pub struct_size: usize,
    /// Milliseconds until the result is no longer found, time asleep included; 0 for the cache's ttl_ms, which is never
    /// exceeded, counted from when a result was put in memory or sealed for a store.
    pub ttl_ms: u64,
    /// Nanoseconds the computation took, at most 2^62−1: every later hit counts them as time saved. 0 where unknown.
    pub compute_ns: u64,
    /// The tensors in the payload, copied; NULL for none.
    pub tensors: *const streamcache_tensor_view,
    /// How many tensors, at most 1024.
    pub tensor_count: usize,
    /// A few bytes of the caller's to keep beside the payload, copied; NULL for none.
    pub blob: *const c_void,
    /// Bytes of `blob`, at most 65536.
    pub blob_len: usize,
    /// Where details of a failure go, for streamcache_error_free(); NULL if not wanted.
    pub error: *mut *mut streamcache_error,
}

/// Keeps a filter's trained state under the filter's id with the caller's key, in place of that id's old one. It is
/// charged to the budget and never evicted. Filter handles have states of their own and don't see it.
///
/// Borrows everything for the call. Threads: any. Copies `data`; evicts results for it if need be.
/// @param[in]  cache the cache
/// @param[in]  id the filter's id in UTF-8, need not be NUL-terminated
/// @param[in]  id_len bytes of `id`
/// @param[in]  key the state's key, see streamcache_key_state()
/// @param[in]  data the state, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
/// @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_load_state(
    cache: *mut streamcache_cache, id: *const c_char, id_len: usize, key: *const streamcache_digest,
    data: *const c_void, len: usize, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            let (id, key, data) = (text(id, id_len)?, digest::borrow(key)?, bytes(data, len)?);
            on(cache, |cache| cache.load_state(id, *key, data).map(|()| STREAMCACHE_OK))
        })
    }
}

/// Leases the state kept under a filter's id.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// Locks the map of states; copies nothing.
/// @param[in]  cache the cache
/// @param[in]  id the filter's id in UTF-8, need not be NUL-terminated
/// @param[in]  id_len bytes of `id`
/// @param[out] value the state; NULL unless STREAMCACHE_OK
/// @param[out] key the key it was loaded with; NULL if not wanted
/// @retval STREAMCACHE_OK found
/// @retval STREAMCACHE_MISS no state under this id
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_get_state(
    cache: *const streamcache_cache, id: *const c_char, id_len: usize, value: *mut *mut streamcache_value,
    key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value).ok_or_else(null)?;
        let id = text(id, id_len)?;
        on(cache, |cache| {
            let Some((state, its_key)) = cache.get_state(id)? else { return Ok(STREAMCACHE_MISS) };
            digest::write(key, &its_key);
            *value = lease(Some(state));
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Forgets the state kept under a filter's id. Leases on it stay valid.
///
/// Borrows everything for the call. Threads: any. Locks the map of states.
/// @param[in] cache the cache
/// @param[in] id the filter's id in UTF-8, need not be NUL-terminated
/// @param[in] id_len bytes of `id`
/// @retval STREAMCACHE_OK forgotten
/// @retval STREAMCACHE_MISS there was none
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_unload_state(
    cache: *mut streamcache_cache, id: *const c_char, id_len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let id = text(id, id_len)?;
        on(cache, |cache| Ok(if cache.unload_state(id)? { STREAMCACHE_OK } else { STREAMCACHE_MISS }))
    })
}

/// Looks up a result under a key of the caller's, see streamcache_key_chunk().
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// Locks one shard; copies nothing.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the result, or the rejection; NULL otherwise
/// @retval STREAMCACHE_OK a hit
/// @retval STREAMCACHE_MISS not there
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_get_chunk(
    cache: *const streamcache_cache, key: *const streamcache_digest, flags: u32, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value).ok_or_else(null)?;
        let (key, flags) = (digest::borrow(key)?, Flags::from_bits(flags)?);
        on_lookup(cache, |cache| match cache.lookup(key, 0, flags)? {
            Got::Hit(found) | Got::Shared(found) => Ok(found_outcome(Some(found), value)),
            Got::Miss => Ok(STREAMCACHE_MISS),
            Got::Busy => Ok(STREAMCACHE_BUSY),
        })
    })
}

/// Stores a copy of a result under a key of the caller's. A key that is there is replaced in place; leases on its old
/// value stay valid. Under a filter's key the filter finds the result, too, but the entry doesn't say whose it is:
/// streamcache_filter_purge() and _retire() leave it, streamcache_filter_remove() and streamcache_cache_purge() don't.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Copies `data`; locks one shard at a time.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  data the result, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
/// @param[in]  options NULL for none
/// @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a struct_size that is too small
/// @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_put_chunk(
    cache: *mut streamcache_cache, key: *const streamcache_digest, data: *const c_void, len: usize, flags: u32,
    options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (key, data) = (digest::borrow(key)?, bytes(data, len)?);
            let said = put_options(options, flags, value.is_some())?;
            on_put(cache, |cache| Ok(put_outcome(cache.put(key, data, &said.options())?, value)))
        })
    }
}

/// Stores a result that stays where it is: the caller gives its memory to the cache. Otherwise as
/// streamcache_cache_put_chunk().
///
/// Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
/// rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
/// Copies nothing; locks one shard at a time.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  external the memory
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
/// @param[in]  options NULL for none
/// @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a wrong struct_size
/// @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for; if it is `external`, its
///         destructor did not run
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_put_chunk_external(
    cache: *mut streamcache_cache, key: *const streamcache_digest, external: *const streamcache_external, flags: u32,
    options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let payload = Payload::External(value::external(external)?);
            let (key, said) = (digest::borrow(key)?, put_options(options, flags, value.is_some())?);
            on_put(cache, |cache| Ok(put_outcome(cache.store(key, 0, payload, &said.options())?, value)))
        })
    }
}

/// Looks up a result and copies it out, for callers who want no lease.
///
/// Borrows everything for the call. Threads: any. Locks one shard; copies outside the lock.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] buffer where to; NULL only with capacity 0
/// @param[in]  capacity bytes at `buffer`
/// @param[out] len the result's size, also when it doesn't fit; 0 on a miss
/// @retval STREAMCACHE_OK a hit, copied
/// @retval STREAMCACHE_MISS not there
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none
/// @retval STREAMCACHE_BUFFER_TOO_SMALL a hit that needs `*len` bytes; nothing was copied, and with capacity 0, which
///         only asks for the size, nothing was counted
/// @retval STREAMCACHE_NOT_SUPPORTED a hit in device memory
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_get_chunk_into(
    cache: *const streamcache_cache, key: *const streamcache_digest, flags: u32, buffer: *mut c_void, capacity: usize,
    len: *mut usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let len = zeroed(len, buffer, capacity)?;
        let (key, flags) = (digest::borrow(key)?, asked(flags, capacity)?);
        on_lookup(cache, |cache| match cache.lookup(key, 0, flags)? {
            Got::Hit(found) | Got::Shared(found) => copy_out(Some(&found), buffer, capacity, len),
            Got::Miss => Ok(STREAMCACHE_MISS),
            Got::Busy => Ok(STREAMCACHE_BUSY),
        })
    })
}

/// Forgets a result: in memory, on disk, for all processes that share it, and in the remote store. What is still queued
/// to be written is not. Leases on it stay valid.
///
/// Borrows everything for the call. Threads: any. Locks one shard; waits for a writer on disk, at most 10 seconds, and
/// for the remote store, at most remote_timeout_ms.
/// @param[in] cache the cache
/// @param[in] key the key
/// @retval STREAMCACHE_OK forgotten
/// @retval STREAMCACHE_MISS memory had none; a store behind it that had one has it no more
/// @retval STREAMCACHE_IO a store could not be told and may have it still, or an interrupted write of it may still take effect
///         at the server, which the library undoes once that answers again; memory has not
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_remove_chunk(
    cache: *mut streamcache_cache, key: *const streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let key = digest::borrow(key)?;
        on(cache, |cache| Ok(if cache.remove(key)? { STREAMCACHE_OK } else { STREAMCACHE_MISS }))
    })
}

/// Hits per lookup that looked, since the cache was opened, 0 to 1; 0 before the first.
///
/// Borrows `cache`. Threads: any. Locks one shard at a time.
/// @param[in] cache the cache; NULL answers 0
/// @return hits / (hits + misses)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_hit_rate(cache: *const streamcache_cache) -> f64 {
    // SAFETY: the caller's handle, as documented.
    plain(0.0, || unsafe { super::stats::read(cache) }.map(|stats| stats.hit_rate()))
}

/// Lookups that found their result since the cache was opened.
///
/// Borrows `cache`. Threads: any. Locks one shard at a time.
/// @param[in] cache the cache; NULL answers 0
/// @return how many
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_hits(cache: *const streamcache_cache) -> u64 {
    // SAFETY: the caller's handle, as documented.
    plain(0, || unsafe { super::stats::read(cache) }.map(|stats| stats.hits))
}

/// Lookups that did not find their result since the cache was opened.
///
/// Borrows `cache`. Threads: any. Locks one shard at a time.
/// @param[in] cache the cache; NULL answers 0
/// @return how many
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_misses(cache: *const streamcache_cache) -> u64 {
    // SAFETY: the caller's handle, as documented.
    plain(0, || unsafe { super::stats::read(cache) }.map(|stats| stats.misses))
}

//! Section: state and chunk, the seed's verbs.

use super::border::{bytes, cleared, guard, guard_error, lease, no_flags, null, on, plain, text};
use super::cache::streamcache_cache;
use super::digest::{self, streamcache_digest};
use super::status::{STREAMCACHE_MISS, STREAMCACHE_NOT_STORED, STREAMCACHE_OK, streamcache_error, streamcache_status};
use super::value::streamcache_value;
use crate::cache::PutOptions;
use crate::error::{Error, Result};
use crate::memory::Put;
use core::ffi::{c_char, c_void};

/// What a put may say about its value. Set everything to 0 first, then struct_size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_put_options {
    /// sizeof(streamcache_put_options).
    pub struct_size: usize,
    /// Nanoseconds the computation took: every later hit counts them as time saved. 0 where unknown.
    pub compute_ns: u64,
}

/// The put options at the border.
///
/// # Safety
/// `options` is NULL or readable for its struct_size.
pub(super) unsafe fn put_options(options: *const streamcache_put_options, lease: bool) -> Result<PutOptions> {
    // SAFETY: readable by contract; struct_size is looked at before anything behind it.
    unsafe {
        let Some(size) = options.cast::<usize>().as_ref() else { return Ok(PutOptions { compute_ns: 0, lease }) };
        if *size < size_of::<streamcache_put_options>() {
            return Err(Error::invalid("struct_size is too small: set it to sizeof(streamcache_put_options)"));
        }
        Ok(PutOptions { compute_ns: (*options).compute_ns, lease })
    }
}

/// Hands a put's outcome to C.
pub(super) fn put_outcome(put: Put, value: Option<&mut *mut streamcache_value>) -> streamcache_status {
    if let Some(out) = value {
        *out = lease(put.value);
    }
    if put.stored { STREAMCACHE_OK } else { STREAMCACHE_NOT_STORED }
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
/// @param[in]  flags 0
/// @param[out] value the result; NULL unless STREAMCACHE_OK
/// @retval STREAMCACHE_OK a hit
/// @retval STREAMCACHE_MISS not there
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
        no_flags(flags)?;
        let key = digest::borrow(key)?;
        on(cache, |cache| {
            let Some(found) = cache.get(key)? else { return Ok(STREAMCACHE_MISS) };
            *value = lease(Some(found));
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Stores a copy of a result under a key of the caller's. A key that is there is replaced in place; leases on its old
/// value stay valid.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Copies `data`; locks one shard at a time.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  data the result, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  flags 0
/// @param[in]  options NULL for none
/// @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a struct_size that is too small
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_put_chunk(
    cache: *mut streamcache_cache, key: *const streamcache_digest, data: *const c_void, len: usize, flags: u32,
    options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        no_flags(flags)?;
        let (key, data, options) = (digest::borrow(key)?, bytes(data, len)?, put_options(options, value.is_some())?);
        on(cache, |cache| Ok(put_outcome(cache.put(key, data, options)?, value)))
    })
}

/// Hits per lookup since the cache was opened, 0 to 1; 0 before the first lookup.
///
/// Borrows `cache`. Threads: any. Locks one shard at a time.
/// @param[in] cache the cache; NULL answers 0
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
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_misses(cache: *const streamcache_cache) -> u64 {
    // SAFETY: the caller's handle, as documented.
    plain(0, || unsafe { super::stats::read(cache) }.map(|stats| stats.misses))
}

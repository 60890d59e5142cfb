//! Section: filter: storing. Each put says under which state its result was computed.

use super::border::{bytes, cleared, guard_error, on_put};
use super::chunk::streamcache_put_options;
use super::digest::{self, streamcache_digest};
use super::filter::streamcache_filter;
use super::outcome::put_outcome;
use super::said::{put_error, put_options};
use super::status::streamcache_status;
use super::value::{self, streamcache_external, streamcache_value};
use crate::value::Payload;
use core::ffi::c_void;

/// Stores a copy of a chunk's result under the state that computed it. `key` tells which: another thread may have
/// loaded a new state since the lookup, and the old state's result must not land under the new one's name.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Copies `data`; locks one shard at a time.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest
/// @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
/// @param[in]  data the result, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
/// @param[in]  options NULL for none
/// @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, no key though the state was swapped, or a key
///         that is not this chunk's under any of the last 16 states of this handle
/// @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_put(
    filter: *mut streamcache_filter, chunk: *const streamcache_digest, key: *const streamcache_digest,
    data: *const c_void, len: usize, flags: u32, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (chunk, key) = (digest::borrow(chunk)?, digest::borrow(key).ok());
            let (data, said) = (bytes(data, len)?, put_options(options, flags, value.is_some())?);
            on_put(filter, |filter| Ok(put_outcome(filter.put(chunk, key, data, &said.options())?, value)))
        })
    }
}

/// Stores a copy of a chunk's result, digesting the chunk's bytes again; otherwise as streamcache_filter_put().
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Reads the chunk once, copies `data`; locks one shard at a time.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk, `chunk_len` bytes; NULL only with length 0
/// @param[in]  chunk_len how many bytes
/// @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
/// @param[in]  data the result, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
/// @param[in]  options NULL for none
/// @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_filter_put()
/// @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_put_bytes(
    filter: *mut streamcache_filter, chunk: *const c_void, chunk_len: usize, key: *const streamcache_digest,
    data: *const c_void, len: usize, flags: u32, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (chunk, key) = (bytes(chunk, chunk_len)?, digest::borrow(key).ok());
            let (data, said) = (bytes(data, len)?, put_options(options, flags, value.is_some())?);
            on_put(filter, |filter| {
                let put = filter.put(&filter.digest(chunk), key, data, &said.options())?;
                Ok(put_outcome(put, value))
            })
        })
    }
}

/// Stores a chunk's result that stays where it is: the caller gives its memory to the cache. Otherwise as
/// streamcache_filter_put().
///
/// Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
/// rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
/// Copies nothing; locks one shard at a time.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest
/// @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
/// @param[in]  external the memory
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
/// @param[in]  options NULL for none
/// @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_filter_put()
/// @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for; if it is `external`, its
///         destructor did not run
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_put_external(
    filter: *mut streamcache_filter, chunk: *const streamcache_digest, key: *const streamcache_digest,
    external: *const streamcache_external, flags: u32, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let payload = Payload::External(value::external(external)?);
            let (chunk, key) = (digest::borrow(chunk)?, digest::borrow(key).ok());
            let said = put_options(options, flags, value.is_some())?;
            on_put(filter, |filter| Ok(put_outcome(filter.store(chunk, key, payload, &said.options())?, value)))
        })
    }
}

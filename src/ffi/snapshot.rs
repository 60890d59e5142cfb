//! Section: snapshot, a filter as it was at one moment.

use super::border::{bytes, cleared, guard, guard_error, null, on, on_lookup, on_put, release, retain};
use super::chunk::streamcache_put_options;
use super::digest::{self, streamcache_digest};
use super::filter::{state_outcome, streamcache_snapshot};
use super::filter_get::looked_up;
use super::outcome::put_outcome;
use super::said::{put_error, put_options};
use super::status::streamcache_status;
use super::value::{self, streamcache_external, streamcache_value};
use crate::call::Flags;
use crate::value::Payload;
use core::ffi::c_void;

/// Adds a reference.
///
/// The caller owns one more, for streamcache_snapshot_release(). Threads: any.
/// @param[in] snapshot the snapshot
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_retain(snapshot: *mut streamcache_snapshot) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { retain(snapshot) })
}

/// Drops a reference.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] snapshot the snapshot, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_release(snapshot: *mut streamcache_snapshot) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(snapshot) });
}

/// Leases the snapshot's state.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// @param[in]  snapshot the snapshot
/// @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
/// @param[out] state its digest; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_MISS only its digest is known
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL snapshot
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_get_state(
    snapshot: *const streamcache_snapshot, value: *mut *mut streamcache_value, state: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        on(snapshot, |snapshot| Ok(state_outcome(snapshot.state(), value, state)))
    })
}

/// Looks up a chunk's result under the snapshot's state; otherwise as streamcache_filter_get().
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// Locks one shard; copies nothing.
/// @param[in]  snapshot the snapshot
/// @param[in]  chunk the chunk's digest
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] key the key it looked under, on a miss too; NULL if not wanted
/// @retval STREAMCACHE_OK a hit
/// @retval STREAMCACHE_MISS not there: compute it with the snapshot's state and put it through the snapshot
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_get(
    snapshot: *const streamcache_snapshot, chunk: *const streamcache_digest, flags: u32,
    value: *mut *mut streamcache_value, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value).ok_or_else(null)?;
        let (chunk, flags) = (digest::borrow(chunk)?, Flags::from_bits(flags)?);
        on_lookup(snapshot, |snapshot| looked_up(|its_key| snapshot.find(chunk, flags, its_key), value, key))
    })
}

/// Stores a copy of a chunk's result that the snapshot's state computed.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Copies `data`; locks one shard at a time.
/// @param[in]  snapshot the snapshot
/// @param[in]  chunk the chunk's digest
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
pub unsafe extern "C" fn streamcache_snapshot_put(
    snapshot: *const streamcache_snapshot, chunk: *const streamcache_digest, data: *const c_void, len: usize,
    flags: u32, options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (chunk, data) = (digest::borrow(chunk)?, bytes(data, len)?);
            let said = put_options(options, flags, value.is_some())?;
            on_put(snapshot, |snapshot| Ok(put_outcome(snapshot.put(chunk, data, &said.options())?, value)))
        })
    }
}

/// Stores a chunk's result that the snapshot's state computed and that stays where it is; otherwise as
/// streamcache_filter_put_external().
///
/// Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
/// rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
/// Copies nothing; locks one shard at a time.
/// @param[in]  snapshot the snapshot
/// @param[in]  chunk the chunk's digest
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
pub unsafe extern "C" fn streamcache_snapshot_put_external(
    snapshot: *const streamcache_snapshot, chunk: *const streamcache_digest, external: *const streamcache_external,
    flags: u32, options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let payload = Payload::External(value::external(external)?);
            let (chunk, said) = (digest::borrow(chunk)?, put_options(options, flags, value.is_some())?);
            on_put(snapshot, |snapshot| Ok(put_outcome(snapshot.store(chunk, payload, &said.options())?, value)))
        })
    }
}

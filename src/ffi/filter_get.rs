//! Section: filter: looking results up and forgetting them, and the snapshot to do it through.

use super::border::{bytes, cleared, give, guard, null, on, on_lookup, required};
use super::digest::{self, streamcache_digest};
use super::filter::{streamcache_filter, streamcache_snapshot};
use super::outcome::{copy_out, found_outcome};
use super::said::{asked, zeroed};
use super::status::{STREAMCACHE_BUSY, STREAMCACHE_MISS, STREAMCACHE_OK, streamcache_status};
use super::value::streamcache_value;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::Result;
use crate::filter::Found;
use core::ffi::c_void;

/// Looks up with `find`, which puts the key where it is told, and hands its answer to C.
///
/// # Safety
/// `key` is NULL or writable.
#[inline]
pub(super) unsafe fn looked_up(
    find: impl FnOnce(&mut Digest) -> Result<Found>, value: &mut *mut streamcache_value, key: *mut streamcache_digest,
) -> Result<streamcache_status> {
    let mut its_key = Digest([0; 32]);
    let found = find(&mut its_key)?;
    // SAFETY: as this function's own contract.
    unsafe { digest::write(key, &its_key) };
    Ok(match found {
        Found::Here(found) => found_outcome(Some(found), value),
        Found::Nothing => STREAMCACHE_MISS,
        Found::Busy => STREAMCACHE_BUSY,
    })
}

/// Looks up a chunk's result under the present state.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// Locks one shard; copies nothing.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest, see streamcache_digest_chunk() and streamcache_digest_tensor()
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] key the key it looked under, on a miss too, for streamcache_filter_put(); NULL if not wanted
/// @retval STREAMCACHE_OK a hit
/// @retval STREAMCACHE_MISS not there: compute it with the state that `key` names, and put it with `key`; where another
///         thread may load a state, take a streamcache_snapshot first, compute with its state and put through it
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_get(
    filter: *const streamcache_filter, chunk: *const streamcache_digest, flags: u32,
    value: *mut *mut streamcache_value, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value).ok_or_else(null)?;
        let (chunk, flags) = (digest::borrow(chunk)?, Flags::from_bits(flags)?);
        on_lookup(filter, |filter| looked_up(|its_key| filter.find(chunk, flags, its_key), value, key))
    })
}

/// Digests a chunk's bytes and looks its result up: streamcache_digest_chunk() and streamcache_filter_get() in one.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// Reads `data` once; locks one shard; copies nothing.
/// @param[in]  filter the filter
/// @param[in]  data the chunk, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] key the key it looked under, on a miss too; NULL if not wanted
/// @param[out] chunk the chunk's digest, on a miss too, for streamcache_filter_put(); NULL if not wanted
/// @retval STREAMCACHE_OK a hit
/// @retval STREAMCACHE_MISS not there: compute it and put it with `chunk` and `key`, as streamcache_filter_get() says
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_get_bytes(
    filter: *const streamcache_filter, data: *const c_void, len: usize, flags: u32, value: *mut *mut streamcache_value,
    key: *mut streamcache_digest, chunk: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value).ok_or_else(null)?;
        let (data, flags) = (bytes(data, len)?, Flags::from_bits(flags)?);
        on_lookup(filter, |filter| {
            let its_chunk = filter.digest(data);
            digest::write(chunk, &its_chunk);
            looked_up(|its_key| filter.find(&its_chunk, flags, its_key), value, key)
        })
    })
}

/// Looks up a chunk's result and copies it out, for callers who want no lease.
///
/// Borrows everything for the call. Threads: any. Locks one shard; copies outside the lock.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest
/// @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] buffer where to; NULL only with capacity 0
/// @param[in]  capacity bytes at `buffer`
/// @param[out] len the result's size, also when it doesn't fit; 0 on a miss
/// @param[out] key the key it looked under, on a miss too, for streamcache_filter_put(); NULL if not wanted
/// @retval STREAMCACHE_OK a hit, copied
/// @retval STREAMCACHE_MISS not there
/// @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
/// @retval STREAMCACHE_REJECTED a caller committed that there is none
/// @retval STREAMCACHE_BUFFER_TOO_SMALL a hit that needs `*len` bytes; nothing was copied, and with capacity 0, which
///         only asks for the size, nothing was counted
/// @retval STREAMCACHE_NOT_SUPPORTED a hit in device memory
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_get_into(
    filter: *const streamcache_filter, chunk: *const streamcache_digest, flags: u32, buffer: *mut c_void,
    capacity: usize, len: *mut usize, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let len = zeroed(len, buffer, capacity)?;
        let (chunk, flags) = (digest::borrow(chunk)?, asked(flags, capacity)?);
        on_lookup(filter, |filter| {
            let mut its_key = Digest([0; 32]);
            let found = filter.find(chunk, flags, &mut its_key)?;
            digest::write(key, &its_key);
            match &found {
                Found::Here(value) => copy_out(Some(value), buffer, capacity, len),
                Found::Nothing => Ok(STREAMCACHE_MISS),
                Found::Busy => Ok(STREAMCACHE_BUSY),
            }
        })
    })
}

/// Forgets a chunk's result under the present state: in memory, on disk, for all processes that share it, and in the
/// remote store. What is still queued to be written is not. Leases on it stay valid.
///
/// Borrows everything for the call. Threads: any. Locks one shard; waits for a writer on disk, at most 10 seconds, and
/// for the remote store, at most remote_timeout_ms.
/// @param[in] filter the filter
/// @param[in] chunk the chunk's digest
/// @retval STREAMCACHE_OK forgotten
/// @retval STREAMCACHE_MISS memory had none; a store behind it that had one has it no more
/// @retval STREAMCACHE_IO a store could not be told and may have it still, or an interrupted write of it may still take effect
///         at the server, which the library undoes once that answers again; memory has not
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_remove(
    filter: *mut streamcache_filter, chunk: *const streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let chunk = digest::borrow(chunk)?;
        on(filter, |filter| Ok(if filter.remove(chunk)? { STREAMCACHE_OK } else { STREAMCACHE_MISS }))
    })
}

/// Forgets the results of the present state, but for those that streamcache_cache_put_chunk() put under its keys.
/// Handles of equal configuration and state share their results, so it purges theirs, too. It reaches the disk, for all
/// processes that share it, and what waits to be written; the remote store is not told, and still has them.
///
/// Borrows everything for the call. Threads: any. Looks at every entry, a bounded number each time it locks a shard;
/// waits for a writer on disk, at most 10 seconds.
/// @param[in]  filter the filter
/// @param[out] removed how many results memory had; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_IO the disk may have them still; memory has not
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_purge(
    filter: *mut streamcache_filter, removed: *mut u64,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { on(filter, |filter| Ok(counted(removed, filter.purge()?))) })
}

/// Forgets the results of this handle's other states (the last 16 of them), but for those that
/// streamcache_cache_put_chunk() put under their keys: for an engine that will not roll back. It reaches the disk, for
/// all processes that share it, and what waits to be written; the remote store is not told, and still has them.
///
/// Borrows everything for the call. Threads: any. Looks at every entry, a bounded number each time it locks a shard;
/// waits for a writer on disk, at most 10 seconds.
/// @param[in]  filter the filter
/// @param[out] removed how many results memory had; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_IO the disk may have them still; memory has not
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_retire(
    filter: *mut streamcache_filter, removed: *mut u64,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { on(filter, |filter| Ok(counted(removed, filter.retire()?))) })
}

/// Writes a number out where the caller asked for it.
///
/// # Safety
/// `out` is NULL or writable.
unsafe fn counted(out: *mut u64, number: u64) -> streamcache_status {
    // SAFETY: as this function's own contract.
    if let Ok(out) = unsafe { required(out) } {
        *out = number;
    }
    STREAMCACHE_OK
}

/// Takes a filter as it is now: lookups and puts on the snapshot name its state, whatever the filter loads later.
///
/// Borrows `filter`; `*snapshot` receives one reference, for streamcache_snapshot_release(). It keeps the cache and
/// the state alive. Threads: any. Copies nothing.
/// @param[in]  filter the filter
/// @param[out] snapshot the snapshot; NULL on failure
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_snapshot(
    filter: *const streamcache_filter, snapshot: *mut *mut streamcache_snapshot,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let snapshot = cleared(snapshot).ok_or_else(null)?;
        on(filter, |filter| {
            *snapshot = give(filter.snapshot()?.into());
            Ok(STREAMCACHE_OK)
        })
    })
}

//! Section: hasher and barrier, digests made piece by piece.

use super::border::{Answer, bytes, cleared, guard, null, required};
use super::digest::{self, streamcache_digest, streamcache_role};
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::digest::{Barrier, Digest, Hasher};
use core::ffi::c_void;

/// Digests bytes that come in pieces. One thread at a time; reusable.
pub struct streamcache_hasher(Hasher);

/// Digests all chunks of a stream, in their order, keeping none: for a filter that answers only at the stream's end.
/// One thread at a time; reusable.
pub struct streamcache_barrier(Barrier);

/// A handle of this file's, at the border.
unsafe fn with<T>(handle: *mut T, change: impl FnOnce(&mut T) -> Answer) -> streamcache_status {
    // SAFETY: the callers' pointer, as documented; one thread at a time, so nobody else has it.
    guard(|| change(unsafe { required(handle) }?))
}

/// Ends what a handle digests, where there is somewhere to write it to.
unsafe fn finished<T>(
    handle: *mut T, out: *mut streamcache_digest, finish: impl FnOnce(&mut T) -> Digest,
) -> streamcache_status {
    // SAFETY: the callers' pointers, as documented.
    unsafe {
        with(handle, |handle| {
            let out = required(out)?; // first: without it nothing is to end
            out.bytes = finish(handle).0;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Frees what Box made.
unsafe fn free<T>(handle: *mut T) -> Answer {
    if !handle.is_null() {
        // SAFETY: it was boxed by this file, and the caller gives it up.
        drop(unsafe { Box::from_raw(handle) });
    }
    Ok(STREAMCACHE_OK)
}

/// Makes a hasher for bytes of one role.
///
/// `*hasher` is owned by the caller, for streamcache_hasher_free(). Threads: any. Allocates about 2 KiB.
/// @param[in]  role what the bytes are: STREAMCACHE_ROLE_CHUNK, _STATE, or _CONFIG for one that is not JSON
/// @param[out] hasher the hasher; NULL on failure
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT an unknown role, or a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_hasher_new(
    role: streamcache_role, hasher: *mut *mut streamcache_hasher,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let hasher = cleared(hasher).ok_or_else(null)?;
        *hasher = Box::into_raw(Box::new(streamcache_hasher(Hasher::new(digest::role(role)?))));
        Ok(STREAMCACHE_OK)
    })
}

/// Adds the next bytes. How they are split makes no difference; pieces of 16 KiB and more are the fastest.
///
/// Borrows everything for the call. Threads: one at a time. Reads `data` once, copies at most 64 bytes, locks nothing.
/// @param[in,out] hasher the hasher
/// @param[in] data the bytes; NULL only with length 0
/// @param[in] len how many bytes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2; nothing was added
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_hasher_update(
    hasher: *mut streamcache_hasher, data: *const c_void, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        with(hasher, |hasher| {
            hasher.0.update(bytes(data, len)?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Gives the digest of all bytes since the last finish or reset: the one streamcache_digest_chunk(), _state() or
/// _config_bytes() gives for them at once. The next update begins anew.
///
/// Borrows everything for the call. Threads: one at a time. Locks nothing.
/// @param[in,out] hasher the hasher
/// @param[out] digest keyed(K_chunk, K_state or K_config_bytes, the bytes)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; the hasher goes on
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_hasher_finish(
    hasher: *mut streamcache_hasher, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe { finished(hasher, digest, |hasher| hasher.0.finish()) }
}

/// Forgets the bytes since the last finish or reset, after a failed read, say.
///
/// Borrows `hasher`. Threads: one at a time. Locks nothing.
/// @param[in,out] hasher the hasher
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_hasher_reset(hasher: *mut streamcache_hasher) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        with(hasher, |hasher| {
            hasher.0.reset();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Frees a hasher.
///
/// Takes `hasher`; NULL is fine. Threads: any, but no other may still use it. Never fails.
/// @param[in] hasher the hasher, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_hasher_free(hasher: *mut streamcache_hasher) {
    // SAFETY: the caller's pointer, given up here.
    guard(|| unsafe { free(hasher) });
}

/// Makes a barrier for a stream's chunks.
///
/// `*barrier` is owned by the caller, for streamcache_barrier_free(). Threads: any. Allocates about 2 KiB.
/// @param[out] barrier the barrier; NULL on failure
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_barrier_new(barrier: *mut *mut streamcache_barrier) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let barrier = cleared(barrier).ok_or_else(null)?;
        *barrier = Box::into_raw(Box::new(streamcache_barrier(Barrier::new())));
        Ok(STREAMCACHE_OK)
    })
}

/// Adds the stream's next chunk.
///
/// Borrows everything for the call. Threads: one at a time. Locks nothing.
/// @param[in,out] barrier the barrier
/// @param[in] chunk the chunk's digest
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; nothing was added
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_barrier_update(
    barrier: *mut streamcache_barrier, chunk: *const streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        with(barrier, |barrier| {
            barrier.0.update(digest::borrow(chunk)?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Gives the digest of the stream: of all chunks since the last finish or reset, their order and their count. It is
/// looked up as a chunk's. The next update begins another stream.
///
/// Borrows everything for the call. Threads: one at a time. Locks nothing.
/// @param[in,out] barrier the barrier
/// @param[out] digest keyed(K_barrier, first chunk || ... || last chunk || how many)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; the barrier goes on
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_barrier_finish(
    barrier: *mut streamcache_barrier, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe { finished(barrier, digest, |barrier| barrier.0.finish()) }
}

/// Forgets the chunks since the last finish or reset.
///
/// Borrows `barrier`. Threads: one at a time. Locks nothing.
/// @param[in,out] barrier the barrier
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_barrier_reset(barrier: *mut streamcache_barrier) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        with(barrier, |barrier| {
            barrier.0.reset();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Frees a barrier.
///
/// Takes `barrier`; NULL is fine. Threads: any, but no other may still use it. Never fails.
/// @param[in] barrier the barrier, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_barrier_free(barrier: *mut streamcache_barrier) {
    // SAFETY: the caller's pointer, given up here.
    guard(|| unsafe { free(barrier) });
}

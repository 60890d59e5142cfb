//! Section: keys of filters, snapshots and pipelines.

use super::border::{Answer, Handle, guard, list, null, on, required};
use super::digest::{self, streamcache_digest};
use super::filter::{streamcache_filter, streamcache_snapshot};
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::digest::Digest;
use crate::error::Result;
use crate::filter::{Filter, Snapshot};
use crate::pipeline;

/// The key a chunk's result has under the filter's present state: with the namespace and the secret of its cache, which
/// streamcache_key_chunk() does not know.
///
/// Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest
/// @param[out] key keyed(filter's digest, chunk), as streamcache_filter_get() gives it
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_key(
    filter: *const streamcache_filter, chunk: *const streamcache_digest, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { key_of(filter, chunk, key, Filter::key) })
}

/// The key a chunk's result has under the snapshot's state.
///
/// Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
/// @param[in]  snapshot the snapshot
/// @param[in]  chunk the chunk's digest
/// @param[out] key keyed(filter's digest, chunk), as streamcache_snapshot_get() gives it
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_key(
    snapshot: *const streamcache_snapshot, chunk: *const streamcache_digest, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { key_of(snapshot, chunk, key, Snapshot::key) })
}

/// The key of a chunk's result through a whole chain of filters, so that one streamcache_cache_get_chunk() looks it up
/// and one streamcache_cache_put_chunk() stores it. It names each filter's state at this moment: compute with those
/// states. Where another thread may load a state meanwhile, use streamcache_pipeline_snapshot_key(). A result of the
/// chain belongs to none of its filters: purging or retiring one leaves it alone, streamcache_cache_purge() doesn't.
///
/// Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
/// @param[in]  filters the handles in the chain's order, all of one cache; a filter may stand in it several times
/// @param[in]  n how many, 1 or more
/// @param[in]  chunk the digest of the chunk that enters the chain
/// @param[out] key keyed(keyed(K_pipeline, n || first filter's digest || ... || last filter's digest), chunk)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE one of them has no state
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, also among the handles, no filter, filters of two caches, or one
///         opened with STREAMCACHE_FILTER_NONDETERMINISTIC, whose results must not be kept
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_pipeline_key(
    filters: *const *const streamcache_filter, n: usize, chunk: *const streamcache_digest, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { key_of_all(filters, n, chunk, key, pipeline::key) })
}

/// The key of a chunk's result through a chain of filters as they were when their snapshots were taken; otherwise as
/// streamcache_pipeline_key(). Take the snapshots together with the weights the engine computes with.
///
/// Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
/// @param[in]  snapshots the handles in the chain's order, all of one cache
/// @param[in]  n how many, 1 or more
/// @param[in]  chunk the digest of the chunk that enters the chain
/// @param[out] key keyed(keyed(K_pipeline, n || first filter's digest || ... || last filter's digest), chunk)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_pipeline_key()
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_pipeline_snapshot_key(
    snapshots: *const *const streamcache_snapshot, n: usize, chunk: *const streamcache_digest,
    key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { key_of_all(snapshots, n, chunk, key, pipeline::snapshot_key) })
}

/// A handle's key for a chunk, at the border.
unsafe fn key_of<H: Handle>(
    handle: *const H, chunk: *const streamcache_digest, key: *mut streamcache_digest,
    make: impl FnOnce(&H::Object, &Digest) -> Result<Digest>,
) -> Answer {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let chunk = digest::borrow(chunk)?;
        on(handle, |object| {
            let made = make(object, chunk)?;
            required(key)?.bytes = made.0; // `key` may be where `chunk` is
            Ok(STREAMCACHE_OK)
        })
    }
}

/// The key of `n` handles together. They belong to one cache, so the first one stands for them if there is a panic.
unsafe fn key_of_all<H: Handle>(
    handles: *const *const H, n: usize, chunk: *const streamcache_digest, key: *mut streamcache_digest,
    make: impl FnOnce(&[&H::Object], &Digest) -> Result<Digest>,
) -> Answer {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let objects = borrow_all(handles, n)?;
        key_of(*handles, chunk, key, |_, chunk| make(objects, chunk))
    }
}

/// The objects of `n` handles, 1 or more.
///
/// # Safety
/// `handles` is NULL or points to `n` pointers, each NULL or a live handle.
unsafe fn borrow_all<'a, H: Handle>(handles: *const *const H, n: usize) -> Result<&'a [&'a H::Object]> {
    // SAFETY: as this function's own contract.
    let pointers = unsafe { list(handles, n) }?;
    if pointers.is_empty() || pointers.iter().any(|handle| handle.is_null()) {
        return Err(null());
    }
    // SAFETY: the list was readable; a handle's pointer is its object's, none is NULL, and all live for the call.
    Ok(unsafe { std::slice::from_raw_parts(handles.cast(), n) })
}

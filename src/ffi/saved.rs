//! Section: saved.

use super::border::{guard, on};
use super::digest::{self, streamcache_digest};
use super::filter::streamcache_filter;
use super::status::{STREAMCACHE_MISS, STREAMCACHE_OK, streamcache_status};

/// Queues the present state's bytes for the disk and the remote store, where streamcache_filter_restore_state() finds them
/// by the state's digest, also in another process: a restarted engine has its state without the file it came from. They
/// are written as results are: streamcache_cache_flush() waits for it, and a state that is longer than a store takes (the
/// remote one's remote_max_value_bytes) is not there. Stores give it up for others as they do a result.
///
/// Borrows `filter`. Threads: any. Copies nothing here; the state is leased until it is written.
/// @param[in] filter the filter
/// @retval STREAMCACHE_OK queued
/// @retval STREAMCACHE_MISS only its digest is known
/// @retval STREAMCACHE_NO_STATE none was loaded
/// @retval STREAMCACHE_NO_SPACE not queued: too much waits to be written, or it is longer than any store takes
/// @retval STREAMCACHE_NOT_SUPPORTED the cache has neither a disk nor a remote store
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_save_state(filter: *mut streamcache_filter) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(filter, |filter| Ok(if filter.save_state()? { STREAMCACHE_OK } else { STREAMCACHE_MISS })) })
}

/// Loads the state of this digest that streamcache_filter_save_state() saved, in this or another process: copied, digested
/// once more, charged to the budget, as streamcache_filter_load_state() does.
///
/// Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do. Reads the
/// disk, and waits for the remote store as a lookup does.
/// @param[in] filter the filter
/// @param[in] state the digest of its bytes, see streamcache_digest_state()
/// @retval STREAMCACHE_OK done, or it was the present one
/// @retval STREAMCACHE_MISS no store has it, or not in time; the old state stays
/// @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_restore_state(
    filter: *mut streamcache_filter, state: *const streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let state = digest::borrow(state)?;
        on(filter, |filter| Ok(if filter.restore_state(state)? { STREAMCACHE_OK } else { STREAMCACHE_MISS }))
    })
}

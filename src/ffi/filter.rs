//! Section: filter: the handle and its state.

use super::border::{Handle, bytes, cleared, give, guard, guard_error, lease, null, on, only, release, retain, text};
use super::cache::streamcache_cache;
use super::digest::{self, streamcache_digest};
use super::status::{STREAMCACHE_MISS, STREAMCACHE_OK, streamcache_error, streamcache_status};
use super::value::streamcache_value;
use crate::digest::Digest;
use crate::filter::{Filter, Snapshot};
use crate::value::Value;
use core::ffi::{c_char, c_void};

/// A filter: a pipeline stage with a configuration and a state. Any thread, any time; reference-counted.
pub struct streamcache_filter {
    _opaque: [u8; 0],
}

impl Handle for streamcache_filter {
    type Object = Filter;
}

/// A filter as it was at one moment: immutable, with a lease on its state. Any thread, any time; reference-counted.
pub struct streamcache_snapshot {
    _opaque: [u8; 0],
}

impl Handle for streamcache_snapshot {
    type Object = Snapshot;
}

/// Hands a state to C.
///
/// # Safety
/// `digest` is NULL or writable.
pub(super) unsafe fn state_outcome(
    (bytes, state): (Option<Value>, Digest), value: Option<&mut *mut streamcache_value>,
    digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: as this function's own contract.
    unsafe { digest::write(digest, &state) };
    let status = if bytes.is_some() { STREAMCACHE_OK } else { STREAMCACHE_MISS };
    if let Some(value) = value {
        *value = lease(bytes);
    }
    status
}

/// The filter's answers differ from run to run (sampling, dropout): every call bypasses the cache.
pub const STREAMCACHE_FILTER_NONDETERMINISTIC: u32 = 1;

/// Opens a filter: a configuration, and a state to be loaded. The state belongs to this handle alone; another handle
/// of the same id has its own. Handles of equal configuration and state share their results.
///
/// Borrows everything for the call; `*filter` receives one reference, for streamcache_filter_release(). It keeps the
/// cache alive. Threads: any.
/// @param[in]  cache the cache
/// @param[in]  id a name in UTF-8 for people and logs, part of no key; need not be NUL-terminated
/// @param[in]  id_len bytes of `id`
/// @param[in]  config the configuration's digest, see streamcache_digest_config_json()
/// @param[in]  flags 0 or STREAMCACHE_FILTER_NONDETERMINISTIC
/// @param[out] filter the filter; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an id that is not UTF-8, or an unknown flag
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_open(
    cache: *mut streamcache_cache, id: *const c_char, id_len: usize, config: *const streamcache_digest, flags: u32,
    filter: *mut *mut streamcache_filter, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let filter = cleared(filter);
        guard_error(error, || {
            let filter = filter.ok_or_else(null)?;
            only(flags, STREAMCACHE_FILTER_NONDETERMINISTIC)?;
            let (id, config) = (text(id, id_len)?, digest::borrow(config)?);
            on(cache, |cache| {
                *filter = give(Filter::open(cache, id, *config, flags == 0)?);
                Ok(STREAMCACHE_OK)
            })
        })
    }
}

/// Adds a reference.
///
/// The caller owns one more, for streamcache_filter_release(). Threads: any.
/// @param[in] filter the filter
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_retain(filter: *mut streamcache_filter) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { retain(filter) })
}

/// Drops a reference. The last one gives the state's bytes back once no lease or snapshot holds it; results stay.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] filter the filter, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_release(filter: *mut streamcache_filter) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(filter) });
}

/// Loads a trained state: hashed once, copied, charged to the budget, never evicted. Lookups switch to it in one step;
/// what the old state computed is not found under it, and is found again when the old state is loaded again. The same
/// bytes again change nothing. A filter without trained parameters loads length 0.
///
/// Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do.
/// @param[in]  filter the filter
/// @param[in]  data the state, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_load_state(
    filter: *mut streamcache_filter, data: *const c_void, len: usize, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            let data = bytes(data, len)?;
            on(filter, |filter| filter.load_state(data).map(|()| STREAMCACHE_OK))
        })
    }
}

/// Loads a state by its digest alone: the way for large models, whose bytes live in the engine. Nothing is copied or
/// charged; otherwise as streamcache_filter_load_state(), whose results it shares for the same digest.
///
/// Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do.
/// @param[in]  filter the filter
/// @param[in]  state from streamcache_digest_state(), _state_file() or _raw(), or streamcache_key_state()
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_load_state_digest(
    filter: *mut streamcache_filter, state: *const streamcache_digest, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            let state = digest::borrow(state)?;
            on(filter, |filter| filter.load_state_digest(*state).map(|()| STREAMCACHE_OK))
        })
    }
}

/// Leases the present state.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// @param[in]  filter the filter
/// @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
/// @param[out] state its digest; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_MISS only its digest is known
/// @retval STREAMCACHE_NO_STATE none was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_get_state(
    filter: *const streamcache_filter, value: *mut *mut streamcache_value, state: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        on(filter, |filter| Ok(state_outcome(filter.state()?, value, state)))
    })
}

//! Section: stream.

use super::border::{Handle, Subject, bytes, cleared, give, guard, guard_error, null, on, release, required, retain};
use super::digest::{self, streamcache_digest};
use super::filter::{state_outcome, streamcache_filter};
use super::status::{STREAMCACHE_BYPASSED, STREAMCACHE_OK, streamcache_error, streamcache_status};
use super::ticket::{begin_outcome, begin_slots, patience, streamcache_ticket};
use super::value::streamcache_value;
use crate::cache::Cache;
use crate::call::Flags;
use crate::stream::{Stepped, Stream};
use core::ffi::c_void;

/// A stream: a filter whose recurrent state evolves chunk by chunk. Any thread, one step at a time; reference-counted.
pub struct streamcache_stream {
    _opaque: [u8; 0],
}

impl Handle for streamcache_stream {
    type Object = Stream;
}

impl Subject for Stream {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

/// Opens a stream at an initial recurrent state. A step's key names the state it begins with, by content: a hit is the
/// same chunk from the same state. So a stream hits where it replays what was computed from a reset, and an endless live
/// one never does.
///
/// Borrows everything for the call; `*stream` receives one reference, for streamcache_stream_release(). It keeps the
/// filter alive, and pins the trained state the filter has now until a reset. Threads: any. Copies `state`, which is
/// charged to the budget and never evicted: of many streams from one initial state, open one and fork it.
/// @param[in]  filter the filter
/// @param[in]  state the recurrent state, `len` bytes (often zeros); NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] stream the stream; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE the filter's trained state was not loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_NO_SPACE the state doesn't fit into max_bytes
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_open(
    filter: *mut streamcache_filter, state: *const c_void, len: usize, stream: *mut *mut streamcache_stream,
    error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let stream = cleared(stream);
        guard_error(error, || {
            let stream = stream.ok_or_else(null)?;
            let state = bytes(state, len)?;
            on(filter, |filter| {
                *stream = give(Stream::open(filter, state)?);
                Ok(STREAMCACHE_OK)
            })
        })
    }
}

/// Adds a reference.
///
/// The caller owns one more, for streamcache_stream_release(). Threads: any.
/// @param[in] stream the stream
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_retain(stream: *mut streamcache_stream) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { retain(stream) })
}

/// Drops a reference. A ticket of the stream's may outlive it: its commit is stored.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] stream the stream, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_release(stream: *mut streamcache_stream) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(stream) });
}

/// Looks up what the next chunk gives from the stream's present state.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
/// for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
/// @param[in]  stream the stream
/// @param[in]  chunk the chunk's digest
/// @param[in]  timeout_ms how long to wait for another caller's computation of the same step; 0 not at all,
///             STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the output; NULL otherwise
/// @param[out] ticket the right to compute the step; NULL otherwise
/// @retval STREAMCACHE_OK a hit: the stream has moved on
/// @retval STREAMCACHE_FILL yours to compute, from streamcache_ticket_get_step_state(); then
///         streamcache_ticket_commit_step(), which moves the stream on, or abort, which leaves it where it is
/// @retval STREAMCACHE_BYPASSED the stream's state is unknown, so nothing was looked up. The engine computes from a state
///         of its own; a committed output is not stored, and a committed next state is the stream's from then on
/// @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or this stream's last ticket is still open
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_begin(
    stream: *mut streamcache_stream, chunk: *const streamcache_digest, timeout_ms: u32, flags: u32,
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let (value, ticket) = begin_slots(value, ticket)?;
        let (chunk, flags) = (digest::borrow(chunk)?, Flags::from_bits(flags)?);
        on(stream, |stream| {
            Ok(match stream.begin(chunk, patience(timeout_ms), flags)? {
                Stepped::Begun(begun) => begin_outcome(begun, value, ticket),
                Stepped::Bypassed(begun) => {
                    begin_outcome(begun, value, ticket);
                    STREAMCACHE_BYPASSED
                }
            })
        })
    })
}

/// Leases the recurrent state the stream is at. A step under way is computed from its ticket's,
/// streamcache_ticket_get_step_state(): the stream may have been reset since.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// @param[in]  stream the stream
/// @param[out] value the state; NULL on failure; NULL if not wanted
/// @param[out] state its content digest; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE it is unknown
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL stream
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_get_state(
    stream: *const streamcache_stream, value: *mut *mut streamcache_value, state: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        on(stream, |stream| {
            let (bytes, digest) = stream.state()?;
            Ok(state_outcome((Some(bytes), digest), value, state))
        })
    })
}

/// Goes back to position 0, at a given state or the initial one, under the trained state the filter has now. What an open
/// ticket of this stream commits is stored, and moves nothing any more.
///
/// Borrows everything for the call. Threads: any. Copies `state`, which is charged to the budget.
/// @param[in]  stream the stream
/// @param[in]  state the recurrent state, `len` bytes; NULL with length 0 for the initial one, a pointer and length 0 for
///             an empty one
/// @param[in]  len how many bytes
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_NO_SPACE the state doesn't fit into max_bytes; the stream stays where it is
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the stream stays where it is
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_reset(
    stream: *mut streamcache_stream, state: *const c_void, len: usize, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            let given = Some(bytes(state, len)?).filter(|_| !state.is_null());
            on(stream, |stream| stream.reset(given).map(|()| STREAMCACHE_OK))
        })
    }
}

/// Tells a stream that the engine went on without it: its state is unknown, and streamcache_stream_begin() answers
/// STREAMCACHE_BYPASSED until a reset or the commit of a next state.
///
/// Borrows `stream`. Threads: any.
/// @param[in] stream the stream
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_forget(stream: *mut streamcache_stream) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(stream, |stream| stream.forget().map(|()| STREAMCACHE_OK)) })
}

/// Opens another stream at the same place, with the same initial state and the same pinned trained state.
///
/// Borrows `stream`; `*fork` receives one reference, for streamcache_stream_release(). Threads: any. Copies nothing.
/// @param[in]  stream the stream
/// @param[out] fork the other one; NULL on failure
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_fork(
    stream: *const streamcache_stream, fork: *mut *mut streamcache_stream,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let fork = cleared(fork).ok_or_else(null)?;
        on(stream, |stream| {
            *fork = give(stream.fork()?);
            Ok(STREAMCACHE_OK)
        })
    })
}

/// How many chunks a stream has gone since it was opened or reset.
///
/// Borrows everything for the call. Threads: any.
/// @param[in]  stream the stream
/// @param[out] position how many
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_get_position(
    stream: *const streamcache_stream, position: *mut u64,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let position = required(position)?;
        on(stream, |stream| {
            *position = stream.position()?;
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Names a stream's place: streams with equal digests give equal outputs from here on. It is made of the filter and the
/// recurrent state, whatever led there; see docs/keys.md.
///
/// Borrows everything for the call. Threads: any.
/// @param[in]  stream the stream
/// @param[out] digest the place's
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE the stream's state is unknown
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_stream_get_digest(
    stream: *const streamcache_stream, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        if digest.is_null() {
            return Err(null());
        }
        on(stream, |stream| {
            super::digest::write(digest, &stream.digest()?);
            Ok(STREAMCACHE_OK)
        })
    })
}

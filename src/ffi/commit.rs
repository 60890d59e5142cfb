//! Section: ticket, committing.

use super::border::{bytes, cleared, guard, guard_error, null, on};
use super::chunk::streamcache_put_options;
use super::outcome::put_outcome;
use super::said::{put_error, put_options};
use super::status::{STREAMCACHE_OK, streamcache_status};
use super::ticket::streamcache_ticket;
use super::value::{self, streamcache_external, streamcache_value};
use crate::value::Payload;
use core::ffi::c_void;

/// Gives the ticket `len` bytes to write the result into, charged to the budget: streamcache_ticket_commit() publishes
/// them without a copy.
///
/// Borrows `ticket`; `*data` is the ticket's, uninitialised and aligned to 64 bytes, until a commit or abort, the next
/// streamcache_ticket_buffer() or the last release. Threads: any. Locks one shard at a time; evicts if need be.
/// @param[in]  ticket the ticket
/// @param[in]  len how many bytes
/// @param[out] data where to write; NULL on failure
/// @retval STREAMCACHE_OK done; an earlier buffer of this ticket is gone
/// @retval STREAMCACHE_NO_SPACE no room could be made (beside an earlier buffer, which stays): compute in your own memory
///         and commit a copy, or external memory
/// @retval STREAMCACHE_NO_MEMORY the allocator refused
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, or another thread is using the ticket at this
///         moment
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_buffer(
    ticket: *mut streamcache_ticket, len: usize, data: *mut *mut c_void,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let data = cleared(data).ok_or_else(null)?;
        on(ticket, |ticket| {
            *data = ticket.buffer(len)?.cast();
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Publishes the first `len` bytes of the ticket's buffer as the result, where they are, and gives it to those who wait.
/// The time since the ticket was given counts as compute time, unless the options say another.
///
/// Borrows `options`; `*value`, if wanted, receives one reference, for streamcache_value_release(). The buffer is the
/// cache's from now on: immutable, and to be read through `*value` only. Threads: any. Locks one shard at a time.
/// @param[in]  ticket the ticket
/// @param[in]  len how many bytes, at most the buffer's
/// @param[in]  options NULL for none
/// @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED the ticket was fenced (see STREAMCACHE_PHASE_FENCED), no room could be made, or the
///         cache was closed meanwhile; those who wait have it all the same
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, no buffer or a shorter one, a stream's ticket, wrong options, or
///         another thread is using the ticket at this moment; the ticket stays open
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open, without its buffer
/// @retval STREAMCACHE_CLOSED the cache was closed before; the buffer can be read until the last release
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_commit(
    ticket: *mut streamcache_ticket, len: usize, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let said = put_options(options, 0, true)?;
            on(ticket, |ticket| Ok(put_outcome(ticket.commit_written(len, &said.options())?, value)))
        })
    }
}

/// Publishes a copy of `data` as the result, and gives it to those who wait; otherwise as streamcache_ticket_commit().
/// A buffer that the ticket has stays charged until then.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
/// Threads: any. Copies `data`; locks one shard at a time.
/// @param[in]  ticket the ticket
/// @param[in]  data the result, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  options NULL for none
/// @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait have it all the same
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, wrong options, or another thread is using the
///         ticket at this moment; the ticket stays open
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_commit_copy(
    ticket: *mut streamcache_ticket, data: *const c_void, len: usize, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (data, said) = (bytes(data, len)?, put_options(options, 0, true)?);
            on(ticket, |ticket| Ok(put_outcome(ticket.commit_copy(data, &said.options())?, value)))
        })
    }
}

/// Publishes a result that stays where it is, and gives it to those who wait; otherwise as streamcache_ticket_commit().
///
/// Takes `*external`: its destructor runs exactly once, also when the commit fails; see streamcache_external. Borrows the
/// rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
/// Copies nothing; locks one shard at a time.
/// @param[in]  ticket the ticket
/// @param[in]  external the memory
/// @param[in]  options NULL for none
/// @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait have it all the same
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, wrong options, a wrong struct_size, or another
///         thread is using the ticket at this moment; the ticket stays open
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_commit_external(
    ticket: *mut streamcache_ticket, external: *const streamcache_external, options: *const streamcache_put_options,
    value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let payload = Payload::External(value::external(external)?);
            let said = put_options(options, 0, true)?;
            on(ticket, |ticket| Ok(put_outcome(ticket.commit_payload(payload, &said.options())?, value)))
        })
    }
}

/// Publishes that there is no result: for an engine that means to remember a rejection (a chunk too short, a file that
/// can't be decoded). Later lookups, and those who wait now, answer STREAMCACHE_REJECTED; it never leaves memory. A
/// computation that merely failed is to be aborted instead.
///
/// Borrows `ticket`. Threads: any. Locks one shard at a time.
/// @param[in] ticket the ticket
/// @param[in] code the reason, in the caller's own numbers, for streamcache_value_get_rejection()
/// @param[in] ttl_ms milliseconds until it is forgotten; 0 for the cache's ttl_ms, which is never exceeded
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait know it all the same
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, a stream's, or another thread is using it at this moment; the
///         ticket stays open
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_commit_rejection(
    ticket: *mut streamcache_ticket, code: i32, ttl_ms: u64,
) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(ticket, |ticket| Ok(put_outcome(ticket.commit_rejection(code, ttl_ms)?, None))) })
}

/// Publishes copies of a stream's output and of its next recurrent state, together, and moves the stream on.
///
/// Borrows everything for the call; `*value`, if wanted, receives one reference to the output, for
/// streamcache_value_release(). Threads: any. Copies both; locks one shard at a time.
/// @param[in]  ticket the ticket, from streamcache_stream_begin()
/// @param[in]  data the output, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  next_state the state after this chunk, `next_state_len` bytes. NULL with length 0 where it is not known:
///             then nothing is stored, others compute for themselves, and the stream's state is unknown. For an empty
///             state, a pointer and length 0
/// @param[in]  next_state_len how many bytes
/// @param[in]  options NULL for none; tensors and blob are the output's
/// @param[out] value a lease on the output, even when it was not stored (then outside the budget); NULL if not wanted
/// @retval STREAMCACHE_OK stored
/// @retval STREAMCACHE_NOT_STORED the ticket was fenced, no room could be made for both, or the next state is not known;
///         the stream has moved on all the same
/// @retval STREAMCACHE_ENDED the ticket was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, no stream's ticket, wrong options, or another thread is using the
///         ticket at this moment; the ticket stays open
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_commit_step(
    ticket: *mut streamcache_ticket, data: *const c_void, len: usize, next_state: *const c_void, next_state_len: usize,
    options: *const streamcache_put_options, value: *mut *mut streamcache_value,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let value = cleared(value);
            let (data, next) = (bytes(data, len)?, bytes(next_state, next_state_len)?);
            let next = Some(next).filter(|_| !next_state.is_null());
            let said = put_options(options, 0, true)?;
            on(ticket, |ticket| Ok(put_outcome(ticket.commit_step(data, next, &said.options())?, value)))
        })
    }
}

/// Gives the right up, after a computation that failed: a caller who waits gets it, else the next lookup does.
///
/// Borrows `ticket`. Threads: any.
/// @param[in] ticket the ticket
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_ENDED it was committed or aborted before
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, or another thread is using it at this moment
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_abort(ticket: *mut streamcache_ticket) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { on(ticket, |ticket| ticket.abort().map(|()| STREAMCACHE_OK)) })
}

//! Section: ticket.

use super::border::{Handle, Subject, bytes, cleared, give, guard, lease, null, on, release, retain};
use super::cache::streamcache_cache;
use super::digest::{self, streamcache_digest};
use super::filter::{state_outcome, streamcache_filter, streamcache_snapshot};
use super::status::{STREAMCACHE_BUSY, STREAMCACHE_FILL, STREAMCACHE_OK, STREAMCACHE_REJECTED, streamcache_status};
use super::value::streamcache_value;
use crate::cache::Cache;
use crate::call::Flags;
use crate::error::Result;
use crate::ticket::{self, Begin, Phase, Ticket};
use core::ffi::c_void;
use std::time::Duration;

/// A ticket: the exclusive right to compute one missing value. It belongs to no thread. Any thread, any time, though
/// only one at a time works on it; reference-counted.
pub struct streamcache_ticket {
    _opaque: [u8; 0],
}

impl Handle for streamcache_ticket {
    type Object = Ticket;
}

impl Subject for Ticket {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

/// Wait for no one: where another caller computes the result, a begin answers STREAMCACHE_BUSY at once; where there is a
/// disk or a remote store to be read, a thread of the cache's reads it, and a lookup or begin answers STREAMCACHE_BUSY
/// meanwhile. For callers whose scheduler must not block; a later call finds the result, or that there is none.
pub const STREAMCACHE_NO_WAIT: u32 = 16;

/// As long as waiting takes unless a caller says otherwise: 60 seconds.
pub const STREAMCACHE_TIMEOUT_DEFAULT: u32 = 4_294_967_295;

/// Where a ticket stands.
pub type streamcache_phase = i32;

/// The value is this ticket's to compute.
pub const STREAMCACHE_PHASE_OPEN: streamcache_phase = 0;
/// It was committed, stored or not.
pub const STREAMCACHE_PHASE_COMMITTED: streamcache_phase = 1;
/// It was given up.
pub const STREAMCACHE_PHASE_ABORTED: streamcache_phase = 2;
/// A purge, a removal, a put or, past ticket_max_age_ms, another ticket overtook it: a commit is not stored.
pub const STREAMCACHE_PHASE_FENCED: streamcache_phase = 3;

const _: () = assert!(
    Phase::Open as i32 == STREAMCACHE_PHASE_OPEN
        && Phase::Committed as i32 == STREAMCACHE_PHASE_COMMITTED
        && Phase::Aborted as i32 == STREAMCACHE_PHASE_ABORTED
        && Phase::Fenced as i32 == STREAMCACHE_PHASE_FENCED
);

/// How long to wait: always finite.
pub(super) fn patience(timeout_ms: u32) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(60);
    if timeout_ms == STREAMCACHE_TIMEOUT_DEFAULT { DEFAULT } else { Duration::from_millis(timeout_ms.into()) }
}

/// Hands the beginning of a computation to C.
pub(super) fn begin_outcome(
    begin: Begin, value: &mut *mut streamcache_value, ticket: &mut *mut streamcache_ticket,
) -> streamcache_status {
    match begin {
        Begin::Hit(found) => {
            *value = lease(Some(found));
            STREAMCACHE_OK
        }
        Begin::Rejected(found) => {
            *value = lease(Some(found));
            STREAMCACHE_REJECTED
        }
        Begin::Fill(begun) => {
            *ticket = give(begun);
            STREAMCACHE_FILL
        }
        Begin::Busy => STREAMCACHE_BUSY,
    }
}

/// The out parameters of a begin.
///
/// # Safety
/// Both are NULL or writable.
pub(super) unsafe fn begin_slots<'a>(
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket,
) -> Result<(&'a mut *mut streamcache_value, &'a mut *mut streamcache_ticket)> {
    // SAFETY: as this function's own contract.
    let (value, ticket) = unsafe { (cleared(value), cleared(ticket)) };
    Ok((value.ok_or_else(null)?, ticket.ok_or_else(null)?))
}

/// Looks up a chunk's result under the present state; if it is missing, the first caller gets a ticket to compute it,
/// and every other waits for what comes of it. So does a caller who holds that ticket: beginning what one has begun
/// waits until the time is up.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
/// for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
/// @param[in]  filter the filter
/// @param[in]  chunk the chunk's digest, see streamcache_digest_chunk() and streamcache_digest_tensor()
/// @param[in]  timeout_ms how long to wait for another caller's computation; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT
///             60 seconds
/// @param[in]  flags 0, or STREAMCACHE_NO_WAIT; STREAMCACHE_REFRESH: don't look, compute anew, or wait for who does
///             already; STREAMCACHE_READ_ONLY: look and wait, but what this caller commits is not stored;
///             STREAMCACHE_BYPASS: neither look nor wait nor store; STREAMCACHE_MEMORY_ONLY, _NO_REMOTE
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
/// @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
/// @retval STREAMCACHE_FILL yours to compute: with the state of streamcache_ticket_get_state(); then commit or abort
/// @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
///         behind memory is being read for it
/// @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_begin(
    filter: *mut streamcache_filter, chunk: *const streamcache_digest, timeout_ms: u32, flags: u32,
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let (value, ticket) = begin_slots(value, ticket)?;
        let (chunk, flags) = (digest::borrow(chunk)?, Flags::from_bits(flags)?);
        on(filter, |filter| Ok(begin_outcome(filter.begin(chunk, patience(timeout_ms), flags)?, value, ticket)))
    })
}

/// Digests a chunk's bytes and begins: streamcache_digest_chunk() and streamcache_filter_begin() in one.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
/// for streamcache_ticket_release(). Threads: any; a wait holds no lock. Reads `data` once; locks one shard.
/// @param[in]  filter the filter
/// @param[in]  data the chunk, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[in]  timeout_ms as streamcache_filter_begin() has it
/// @param[in]  flags as streamcache_filter_begin() has them
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
/// @param[out] chunk the chunk's digest; NULL if not wanted
/// @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
/// @retval STREAMCACHE_FILL yours to compute
/// @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
///         behind memory is being read for it
/// @retval STREAMCACHE_REJECTED a caller committed that there is none
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_begin_bytes(
    filter: *mut streamcache_filter, data: *const c_void, len: usize, timeout_ms: u32, flags: u32,
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket, chunk: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let (value, ticket) = begin_slots(value, ticket)?;
        let (data, flags) = (bytes(data, len)?, Flags::from_bits(flags)?);
        on(filter, |filter| {
            let its_chunk = filter.digest(data);
            digest::write(chunk, &its_chunk);
            Ok(begin_outcome(filter.begin(&its_chunk, patience(timeout_ms), flags)?, value, ticket))
        })
    })
}

/// Begins under a snapshot's state; otherwise as streamcache_filter_begin().
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
/// for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
/// @param[in]  snapshot the snapshot
/// @param[in]  chunk the chunk's digest
/// @param[in]  timeout_ms as streamcache_filter_begin() has it
/// @param[in]  flags as streamcache_filter_begin() has them
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
/// @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
/// @retval STREAMCACHE_FILL yours to compute, with the snapshot's state
/// @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
///         behind memory is being read for it
/// @retval STREAMCACHE_REJECTED a caller committed that there is none
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_snapshot_begin(
    snapshot: *mut streamcache_snapshot, chunk: *const streamcache_digest, timeout_ms: u32, flags: u32,
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let (value, ticket) = begin_slots(value, ticket)?;
        let (chunk, flags) = (digest::borrow(chunk)?, Flags::from_bits(flags)?);
        on(snapshot, |snapshot| Ok(begin_outcome(snapshot.begin(chunk, patience(timeout_ms), flags)?, value, ticket)))
    })
}

/// Begins under a key of the caller's, see streamcache_key_chunk(); otherwise as streamcache_filter_begin().
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
/// for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
/// @param[in]  cache the cache
/// @param[in]  key the key
/// @param[in]  timeout_ms as streamcache_filter_begin() has it
/// @param[in]  flags as streamcache_filter_begin() has them
/// @param[out] value the result, or the rejection; NULL otherwise
/// @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
/// @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
/// @retval STREAMCACHE_FILL yours to compute
/// @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
///         behind memory is being read for it
/// @retval STREAMCACHE_REJECTED a caller committed that there is none
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_begin(
    cache: *mut streamcache_cache, key: *const streamcache_digest, timeout_ms: u32, flags: u32,
    value: *mut *mut streamcache_value, ticket: *mut *mut streamcache_ticket,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let (value, ticket) = begin_slots(value, ticket)?;
        let (key, flags) = (digest::borrow(key)?, Flags::from_bits(flags)?);
        on(cache, |cache| Ok(begin_outcome(ticket::begin_key(cache, key, patience(timeout_ms), flags)?, value, ticket)))
    })
}

/// Adds a reference.
///
/// The caller owns one more, for streamcache_ticket_release(). Threads: any.
/// @param[in] ticket the ticket
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_retain(ticket: *mut streamcache_ticket) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe { retain(ticket) })
}

/// Drops a reference. The last one aborts an open ticket and frees its buffer.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] ticket the ticket, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_release(ticket: *mut streamcache_ticket) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(ticket) });
}

/// The key of the missing value.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  ticket the ticket
/// @param[out] key its key
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_get_key(
    ticket: *const streamcache_ticket, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        if key.is_null() {
            return Err(null());
        }
        on(ticket, |ticket| {
            digest::write(key, ticket.key());
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Leases the trained state that the ticket's key names: the one to compute with, whatever the filter loads meanwhile.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// @param[in]  ticket the ticket
/// @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
/// @param[out] state its digest; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_MISS only its digest is known
/// @retval STREAMCACHE_NO_STATE the ticket is of a key of the caller's
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_get_state(
    ticket: *const streamcache_ticket, value: *mut *mut streamcache_value, state: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        on(ticket, |ticket| Ok(state_outcome(ticket.state()?, value, state)))
    })
}

/// Leases the recurrent state that a stream's step begins with: the one to compute from, wherever the stream is by now.
///
/// Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
/// @param[in]  ticket the ticket, from streamcache_stream_begin()
/// @param[out] value the state; NULL on failure; NULL if not wanted
/// @param[out] state its content digest; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NO_STATE the ticket is no stream's, or the stream's state was unknown (STREAMCACHE_BYPASSED)
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_get_step_state(
    ticket: *const streamcache_ticket, value: *mut *mut streamcache_value, state: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = cleared(value);
        on(ticket, |ticket| {
            let (bytes, digest) = ticket.step_state()?;
            Ok(state_outcome((Some(bytes), digest), value, state))
        })
    })
}

/// Where the ticket stands.
///
/// Borrows everything for the call. Threads: any.
/// @param[in]  ticket the ticket
/// @param[out] phase one of STREAMCACHE_PHASE_OPEN, _COMMITTED, _ABORTED, _FENCED
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_ticket_get_phase(
    ticket: *const streamcache_ticket, phase: *mut streamcache_phase,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let phase = super::border::required(phase)?;
        on(ticket, |ticket| {
            *phase = ticket.phase() as streamcache_phase;
            Ok(STREAMCACHE_OK)
        })
    })
}

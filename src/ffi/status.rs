//! Section: status and error.

use super::border::{guard, plain};
use crate::error::{Error, ErrorKind, Result};
use crate::value::try_box;
use core::ffi::c_char;
use std::ffi::CString;

/// What a function answers: 0 for success, a positive number for another outcome that is no error, a negative number
/// for an error. Numbers are never reused; treat an unknown negative one as an error.
pub type streamcache_status = i32;

/// Done; a lookup found its value.
pub const STREAMCACHE_OK: streamcache_status = 0;
/// Not there. Nothing is wrong: compute it and put it.
pub const STREAMCACHE_MISS: streamcache_status = 1;
/// Not kept: no room could be made, a flag said so, its ticket was overtaken, or the cache stores nothing. Nothing is
/// wrong: the result is still the caller's.
pub const STREAMCACHE_NOT_STORED: streamcache_status = 2;
/// The caller's buffer is too small: the length it needs was written, nothing else. Nothing is wrong: call again.
pub const STREAMCACHE_BUFFER_TOO_SMALL: streamcache_status = 3;
/// Not there, and yours to compute: a ticket was given, or a batch holds one.
pub const STREAMCACHE_FILL: streamcache_status = 4;
/// Another caller computes it, and the time was up; or a store behind memory is being read for a caller who does not
/// wait. Nothing is wrong: try again later, or compute it yourself.
pub const STREAMCACHE_BUSY: streamcache_status = 5;
/// A caller committed that there is no result: see streamcache_value_get_rejection().
pub const STREAMCACHE_REJECTED: streamcache_status = 6;
/// Another caller computes this item of a batch: see streamcache_batch_wait().
pub const STREAMCACHE_PENDING: streamcache_status = 7;
/// This item of a batch has the key of an earlier one, and will have its result.
pub const STREAMCACHE_DUPLICATE: streamcache_status = 8;
/// The stream's state is unknown, so nothing was looked up; a ticket was given whose output is not stored.
pub const STREAMCACHE_BYPASSED: streamcache_status = 9;
/// The time was up before all was written.
pub const STREAMCACHE_TIMEOUT: streamcache_status = 10;
/// It was told to stop before all was done.
pub const STREAMCACHE_CANCELLED: streamcache_status = 11;
/// An argument breaks the function's contract; nothing happened.
pub const STREAMCACHE_INVALID_ARGUMENT: streamcache_status = -1;
/// The allocator refused.
pub const STREAMCACHE_NO_MEMORY: streamcache_status = -2;
/// The byte budget can't hold it, even after evicting results.
pub const STREAMCACHE_NO_SPACE: streamcache_status = -3;
/// The filter has no state yet.
pub const STREAMCACHE_NO_STATE: streamcache_status = -4;
/// The cache was closed.
pub const STREAMCACHE_CLOSED: streamcache_status = -5;
/// A file or a store could not be read or written.
pub const STREAMCACHE_IO: streamcache_status = -6;
/// This build of the library, or this value, can't do that.
pub const STREAMCACHE_NOT_SUPPORTED: streamcache_status = -7;
/// A panic inside the library was contained; the cache refuses further work and can still be released.
pub const STREAMCACHE_PANIC: streamcache_status = -8;
/// The handle was made before a fork: it belongs to the parent process. Open another cache in this one.
pub const STREAMCACHE_FORKED: streamcache_status = -9;
/// The ticket was committed or aborted before.
pub const STREAMCACHE_ENDED: streamcache_status = -10;

/// The details of one failure. Made by a function that takes `streamcache_error **`, owned by the caller; NULL where the
/// allocator refuses it.
pub struct streamcache_error {
    status: streamcache_status,
    message: CString,
}

impl streamcache_error {
    pub(super) fn give(error: &Error) -> *mut Self {
        Self::new(error).map_or(std::ptr::null_mut(), Box::into_raw)
    }

    fn new(error: &Error) -> Result<Box<Self>> {
        let text = error.message().as_bytes();
        let nuls = text.iter().filter(|&&byte| byte == 0).count();
        let mut message = Vec::new();
        message.try_reserve_exact(text.len() + nuls + 1)?; // to the byte, or CString would move it
        for &byte in text {
            match byte {
                0 => message.extend_from_slice(b"\\0"),
                byte => message.push(byte),
            }
        }
        message.push(0);
        let message = CString::from_vec_with_nul(message).unwrap_or_default();
        try_box(Self { status: error.kind() as streamcache_status, message })
    }
}

/// One sentence for a status that says what to do.
///
/// The string is static. Threads: any. Never fails.
/// @param[in] status any number
/// @return a NUL-terminated string, never NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn streamcache_status_message(status: streamcache_status) -> *const c_char {
    plain(c"", || {
        Ok(match status {
            STREAMCACHE_OK => c"ok",
            STREAMCACHE_MISS => c"miss: not in the cache; compute it and put it",
            STREAMCACHE_NOT_STORED => {
                c"not stored: no room could be made for it, a flag said so, its ticket was overtaken, or the cache stores nothing (max_bytes or max_chunks is 0); the result is still yours"
            }
            STREAMCACHE_BUFFER_TOO_SMALL => c"buffer too small: call again with one of the length that was written",
            STREAMCACHE_FILL => c"fill: not in the cache and yours to compute; commit or abort the ticket",
            STREAMCACHE_BUSY => {
                c"busy: another caller computes it and the time was up, or a store is being read for a caller who does not wait; try again later, or compute it yourself"
            }
            STREAMCACHE_REJECTED => c"rejected: a caller committed that there is no result, with a code; see streamcache_value_get_rejection()",
            STREAMCACHE_PENDING => c"pending: another caller computes this item; see streamcache_batch_wait()",
            STREAMCACHE_DUPLICATE => c"duplicate: an earlier item of the batch has the same key, and this one will have its result",
            STREAMCACHE_CANCELLED => c"cancelled: it was told to stop before all was done; begin again",
            STREAMCACHE_BYPASSED => {
                c"bypassed: the stream's state is unknown, so nothing was looked up; commit a step with its next state, or reset the stream"
            }
            STREAMCACHE_TIMEOUT => {
                c"timeout: the time was up before every queued result was written to the stores behind memory; wait longer next time"
            }
            error => ErrorKind::from_status(error)
                .map_or(c"unknown status, of a library newer than this one", ErrorKind::c_message),
        })
    })
    .as_ptr()
}

/// The status the failed function returned.
///
/// Borrows `error`. Threads: any.
/// @param[in] error from a function that failed; NULL answers STREAMCACHE_OK
/// @return its status
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_error_get_status(error: *const streamcache_error) -> streamcache_status {
    // SAFETY: NULL, or alive until streamcache_error_free by contract.
    plain(STREAMCACHE_PANIC, || Ok(unsafe { error.as_ref() }.map_or(STREAMCACHE_OK, |error| error.status)))
}

/// What happened and what to do about it: one or two sentences.
///
/// Borrows `error`; the string lives until streamcache_error_free(). Threads: any.
/// @param[in] error from a function that failed; NULL answers ""
/// @return NUL-terminated UTF-8, never NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_error_get_message(error: *const streamcache_error) -> *const c_char {
    // SAFETY: NULL, or alive until streamcache_error_free by contract.
    plain(c"".as_ptr(), || Ok(unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.message.as_ptr())))
}

/// Frees an error.
///
/// Takes `error`; NULL is fine. Threads: any, but no other may still use it. Never fails.
/// @param[in] error the error, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_error_free(error: *mut streamcache_error) {
    guard(|| {
        if !error.is_null() {
            // SAFETY: `give` boxed it, and the caller gives it up.
            drop(unsafe { Box::from_raw(error) });
        }
        Ok(STREAMCACHE_OK)
    });
}

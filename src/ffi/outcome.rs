//! What lookups and puts come to, handed to C. Not a section of the header.

use super::border::lease;
use super::status::{
    STREAMCACHE_BUFFER_TOO_SMALL, STREAMCACHE_MISS, STREAMCACHE_NOT_STORED, STREAMCACHE_OK, STREAMCACHE_REJECTED,
    streamcache_status,
};
use super::value::streamcache_value;
use crate::error::Result;
use crate::memory::Put;
use crate::value::Value;
use core::ffi::c_void;

/// Hands what a lookup found to C.
pub(super) fn found_outcome(found: Option<Value>, value: &mut *mut streamcache_value) -> streamcache_status {
    let Some(found) = found else { return STREAMCACHE_MISS };
    let rejected = found.rejection().is_some();
    *value = lease(Some(found));
    if rejected { STREAMCACHE_REJECTED } else { STREAMCACHE_OK }
}

/// Copies a result into the caller's buffer, if it was found.
///
/// # Safety
/// `buffer` is NULL or writable for `capacity` bytes.
pub(super) unsafe fn copy_out(
    found: Option<&Value>, buffer: *mut c_void, capacity: usize, len: &mut usize,
) -> Result<streamcache_status> {
    let Some(value) = found else { return Ok(STREAMCACHE_MISS) };
    if value.rejection().is_some() {
        return Ok(STREAMCACHE_REJECTED);
    }
    if value.device_pointer().is_some() {
        return Err(crate::error::ErrorKind::NotSupported.into());
    }
    *len = value.size();
    if capacity < value.size() {
        return Ok(STREAMCACHE_BUFFER_TOO_SMALL);
    }
    if value.size() > 0 {
        // SAFETY: writable for at least the value's size by contract; the payload is this library's or immutable
        // external memory, so they don't overlap.
        unsafe { buffer.cast::<u8>().copy_from_nonoverlapping(value.bytes().as_ptr(), value.size()) };
    }
    Ok(STREAMCACHE_OK)
}

/// Hands a put's outcome to C.
pub(super) fn put_outcome(put: Put, value: Option<&mut *mut streamcache_value>) -> streamcache_status {
    if let Some(out) = value {
        *out = lease(put.value);
    }
    if put.stored { STREAMCACHE_OK } else { STREAMCACHE_NOT_STORED }
}

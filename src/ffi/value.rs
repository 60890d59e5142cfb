//! Section: value.

use super::border::leaf;
use super::status::{STREAMCACHE_INVALID_ARGUMENT, STREAMCACHE_OK, STREAMCACHE_PANIC, streamcache_status};
use crate::value::Value;
use core::ffi::c_void;
use std::mem::ManuallyDrop;

/// A value: an immutable result or state, reference-counted. Holding a reference is holding a lease: it stays valid
/// after eviction, purge, close and the cache's release, on any thread, until streamcache_value_release().
pub struct streamcache_value {
    _opaque: [u8; 0],
}

/// The value behind a lease of the caller's, for the call.
unsafe fn borrow(value: *const streamcache_value) -> Option<ManuallyDrop<Value>> {
    // SAFETY: NULL or a lease by contract; ManuallyDrop leaves its reference with the caller.
    unsafe { Value::from_raw(value.cast()) }.map(ManuallyDrop::new)
}

/// Adds a reference.
///
/// The caller owns one more, for streamcache_value_release(). Threads: any. One atomic addition.
/// @param[in] value the value
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_retain(value: *const streamcache_value) -> streamcache_status {
    // SAFETY: the caller's lease, as documented.
    leaf(STREAMCACHE_PANIC, || unsafe {
        let Some(value) = borrow(value) else { return STREAMCACHE_INVALID_ARGUMENT };
        std::mem::forget(Value::clone(&value));
        STREAMCACHE_OK
    })
}

/// Drops a reference. The last one of an evicted value frees it and gives its bytes back to the budget.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] value the value, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_release(value: *const streamcache_value) {
    leaf((), || {
        // SAFETY: the caller's lease, given up here.
        drop(unsafe { Value::from_raw(value.cast()) });
    });
}

/// The value's bytes, 64-byte aligned and never to be written to.
///
/// Borrows `value`; the pointer lives as long as the lease. Threads: any.
/// @param[in] value the value
/// @return the bytes, never NULL for a value (but not to be read at size 0); NULL for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_data(value: *const streamcache_value) -> *const c_void {
    // SAFETY: the caller's lease, as documented.
    leaf(std::ptr::null(), || unsafe { borrow(value) }.map_or(std::ptr::null(), |value| value.as_ptr().cast()))
}

/// How many bytes the value has.
///
/// Borrows `value`. Threads: any.
/// @param[in] value the value
/// @return bytes; 0 for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_size(value: *const streamcache_value) -> usize {
    // SAFETY: the caller's lease, as documented.
    leaf(0, || unsafe { borrow(value) }.map_or(0, |value| value.len()))
}

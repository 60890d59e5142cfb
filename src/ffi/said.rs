//! What a caller says about a put, or about a copy that it wants, checked. Not a section of the header.

use super::border::{bytes, null, required};
use super::chunk::streamcache_put_options;
use super::sized::sized;
use super::status::streamcache_error;
use super::value;
use crate::call::{Flags, PutOptions};
use crate::description::TensorSpec;
use crate::error::{Error, Result};
use core::ffi::c_void;

/// Where a put's details of a failure go.
///
/// # Safety
/// `options` is NULL or readable for the size it begins with.
pub(super) unsafe fn put_error(options: *const streamcache_put_options) -> *mut *mut streamcache_error {
    // SAFETY: as this function's own contract. A struct of a wrong size is refused later; here it has no error.
    unsafe { sized(options) }.map_or(std::ptr::null_mut(), |options| options.error)
}

/// The put options at the border.
pub(super) struct Said<'a> {
    tensors: Vec<TensorSpec<'a>>,
    blob: &'a [u8],
    ttl_ms: u64,
    compute_ns: u64,
    lease: bool,
    flags: Flags,
}

impl Said<'_> {
    pub(super) fn options(&self) -> PutOptions<'_> {
        let Self { ref tensors, blob, ttl_ms, compute_ns, lease, flags } = *self;
        PutOptions { compute_ns, ttl_ms, tensors, blob, lease, flags }
    }
}

/// What a caller says about a put.
///
/// # Safety
/// `options` is NULL or readable, and so is what it points to.
pub(super) unsafe fn put_options<'a>(
    options: *const streamcache_put_options, flags: u32, lease: bool,
) -> Result<Said<'a>> {
    let flags = Flags::from_bits(flags)?;
    if flags.peeks() {
        return Err(Error::invalid("STREAMCACHE_PEEK is for lookups: a put can't peek"));
    }
    if !flags.waits() {
        return Err(Error::invalid("STREAMCACHE_NO_WAIT is for lookups: a put waits for no one"));
    }
    if options.is_null() {
        return Ok(Said { tensors: Vec::new(), blob: &[], ttl_ms: 0, compute_ns: 0, lease, flags });
    }
    // SAFETY: as this function's own contract.
    unsafe {
        let streamcache_put_options { ttl_ms, compute_ns, tensors, tensor_count, blob, blob_len, .. } = sized(options)?;
        let (tensors, blob) = (value::tensors(tensors, tensor_count)?, bytes(blob, blob_len)?);
        Ok(Said { tensors, blob, ttl_ms, compute_ns, lease, flags })
    }
}

/// A copy's flags: without room for a byte it only asks for the size, which is no lookup to be counted.
pub(super) fn asked(flags: u32, capacity: usize) -> Result<Flags> {
    let flags = Flags::from_bits(flags)?;
    Ok(if capacity == 0 { flags.with(Flags::UNCOUNTED) } else { flags })
}

/// A copy's out parameters: the length, 0 for now, beside a buffer that is NULL only when it has no room.
///
/// # Safety
/// `len` is NULL or writable.
pub(super) unsafe fn zeroed<'a>(len: *mut usize, buffer: *const c_void, capacity: usize) -> Result<&'a mut usize> {
    // SAFETY: as this function's own contract.
    let len = unsafe { required(len) }?;
    *len = 0;
    if buffer.is_null() && capacity > 0 { Err(null()) } else { Ok(len) }
}

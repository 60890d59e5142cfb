//! Section: value.

use super::border::{expect_destructors, guard, leaf, null, required};
use super::digest::{self, streamcache_digest, streamcache_dtype_code};
use super::sized::{is_size_of, sized, sized_list};
use super::status::{
    STREAMCACHE_INVALID_ARGUMENT, STREAMCACHE_MISS, STREAMCACHE_OK, STREAMCACHE_PANIC, streamcache_status,
};
use crate::description::{MAX_TENSORS, TensorSpec};
use crate::digest::Dtype;
use crate::error::{Error, Result};
use crate::value::{External, Value, try_box};
use core::ffi::c_void;
use std::mem::ManuallyDrop;

/// A value: an immutable result or state, reference-counted. Holding a reference is holding a lease: it stays valid
/// after eviction, purge, close and the cache's release, on any thread, until streamcache_value_release().
pub struct streamcache_value {
    _opaque: [u8; 0],
}

/// One tensor in a value's payload. C order, contiguous, last dimension fastest: a Julia array of size (a, b) has dims
/// {b, a}. A newer header's may be longer: what this library doesn't know must be 0 in a put.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_tensor_view {
    /// sizeof(streamcache_tensor_view), the same in every element of an array: so far apart they are.
    pub struct_size: usize,
    /// The type code as DLPack writes it, 0 to 17.
    pub dtype_code: streamcache_dtype_code,
    /// Bits of one lane, 1 to 255.
    pub dtype_bits: u32,
    /// Lanes of one element, 1 to 65535; 1 for a scalar type.
    pub dtype_lanes: u32,
    /// How many dimensions, 0 (a scalar) to 64.
    pub rank: u32,
    /// The dimensions; of a value's tensor they live as long as the lease.
    pub dims: *const i64,
    /// Where its elements begin in the payload, in bytes.
    pub offset: usize,
    /// How many bytes they are: exactly what the dimensions and the type need.
    pub length: usize,
}

/// The memory is a device's (a GPU's): the library never reads it.
pub const STREAMCACHE_EXTERNAL_DEVICE: u32 = 1;

/// Memory that is given to the cache instead of being copied. `destroy(user_data)` runs exactly once, when the last
/// lease is gone and the cache has let go, or at once when the put fails. It may run on any thread, never under a lock
/// of the library, and may call only release functions of it. Until then the memory must not change. A forked child
/// never runs it for memory that was given before the fork.
///
/// It doesn't run, and the memory stays the caller's, when this struct itself can't be read: its struct_size is wrong
/// (STREAMCACHE_INVALID_ARGUMENT), or it has fields set that this library is too old for (STREAMCACHE_NOT_SUPPORTED),
/// which may say whose the memory is. Put options that can't be read fail as any other put does: it has run.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_external {
    /// sizeof(streamcache_external).
    pub struct_size: usize,
    /// The payload: readable by the host, or a device's with STREAMCACHE_EXTERNAL_DEVICE.
    pub data: *const c_void,
    /// Bytes of `data`.
    pub len: usize,
    /// Bytes to charge to max_bytes for it, beside the value's header.
    pub charge: u64,
    /// 0 or STREAMCACHE_EXTERNAL_DEVICE.
    pub flags: u32,
    /// Frees the memory; NULL for memory that needs no freeing. Must not throw.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// What `destroy` receives.
    pub user_data: *mut c_void,
}

/// A caller's external memory: from here on its destructor runs by itself.
///
/// # Safety
/// `external` is NULL or readable, and its fields keep their documented promises.
pub(super) unsafe fn external(external: *const streamcache_external) -> Result<Box<External>> {
    // SAFETY: as this function's own contract.
    let (given, taken) = unsafe {
        let given = sized(external)?;
        let device = given.flags & STREAMCACHE_EXTERNAL_DEVICE != 0;
        expect_destructors();
        (given, External::new(given.data, given.len, given.charge, device, given.destroy, given.user_data))
    };
    if given.flags & !STREAMCACHE_EXTERNAL_DEVICE != 0 || !taken.is_valid() {
        return Err(null());
    }
    try_box(taken)
}

/// A caller's list of tensors.
///
/// # Safety
/// `views` is NULL or `len` readable items, each as long as the first says, whose dims are readable.
pub(super) unsafe fn tensors<'a>(views: *const streamcache_tensor_view, len: usize) -> Result<Vec<TensorSpec<'a>>> {
    if len > MAX_TENSORS {
        return Err(Error::invalid(format!("{len} tensors in one value: at most {MAX_TENSORS}")));
    }
    // SAFETY: as this function's own contract.
    let views = unsafe { sized_list(views, len) }?;
    let mut tensors = Vec::new();
    tensors.try_reserve_exact(views.len())?;
    for view in views {
        // SAFETY: as this function's own contract.
        let dims = unsafe { digest::dims(view.dims, view.rank) }?;
        let dtype = digest::dtype(view.dtype_code, view.dtype_bits, view.dtype_lanes)?;
        tensors.push(TensorSpec { dtype, dims, offset: view.offset, length: view.length });
    }
    Ok(tensors)
}

/// The value behind a lease of the caller's, for the call.
pub(super) unsafe fn borrow(value: *const streamcache_value) -> Option<ManuallyDrop<Value>> {
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

/// Why there is no result, where a ticket committed a rejection; see streamcache_ticket_commit_rejection().
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  value the value
/// @param[out] code the reason, in the numbers of whoever committed it; NULL if not wanted
/// @retval STREAMCACHE_OK a rejection; the value is empty
/// @retval STREAMCACHE_MISS an ordinary result
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL value
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_get_rejection(
    value: *const streamcache_value, code: *mut i32,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let value = borrow(value).ok_or_else(null)?;
        let Some(its_code) = value.rejection() else { return Ok(STREAMCACHE_MISS) };
        if let Some(code) = code.as_mut() {
            *code = its_code;
        }
        Ok(STREAMCACHE_OK)
    })
}

/// The value's bytes, never to be written to; 64-byte aligned unless they are external memory.
///
/// Borrows `value`; the pointer lives as long as the lease. Threads: any.
/// @param[in] value the value
/// @return the bytes (not to be read at size 0); NULL for device memory and for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_data(value: *const streamcache_value) -> *const c_void {
    leaf(std::ptr::null(), || {
        // SAFETY: the caller's lease, as documented.
        unsafe { borrow(value) }.map_or(std::ptr::null(), |value| match value.device_pointer() {
            Some(_) => std::ptr::null(),
            None => value.bytes().as_ptr().cast(),
        })
    })
}

/// Where a value of device memory is.
///
/// Borrows `value`; the pointer lives as long as the lease. Threads: any.
/// @param[in] value the value
/// @return the pointer its put gave; NULL for a value in host memory and for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_device_pointer(value: *const streamcache_value) -> *const c_void {
    leaf(std::ptr::null(), || {
        // SAFETY: the caller's lease, as documented.
        unsafe { borrow(value) }.and_then(|value| value.device_pointer()).unwrap_or(std::ptr::null())
    })
}

/// How many bytes the value has, wherever they are.
///
/// Borrows `value`. Threads: any.
/// @param[in] value the value
/// @return bytes; 0 for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_size(value: *const streamcache_value) -> usize {
    // SAFETY: the caller's lease, as documented.
    leaf(0, || unsafe { borrow(value) }.map_or(0, |value| value.size()))
}

/// How many tensors the value describes.
///
/// Borrows `value`. Threads: any.
/// @param[in] value the value
/// @return tensors; 0 for a value without a description and for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_tensor_count(value: *const streamcache_value) -> usize {
    // SAFETY: the caller's lease, as documented.
    leaf(0, || unsafe { borrow(value) }.map_or(0, |value| value.tensors()))
}

/// One of the tensors the value describes.
///
/// Borrows `value`; `tensor->dims` lives as long as the lease. Threads: any.
/// @param[in]     value the value
/// @param[in]     index which one, from 0
/// @param[in,out] tensor set struct_size before the call; in a longer one, of a newer header, what is unknown here is 0
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_MISS the value describes fewer
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or a wrong struct_size; `tensor` is untouched
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_get_tensor(
    value: *const streamcache_value, index: usize, tensor: *mut streamcache_tensor_view,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let struct_size = required(tensor)?.struct_size;
        if !is_size_of::<streamcache_tensor_view>(struct_size) {
            return Err(null());
        }
        let value = borrow(value).ok_or_else(null)?;
        let Some(TensorSpec { dtype: Dtype { code, bits, lanes }, dims, offset, length }) = value.tensor(index) else {
            return Ok(STREAMCACHE_MISS);
        };
        tensor.cast::<u8>().write_bytes(0, struct_size); // what this library doesn't know, too
        *tensor = streamcache_tensor_view {
            struct_size,
            dtype_code: code.into(),
            dtype_bits: bits.into(),
            dtype_lanes: lanes.into(),
            rank: dims.len() as u32,
            dims: dims.as_ptr(),
            offset,
            length,
        };
        Ok(STREAMCACHE_OK)
    })
}

/// The caller's blob beside the payload.
///
/// Borrows everything for the call; the pointer lives as long as the lease. Threads: any.
/// @param[in]  value the value
/// @param[out] len bytes of the blob; NULL if not wanted
/// @return the blob (not to be read at length 0); NULL for NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_blob(value: *const streamcache_value, len: *mut usize) -> *const c_void {
    // SAFETY: the caller's pointers, as documented.
    leaf(std::ptr::null(), || unsafe {
        let value = borrow(value);
        let blob = value.as_ref().map(|value| value.blob());
        if let Some(len) = len.as_mut() {
            *len = blob.map_or(0, <[u8]>::len);
        }
        blob.map_or(std::ptr::null(), |blob| blob.as_ptr().cast())
    })
}

/// The digest of the value's content: the chunk digest for the next filter in a chain. Made the first time someone
/// asks, then kept.
///
/// Borrows everything for the call. Threads: any. Reads the payload once at most; locks nothing.
/// @param[in]  value the value
/// @param[out] digest chunk(payload), or with tensors or a blob keyed(K_content, inputs(tensors, names empty) || chunk(payload) || chunk(blob))
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_NOT_SUPPORTED the value is device memory
/// @retval STREAMCACHE_NO_MEMORY the allocator refused (only with tensors)
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_value_get_content(
    value: *const streamcache_value, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        required(digest)?.bytes = borrow(value).ok_or_else(null)?.content()?.0;
        Ok(STREAMCACHE_OK)
    })
}

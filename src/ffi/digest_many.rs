//! Section: digest, many at once.

use super::border::{bytes, guard, list, null};
use super::digest::streamcache_digest;
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::digest::Digest;
use crate::error::Result;
use core::ffi::c_void;

/// Some bytes of the caller's. This struct never changes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_buffer {
    /// The bytes; NULL only with length 0.
    pub data: *const c_void,
    /// How many.
    pub len: usize,
}

/// A caller's list of buffers.
///
/// # Safety
/// `buffers` is NULL or `count` readable items, whose bytes are readable.
pub(super) unsafe fn buffers<'a>(buffers: *const streamcache_buffer, count: usize) -> Result<Vec<&'a [u8]>> {
    // SAFETY: as this function's own contract.
    let given = unsafe { list(buffers, count) }?;
    let mut all = Vec::new();
    all.try_reserve_exact(given.len())?;
    for buffer in given {
        // SAFETY: as this function's own contract.
        all.push(unsafe { bytes(buffer.data, buffer.len) }?);
    }
    Ok(all)
}

/// Digests many chunks, each as streamcache_digest_chunk() does. Of 1024 bytes or less,
/// those that fill as many blocks of 64 bytes are digested side by side: 8 at once, and up to 16 in little more time than
/// one where their length is a multiple of 64.
///
/// Borrows everything for the call. Threads: any. Reads each chunk once.
/// @param[in]  chunks the chunks, `count` of them; NULL only with count 0
/// @param[in]  count how many
/// @param[out] digests one for each, in their order; NULL only with count 0
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; nothing was written
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; nothing was written
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_chunks(
    chunks: *const streamcache_buffer, count: usize, digests: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented; digests are 32 plain bytes of alignment 1 on either side.
    guard(|| unsafe {
        let chunks = buffers(chunks, count)?;
        if chunks.is_empty() {
            return Ok(STREAMCACHE_OK);
        }
        if digests.is_null() {
            return Err(null());
        }
        let digests = std::slice::from_raw_parts_mut(digests.cast::<Digest>(), chunks.len());
        crate::digest::chunks(chunks.iter().copied(), digests);
        Ok(STREAMCACHE_OK)
    })
}

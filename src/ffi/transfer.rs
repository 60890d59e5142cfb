//! Section: transfer.

use super::border::{Answer, Handle, Subject, bytes, cleared, give, guard, guard_error, null, on, release};
use super::cache::streamcache_cache;
use super::stats::fill;
use super::status::{
    STREAMCACHE_CANCELLED, STREAMCACHE_OK, STREAMCACHE_TIMEOUT, streamcache_error, streamcache_status,
};
use super::ticket::patience;
use crate::cache::Cache;
use crate::error::Result;
use crate::transfer::{Outcome, Progress, Transfer};
use core::ffi::c_char;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// An export or import under way, on a thread of the library's own. Any thread, any time.
pub struct streamcache_transfer {
    _opaque: [u8; 0],
}

impl Handle for streamcache_transfer {
    type Object = Transfer;
}

impl Subject for Transfer {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

/// How far an export or import is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_transfer_progress {
    /// In: sizeof(streamcache_transfer_progress). Out: the bytes that were filled in.
    pub struct_size: usize,
    /// Results exported or imported so far.
    pub entries: u64,
    /// Bytes of the file written or read so far.
    pub bytes: u64,
    /// How many these will be; 0 where it is not known, for an export.
    pub total_bytes: u64,
    /// Of an export, results that can't leave memory: device memory, rejections, a stream's steps with their next states.
    /// Of an import, results that memory had already, and those forgotten since it began.
    pub left_out: u64,
    /// Results that did not check: damaged, expired, or sealed with another secret.
    pub refused: u64,
    /// Results for which an import found no room in memory; the disk and the remote store get them all the same, unless
    /// they are longer than max_bytes.
    pub not_stored: u64,
}

/// # Safety
/// `path` is NULL or readable for `path_len` bytes, `transfer` NULL or writable, and `cache` NULL or a live handle.
unsafe fn begin(
    cache: *mut streamcache_cache, path: *const c_char, path_len: usize,
    transfer: Option<&mut *mut streamcache_transfer>, begin: impl FnOnce(&Arc<Cache>, &Path) -> Result<Arc<Transfer>>,
) -> Answer {
    // SAFETY: as this function's own contract.
    unsafe {
        let transfer = transfer.ok_or_else(null)?;
        let path = Path::new(OsStr::from_bytes(bytes(path.cast(), path_len)?));
        on(cache, |cache| {
            *transfer = give(begin(cache, path)?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Begins to write all results to a file, for streamcache_cache_import() in another process or on another machine: those
/// in memory, and those on disk that memory hasn't. What other threads put meanwhile may be in it or not. The file is
/// readable for this user alone. It is there when it is whole, in place of an older one; until then it has another name
/// beside it, which an export that fails, or is cancelled, removes. Results are sealed as the disk has them: with the
/// cache's secret, if it has one.
///
/// Borrows everything for the call; `*transfer` receives one reference, for streamcache_transfer_release(). Threads: any.
/// Starts a thread, which locks one shard at a time.
/// @param[in]  cache the cache
/// @param[in]  path the file's path, need not be NUL-terminated
/// @param[in]  path_len bytes of `path`
/// @param[out] transfer the export under way; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK it began: see streamcache_transfer_wait()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that names no file
/// @retval STREAMCACHE_IO there is no such directory, or it is not writable
/// @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_export(
    cache: *mut streamcache_cache, path: *const c_char, path_len: usize, transfer: *mut *mut streamcache_transfer,
    error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let transfer = cleared(transfer);
        guard_error(error, || begin(cache, path, path_len, transfer, |cache, path| cache.export(path)))
    }
}

/// Begins to read the results in a file that streamcache_cache_export() wrote into memory, and behind it into the disk and
/// the remote store. Each is proved first; what does not check is left out and counted. What memory has under the same key
/// stays, and what is removed or purged from now on does not come back. streamcache_value_get_tier() calls them computed
/// here. A file that is cut off or damaged is an error of streamcache_transfer_wait(); what was imported until then stays.
///
/// Borrows everything for the call; `*transfer` receives one reference, for streamcache_transfer_release(). Threads: any.
/// Starts a thread, which locks one shard at a time.
/// @param[in]  cache the cache: with the secret and the namespace of the one that wrote the file
/// @param[in]  path the file's path, need not be NUL-terminated
/// @param[in]  path_len bytes of `path`
/// @param[out] transfer the import under way; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK it began: see streamcache_transfer_wait()
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_IO no such file, not a regular file, or not readable
/// @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_cache_import(
    cache: *mut streamcache_cache, path: *const c_char, path_len: usize, transfer: *mut *mut streamcache_transfer,
    error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let transfer = cleared(transfer);
        guard_error(error, || begin(cache, path, path_len, transfer, |cache, path| cache.import(path)))
    }
}

/// Reads how far a transfer is.
///
/// Borrows everything for the call. Threads: any. Never waits.
/// @param[in]     transfer the transfer
/// @param[in,out] progress set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_transfer_get_progress(
    transfer: *const streamcache_transfer, progress: *mut streamcache_transfer_progress,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented; struct_size bounds what is written.
    guard(|| unsafe {
        if progress.is_null() {
            return Err(null());
        }
        on(transfer, |transfer| {
            let Progress { entries, bytes, total_bytes, left_out, refused, not_stored } = transfer.progress();
            let total_bytes = total_bytes.unwrap_or(0);
            fill(progress, |struct_size| streamcache_transfer_progress {
                struct_size,
                entries,
                bytes,
                total_bytes,
                left_out,
                refused,
                not_stored,
            })
        })
    })
}

/// Waits for a transfer's end, and says how it ended; with a timeout of 0 whether it has. It can be asked again.
///
/// Borrows `transfer`. Threads: any. Waits.
/// @param[in]  transfer the transfer
/// @param[in]  timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK all of it is done
/// @retval STREAMCACHE_TIMEOUT the time was up; it goes on
/// @retval STREAMCACHE_CANCELLED it was told to stop; what was imported stays, an export left nothing behind
/// @retval STREAMCACHE_IO the file can't be written or read, or is damaged; as above
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; as above
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_CLOSED the cache was closed meanwhile; as above
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_transfer_wait(
    transfer: *mut streamcache_transfer, timeout_ms: u32, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            on(transfer, |transfer| {
                Ok(match transfer.wait(patience(timeout_ms)).transpose()? {
                    None => STREAMCACHE_TIMEOUT,
                    Some(Outcome::Done) => STREAMCACHE_OK,
                    Some(Outcome::Cancelled) => STREAMCACHE_CANCELLED,
                })
            })
        })
    }
}

/// Tells a transfer to stop. It ends soon: see streamcache_transfer_wait(). After its end this does nothing.
///
/// Borrows `transfer`. Threads: any. Never waits.
/// @param[in] transfer the transfer
/// @retval STREAMCACHE_OK told
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_transfer_cancel(transfer: *mut streamcache_transfer) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe {
        on(transfer, |transfer| {
            transfer.cancel();
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Drops the reference. A transfer that is under way is cancelled.
///
/// Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
/// @param[in] transfer the transfer, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_transfer_release(transfer: *mut streamcache_transfer) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(transfer) });
}

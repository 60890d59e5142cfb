//! Section: log.

use super::border::{guard, null};
use super::contain::outside;
use super::status::{STREAMCACHE_OK, streamcache_status};
use crate::log::{self, Level};
use core::ffi::{c_char, c_void};
use std::ffi::CString;

/// How much a message matters: the more, the higher.
pub type streamcache_log_level = i32;

/// For whoever looks for a fault in the library.
pub const STREAMCACHE_LOG_DEBUG: streamcache_log_level = 1;
/// A cache was opened or closed, a filter's state replaced.
pub const STREAMCACHE_LOG_INFO: streamcache_log_level = 2;
/// Something did not work, and the caller was told by a status.
pub const STREAMCACHE_LOG_WARNING: streamcache_log_level = 3;
/// A fault in the library: a panic was contained.
pub const STREAMCACHE_LOG_ERROR: streamcache_log_level = 4;

/// Receives a message: its level; its target, the part of the library that speaks ("cache", "filter", "panic", "process",
/// "disk", "remote", "tier", "import", "export"); and its text. Both strings are NUL-terminated UTF-8 and live for the call.
///
/// It runs on the thread whose call caused the message, for stores and files on a thread of the cache's own, several
/// threads at once if it so happens, never under a lock
/// of the library and never in a signal handler. It may call streamcache_status_message() and the version functions,
/// and no other function of the library; it must return, neither by an exception nor by longjmp.
pub type streamcache_log_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        level: streamcache_log_level,
        target: *const c_char,
        message: *const c_char,
    ),
>;

/// Sets where the process's messages go, of all its caches; without it the library is silent. Messages name limits,
/// filters by their id and states by a tag; they carry no key, no digest of a filter and no data.
///
/// Keeps `callback` and `user_data` until they are replaced or removed (callback NULL), and does not wait: a call into
/// the library that is under way on another thread may still use the old ones, so keep those alive until such calls
/// have returned. A forked child inherits them. Threads: any.
/// @param[in] callback receives the messages; NULL removes the one that was set
/// @param[in] user_data is passed on to `callback`; may be NULL
/// @param[in] min_level the lowest level wanted: STREAMCACHE_LOG_DEBUG to STREAMCACHE_LOG_ERROR
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT an unknown level
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_log_set(
    callback: streamcache_log_callback, user_data: *mut c_void, min_level: streamcache_log_level,
) -> streamcache_status {
    guard(|| {
        let least = match min_level {
            STREAMCACHE_LOG_DEBUG => Level::Debug,
            STREAMCACHE_LOG_INFO => Level::Info,
            STREAMCACHE_LOG_WARNING => Level::Warning,
            STREAMCACHE_LOG_ERROR => Level::Error,
            _ => return Err(null()),
        };
        let Some(callback) = callback else {
            log::unset();
            return Ok(STREAMCACHE_OK);
        };
        let user_data = UserData(user_data);
        log::set(least, move |level, target, message| {
            let (target, message) = (text(target), text(message));
            // SAFETY: the caller's function, with what it was promised: its own pointer, and strings for the call.
            outside(|| unsafe { callback(user_data.pointer(), level as i32, target.as_ptr(), message.as_ptr()) });
        });
        Ok(STREAMCACHE_OK)
    })
}

/// The caller's pointer, never looked behind.
struct UserData(*mut c_void);

// SAFETY: only the caller's callback uses it, and its contract is to run on any thread.
unsafe impl Send for UserData {}
// SAFETY: as above, on several at once.
unsafe impl Sync for UserData {}

impl UserData {
    fn pointer(&self) -> *mut c_void {
        self.0
    }
}

fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "\\0")).unwrap_or_default()
}

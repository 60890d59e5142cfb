//! In no section of the header, and in no library but that of the tests (feature `test-panic`): panics on demand.

use super::border::{guard, text};
use super::status::{STREAMCACHE_OK, streamcache_status};
use core::ffi::c_char;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// The exported function whose next call panics, and where.
static ARMED: Mutex<Option<(String, bool)>> = Mutex::new(None);

thread_local! {
    /// Whether the function under way is to panic once it has its handle's object.
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Makes the next call of `function` panic, once: before anything else, or, if `deep`, with its handle's object at hand,
/// where a panic poisons the cache. A length of 0 disarms.
///
/// @retval STREAMCACHE_OK the one armed before has fired, or there was none
/// @retval STREAMCACHE_MISS it has not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_test_panic_in(
    function: *const c_char, len: usize, deep: i32,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    guard(|| unsafe {
        let function = text(function, len)?;
        let next = (!function.is_empty()).then(|| (function.to_owned(), deep != 0));
        let unfired = DEEP.replace(false) | armed(|armed| std::mem::replace(armed, next)).is_some();
        Ok(if unfired { super::status::STREAMCACHE_MISS } else { STREAMCACHE_OK })
    })
}

fn armed<T>(change: impl FnOnce(&mut Option<(String, bool)>) -> T) -> T {
    change(&mut ARMED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// At the entry of every exported function.
pub(super) fn at_the_border(function: Option<&str>) {
    match armed(|armed| armed.take_if(|(name, _)| Some(name.as_str()) == function)) {
        Some((name, false)) => panic!("a test wants {name} to panic at its border"),
        Some((_, true)) => DEEP.set(true),
        None => {}
    }
}

/// Where a function has its handle's object.
pub(super) fn on_an_object() {
    if DEEP.replace(false) {
        panic!("a test wants a panic with an object at hand");
    }
}

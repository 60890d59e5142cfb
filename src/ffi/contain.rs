//! Keeps panics on this side of the border, and quiet: what the standard hook would print goes to the log hook instead.
//!
//! The panic hook is a process's, and the process may be a Rust program that uses this crate as a library and has its
//! own. So a thread carries a mark while it is inside one of our functions; the hook keeps what it hears of a marked
//! thread for the log, and gives every other panic to the hook that was there before. It is installed by the first
//! call through the C ABI: a program that only uses the Rust types never meets it. (The shared library has a std, and
//! so a hook, of its own.)

use crate::error::{Error, ErrorKind, Result};
use crate::log::{self, Level};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// This thread has not been here before.
    New,
    Outside,
    Inside,
}

thread_local! {
    // Neither lazily made nor dropped, so it is there in a thread's last destructors too.
    static PLACE: Cell<Place> = const { Cell::new(Place::New) };
    /// What the hook heard, until whoever contains the panic takes it.
    static HEARD: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs a whole exported function, marking the thread as inside, and answers its outcome (0 or positive) or its failure's
/// number. A failure goes to `tell`, a panic as one with its details, and a message for the log. The number goes its own
/// way, as small as it is: moved about in one piece with an error, every good answer would wait for its own bytes to
/// reach the cache before they can be read again in wider pieces.
#[inline]
pub(super) fn inside<F: FnOnce() -> Result<i32>>(body: F, tell: impl FnOnce(Error)) -> i32 {
    PLACE.with(|place| {
        if place.get() == Place::New {
            install(place);
        }
        let before = place.replace(Place::Inside);
        let mut error = None;
        let status = contain(|| {
            #[cfg(feature = "test-panic")]
            super::test_panic::at_the_border(function_of(std::any::type_name::<F>()));
            body().unwrap_or_else(|failure| {
                let kind = failure.kind();
                error = Some(failure);
                kind as i32
            })
        });
        place.set(before);
        match status {
            Some(status) if status >= 0 => status,
            _ => {
                let error = told(error, std::any::type_name::<F>());
                let kind = error.kind();
                tell(error);
                kind as i32
            }
        }
    })
}

/// Runs foreign code: a panic in it is not ours.
pub(super) fn outside<T>(body: impl FnOnce() -> T) -> T {
    PLACE.with(|place| {
        let before = place.replace(Place::Outside);
        let result = body();
        place.set(before);
        result
    })
}

/// Runs a part of an exported function; None after a panic, of which [`inside`] tells.
pub(super) fn contain<T>(body: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(body)).ok()
}

/// The error as it is, unless a panic was just contained: then with what the hook heard.
#[cold]
fn told(error: Option<Error>, closure: &str) -> Error {
    let error = error.unwrap_or_else(|| ErrorKind::Panic.into());
    let heard = match error.kind() {
        ErrorKind::Panic => HEARD.try_with(Cell::take).ok().flatten(),
        _ => None,
    };
    let Some(heard) = heard else { return error }; // also from a cache that refuses since an earlier panic
    let function = function_of(closure).unwrap_or("a function of this library");
    let message = format!("a panic in {function} was contained: {heard}");
    log::say(Level::Error, "panic", || message.clone());
    Error::new(ErrorKind::Panic, message + "; release the cache, open another, and report the bug")
}

/// The exported function in whose body a closure stands, by the name of the closure's type.
fn function_of(closure: &str) -> Option<&str> {
    let mut parts = closure.split("::").zip(closure.split("::").skip(1));
    let (function, _) =
        parts.find(|(part, next)| part.starts_with("streamcache_") && next.starts_with("{{closure}}"))?;
    Some(function)
}

#[cold]
fn install(place: &Cell<Place>) {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    place.set(Place::Outside);
    // A host may call us while it unwinds itself, and then std refuses a new hook; the next thread installs it. No
    // `Once`, for the reason that `process.rs` gives: another thread may be a moment ahead of the hook.
    if std::thread::panicking() || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    let before = take_hook();
    set_hook(Box::new(move |info| {
        if PLACE.get() != Place::Inside || !hear(info) {
            before(info);
        }
    }));
}

/// Keeps what a panic says; false for a second one while the first unwinds: it ends the process, which may say why.
fn hear(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref().map(String::as_str));
    let place = info.location().map(|location| format!(" at {location}")).unwrap_or_default();
    let text = format!("{:?}{place}", text.unwrap_or("no text"));
    HEARD.try_with(|heard| heard.replace(Some(text)).is_none()).unwrap_or(true)
}

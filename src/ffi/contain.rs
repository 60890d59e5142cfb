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

/// Runs a whole exported function, marking the thread as inside. A panic becomes an error with its details, and a
/// message for the log.
pub(super) fn inside<T, F: FnOnce() -> Result<T>>(body: F) -> Result<T> {
    PLACE.with(|place| {
        if place.get() == Place::New {
            install(place);
        }
        let before = place.replace(Place::Inside);
        // An error goes its own way: in one piece with the answer it would slow every good answer down.
        let mut error = None;
        let answer = contain(|| {
            #[cfg(feature = "test-panic")]
            super::test_panic::at_the_border(function_of(std::any::type_name::<F>()));
            body().map_err(|failure| error = Some(failure)).ok()
        });
        place.set(before);
        answer.flatten().ok_or_else(|| told(error, std::any::type_name::<F>()))
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

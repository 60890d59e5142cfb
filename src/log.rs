//! What the library has to say, for whoever asks: silent until a hook is set. One hook a process, called on the thread
//! the news comes from, and never under a lock of this library. Messages name limits, ids and tags; never a key, a
//! digest of a filter, or data.

use arc_swap::ArcSwapOption;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For whoever looks for a fault in the library.
    Debug = 1,
    /// A cache opened or closed, a state replaced.
    Info = 2,
    /// Something did not work, and the caller was told by a status.
    Warning = 3,
    /// A fault in the library.
    Error = 4,
}

/// Receives messages: level, target (which part speaks) and text.
pub type Sink = dyn Fn(Level, &str, &str) + Send + Sync;

struct Hook {
    least: Level,
    sink: Box<Sink>,
}

static HOOK: ArcSwapOption<Hook> = ArcSwapOption::const_empty();

thread_local! {
    /// Whether this thread is inside the hook: what it causes there is not said.
    static SPEAKING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the process's hook, in place of the last. That one may still be running on other threads.
pub fn set(least: Level, sink: impl Fn(Level, &str, &str) + Send + Sync + 'static) {
    HOOK.store(Some(Arc::new(Hook { least, sink: Box::new(sink) })));
}

/// Removes the hook. It may still be running on other threads.
pub fn unset() {
    HOOK.store(None);
}

/// Says something, if anyone wants to hear it. To be called without any lock, and where the caller's state is whole:
/// the hook is foreign code. Not for a lookup's way: asking for the hook costs some nanoseconds.
pub(crate) fn say(level: Level, target: &str, message: impl FnOnce() -> String) {
    let Some(hook) = HOOK.load_full().filter(|hook| level >= hook.least) else { return };
    if !SPEAKING.replace(true) {
        let message = message();
        // A message is not worth a panic.
        let _ = catch_unwind(AssertUnwindSafe(|| (hook.sink)(level, target, &message)));
        SPEAKING.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// One test: the hook is the process's.
    #[test]
    fn a_hook_hears_what_it_asked_for_and_not_itself() {
        static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let mine = |text: &'static str| say(Level::Info, "test", || text.into());
        mine("before");
        set(Level::Info, |level, target, text| {
            if target == "test" {
                HEARD.lock().unwrap().push(format!("{level:?} {text}"));
                say(Level::Error, "test", || "from within".into());
            }
        });
        mine("first");
        say(Level::Debug, "test", || panic!("nobody wants it, so nobody makes it"));
        set(Level::Warning, |_, _, _| panic!("a hook's own"));
        say(Level::Error, "test", || "it does not leave the hook".into());
        unset();
        mine("after");
        assert_eq!(*HEARD.lock().unwrap(), ["Info first"]);
    }
}

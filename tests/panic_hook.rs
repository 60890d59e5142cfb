//! A Rust program that also calls the C ABI of this crate keeps its own panic hook for its own panics.
#![cfg(feature = "capi")]

use std::panic::{catch_unwind, panic_any, set_hook};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use streamcache::ffi::version::streamcache_version_number;

/// One test: the hook is the process's.
#[test]
fn a_host_hears_its_own_panics() {
    static HEARD: AtomicU32 = AtomicU32::new(0);
    set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Relaxed);
    }));
    /// Calls the library while its thread unwinds, which must not install a hook: std would panic again.
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            assert!(streamcache_version_number() > 0);
        }
    }
    let late = || {
        let _late = Late;
        panic_any("before the first call");
    };
    assert!(catch_unwind(late).is_err());
    assert_eq!(HEARD.load(Relaxed), 1);
    for n in 2..5 {
        let panics = move || {
            assert!(streamcache_version_number() > 0);
            assert!(catch_unwind(late).is_err());
            assert_eq!(HEARD.load(Relaxed), 2 * n - 2);
            panic_any("after it");
        };
        assert!(std::thread::spawn(panics).join().is_err());
        assert_eq!(HEARD.load(Relaxed), 2 * n - 1);
    }
    let _ = std::panic::take_hook();
}

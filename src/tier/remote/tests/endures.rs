//! What every fault must leave whole: no wrong byte, no lookup longer than its deadline, none that waits while the
//! server rests, and full recovery.

use super::lateness::{ATTEMPTS, LATENESS, with_lateness};
use super::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test of faults at a time: they measure.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    /// The breaker opens, and closes when the fault is gone.
    Rests,
    /// Lookups may fail, or not: nothing is said of the breaker.
    Goes,
}

const KEYS: usize = 20;

/// Breaks a server while two threads look things up, and repairs it. `len`: of each value.
pub(super) fn endures(name: &str, store: &Remote, len: usize, then: Then, broken: impl Fn(), repaired: impl Fn()) {
    for attempt in 1.. {
        // A connection may have ended with the fault before this one.
        eventually("it stores", || {
            store.put_many(&(0..KEYS).map(|n| sealed(n, len)).collect::<Vec<_>>()).is_ok_and(|n| n == KEYS)
        });
        eventually("it is asked", || get(store, &[0], soon()).len() == 1);
        let faults = store.stats().faults;
        broken();
        let (longest, lateness) = longest(name, store, len, then);
        let mut report =
            format!("{name}: longest lookup {longest:.1?} of {DEADLINE:?}, machine's own lateness {lateness:.1?}");
        let is_quick = longest <= DEADLINE + Duration::from_millis(5) + lateness.min(LATENESS);
        assert!(is_quick || attempt < ATTEMPTS, "{report}");

        if then == Then::Rests {
            assert!(store.stats().faults > faults && store.stats().last_fault.is_some(), "{name}: not counted");
            eventually("it rests", || {
                get(store, &[0], Instant::now() + DEADLINE);
                store.stats().resting.is_some()
            });
            report += &format!(", at rest {:.2?}", at_rest(store));
            report += &format!(", because {}", store.stats().last_fault.unwrap());
        }

        repaired();
        let recovery = recovers(name, store, len);
        println!("{report}; back after {recovery:.1?}");
        if is_quick {
            break;
        }
    }
}

/// The longest lookup of two threads until the server rests, and how late the machine was meanwhile.
fn longest(name: &str, store: &Remote, len: usize, then: Then) -> (Duration, Duration) {
    let lookups = |thread: usize| {
        let (mut longest, mut count, begun) = (Duration::ZERO, 0, Instant::now());
        while count < 40 && begun.elapsed() < Duration::from_secs(3) {
            let n = (count + thread) % KEYS;
            let started = Instant::now();
            let found = get(store, &[n, n + KEYS], started + DEADLINE);
            longest = longest.max(started.elapsed());
            assert!(found.iter().all(|(&m, bytes)| m == n && *bytes == sealed(n, len).bytes), "{name}: a wrong answer");
            count += 1;
            if then == Then::Rests && store.stats().resting.is_some() && count > 10 {
                break;
            }
        }
        longest
    };
    with_lateness(|| {
        std::thread::scope(|scope| {
            let threads = [0, 1].map(|thread| scope.spawn(move || lookups(thread)));
            threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
        })
    })
}

/// How long it takes until all is as before.
fn recovers(name: &str, store: &Remote, len: usize) -> Duration {
    let recovery = eventually("it is asked again", || {
        let found = get(store, &[1], soon());
        assert!(found.values().all(|bytes| *bytes == sealed(1, len).bytes), "{name}: a wrong answer");
        store.put_many(&[sealed(1, len)]).is_ok_and(|n| n == 1) && found.len() == 1
    });
    eventually("nothing rests", || get(store, &[1], soon()).len() == 1 && store.stats().resting.is_none());
    let all: Vec<_> = (0..KEYS).collect();
    eventually("all is stored", || {
        store.put_many(&all.iter().map(|&n| sealed(n, len)).collect::<Vec<_>>()).is_ok_and(|n| n == KEYS)
    });
    let found = get(store, &all, soon());
    assert!(all.iter().all(|n| found[n] == sealed(*n, len).bytes), "{name}: not all is back");
    recovery
}

/// The median of lookups while the server rests; a probe may close the breaker between them.
fn at_rest(store: &Remote) -> Duration {
    let mut times = Vec::new();
    let keys = [key(0)];
    for _ in 0..2000 {
        let started = Instant::now();
        store.get_many(&keys, started + DEADLINE, &mut |_, _| {}).ok();
        times.push(started.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    assert!(median <= Duration::from_micros(10), "{median:?} at rest");
    median
}

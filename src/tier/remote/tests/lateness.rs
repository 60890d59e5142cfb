//! What this machine adds to every wait while it is busy.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No more than that is put down to the machine.
pub(super) const LATENESS: Duration = Duration::from_millis(20);
/// How often it is measured before it is believed that something takes too long: the threads that measure the machine are
/// not those that it kept waiting.
pub(super) const ATTEMPTS: u32 = 3;

/// Tells whoever measures beside a test that it is over, or has failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How much later than asked this machine wakes a thread that sleeps, at worst while `work` runs.
pub(super) fn with_lateness<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let (over, worst) = (AtomicBool::new(false), AtomicU64::new(0));
    let result = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let (begun, nap) = (Instant::now(), Duration::from_millis(2));
                    sleep(nap);
                    worst.fetch_max((begun.elapsed() - nap).as_micros() as u64, Ordering::Relaxed);
                }
            });
        }
        let _over = Over(&over);
        work()
    });
    (result, Duration::from_micros(worst.into_inner()))
}

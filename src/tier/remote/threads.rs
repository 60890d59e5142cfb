//! The store's own threads, so that whoever closes it can wait for them.

use crate::lock::Mutex;
use std::io;
use std::thread::{Builder, JoinHandle, current, sleep};
use std::time::{Duration, Instant};

/// How often whoever waits looks for them. Std's threads can't be joined with an end.
const LOOK: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    pub(super) fn start(&self, builder: Builder, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = builder.spawn(run)?;
        let mut all = self.0.lock();
        all.retain(|thread| !thread.is_finished());
        all.push(thread);
        Ok(())
    }

    /// Joins all that end by then, but for the one that calls this. What has not ended, in a resolver most likely, ends by
    /// itself.
    pub(super) fn join(&self, until: Instant) {
        loop {
            let (ended, rest): (Vec<_>, Vec<_>) =
                std::mem::take(&mut *self.0.lock()).into_iter().partition(JoinHandle::is_finished);
            let is_waited_for = rest.iter().any(|thread| thread.thread().id() != current().id());
            self.0.lock().extend(rest);
            let none_ended = ended.is_empty();
            ended.into_iter().for_each(|thread| drop(thread.join())); // panics were contained, and told
            if none_ended && (!is_waited_for || Instant::now() >= until) {
                return;
            }
            if none_ended {
                sleep(LOOK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn who_ends_in_time_is_joined_and_nobody_else_is_waited_for() {
        let (threads, (go, gone)) = (Threads::default(), channel::<()>());
        threads.start(Builder::new(), || sleep(Duration::from_millis(20))).unwrap();
        threads.start(Builder::new(), move || _ = gone.recv()).unwrap();
        let begun = Instant::now();
        threads.join(begun + Duration::from_millis(200));
        assert_eq!(threads.0.lock().len(), 1);
        assert!(begun.elapsed() >= Duration::from_millis(200) && begun.elapsed() < Duration::from_secs(5));
        drop(go);
        threads.join(Instant::now() + Duration::from_secs(60));
        assert!(threads.0.lock().is_empty());
    }
}

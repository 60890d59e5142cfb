//! When a server is not asked: after faults in a row it rests, each time longer, and one probe decides whether it is
//! asked again.

use super::fault::Fault;
use crate::lock::Mutex;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Faults in a row that open a breaker.
pub(super) const FAULTS: u32 = 3;

#[derive(Debug)]
enum State {
    /// It is asked.
    Closed,
    /// It is not, until then.
    Open { until: Instant, reason: String },
    /// It is not, but for the probe that is under way.
    HalfOpen { reason: String },
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// The next rest.
    rest: Duration,
}

#[derive(Debug)]
pub(super) struct Breaker {
    /// Whether the state is not Closed: what a lookup reads.
    resting: AtomicBool,
    /// Faults since the last answer.
    faults: AtomicU32,
    first: Duration,
    longest: Duration,
    inner: Mutex<Inner>,
}

impl Breaker {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            resting: AtomicBool::new(false),
            faults: AtomicU32::new(0),
            first,
            longest: longest.max(first),
            inner: Mutex::new(Inner { state: State::Closed, rest: first }),
        }
    }

    #[inline]
    pub(super) fn rests(&self) -> bool {
        self.resting.load(Ordering::Relaxed)
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        if self.faults.load(Ordering::Relaxed) == 0 || self.rests() {
            return;
        }
        let mut inner = self.inner.lock();
        if matches!(inner.state, State::Closed) {
            self.faults.store(0, Ordering::Relaxed);
            inner.rest = self.first;
        }
    }

    /// A request failed. The rest that begins with it, if one does.
    pub(super) fn failed(&self, fault: &Fault) -> Option<Duration> {
        if self.faults.fetch_add(1, Ordering::Relaxed) + 1 < FAULTS {
            return None;
        }
        let mut inner = self.inner.lock();
        matches!(inner.state, State::Closed).then(|| self.open(&mut inner, fault))
    }

    /// It rests from now on, whatever went before.
    pub(super) fn trip(&self, fault: &Fault) -> Duration {
        self.open(&mut self.inner.lock(), fault)
    }

    fn open(&self, inner: &mut Inner, fault: &Fault) -> Duration {
        // Between three quarters and all of it, so that a fleet does not come back in one step.
        let jitter = RandomState::new().hash_one(()) as u32;
        let rest = inner.rest * 3 / 4 + (inner.rest / 4).mul_f64(f64::from(jitter) / f64::from(u32::MAX));
        inner.state = State::Open { until: Instant::now() + rest, reason: fault.to_string() };
        inner.rest = (inner.rest * 2).min(self.longest);
        self.resting.store(true, Ordering::Relaxed);
        rest
    }

    /// When the next probe is due, where one is to be made.
    pub(super) fn due(&self) -> Option<Instant> {
        if !self.rests() {
            return None;
        }
        match self.inner.lock().state {
            State::Open { until, .. } => Some(until),
            _ => None,
        }
    }

    /// Begins the probe if it is due. Who gets true makes it, and says what came of it.
    pub(super) fn probe(&self) -> bool {
        if !self.rests() {
            return false;
        }
        let mut inner = self.inner.lock();
        match &mut inner.state {
            State::Open { until, reason } if *until <= Instant::now() => {
                let reason = std::mem::take(reason);
                inner.state = State::HalfOpen { reason };
                true
            }
            _ => false,
        }
    }

    /// The probe went well: it is asked again. The next fault opens at once, for a longer rest, until a request is
    /// answered: a server may have an answer for a probe and none for anything else.
    pub(super) fn recovered(&self) {
        let mut inner = self.inner.lock();
        inner.state = State::Closed;
        self.faults.store(FAULTS - 1, Ordering::Relaxed);
        self.resting.store(false, Ordering::Relaxed);
    }

    /// Why it is not asked.
    pub(super) fn reason(&self) -> Option<String> {
        if !self.rests() {
            return None;
        }
        match &self.inner.lock().state {
            State::Closed => None,
            State::Open { reason, .. } | State::HalfOpen { reason } => Some(reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    const REST: Duration = Duration::from_millis(20);

    #[test]
    fn faults_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let breaker = Breaker::new(REST, REST * 2);
        for _ in 0..10 {
            assert!((1..FAULTS).all(|_| breaker.failed(&Fault::Late).is_none()));
            breaker.answered();
        }
        assert!(!breaker.rests() && breaker.reason().is_none() && breaker.due().is_none());
        assert!((1..FAULTS).all(|_| breaker.failed(&Fault::Cut).is_none()));
        assert!(breaker.failed(&Fault::Cut).is_some_and(|rest| rest <= REST && rest >= REST * 3 / 4));
        assert!(breaker.rests() && breaker.failed(&Fault::Cut).is_none());
        assert_eq!(breaker.reason().as_deref(), Some("it closed the connection"));
    }

    #[test]
    fn one_probe_decides_and_rests_grow_until_a_request_is_answered() {
        let breaker = Breaker::new(REST, REST * 2);
        breaker.trip(&Fault::Late);
        assert!(!breaker.probe(), "too early");
        sleep(REST);
        assert!(breaker.probe() && !breaker.probe(), "one at a time");
        assert!(breaker.rests() && breaker.due().is_none());
        breaker.answered(); // of a request from before: not the probe's
        assert!(breaker.rests());
        assert!(breaker.trip(&Fault::Late) > REST);
        sleep(REST * 2);
        assert!(breaker.probe());
        breaker.recovered();
        assert!(!breaker.rests());
        assert!(breaker.failed(&Fault::Late).is_some_and(|rest| rest > REST), "on trial");
        sleep(REST * 2);
        assert!(breaker.probe());
        breaker.recovered();
        breaker.answered();
        assert!(breaker.failed(&Fault::Late).is_none());
        assert!(breaker.trip(&Fault::Late) <= REST, "as if nothing had been");
    }
}

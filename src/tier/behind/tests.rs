//! The thread, with a store in this process's memory.

mod turns;

use super::*;
use crate::tier::Purged;
use crate::tier::envelope::tests::{kept, made};
use crate::tier::fences::{Epochs, Pass};
use crate::tier::in_memory::{InMemory, LONG, Mishap};
use crate::value::{Value, tests::ending_with};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, Weak, mpsc};
use std::thread;

const LIMITS: Limits =
    Limits { queue: Most { entries: 100, bytes: 1 << 20 }, batch: Most { entries: 10, bytes: 1 << 16 } };

/// A cache as far as writing behind needs one.
struct Tier {
    store: Arc<InMemory>,
    fences: Arc<Fences>,
    behind: Arc<Behind>,
}

fn key(n: u64) -> Digest {
    crate::digest::chunk(&n.to_le_bytes())
}

fn tag(n: u64) -> u64 {
    1 + n % 3
}

impl Tier {
    fn with(limits: Limits) -> Self {
        let (store, fences) = (Arc::new(InMemory::default()), Arc::new(Fences::new().unwrap()));
        let seal = Arc::new(Seal::new(None));
        let behind =
            Behind::start("streamcache-test", Arc::clone(&store) as _, seal, Arc::clone(&fences), limits).unwrap();
        Self { store, fences, behind }
    }

    fn new() -> Self {
        Self::with(LIMITS)
    }

    /// What is to be taken before a value is computed.
    fn begin(&self, n: u64) -> (u64, Pass) {
        (self.store.epoch(), self.fences.pass(&key(n), tag(n), Epochs::default()))
    }

    fn commit(&self, n: u64, value: Value, (epoch, pass): (u64, Pass)) {
        self.behind.put(Write { key: key(n), value, tag: tag(n), epoch, expires_ms: 0, pass, is_copy: false });
    }

    fn put(&self, n: u64, payload: &[u8]) {
        self.commit(n, made(payload, &[], b"", 0), self.begin(n));
    }

    fn remove(&self, n: u64) {
        self.fences.remove(&key(n));
        self.behind.forget(&key(n));
        self.store.remove(&key(n), Instant::now() + LONG).unwrap();
    }

    fn purge(&self, purged: Purged<'_>) {
        match purged {
            Purged::Everything => {
                self.fences.purge();
                self.behind.forget_all();
            }
            Purged::Tags(tags) => {
                self.fences.tags(tags);
                self.behind.forget_tagged(tags);
            }
        }
        self.store.purge(purged, Instant::now() + LONG).unwrap();
    }

    /// The store waits, and the thread waits in it with one write, of number 0.
    fn stuck(&self) {
        self.store.shut(true);
        self.put(0, b"stuck");
        self.store.await_visitor();
    }

    fn flush(&self) {
        assert!(self.behind.flush(LONG));
        assert_eq!(self.behind.stats().pending_entries, 0);
    }
}

/// Waits for what a thread does by itself.
fn soon(is_so: impl Fn() -> bool) {
    let until = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < until);
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_was_put_is_written_and_opens() {
    let tier = Tier::new();
    (0..100).for_each(|n| tier.put(n, &n.to_le_bytes()));
    tier.flush();
    (0..100u64).for_each(|n| assert_eq!(tier.store.payload(&key(n)).unwrap(), n.to_le_bytes()));
    assert_eq!(tier.behind.stats(), BehindStats { written: 100, ..BehindStats::default() });
    assert!(tier.store.lock().batches.iter().all(|&entries| entries <= 10));
    assert_eq!(tier.behind.stop(LONG), 0);
    tier.put(100, b"after");
    assert_eq!((tier.store.payload(&key(100)), tier.behind.stats().dropped), (None, 1));
}

#[test]
fn a_put_never_waits_the_newest_is_dropped_and_the_last_of_a_key_is_written() {
    let tier = Tier::with(Limits { queue: Most { entries: 4, bytes: u64::MAX }, ..LIMITS });
    tier.stuck();
    for n in 1..=5 {
        tier.put(n, b"first");
    }
    tier.put(1, b"last");
    let stats = tier.behind.stats();
    assert_eq!((stats.pending_entries, stats.dropped, stats.superseded), (4, 2, 1));
    assert!(stats.pending_bytes > 0 && !tier.behind.flush(Duration::from_millis(1)));
    tier.store.shut(false);
    tier.flush();
    let there = |n| tier.store.payload(&key(n));
    assert_eq!(
        (there(1).unwrap(), there(3).unwrap(), there(4), there(5)),
        (b"last".into(), b"first".into(), None, None)
    );
}

#[test]
fn one_write_is_always_admitted() {
    let tier = Tier::with(Limits { queue: Most { entries: 0, bytes: 0 }, batch: Most { entries: 0, bytes: 0 } });
    tier.stuck();
    tier.put(1, b"one");
    tier.put(2, b"two");
    tier.store.shut(false);
    tier.flush();
    assert_eq!((tier.behind.stats().written, tier.behind.stats().dropped), (2, 1));
}

#[test]
fn what_is_forgotten_is_not_written_wherever_it_waits() {
    let tier = Tier::new();
    for round in 0..4 {
        tier.stuck();
        (1..=6).for_each(|n| tier.put(n, b"result"));
        match round {
            0 => (0..=6).for_each(|n| tier.remove(n)),
            1 => tier.purge(Purged::Tags(&[1, 2, 3])),
            2 => tier.purge(Purged::Everything),
            _ => tier.fences.purge(), // the next steps are still to come
        }
        tier.store.shut(false);
        tier.flush();
        let stuck = tier.store.lock().entries.remove(&key(0));
        assert_eq!((stuck.is_some(), tier.store.lock().entries.len()), (round == 3, 0), "{round}");
        assert_eq!(tier.behind.stats().refused, 7 * (round + 1) - u64::from(round == 3));
    }
    tier.put(1, b"anew");
    tier.flush();
    assert_eq!(tier.store.payload(&key(1)).unwrap(), b"anew");
}

/// Each put is numbered once its pass is taken, each removal and purge before it begins: an older put is gone after it.
/// Each key is put once a round, so that no later put hides one that came back.
#[test]
fn nothing_comes_back_from_the_dead() {
    const KEYS: u64 = 16;
    let (tier, clock) = (Tier::new(), AtomicU64::new(0));
    let now = || clock.fetch_add(1, SeqCst);
    for round in 0..300 {
        let start = Barrier::new(2);
        let gone: Vec<u64> = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                for n in 0..KEYS {
                    let begun = tier.begin(n);
                    tier.commit(n, made(&now().to_le_bytes(), &[], b"", 0), begun);
                }
            });
            start.wait();
            let mut gone = vec![0; KEYS as usize];
            for n in (0..KEYS).cycle().skip(round % 3).take(KEYS as usize) {
                let now = now();
                match n {
                    7 => tier.purge(Purged::Everything),
                    3 | 11 => tier.purge(Purged::Tags(&[tag(n)])),
                    _ => tier.remove(n),
                }
                let is_it = |key| n == 7 || n == key || (matches!(n, 3 | 11) && tag(n) == tag(key));
                (0..KEYS).filter(|&key| is_it(key)).for_each(|key| gone[key as usize] = now);
            }
            gone
        });
        tier.flush();
        for (n, gone) in (0..).zip(gone) {
            let there = tier.store.payload(&key(n));
            let number = there.map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
            assert!(number.is_none_or(|number| number > gone), "{number:?} of {n}, gone at {gone}");
        }
    }
    let BehindStats { written, dropped, superseded, refused, faults, .. } = tier.behind.stats();
    assert_eq!(written + dropped + superseded + refused + faults, 300 * KEYS);
    assert!(written > 0 && refused > 0, "{written} written, {refused} refused");
}

#[test]
fn a_fault_costs_its_batch_and_nothing_else() {
    let tier = Tier::new();
    tier.store.lock().mishap = Some(Mishap::Fault);
    tier.put(1, b"result");
    tier.flush();
    tier.store.lock().mishap = None;
    tier.put(2, b"result");
    tier.flush();
    let expected = BehindStats { written: 1, faults: 1, ..BehindStats::default() };
    assert_eq!((tier.behind.stats(), tier.store.payload(&key(1))), (expected, None));
}

#[test]
fn a_panic_is_contained_and_ends_the_thread() {
    let tier = Tier::new();
    tier.stuck();
    tier.put(1, b"left");
    tier.store.lock().mishap = Some(Mishap::Panic);
    tier.store.shut(false);
    assert!(!tier.behind.flush(LONG));
    assert_eq!(tier.behind.stop(LONG), 0, "before it was stopped");
    tier.put(2, b"after");
    let expected = BehindStats { faults: 1, dropped: 2, panics: 1, ..BehindStats::default() };
    assert_eq!(tier.behind.stats(), expected);
}

#[test]
fn what_cannot_leave_memory_is_left_there() {
    let tier = Tier::new();
    tier.commit(1, kept(crate::value::tests::device()), tier.begin(1));
    tier.flush();
    assert_eq!(tier.behind.stats(), BehindStats::default());
}

#[test]
fn stopping_drains_or_says_what_was_left() {
    let tier = Tier::new();
    tier.stuck();
    (1..=3).for_each(|n| tier.put(n, b"left"));
    assert_eq!(tier.behind.stop(Duration::from_millis(1)), 4);
    assert_eq!(tier.behind.stop(Duration::ZERO), 1, "the one inside");
    tier.store.shut(false);
    assert_eq!(tier.behind.stop(LONG), 0);
    let expected = BehindStats { written: 1, dropped: 3, ..BehindStats::default() };
    assert_eq!(tier.behind.stats(), expected);

    let tier = Tier::new();
    tier.stuck();
    (1..=30).for_each(|n| tier.put(n, b"result"));
    thread::scope(|scope| {
        let stops = [(); 2].map(|()| scope.spawn(|| tier.behind.stop(LONG)));
        tier.store.shut(false);
        for stop in stops {
            assert_eq!(stop.join().unwrap(), 0);
        }
    });
    assert_eq!(tier.behind.stats().written, 31);
}

#[test]
fn dropping_it_neither_waits_nor_leaves_anything_behind() {
    let Tier { store, fences, behind } = {
        let tier = Tier::new();
        tier.stuck();
        tier
    };
    let (ended, end) = mpsc::channel();
    let value = kept(ending_with(move || ended.send(thread::current().id()).unwrap()));
    let pass = fences.pass(&key(1), 0, Epochs::default());
    behind.put(Write { key: key(1), value, tag: 0, epoch: 0, expires_ms: 0, pass, is_copy: false });
    drop(Arc::into_inner(behind).unwrap());
    assert_eq!(end.try_recv(), Ok(thread::current().id()), "what was queued is released");
    assert_eq!(store.lock().waiting, 1, "and the thread still waits");
    store.shut(false);
    soon(|| Arc::strong_count(&store) == 1 && Arc::strong_count(&fences) == 1);
    assert_eq!(store.lock().batches, [1]);
}

/// A value's destructor runs on the thread, when another lease on it was the last but one.
fn with_an_end_on_the_thread(tier: &Tier, end: impl FnOnce() + 'static) {
    tier.stuck();
    tier.commit(1, kept(ending_with(end)), tier.begin(1));
    tier.put(2, b"beside it");
    tier.put(3, b"beside it");
}

#[test]
fn a_destructor_on_the_thread_may_release_the_last_handle() {
    let tier = Tier::new();
    let (store, weak): (_, Weak<Behind>) = (Arc::clone(&tier.store), Arc::downgrade(&tier.behind));
    let (given, handle) = mpsc::channel();
    with_an_end_on_the_thread(&tier, move || drop::<Arc<Behind>>(handle.recv().unwrap()));
    given.send(tier.behind).unwrap();
    store.shut(false);
    soon(|| Arc::strong_count(&store) == 2); // `tier` has the other
    assert_eq!((weak.strong_count(), store.lock().entries.len()), (0, 1), "the rest was given up");
}

#[test]
fn what_is_forgotten_while_it_is_sealed_is_not_written() {
    let tier = Tier::new();
    let fences = Arc::clone(&tier.fences);
    with_an_end_on_the_thread(&tier, move || fences.tags(&[tag(1)]));
    tier.store.shut(false);
    tier.flush();
    let there = [0, 1, 2, 3].map(|n| tier.store.payload(&key(n)).is_some());
    assert_eq!((there, tier.behind.stats().refused), ([true, false, true, true], 1));
}

#[test]
fn a_destructor_on_the_thread_waits_for_nothing() {
    let tier = Tier::new();
    let (told, answers) = mpsc::channel();
    let behind = Arc::downgrade(&tier.behind);
    with_an_end_on_the_thread(&tier, move || {
        let behind = behind.upgrade().unwrap();
        told.send((behind.flush(LONG), behind.stop(LONG))).unwrap();
    });
    tier.store.shut(false);
    assert_eq!(answers.recv_timeout(LONG / 2).unwrap(), (false, 3));
    soon(|| tier.behind.stats().pending_entries == 0);
    let expected = BehindStats { written: 1, dropped: 3, ..BehindStats::default() };
    assert_eq!(tier.behind.stats(), expected);
}

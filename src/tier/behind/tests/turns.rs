//! The order in which memory got it.

use super::*;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::hint::spin_loop;

impl Tier {
    fn commit_at(&self, n: u64, value: Value, turn: u64) {
        let (epoch, pass) = self.begin(n);
        self.commit(n, value, (epoch, pass.at_turn(turn)));
    }

    fn put_at(&self, n: u64, payload: &[u8], turn: u64) {
        self.commit_at(n, made(payload, &[], b"", 0), turn);
    }
}

#[test]
fn what_memory_got_last_is_written_in_whatever_order_it_comes() {
    let tier = Tier::new();
    for is_written_between in [true, false] {
        let n = u64::from(is_written_between);
        tier.put_at(n, b"second", 10 * n + 2);
        assert!(!is_written_between || tier.behind.flush(LONG));
        tier.put_at(n, b"first", 10 * n + 1);
        tier.flush();
        assert_eq!(tier.store.payload(&key(n)).unwrap(), b"second", "written between: {is_written_between}");
        tier.put_at(n, b"third", 10 * n + 3);
        tier.flush();
        assert_eq!(tier.store.payload(&key(n)).unwrap(), b"third");
    }
}

#[test]
fn nor_does_another_key_of_its_slot_make_it_forget() {
    let tier = Tier::new();
    let slot = |n| tier.begin(n).1.key_slot();
    let other = (1..).find(|&n| slot(n) == slot(0)).unwrap();
    tier.put_at(0, b"new", 10);
    tier.put_at(other, b"other", 11);
    tier.put_at(0, b"old", 3);
    tier.flush();
    assert_eq!(tier.store.payload(&key(0)).unwrap(), b"new");
    assert_eq!(tier.store.payload(&key(other)).unwrap(), b"other");
    tier.put_at(other, b"older", 9);
    tier.put_at(0, b"newest", 12);
    tier.flush();
    assert_eq!(tier.store.payload(&key(0)).unwrap(), b"newest");
    assert_eq!(tier.store.payload(&key(other)).unwrap(), b"other");
}

/// Keys of two slots, and of a caller who makes them alike.
fn keys(fences: &Fences) -> Vec<(Digest, Pass)> {
    let mut slots: HashMap<usize, Vec<(Digest, Pass)>> = HashMap::new();
    let mut keys = Vec::new();
    for n in 0u64.. {
        let mut key = Digest([7; 32]);
        key.0[24..].copy_from_slice(&n.to_le_bytes());
        let pass = fences.pass(&key, 0, Epochs::default());
        let slot = slots.entry(pass.key_slot()).or_default();
        slot.push((key, pass));
        if slot.len() == 4 {
            keys.append(slot);
            if keys.len() == 8 {
                break;
            }
        }
    }
    keys
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// Beside a plain list of what was taken: nothing is taken after something later of its key, and nothing is refused
    /// for the sake of a single other key.
    #[test]
    fn they_do_what_a_plain_list_does(
        mut order in Just((1..=40u64).collect::<Vec<_>>()).prop_shuffle(), whose in prop::collection::vec(0..8usize, 40),
        reach in 1..40usize,
    ) {
        let fences = Fences::new().unwrap();
        let (keys, mut turns) = (keys(&fences), Turns::new().unwrap());
        // Somewhat late, each, rather than anywhere.
        order.chunks_mut(reach).for_each(<[u64]>::sort_unstable);
        let mut taken: Vec<(usize, u64)> = Vec::new();
        for (turn, at) in order.into_iter().zip(whose) {
            let (key, pass) = keys[at];
            prop_assert!(turns.take(&key, &pass), "what is not put has no turn");
            let later = taken.iter().filter(|(_, its)| *its > turn);
            let is_overtaken = later.clone().any(|(its, _)| *its == at);
            let shares = |its: usize| its != at && keys[its].1.key_slot() == pass.key_slot();
            let others = later.map(|(its, _)| *its).filter(|&its| shares(its));
            let others: HashSet<_> = others.collect();
            let is_taken = turns.take(&key, &pass.at_turn(turn));
            prop_assert!(!(is_taken && is_overtaken), "{turn} of {at} after {taken:?}");
            prop_assert!(is_taken || is_overtaken || others.len() > 1, "{turn} of {at} after {taken:?}");
            if is_taken {
                taken.push((at, turn));
            }
        }
    }
}

/// The first of two puts can't leave memory, and forgets what was queued before it; the second one, at the same moment,
/// was not.
#[test]
fn what_the_store_does_not_take_forgets_nothing_later() {
    const ROUNDS: u64 = 20_000;
    let tier = Tier::with(Limits { queue: Most { entries: 1 << 20, bytes: u64::MAX }, ..LIMITS });
    tier.stuck();
    let device = kept(crate::value::tests::device());
    let value = made(b"later", &[], b"", 0);
    let arrived = AtomicU64::new(0);
    let rounds = |commit: &dyn Fn(u64)| {
        for n in 1..=ROUNDS {
            arrived.fetch_add(1, SeqCst);
            while arrived.load(SeqCst) < 2 * n {
                spin_loop();
            }
            commit(n);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| rounds(&|n| tier.commit_at(n, device.clone(), 2 * n)));
        rounds(&|n| tier.commit_at(n, value.clone(), 2 * n + 1));
    });
    let lost = (1..=ROUNDS).filter(|&n| tier.behind.queued(&key(n)).is_none()).count();
    assert_eq!((lost, tier.behind.stats().refused), (0, 0));
    tier.store.shut(false);
}

//! The queue beside a list that does the same in the simplest way.

use super::queue::*;
use crate::digest::Digest;
use crate::tier::envelope::tests::made;
use crate::tier::fences::{Epochs, Fences};
use proptest::prelude::*;

const MOST: Most = Most { entries: 4, bytes: 100 };
const BATCH: Most = Most { entries: 3, bytes: 60 };

#[derive(Clone, Debug)]
enum Step {
    Push { key: u8, bytes: u64 },
    Forget { key: u8 },
    ForgetTagged { tag: u64 },
    Clear,
    Take,
    Done,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0u8..6, 0u64..120).prop_map(|(key, bytes)| Step::Push { key, bytes }),
        2 => (0u8..6).prop_map(|key| Step::Forget { key }),
        1 => (0u64..3).prop_map(|tag| Step::ForgetTagged { tag }),
        1 => Just(Step::Clear),
        3 => Just(Step::Take),
        2 => Just(Step::Done),
    ];
    prop::collection::vec(step, 1..200)
}

/// A write as the list keeps it: its key, its bytes and which push it was. Its tag is the key's third part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain {
    key: u8,
    bytes: u64,
    push: u64,
}

fn write(fences: &Fences, Plain { key, push, .. }: Plain) -> Write {
    let (its_key, tag) = (Digest([key; 32]), u64::from(key % 3));
    let value = made(&push.to_le_bytes(), &[], b"", 0);
    let pass = fences.pass(&its_key, tag, Epochs::default());
    Write { key: its_key, value, tag, epoch: push, expires_ms: 0, pass, is_copy: false }
}

/// Which push of which key it was.
fn plain(write: &Write) -> (u8, u64) {
    assert_eq!(write.value.bytes(), write.epoch.to_le_bytes());
    (write.key.0[0], write.epoch)
}

fn is_plain(write: &Write, Plain { key, push, .. }: Plain) -> bool {
    plain(write) == (key, push)
}

#[derive(Default)]
struct Model {
    queued: Vec<Plain>,
    taken: Vec<Plain>,
}

impl Model {
    /// Whether it was queued, and what left.
    fn push(&mut self, new: Plain) -> (bool, Option<Plain>) {
        let at = self.queued.iter().position(|old| old.key == new.key);
        let others = || self.queued.iter().filter(|old| old.key != new.key);
        let kept = || others().chain(&self.taken);
        let fits = others().count() == 0
            || (kept().count() < MOST.entries && kept().map(|it| it.bytes).sum::<u64>() < MOST.bytes);
        match at {
            Some(at) if fits => (true, Some(std::mem::replace(&mut self.queued[at], new))),
            Some(at) => (false, Some(self.queued.remove(at))),
            None if fits => {
                self.queued.push(new);
                (true, None)
            }
            None => (false, None),
        }
    }

    fn forget(&mut self, is_it: impl Fn(&Plain) -> bool) -> Vec<Plain> {
        let (gone, left) = self.queued.iter().partition(|it| is_it(it));
        self.queued = left;
        gone
    }

    fn take(&mut self) {
        let mut n = 0;
        while n < self.queued.len()
            && (n == 0
                || (n < BATCH.entries && self.queued[..=n].iter().map(|it| it.bytes).sum::<u64>() <= BATCH.bytes))
        {
            n += 1;
        }
        self.taken = self.queued.drain(..n).collect();
    }

    fn pending(&self) -> (usize, u64) {
        let all = || self.queued.iter().chain(&self.taken);
        (all().count(), all().map(|it| it.bytes).sum())
    }
}

fn same_set(writes: &[Write], plains: &[Plain]) -> bool {
    writes.len() == plains.len() && plains.iter().all(|&it| writes.iter().any(|write| is_plain(write, it)))
}

proptest! {
    #[test]
    fn it_does_what_a_plain_list_does(steps in steps()) {
        let fences = Fences::new().unwrap();
        let (mut queue, mut model, mut push) = (Queue::new(MOST), Model::default(), 0);
        for step in steps {
            match step {
                Step::Push { key, bytes } => {
                    push += 1;
                    let new = Plain { key, bytes, push };
                    match (queue.push(write(&fences, new), bytes), model.push(new)) {
                        (Pushed::Queued, (true, None)) => {}
                        (Pushed::Superseding(old), (true, Some(its))) => prop_assert!(is_plain(&old, its)),
                        (Pushed::Full(it, None), (false, None)) => prop_assert!(is_plain(&it, new)),
                        (Pushed::Full(it, Some(old)), (false, Some(its))) => {
                            prop_assert!(is_plain(&it, new) && is_plain(&old, its));
                        }
                        other => prop_assert!(false, "{other:?}"),
                    }
                }
                Step::Forget { key } => {
                    let gone: Vec<_> = queue.forget(&Digest([key; 32])).into_iter().collect();
                    prop_assert!(same_set(&gone, &model.forget(|it| it.key == key)));
                }
                Step::ForgetTagged { tag } => {
                    let gone = queue.forget_tagged(&[tag, 9]);
                    prop_assert!(same_set(&gone, &model.forget(|it| u64::from(it.key % 3) == tag)));
                }
                Step::Clear => {
                    let gone: Vec<_> = queue.clear().collect();
                    prop_assert!(same_set(&gone, &model.forget(|_| true)));
                }
                Step::Take => {
                    let mut batch = Vec::new();
                    queue.take(BATCH, &mut batch);
                    model.take();
                    let batch: Vec<_> = batch.iter().map(plain).collect();
                    prop_assert_eq!(batch, model.taken.iter().map(|it| (it.key, it.push)).collect::<Vec<_>>());
                }
                Step::Done => {
                    queue.done();
                    model.taken.clear();
                }
            }
            prop_assert_eq!(queue.pending(), model.pending());
            prop_assert_eq!(queue.taken(), model.taken.len());
            prop_assert_eq!(queue.done_up_to() == queue.next(), model.pending().0 == 0);
        }
    }
}

#[test]
fn what_is_put_and_forgotten_over_and_over_takes_no_room() {
    let fences = Fences::new().unwrap();
    let mut queue = Queue::new(Most { entries: 10, bytes: 1000 });
    let put = |queue: &mut Queue, key, push| queue.push(write(&fences, Plain { key, bytes: 1, push }), 1);
    put(&mut queue, 1, 0);
    for push in 1..10_000 {
        assert!(matches!(put(&mut queue, 2, push), Pushed::Queued));
        queue.forget(&Digest([2; 32])).unwrap();
        assert!(queue.order_len() < 100);
    }
    assert_eq!((queue.pending(), queue.done_up_to()), ((1, 1), 0));
}

#[test]
fn what_is_larger_than_the_limit_waits_beside_others() {
    let fences = Fences::new().unwrap();
    let mut queue = Queue::new(MOST);
    let put = |queue: &mut Queue, key, bytes| queue.push(write(&fences, Plain { key, bytes, push: 0 }), bytes);
    assert!(matches!(put(&mut queue, 1, 10), Pushed::Queued));
    assert!(matches!(put(&mut queue, 2, 5000), Pushed::Queued));
    assert!(!queue.has_room());
    assert!(matches!(put(&mut queue, 3, 1), Pushed::Full(_, None)), "and nothing beside both");
    queue.limit(10_000);
    assert!(queue.has_room());
    assert!(matches!(put(&mut queue, 3, 1), Pushed::Queued));
}

//! A store against a map: whatever is done in whatever order, a lookup finds what the map has.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    /// A computation that began so many epochs ago ends now.
    Put {
        n: u64,
        len: usize,
        tag: u64,
        late: usize,
    },
    Remove(u64),
    Tags(Vec<u64>),
    Everything,
    Tidy,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let len = prop_oneof![3 => 8..200usize, 1 => 4000..40_000usize];
    let put = (0..24u64, len, 0..4u64, 0..4usize).prop_map(|(n, len, tag, late)| Step::Put { n, len, tag, late });
    let step = prop_oneof![
        12 => put,
        2 => (0..24u64).prop_map(Step::Remove),
        1 => proptest::collection::vec(0..4u64, 0..3).prop_map(Step::Tags),
        1 => Just(Step::Everything),
        1 => Just(Step::Tidy),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What the store promises, in a map: for each key the envelope and tag of its last put, and when what was removed.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, (usize, u64)>,
    epoch: usize,
    keys: BTreeMap<u64, usize>,
    tags: BTreeMap<u64, usize>,
    everything: usize,
}

impl Model {
    fn put(&mut self, n: u64, len: usize, tag: u64, began: usize) -> bool {
        let since = |map: &BTreeMap<u64, usize>, at: &u64| map.get(at).copied().unwrap_or(0);
        let stored = began >= self.everything && began >= since(&self.tags, &tag) && began >= since(&self.keys, &n);
        if stored {
            self.entries.insert(n, (len, tag));
        }
        stored
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_a_map_that_forgets_when_told(steps in steps()) {
        let scratch = Scratch::new("model");
        let mut disk = scratch.open();
        let mut model = Model::default();
        // What `epoch` answered after each removal and purge.
        let mut epochs = vec![disk.epoch()];
        for step in steps {
            match step {
                Step::Put { n, len, tag, late } => {
                    let began = model.epoch.saturating_sub(late);
                    let entry = Sealed { tag, epoch: epochs[began], ..sealed(&disk, n, len) };
                    prop_assert_eq!(disk.put_many(&[entry]).unwrap().taken == 1, model.put(n, len, tag, began));
                }
                Step::Remove(n) => {
                    disk.remove(&key(n), soon()).unwrap();
                    model.epoch += 1;
                    model.keys.insert(n, model.epoch);
                    model.entries.remove(&n);
                }
                Step::Tags(tags) => {
                    disk.purge(Purged::Tags(&tags), soon()).unwrap();
                    model.epoch += 1;
                    model.tags.extend(tags.iter().map(|tag| (*tag, model.epoch)));
                    model.entries.retain(|_, (_, tag)| !tags.contains(tag));
                }
                Step::Everything => {
                    disk.purge(Purged::Everything, soon()).unwrap();
                    model.epoch += 1;
                    model.everything = model.epoch;
                    model.entries.clear();
                }
                Step::Tidy => while disk.tidy().unwrap() {},
                Step::Reopen => {
                    drop(disk);
                    disk = scratch.open();
                }
            }
            if epochs.len() <= model.epoch {
                prop_assert!(disk.epoch() > epochs[epochs.len() - 1]);
                epochs.push(disk.epoch());
            }
            prop_assert_eq!(disk.epoch(), epochs[model.epoch]);
            let keys: Vec<Digest> = (0..24).map(key).collect();
            let mut found = BTreeMap::new();
            disk.get_many(&keys, soon(), &mut |at, bytes| {
                found.insert(at as u64, bytes.to_vec());
            }).unwrap();
            let expected: BTreeMap<u64, Vec<u8>> =
                model.entries.iter().map(|(n, (len, _))| (*n, envelope(*n, *len))).collect();
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(disk.stats().faults, 0);
    }
}

#[test]
fn an_epoch_of_another_store_is_worth_nothing() {
    let (one, other) = (Scratch::new("one"), Scratch::new("other"));
    let (one, other) = (one.open(), other.open());
    let entry = sealed(&one, 1, 50);
    assert_eq!(other.put_many(std::slice::from_ref(&entry)).unwrap().taken, 0);
    assert_eq!(one.put_many(&[entry]).unwrap().taken, 1);
}

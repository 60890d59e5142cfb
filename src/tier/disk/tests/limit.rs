//! The limit, measured in the files' lengths after each call.

use super::*;
use crate::tier::disk::layout::{Layout, MIN_BYTES, PAGE};

/// Numbers without order, the same ones every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn files(disk: &Disk) -> u64 {
    disk.inner().place.bytes()
}

#[test]
fn files_never_exceed_the_limit_whatever_is_written() {
    for (max_bytes, rounds) in [(MIN_BYTES, 224), (24 << 20, 112)] {
        let scratch = Scratch::new("hard");
        let disk = scratch.open_with(Some(max_bytes));
        let layout = Layout::new(max_bytes, PAGE);
        let longest = layout.longest();
        let mut numbers = Numbers(7);
        let (mut written, mut most) = (0, 0);
        for round in 0..rounds {
            // Rounds of one size, which make the most of a page or the least of it, and mixed ones.
            let len = |numbers: &mut Numbers| match round / 8 % 7 {
                0 => 40,
                1 => 900,
                2 => 4200,
                3 => 8150,
                4 => 16 << 10,
                5 => longest - numbers.next(3),
                _ => 1 << numbers.next(17),
            };
            let batch: Vec<Sealed> = (0..if round / 8 % 7 == 5 { 2 } else { 1 + numbers.next(200) })
                .map(|_| sealed(&disk, numbers.next(4000), len(&mut numbers) as usize))
                .collect();
            let stored = disk.put_many(&batch).unwrap().taken;
            assert_eq!(stored, batch.len(), "round {round}: {:?}", disk.stats());
            written += batch.iter().map(|entry| entry.bytes.len() as u64).sum::<u64>();
            most = files(&disk).max(most);
            assert!(most <= max_bytes, "{most} of {max_bytes} in round {round}");
            assert!(disk.inner().place.log_len() <= layout.log_bytes(), "the log keeps to its share in round {round}");
            let _ = get(&disk, numbers.next(4000));
        }
        let stats = disk.stats();
        assert!(written > 2 * max_bytes && stats.evictions > 100 && stats.faults == 0, "{stats:?}");
        assert!(most > max_bytes / 2, "it makes use of its room: {most}");
        let last = sealed(&disk, 1, longest as usize + 1);
        assert_eq!(disk.put_many(&[last]).unwrap().taken, 0, "too long for any transaction");
        assert_eq!(disk.stats().too_large, 1, "and counted");
    }
}

#[test]
fn the_limit_is_the_stores_and_lowering_it_gives_bytes_back() {
    let scratch = Scratch::new("lower");
    let disk = scratch.open_with(Some(48 << 20));
    let batch: Vec<Sealed> = (0..3000).map(|n| sealed(&disk, n, 12_000)).collect();
    assert_eq!(disk.put_many(&batch).unwrap().taken, 3000);
    let before = files(&disk);
    drop(disk);
    assert_eq!(scratch.open().stats().max_bytes, Some(48 << 20), "it is kept");
    // A process that has the store open learns of the new limit with its next transaction.
    let other = scratch.open();
    let disk = scratch.open_with(Some(8 << 20));
    assert_eq!(put(&other, 5000, 12_000), 1);
    while other.tidy().unwrap() {}
    assert!(before > 30 << 20 && files(&disk) <= 8 << 20, "{before} {}", files(&disk));
    assert!(disk.stats().entries.unwrap() > 200, "what fits is kept: {:?}", disk.stats());
    assert_eq!(get(&disk, 5000), Some(envelope(5000, 12_000)));
    assert_eq!(other.stats().faults, 0);
    assert!(Disk::open(&config(&scratch.0, Some(MIN_BYTES - 1))).unwrap_err().message().contains("at least"));
}

#[test]
fn a_limit_that_another_process_raised_is_soon_known() {
    let scratch = Scratch::new("raised");
    let directory = scratch.0.to_str().unwrap();
    let options = crate::Options {
        disk_directory: Some(directory.into()),
        disk_max_bytes: Some(MIN_BYTES),
        ..crate::Options::default()
    };
    let cache = crate::Cache::open(&options).unwrap();
    let is_written = |n, len| {
        cache.put(&key(n), &envelope(n, len), &crate::PutOptions::default()).unwrap();
        assert!(cache.flush(Duration::from_secs(10)).unwrap());
        cache.purge().unwrap();
        cache.get(&key(n), crate::Flags::default()).unwrap().is_some()
    };
    assert!(is_written(0, 100) && !is_written(1, 1 << 20));
    drop(scratch.open_with(Some(64 << 20)));
    // Nothing that this cache writes tells it.
    let until = Instant::now() + Duration::from_secs(10);
    while !is_written(2, 1 << 20) {
        assert!(Instant::now() < until, "it is still taken for too long");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(cache.tier_stats(crate::Tier::Disk).unwrap().too_large() > 0, "what was not written was counted");
}

#[test]
fn a_purge_gives_its_place_back_in_bounded_steps() {
    let scratch = Scratch::new("given-back");
    let disk = scratch.open_with(Some(64 << 20));
    let batch: Vec<Sealed> = (0..20_000).map(|n| sealed(&disk, n, 1000)).collect();
    assert_eq!(disk.put_many(&batch).unwrap().taken, 20_000);
    disk.purge(Purged::Everything, soon()).unwrap();
    assert!(disk.tidy().unwrap(), "one step is not all");
    while disk.tidy().unwrap() {}
    let writer = disk.inner().writer(soon()).unwrap();
    let work = disk.inner().begin(&writer, Layout::budget, false, soon()).unwrap().unwrap();
    assert_eq!((work.state.dead, work.state.entries), (0, 0));
}

#[test]
fn a_reader_that_stays_makes_the_writer_refuse_and_not_exceed() {
    let scratch = Scratch::new("stuck");
    let disk = scratch.open_with(Some(8 << 20));
    put(&disk, 1, 100);
    let reader = open::reader(&disk.inner().place).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    let mut refused = 0;
    for n in 0..200 {
        let batch: Vec<Sealed> = (0..20).map(|i| sealed(&disk, n * 20 + i, 4000)).collect();
        refused += batch.len() - disk.put_many(&batch).unwrap().taken;
        assert!(files(&disk) <= 8 << 20);
        if refused > 0 {
            break;
        }
    }
    let stats = disk.stats();
    assert!(refused > 0 && stats.faults > 0 && stats.last_fault.as_ref().unwrap().contains("reading"), "{stats:?}");
    disk.remove(&key(1), soon()).unwrap();
    disk.purge(Purged::Everything, soon()).unwrap();
    assert!(get(&disk, 1).is_none() && files(&disk) <= 8 << 20, "what is to be forgotten has room of its own");
    drop(reader);
    assert_eq!(put(&disk, 1, 100), 1);
    assert_eq!(get(&disk, 1), Some(envelope(1, 100)));
}

/// Hit ratio of lookups that put what they miss.
fn ratio(found: impl Fn(u64) -> bool, store: impl Fn(u64)) -> f64 {
    let (mut numbers, mut hits) = (Numbers(3), 0);
    let rounds = 12_000;
    for _ in 0..rounds {
        // About 1 in x: the product of two uniform numbers.
        let n = numbers.next(2000) * numbers.next(2000) / 2000;
        if found(n) { hits += 1 } else { store(n) }
    }
    f64::from(hits) / f64::from(rounds)
}

#[test]
fn a_second_chance_finds_more_than_first_in_first_out() {
    let scratch = Scratch::new("order");
    let disk = scratch.open_with(Some(MIN_BYTES));
    let found = ratio(|n| get(&disk, n).is_some(), |n| assert_eq!(put(&disk, n, 8000), 1));
    let room = disk.stats().entries.unwrap() as usize;
    // As many entries, first in first out.
    let queue = std::cell::RefCell::new(std::collections::VecDeque::new());
    let plain = ratio(
        |n| queue.borrow().contains(&n),
        |n| {
            let mut queue = queue.borrow_mut();
            if queue.len() == room {
                queue.pop_front();
            }
            queue.push_back(n);
        },
    );
    assert!(found > plain + 0.02, "{found} with a second chance, {plain} without, {room} entries");
}

//! Bits that flip anywhere in the files, and files cut short: each is read by a process of its own, which may find
//! nothing, or wrong bytes (the envelope's reader catches them), but may not die.

use super::processes::{KEYS, command, len_of, survey};
use super::*;
use std::fs;
use std::os::unix::process::ExitStatusExt;

/// A store with an unfinished log: its files, as copied while it was open.
fn files(scratch: &Scratch) -> [(&'static str, Vec<u8>); 2] {
    let disk = scratch.open();
    let batch = |from: u64, till: u64| (from..till).map(|n| sealed(&disk, n, len_of(n))).collect::<Vec<_>>();
    disk.put_many(&batch(0, KEYS / 2)).unwrap();
    while disk.tidy().unwrap() {}
    disk.put_many(&batch(KEYS / 2, KEYS)).unwrap();
    disk.remove(&key(5), soon()).unwrap();
    assert_eq!(survey(&disk), (KEYS as usize - 1, 0));
    ["streamcache.db", "streamcache.db-wal"].map(|name| (name, fs::read(scratch.0.join(name)).unwrap()))
}

#[derive(Debug, Default)]
struct Outcome {
    refused: usize,
    found: usize,
    wrong: usize,
    faults: usize,
}

/// Has damaged files read by another process.
fn read(directory: &Path, files: &[(&str, Vec<u8>)], outcome: &mut Outcome) {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir(directory).unwrap();
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes).unwrap();
    }
    let output = command("damaged", directory).output().unwrap();
    assert_eq!(output.status.signal(), None, "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    match said.lines().find_map(|line| line.strip_prefix("survey ")) {
        Some(survey) => {
            let numbers: Vec<usize> = survey.split(' ').filter_map(|word| word.parse().ok()).collect();
            outcome.found += numbers[0];
            outcome.wrong += numbers[1];
            outcome.faults += numbers[3];
        }
        None => {
            assert!(said.contains("refused"), "{said}");
            outcome.refused += 1;
        }
    }
}

/// So many flips, ten at a time.
fn flip(flips: usize) {
    let scratch = Scratch::new("flips");
    let damaged = Scratch::new("flipped");
    let whole = files(&scratch);
    let total = whole[0].1.len() + whole[1].1.len();
    let (mut outcome, mut word) = (Outcome::default(), 42u64);
    for _ in 0..flips / 10 {
        let mut files = whole.clone();
        for flip in 0..10 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Every fifth in the first pages, of which there are few and on which all depends.
            let at = (word >> 20) as usize % if flip % 5 == 0 { 8 * 8192 } else { total };
            let (file, at) = if at < files[0].1.len() { (0, at) } else { (1, at - files[0].1.len()) };
            files[file].1[at] ^= 1 << (word >> 61);
        }
        read(&damaged.0, &files, &mut outcome);
    }
    println!("{flips} flips: {outcome:?}");
    assert!(outcome.found > flips && outcome.faults + outcome.refused > 0, "{outcome:?}");
}

#[test]
fn no_flip_of_500_kills_a_process() {
    flip(500);
}

#[test]
#[ignore = "a minute or two: for --full"]
fn no_flip_of_10000_kills_a_process() {
    flip(10_000);
}

#[test]
fn no_truncation_kills_a_process() {
    let scratch = Scratch::new("whole");
    let damaged = Scratch::new("cut");
    let whole = files(&scratch);
    let mut outcome = Outcome::default();
    for file in 0..2 {
        for part in [0, 1, 16, 100, 500, 900, 999] {
            let mut files = whole.clone();
            let len = files[file].1.len() * part / 1000;
            files[file].1.truncate(len);
            read(&damaged.0, &files, &mut outcome);
        }
    }
    println!("{outcome:?}");
    assert!(outcome.found > 0, "{outcome:?}");
}

#[test]
fn a_store_that_is_found_damaged_rests_and_says_why() {
    let scratch = Scratch::new("rests");
    let disk = scratch.open();
    let batch: Vec<Sealed> = (0..KEYS).map(|n| sealed(&disk, n, len_of(n))).collect();
    disk.put_many(&batch).unwrap();
    while disk.tidy().unwrap() {}
    // Everything but the first pages, under the open connections.
    let whole = fs::read(scratch.0.join("streamcache.db")).unwrap();
    let file = fs::OpenOptions::new().write(true).open(scratch.0.join("streamcache.db")).unwrap();
    let len = file.metadata().unwrap().len() as usize;
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xA5; len - 8 * 8192], 8 * 8192).unwrap();
    for n in 0..KEYS {
        let mut wrong = false;
        let _ = disk.get_many(&[key(n)], soon(), &mut |_, bytes| wrong = bytes != envelope(n, len_of(n)));
        if disk.stats().resting.is_some() {
            break;
        }
    }
    let stats = disk.stats();
    assert!(stats.faults >= 8 && stats.resting.as_ref().is_some_and(|why| why.contains("delete")), "{stats:?}");
    assert_eq!(get(&disk, 1), None, "a miss, without a look at the file");
    assert_eq!(disk.stats().faults, stats.faults);
    assert!(disk.put_many(&batch[..1]).unwrap_err().message().contains("rests"));
    assert!(scratch.0.join("streamcache.db").exists(), "nobody deletes it but its owner");
    // Looked at again, it is as it should be.
    std::os::unix::fs::FileExt::write_all_at(&file, &whole, 0).unwrap();
    disk.inner().faults.let_rest();
    assert_eq!(disk.put_many(&batch[..1]).unwrap(), 1);
    assert_eq!((survey(&disk), disk.stats().resting), ((KEYS as usize, 0), None));
}

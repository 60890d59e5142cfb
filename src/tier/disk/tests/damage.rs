//! Bits that flip anywhere in the files, and files cut short, read by other processes: these may find nothing, but no wrong
//! answer, and may not die.

use super::processes::{KEYS, command, len_of, survey};
use super::*;
use crate::process::wall_ms;
use crate::tier::envelope::Seal;
use crate::tier::envelope::tests::made;
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

/// Results as a cache seals them, of which a store has so many: the smaller it is, the more of it a flip hits.
const SEALED: u64 = 200;

fn closed(disk: &Disk, seal: &Seal, n: u64) -> Sealed {
    let value = made(&envelope(n, len_of(n)), &[], &[], 0);
    Sealed { bytes: seal.close(&key(n), n % 7, &value, wall_ms(), 0).unwrap(), ..sealed(disk, n, 8) }
}

/// Its files, copied while it was open: the log unfinished, and the log's index.
fn sealed_files(scratch: &Scratch) -> [(&'static str, Vec<u8>); 3] {
    let (disk, seal) = (scratch.open(), Seal::new(None));
    let batch = |from: u64, till: u64| (from..till).map(|n| closed(&disk, &seal, n)).collect::<Vec<_>>();
    disk.put_many(&batch(0, SEALED / 2)).unwrap();
    while disk.tidy().unwrap() {}
    disk.put_many(&batch(SEALED / 2, SEALED)).unwrap();
    let mut outcome = [0; 5];
    count(&disk, &seal, &mut outcome);
    assert_eq!(outcome, [SEALED, 0, 0, 0, 0]);
    FILES.map(|name| (name, fs::read(scratch.0.join(name)).unwrap()))
}

const FILES: [&str; 3] = ["streamcache.db", "streamcache.db-wal", "streamcache.db-shm"];

/// Right answers, wrong ones, and what the seal refused, of all keys.
fn count(disk: &Disk, seal: &Seal, outcome: &mut [u64; 5]) {
    let keys: Vec<Digest> = (0..SEALED).map(key).collect();
    let [right, wrong, refused, ..] = outcome;
    let _ = disk.get_many(&keys, soon(), &mut |at, bytes| match seal.open(bytes, &keys[at], wall_ms()) {
        Ok(opened) if opened.payload() == envelope(at as u64, len_of(at as u64)) => *right += 1,
        Ok(_) => *wrong += 1,
        Err(_) => *refused += 1,
    });
}

/// What a child does that is told a seed and how many copies of the files to damage and read: nine in ten by one flip, the
/// tenth by ten of them.
pub(super) fn flips(directory: &Path, told: &str) {
    let (seed, copies) = told.split_once(' ').unwrap();
    let (mut word, copies): (u64, u64) = (seed.parse().unwrap(), copies.parse().unwrap());
    let whole = FILES.map(|name| fs::read(directory.join(name)).unwrap());
    let total: usize = whole.iter().map(Vec::len).sum();
    let copy = directory.join(seed);
    let seal = Seal::new(None);
    let (mut outcome, mut flips) = ([0; 5], 0);
    for n in 0..copies {
        let mut files = whole.clone();
        for flip in 0..if n % 10 == 9 { 10 } else { 1 } {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Every fifth in the first pages, of which there are few and on which all depends.
            let among = if (n + flip) % 5 == 0 { 8 * 8192 } else { total };
            let (mut file, mut at) = (0, (word >> 20) as usize % among);
            while at >= files[file].len() {
                at -= files[file].len();
                file += 1;
            }
            files[file][at] ^= 1 << (word >> 61);
            flips += 1;
        }
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).unwrap();
        for (name, bytes) in FILES.iter().zip(files) {
            fs::write(copy.join(name), bytes).unwrap();
        }
        let [.., opened, faults] = &mut outcome;
        let Ok(disk) = Disk::open(&config(&copy, None)) else { continue };
        *opened += 1;
        let before = *faults;
        count(&disk, &seal, &mut outcome);
        let batch: Vec<Sealed> = (0..SEALED).step_by(7).map(|n| closed(&disk, &seal, n)).collect();
        let _ = (disk.put_many(&batch), disk.remove(&key(3), soon()), disk.purge(Purged::Tags(&[1]), soon()));
        let _ = disk.tidy();
        count(&disk, &seal, &mut outcome);
        outcome[4] = before + disk.stats().faults;
    }
    let _ = fs::remove_dir_all(&copy);
    println!("\nflipped {flips} {}", outcome.map(|number| number.to_string()).join(" "));
}

/// So many damaged copies of the files, read by children, a hundred by each.
fn damage(copies: u64) {
    let scratch = Scratch::new("flips");
    let read = Scratch::in_memory("flipped");
    fs::create_dir_all(&read.0).unwrap();
    for (name, bytes) in sealed_files(&scratch) {
        fs::write(read.0.join(name), bytes).unwrap();
    }
    let mut all = [0u64; 6];
    for child in 0..copies / 100 {
        let output = command(&format!("flips {} 100", child + 1), &read.0).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let told = said.lines().find_map(|line| line.strip_prefix("flipped "));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.signal().is_none() && told.is_some(),
            "child {child}: {:?}, {said}{error}",
            output.status
        );
        for (sum, number) in all.iter_mut().zip(told.unwrap().split(' ')) {
            *sum += number.parse::<u64>().unwrap();
        }
    }
    let [flips, right, wrong, refused, opened, faults] = all;
    println!(
        "{flips} flips in {copies} copies: {right} right answers, {wrong} wrong, {refused} refused by their seal; {} stores refused, {faults} faults, 0 processes died",
        copies - opened
    );
    assert_eq!(wrong, 0);
    assert!(right > copies * SEALED && refused > 0 && faults > 0 && opened > copies / 2);
}

#[test]
fn no_flip_of_500_makes_a_wrong_answer_or_kills_a_process() {
    damage(500);
}

#[test]
#[ignore = "minutes: for --full"]
fn no_flip_of_10000_makes_a_wrong_answer_or_kills_a_process() {
    damage(10_000);
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
    assert_eq!(disk.put_many(&batch[..1]).unwrap().taken, 1);
    assert_eq!((survey(&disk), disk.stats().resting), ((KEYS as usize, 0), None));
}

//! Several processes over one store. The others are this program again, told what to do by a variable.

use super::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

const VARIABLE: &str = "STREAMCACHE_TEST_CHILD";
pub(super) const KEYS: u64 = 600;

/// Another process with its store open. Killed when it is dropped.
pub(super) struct Other(Child);

pub(super) fn command(what: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tier::disk::tests::processes::another_process", "--ignored", "--nocapture"])
        .env(VARIABLE, format!("{what} {}", directory.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

impl Other {
    /// Starts it and waits until it says that it is ready.
    pub(super) fn start(what: &str, directory: &Path) -> Self {
        let mut other = Self(command(what, directory).spawn().unwrap());
        other.wait_for("ready");
        other
    }

    pub(super) fn wait_for(&mut self, word: &str) {
        let (mut line, mut said) = (String::new(), String::new());
        // A byte at a time: what a buffer read ahead would be lost.
        let mut byte = [0];
        while self.0.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 1 {
            if byte[0] != b'\n' {
                line.push(byte[0] as char);
            } else if line.trim_end().ends_with(word) {
                return;
            } else {
                said += &std::mem::take(&mut line);
            }
        }
        panic!("the other process ended without saying {word}: {said}");
    }

    /// Tells it to go on, and waits until it has.
    pub(super) fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.wait_for("done");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A length for a key's envelope, small and large ones.
pub(super) fn len_of(n: u64) -> usize {
    if n % 10 == 0 { 30_000 } else { 100 + (n % 13) as usize * 300 }
}

/// How many of all keys are found, and how many of these are wrong.
pub(super) fn survey(disk: &Disk) -> (usize, usize) {
    let keys: Vec<Digest> = (0..KEYS).map(key).collect();
    let (mut found, mut wrong) = (0, 0);
    let _ = disk.get_many(&keys, soon(), &mut |at, bytes| {
        found += 1;
        wrong += usize::from(bytes != envelope(at as u64, len_of(at as u64)));
    });
    (found, wrong)
}

#[test]
#[ignore = "what the other processes of these tests run"]
fn another_process() {
    let Ok(told) = std::env::var(VARIABLE) else { return };
    let (what, directory) = told.rsplit_once(' ').unwrap();
    let mut lines = BufReader::new(std::io::stdin()).lines();
    let mut step = |said: &str| {
        println!("\n{said}");
        let _ = lines.next();
    };
    if what == "race" {
        step("ready");
    }
    if let Some(told) = what.strip_prefix("flips ") {
        return damage::flips(Path::new(directory), told);
    }
    let disk = match Disk::open(&config(Path::new(directory), None)) {
        Ok(disk) => disk,
        Err(error) => return println!("\nrefused: {error}"),
    };
    match what {
        "purge" => {
            step("ready");
            disk.purge(Purged::Everything, soon()).unwrap();
            step("done");
            disk.purge(Purged::Tags(&[3]), soon()).unwrap();
            step("done");
            disk.remove(&key(8), soon()).unwrap();
            step("done");
        }
        "late" => {
            // Computations that begin now and end when all has been forgotten.
            let early: Vec<Sealed> = (0..14).map(|n| sealed(&disk, n, 50)).collect();
            step("ready");
            println!("\nstored {}", disk.put_many(&early).unwrap().taken);
            step("done");
        }
        "write" => {
            println!("\nready");
            let mut n = u64::from(std::process::id());
            loop {
                let batch: Vec<Sealed> = (0..40)
                    .map(|_| {
                        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        let n = (n >> 33) % KEYS;
                        sealed(&disk, n, len_of(n))
                    })
                    .collect();
                let _ = disk.put_many(&batch);
            }
        }
        churn if churn.starts_with("churn") => {
            println!("\nready");
            let seed: u64 = churn.rsplit(' ').next().unwrap().parse().unwrap();
            let mut word = seed;
            for n in 0.. {
                // Of its own: nobody puts it again.
                let mine = 1_000_000 * seed + n;
                put(&disk, mine, 3000);
                if disk.remove(&key(mine), soon()).is_ok() {
                    println!("gone {mine}");
                }
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let batch: Vec<Sealed> =
                    (0..20).map(|i| sealed(&disk, 10_000 + (word >> 40) % 3000 + i, 9000)).collect();
                let _ = disk.put_many(&batch);
                let _ = match word >> 56 {
                    0 => disk.purge(Purged::Everything, soon()),
                    1..24 => disk.purge(Purged::Tags(&[word >> 33 & 7]), soon()),
                    24..100 => disk.tidy().map(drop),
                    _ => disk.remove(&key((word >> 33) % KEYS), soon()),
                };
            }
        }
        "race" => step("opened"),
        "hold" => {
            // As a process does that is stopped in a transaction.
            let writer = disk.inner().writer(soon()).unwrap();
            let work = disk.inner().begin(&writer, |_| 1, false, soon()).unwrap();
            step("ready");
            drop(work);
            drop(writer);
            step("done");
        }
        "clock" => others::clock(Path::new(directory), disk),
        "damaged" => {
            let (found, wrong) = survey(&disk);
            let batch: Vec<Sealed> = (0..KEYS).step_by(7).map(|n| sealed(&disk, n, len_of(n))).collect();
            let stored = disk.put_many(&batch);
            let _ = (disk.remove(&key(3), soon()), disk.purge(Purged::Tags(&[1]), soon()), disk.tidy());
            let (again, wrong_again) = survey(&disk);
            println!("\nsurvey {found} {} {again} {} {}", wrong + wrong_again, stored.is_ok(), disk.stats().faults);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn what_one_process_forgets_no_other_finds() {
    let scratch = Scratch::new("forgets");
    let disk = scratch.open();
    let early: Vec<Sealed> = (0..14).map(|n| sealed(&disk, n, 50)).collect();
    assert_eq!(disk.put_many(&early).unwrap().taken, 14);
    let mut other = Other::start("purge", &scratch.0);
    let before = disk.epoch();
    other.go_on();
    assert_eq!(get(&disk, 1), None, "everything was purged");
    assert!(disk.epoch() > before, "a lookup learns of it");
    assert_eq!(disk.put_many(&early).unwrap().taken, 0);

    let early: Vec<Sealed> = (0..14).map(|n| sealed(&disk, n, 50)).collect();
    assert_eq!(disk.put_many(&early).unwrap().taken, 14);
    other.go_on();
    assert!((0..14).all(|n| get(&disk, n).is_some() == (n % 7 != 3)), "a tag was purged");
    assert_eq!(disk.put_many(&early).unwrap().taken, 12);

    other.go_on();
    assert!((0..14).all(|n| get(&disk, n).is_some() == (n % 7 != 3 && n != 8)), "a key was removed");
    assert_eq!(disk.put_many(&early).unwrap().taken, 11);
}

#[test]
fn what_another_process_was_computing_stays_away() {
    let scratch = Scratch::new("late");
    let disk = scratch.open();
    let mut other = Other::start("late", &scratch.0);
    disk.purge(Purged::Tags(&[2, 5]), soon()).unwrap();
    disk.remove(&key(7), soon()).unwrap();
    other.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    other.wait_for("stored 9");
    other.wait_for("done");
    assert!((0..14).all(|n| get(&disk, n).is_some() == (![2, 5].contains(&(n % 7)) && n != 7)));
}

/// Kills four processes at once, that write, remove, purge, tidy and evict, at any moment, so many times.
fn kill(name: &str, rounds: u64) {
    let scratch = Scratch::new(name);
    let (mut all, mut slowest, mut removals) = (0, Duration::ZERO, 0);
    for round in 0..rounds {
        // Below what they write, so that they evict, and give pages back each second time.
        let limit = [12 << 20, 5 << 20][round as usize % 2];
        drop(scratch.open_with(Some(limit)));
        let kinds = ["write", "churn 1", "churn 2", "write"];
        let writers: Vec<Other> = kinds.iter().map(|what| Other::start(what, &scratch.0)).collect();
        std::thread::sleep(Duration::from_millis(120 + 67 * (round % 5)));
        let mut gone = vec![];
        for mut writer in writers {
            writer.0.kill().unwrap();
            let mut said = String::new();
            writer.0.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
            // The last line may be cut short.
            let lines = said.rsplit_once('\n').map_or("", |(lines, _)| lines).lines();
            gone.extend(lines.filter_map(|line| line.strip_prefix("gone ")?.parse::<u64>().ok()));
            std::thread::sleep(Duration::from_millis(3 * (round % 5)));
        }
        let start = Instant::now();
        let disk = scratch.open();
        slowest = start.elapsed().max(slowest);
        let (found, wrong) = survey(&disk);
        assert_eq!(wrong, 0, "round {round}, {found} found");
        let back = gone.iter().filter(|n| get(&disk, **n).is_some()).count();
        assert_eq!(back, 0, "round {round}: what was removed came back, of {}", gone.len());
        (all, removals) = (all + found, removals + gone.len());
        assert_eq!(put(&disk, 1, len_of(1)), 1);
        let writer = disk.inner().writer(soon()).unwrap();
        let check = disk.inner().begin(&writer, |_| 1, false, soon()).unwrap().unwrap();
        let number = |sql: &str| check.transaction.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
        let sound: String = check.transaction.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        let (state, purged) = (check.state, check.state.purged);
        assert_eq!(
            state.entries + state.dead,
            number("SELECT count(*) FROM data"),
            "the counts are right without a scan"
        );
        assert_eq!(state.entries + state.dead, number("SELECT count(*) FROM entry JOIN data USING(n)"));
        let bytes = number(&format!("SELECT coalesce(sum(length(envelope)), 0) FROM data WHERE epoch >= {purged}"));
        assert_eq!(state.bytes, bytes);
        drop(check);
        drop(writer);
        assert_eq!(disk.stats().faults, 0);
        while disk.tidy().unwrap() {}
        assert!(disk.inner().place.bytes() <= limit, "{} of {limit}", disk.inner().place.bytes());
    }
    println!(
        "{rounds} times 4 writers killed: {all} results found, 0 wrong; of {removals} said to be removed 0 came back; opened in {slowest:?} at most"
    );
    assert!(all > rounds as usize * 20 && removals > rounds as usize && slowest < Duration::from_secs(2));
}

#[test]
fn writers_killed_5_times_leave_a_sound_store() {
    kill("killed", 5);
}

#[test]
#[ignore = "half a minute: for --full"]
fn writers_killed_50_times_leave_a_sound_store() {
    kill("killed-often", 50);
}

/// Processes that open one new directory at once.
fn race(name: &str, rounds: usize) {
    for _ in 0..rounds {
        let scratch = Scratch::new(name);
        let mut others: Vec<Other> = (0..16).map(|_| Other::start("race", &scratch.0)).collect();
        for other in &mut others {
            other.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        }
        others.iter_mut().for_each(|other| other.wait_for("opened"));
    }
    println!("{rounds} times 16 processes opened one new directory at once");
}

#[test]
fn a_store_is_made_by_many_at_once() {
    race("made", 3);
}

#[test]
#[ignore = "half a minute: for --full"]
fn a_store_is_made_by_many_at_once_50_times() {
    race("made-often", 50);
}

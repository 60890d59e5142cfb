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
    fn start(what: &str, directory: &Path) -> Self {
        let mut other = Self(command(what, directory).spawn().unwrap());
        other.wait_for("ready");
        other
    }

    fn wait_for(&mut self, word: &str) {
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
    fn go_on(&mut self) {
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
    let (what, directory) = told.split_once(' ').unwrap();
    let mut lines = BufReader::new(std::io::stdin()).lines();
    let mut step = |said: &str| {
        println!("\n{said}");
        let _ = lines.next();
    };
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
            println!("\nstored {}", disk.put_many(&early).unwrap());
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
    assert_eq!(disk.put_many(&early).unwrap(), 14);
    let mut other = Other::start("purge", &scratch.0);
    let before = disk.epoch();
    other.go_on();
    assert_eq!(get(&disk, 1), None, "everything was purged");
    assert!(disk.epoch() > before, "a lookup learns of it");
    assert_eq!(disk.put_many(&early).unwrap(), 0);

    let early: Vec<Sealed> = (0..14).map(|n| sealed(&disk, n, 50)).collect();
    assert_eq!(disk.put_many(&early).unwrap(), 14);
    other.go_on();
    assert!((0..14).all(|n| get(&disk, n).is_some() == (n % 7 != 3)), "a tag was purged");
    assert_eq!(disk.put_many(&early).unwrap(), 12);

    other.go_on();
    assert!((0..14).all(|n| get(&disk, n).is_some() == (n % 7 != 3 && n != 8)), "a key was removed");
    assert_eq!(disk.put_many(&early).unwrap(), 11);
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

#[test]
fn writers_killed_at_any_moment_leave_a_sound_store() {
    let scratch = Scratch::new("killed");
    drop(scratch.open_with(Some(12 << 20)));
    for round in 0..5u64 {
        let writers: Vec<Other> = (0..4).map(|_| Other::start("write", &scratch.0)).collect();
        std::thread::sleep(Duration::from_millis(120 + 67 * round));
        for mut writer in writers {
            writer.0.kill().unwrap();
            std::thread::sleep(Duration::from_millis(3 * round));
        }
        let start = Instant::now();
        let disk = scratch.open();
        let opened = start.elapsed();
        let (found, wrong) = survey(&disk);
        assert!(found > 50 && wrong == 0, "{found} found, {wrong} of them wrong");
        assert!(opened < Duration::from_secs(2), "{opened:?}");
        assert_eq!(put(&disk, 1, len_of(1)), 1);
        let writer = disk.inner().writer(soon()).unwrap();
        let check = disk.inner().begin(&writer, |_| 1, false, soon()).unwrap().unwrap();
        let number = |sql: &str| check.transaction.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
        let sound: String = check.transaction.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        assert_eq!(check.state.entries, number("SELECT count(*) FROM data"), "the counts are right without a scan");
        assert_eq!(check.state.entries, number("SELECT count(*) FROM entry JOIN data USING(n)"));
        assert_eq!(check.state.bytes, number("SELECT sum(length(envelope)) FROM data"));
        drop(check);
        drop(writer);
        assert_eq!(disk.stats().faults, 0);
        assert!(disk.inner().place.bytes() <= 12 << 20);
    }
}

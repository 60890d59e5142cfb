//! The disk tier beside SQLite used plainly: the same bytes through the same crate, in a table of keys and values with
//! the same page size, journal mode and synchronous setting. Both work in alternating rounds in one process.

#![allow(missing_docs)]

#[path = "../common/mod.rs"]
mod common;

// The store is no part of the crate's interface: these are its own rooms, and those it stands on. Their tests come
// along and are not run.
#[allow(dead_code, unused_imports)]
#[path = "../../src/error.rs"]
mod error;
#[allow(dead_code, unused_imports)]
#[path = "../../src/lock.rs"]
mod lock;
#[allow(dead_code, unused_imports)]
#[path = "../../src/log.rs"]
mod log;
#[allow(dead_code, unused_imports)]
#[path = "../../src/process.rs"]
mod process;
#[allow(unused_imports)]
#[path = "../../src/tier/mod.rs"]
mod tier;

#[allow(unused_imports)]
pub(crate) use error::{Error, ErrorKind};
pub(crate) use streamcache::digest;

use common::goal::{Goal, Unit};
use common::table::{self, grouped};
use common::{Arguments, Report};
use digest::Digest;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tier::disk::{Config, Disk};
use tier::{Sealed, Store};

const RATIO: Unit = Unit { name: "×", decimals: 2, compared: "plain SQLite" };
const GET_GOAL: f64 = 1.5;
/// 0.8 times the throughput, as time.
const PUT_GOAL: f64 = 1.0 / 0.8;

/// Both stores, filled alike.
struct Pair {
    disk: Disk,
    plain: Connection,
    reader: Connection,
    next: u64,
}

fn main() {
    let arguments = Arguments::read();
    if !arguments.wants("disk") {
        return;
    }
    let mut report = Report::default();
    let mut rows = vec![row!["envelope", "get µs", "plain", "×", "put MB/s", "plain", "× time", "full store MB/s"]];
    let sizes: &[(usize, u64)] =
        if arguments.quick { &[(16 << 10, 8)] } else { &[(1 << 10, 32), (16 << 10, 256), (256 << 10, 256)] };
    for &(size, megabytes) in sizes {
        let scratch = Scratch::new(size);
        let mut pair = Pair::open(&scratch.0);
        let (put, plain_put) = pair.fill(size, megabytes << 20);
        let (get, plain_get) = pair.read(if arguments.quick { 200 } else { 4000 });
        drop(pair);
        let full = full(&scratch.0.join("full"), size, megabytes << 20);
        let rate = |seconds: f64| grouped((megabytes << 20) as f64 / seconds / 1e6);
        rows.push(row![
            grouped(size as f64),
            format!("{:.1}", get * 1e6),
            format!("{:.1}", plain_get * 1e6),
            format!("{:.2}", get / plain_get),
            rate(put),
            rate(plain_put),
            format!("{:.2}", put / plain_put),
            rate(full),
        ]);
        let section =
            json!({ "get_s": get, "plain_get_s": plain_get, "put_s": put, "plain_put_s": plain_put, "full_s": full });
        report.section(&format!("disk {size}"), section);
        if size == 16 << 10 {
            let what = "a hit on disk at 16 KiB".into();
            report.goal(Goal { what, measured: get / plain_get, limit: GET_GOAL, unit: &RATIO });
            let what = "time of sustained writes at 16 KiB".into();
            report.goal(Goal { what, measured: put / plain_put, limit: PUT_GOAL, unit: &RATIO });
        }
    }
    table::print("The disk tier and plain SQLite, medians, alternating", &rows);
    report.finish(&arguments);
}

fn key(n: u64) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

fn entries(disk: &Disk, from: u64, count: u64, bytes: &[u8]) -> Vec<Sealed> {
    let epoch = disk.epoch();
    (from..from + count).map(|n| Sealed { key: key(n), tag: 1, expires_ms: 0, epoch, bytes: bytes.to_vec() }).collect()
}

fn noise(len: usize) -> Vec<u8> {
    let mut word = 1u64;
    let mut next = || {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (word >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds that something took.
fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

impl Pair {
    fn open(directory: &Path) -> Self {
        let disk = open(&directory.join("store"), 1 << 30);
        let file = directory.join("plain.db");
        let plain = Connection::open(&file).expect("a new database opens");
        plain
            .execute_batch(
                "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=0;
                PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4096;
                CREATE TABLE t(key BLOB PRIMARY KEY, value BLOB);",
            )
            .expect("a new database takes a table");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&file, flags).expect("a database opens twice");
        reader.execute_batch("PRAGMA mmap_size=0; PRAGMA cache_size=-2000;").expect("these settings exist");
        Self { disk, plain, reader, next: 0 }
    }

    /// Writes as many bytes to both, in alternating batches of 4 MiB; seconds in all.
    fn fill(&mut self, size: usize, total: u64) -> (f64, f64) {
        let bytes = noise(size);
        let count = ((4 << 20) / size as u64).max(1);
        let (mut put, mut plain) = (0.0, 0.0);
        while self.next * (size as u64) < total {
            let entries = entries(&self.disk, self.next, count, &bytes);
            put += timed(|| assert_eq!(self.disk.put_many(&entries).expect("the store takes it"), entries.len()));
            plain += timed(|| {
                let transaction = self.plain.transaction().expect("nobody else writes");
                for entry in &entries {
                    let mut insert =
                        transaction.prepare_cached("INSERT INTO t VALUES(?, ?)").expect("the table is there");
                    insert.execute((&entry.key.0[..], &entry.bytes)).expect("the key is new");
                }
                drop(transaction.commit());
            });
            self.next += count;
        }
        (put, plain)
    }

    /// Reads keys in no order from both, in turn, after what a tier does in a quiet moment; median seconds.
    fn read(&self, rounds: usize) -> (f64, f64) {
        while self.disk.tidy().expect("nobody is in the way") {}
        let emptied = self.plain.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        assert_eq!(emptied, Ok(0));
        let until = Instant::now() + Duration::from_secs(3600);
        let mut times = (Vec::new(), Vec::new());
        let mut statement = self.reader.prepare("SELECT value FROM t WHERE key = ?").expect("the table is there");
        let mut word = 88_172_645_463_325_252u64;
        for _ in 0..rounds {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            let key = key(word % self.next);
            let mut sum = (0, 0);
            times
                .0
                .push(timed(|| self.disk.get_many(&[key], until, &mut |_, b| sum.0 += b.len()).expect("it is whole")));
            times.1.push(timed(|| {
                let read = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob().expect("a blob").len());
                sum.1 += statement.query_row([&key.0[..]], read).expect("it is there");
            }));
            assert!(sum.0 == sum.1 && sum.0 > 0);
        }
        (median(times.0), median(times.1))
    }
}

/// Seconds to write as many bytes to a store that is full, so that each entry costs another one its place.
fn full(directory: &Path, size: usize, total: u64) -> f64 {
    let disk = open(directory, (total / 2).max(8 << 20));
    let bytes = noise(size);
    let count = ((4 << 20) / size as u64).max(1);
    let mut next = 0;
    let mut write = |total: u64| {
        let end = next + total / size as u64;
        let mut seconds = 0.0;
        while next < end {
            let entries = entries(&disk, next, count, &bytes);
            seconds += timed(|| assert_eq!(disk.put_many(&entries).expect("the store takes it"), entries.len()));
            next += count;
        }
        seconds
    };
    write(total);
    let seconds = write(total);
    assert!(disk.stats().evictions > 0);
    seconds
}

fn open(directory: &Path, max_bytes: u64) -> Disk {
    let config = Config { directory: directory.into(), max_bytes: Some(max_bytes), allow_network: false };
    Disk::open(&config).expect("a new store opens")
}

/// A directory that goes away. Beside the program, not in a temporary directory, which may be memory.
struct Scratch(PathBuf);

impl Scratch {
    fn new(size: usize) -> Self {
        let program = std::env::current_exe().expect("a program knows itself");
        let path = program.with_file_name(format!("disk-{}-{size}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the build's directory is writable");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

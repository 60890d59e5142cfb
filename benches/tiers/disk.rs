//! The disk beside SQLite used plainly: the same bytes through the same crate, in a table of keys and values with the same
//! page size, journal mode and synchronous setting.

use crate::common::goal::{Goal, Unit};
use crate::common::{Report, table};
use crate::plain::Plain;
use crate::rounds::Spread;
use crate::{DRAIN, Scratch, fill, look_up, noise, row, some_keys};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::time::Instant;
use streamcache::{Cache, Tier, digest};

const RATIO: Unit = Unit { name: "×", decimals: 2, compared: "plain SQLite" };
const GET_GOAL: f64 = 1.5;
/// 0.8 times the throughput, as time.
const PUT_GOAL: f64 = 1.0 / 0.8;
/// What the goals are for.
const JUDGED: usize = 16 << 10;
const LOOKUPS: usize = 64;

/// The sizes of values, and how many megabytes of each.
fn sizes(quick: bool) -> &'static [(usize, u64)] {
    if quick { &[(JUDGED, 16)] } else { &[(1 << 10, 64), (JUDGED, 512), (256 << 10, 512)] }
}

pub fn reading(quick: bool, report: &mut Report) {
    let mut rows = vec![row!["bytes", "hit µs", "SELECT + hash", "×"]];
    for &(size, megabytes) in sizes(quick) {
        let entries = (megabytes << 20) / size as u64;
        let scratch = Scratch::new(&format!("disk-{size}"));
        writes(&scratch, size, entries, 1);
        let (get, plain_get, ratio) = reads(&scratch, size, entries, if quick { 15 } else { 201 });
        rows.push(row![
            table::grouped(size as f64),
            format!("{:.1}", get / 1e3),
            format!("{:.1}", plain_get / 1e3),
            format!("{:.2}", ratio.median),
        ]);
        let times = json!({ "get_ns": get, "plain_get_ns": plain_get, "ratio": ratio.json() });
        report.section(&format!("tiers disk {size}"), times);
        if size == JUDGED {
            let what = "a hit on disk at 16 KiB, promoted, beside a SELECT and the checksum's hash".into();
            report.goal(Goal { what, measured: ratio.median, limit: GET_GOAL, unit: &RATIO });
        }
    }
    table::print("The disk and plain SQLite: medians of alternating rounds", &rows);
}

/// The engine's thread puts and the tier's writes; the plain INSERTs have one thread and nothing to put. On one core they
/// would take turns, and the time would be that of both.
pub fn writing(quick: bool, report: &mut Report) {
    let mut rows = vec![row!["bytes", "MB/s", "INSERT", "× time"]];
    for &(size, megabytes) in sizes(quick) {
        let entries = (megabytes << 20) / size as u64;
        let scratch = Scratch::new(&format!("writing-{size}"));
        let (put, plain_put) = writes(&scratch, size, entries, if quick { 4 } else { 16 });
        let rate = |seconds: f64| table::grouped((megabytes << 20) as f64 / seconds / 1e6);
        rows.push(row![table::grouped(size as f64), rate(put), rate(plain_put), format!("{:.2}", put / plain_put)]);
        report.section(&format!("tiers writing {size}"), json!({ "put_s": put, "plain_put_s": plain_put }));
        if size == JUDGED {
            let what = "time of sustained writing behind at 16 KiB".into();
            report.goal(Goal { what, measured: put / plain_put, limit: PUT_GOAL, unit: &RATIO });
        }
    }
    table::print("Writing behind and plain SQLite: whole runs, in alternating parts", &rows);
}

/// Seconds to put and flush so many entries, in so many turns, and to INSERT the same bytes in transactions as large as
/// the cache's.
fn writes(scratch: &Scratch, size: usize, entries: u64, turns: u64) -> (f64, f64) {
    let cache = Cache::open(&scratch.options()).expect("a new store opens");
    let mut plain = Plain::start(&scratch.0.join("plain.db"), size);
    let bytes = noise(size);
    let (mut put, mut inserted) = (0.0, 0.0);
    for turn in 0..turns {
        let (from, to) = (entries * turn / turns, entries * (turn + 1) / turns);
        let begin = Instant::now();
        fill(&cache, from, to, &bytes);
        assert!(cache.flush(DRAIN).expect("it is open"));
        put += begin.elapsed().as_secs_f64();
        inserted += plain.insert(from, to);
    }
    plain.end();
    let stats = cache.tier_stats(Tier::Disk).expect("it has a disk");
    assert_eq!((stats.written(), stats.dropped()), (entries, 0));
    assert_eq!(cache.close(DRAIN).expect("it is open"), 0);
    (put, inserted)
}

/// Nanoseconds a lookup: of a cache whose memory is empty, and of a SELECT and a hash of what it finds.
fn reads(scratch: &Scratch, size: usize, entries: u64, rounds: usize) -> (f64, f64, Spread) {
    let cache = Cache::open(&scratch.options()).expect("the store opens again");
    let file = scratch.0.join("plain.db");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let plain = Connection::open_with_flags(&file, flags).expect("a database opens twice");
    plain.execute_batch("PRAGMA mmap_size=0; PRAGMA cache_size=-2000;").expect("these settings exist");
    let mut statement = plain.prepare("SELECT value FROM t WHERE key = ?").expect("the table is there");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let keys = some_keys(entries, round, LOOKUPS);
        cache.purge().expect("it is open");
        let mut sides: [(&mut Vec<f64>, &mut dyn FnMut()); 2] = [
            (&mut ours, &mut || look_up(&cache, &keys, size)),
            (&mut theirs, &mut || {
                for key in &keys {
                    let hash = |row: &rusqlite::Row<'_>| Ok(digest::chunk(row.get_ref(0)?.as_blob().expect("a blob")));
                    std::hint::black_box(statement.query_row([&key.0[..]], hash).expect("it is there"));
                }
            }),
        ];
        sides.rotate_left(round % 2);
        for (times, side) in sides {
            let begin = Instant::now();
            side();
            times.push(begin.elapsed().as_nanos() as f64 / LOOKUPS as f64);
        }
    }
    let ratio = Spread::of_ratios(&ours, &theirs);
    (Spread::of(ours).median, Spread::of(theirs).median, ratio)
}

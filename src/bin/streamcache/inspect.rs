//! What a store has.

use crate::{Failure, show};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use streamcache::tool::{Entry, Opening, Store, now_ms, scan_server};

#[derive(Default)]
struct Sum {
    entries: u64,
    bytes: u64,
    oldest_ms: Option<u64>,
    newest_ms: Option<u64>,
    with_ttl: u64,
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes += entry.bytes;
        self.oldest_ms = Some(self.oldest_ms.map_or(entry.created_ms, |ms| ms.min(entry.created_ms)));
        self.newest_ms = Some(self.newest_ms.map_or(entry.created_ms, |ms| ms.max(entry.created_ms)));
        self.with_ttl += u64::from(entry.expires_ms != 0);
    }

    fn print(&self, name: &str) {
        let ago = |ms: Option<u64>| ms.map_or("-".into(), |ms| show::age(now_ms().saturating_sub(ms)));
        let (oldest, newest) = (ago(self.oldest_ms), ago(self.newest_ms));
        let (entries, bytes, with_ttl) = (self.entries, show::bytes(self.bytes), self.with_ttl);
        println!("{name:<16} {entries:>10} {bytes:>12} {oldest:>8} {newest:>8} {with_ttl:>10}");
    }
}

#[derive(Default)]
struct Seen {
    tags: BTreeMap<u64, Sum>,
    all: Sum,
    unreadable: u64,
}

impl Seen {
    fn add(&mut self, entry: Result<Entry, &'static str>) {
        match entry {
            Ok(entry) => {
                self.tags.entry(entry.tag).or_default().add(&entry);
                self.all.add(&entry);
            }
            Err(_) => self.unreadable += 1,
        }
    }
}

pub fn run(place: &str, ca_file: Option<PathBuf>, prefix: &str, opening: Opening) -> Result<(), Failure> {
    let mut seen = Seen::default();
    if place.contains("://") {
        scan_server(place, ca_file, prefix, &mut |entry| seen.add(entry))?;
    } else {
        let store = Store::open(Path::new(place), opening)?;
        let (entries, bytes, max_bytes) = store.counts();
        println!("{entries} entries, {} of at most {}", show::bytes(bytes), show::bytes(max_bytes));
        let bar = show::bar(entries, false);
        let broken = store.scan(&mut |bytes| {
            seen.add(Entry::read(bytes, bytes.len() as u64));
            bar.inc(1);
        })?;
        seen.unreadable += broken;
        bar.finish_and_clear();
    }
    println!("{:<16} {:>10} {:>12} {:>8} {:>8} {:>10}", "tag", "entries", "bytes", "oldest", "newest", "with a ttl");
    for (tag, sum) in &seen.tags {
        sum.print(&if *tag == 0 { "none".into() } else { format!("{tag:016x}") });
    }
    seen.all.print("all");
    match seen.unreadable {
        0 => Ok(()),
        n => Err(Failure::Refused(format!("{n} entries are no results: run streamcache verify"))),
    }
}

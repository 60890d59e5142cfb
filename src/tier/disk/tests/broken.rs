//! Pages that are broken in the midst of a store: they cost what lies on them, and nothing else.

use super::*;
use crate::process::wall_ms;
use crate::tier::disk::layout::{MIN_BYTES, PAGE};
use crate::tier::envelope::Seal;
use crate::tier::envelope::tests::made;
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

const LEN: usize = 30_000;
/// More entries of that length than the smallest store has room for.
const ALL: u64 = 150;

/// A full store, closed.
fn full(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let disk = scratch.open_with(Some(MIN_BYTES));
    (0..ALL).for_each(|n| assert_eq!(put(&disk, n, LEN), 1));
    assert!(disk.stats().evictions > 20, "{:?}", disk.stats());
    drop(disk);
    scratch
}

/// The pages of a table, in the order of its keys.
fn pages(scratch: &Scratch, table: &str, kind: &str) -> Vec<u64> {
    let connection = Connection::open(scratch.0.join("streamcache.db")).unwrap();
    // Of an entry's own pages the first, which says where the next one is.
    let sql =
        "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? AND (path LIKE '%+000000' OR path NOT LIKE '%+%')
        ORDER BY path";
    let mut statement = connection.prepare(sql).unwrap();
    let pages = statement.query_map([table, kind], |row| row.get::<_, i64>(0)).unwrap();
    pages.map(|page| page.unwrap() as u64).collect()
}

/// Overwrites pages of a store that is closed.
fn overwrite(scratch: &Scratch, pages: &[u64]) {
    let file = OpenOptions::new().write(true).open(scratch.0.join("streamcache.db")).unwrap();
    for page in pages {
        file.write_all_at(&[0xA5; PAGE as usize], (page - 1) * PAGE).unwrap();
    }
}

/// Which keys are found as they were put; an envelope's reader refuses the others.
fn found(disk: &Disk, keys: std::ops::Range<u64>) -> Vec<u64> {
    let find = |n| {
        let mut its = None;
        let _ = disk.get_many(&[key(n)], soon(), &mut |_, bytes| its = Some(bytes == envelope(n, LEN)));
        its
    };
    keys.filter(|n| find(*n) == Some(true)).collect()
}

/// Calls until there is nothing left to do.
fn all_of(mut step: impl FnMut() -> bool) {
    assert!((0..1000).any(|_| !step()), "it has an end");
}

#[test]
fn a_full_store_with_broken_pages_takes_results_all_the_same() {
    for (kind, most) in [("overflow", 4), ("leaf", 40)] {
        let scratch = full(kind);
        let its = pages(&scratch, "data", kind);
        // The oldest, and some in the midst; not the last leaf, to which everything is appended.
        overwrite(&scratch, &[its[0], its[its.len() / 3], its[its.len() / 2]]);
        let disk = scratch.open();
        let before = disk.stats().evictions;
        let batch: Vec<Sealed> = (1000..1000 + 3 * ALL).map(|n| sealed(&disk, n, LEN)).collect();
        let written = disk.inner().put(&batch).unwrap();
        let stats = disk.stats();
        assert_eq!(written.taken as u64, 3 * ALL, "{kind}: {written:?} {stats:?}");
        // An entry's own pages are freed by SQLite's map of them, unread.
        assert!(stats.faults > 0 || kind == "overflow", "{kind}: {stats:?}");
        assert!(stats.faults <= most && stats.resting.is_none(), "{kind}: {stats:?}");
        assert!(stats.evictions - before > 2 * ALL, "{stats:?}");
        let newest = found(&disk, 1000 + 2 * ALL..1000 + 3 * ALL);
        assert!(newest.len() > 60, "{kind}: {}", newest.len());
        assert!(disk.inner().place.bytes() <= MIN_BYTES);
        println!("{kind}: {} faults, {} of the newest found", stats.faults, newest.len());
    }
}

#[test]
fn what_replaces_or_removes_a_broken_entry_does() {
    let scratch = full("replaced");
    // Every result's own pages are broken; the keys and the table's pages are not.
    overwrite(&scratch, &pages(&scratch, "data", "overflow"));
    let disk = scratch.open();
    let keys: Vec<u64> = (ALL - 6..ALL).collect();
    for &n in &keys {
        assert!(disk.get_many(&[key(n)], soon(), &mut |_, _| ()).is_err());
    }
    let replaced = &keys[..3];
    assert_eq!(disk.put_many(&replaced.iter().map(|n| sealed(&disk, *n, 100)).collect::<Vec<_>>()).unwrap().taken, 3);
    assert!(replaced.iter().all(|n| get(&disk, *n) == Some(envelope(*n, 100))));
    for &n in &keys[3..] {
        disk.remove(&key(n), soon()).unwrap();
        assert_eq!(get(&disk, n), None);
    }
    let mut page = Page::default();
    assert!(disk.scan(&mut page).is_ok_and(|goes_on| !goes_on));
    assert_eq!(page.envelopes.len(), 3, "nothing that was replaced or removed is met");
}

#[test]
fn what_was_purged_is_swept_around_broken_pages() {
    let scratch = full("swept");
    let its = pages(&scratch, "data", "leaf");
    overwrite(&scratch, &[its[1], its[its.len() / 2]]);
    overwrite(&scratch, &[pages(&scratch, "entry", "leaf").first().copied().unwrap_or(its[1])]);
    let disk = scratch.open();
    disk.purge(Purged::Everything, soon()).unwrap();
    // Most of it can't be deleted where the keys' table is one broken page: but it ends.
    all_of(|| disk.tidy().unwrap_or(false));
    assert_eq!(disk.stats().entries.unwrap_or(0), 0);

    let scratch = full("swept-too");
    let its = pages(&scratch, "data", "leaf");
    overwrite(&scratch, &[its[1], its[its.len() / 2]]);
    let disk = scratch.open();
    disk.purge(Purged::Everything, soon()).unwrap();
    all_of(|| disk.tidy().unwrap());
    assert_eq!(disk.stats().resting, None);
    assert_eq!(put(&disk, 5, LEN), 1);
    assert_eq!(get(&disk, 5), Some(envelope(5, LEN)));
}

#[test]
fn a_key_on_a_broken_page_asked_for_all_the_time_rests_nothing() {
    let scratch = full("hot");
    let its = pages(&scratch, "data", "overflow");
    overwrite(&scratch, &[its[its.len() - 1]]);
    let disk = scratch.open();
    let broken = (0..ALL).rev().find(|n| disk.get_many(&[key(*n)], soon(), &mut |_, _| ()).is_err()).unwrap();
    for _ in 0..200 {
        assert!(disk.get_many(&[key(broken)], soon(), &mut |_, _| ()).is_err(), "its own lookups fail");
    }
    let stats = disk.stats();
    assert!(stats.faults > 200 && stats.resting.is_none(), "{stats:?}");
    assert!(found(&disk, ALL - 20..ALL).len() > 15, "others are found");
}

/// A store with two results, of which the first is under another filter's tag.
fn mistagged(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let disk = scratch.open();
    let sealed_as = |n, tag| Sealed {
        bytes: Seal::new(None).close(&key(n), tag, &made(b"result", &[], &[], 0), wall_ms(), 0).unwrap(),
        tag,
        ..sealed(&disk, n, 0)
    };
    assert_eq!(disk.put_many(&[sealed_as(1, 5), sealed_as(2, 5)]).unwrap().taken, 2);
    drop(disk);
    let connection = Connection::open(scratch.0.join("streamcache.db")).unwrap();
    connection.execute("UPDATE data SET tag = 6 WHERE n = 1", []).unwrap();
    scratch
}

#[test]
fn a_broken_entry_leaves_the_connection_open_that_found_it() {
    let scratch = mistagged("connection");
    let disk = scratch.open();
    let mark = |disk: &Disk, sql: &str| -> i64 {
        let lent = disk.inner().readers.lend(&disk.inner().place).unwrap().unwrap();
        lent.connection().execute_batch(sql).unwrap();
        lent.connection().query_row("PRAGMA cache_size", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(mark(&disk, "PRAGMA cache_size=77"), 77);
    for _ in 0..20 {
        let _ = disk.get_many(&[key(1)], soon(), &mut |_, _| panic!("found"));
    }
    assert_eq!(mark(&disk, ""), 77, "it is the same connection");
    let mut others = 0;
    disk.get_many(&[key(1), key(2)], soon(), &mut |n, _| others += n).unwrap();
    let stats = disk.stats();
    assert_eq!((others, stats.faults, stats.resting), (1, 21, None));
}

#[test]
fn an_entry_of_another_filter_than_its_envelope_names_is_broken() {
    let scratch = mistagged("tags");
    let disk = scratch.open();
    disk.purge(Purged::Tags(&[5]), soon()).unwrap();
    for keys in [&[key(1)][..], &[key(1), key(2)]] {
        let _ = disk.get_many(keys, soon(), &mut |n, _| panic!("what was purged is found: {n}"));
    }
    let mut page = Page::default();
    while disk.scan(&mut page).unwrap() {}
    assert_eq!((page.envelopes.len(), page.broken), (0, 1));
    let stats = disk.stats();
    assert!(stats.faults == 3 && stats.last_fault.unwrap().contains("filter"));
}

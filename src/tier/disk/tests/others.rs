//! What others do to a store while this process has it open: stopped writers, deleted files, a clock that is set, a full
//! disk, files opened beside it.

use super::processes::Other;
use super::*;
use crate::process::SET_MS;
use crate::{Cache, Flags, Options, PutOptions, Tier};
use std::fs;
use std::process::Command;
use std::sync::Arc;

#[test]
fn a_writer_that_is_stopped_stalls_nobody_twice() {
    let scratch = Scratch::new("stopped");
    let disk = scratch.open();
    put(&disk, 1, 100);
    let mut other = Other::start("hold", &scratch.0);
    let start = Instant::now();
    let busy = disk.remove(&key(1), start + Duration::from_millis(1200)).unwrap_err();
    assert!(busy.message().contains("stopped") && start.elapsed() >= Duration::from_millis(1200), "{busy}");
    let start = Instant::now();
    for n in 0..100 {
        assert!(disk.remove(&key(n), start + Duration::from_secs(10)).is_err());
    }
    let each = start.elapsed() / 100;
    println!("a removal while a writer is stopped: {each:?}");
    assert!(each < Duration::from_millis(100), "{each:?}");
    assert_eq!(get(&disk, 1), Some(envelope(1, 100)), "a lookup waits for nobody");
    other.go_on();
    disk.remove(&key(1), soon()).unwrap();
    assert_eq!((get(&disk, 1), disk.inner().is_held.load(Relaxed)), (None, false));
}

#[test]
fn a_close_waits_for_nobody() {
    let scratch = Scratch::new("no-wait");
    let disk = scratch.open();
    put(&disk, 1, 100);
    let mut other = Other::start("hold", &scratch.0);
    let entries = [sealed(&disk, 2, 100)];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (disk.put_many(&entries).unwrap_err(), Instant::now()));
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        disk.close(Instant::now() + Duration::from_secs(30));
        let closed = start.elapsed();
        let (error, ended) = writer.join().unwrap();
        let ended = ended - start;
        println!("closed in {closed:?}, the writer ended after {ended:?}");
        assert!(closed < Duration::from_millis(200) && ended < Duration::from_secs(1), "{error}");
    });
    assert!(disk.inner().writer.try_lock().unwrap().close().is_none(), "the thread that wrote has closed it");
    other.go_on();
}

#[test]
fn a_store_that_is_only_read_is_opened_anew_by_its_care_alone() {
    let scratch = Scratch::new("only-read");
    let disk = scratch.open();
    put(&disk, 1, 100);
    let replaced = Scratch::new("only-read-too");
    drop((put(&replaced.open(), 2, 100), fs::rename(&scratch.0, scratch.0.with_extension("old"))));
    fs::rename(&replaced.0, &scratch.0).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!((get(&disk, 1), get(&disk, 2)), (None, None));
    assert!(disk.stats().resting.is_some_and(|why| why.contains("opened anew")));
    disk.tidy().unwrap();
    assert_eq!((get(&disk, 2), disk.stats().resting), (Some(envelope(2, 100)), None));
    fs::remove_dir_all(scratch.0.with_extension("old")).unwrap();
}

/// Deletes one of a store's files under it: nothing found is ever wrong, and all is well soon.
fn without(suffix: &str) {
    let scratch = Scratch::new(&format!("without{suffix}"));
    let disk = scratch.open();
    (0..50).for_each(|n| assert_eq!(put(&disk, n, 3000), 1));
    while disk.tidy().unwrap() {}
    (50..100).for_each(|n| assert_eq!(put(&disk, n, 3000), 1));
    fs::remove_file(scratch.0.join(format!("streamcache.db{suffix}"))).unwrap();
    let right = |disk: &Disk, n| {
        let mut found = false;
        let _ = disk.get_many(&[key(n)], soon(), &mut |_, bytes| found = bytes == envelope(n, 3000));
        found
    };
    let count = |disk: &Disk| (0..100).filter(|n| right(disk, *n)).count();
    let at_once = count(&disk);
    assert_eq!(put(&disk, 200, 3000), 1, "whoever writes looks first");
    let noticed = count(&disk);
    // Another process opens what is there, and writes.
    let mut other = Other::start("purge", &scratch.0);
    assert_eq!(count(&disk), noticed);
    other.go_on(); // it has purged everything
    assert_eq!(count(&disk), 0, "purged for all");
    (0..100).for_each(|n| assert_eq!(put(&disk, n, 3000), 1));
    assert_eq!(count(&disk), 100);
    let writer = disk.inner().writer(soon()).unwrap();
    let check = disk.inner().begin(&writer, |_| 1, false, soon()).unwrap().unwrap();
    let sound: String = check.transaction.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    println!("without streamcache.db{suffix}: {at_once} of 100 found at once, {noticed} when it was noticed");
}

#[test]
fn the_log_alone_deleted_under_a_running_process() {
    without("-wal");
}

#[test]
fn the_logs_index_alone_deleted_under_a_running_process() {
    without("-shm");
}

#[test]
fn a_store_without_its_log_is_refused_until_its_process_notices() {
    let scratch = Scratch::new("short");
    let disk = scratch.open();
    (0..50).for_each(|n| assert_eq!(put(&disk, n, 3000), 1));
    fs::remove_file(scratch.0.join("streamcache.db-wal")).unwrap();
    let open = || super::processes::command("race", &scratch.0).stdin(std::process::Stdio::null()).output().unwrap();
    let said = open();
    assert!(String::from_utf8_lossy(&said.stdout).contains("deleted under a process"), "{said:?}");
    // Only looked at once a second, and then cared for.
    std::thread::sleep(Duration::from_millis(1100));
    assert!(disk.stats().resting.is_some());
    disk.tidy().unwrap();
    assert!(String::from_utf8_lossy(&open().stdout).contains("opened"));
    assert_eq!(get(&disk, 7), Some(envelope(7, 3000)), "its own log was still open");
}

#[test]
fn the_directory_deleted_under_a_running_process() {
    let scratch = Scratch::new("no-directory");
    let disk = scratch.open();
    put(&disk, 1, 100);
    fs::remove_dir_all(&scratch.0).unwrap();
    let refused = disk.put_many(&[sealed(&disk, 2, 100)]).unwrap_err();
    assert!(refused.message().contains("can't be made"), "{refused}");
    assert_eq!(get(&disk, 1), None);
    assert!(disk.stats().resting.is_some(), "{:?}", disk.stats());
    // It is there again.
    drop(scratch.open());
    disk.tidy().unwrap();
    assert_eq!(put(&disk, 2, 100), 1);
    assert_eq!((get(&disk, 2), disk.stats().resting), (Some(envelope(2, 100)), None));
}

fn options(directory: &Path) -> Options {
    Options { disk_directory: Some(directory.to_str().unwrap().into()), ..Options::default() }
}

/// Whether a result is found on disk, and is right. Memory forgets it first.
fn on_disk(cache: &Cache, n: u64) -> bool {
    cache.purge().unwrap();
    let value = cache.get(&key(n), Flags::default()).unwrap();
    value.inspect(|value| assert_eq!(value.bytes(), envelope(n, 500))).is_some()
}

/// What a process does whose clock is set: its own alone, since the test sets it for all of it.
pub(super) fn clock(directory: &Path, disk: Disk) {
    const MINUTE: i64 = 60_000;
    drop(disk);
    let cache = Cache::open(&options(directory)).unwrap();
    let put = |n, ttl_ms| {
        let options = PutOptions { ttl_ms, ..PutOptions::default() };
        assert!(cache.put(&key(n), &envelope(n, 500), &options).unwrap().stored);
    };
    put(1, 0);
    put(2, 10 * 60_000);
    assert!(cache.flush(Duration::from_secs(10)).unwrap());
    let found = |set_ms: i64| {
        SET_MS.store(set_ms, Relaxed);
        (on_disk(&cache, 1), on_disk(&cache, 2))
    };
    assert_eq!(found(0), (true, true));
    assert_eq!(found(-MINUTE), (true, true), "a little back");
    assert_eq!(found(-MINUTE * 60), (false, false), "far back they are from the future");
    assert_eq!(found(-MINUTE * 60 * 24 * 365 * 80), (false, false), "before 1970");
    assert_eq!(found(MINUTE * 9), (true, true), "ahead");
    assert_eq!(found(MINUTE * 11), (true, false), "ahead of its end");
    assert_eq!(found(MINUTE * 60 * 24 * 365 * 400), (true, false));
    assert_eq!(found(0), (true, true), "and right again");
    // Written while the clock was wrong.
    SET_MS.store(-MINUTE * 60, Relaxed);
    put(3, 10 * 60_000);
    assert!(cache.flush(Duration::from_secs(10)).unwrap());
    assert!(on_disk(&cache, 3));
    SET_MS.store(0, Relaxed);
    assert!(!on_disk(&cache, 3), "its end was fifty minutes ago");
    assert_eq!(cache.close(Duration::from_secs(10)).unwrap(), 0);
    println!("\nthe clock was set");
}

#[test]
fn a_clock_that_is_set_loses_results_and_makes_none_wrong() {
    let scratch = Scratch::new("clock");
    let output = super::processes::command("clock", &scratch.0).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the clock was set"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_cache_on_a_full_file_system_goes_on_and_recovers() {
    let scratch = Scratch::new("full-cache");
    fs::create_dir(&scratch.0).unwrap();
    let mount = |options: &str| {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&scratch.0).output();
        mounted.is_ok_and(|output| output.status.success())
    };
    if !mount("size=3m,mode=700") {
        return skipped("a cache on a full file system: only root can mount a small one");
    }
    let done = std::panic::catch_unwind(|| {
        let cache = Cache::open(&Options { disk_max_bytes: Some(64 << 20), ..options(&scratch.0) }).unwrap();
        let put = |n| assert!(cache.put(&key(n), &envelope(n, 500), &PutOptions::default()).unwrap().stored);
        let mut slowest = Duration::ZERO;
        for n in 0..10_000 {
            let start = Instant::now();
            put(n);
            slowest = start.elapsed().max(slowest);
            if n % 500 == 0 {
                assert!(cache.flush(Duration::from_secs(10)).unwrap());
            }
        }
        assert!(cache.flush(Duration::from_secs(10)).unwrap());
        let stats = cache.tier_stats(Tier::Disk).unwrap();
        assert!(stats.faults() > 0 && stats.last_fault().unwrap().contains("full"), "{stats:?}");
        assert!((0..10_000).all(|n| cache.get(&key(n), Flags::default()).unwrap().is_some()), "memory has them");
        let there = (0..10_000).filter(|n| on_disk(&cache, *n)).count();
        // Room again.
        assert!(mount("remount,size=32m"));
        put(20_000);
        assert!(cache.flush(Duration::from_secs(10)).unwrap() && on_disk(&cache, 20_000));
        assert_eq!(cache.close(Duration::from_secs(10)).unwrap(), 0);
        println!("{there} of 10000 found on a full disk, the slowest put took {slowest:?}");
        assert!(there > 1000 && there < 10_000, "{there}");
    });
    assert!(Command::new("umount").arg(&scratch.0).output().unwrap().status.success());
    done.unwrap();
}

#[test]
fn nobody_reads_an_open_stores_file_beside_it() {
    let scratch = Scratch::new("beside");
    let cache: Arc<Cache> = Cache::open(&options(&scratch.0)).unwrap();
    let file = scratch.0.join("streamcache.db");
    let other_name = scratch.0.join("results");
    fs::hard_link(&file, &other_name).unwrap();
    for path in [file.clone(), other_name.clone(), scratch.0.join("streamcache.db-shm")] {
        let refused = |error: crate::Error| assert!(error.message().contains("that this process has open"), "{error}");
        refused(cache.import(&path).map(drop).unwrap_err());
        refused(crate::digest::chunk_file(&path).map(drop).unwrap_err());
    }
    cache.close(Duration::from_secs(10)).unwrap();
    drop(cache);
    crate::digest::chunk_file(&file).unwrap();
}

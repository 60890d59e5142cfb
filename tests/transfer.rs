//! Results carried in a file: what one cache exports another imports, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use streamcache::{
    Begin, Cache, Digest, ErrorKind, Filter, Flags, Options, Outcome, Policy, Progress, PutOptions, Result, TensorSpec,
    digest,
};

const SOON: Duration = Duration::from_secs(30);

/// A directory of its own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("streamcache-transfer-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("results")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn cache() -> Arc<Cache> {
    Cache::open(&Options::default()).unwrap()
}

fn with_secret(secret: &[u8; 32]) -> Arc<Cache> {
    let secret = Some(digest::Secret::new(secret).unwrap());
    Cache::open(&Options { secret, ..Options::default() }).unwrap()
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    filter
}

fn chunk(n: u32) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

fn answer(n: u32) -> Vec<u8> {
    (0..100 + n % 3000).map(|at| (at ^ n) as u8).collect()
}

fn put(filter: &Filter, n: u32) {
    let options = PutOptions { compute_ns: 1000, blob: &n.to_le_bytes(), ..PutOptions::default() };
    let key = filter.key(&chunk(n)).unwrap();
    filter.put(&chunk(n), Some(&key), &answer(n), &options).unwrap();
}

/// Whether it is there; if so, as it was put.
fn has(filter: &Filter, n: u32) -> bool {
    let Some(value) = filter.get(&chunk(n), Flags::default()).unwrap().value else { return false };
    assert_eq!((value.bytes(), value.blob()), (&answer(n)[..], &n.to_le_bytes()[..]), "{n}");
    true
}

fn export(cache: &Arc<Cache>, path: &Path) -> Result<Progress> {
    let transfer = cache.export(path)?;
    assert_eq!(transfer.wait(SOON).expect("in time")?, Outcome::Done);
    Ok(transfer.progress())
}

/// How it ended, and what was done until then.
fn import(cache: &Arc<Cache>, path: &Path) -> (Result<Outcome>, Progress) {
    let transfer = cache.import(path).unwrap();
    let outcome = transfer.wait(SOON).expect("in time");
    (outcome, transfer.progress())
}

fn exported(policy: Policy, entries: u32) -> Directory {
    let directory = Directory::new();
    let cache = Cache::open(&Options { policy, ..Options::default() }).unwrap();
    let filter = filter(&cache);
    (0..entries).for_each(|n| put(&filter, n));
    let progress = export(&cache, &directory.file()).unwrap();
    assert_eq!((progress.entries, progress.left_out, progress.refused), (entries.into(), 0, 0));
    assert_eq!(progress.bytes + 48, fs::metadata(directory.file()).unwrap().len());
    directory
}

#[test]
fn what_every_policy_exports_another_cache_imports() {
    for policy in [Policy::S3Fifo, Policy::Lru, Policy::Adaptive] {
        let directory = exported(policy, 10_000);
        assert_eq!(directory.names(), ["results"]);
        let cache = cache();
        let (outcome, progress) = import(&cache, &directory.file());
        assert_eq!(outcome.unwrap(), Outcome::Done);
        assert_eq!((progress.entries, progress.total_bytes), (10_000, Some(progress.bytes)));
        let filter = filter(&cache);
        assert!((0..10_000).all(|n| has(&filter, n)), "{policy:?}");
        assert_eq!((cache.stats().misses, cache.stats().time_saved_ns), (0, 10_000_000));
        let (_, again) = import(&cache, &directory.file());
        assert_eq!((again.entries, again.left_out), (0, 10_000), "what is there stays");
    }
}

#[test]
fn tensors_blobs_costs_and_times_to_live_travel_and_what_cannot_leave_memory_is_counted() {
    let (directory, from, to) = (Directory::new(), cache(), cache());
    let (filter_from, filter_to) = (filter(&from), filter(&to));
    let payload: Vec<u8> = (0..64).collect();
    let dtype = streamcache::digest::Dtype { code: 2, bits: 32, lanes: 1 };
    let tensors = [
        TensorSpec { dtype, dims: &[2, 4], offset: 0, length: 32 },
        TensorSpec { dtype, dims: &[8], offset: 32, length: 32 },
    ];
    let described = PutOptions { tensors: &tensors, blob: b"blob", compute_ns: 77, ..PutOptions::default() };
    let source = filter_from.put(&chunk(1), None, &payload, &PutOptions { lease: true, ..described }).unwrap();
    let short = PutOptions { ttl_ms: 400, ..PutOptions::default() };
    filter_from.put(&chunk(2), None, b"short", &short).unwrap();
    filter_from.put(&chunk(3), None, b"gone", &PutOptions { ttl_ms: 1, ..PutOptions::default() }).unwrap();
    let Begin::Fill(ticket) = filter_from.begin(&chunk(4), SOON, Flags::default()).unwrap() else { panic!() };
    ticket.commit_rejection(5, 0).unwrap();
    thread::sleep(Duration::from_millis(5));

    let progress = export(&from, &directory.file()).unwrap();
    assert_eq!((progress.entries, progress.left_out), (2, 1));
    assert_eq!(import(&to, &directory.file()).1.entries, 2);
    let value = filter_to.get(&chunk(1), Flags::default()).unwrap().value.unwrap();
    assert_eq!((value.bytes(), value.blob(), value.compute_ns()), (&payload[..], &b"blob"[..], 77));
    assert_eq!(value.tensors(), 2);
    for (n, spec) in tensors.iter().enumerate() {
        let its = value.tensor(n).unwrap();
        assert_eq!((its.dtype, its.dims, its.offset, its.length), (spec.dtype, spec.dims, spec.offset, spec.length));
    }
    assert_eq!(value.content().unwrap(), source.value.unwrap().content().unwrap());
    assert!(filter_to.get(&chunk(2), Flags::default()).unwrap().value.is_some());
    thread::sleep(Duration::from_millis(450));
    assert!(filter_to.get(&chunk(2), Flags::default()).unwrap().value.is_none(), "what was left of its time is over");
    let late = cache();
    let (outcome, progress) = import(&late, &directory.file());
    assert_eq!((outcome.unwrap(), progress.entries, progress.refused), (Outcome::Done, 1, 1));
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_and_what_came_before_is_kept() {
    let directory = exported(Policy::S3Fifo, 40);
    let whole = fs::read(directory.file()).unwrap();
    let cut = directory.0.join("cut");
    let (mut none, mut some) = (0, 0);
    for len in (0..whole.len()).step_by(97) {
        fs::write(&cut, &whole[..len]).unwrap();
        let cache = cache();
        let (outcome, progress) = import(&cache, &cut);
        let error = outcome.expect_err("it is cut off");
        assert_eq!(error.kind(), ErrorKind::Io);
        let told = if len == 0 { "no file of results" } else { "cut off" };
        assert!(error.message().contains(told), "{len}: {error}");
        assert_eq!((progress.refused, progress.left_out), (0, 0));
        let filter = filter(&cache);
        assert_eq!((0..40).filter(|&n| has(&filter, n)).count() as u64, progress.entries, "{len}");
        if progress.entries == 0 { none += 1 } else { some += 1 }
    }
    assert!(none > 1 && some > 100, "{none} {some}");
}

#[test]
fn no_flipped_byte_makes_a_wrong_answer_or_goes_unnoticed() {
    let directory = exported(Policy::S3Fifo, 12);
    let whole = fs::read(directory.file()).unwrap();
    let flipped = directory.0.join("flipped");
    for at in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&flipped, &bytes).unwrap();
        let cache = cache();
        let (outcome, progress) = import(&cache, &flipped);
        assert!(outcome.is_err(), "{at}");
        let filter = filter(&cache);
        assert_eq!((0..12).filter(|&n| has(&filter, n)).count() as u64, progress.entries, "{at}");
    }
}

#[test]
fn another_secret_imports_nothing() {
    let directory = Directory::new();
    let (one, same, other) = (with_secret(&[1; 32]), with_secret(&[1; 32]), with_secret(&[2; 32]));
    let its_filter = filter(&one);
    (0..50).for_each(|n| put(&its_filter, n));
    export(&one, &directory.file()).unwrap();
    for cache in [other, cache()] {
        let (outcome, progress) = import(&cache, &directory.file());
        assert_eq!((outcome.unwrap(), progress.entries, progress.refused), (Outcome::Done, 0, 50));
        assert_eq!(cache.stats().entries, 0);
    }
    assert_eq!(import(&same, &directory.file()).1.entries, 50);
    let its_filter = filter(&same);
    assert!((0..50).all(|n| has(&its_filter, n)));
}

#[test]
fn a_cancelled_export_leaves_nothing_behind_and_the_older_file_stays() {
    let directory = Directory::new();
    let cache = cache();
    let filter = filter(&cache);
    (0..20_000).for_each(|n| put(&filter, n));
    fs::write(directory.file(), b"older").unwrap();
    let transfer = cache.export(&directory.file()).unwrap();
    transfer.cancel();
    assert_eq!(transfer.wait(SOON).unwrap().unwrap(), Outcome::Cancelled);
    assert!(transfer.progress().entries < 20_000);
    assert_eq!(directory.names(), ["results"]);
    drop(cache.export(&directory.file()).unwrap());
    let until = std::time::Instant::now() + SOON;
    while directory.names().len() > 1 {
        assert!(std::time::Instant::now() < until, "a dropped export ends by itself");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(fs::read(directory.file()).unwrap(), b"older");
    let closing = cache.export(&directory.file()).unwrap();
    cache.close(SOON).unwrap();
    // It may have been done before.
    match closing.wait(SOON).unwrap() {
        Ok(outcome) => assert_eq!(outcome, Outcome::Done),
        Err(error) => assert_eq!((error.kind(), directory.names().len()), (ErrorKind::Closed, 1)),
    }
}

#[test]
fn a_cancelled_import_keeps_what_it_has() {
    let directory = exported(Policy::S3Fifo, 20_000);
    let cache = cache();
    let transfer = cache.import(&directory.file()).unwrap();
    while transfer.progress().entries == 0 {
        thread::yield_now();
    }
    transfer.cancel();
    let outcome = transfer.wait(SOON).unwrap().unwrap();
    let filter = filter(&cache);
    let there = (0..20_000).filter(|&n| has(&filter, n)).count() as u64;
    assert_eq!(there, transfer.progress().entries);
    assert!(there < 20_000 || outcome == Outcome::Done);
}

#[test]
fn mistakes_are_told_at_once() {
    let (directory, cache) = (Directory::new(), cache());
    let refused = |result: Result<_>| result.map(drop).unwrap_err().kind();
    assert_eq!(refused(cache.import(&directory.file())), ErrorKind::Io, "not there");
    assert_eq!(refused(cache.import(&directory.0)), ErrorKind::Io, "a directory");
    assert_eq!(refused(cache.export(&directory.0)), ErrorKind::Io, "a directory");
    assert_eq!(refused(cache.export(&directory.0.join("none/file"))), ErrorKind::Io, "no directory");
    assert_eq!(refused(cache.export(Path::new("/"))), ErrorKind::InvalidArgument);
    cache.close(SOON).unwrap();
    assert_eq!(refused(cache.export(&directory.file())), ErrorKind::Closed);
    assert_eq!(refused(cache.import(&directory.file())), ErrorKind::Closed);
    assert!(directory.names().is_empty());
}

#[test]
fn exports_beside_four_threads_that_put_and_evict_hold_only_what_was_put() {
    let directory = Directory::new();
    for policy in [Policy::S3Fifo, Policy::Lru, Policy::Adaptive] {
        let cache = Cache::open(&Options { policy, max_chunks: 3000, ..Options::default() }).unwrap();
        let busy = filter(&cache);
        let stays = Filter::open(&cache, "stays", digest::config_bytes(b"stays"), true).unwrap();
        stays.load_state(b"state").unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 0..4u32 {
                let (busy, done) = (&busy, &done);
                scope.spawn(move || {
                    for n in (thread..).step_by(4) {
                        put(busy, n % 20_000);
                        if n % 7 == 0 {
                            busy.remove(&chunk(n % 20_000)).unwrap();
                        }
                        if done.load(Relaxed) {
                            break;
                        }
                    }
                });
            }
            for _ in 0..3 {
                export(&cache, &directory.file()).unwrap();
                let other = Cache::open(&Options::default()).unwrap();
                let (outcome, progress) = import(&other, &directory.file());
                assert_eq!((outcome.unwrap(), progress.refused, progress.left_out), (Outcome::Done, 0, 0));
                let there = filter(&other);
                assert_eq!((0..20_000).filter(|&n| has(&there, n)).count() as u64, progress.entries);
                assert!(progress.entries > 0);
            }
            done.store(true, Relaxed);
        });
    }
}

#[test]
fn what_is_forgotten_while_it_is_imported_does_not_come_back() {
    let directory = exported(Policy::S3Fifo, 20_000);
    let cache = cache();
    let its_filter = filter(&cache);
    let transfer = cache.import(&directory.file()).unwrap();
    let wanted = [0, 777, 4_000, 19_999];
    for n in wanted {
        its_filter.remove(&chunk(n)).unwrap();
    }
    transfer.wait(SOON).unwrap().unwrap();
    assert!(wanted.iter().all(|&n| !has(&its_filter, n)));

    let transfer = cache.import(&directory.file()).unwrap();
    its_filter.purge().unwrap();
    transfer.wait(SOON).unwrap().unwrap();
    assert!((0..20_000).all(|n| !has(&its_filter, n)));
    let transfer = cache.import(&directory.file()).unwrap();
    cache.purge().unwrap();
    transfer.wait(SOON).unwrap().unwrap();
    assert_eq!(cache.stats().entries, 0);
    assert_eq!(import(&cache, &directory.file()).1.entries, 20_000, "one of later does bring them");
}

#[cfg(feature = "disk")]
mod disk {
    use super::*;
    use streamcache::Tier;

    fn with_disk(directory: &Directory, name: &str, options: Options) -> Arc<Cache> {
        let path = directory.0.join(name);
        Cache::open(&Options { disk_directory: Some(path.to_str().unwrap().into()), ..options }).unwrap()
    }

    #[test]
    fn an_export_has_what_only_the_disk_holds_and_an_import_reaches_the_disk() {
        let directory = Directory::new();
        let small = || Options { max_chunks: 200, ..Options::default() };
        let from = with_disk(&directory, "from", small());
        let first = filter(&from);
        for n in 0..3000 {
            put(&first, n);
            // What waits to be written is leased, and where little else is in memory a put finds nothing to evict.
            if n % 20 == 0 {
                assert!(from.flush(SOON).unwrap());
            }
        }
        // A removal may cost writes that are still queued, of keys that share its slot.
        assert!(from.flush(SOON).unwrap());
        assert!(first.remove(&chunk(7)).is_ok());
        let progress = export(&from, &directory.file()).unwrap();
        assert_eq!((progress.entries, progress.refused), (2999, 0));
        assert_eq!(from.tier_stats(Tier::Disk).unwrap().dropped(), 0);

        // A memory, and a queue, that are much smaller than the file.
        let small = || Options { max_bytes: 2 << 20, write_behind_max_bytes: 64 << 10, ..small() };
        let to = with_disk(&directory, "to", small());
        let (outcome, progress) = import(&to, &directory.file());
        assert_eq!((outcome.unwrap(), progress.entries + progress.not_stored), (Outcome::Done, 2999));
        assert_eq!(to.close(SOON).unwrap(), 0);
        let to = with_disk(&directory, "to", small());
        assert_eq!(to.tier_stats(Tier::Disk).unwrap().entries(), Some(2999));
        let second = filter(&to);
        assert!((0..3000).all(|n| has(&second, n) == (n != 7)));
    }

    #[test]
    fn a_saved_state_is_found_by_its_digest_and_no_other_passes_for_it() {
        let directory = Directory::new();
        let state: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
        let its_digest = digest::state(&state);
        let open = || with_disk(&directory, "store", Options::default());
        let filter = |cache| Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
        let cache = open();
        let first = filter(&cache);
        assert_eq!(first.save_state().unwrap_err().kind(), ErrorKind::NoState);
        first.load_state_digest(its_digest).unwrap();
        assert!(!first.save_state().unwrap(), "its bytes are not known");
        first.load_state(&state).unwrap();
        assert!(first.save_state().unwrap());
        assert_eq!(cache.close(SOON).unwrap(), 0);
        assert_eq!(first.save_state().unwrap_err().kind(), ErrorKind::Closed);

        let cache = open();
        let second = filter(&cache);
        second.load_state(b"old").unwrap();
        assert!(!second.restore_state(&digest::state(b"never saved")).unwrap());
        assert_eq!(second.state().unwrap().1, digest::state(b"old"), "the old one stays");
        assert!(second.restore_state(&its_digest).unwrap());
        let (bytes, now) = second.state().unwrap();
        assert_eq!((bytes.unwrap().bytes(), now), (&state[..], its_digest));
        assert!(cache.stats().state_bytes >= 300_000);

        // It travels, too.
        export(&cache, &directory.file()).unwrap();
        let memory = super::cache();
        assert_eq!(import(&memory, &directory.file()).1.entries, 1);
        let third = filter(&memory);
        assert!(third.restore_state(&its_digest).unwrap());
        assert_eq!(third.save_state().unwrap_err().kind(), ErrorKind::NotSupported);

        let tight = with_disk(&directory, "store", Options { max_bytes: 100_000, ..Options::default() });
        let fourth = filter(&tight);
        fourth.load_state(b"old").unwrap();
        assert_eq!(fourth.restore_state(&its_digest).unwrap_err().kind(), ErrorKind::NoSpace);
        assert_eq!(fourth.state().unwrap().1, digest::state(b"old"));
        let other = Options { namespace: "other".into(), ..Options::default() };
        assert!(!filter(&with_disk(&directory, "store", other)).restore_state(&its_digest).unwrap());
    }
}

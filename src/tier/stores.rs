//! The stores of one cache, in the order in which they are asked: the disk, then the remote. What they return is opened
//! and checked here, and what is stored is written behind here.

use super::behind::{Behind, Limits, Most, Write};
use super::envelope::{Opened, Refusal, Seal};
use super::fences::{Epochs, Fences, Pass};
use super::stats::TierStats;
use super::{Page, Purged, Store};
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::process::{boot_ms, deadline_in, wall_ms};
use crate::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A store behind memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Tier {
    /// On this host, shared by its processes.
    Disk = 1,
    /// Across the network, shared by a fleet.
    Remote = 2,
}

impl Tier {
    /// The store that a value came from when it entered memory; None where it was computed in this process.
    pub fn of(value: &Value) -> Option<Self> {
        [Self::Disk, Self::Remote].into_iter().find(|&tier| tier as u8 == value.origin())
    }
}

#[derive(Debug)]
struct One {
    tier: Tier,
    store: Arc<dyn Store>,
    behind: Arc<Behind>,
    hits: AtomicU64,
    misses: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
}

#[derive(Debug)]
pub(crate) struct Stores {
    seal: Arc<Seal>,
    fences: Arc<Fences>,
    all: Vec<One>,
    /// How long a lookup waits for the remote at most.
    timeout: Duration,
    /// How many bytes wait to be written at most, but for [`QUEUE_SHARE`].
    most_behind: u64,
}

/// Where a result comes from that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Computed,
    /// From a store, which has it.
    Read(Tier),
    /// From a file.
    Imported,
}

/// At most so much of the budget is held by what waits to be written: it can't be evicted.
const QUEUE_SHARE: u64 = 16;
const QUEUE_ENTRIES: usize = 1 << 16;
/// How long whoever forgets something waits for the transactions of others on the same disk.
const WRITER_WAIT: Duration = Duration::from_secs(10);
/// One transaction, or one pipeline.
const BATCH: Most = Most { entries: 1024, bytes: 4 << 20 };

impl Stores {
    /// Opens what the options name; None where they name nothing.
    pub(crate) fn open(options: &Options) -> Result<Option<Self>> {
        let opened = open_all(options)?;
        if opened.is_empty() { Ok(None) } else { Self::over(opened, options).map(Some) }
    }

    /// Over stores that are open.
    pub(crate) fn over(opened: Vec<(Tier, Arc<dyn Store>)>, options: &Options) -> Result<Self> {
        let (seal, fences) = (Arc::new(Seal::new(options.secret.as_ref())), Arc::new(Fences::new()?));
        let most_behind = options.write_behind_max_bytes;
        let bytes = most_behind.min(options.max_bytes / QUEUE_SHARE);
        let limits = Limits { queue: Most { entries: QUEUE_ENTRIES, bytes }, batch: BATCH };
        let all = opened.into_iter().map(|(tier, store)| {
            let name = if tier == Tier::Disk { "streamcache-disk" } else { "streamcache-writes" };
            let behind = Behind::start(name, Arc::clone(&store), Arc::clone(&seal), Arc::clone(&fences), limits)?;
            let (hits, misses, refused) = Default::default();
            Ok(One { tier, store, behind, hits, misses, refused })
        });
        let timeout = Duration::from_millis(options.remote_timeout_ms);
        Ok(Self { all: all.collect::<Result<_>>()?, seal, fences, timeout, most_behind })
    }

    /// The budget was changed, and with it what may wait to be written.
    pub(crate) fn set_max_bytes(&self, max_bytes: u64) {
        let bytes = self.most_behind.min(max_bytes / QUEUE_SHARE);
        self.all.iter().for_each(|one| one.behind.limit(bytes));
    }

    /// How long a lookup waits at most.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    fn asked(&self, flags: Flags) -> impl Iterator<Item = &One> {
        self.all.iter().filter(move |one| flags.asks(one.tier == Tier::Remote))
    }

    /// Whether a lookup with these flags goes beyond memory.
    pub(crate) fn are_asked(&self, flags: Flags) -> bool {
        self.asked(flags).next().is_some()
    }

    /// What other processes had forgotten before something is read or computed, as far as is known here.
    pub(crate) fn epochs(&self) -> Epochs {
        let mut epochs = Epochs::default();
        epochs.0.iter_mut().zip(&self.all).for_each(|(epoch, one)| *epoch = one.store.epoch());
        epochs
    }

    /// What had been forgotten before something is read.
    pub(crate) fn pass(&self, key: &Digest, tag: u64) -> Pass {
        self.pass_since(key, tag, self.epochs())
    }

    /// The same of something whose reading began earlier.
    pub(crate) fn pass_since(&self, key: &Digest, tag: u64, epochs: Epochs) -> Pass {
        self.fences.pass(key, tag, epochs)
    }

    /// For a result that is about to be put: what is being read for its key meanwhile is out of date. `epochs` are those
    /// from before it was computed.
    pub(crate) fn replacing(&self, key: &Digest, tag: u64, epochs: Epochs) -> Pass {
        self.fences.put(key);
        self.pass_since(key, tag, epochs)
    }

    /// The place of a put among all, to be taken under memory's lock: what memory got last the stores are to keep.
    pub(crate) fn turn(&self) -> u64 {
        self.fences.turn()
    }

    /// [`Stores::holds`], and that nothing has been put under its key since, or waits to be written under it.
    pub(crate) fn is_newest(&self, key: &Digest, pass: &Pass, is_its_tag: bool) -> bool {
        let waits = self.all.iter().any(|one| one.behind.has(key));
        !waits && self.fences.is_unput(pass) && self.holds(pass, is_its_tag)
    }

    /// What waits to be written under a key to the store that is asked first: what a later one's queue has may be older than
    /// what that store has by now.
    pub(crate) fn queued(&self, key: &Digest, flags: Flags) -> Option<Value> {
        let queued = self.asked(flags).next().and_then(|one| one.behind.queued(key));
        queued.filter(|value| !value.is_expired(boot_ms))
    }

    /// Whether nothing that the pass was given for has been forgotten since; `is_its_tag` says that the tag is the one it
    /// was given for.
    pub(crate) fn holds(&self, pass: &Pass, is_its_tag: bool) -> bool {
        if is_its_tag { self.fences.holds(pass) } else { self.fences.holds_for_any_tag(pass) }
    }

    /// Looks `keys` up, each in one store after the other until one has it, and calls `found` with its place and what the
    /// store had for it; what that refuses is no answer, and the next store is asked. The remote is waited for until `until`
    /// at the latest.
    pub(crate) fn read(
        &self, keys: &[Digest], flags: Flags, until: Instant,
        found: &mut dyn FnMut(usize, &Opened<'_>, Tier) -> std::result::Result<(), Refusal>,
    ) {
        let mut wanted: Vec<usize> = (0..keys.len()).collect();
        for one in self.asked(flags) {
            let asked: Vec<Digest> = wanted.iter().map(|&at| keys[at]).collect();
            let mut had = vec![false; asked.len()];
            // A store that fails counts its faults itself; here it is a miss.
            let _ = one.store.get_together(&asked, until, &mut |some| {
                let now = wall_ms();
                self.seal.open_many(some, &asked, now, &mut |at, opened| {
                    if had[at] {
                        return;
                    }
                    match opened.and_then(|opened| found(wanted[at], &opened, one.tier)) {
                        Ok(()) => had[at] = true,
                        Err(refusal) => one.refused(refusal),
                    }
                });
            });
            let hits = had.iter().filter(|had| **had).count();
            one.hits.fetch_add(hits as u64, Relaxed);
            one.misses.fetch_add((had.len() - hits) as u64, Relaxed);
            let mut had = had.into_iter();
            wanted.retain(|_| !had.next().unwrap_or(false));
            if wanted.is_empty() {
                break;
            }
        }
    }

    /// Queues a result for every store that `flags` ask, but not for the one it came from. Whether any has queued it.
    pub(crate) fn write(
        &self, key: &Digest, tag: u64, value: &Value, pass: Pass, flags: Flags, source: Source,
    ) -> bool {
        if source == Source::Read(Tier::Disk) {
            return false; // whoever wrote it there wrote it to the remote, too
        }
        let (expires_ms, is_copy) = (wall_end(value), source != Source::Computed);
        let mut is_queued = false;
        for (one, epoch) in self.all.iter().zip(pass.epochs.0) {
            if flags.asks(one.tier == Tier::Remote) && source != Source::Read(one.tier) {
                let (key, value) = (*key, value.clone());
                is_queued |= one.behind.put(Write { key, value, tag, epoch, expires_ms, pass, is_copy });
            }
        }
        is_queued
    }

    /// Forgets a key everywhere, and says of the first store that could not. The last one first: what another process
    /// reads there before, it refuses to write to the one in front of it, by its epoch.
    pub(crate) fn remove(&self, key: &Digest) -> Result<()> {
        self.fences.remove(key);
        self.all.iter().for_each(|one| one.behind.forget(key));
        let removed = self.each(|one| {
            let wait = if one.tier == Tier::Disk { WRITER_WAIT } else { self.timeout };
            one.store.remove(key, deadline_in(wait))
        });
        self.fences.remove(key); // what was read meanwhile
        removed
    }

    /// Forgets what bears these tags, where a store can; the remote can't.
    pub(crate) fn remove_tagged(&self, tags: &[u64]) -> Result<()> {
        self.fences.tags(tags);
        self.all.iter().for_each(|one| one.behind.forget_tagged(tags));
        let removed = self.purge_disk(Purged::Tags(tags));
        self.fences.tags(tags);
        removed
    }

    /// Forgets everything on disk, and what waits to be written there.
    pub(crate) fn purge(&self) -> Result<()> {
        self.fences.purge();
        self.all.iter().for_each(|one| one.behind.forget_all());
        let purged = self.purge_disk(Purged::Everything);
        self.fences.purge();
        purged
    }

    fn purge_disk(&self, purged: Purged<'_>) -> Result<()> {
        self.each(|one| match one.tier {
            Tier::Disk => one.store.purge(purged, deadline_in(WRITER_WAIT)),
            Tier::Remote => Ok(()),
        })
    }

    /// Asks each, and answers with the first failure.
    fn each(&self, ask: impl Fn(&One) -> Result<()>) -> Result<()> {
        let failed: Vec<Error> = self.all.iter().rev().filter_map(|one| ask(one).err()).collect();
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    /// Waits until all that is queued now is written or dropped; false when the time is up.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let until = deadline_in(timeout);
        self.all.iter().fold(true, |all, one| one.behind.flush(until.saturating_duration_since(Instant::now())) & all)
    }

    /// [`Stores::flush`] for the disk alone.
    pub(crate) fn flush_disk(&self, timeout: Duration) -> bool {
        self.all.iter().find(|one| one.tier == Tier::Disk).is_none_or(|one| one.behind.flush(timeout))
    }

    /// Waits until every queue takes another write; false when the time is up.
    pub(crate) fn wait_for_room(&self, timeout: Duration) -> bool {
        self.all.iter().all(|one| one.behind.wait_for_room(timeout))
    }

    /// Reads the next part of what the disk has; false where that was the last, or there is no disk.
    pub(crate) fn scan(&self, page: &mut Page) -> Result<bool> {
        self.all.iter().find(|one| one.tier == Tier::Disk).map_or(Ok(false), |one| one.store.scan(page))
    }

    /// Drains the queues until then at the latest, and lets go of the stores; says how many writes were dropped.
    pub(crate) fn close(&self, until: Instant) -> u64 {
        let stop = |one: &One| {
            let dropped = one.behind.stop(until.saturating_duration_since(Instant::now()));
            one.store.close(until);
            dropped
        };
        self.all.iter().map(stop).sum()
    }

    /// What a tier counts; None where there is no such tier.
    pub(crate) fn stats(&self, tier: Tier) -> Option<TierStats> {
        let one = self.all.iter().find(|one| one.tier == tier)?;
        let (behind, mut store) = (one.behind.stats(), one.store.stats());
        if behind.panics > 0 {
            store.resting.get_or_insert_with(|| "its thread panicked, and nothing more is written".into());
        }
        Some(TierStats {
            hits: one.hits.load(Relaxed),
            misses: one.misses.load(Relaxed),
            refused: Refusal::ALL
                .iter()
                .zip(&one.refused)
                .map(|(why, times)| (why.name(), times.load(Relaxed)))
                .collect(),
            behind,
            store,
        })
    }
}

/// The end of a value's time to live by the wall clock; 0 for never. From the clock that stands still while asleep
/// nothing is asked: it is this process's own.
pub(crate) fn wall_end(value: &Value) -> u64 {
    match value.expires_ms() {
        0 => 0,
        expires => wall_ms().saturating_add(expires.saturating_sub(boot_ms())),
    }
}

impl One {
    fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].fetch_add(1, Relaxed);
    }
}

#[cfg_attr(not(any(feature = "disk", feature = "remote")), expect(unused_mut))]
fn open_all(options: &Options) -> Result<Vec<(Tier, Arc<dyn Store>)>> {
    let mut all: Vec<(Tier, Arc<dyn Store>)> = Vec::new();
    if let Some(_directory) = &options.disk_directory {
        #[cfg(feature = "disk")]
        all.push((
            Tier::Disk,
            Arc::new(super::disk::Disk::open(&super::disk::Config {
                directory: (**_directory).into(),
                max_bytes: options.disk_max_bytes,
                allow_network: options.disk_allow_network,
            })?),
        ));
        #[cfg(not(feature = "disk"))]
        return Err(missing("disk_directory", "disk"));
    }
    if !options.remote_urls.is_empty() {
        #[cfg(feature = "remote")]
        all.push((
            Tier::Remote,
            Arc::new(super::remote::Remote::open(&super::remote::Config {
                urls: options.remote_urls.iter().map(|url| url.to_string()).collect(),
                prefix: options.remote_prefix.to_string(),
                ttl_ms: options.remote_ttl_ms,
                max_value_bytes: usize::try_from(options.remote_max_value_bytes).unwrap_or(usize::MAX),
                lookup_timeout_ms: options.remote_timeout_ms,
                ca_file: options.remote_ca_file.as_ref().map(|file| (**file).into()),
                ..super::remote::Config::default()
            })?),
        ));
        #[cfg(not(feature = "remote"))]
        return Err(missing("remote_urls", "remote"));
    }
    Ok(all)
}

#[cfg(not(all(feature = "disk", feature = "remote")))]
fn missing(option: &str, feature: &str) -> Error {
    let text = format!("{option} is set, and this library was built without its feature {feature}");
    Error::new(crate::error::ErrorKind::NotSupported, text)
}

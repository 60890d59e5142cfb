//! An export: what memory has, batch by batch, then what the disk has and memory had not.

use super::target::Target;
use super::{Job, Stop};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::Error;
use crate::log::{self, Level};
use crate::memory::Walk;
use crate::tier::Page;
use crate::tier::envelope;
use crate::tier::file::FileWriter;
use hashbrown::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const BUFFER: usize = 256 << 10;
/// How long it waits until the disk has what was put before, and how often it looks whether it goes on.
const SETTLE: u32 = 100;
const STEP: Duration = Duration::from_millis(100);

/// The file, and which keys are in it: by a hash of 8 bytes, for there may be many. Two keys that share one cost a result.
struct Parcel<'a> {
    job: &'a Job,
    file: FileWriter<BufWriter<&'a File>>,
    hasher: RandomState,
    keys: HashSet<u64, RandomState>,
}

impl Parcel<'_> {
    /// Whether the key is new.
    fn begins(&mut self, key: &Digest) -> Result<bool, Error> {
        self.keys.try_reserve(1).map_err(|_| crate::error::ErrorKind::NoMemory)?;
        Ok(self.keys.insert(self.hasher.hash_one(key)))
    }

    fn push(&mut self, envelope: &[u8]) -> io::Result<()> {
        self.file.push(envelope)?;
        self.job.entries.fetch_add(1, Relaxed);
        self.job.bytes.store(self.file.bytes(), Relaxed);
        Ok(())
    }
}

pub(super) fn run(cache: &Cache, job: &Job, mut target: Target) -> Result<(), Stop> {
    {
        let failed = |error: io::Error| target.failed(&error);
        let file = FileWriter::new(BufWriter::with_capacity(BUFFER, &target.file)).map_err(failed)?;
        let mut parcel = Parcel { job, file, hasher: RandomState::new(), keys: HashSet::default() };
        memory(cache, &mut parcel, &failed)?;
        disk(cache, &mut parcel, &failed)?;
        parcel.file.finish().map_err(failed)?;
    }
    job.go_on()?;
    target.keep().map_err(|error| target.failed(&error))?;
    log::say(Level::Info, "export", || {
        let [entries, left_out, refused] = [&job.entries, &job.left_out, &job.refused].map(|n| n.load(Relaxed));
        format!("{entries} results exported, {left_out} left in memory, {refused} on disk did not check")
    });
    Ok(())
}

fn memory(cache: &Cache, parcel: &mut Parcel<'_>, failed: &dyn Fn(io::Error) -> Error) -> Result<(), Stop> {
    let (mut walk, mut leased) = (Walk::default(), Vec::new());
    while cache.walk_memory(&mut walk, &mut leased)? {
        for leased in leased.drain(..) {
            parcel.job.go_on()?;
            if !parcel.begins(&leased.key)? {
                continue;
            }
            match cache.close_envelope(&leased)? {
                Some(envelope) => parcel.push(&envelope).map_err(failed)?,
                None => drop(parcel.job.left_out.fetch_add(1, Relaxed)),
            }
        }
    }
    Ok(())
}

fn disk(cache: &Cache, parcel: &mut Parcel<'_>, failed: &dyn Fn(io::Error) -> Error) -> Result<(), Stop> {
    // What was evicted from memory may not be on the disk yet.
    for _ in 0..SETTLE {
        parcel.job.go_on()?;
        if cache.settle_disk(STEP)? {
            break;
        }
    }
    let mut page = Page::default();
    loop {
        let (broken, goes_on) = (page.broken, cache.walk_disk(&mut page)?);
        parcel.job.refused.fetch_add(page.broken - broken, Relaxed);
        for bytes in page.envelopes.drain(..) {
            parcel.job.go_on()?;
            let key = match envelope::header(&bytes) {
                Ok(header) if !parcel.begins(&header.key)? => continue,
                header => header.map(|header| header.key),
            };
            match key.and_then(|_| cache.open_envelope(&bytes)) {
                Ok(_) => parcel.push(&bytes).map_err(failed)?,
                Err(_) => drop(parcel.job.refused.fetch_add(1, Relaxed)),
            }
        }
        if !goes_on {
            return Ok(());
        }
    }
}

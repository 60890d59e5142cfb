//! A trace, and its replay.

use std::collections::HashSet;
use std::path::Path;
use streamcache::{Cache, Digest, Flags, Options, Policy, PutOptions, UNLIMITED};

pub struct Trace {
    pub name: String,
    pub keys: Vec<u32>,
    /// How many keys are different.
    pub different: u64,
}

/// The traces of a directory, by name.
pub fn traces_of(directory: &Path) -> Vec<Trace> {
    let files = std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{} can't be read: {e}", directory.display()));
    let paths = files.map(|file| file.expect("a directory's entry").path());
    let mut traces: Vec<Trace> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "u32")).map(|path| read(&path)).collect();
    traces.sort_by(|a, b| a.name.cmp(&b.name));
    traces
}

fn read(path: &Path) -> Trace {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{} can't be read: {e}", path.display()));
    assert!(!bytes.is_empty() && bytes.len() % 4 == 0, "{} is no list of 4-byte ids", path.display());
    let keys: Vec<u32> = bytes.chunks_exact(4).map(|id| u32::from_le_bytes(id.try_into().expect("4 bytes"))).collect();
    let different = keys.iter().collect::<HashSet<_>>().len() as u64;
    Trace { name: path.file_stem().unwrap_or_default().to_string_lossy().into(), keys, different }
}

/// How many of the requests hit in a cache of so many entries.
pub fn hit_percent(trace: &Trace, policy: Policy, entries: u64) -> f64 {
    let options = Options { policy, max_chunks: entries, max_bytes: UNLIMITED, ..Options::default() };
    let cache = Cache::open(&options).expect("these options open");
    let mut hits = 0u64;
    for id in &trace.keys {
        let mut key = Digest([0; 32]);
        key.0[..4].copy_from_slice(&id.to_le_bytes());
        if cache.get(&key, Flags::default()).expect("the cache is open").is_some() {
            hits += 1;
        } else {
            assert!(cache.put(&key, b"", &PutOptions::default()).is_ok_and(|put| put.stored));
        }
    }
    100.0 * hits as f64 / trace.keys.len() as f64
}

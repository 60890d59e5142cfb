//! Recorded traces: little-endian ids of what was asked for, 4 bytes each.

use std::collections::HashSet;
use std::path::Path;

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

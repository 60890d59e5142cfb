//! Files on which this process holds locks. To open one of them once more, and to close it again, drops them all, as POSIX
//! has it: another process would take an open store for a closed one, and put its log away. So whoever opens a file that a
//! caller names asks here first.
#![cfg_attr(not(feature = "disk"), allow(dead_code))] // who else would lock files

use crate::error::{Error, ErrorKind, Result};
use arc_swap::ArcSwapOption;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Paths = Arc<[PathBuf]>;

/// No lock: a fork may come at any time.
static LOCKED: ArcSwapOption<Vec<Paths>> = ArcSwapOption::const_empty();

/// Files that are locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Locked(Paths);

impl Locked {
    pub(crate) fn new(paths: impl Into<Paths>) -> Self {
        let paths = paths.into();
        LOCKED.rcu(|all| {
            let all = all.iter().flat_map(|all| all.iter().cloned()).chain([Arc::clone(&paths)]);
            Some(Arc::new(all.collect::<Vec<_>>()))
        });
        Self(paths)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        LOCKED.rcu(|all| {
            let others = all.iter().flat_map(|all| all.iter().filter(|paths| !Arc::ptr_eq(paths, &self.0)).cloned());
            let others: Vec<_> = others.collect();
            (!others.is_empty()).then(|| Arc::new(others))
        });
    }
}

/// An error where `path` leads to such a file, by whatever name.
pub(crate) fn check_unlocked(path: &Path) -> Result<()> {
    let Some(all) = LOCKED.load_full() else { return Ok(()) };
    let number = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let Some(its) = number(path) else { return Ok(()) };
    if all.iter().flat_map(|paths| paths.iter()).any(|locked| number(locked) == Some(its)) {
        let text = format!(
            "{} belongs to a store that this process has open: to read it would break the store's locks; export the store's results instead",
            path.display()
        );
        return Err(Error::new(ErrorKind::Io, text));
    }
    Ok(())
}

//! A file that is there whole or not at all: written under another name beside its place, and renamed once all of it is
//! on the disk.

use crate::error::{Error, ErrorKind, Result};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Others' files of the same process number, in another container, may be in the way.
const TRIES: usize = 100;

#[derive(Debug)]
pub(super) struct Target {
    pub(super) file: File,
    path: PathBuf,
    /// Its name until it is whole.
    beside: PathBuf,
    is_whole: bool,
}

impl Target {
    /// A file only this user reads, as what it holds.
    pub(super) fn create(path: &Path) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let Some(name) = path.file_name() else {
            return Err(Error::invalid(format!("{} names no file to write to", path.display())));
        };
        if path.is_dir() {
            return Err(Error::new(ErrorKind::Io, format!("{} is a directory: name a file in it", path.display())));
        }
        for _ in 0..TRIES {
            let mut beside = std::ffi::OsString::from(".");
            beside.push(name);
            beside.push(format!(".{}-{}.part", std::process::id(), NUMBER.fetch_add(1, Relaxed)));
            let beside = path.with_file_name(beside);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
                Ok(file) => return Ok(Self { file, path: path.to_owned(), beside, is_whole: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(path, &error)),
            }
        }
        Err(Error::new(ErrorKind::Io, format!("remove the files that end in .part beside {}", path.display())))
    }

    pub(super) fn failed(&self, error: &io::Error) -> Error {
        failed(&self.path, error)
    }

    /// Gives the file its name, in place of an older one.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.is_whole = true;
        // The name, too.
        let directory = self.path.parent().filter(|directory| !directory.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = fs::remove_file(&self.beside); // there is no one left to tell
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let text = format!("{} can't be written: {error}; choose a directory of yours with enough room", path.display());
    Error::new(ErrorKind::Io, text)
}

//! Where a store lives: a directory of this user's, on a local file system, with a file in it that only this user reads.

use crate::error::{Error, ErrorKind, Result};
use crate::process;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FILE: &str = "streamcache.db";

/// A directory that was checked.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    log: PathBuf,
    index: PathBuf,
}

/// Which files a connection has open: SQLite never replaces them while one has, so another number, or none, means that
/// somebody deleted or moved them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    file: Option<(u64, u64)>,
    log: Option<(u64, u64)>,
    index: Option<(u64, u64)>,
}

impl Place {
    /// Makes the directory if need be, mode 0700, and checks whose it is and what it is on.
    pub(super) fn prepare(directory: &Path, allow_network: bool) -> Result<Self> {
        let failed = |what: &str, error: io::Error| {
            Error::new(ErrorKind::Io, format!("the disk tier's directory {} {what}: {error}", directory.display()))
        };
        if directory.as_os_str().is_empty() {
            return Err(Error::invalid("the disk tier needs a directory; give a path that is not empty"));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|e| failed("can't be made", e))?;
        // One path for all threads, whatever becomes of the current directory.
        let directory = &directory.canonicalize().map_err(|e| failed("can't be found", e))?;
        let metadata = fs::metadata(directory).map_err(|e| failed("can't be read", e))?;
        check_owner(directory, &metadata)?;
        if metadata.mode() & 0o022 != 0 {
            return Err(Error::new(
                ErrorKind::Io,
                format!(
                    "others may write into the disk tier's directory {0}, and so plant answers; run: chmod 700 {0}",
                    directory.display()
                ),
            ));
        }
        if let Some(kind) = process::network_file_system(directory).map_err(|e| failed("can't be asked", e))? {
            if !allow_network {
                return Err(Error::new(
                    ErrorKind::Io,
                    format!(
                        "the disk tier's directory {} is on {kind}, where locks between processes can't be relied on; choose a local directory, or set disk_allow_network if only one host uses it",
                        directory.display()
                    ),
                ));
            }
        }
        let file = directory.join(FILE);
        let place = Self { log: beside(&file, "-wal"), index: beside(&file, "-shm"), file };
        place.make()?;
        Ok(place)
    }

    /// Makes the file with mode 0600, which SQLite copies to those it adds. A file that exists is never opened here:
    /// closing it again would drop the locks that SQLite holds on it elsewhere in this process. It must not be one that
    /// somebody planted while the directory was open to others.
    pub(super) fn make(&self) -> Result<()> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                [&self.file, &self.log, &self.index].into_iter().try_for_each(|file| check_file(file))
            }
            Err(error) => Err(Error::new(
                ErrorKind::Io,
                format!("{} can't be made: {error}; the directory must be writable", self.file.display()),
            )),
        }
    }

    pub(super) fn identity(&self) -> Identity {
        let number = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        Identity { file: number(&self.file), log: number(&self.log), index: number(&self.index) }
    }

    /// The files that SQLite holds locks on.
    pub(super) fn locked(&self) -> [PathBuf; 2] {
        [self.file.clone(), self.index.clone()]
    }

    /// The length of the write-ahead log.
    pub(super) fn log_len(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |metadata| metadata.len())
    }
}

fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    let (owner, user, path) = (metadata.uid(), process::effective_user(), path.display());
    if owner == user {
        return Ok(());
    }
    let advice = match user {
        // It is a service's, as a rule, which would be locked out of it.
        0 => format!("run this as user {owner}, or choose another"),
        _ => "give it to this user with chown, or choose another".into(),
    };
    let text = format!("the disk tier's {path} belongs to user {owner}, not to this process's user {user}; {advice}");
    Err(Error::new(ErrorKind::Io, text))
}

/// A file of the store that is there: a regular one, of this user, that nobody else may write to.
fn check_file(path: &Path) -> Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(Error::new(ErrorKind::Io, format!("{} can't be looked at: {error}", path.display())));
        }
    };
    let refused = |why| Err(Error::new(ErrorKind::Io, format!("{}{why}", path.display())));
    if !metadata.is_file() {
        return refused(" is no regular file, and a store's are; move it away, or choose another directory");
    }
    if metadata.mode() & 0o022 != 0 {
        return refused(
            " may be written to by others, who may have planted answers in it; delete it, or run chmod 600",
        );
    }
    check_owner(path, &metadata)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(test)]
impl Place {
    /// Bytes of all three files.
    pub(super) fn bytes(&self) -> u64 {
        ["", "-wal", "-shm"].iter().map(|suffix| fs::metadata(beside(&self.file, suffix)).map_or(0, |m| m.len())).sum()
    }
}

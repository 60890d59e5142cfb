//! `streamcache`: looks into the stores of caches and the files they export.

mod carry;
mod inspect;
mod show;
mod tidy;
mod verify;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use streamcache::Error;
use streamcache::digest::Secret;

/// Looks into what caches keep on disk, on a server, and in files.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 1 something does not check: damaged, expired, or of another secret; 2 wrong usage; \
                  3 something can't be read or written, and the message says what to do."
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show what a store has: entries, bytes and age, for each filter's tag
    Inspect {
        /// A cache's disk directory, or the URL of its server (redis:// or unix://; of a cluster, each node's)
        place: String,
        /// What the names of entries on the server begin with
        #[arg(long, default_value = "streamcache:")]
        prefix: String,
    },
    /// Check every result of a store or of an exported file
    Verify {
        /// A cache's disk directory, or an exported file
        place: PathBuf,
        #[command(flatten)]
        secret: SecretFile,
    },
    /// Delete what is expired or purged, and give the space back to the file system
    Gc {
        /// A cache's disk directory
        directory: PathBuf,
        /// The store's limit from now on, in bytes: for all caches that use it, unless one sets its own
        #[arg(long, value_name = "N")]
        max_bytes: Option<u64>,
    },
    /// Write all results of a store that check to a file
    Export {
        /// A cache's disk directory
        directory: PathBuf,
        /// The file; it is there when it is whole
        file: PathBuf,
        #[command(flatten)]
        secret: SecretFile,
    },
    /// Put the results in a file into a store
    Import {
        /// An exported file
        file: PathBuf,
        /// A cache's disk directory, made if it isn't there
        directory: PathBuf,
        #[command(flatten)]
        secret: SecretFile,
    },
}

#[derive(clap::Args)]
struct SecretFile {
    /// A file with the cache's secret, in hexadecimal digits as in its options
    #[arg(long = "secret-file", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl SecretFile {
    fn read(&self) -> Result<Option<Secret>, Failure> {
        let Some(path) = &self.path else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|e| Failure::Io(format!("{}: {e}; name a file with the secret in it", path.display())))?;
        let secret = Secret::from_hex(text.trim());
        secret.map(Some).map_err(|e| Failure::Io(format!("{}: {e}", path.display())))
    }
}

/// Why it did not all go well.
enum Failure {
    /// This many results don't check.
    Refused(String),
    Io(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Io(error.message().into())
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Inspect { place, prefix } => inspect::run(&place, &prefix),
        Verb::Verify { place, secret } => secret.read().and_then(|secret| verify::run(&place, secret.as_ref())),
        Verb::Gc { directory, max_bytes } => tidy::run(&directory, max_bytes),
        Verb::Export { directory, file, secret } => {
            secret.read().and_then(|secret| carry::export(&directory, &file, secret))
        }
        Verb::Import { file, directory, secret } => {
            secret.read().and_then(|secret| carry::import(&file, &directory, secret))
        }
    };
    let (code, text) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Refused(text)) => (1, text),
        Err(Failure::Io(text)) => (3, text),
    };
    eprintln!("streamcache: {text}");
    ExitCode::from(code)
}

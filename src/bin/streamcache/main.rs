//! `streamcache`: looks into the stores of caches and the files they export.

mod carry;
mod inspect;
mod show;
mod tidy;
mod verify;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use streamcache::Error;
use streamcache::digest::Secret;
use streamcache::tool::Opening;

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
        /// A cache's disk directory, or the URL of its server, as a cache's options have it: redis://, rediss://,
        /// redis+cluster://, unix://, ...
        #[arg(required_unless_present = "url_file")]
        place: Option<String>,
        /// A file with that URL: a password on the command line is seen by every user of the machine
        #[arg(long, value_name = "FILE", conflicts_with = "place")]
        url_file: Option<PathBuf>,
        /// Certificates, in PEM, of those who may vouch for the server, in place of the system's
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// What the names of entries on the server begin with
        #[arg(long, default_value = "streamcache:")]
        prefix: String,
        #[command(flatten)]
        network: Network,
    },
    /// Check every result of a store or of an exported file
    Verify {
        /// A cache's disk directory, or an exported file
        place: PathBuf,
        #[command(flatten)]
        secret: SecretFile,
        #[command(flatten)]
        network: Network,
    },
    /// Delete what is expired or purged, and give the space back to the file system
    Gc {
        /// A cache's disk directory
        directory: PathBuf,
        /// The store's limit from now on, in bytes: for all caches that use it, unless one sets its own
        #[arg(long, value_name = "N")]
        max_bytes: Option<u64>,
        #[command(flatten)]
        network: Network,
    },
    /// Write all results of a store that check to a file
    Export {
        /// A cache's disk directory
        directory: PathBuf,
        /// The file; it is there when it is whole
        file: PathBuf,
        #[command(flatten)]
        secret: SecretFile,
        #[command(flatten)]
        network: Network,
    },
    /// Put the results in a file into a store
    Import {
        /// An exported file
        file: PathBuf,
        /// A cache's disk directory, made if it isn't there
        directory: PathBuf,
        /// The store's limit from now on, in bytes; a store that is made here has 1 GiB without it
        #[arg(long, value_name = "N")]
        max_bytes: Option<u64>,
        #[command(flatten)]
        secret: SecretFile,
        #[command(flatten)]
        network: Network,
    },
}

#[derive(clap::Args)]
struct Network {
    /// The directory may be on a network file system: only on the one host whose caches use it
    #[arg(long)]
    allow_network: bool,
}

impl Network {
    fn opening(&self, max_bytes: Option<u64>) -> Opening {
        Opening { max_bytes, allow_network: self.allow_network }
    }
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
        let secret = Secret::from_hex(&first_line(path, "the secret")?);
        secret.map(Some).map_err(|e| Failure::Io(format!("{}: {e}", path.display())))
    }
}

/// What a file has that has nothing else.
fn first_line(path: &Path, what: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| Failure::Io(format!("{}: {e}; name a file with {what} in it", path.display())))?;
    Ok(text.trim().into())
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
        Verb::Inspect { place: Some(place), ca_file, prefix, network, .. } => {
            inspect::run(&place, ca_file, &prefix, network.opening(None))
        }
        Verb::Inspect { url_file, ca_file, prefix, network, .. } => {
            first_line(&url_file.unwrap_or_default(), "the URL")
                .and_then(|url| inspect::run(&url, ca_file, &prefix, network.opening(None)))
        }
        Verb::Verify { place, secret, network } => {
            secret.read().and_then(|secret| verify::run(&place, secret.as_ref(), network.opening(None)))
        }
        Verb::Gc { directory, max_bytes, network } => tidy::run(&directory, network.opening(max_bytes)),
        Verb::Export { directory, file, secret, network } => {
            secret.read().and_then(|secret| carry::export(&directory, &file, secret, network.opening(None)))
        }
        Verb::Import { file, directory, max_bytes, secret, network } => {
            secret.read().and_then(|secret| carry::import(&file, &directory, secret, network.opening(max_bytes)))
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

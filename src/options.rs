//! How a cache is to be: one table of options, from which JSON goes in and out and the README's table is made.

mod table;
#[cfg(test)]
mod tests;

use crate::digest::{MAX_THREADS, Secret};
use crate::error::{Error, Result};
use crate::json;
use serde_json::{Map, Value as Json};
use std::fmt;
use std::time::Duration;
use table::{DISK_LIMITS, Entry, HIDDEN, PRIVATE, REMOTE_TIMEOUTS, SECRET, TABLE};
use zeroize::Zeroize;

/// No limit, said explicitly.
pub const UNLIMITED: u64 = u64::MAX;

/// Below this, `max_bytes` can't hold one small value with its index: surely a wrong unit.
const MIN_MAX_BYTES: u64 = 4096;

/// The eviction policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// S3-FIFO (Yang et al., SOSP 2023): resists scans, and has the fastest put.
    S3Fifo,
    /// Least recently used, exact within a shard.
    Lru,
    /// S3-FIFO where new keys also compete by frequency and by what they cost, in that of three modes which would hit
    /// most: the default.
    Adaptive,
}

/// What a cache is opened with. Shows itself as its JSON, without its secret and without URLs that have a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// What people call this cache, in logs and stats.
    pub name: Box<str>,
    /// The hard limit in bytes on results, leased values, states and index; 0 stores nothing.
    pub max_bytes: u64,
    /// The hard limit on stored results; 0 stores nothing.
    pub max_chunks: u64,
    /// The eviction policy.
    pub policy: Policy,
    /// The longest time to live of a result in milliseconds, time asleep included; 0 is no limit.
    pub ttl_ms: u64,
    /// How old a ticket may become before a caller who waits takes its right over, in milliseconds; 0 is no limit.
    pub ticket_max_age_ms: u64,
    /// Threads of the cache's own that share the digesting of large chunks; 1 is none but the caller's.
    pub hash_threads: u64,
    /// Sets this cache's keys apart from those of caches with other namespaces; empty for none.
    pub namespace: Box<str>,
    /// With it nobody outside can predict or plant a key. Never printed, and never part of a dump.
    pub secret: Option<Secret>,
    /// Where results outlive the process, in one SQLite file; None for nowhere.
    pub disk_directory: Option<Box<str>>,
    /// The hard limit in bytes on that file and its log. It belongs to the store: whoever opens it with a limit sets it
    /// for all; None keeps the store's own, 1 GiB for a new one.
    pub disk_max_bytes: Option<u64>,
    /// Whether the directory may be on a network file system, where only one host uses it.
    pub disk_allow_network: bool,
    /// The Redis or Valkey server that a fleet shares, or nodes of a cluster; empty for none.
    pub remote_urls: Vec<Box<str>>,
    /// What the name of every entry there begins with.
    pub remote_prefix: Box<str>,
    /// How long the server keeps a result, in milliseconds, unless its own time to live is over before.
    pub remote_ttl_ms: u64,
    /// Larger results, in bytes of their envelope, stay local.
    pub remote_max_value_bytes: u64,
    /// How long a lookup waits for the server, all in all, in milliseconds.
    pub remote_timeout_ms: u64,
    /// Certificates, in PEM, of those who may vouch for a server; None for the system's.
    pub remote_ca_file: Option<Box<str>>,
    /// The most bytes of results that wait to be written behind, for each store, and at most a sixteenth of `max_bytes`.
    pub write_behind_max_bytes: u64,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options{}", self.to_json())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "".into(),
            max_bytes: 256 << 20,
            max_chunks: UNLIMITED,
            policy: Policy::Adaptive,
            ttl_ms: 0,
            ticket_max_age_ms: 0,
            hash_threads: 1,
            namespace: "".into(),
            secret: None,
            disk_directory: None,
            disk_max_bytes: None,
            disk_allow_network: false,
            remote_urls: Vec::new(),
            remote_prefix: "streamcache:".into(),
            remote_ttl_ms: 7 * 24 * 3600 * 1000,
            remote_max_value_bytes: 1 << 20,
            remote_timeout_ms: 50,
            remote_ca_file: None,
            write_behind_max_bytes: 64 << 20,
        }
    }
}

impl Options {
    /// Reads a JSON object; what it does not name keeps its default. An unknown name is an error that offers the
    /// nearest known one.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        let Json::Object(mut given) = json::parse(text)? else {
            return Err(Error::invalid("options are a JSON object, such as {\"max_bytes\": 268435456}"));
        };
        let options = Self::from_object(&given);
        if let Some(Json::String(secret)) = given.get_mut(SECRET) {
            secret.zeroize();
        }
        options
    }

    fn from_object(given: &Map<String, Json>) -> Result<Self> {
        let mut options = Self::default();
        for (name, value) in given {
            let entry = TABLE.iter().find(|entry| entry.name == name).ok_or_else(|| unknown(name))?;
            (entry.set)(&mut options, value).ok_or_else(|| {
                let shown = if PRIVATE.contains(&name.as_str()) { &HIDDEN.into() } else { value };
                Error::invalid(format!("{name} is {shown}: it takes {}", entry.takes))
            })?;
        }
        Ok(options)
    }

    /// Every option as a JSON object that [`Options::from_json`] reads back, but for a secret: in its place stands what
    /// is refused, so that no cache is opened without it by accident.
    pub fn to_json(&self) -> String {
        let object: Map<String, Json> = TABLE.iter().map(|entry| (entry.name.into(), (entry.read)(self))).collect();
        Json::from(object).to_string()
    }

    /// The table of options in Markdown.
    pub fn documentation() -> String {
        let defaults = Self::default();
        let row = |entry: &Entry| {
            let Entry { name, takes, unit, changeable, meaning, read, .. } = entry;
            format!("| `{name}` | {takes} | {unit} | `{}` | {changeable} | {meaning} |\n", read(&defaults))
        };
        let head = "| option | takes | unit | default | changeable in use | meaning |\n|---|---|---|---|---|---|\n";
        TABLE.iter().fold(head.to_owned(), |table, entry| table + &row(entry))
    }

    pub(crate) fn ticket_max_age(&self) -> Option<Duration> {
        (self.ticket_max_age_ms > 0).then(|| Duration::from_millis(self.ticket_max_age_ms))
    }

    /// Refuses what can only be a mistake.
    pub fn check(&self) -> Result<()> {
        if !(1..=MAX_THREADS).contains(&self.hash_threads) {
            let given = self.hash_threads;
            return Err(Error::invalid(format!(
                "hash_threads is {given}: it takes 1, for none of its own, to {MAX_THREADS}"
            )));
        }
        if self.disk_max_bytes.is_some_and(|bytes| !DISK_LIMITS.contains(&bytes)) {
            return Err(Error::invalid("disk_max_bytes is out of range: it takes 4 MiB or more (it counts bytes)"));
        }
        if !REMOTE_TIMEOUTS.contains(&self.remote_timeout_ms) {
            return Err(Error::invalid("remote_timeout_ms is out of range: it takes 1 to 60000"));
        }
        check_max_bytes(self.max_bytes)
    }
}

/// Refuses a limit that can only be a mistake.
pub(crate) fn check_max_bytes(max_bytes: u64) -> Result<()> {
    if (1..MIN_MAX_BYTES).contains(&max_bytes) {
        return Err(Error::invalid(format!(
            "max_bytes is {max_bytes}: too small to hold anything (it counts bytes, not MiB); set it to {MIN_MAX_BYTES} or more, or to 0 to store nothing on purpose"
        )));
    }
    Ok(())
}

fn unknown(name: &str) -> Error {
    // Hidden from the optimiser, which would unroll this and then think for minutes about twenty nested minima.
    let table: &[Entry] = std::hint::black_box(&TABLE);
    let names: Vec<&str> = table.iter().map(|entry| entry.name).collect();
    let nearest = names.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or(&"");
    Error::invalid(format!("unknown option {name:?}: did you mean {nearest:?}? The options are {}", names.join(", ")))
}

//! How a remote store is to be.

use super::target::Target;
use crate::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;

/// The options of a remote store; [`Config::check`] says what is wrong with them.
///
/// A URL is one of
///
/// - `redis://[user[:password]@]host[:port][/database]`, and `rediss://…` for the same under TLS,
/// - `unix:///path[?db=N&user=…&pass=…]`, also written `redis+unix://`, for a socket on this host,
/// - `redis+cluster://…` or `rediss+cluster://…` for a node that knows the others of its cluster.
///
/// `valkey` may stand for `redis` in each. Several URLs are nodes of one cluster, whichever way they are written: the
/// first that answers names all others. Name and password go to every node. A server's certificate must be good for the
/// host as the URL, or the cluster, writes it.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) urls: Vec<String>,
    /// What the name of every entry begins with, before the key in hexadecimal digits.
    pub(crate) prefix: String,
    /// How long the server keeps an entry, unless the entry's own end comes sooner.
    pub(crate) ttl_ms: u64,
    /// Envelopes above this stay local. The same for all who share a server: a larger one that another host stored is
    /// taken for garbage.
    pub(crate) max_value_bytes: usize,
    /// What a lookup has, as a rule. One that has less than a quarter of it left when it is asked is no evidence against
    /// the server.
    pub(crate) lookup_timeout_ms: u64,
    /// To resolve a name, connect, agree on keys and log in.
    pub(crate) connect_timeout_ms: u64,
    /// To store one portion of what [`super::Remote`] is given to store, at most about a mebibyte.
    pub(crate) write_timeout_ms: u64,
    /// How long a server that answers again may still find what was sent to it over a connection that is no more.
    pub(crate) doubt_ms: u64,
    /// The first and the longest rest after faults.
    pub(crate) first_rest_ms: u64,
    pub(crate) longest_rest_ms: u64,
    /// Certificates, in PEM, of those who may vouch for a server; None for the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            prefix: "streamcache:".into(),
            ttl_ms: 7 * 24 * 3600 * 1000,
            max_value_bytes: 1 << 20,
            lookup_timeout_ms: 50,
            connect_timeout_ms: 1000,
            write_timeout_ms: 2000,
            doubt_ms: 2000,
            first_rest_ms: 1000,
            longest_rest_ms: 30_000,
            ca_file: None,
        }
    }
}

/// The most that a server keeps in one string.
const SERVER_MAX_BYTES: usize = 512 << 20;
/// The most that `PX` takes without an overflow at the server's end.
const TTL_MAX_MS: u64 = 1000 * 365 * 24 * 3600 * 1000;

impl Config {
    #[cfg(test)]
    /// INVALID_ARGUMENT, with what to write instead. Reads no file and asks no network.
    pub(crate) fn check(&self) -> Result<()> {
        self.targets().map(drop)
    }

    /// Whom to talk to, and whether they are a cluster.
    pub(super) fn targets(&self) -> Result<(Vec<Target>, bool)> {
        let refused = |text: &'static str| Err(Error::invalid(text));
        if self.urls.is_empty() {
            return refused("the remote store has no URL: write one, as in redis://host:6379, or leave the store out");
        }
        if self.prefix.contains(['{', '}']) {
            return refused("the remote store's prefix has a brace: in a cluster it would put every entry on one node");
        }
        if self.prefix.len() > 1024 {
            return refused("the remote store's prefix is longer than 1,024 bytes: every entry bears it; shorten it");
        }
        if !(1..=TTL_MAX_MS).contains(&self.ttl_ms) {
            return refused(
                "the remote store's ttl_ms must be between 1 and 1,000 years: nothing is kept for ever there",
            );
        }
        if !(1..=SERVER_MAX_BYTES).contains(&self.max_value_bytes) {
            return refused("the remote store's max_value_bytes must be between 1 and 512 MiB, a server's own limit");
        }
        if self.connect_timeout_ms == 0 || self.write_timeout_ms == 0 || self.first_rest_ms == 0 {
            return refused("a timeout or rest of the remote store is 0 ms: nothing could be done in that time");
        }
        let mut cluster = self.urls.len() > 1;
        let mut targets = Vec::with_capacity(self.urls.len());
        for url in &self.urls {
            let (target, of_cluster) = Target::parse(url)?;
            cluster |= of_cluster;
            targets.push(target);
        }
        if cluster && targets.iter().any(|target| !target.fits_a_cluster()) {
            return refused(
                "nodes of a cluster are reached over TCP and have only database 0: correct the remote URLs",
            );
        }
        Ok((targets, cluster))
    }
}

/// Without the URLs: a password may be in them.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("urls", &self.urls.len()).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

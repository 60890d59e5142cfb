//! The table of options: each with its documentation, and its way into and out of JSON.

use super::{Options, Policy, UNLIMITED};
use crate::digest::{MAX_THREADS, Secret};
use serde_json::Value as Json;
use std::ops::RangeInclusive;

/// What a store's file needs at least, and SQLite's arithmetic at most.
pub(super) const DISK_LIMITS: RangeInclusive<u64> = 4 << 20..=i64::MAX as u64;
/// A lookup that waits longer is none.
pub(super) const REMOTE_TIMEOUTS: RangeInclusive<u64> = 1..=60_000;

/// One option: its documentation, and its way into and out of JSON.
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// What it takes in JSON, with its range.
    pub(super) takes: &'static str,
    pub(super) unit: &'static str,
    pub(super) changeable: &'static str,
    pub(super) meaning: &'static str,
    pub(super) read: fn(&Options) -> Json,
    /// None when the value is not what the option takes.
    pub(super) set: fn(&mut Options, &Json) -> Option<()>,
}

/// The option whose value no error and no dump repeats.
pub(super) const SECRET: &str = "secret";
/// What stands in its place.
pub(super) const HIDDEN: &str = "hidden";

/// Options that may hold what must not be repeated.
pub(super) const PRIVATE: [&str; 2] = [SECRET, REMOTE_URLS];
const REMOTE_URLS: &str = "remote_urls";

pub(super) const TABLE: [Entry; 19] = [
    Entry {
        name: "name",
        takes: "a string",
        unit: "",
        changeable: "no",
        meaning: "what people call this cache, in logs and stats",
        read: |options| (*options.name).into(),
        set: |options, value| {
            options.name = value.as_str()?.into();
            Some(())
        },
    },
    Entry {
        name: "max_bytes",
        takes: "0, a whole number from 4096 to 2^64−2, or \"unlimited\"",
        unit: "bytes",
        changeable: "`streamcache_cache_set_max_bytes`",
        meaning: "hard limit on results, leased values, states and index; 0 stores nothing",
        read: |options| limit_out(options.max_bytes),
        set: |options, value| {
            options.max_bytes = limit_in(value)?;
            Some(())
        },
    },
    Entry {
        name: "max_chunks",
        takes: "a whole number from 0 to 2^64−2, or \"unlimited\"",
        unit: "results",
        changeable: "`streamcache_cache_set_max_chunks`",
        meaning: "hard limit on stored results; 0 stores nothing",
        read: |options| limit_out(options.max_chunks),
        set: |options, value| {
            options.max_chunks = limit_in(value)?;
            Some(())
        },
    },
    Entry {
        name: "policy",
        takes: "\"adaptive\", \"s3fifo\" or \"lru\"",
        unit: "",
        changeable: "no",
        meaning: "what is evicted first: the adaptive policy counts how often keys are seen, weighs what they cost, and follows the traffic; S3-FIFO resists scans; LRU is exact within a shard (see docs/policy.md)",
        read: |options| policy_out(options.policy).into(),
        set: |options, value| {
            options.policy = policy_in(value.as_str()?)?;
            Some(())
        },
    },
    Entry {
        name: "ttl_ms",
        takes: "a whole number from 0 to 2^64−1",
        unit: "milliseconds",
        changeable: "no; a put may ask for less",
        meaning: "longest time to live of a result, time asleep included; 0 is no limit",
        read: |options| options.ttl_ms.into(),
        set: |options, value| {
            options.ttl_ms = value.as_u64()?;
            Some(())
        },
    },
    Entry {
        name: "ticket_max_age_ms",
        takes: "a whole number from 0 to 2^64−1",
        unit: "milliseconds",
        changeable: "no",
        meaning: "age at which a waiting caller takes over what a ticket's owner does not finish; 0 is never",
        read: |options| options.ticket_max_age_ms.into(),
        set: |options, value| {
            options.ticket_max_age_ms = value.as_u64()?;
            Some(())
        },
    },
    Entry {
        name: "hash_threads",
        takes: "a whole number from 1 to 64",
        unit: "threads",
        changeable: "no",
        meaning: "threads of the cache's own that share the digesting of chunks of 1 MiB or more; 1 starts none",
        read: |options| options.hash_threads.into(),
        set: |options, value| {
            options.hash_threads = value.as_u64().filter(|threads| (1..=MAX_THREADS).contains(threads))?;
            Some(())
        },
    },
    Entry {
        name: "namespace",
        takes: "a string",
        unit: "",
        changeable: "no",
        meaning: "part of every filter's key: caches of other namespaces share no result",
        read: |options| (*options.namespace).into(),
        set: |options, value| {
            options.namespace = value.as_str()?.into();
            Some(())
        },
    },
    Entry {
        name: SECRET,
        takes: "hexadecimal digits in a string, two a byte, of 16 bytes or more, or null",
        unit: "",
        changeable: "no",
        meaning: "part of every filter's key: without it nobody can predict or plant one; written as \"hidden\", not read back",
        read: |options| options.secret.as_ref().map_or(Json::Null, |_| HIDDEN.into()),
        set: |options, value| {
            options.secret = if value.is_null() { None } else { Some(Secret::from_hex(value.as_str()?).ok()?) };
            Some(())
        },
    },
    Entry {
        name: "disk_directory",
        takes: "a string, or null",
        unit: "",
        changeable: "no",
        meaning: "where results outlive the process, in one SQLite file that other processes of this host and user may share; null for nowhere",
        read: |options| text_out(&options.disk_directory),
        set: |options, value| {
            options.disk_directory = text_in(value)?;
            Some(())
        },
    },
    Entry {
        name: "disk_max_bytes",
        takes: "a whole number from 4194304 to 2^63−1, or null",
        unit: "bytes",
        changeable: "no",
        meaning: "hard limit on that file and its log together; it belongs to the store, and whoever opens it with a limit sets it for all; null keeps the store's own, 1 GiB for a new one",
        read: |options| options.disk_max_bytes.map_or(Json::Null, Json::from),
        set: |options, value| {
            options.disk_max_bytes =
                if value.is_null() { None } else { Some(value.as_u64().filter(|bytes| DISK_LIMITS.contains(bytes))?) };
            Some(())
        },
    },
    Entry {
        name: "disk_allow_network",
        takes: "true or false",
        unit: "",
        changeable: "no",
        meaning: "whether the directory may be on a network file system, where only one host may use it",
        read: |options| options.disk_allow_network.into(),
        set: |options, value| {
            options.disk_allow_network = value.as_bool()?;
            Some(())
        },
    },
    Entry {
        name: REMOTE_URLS,
        takes: "a string or a list of strings",
        unit: "",
        changeable: "no",
        meaning: "Redis or Valkey that a fleet shares: `redis://`, `rediss://` or `unix://`, several for the nodes of a cluster; a URL with a password is written as \"hidden\", not read back",
        read: |options| urls_out(&options.remote_urls),
        set: |options, value| {
            options.remote_urls = urls_in(value)?;
            Some(())
        },
    },
    Entry {
        name: "remote_prefix",
        takes: "a string",
        unit: "",
        changeable: "no",
        meaning: "what the name of every entry there begins with, before the key in hexadecimal digits",
        read: |options| (*options.remote_prefix).into(),
        set: |options, value| {
            options.remote_prefix = value.as_str()?.into();
            Some(())
        },
    },
    Entry {
        name: "remote_ttl_ms",
        takes: "a whole number from 1",
        unit: "milliseconds",
        changeable: "no",
        meaning: "how long the server keeps a result, unless its own time to live is over before",
        read: |options| options.remote_ttl_ms.into(),
        set: |options, value| {
            options.remote_ttl_ms = value.as_u64().filter(|ttl| *ttl > 0)?;
            Some(())
        },
    },
    Entry {
        name: "remote_max_value_bytes",
        takes: "a whole number from 1",
        unit: "bytes",
        changeable: "no",
        meaning: "larger results stay local; the same for all who share a server",
        read: |options| options.remote_max_value_bytes.into(),
        set: |options, value| {
            options.remote_max_value_bytes = value.as_u64().filter(|bytes| *bytes > 0)?;
            Some(())
        },
    },
    Entry {
        name: "remote_timeout_ms",
        takes: "a whole number from 1 to 60000",
        unit: "milliseconds",
        changeable: "no",
        meaning: "how long a lookup waits for the server all in all, or for another caller who reads a store",
        read: |options| options.remote_timeout_ms.into(),
        set: |options, value| {
            options.remote_timeout_ms = value.as_u64().filter(|timeout| REMOTE_TIMEOUTS.contains(timeout))?;
            Some(())
        },
    },
    Entry {
        name: "remote_ca_file",
        takes: "a string, or null",
        unit: "",
        changeable: "no",
        meaning: "certificates, in PEM, of those who may vouch for a server; null for the system's",
        read: |options| text_out(&options.remote_ca_file),
        set: |options, value| {
            options.remote_ca_file = text_in(value)?;
            Some(())
        },
    },
    Entry {
        name: "write_behind_max_bytes",
        takes: "a whole number from 0 to 2^64−1",
        unit: "bytes",
        changeable: "no",
        meaning: "how much may wait to be written for each store before what comes is not written: this, a sixteenth of max_bytes, or 65536 results",
        read: |options| options.write_behind_max_bytes.into(),
        set: |options, value| {
            options.write_behind_max_bytes = value.as_u64()?;
            Some(())
        },
    },
];

fn limit_in(value: &Json) -> Option<u64> {
    if value == "unlimited" { Some(UNLIMITED) } else { value.as_u64() }
}

fn limit_out(limit: u64) -> Json {
    if limit == UNLIMITED { "unlimited".into() } else { limit.into() }
}

fn policy_in(name: &str) -> Option<Policy> {
    [Policy::S3Fifo, Policy::Lru, Policy::Adaptive].into_iter().find(|&policy| policy_out(policy) == name)
}

fn policy_out(policy: Policy) -> &'static str {
    match policy {
        Policy::S3Fifo => "s3fifo",
        Policy::Lru => "lru",
        Policy::Adaptive => "adaptive",
    }
}

fn text_in(value: &Json) -> Option<Option<Box<str>>> {
    if value.is_null() { Some(None) } else { value.as_str().map(|text| Some(text.into())) }
}

fn text_out(text: &Option<Box<str>>) -> Json {
    text.as_deref().map_or(Json::Null, Json::from)
}

fn urls_in(value: &Json) -> Option<Vec<Box<str>>> {
    let url = |value: &Json| value.as_str().filter(|url| *url != HIDDEN).map(Box::from);
    match value {
        Json::Array(urls) => urls.iter().map(url).collect(),
        one => url(one).map(|url| vec![url]),
    }
}

fn urls_out(urls: &[Box<str>]) -> Json {
    let is_private = |url: &str| url.contains('@') || url.contains("pass=");
    urls.iter().map(|url| Json::from(if is_private(url) { HIDDEN } else { &**url })).collect()
}

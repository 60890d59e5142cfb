//! How a cache is to be: one table of options, from which JSON goes in and out and the README's table is made.

use crate::digest::{MAX_THREADS, Secret};
use crate::error::{Error, Result};
use crate::json;
use serde_json::{Map, Value as Json};
use std::time::Duration;
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

/// What a cache is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        }
    }
}

/// One option: its documentation, and its way into and out of JSON.
struct Entry {
    name: &'static str,
    /// What it takes in JSON, with its range.
    takes: &'static str,
    unit: &'static str,
    changeable: &'static str,
    meaning: &'static str,
    read: fn(&Options) -> Json,
    /// None when the value is not what the option takes.
    set: fn(&mut Options, &Json) -> Option<()>,
}

/// The option whose value no error and no dump repeats.
const SECRET: &str = "secret";
/// What stands in its place.
const HIDDEN: &str = "hidden";

const TABLE: [Entry; 9] = [
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
        meaning: "threads of the cache's own that share the digesting of chunks of 512 KiB or more; 1 starts none",
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
];

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
                let shown = if name == SECRET { &HIDDEN.into() } else { value };
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

fn unknown(name: &str) -> Error {
    let names = TABLE.map(|entry| entry.name);
    let nearest = names.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or(&"");
    Error::invalid(format!("unknown option {name:?}: did you mean {nearest:?}? The options are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_sets_what_it_names_and_leaves_the_rest() {
        let text = br#"{"max_bytes": 8192, "max_chunks": "unlimited", "policy": "lru", "ttl_ms": 5, "name": "n"}"#;
        let options = Options::from_json(text).unwrap();
        assert_eq!((options.max_bytes, options.max_chunks, options.policy), (8192, UNLIMITED, Policy::Lru));
        assert_eq!((options.ttl_ms, &*options.name), (5, "n"));
        assert_eq!(Options::from_json(b"{}").unwrap(), Options::default());
    }

    #[test]
    fn what_json_says_comes_back_the_same() {
        let all = Options {
            name: "é\"".into(),
            max_bytes: 0,
            max_chunks: 7,
            policy: Policy::Lru,
            ttl_ms: u64::MAX,
            ticket_max_age_ms: 9,
            hash_threads: 2,
            namespace: "a\0".into(),
            secret: None,
        };
        for options in [all, Options::default()] {
            assert_eq!(Options::from_json(options.to_json().as_bytes()).unwrap(), options);
        }
    }

    #[test]
    fn no_mistake_no_dump_and_no_debug_output_repeats_the_secret() {
        let digits = "7357".repeat(8);
        let options = Options::from_json(format!(r#"{{"secret": "{digits}"}}"#).as_bytes()).unwrap();
        assert!(options.secret.is_some() && options != Options::default());
        assert!(!format!("{options:?} {}", options.to_json()).contains("7357"));
        let again = Options::from_json(options.to_json().as_bytes()).unwrap_err();
        assert!(again.message().contains("secret is \"hidden\": it takes hexadecimal digits"), "{again}");
        for text in [
            format!(r#"{{"secret": "{digits}x"}}"#),
            format!(r#"{{"secret": "{digits}xy"}}"#),
            format!(r#"{{"secret": ["{digits}"]}}"#),
            format!(r#"{{"secret": {digits}}}"#), // the quotes forgotten
            format!(r#"{{"secret": {digits}e4}}"#),
            format!(r#"{{"secret": "{digits}}}"#),
            format!(r#"{{"secret": "{digits}", "secret": "{digits}"}}"#),
            format!(r#"{{"secret": "{digits}", "policy": 1}}"#),
        ] {
            let refused = Options::from_json(text.as_bytes()).unwrap_err();
            assert!(!format!("{refused:?}").contains("7357"), "{refused:?}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_mend() {
        let refused = |text: &str| Options::from_json(text.as_bytes()).unwrap_err().message().to_owned();
        assert!(refused(r#"{"maxbytes": 1}"#).contains("did you mean \"max_bytes\""));
        assert!(refused(r#"{"polcy": "lru"}"#).contains("did you mean \"policy\""));
        assert!(refused(r#"{"max_chunks": -1}"#).contains("max_chunks is -1"));
        assert!(refused(r#"{"max_chunks": 1.5}"#).contains("whole number"));
        assert!(refused(r#"{"max_bytes": 99999999999999999999999}"#).contains("max_bytes is 1e+23"));
        assert!(refused(r#"{"policy": "fifo"}"#).contains("s3fifo"));
        assert!(refused(r#"{"policy": 1}"#).contains("s3fifo"));
        assert!(refused(r#"{"namespace": 1}"#).contains("namespace is 1"));
        assert!(refused(r#"{"secrets": "00"}"#).contains("did you mean \"secret\""));
        assert!(refused(r#"{"secret": "00112233445566778899aabbccddee"}"#).contains("16 bytes or more"));
        assert!(refused("[]").contains("object"));
        assert!(refused(r#"{"max_bytes": 1, "max_bytes": 2}"#).contains("twice"));
    }

    #[test]
    fn max_bytes_of_1_is_a_mistake_and_of_0_a_wish() {
        let with = |max_bytes| Options { max_bytes, ..Options::default() }.check();
        assert!(with(1).unwrap_err().message().contains("0 to store nothing"));
        assert!(with(4095).is_err());
        assert!(with(4096).is_ok() && with(0).is_ok() && with(UNLIMITED).is_ok());
    }

    /// The README's table is this one. To renew it: `UPDATE_README=1 cargo test`.
    #[test]
    fn the_readme_has_the_table_of_options() {
        const BEGIN: &str = "<!-- options: made by src/options.rs -->\n";
        const END: &str = "<!-- /options -->";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (before, rest) = readme.split_once(BEGIN).expect("README.md has the table's beginning");
        let (_, after) = rest.split_once(END).expect("README.md has the table's end");
        let made = format!("{before}{BEGIN}{}{END}{after}", Options::documentation());
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(path, &made).unwrap();
        } else {
            assert!(readme == made, "README.md's table of options is old: run UPDATE_README=1 cargo test readme");
        }
    }
}

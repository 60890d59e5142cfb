//! How a cache is to be: limits and policy, from setters or from JSON.

use crate::digest::Secret;
use crate::error::{Error, Result};
use crate::json;
use serde_json::Value as Json;
use zeroize::Zeroizing;

/// No limit, said explicitly.
pub const UNLIMITED: u64 = u64::MAX;

/// Below this, `max_bytes` can't hold one small value with its index: surely a wrong unit.
const MIN_MAX_BYTES: u64 = 4096;

/// The eviction policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// S3-FIFO (Yang et al., SOSP 2023): resists scans; the default.
    S3Fifo,
    /// Least recently used, exact within a shard.
    Lru,
}

/// What a cache is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The hard limit in bytes on results, leased values, states and index; 0 stores nothing.
    pub max_bytes: u64,
    /// The hard limit on stored results; 0 stores nothing.
    pub max_chunks: u64,
    /// The eviction policy.
    pub policy: Policy,
    /// The longest time to live of a result in milliseconds, time asleep included; 0 is no limit.
    pub ttl_ms: u64,
    /// Sets this cache's keys apart from those of caches with other names; empty for none.
    pub namespace: String,
    /// With it nobody outside can predict or plant a key. Never printed, and never part of a dump.
    pub secret: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_chunks: UNLIMITED,
            policy: Policy::S3Fifo,
            ttl_ms: 0,
            namespace: String::new(),
            secret: None,
        }
    }
}

/// The names [`Options::from_json`] knows.
const NAMES: [&str; 6] = ["max_bytes", "max_chunks", "policy", "ttl_ms", "namespace", "secret"];

impl Options {
    /// Reads a JSON object. An unknown name is an error that offers the nearest known one.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        let Json::Object(mut entries) = json::parse(text)? else {
            return Err(Error::invalid("options are a JSON object, such as {\"max_bytes\": 268435456}"));
        };
        // The secret first, so that no other mistake leaves its text in memory.
        let secret = entries.remove("secret").map(secret).transpose()?;
        let mut options = Self { secret, ..Self::default() };
        for (name, value) in &entries {
            match name.as_str() {
                "max_bytes" => options.max_bytes = limit(name, value)?,
                "max_chunks" => options.max_chunks = limit(name, value)?,
                "policy" => options.policy = policy(value)?,
                "ttl_ms" => options.ttl_ms = milliseconds(name, value)?,
                "namespace" => options.namespace = namespace(value)?,
                _ => return Err(unknown(name)),
            }
        }
        Ok(options)
    }

    /// Refuses what can only be a mistake.
    pub fn check(&self) -> Result<()> {
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

fn milliseconds(name: &str, value: &Json) -> Result<u64> {
    value.as_u64().ok_or_else(|| {
        Error::invalid(format!("{name} is {value}: it takes a whole number of milliseconds, 0 for no limit"))
    })
}

fn limit(name: &str, value: &Json) -> Result<u64> {
    match value {
        Json::String(s) if s == "unlimited" => Ok(UNLIMITED),
        _ => value.as_u64().ok_or_else(|| {
            Error::invalid(format!("{name} is {value}: it takes a whole number from 0 to 2^64−1, or \"unlimited\""))
        }),
    }
}

fn policy(value: &Json) -> Result<Policy> {
    match value.as_str() {
        Some("s3fifo") => Ok(Policy::S3Fifo),
        Some("lru") => Ok(Policy::Lru),
        _ => Err(Error::invalid(format!("policy is {value}: it takes \"s3fifo\" or \"lru\""))),
    }
}

fn namespace(value: &Json) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| Error::invalid(format!("namespace is {value}: it takes a string")))
}

/// Its errors don't repeat what they were given.
fn secret(value: Json) -> Result<Secret> {
    match value {
        Json::String(hex) => Secret::from_hex(&Zeroizing::new(hex)),
        _ => Err(Error::invalid("secret is not a string: it takes hexadecimal digits, two a byte")),
    }
}

fn unknown(name: &str) -> Error {
    let nearest = NAMES.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or(&"");
    Error::invalid(format!("unknown option {name:?}: did you mean {nearest:?}? The options are {}", NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_sets_what_it_names_and_leaves_the_rest() {
        let options =
            Options::from_json(br#"{"max_bytes": 8192, "max_chunks": "unlimited", "policy": "lru"}"#).unwrap();
        assert_eq!((options.max_bytes, options.max_chunks, options.policy), (8192, UNLIMITED, Policy::Lru));
        let options = Options::from_json(b"{}").unwrap();
        assert_eq!((options.max_bytes, options.max_chunks), (256 << 20, UNLIMITED));
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
        assert!(refused("[]").contains("object"));
        assert!(refused(r#"{"max_bytes": 1, "max_bytes": 2}"#).contains("twice"));
    }

    #[test]
    fn a_namespace_is_a_string_and_a_secret_hexadecimal() {
        let secret = "00".repeat(16);
        let options =
            Options::from_json(format!(r#"{{"namespace": "a\u0000", "secret": "{secret}"}}"#).as_bytes()).unwrap();
        assert_eq!((options.namespace.as_str(), options.secret.is_some()), ("a\0", true));
        let refused = |text: &str| Options::from_json(text.as_bytes()).unwrap_err().message().to_owned();
        assert!(refused(r#"{"namespace": 1}"#).contains("namespace is 1"));
        assert!(refused(r#"{"secrets": "00"}"#).contains("did you mean \"secret\""));
        assert!(refused(r#"{"secret": ""}"#).contains("16 bytes or more"));
    }

    #[test]
    fn no_mistake_and_no_debug_output_repeats_the_secret() {
        let digits = "7357".repeat(8);
        let options = Options::from_json(format!(r#"{{"secret": "{digits}"}}"#).as_bytes()).unwrap();
        assert!(!format!("{options:?}").contains("7357"), "{options:?}");
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
    fn max_bytes_of_1_is_a_mistake_and_of_0_a_wish() {
        let with = |max_bytes| Options { max_bytes, ..Options::default() }.check();
        assert!(with(1).unwrap_err().message().contains("0 to store nothing"));
        assert!(with(4095).is_err());
        assert!(with(4096).is_ok() && with(0).is_ok() && with(UNLIMITED).is_ok());
    }
}

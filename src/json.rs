//! Strict JSON: what would silently merge two different configurations is refused before RFC 8785 sees it.

use crate::error::{Error, Result};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The largest integer that every JSON reader keeps exact: 2^53 − 1.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The RFC 8785 (JCS) form of `text`; duplicate keys and integers beyond ±(2^53 − 1) are errors.
pub(crate) fn canonical(text: &[u8]) -> Result<Vec<u8>> {
    let value = parse(text)?;
    check_integers(text)?;
    serde_json_canonicalizer::to_vec(&value)
        .map_err(|e| Error::invalid(format!("this JSON has no canonical form: {e}")))
}

/// Parses one JSON document, refusing duplicate keys.
pub(crate) fn parse(text: &[u8]) -> Result<Value> {
    let Strict(value) = serde_json::from_slice(text).map_err(|e| Error::invalid(format!("invalid JSON: {e}")))?;
    Ok(value)
}

/// serde_json reads an integer above u64 as a double, so the digits are looked at in the text itself.
/// `text` is known to be valid JSON.
fn check_integers(text: &[u8]) -> Result<()> {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                at += 1;
                while text[at] != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < text.len() && matches!(text[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
                    at += 1;
                }
                check_integer(&text[start..at])?;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

fn check_integer(token: &[u8]) -> Result<()> {
    if token.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return Ok(());
    }
    let digits = std::str::from_utf8(token).unwrap_or_default().trim_start_matches('-');
    match digits.parse::<u64>() {
        Ok(n) if n <= MAX_SAFE_INTEGER => Ok(()),
        _ => Err(Error::invalid(format!(
            "the integer {} is beyond ±(2^53−1), where JSON numbers lose digits and two configurations would share a key; write it as a string",
            String::from_utf8_lossy(&token[..token.len().min(40)])
        ))),
    }
}

/// A JSON value whose objects have no key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> std::result::Result<Value, E> {
        Ok(v.into())
    }

    fn visit_i64<E>(self, v: i64) -> std::result::Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> std::result::Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> std::result::Result<Value, E> {
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, v: &str) -> std::result::Result<Value, E> {
        Ok(v.into())
    }

    fn visit_string<E>(self, v: String) -> std::result::Result<Value, E> {
        Ok(v.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key:?} appears twice in one object; keep one")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        String::from_utf8(canonical(json.as_bytes()).unwrap()).unwrap()
    }

    fn refused(json: &str) -> String {
        canonical(json.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn order_and_white_space_do_not_matter_and_numbers_are_doubles() {
        assert_eq!(text(r#" { "b" : 1.0 , "a" : [ true , null ] } "#), r#"{"a":[true,null],"b":1}"#);
        assert_eq!(text("1e0"), "1");
        assert_eq!(text("-0"), "0");
        // The 1-ulp trap of a fast float parser: the canonical form must be the nearest double's.
        assert_eq!(text("0.12345678901234568"), "0.12345678901234568");
        assert_eq!(text("9007199254740991"), "9007199254740991");
    }

    #[test]
    fn what_would_merge_two_configs_is_refused() {
        assert!(refused(r#"{"a":1,"a":2}"#).contains("twice"));
        assert!(refused(r#"{"a":1,"\u0061":1}"#).contains("twice"));
        for big in ["9007199254740992", "-9007199254740992", "18446744073709551616", "[1,99999999999999999999999]"] {
            assert!(refused(big).contains("string"), "{big}");
        }
        // In a string, or written as a double, nothing is lost that the writer did not give up.
        assert_eq!(
            text(r#"{"k":"9007199254740993 \" 99999999999999999999"}"#),
            r#"{"k":"9007199254740993 \" 99999999999999999999"}"#
        );
        assert_eq!(text("1e300"), "1e+300");
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        for bad in ["", "{", "{\"a\":}", "[1,]", "nul", "1 2", "\u{feff}1", "\"\\ud800\"", "1e999", "{a:1}"] {
            assert!(refused(bad).contains("JSON"), "{bad}");
        }
        assert!(refused(&"[".repeat(100_000)).contains("recursion"));
    }
}

//! Envelopes against tests/vectors/envelope.json, which a second implementation made: Python with PyPI's blake3, and
//! nothing of this crate.

use super::tests::made;
use super::*;
use crate::digest::Dtype;
use serde_json::Value as Json;
use std::collections::HashMap;

fn hex(digits: &Json) -> Vec<u8> {
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn digest(digits: &Json) -> Digest {
    Digest(hex(digits).try_into().unwrap())
}

fn bytes(spec: &Json) -> Vec<u8> {
    match spec["pattern"].as_u64() {
        Some(len) => (0..len).map(|i| (i % 251) as u8).collect(),
        None => spec["text"].as_str().map_or_else(|| hex(&spec["hex"]), |text| text.as_bytes().to_vec()),
    }
}

fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(number: &Json) -> T {
    number.as_u64().unwrap().try_into().unwrap()
}

fn seal(secret: &Json) -> Seal {
    Seal::new((!secret.is_null()).then(|| Secret::new(&hex(secret)).unwrap()).as_ref())
}

/// The case's value, and the dimensions of its tensors beside it.
fn value(case: &Json) -> Value {
    let tensors = case["tensors"].as_array().unwrap();
    let dims = |tensor: &Json| tensor["dims"].as_array().unwrap().iter().map(|dim| dim.as_i64().unwrap()).collect();
    let dims: Vec<Vec<i64>> = tensors.iter().map(dims).collect();
    let spec = |(tensor, dims)| {
        let tensor: &Json = tensor;
        let dtype =
            Dtype { code: number(&tensor["code"]), bits: number(&tensor["bits"]), lanes: number(&tensor["lanes"]) };
        TensorSpec { dtype, dims, offset: number(&tensor["offset"]), length: number(&tensor["length"]) }
    };
    let specs: Vec<TensorSpec<'_>> = tensors.iter().zip(dims.iter().map(Vec::as_slice)).map(spec).collect();
    made(&bytes(&case["payload"]), &specs, &bytes(&case["blob"]), number(&case["compute_ns"]))
}

fn sealed(case: &Json) -> Vec<u8> {
    let [tag, created, expires] = ["tag", "created_ms", "expires_ms"].map(|field| number(&case[field]));
    seal(&case["secret"]).close(&digest(&case["key"]), tag, &value(case), created, expires).unwrap()
}

/// What the case of another one's envelope is read from.
fn given(case: &Json, base: &Json) -> Vec<u8> {
    let mut given = sealed(base);
    for change in case["change"].as_array().into_iter().flatten() {
        let (at, change): (usize, _) = (number(&change[0]), hex(&change[1]));
        given[at..at + change.len()].copy_from_slice(&change);
    }
    given.truncate(case["keep"].as_u64().map_or(given.len(), |keep| keep as usize));
    given.extend(case["add"].as_str().map_or(Vec::new(), |_| hex(&case["add"])));
    if case["sealed_again"] == true {
        let rest = given.len() - bytes(&base["payload"]).len();
        let payload = digest::chunk(&given[rest..]);
        let checksum = seal(&base["secret"]).0.checksum(&given[..HEAD_BYTES], &given[FIXED_BYTES..rest], &payload);
        given[HEAD_BYTES..FIXED_BYTES].copy_from_slice(&checksum.0);
    }
    given
}

#[test]
fn every_envelope_agrees_with_a_second_implementation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/envelope.json");
    let vectors: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut known, mut refusals) = (HashMap::<&str, &Json>::new(), Vec::new());
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["case"].as_str().unwrap();
        let own = |field| case.get(field);
        if let Some(base) = own("of").map(|of| known[of.as_str().unwrap()]) {
            let of = |field| own(field).unwrap_or(&base[field]);
            let now = number(own("now_ms").unwrap_or(&base["created_ms"]));
            let given = given(case, base);
            let opened = seal(of("secret")).open(&given, &digest(of("key")), now);
            assert_eq!(opened.err().map(Refusal::name), case["refusal"].as_str(), "{name}");
            refusals.extend(opened.err());
            continue;
        }
        let (envelope, key) = (sealed(case), digest(&case["key"]));
        let payload = bytes(&case["payload"]);
        assert_eq!(envelope, [hex(&case["front"]), payload.clone()].concat(), "{name}");
        let seal = seal(&case["secret"]);
        let opened = seal.open(&envelope, &key, number(&case["created_ms"])).unwrap();
        assert_eq!(header(&envelope[..FIXED_BYTES]), Ok(*opened.header()), "{name}");
        assert_eq!(opened.header().content, digest(&case["content"]), "{name}");
        assert_eq!(opened.header().content, value(case).content().unwrap(), "{name}");
        assert_eq!(opened.header().tag, number::<u64>(&case["tag"]), "{name}");
        assert_eq!((opened.payload(), opened.blob()), (&payload[..], &bytes(&case["blob"])[..]), "{name}");
        known.insert(name, case);
    }
    assert!(known.len() > 10 && Refusal::ALL.iter().all(|refusal| refusals.contains(refusal)), "{refusals:?}");
}

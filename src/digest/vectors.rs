//! The formulas against tests/vectors/keys.json, whose digests a second implementation made: Python with PyPI's
//! blake3, and nothing of this crate.

use super::*;
use crate::error::ErrorKind;
use serde_json::Value as Json;
use std::collections::HashMap;

/// The digests so far by the names of their cases; a filter's and a pipeline's apart, for they are no plain digests.
#[derive(Default)]
struct Known {
    digests: HashMap<String, Digest>,
    filters: HashMap<String, FilterDigest>,
}

fn text<'a>(case: &'a Json, argument: &str) -> &'a str {
    case[argument].as_str().unwrap_or_else(|| panic!("{argument} of {case}"))
}

fn bytes(case: &Json, argument: &str) -> Vec<u8> {
    let spec = &case[argument];
    if let Some(len) = spec["pattern"].as_u64() {
        return (0..len).map(|i| (i % 251) as u8).collect();
    }
    if let Some(text) = spec["text"].as_str() {
        return text.as_bytes().to_vec();
    }
    let hex = text(spec, "hex").as_bytes();
    hex.chunks_exact(2).map(|pair| from_hex_digits(pair[0], pair[1]).unwrap()).collect()
}

fn string(case: &Json, argument: &str) -> String {
    String::from_utf8(bytes(case, argument)).unwrap()
}

fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(case: &Json, argument: &str) -> T {
    case[argument].as_u64().unwrap().try_into().unwrap()
}

fn secret(case: &Json) -> Result<Option<Secret>> {
    case["secret"].as_str().map(Secret::from_hex).transpose()
}

fn tensor_of(case: &Json) -> Result<Digest> {
    let dims: Vec<i64> = case["dims"].as_array().unwrap().iter().map(|dim| dim.as_i64().unwrap()).collect();
    let dtype = Dtype { code: number(case, "code"), bits: number(case, "bits"), lanes: number(case, "lanes") };
    tensor(&Tensor { name: &string(case, "name"), dtype, dims: &dims, data: &bytes(case, "data") })
}

impl Known {
    fn one(&self, case: &Json, argument: &str) -> Digest {
        self.digests[text(case, argument)]
    }

    fn many(&self, case: &Json, argument: &str) -> Vec<Digest> {
        case[argument].as_array().unwrap().iter().map(|name| self.digests[name.as_str().unwrap()]).collect()
    }

    fn filter(&mut self, case: &Json) -> Result<FilterDigest> {
        let scope = Scope::new(&string(case, "namespace"), secret(case)?.as_ref());
        Ok(scope.filter(&self.one(case, "config"), &self.one(case, "state")))
    }

    fn pipeline(&mut self, case: &Json) -> Result<FilterDigest> {
        let names = case["filters"].as_array().unwrap().iter();
        pipeline(names.map(|name| Ok(self.filters[name.as_str().unwrap()])))
    }

    /// What the case's formula gives.
    fn made(&mut self, case: &Json) -> Result<Digest> {
        let named = match text(case, "formula") {
            "filter" => self.filter(case)?,
            "pipeline" => self.pipeline(case)?,
            _ => return self.digest(case),
        };
        self.filters.insert(text(case, "case").to_owned(), named);
        Ok(named.bare())
    }

    fn digest(&self, case: &Json) -> Result<Digest> {
        let data = || bytes(case, "data");
        Ok(match text(case, "formula") {
            "constant" => Digest(blake3::derive_key(&format!("streamcache v1 {}", text(case, "purpose")), &[])),
            "chunk" => chunk(&data()),
            "state" => state(&data()),
            "config_bytes" => config_bytes(&data()),
            "config_json" => config_json(&data())?,
            "raw" => {
                let role = match text(case, "role") {
                    "chunk" => Role::Chunk,
                    "config" => Role::Config,
                    "state" => Role::State,
                    other => panic!("no role {other}"),
                };
                raw(role, &data())?
            }
            "tensor" => tensor_of(case)?,
            "inputs" => inputs(&self.many(case, "digests")),
            "barrier" => {
                let mut barrier = Barrier::new();
                self.many(case, "chunks").iter().for_each(|chunk| barrier.update(chunk));
                barrier.finish()
            }
            "content" => content(&chunk(&bytes(case, "payload")), &self.many(case, "tensors"), &bytes(case, "blob")),
            "key_state" => key_state(&self.one(case, "config"), &self.one(case, "training_data")),
            "key_chunk" => key_chunk(&self.one(case, "config"), &self.one(case, "state"), &self.one(case, "chunk")),
            "namespace" => Scope::new(&string(case, "data"), None).namespace(),
            "secret_digest" => secret(case)?.unwrap().bare(),
            "filter_constant" => Scope::new("", secret(case)?.as_ref()).constant(),
            "key" => self.filters[text(case, "filter")].output(&self.one(case, "chunk")),
            "tag" => self.filters[text(case, "filter")].tag(),
            "step" => {
                let (state, chunk) = (self.one(case, "state_in"), self.one(case, "chunk"));
                self.filters[text(case, "filter")].step(&state, &chunk)
            }
            "saved_state" => {
                let scope = Scope::new(&string(case, "namespace"), secret(case)?.as_ref());
                scope.saved_state(&self.one(case, "state"))
            }
            "place" => self.filters[text(case, "filter")].place(&self.one(case, "state_in")),
            other => panic!("no formula {other}"),
        })
    }
}

#[test]
fn every_formula_agrees_with_a_second_implementation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/keys.json");
    let vectors: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut known, mut refused) = (Known::default(), 0);
    for case in vectors["cases"].as_array().unwrap() {
        let name = text(case, "case");
        let made = known.made(case);
        if case["refused"] == true {
            assert_eq!(made.expect_err(name).kind(), ErrorKind::InvalidArgument, "{name}");
            refused += 1;
            continue;
        }
        let made = made.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(format!("{made:?}"), text(case, "digest"), "{name}");
        if let Some(canonical) = case["canonical"].as_str() {
            assert_eq!(json::canonical(&bytes(case, "data")).unwrap(), canonical.as_bytes(), "{name}");
        }
        assert!(known.digests.insert(name.to_owned(), made).is_none(), "two cases are called {name}");
    }
    assert!(known.digests.len() > 200 && refused > 20, "{} digests, {refused} refusals", known.digests.len());
}

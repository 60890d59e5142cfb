use super::*;
use proptest::prelude::*;

/// Made by a second implementation: Python's blake3 package and the formulas, nothing of this crate.
const VECTORS: &[(&str, &str)] = &[
    ("chunk 0", "a4851004a7b6285428235c4ac4bf2b97f2f90c89a2aa994ff57e06adcf65d298"),
    ("chunk 1", "579b8be8442b9086aa863cb1127305a374419e09f659235c7da9df8fa807f805"),
    ("chunk 1024", "b9f0ac82191ef90865bfe052d54161e8b3a79b7bcac7f66be6e15fe417c99ba9"),
    ("chunk 1025", "04d5d155bdf95f9599b4985c68b6fbe13438392a745dd1589abce1764605bbfb"),
    ("chunk 4096", "7f6a89a1ad05556bae2f6a1d371af09b18f682e396765a2ce434a3c0d551a881"),
    ("tensor", "07748816e46571478dd38bb1064763437ea2efc1d131fc227abc3cedfb27bfad"),
    ("scalar", "4248fd5494709b7aa94302826c3aecd5dac3cb7a7998fad17a676bab66e251e1"),
    ("config json", "d1f864078783bc425ecc64c2542d71ece4d6e6bb165c7618df339a66c68fa952"),
    ("config bytes", "2bced815d7efb69b43e99e3887f913dc6e67a9b8485ad0deaa187d89b229e01f"),
    ("state", "802da3e7291f3b8d3feb37f6718edc6244f178bfde436649af04de1a30a26d5d"),
    ("raw chunk", "5f992b78138a15059ce742f5fe2d933a02e68e7b8475d16f3fd64d873d3dd65c"),
    ("raw config", "fa893012b4f63568773855468479b0240d1e4bb8be1da8033012a3aefbb15b2a"),
    ("raw state", "288ed77f41ebe68f3652cd05d16be51a1f3bac50e609aa6ad4ef95a1e9849ead"),
    ("key state", "3d919cc7b3eafc8acb632715fd8af6c80e054b08f5866cbcc603988a5c070949"),
    ("key chunk", "c06588c0ccaee7440e4101cfbe5cce296085a405facc7254e3df65709d9bdd19"),
    ("tag", "d6e7aaf7272add0a1c5341c4f17a0591223c1e4631083019b5fdcb0f11351a83"),
];

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

const F32: Dtype = Dtype { code: 2, bits: 32, lanes: 1 };
const F64: Dtype = Dtype { code: 2, bits: 64, lanes: 1 };

fn made(name: &str) -> Digest {
    let config = config_json(br#" { "b": [true, null], "a": 1.0 } "#).unwrap();
    let weights = state(b"weights");
    match name {
        "tensor" => tensor(&Tensor { name: "x", dtype: F32, dims: &[2, 3], data: &pattern(24) }).unwrap(),
        "scalar" => tensor(&Tensor { name: "", dtype: F64, dims: &[], data: &pattern(8) }).unwrap(),
        "config json" => config,
        "config bytes" => config_bytes(b"weights"),
        "state" => weights,
        "raw chunk" => raw(Role::Chunk, b"weights").unwrap(),
        "raw config" => raw(Role::Config, b"weights").unwrap(),
        "raw state" => raw(Role::State, b"weights").unwrap(),
        "key state" => key_state(&config, &weights),
        "key chunk" => key_chunk(&config, &weights, &chunk(&pattern(4096))),
        "tag" => tag(&filter(&namespace(""), &config, &weights)),
        _ => chunk(&pattern(name.strip_prefix("chunk ").unwrap().parse().unwrap())),
    }
}

#[test]
fn every_formula_agrees_with_a_second_implementation() {
    for (name, expected) in VECTORS {
        assert_eq!(format!("{:?}", made(name)), *expected, "{name}");
    }
}

#[test]
fn no_two_kinds_of_the_same_bytes_share_a_digest() {
    let mut all: Vec<Digest> = VECTORS.iter().map(|(name, _)| made(name)).collect();
    all.extend([chunk(b"weights"), namespace("weights")]);
    let distinct: std::collections::HashSet<_> = all.iter().map(|digest| digest.0).collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn a_tensor_is_its_name_type_shape_and_bits() {
    let data = pattern(24);
    let base = Tensor { name: "x", dtype: F32, dims: &[2, 3], data: &data };
    let digest = |tensor: Tensor<'_>| tensor_digest(&tensor);
    let all = [
        digest(base),
        digest(Tensor { name: "y", ..base }),
        digest(Tensor { dims: &[3, 2], ..base }),
        digest(Tensor { dims: &[6], ..base }),
        digest(Tensor { dims: &[1, 6], ..base }),
        digest(Tensor { dtype: Dtype { code: 0, ..F32 }, ..base }),
        digest(Tensor { dtype: Dtype { bits: 16, lanes: 2, ..F32 }, ..base }),
        digest(Tensor { dtype: F64, dims: &[3], ..base }),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b), "{i}");
    }
    let zero = |x: f32| digest(Tensor { dims: &[], data: &x.to_le_bytes(), ..base });
    assert_ne!(zero(0.0), zero(-0.0), "floats count by their bits");
}

fn tensor_digest(t: &Tensor<'_>) -> Digest {
    tensor(t).unwrap()
}

#[test]
fn a_tensor_that_does_not_fit_its_data_is_refused() {
    let data = pattern(24);
    let base = Tensor { name: "x", dtype: F32, dims: &[2, 3], data: &data };
    let refused = |t: Tensor<'_>| tensor(&t).unwrap_err().message().to_owned();
    assert!(refused(Tensor { dims: &[2, 4], ..base }).contains("32 bytes"));
    assert!(refused(Tensor { dims: &[-1, 3], ..base }).contains("negative"));
    assert!(refused(Tensor { dims: &[i64::MAX, i64::MAX], ..base }).contains("2^64"));
    assert!(refused(Tensor { dims: &[1; 65], ..base }).contains("rank 65"));
    assert!(refused(Tensor { dtype: Dtype { code: 18, ..F32 }, ..base }).contains("code 18"));
    assert!(refused(Tensor { dtype: Dtype { bits: 0, ..F32 }, ..base }).contains("bit"));
    let empty = Tensor { dims: &[0, i64::MAX, i64::MAX], data: &[], ..base };
    assert!(tensor(&empty).is_ok(), "a zero dimension makes it empty, whatever the others are");
    let packed = Tensor { dtype: Dtype { code: 1, bits: 4, lanes: 1 }, dims: &[3], data: &[1, 2], ..base };
    assert!(tensor(&packed).is_ok(), "three 4-bit elements take two bytes");
}

#[test]
fn a_file_has_the_digest_of_its_bytes_and_a_bad_one_says_why() {
    let dir = std::env::temp_dir().join(format!("streamcache-digest-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for len in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
        let path = dir.join("state");
        std::fs::write(&path, pattern(len)).unwrap();
        assert_eq!(state_file(&path).unwrap(), state(&pattern(len)), "{len}");
    }
    assert_eq!(state_file(&dir).unwrap_err().kind(), ErrorKind::Io);
    let missing = state_file(&dir.join("missing")).unwrap_err();
    assert!(missing.message().contains("missing") && missing.kind() == ErrorKind::Io);
    std::fs::remove_dir_all(&dir).unwrap();
}

proptest! {
    #[test]
    fn hex_goes_out_and_comes_back(bytes: [u8; 32]) {
        let hex = Digest(bytes).to_hex();
        prop_assert_eq!(Digest::from_hex(&hex).unwrap(), Digest(bytes));
        prop_assert_eq!(Digest::from_hex(&hex.to_ascii_uppercase()).unwrap(), Digest(bytes));
        prop_assert!(Digest::from_hex(&hex[1..]).is_err());
    }

    #[test]
    fn chunks_that_differ_have_digests_that_differ(a: Vec<u8>, b: Vec<u8>) {
        prop_assert_eq!(chunk(&a) == chunk(&b), a == b);
    }

    #[test]
    fn a_key_tells_config_state_and_chunk_apart(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
        let (a, b, c) = (Digest(a), Digest(b), Digest(c));
        let key = key_chunk(&a, &b, &c);
        prop_assert_eq!(key == key_chunk(&b, &a, &c), a == b);
        prop_assert_eq!(key == key_chunk(&a, &c, &b), b == c);
        prop_assert_eq!(key_state(&a, &b) == key_state(&b, &a), a == b);
    }
}

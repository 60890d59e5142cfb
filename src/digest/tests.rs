use super::*;
use crate::error::ErrorKind;
use proptest::prelude::*;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

const F32: Dtype = Dtype { code: 2, bits: 32, lanes: 1 };
const F64: Dtype = Dtype { code: 2, bits: 64, lanes: 1 };

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
        let path = dir.join("file");
        std::fs::write(&path, pattern(len)).unwrap();
        assert_eq!(state_file(&path).unwrap(), state(&pattern(len)), "{len}");
        assert_eq!(chunk_file(&path).unwrap(), chunk(&pattern(len)), "{len}");
    }
    assert_eq!(state_file(&dir).unwrap_err().kind(), ErrorKind::Io);
    let missing = chunk_file(&dir.join("missing")).unwrap_err();
    assert!(missing.message().contains("missing") && missing.kind() == ErrorKind::Io);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn the_keys_of_many_chunks_are_those_of_each() {
    let secret = Secret::new(&[0xab; 32]).unwrap();
    for scope in [Scope::new("", None), Scope::new("name", None), Scope::new("name", Some(&secret))] {
        let filter = scope.filter(&config_bytes(b"config"), &state(b"state"));
        for count in 0..=17u8 {
            let chunks: Vec<Digest> = (0..count).map(|n| chunk(&[n])).collect();
            let keys: Vec<Digest> = chunks.iter().map(|chunk| filter.output(chunk)).collect();
            assert_eq!(filter.outputs(&chunks), keys, "{count} of {scope:?}");
        }
    }
}

/// Short lists of few digests, so that some are equal and some differ by their order or count alone.
fn list() -> impl Strategy<Value = Vec<Digest>> {
    prop::collection::vec((0u8..3).prop_map(|byte| chunk(&[byte])), 0..5)
}

#[test]
fn a_barrier_begins_anew_after_its_end() {
    let (a, b) = (chunk(b"a"), chunk(b"b"));
    let mut barrier = Barrier::default();
    barrier.update(&a);
    let one = barrier.finish();
    barrier.update(&b);
    barrier.reset();
    barrier.update(&a);
    assert_eq!(barrier.finish(), one);
    assert_ne!(barrier.finish(), one, "nothing came since");
}

#[test]
fn a_secret_is_long_enough_and_hexadecimal() {
    let refused = |hex: &str| Secret::from_hex(hex).unwrap_err().message().to_owned();
    assert!(refused(&"ab".repeat(15)).contains("16 bytes or more"));
    assert!(refused("").contains("16 bytes or more"));
    for wrong in ["a".repeat(33), "zz".repeat(16), "é".repeat(16)] {
        let message = refused(&wrong);
        assert!(message.contains("hexadecimal") && !message.contains(&wrong), "{message}");
    }
    let (lower, upper) = ("ab".repeat(16), "AB".repeat(16));
    assert_eq!(Secret::from_hex(&lower).unwrap().bare(), Secret::from_hex(&upper).unwrap().bare());
    assert_eq!(Secret::from_hex(&lower).unwrap().bare(), Secret::new(&[0xab; 16]).unwrap().bare());
}

#[test]
fn what_is_hidden_is_not_printed() {
    let secret = Secret::new(&[0xab; 32]).unwrap();
    let scope = Scope::new("name", Some(&secret));
    let filter = scope.filter(&config_bytes(b""), &state(b""));
    let printed = format!("{secret:?} {scope:?} {filter:?} {:?}", secret.clone());
    for hidden in [Digest([0xab; 32]), secret.bare(), scope.constant(), filter.bare()] {
        assert!(!printed.contains(&format!("{hidden:?}")[..8]), "{printed}");
    }
    assert!(printed.contains(&format!("{:?}", scope.namespace())), "{printed}");
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

    #[test]
    fn pieces_have_the_digest_of_the_whole_however_it_is_split(
        bytes in prop::collection::vec(any::<u8>(), 0..5000), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        for (role, whole) in [(Role::Chunk, chunk(&bytes)), (Role::Config, config_bytes(&bytes)), (Role::State, state(&bytes))] {
            let mut hasher = Hasher::new(role);
            hasher.update(b"forgotten");
            hasher.reset();
            for again in 0..2 {
                cuts.windows(2).for_each(|cut| hasher.update(&bytes[cut[0]..cut[1]]));
                prop_assert_eq!(hasher.finish(), whole, "{:?}, time {}", role, again);
            }
        }
    }

    #[test]
    fn lists_differ_when_their_items_their_order_or_their_count_do(a in list(), b in list()) {
        let stream = |chunks: &[Digest]| {
            let mut barrier = Barrier::new();
            chunks.iter().for_each(|chunk| barrier.update(chunk));
            barrier.finish()
        };
        let chain = |filters: &[Digest]| {
            pipeline(filters.iter().map(|state| Ok(FilterDigest::public(state, state)))).unwrap().bare()
        };
        prop_assert_eq!(inputs(&a) == inputs(&b), a == b);
        prop_assert_eq!(stream(&a) == stream(&b), a == b);
        prop_assert_eq!(content(&chunk(b""), &a, b"") == content(&chunk(b""), &b, b""), a == b);
        prop_assert_eq!(chain(&a) == chain(&b), a == b);
        prop_assert!(inputs(&a) != stream(&a) && inputs(&a) != chain(&a) && stream(&a) != chain(&a));
    }
}

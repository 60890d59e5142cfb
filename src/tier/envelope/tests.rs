mod many;

use super::*;
use crate::budget::{Budget, Purpose};
use crate::digest::Dtype;
use proptest::prelude::*;

const KEY: Digest = Digest([7; 32]);
const NOW: u64 = 1_700_000_000_000;

pub(crate) fn kept(draft: Draft<'_>) -> Value {
    let budget = Budget::new(u64::MAX);
    let charge = draft.charge().unwrap();
    Value::make(draft, budget.reserve(charge, Purpose::Result).unwrap()).unwrap()
}

/// A value as a put makes it.
pub(crate) fn made(payload: &[u8], tensors: &[TensorSpec<'_>], blob: &[u8], compute_ns: u64) -> Value {
    let description = Plan::new(tensors, blob, payload.len()).unwrap();
    kept(Draft { description, compute_ns, ..Draft::copy_of(payload) })
}

/// What one value says, to compare it with another.
fn told(value: &Value) -> String {
    let tensors: Vec<_> = (0..value.tensors()).map(|n| value.tensor(n).unwrap()).collect();
    let (content, compute_ns) = (value.content().unwrap(), value.compute_ns());
    format!("{:?} {tensors:?} {:?} {content:?} {compute_ns}", value.bytes(), value.blob())
}

/// Payloads on both sides of every limit of BLAKE3's, with up to three tensors, and a blob.
fn values() -> impl Strategy<Value = Value> {
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        prop::collection::vec(any::<u8>(), 1000..1100),
        prop::collection::vec(any::<u8>(), 4096..4200),
    ];
    let tensor = (prop::collection::vec(0i64..3, 0..4), 1u8..=16, 0usize..100);
    (payload, prop::collection::vec(tensor, 0..3), prop::collection::vec(any::<u8>(), 0..9), any::<u64>()).prop_map(
        |(payload, tensors, blob, compute_ns)| {
            let length = |(dims, bits, _): &(Vec<i64>, u8, usize)| {
                (dims.iter().product::<i64>() as usize * usize::from(*bits)).div_ceil(8)
            };
            let specs: Vec<_> = tensors
                .iter()
                .map(|tensor @ (dims, bits, offset)| TensorSpec {
                    dtype: Dtype { code: 1, bits: *bits, lanes: 1 },
                    dims,
                    offset: *offset,
                    length: length(tensor),
                })
                .filter(|spec| spec.offset + spec.length <= payload.len())
                .collect();
            made(&payload, &specs, &blob, compute_ns)
        },
    )
}

fn seals() -> impl Strategy<Value = Seal> {
    prop::option::of(any::<[u8; 16]>()).prop_map(|bytes| Seal::new(bytes.map(|it| Secret::new(&it).unwrap()).as_ref()))
}

proptest! {
    #[test]
    fn what_was_closed_opens_to_the_same_value(value in values(), seal in seals(), key: [u8; 32], tag: u64, left: u32) {
        let (key, expires) = (Digest(key), if left == 0 { 0 } else { NOW + u64::from(left) });
        let bytes = seal.close(&key, tag, &value, NOW, expires).unwrap();
        prop_assert_eq!(bytes.capacity(), bytes.len());
        let opened = seal.open(&bytes, &key, NOW).unwrap();
        prop_assert_eq!((opened.header().tag, opened.header().created_ms), (tag, NOW));
        prop_assert_eq!(opened.left_ms(NOW), (left != 0).then_some(left.into()));
        prop_assert_eq!(header(&bytes[..FIXED_BYTES]), Ok(*opened.header()));
        let promoted = opened.with_draft(0, |draft| Ok(kept(draft))).unwrap();
        promoted.know_content(opened.header().content);
        prop_assert_eq!(promoted.known_content().is_some(), value.size() >= 4096);
        prop_assert_eq!(told(&promoted), told(&value));
        prop_assert_eq!(made(promoted.bytes(), &[], b"", 0).content().unwrap(), digest::chunk(value.bytes()));
    }

    /// Nothing but the very bytes is accepted, whichever byte or length is another.
    #[test]
    fn what_was_changed_in_any_way_is_refused(
        value in values(), seal in seals(), at: prop::sample::Index, bit in 0..8u8, more in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let bytes = seal.close(&KEY, 1, &value, NOW, 0).unwrap();
        let is_refused = |bytes: &[u8]| seal.open(bytes, &KEY, NOW).is_err();
        prop_assert!(!is_refused(&bytes));

        let at = at.index(bytes.len());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        prop_assert!(is_refused(&flipped));
        prop_assert!(is_refused(&bytes[..at]));
        prop_assert!(is_refused(&[&bytes, &more[..]].concat()));
        prop_assert!(is_refused(&[&bytes[..at], &more, &bytes[at..]].concat()));
        prop_assert!(is_refused(&[&bytes[..at], &bytes[(at + more.len()).min(bytes.len())..]].concat()));
        prop_assert!(seal.open(&bytes, &Digest([8; 32]), NOW).is_err());
        let another = Seal::new(Some(&Secret::new(&[9; 17]).unwrap()));
        prop_assert_eq!(another.open(&bytes, &KEY, NOW).unwrap_err(), Refusal::Checksum);
    }

    /// Whoever can seal can write anything into one: it never panics, and what opens makes a sound value.
    #[test]
    fn what_is_sealed_and_nonsense_does_no_harm(
        value in values(), bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
        low in any::<bool>(), split: prop::sample::Index,
    ) {
        let seal = Seal::new(None);
        let mut envelope = seal.close(&KEY, 1, &value, NOW, 0).unwrap();
        let front = envelope.len() - value.size();
        for (at, byte) in bytes {
            // Lengths and descriptions rather than the rest.
            let at = at.index(if low { 24 } else { front });
            envelope[at] = byte;
        }
        let rest = FIXED_BYTES + split.index(envelope.len() - FIXED_BYTES + 1);
        for front in [front, rest] {
            let (head, payload) = (&envelope[..HEAD_BYTES], digest::chunk(&envelope[front..]));
            let checksum = seal.0.checksum(head, &envelope[FIXED_BYTES..front], &payload);
            let sealed = [head, &checksum.0, &envelope[FIXED_BYTES..]].concat();
            if let Ok(opened) = seal.open(&sealed, &KEY, NOW) {
                let value = opened.with_draft(0, |draft| Ok(kept(draft))).unwrap();
                prop_assert!(value.content().is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_at_all_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..400), is_magic: bool) {
        if let Some(magic) = bytes.first_chunk_mut().filter(|_| is_magic) {
            *magic = *b"\x89SCACHE\n\x01\0\0\0";
        }
        prop_assert!(Seal::new(None).open(&bytes, &KEY, NOW).is_err());
        let _ = header(&bytes);
    }
}

#[test]
fn a_value_that_cannot_leave_memory_has_no_envelope() {
    let refused = |value: &Value| {
        assert!(!Seal::takes(value));
        Seal::new(None).close(&KEY, 0, value, NOW, 0).unwrap_err().kind()
    };
    let plain = || made(b"result", &[], b"", 0);
    assert!(Seal::takes(&plain()));
    let companion = Some(plain());
    assert_eq!(refused(&kept(Draft { companion, ..Draft::copy_of(b"") })), ErrorKind::NotSupported);
    assert_eq!(refused(&kept(Draft { rejection: Some(3), ..Draft::copy_of(b"") })), ErrorKind::NotSupported);
    assert_eq!(refused(&kept(crate::value::tests::device())), ErrorKind::NotSupported);
}

#[test]
fn sealing_tells_a_large_value_its_content_and_costs_a_small_one_nothing() {
    for (len, is_kept) in [(4095, false), (4096, true)] {
        let value = made(&vec![1; len], &[], b"", 0);
        Seal::new(None).close(&KEY, 0, &value, NOW, 0).unwrap();
        assert_eq!(value.known_content(), is_kept.then(|| digest::chunk(value.bytes())));
    }
}

#[test]
fn a_seal_never_prints_its_secret() {
    let seal = Seal::new(Some(&Secret::new(b"0123456789abcdef").unwrap()));
    assert_eq!(format!("{seal:?}"), "Seal(SealKey(hidden))");
}

#[test]
fn hundreds_of_scalars_that_share_a_payload_open() {
    let dtype = Dtype { code: 2, bits: 32, lanes: 1 };
    for n in [1, 200, 1024] {
        let tensors = vec![TensorSpec { dtype, dims: &[], offset: 0, length: 4 }; n];
        let (seal, key) = (Seal::new(None), Digest([7; 32]));
        let sealed = seal.close(&key, 0, &made(&[0; 4], &tensors, &[], 0), 0, 0).unwrap();
        let opened = seal.open(&sealed, &key, 0).unwrap();
        let is_on_the_heap = size_of::<TensorSpec<'_>>() * n <= sealed.len();
        assert_eq!(is_on_the_heap, n == 1, "{n}");
        opened
            .with_tensors(|specs| {
                assert!(specs.len() == n && specs.iter().all(|spec| spec.length == 4 && spec.dims.is_empty()));
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn many_are_opened_as_each_by_itself() {
    let seal = Seal::new(None);
    let keys: Vec<Digest> = (0..150u64).map(|n| digest::chunk(&n.to_le_bytes())).collect();
    let lens = [64, 0, 1024, 64, 65, 2048, 128, 64, 1];
    let mut all: Vec<Vec<u8>> = (0..150)
        .map(|n| seal.close(&keys[n], 0, &made(&vec![n as u8; lens[n % lens.len()]], &[], b"", 0), 1, 0).unwrap())
        .collect();
    for (n, bytes) in all.iter_mut().enumerate() {
        let last = bytes.len() - 1;
        match n % 10 {
            3 => bytes[last] ^= 1,
            5 => bytes.truncate(n),
            7 => bytes[5] ^= 1,
            _ => {}
        }
    }
    all.swap(20, 21); // each other's
    let some: Vec<(usize, &[u8])> = all.iter().enumerate().rev().map(|(at, bytes)| (at, &bytes[..])).collect();
    let (mut opened, mut count) = (0, 0);
    seal.open_many(&some, &keys, 1, &mut |at, together| {
        count += 1;
        let alone = seal.open(&all[at], &keys[at], 1);
        opened += usize::from(together.is_ok());
        assert_eq!(together.map(|it| it.payload().to_vec()), alone.map(|it| it.payload().to_vec()), "{at}");
    });
    assert_eq!((count, opened), (150, 150 - 45 - 2));
}

//! Envelopes opened together are opened as each by itself, whatever is among them.

use super::*;

/// What is wrong with an envelope, if anything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Intact,
    /// Sealed by one with another secret, or with none.
    OtherSeal,
    /// A bit of this byte of one of its parts: the head, the checksum, what describes the payload, the payload.
    Flipped(usize, usize, u8),
    Truncated(usize),
    TooLong,
    OtherKey,
    Expired,
    FromTheFuture,
}

/// A run of envelopes whose checksums are over as many bytes: the tensors, the blob, and of each the payload and its kind.
type Run = (usize, usize, Vec<(usize, Kind)>);

fn kind() -> impl Strategy<Value = Kind> {
    let at = || 0..5000usize;
    prop_oneof![
        12 => Just(Kind::Intact),
        1 => Just(Kind::OtherSeal),
        3 => (0..4usize, at(), 0..8u8).prop_map(|(part, at, bit)| Kind::Flipped(part, at, bit)),
        1 => at().prop_map(Kind::Truncated),
        1 => Just(Kind::TooLong),
        1 => Just(Kind::OtherKey),
        1 => Just(Kind::Expired),
        1 => Just(Kind::FromTheFuture),
    ]
}

/// With the head and a digest they cross 192 bytes, a whole number of blocks, and the limits of what is summed side by
/// side, 256 bytes, and without a hasher, 1024.
fn run() -> impl Strategy<Value = Run> {
    let described = prop_oneof![
        4 => Just((0, 0)),
        2 => (Just(0), 31..=34usize),
        2 => (Just(0), 94..=98usize),
        1 => (Just(4), 0..=1usize),
        1 => (Just(3), 23..=25usize),
        2 => (Just(0), 862..=866usize),
        1 => (Just(36), 0..=1usize),
        1 => (Just(0), 1900..=1910usize),
    ];
    let payload = prop_oneof![Just(64usize), Just(1024), 0..1101usize];
    (described, prop::collection::vec((payload, kind()), 1..14))
        .prop_map(|((tensors, blob), each)| (tensors, blob, each))
}

fn seal_of(secret: u8) -> Seal {
    Seal::new((secret > 0).then(|| Secret::new(&[secret; 16]).unwrap()).as_ref())
}

/// The envelope of the `n`-th of them.
fn envelope(n: usize, secret: u8, key: &Digest, [tensors, blob, payload]: [usize; 3], kind: Kind) -> Vec<u8> {
    let dtype = Dtype { code: 1, bits: 8, lanes: 1 };
    let specs = vec![TensorSpec { dtype, dims: &[], offset: 0, length: 1 }; if payload > 0 { tensors } else { 0 }];
    let bytes: Vec<u8> = (0..payload).map(|at| (at * 7 + n) as u8).collect();
    let value = made(&bytes, &specs, &vec![n as u8; blob], n as u64);
    let seal = if kind == Kind::OtherSeal { seal_of(secret + 1) } else { seal_of(secret) };
    let (created, expires) = match kind {
        Kind::Expired => (NOW - 10, NOW),
        Kind::FromTheFuture => (NOW + MOST_AHEAD_MS + 1, 0),
        _ => (NOW + MOST_AHEAD_MS, NOW + 1),
    };
    let key = if kind == Kind::OtherKey { Digest([9; 32]) } else { *key };
    let mut bytes = seal.close(&key, n as u64, &value, created, expires).unwrap();
    match kind {
        Kind::Flipped(part, at, bit) => {
            let ends = [0, HEAD_BYTES, FIXED_BYTES, bytes.len() - payload, bytes.len()];
            let (begin, end) = if ends[part] < ends[part + 1] { (ends[part], ends[part + 1]) } else { (0, HEAD_BYTES) };
            bytes[begin + at % (end - begin)] ^= 1 << bit;
        }
        Kind::Truncated(at) => bytes.truncate(at % bytes.len()),
        Kind::TooLong => bytes.push(0),
        _ => {}
    }
    bytes
}

proptest! {
    #[test]
    fn whatever_is_among_many_each_is_opened_as_by_itself(
        runs in prop::collection::vec(run(), 1..20), secret in 0..2u8,
        group in prop::sample::select(&[0usize, 1, 2, 8, 9, 64, 65, 150][..]),
    ) {
        let each = runs.iter().flat_map(|(tensors, blob, each)| each.iter().map(|it| ([*tensors, *blob, it.0], it.1)));
        let what: Vec<_> = each.cycle().take(group).collect();
        let keys: Vec<Digest> = (0..group).map(|n| digest::chunk(&n.to_le_bytes())).collect();
        let all: Vec<Vec<u8>> =
            what.iter().enumerate().map(|(n, &(lens, kind))| envelope(n, secret, &keys[n], lens, kind)).collect();
        // From last to first: a place in the group is none among the keys.
        let some: Vec<(usize, &[u8])> = all.iter().enumerate().rev().map(|(at, bytes)| (at, &bytes[..])).collect();
        let (seal, mut told) = (seal_of(secret), Vec::new());
        seal.open_many(&some, &keys, NOW, &mut |at, together| {
            let alone = seal.open(&all[at], &keys[at], NOW);
            let [together, alone] = [together, alone].map(|it| it.map(|it| (it.header, it.described, it.blob, it.payload)));
            told.push((at, together == alone, alone.is_ok() == (what[at].1 == Kind::Intact)));
        });
        prop_assert_eq!(told, (0..group).rev().map(|at| (at, true, true)).collect::<Vec<_>>());
    }
}

use super::*;
use crate::digest;
use crate::tier::envelope::Seal;
use crate::tier::envelope::tests::made;
use proptest::prelude::*;

fn envelopes(payloads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let seal = Seal::new(None);
    let sealed = payloads.iter().enumerate().map(|(n, payload)| {
        seal.close(&digest::chunk(&n.to_le_bytes()), 7, &made(payload, &[], b"", 0), 1, 0).unwrap()
    });
    sealed.collect()
}

fn written(envelopes: &[Vec<u8>]) -> Vec<u8> {
    let mut file = FileWriter::new(Vec::new()).unwrap();
    envelopes.iter().for_each(|envelope| file.push(envelope).unwrap());
    let bytes = file.bytes();
    let file = file.finish().unwrap();
    assert_eq!(file.len() as u64, bytes + TRAILER_BYTES);
    file
}

/// What a file holds, up to its end or damage, and the most memory that took.
fn read(file: &[u8]) -> (Vec<Vec<u8>>, Result<(), Damage>, usize) {
    let (mut all, mut most) = (Vec::new(), 0);
    let mut reader = match FileReader::new(file, file.len() as u64, u64::MAX) {
        Ok(reader) => reader,
        Err(damage) => return (all, Err(damage), 0),
    };
    loop {
        let next = match reader.next() {
            Ok(Next::End) => return (all, Ok(()), most),
            Ok(Next::Envelope(bytes)) => Some(bytes.to_vec()),
            Ok(_) => None,
            Err(damage) => return (all, Err(damage), most.max(reader.buffer.capacity())),
        };
        all.extend(next);
        most = most.max(reader.buffer.capacity());
    }
}

#[test]
fn lengths_that_a_file_only_claims_to_have_allocate_nothing() {
    let file = written(&envelopes(&[vec![1; 100]]));
    for claimed in [1, 159, 1 << 20, 1 << 40, u64::MAX] {
        let mut hostile = file.clone();
        hostile[HEAD_BYTES..HEAD_BYTES + 8].copy_from_slice(&claimed.to_le_bytes());
        let (all, damage, most) = read(&hostile);
        assert!(all.is_empty() && most == 0, "{claimed}: {most}");
        assert!(matches!(damage, Err(Damage::Length(_) | Damage::Truncated)), "{claimed}: {damage:?}");
    }
}

#[test]
fn what_is_longer_than_wanted_is_passed_over() {
    let sealed = envelopes(&[vec![1; 100], vec![2; 3 << 20], vec![3; 100]]);
    let file = written(&sealed);
    let mut reader = FileReader::new(&file[..], file.len() as u64, 1 << 20).unwrap();
    assert_eq!(reader.next().unwrap(), Next::Envelope(&sealed[0]));
    assert_eq!(reader.next().unwrap(), Next::TooLong);
    assert_eq!(reader.next().unwrap(), Next::Envelope(&sealed[2]));
    assert_eq!(reader.next().unwrap(), Next::End);
    assert!(reader.left() == 0 && reader.buffer.capacity() < 2 * PIECE);
}

/// docs/envelope.md once more, by hand.
#[test]
fn the_bytes_are_those_of_the_page() {
    let sealed = envelopes(&[b"one".to_vec(), vec![2; 3000]]);
    let mut bytes = b"\x89SCFILE\n\x01\0\0\0".to_vec();
    for envelope in &sealed {
        bytes.extend((envelope.len() as u64).to_le_bytes());
        bytes.extend(envelope);
    }
    bytes.extend(0u64.to_le_bytes());
    bytes.extend(2u64.to_le_bytes());
    let key = blake3::derive_key("streamcache v1 file", &[]);
    bytes.extend(blake3::keyed_hash(&key, &bytes).as_bytes());
    assert!(written(&sealed) == bytes);
}

#[test]
fn each_damage_has_its_own_words() {
    let file = written(&envelopes(&[vec![1; 100]]));
    let told = |file: &[u8]| read(file).1.unwrap_err().sentence();
    assert!(told(b"").contains("no file of results"));
    assert!(told(b"Sorry, not found").contains("no file of results"));
    assert!(told(&file[..file.len() - 1]).contains("cut off"));
    assert!(told(&[&file[..], b"\n"].concat()).contains("goes on"));
    let mut newer = file.clone();
    newer[8] = 9;
    assert!(told(&newer).contains("format 9"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read_and_no_change_of_it_passes(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
        place in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let sealed = envelopes(&payloads);
        let file = written(&sealed);
        let (all, whole, _) = read(&file);
        prop_assert!(whole.is_ok());
        prop_assert_eq!(&all, &sealed);

        let at = place.index(file.len());
        let mut changed = file.clone();
        changed[at] ^= 1 << bit;
        prop_assert!(read(&changed).1.is_err(), "a flip of bit {} of byte {}", bit, at);
        let (before, cut, _) = read(&file[..at]);
        prop_assert!(cut.is_err(), "cut after {} bytes", at);
        prop_assert!(before.len() <= sealed.len() && before.iter().zip(&sealed).all(|(a, b)| a == b));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_or_more_memory_than_they_are(
        mut bytes in prop::collection::vec(any::<u8>(), 0..4096), is_file in any::<bool>(),
    ) {
        if is_file && bytes.len() >= HEAD_BYTES {
            bytes[..8].copy_from_slice(&MAGIC);
            bytes[8..HEAD_BYTES].copy_from_slice(&VERSION.to_le_bytes());
        }
        let (all, _, most) = read(&bytes);
        prop_assert!(all.iter().map(Vec::len).sum::<usize>() <= bytes.len() && most <= 2 * bytes.len() + 512);
    }
}

//! A result on its way to a store and back: one run of bytes with everything that is to be known about it and a checksum
//! over all of it. docs/envelope.md gives every byte. What a store returns may be anything, so nothing of it is believed
//! before it is proved: what is not whole, not of this key or not of this secret is refused, by a name.
//!
//! - `layout`: the bytes

mod layout;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod vectors;

use crate::description::{MAX_TENSORS, Plan, TensorSpec};
use crate::digest::{self, Digest, SealKey, Secret};
use crate::error::{ErrorKind, Result};
use crate::value::{Draft, Payload, Value};
use arrayvec::ArrayVec;
pub(crate) use layout::FIXED_BYTES;
pub(crate) use layout::Header;
use layout::{HEAD_BYTES, Read, TENSOR_BYTES, read_tensors, write_tensor};

/// How far another machine's clock may be ahead.
const MOST_AHEAD_MS: u64 = 5 * 60 * 1000;

/// Why bytes are not the envelope that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// They begin with something else.
    NotAnEnvelope,
    /// It has a format of another version.
    Version,
    /// It is too short, too long, or no value can be as it says.
    Malformed,
    /// It holds the result of another key.
    OtherKey,
    /// It was changed on its way, or sealed by one who has not this cache's secret.
    Checksum,
    /// Its time to live is over.
    Expired,
    /// It was made more than five minutes ahead of this machine's clock.
    FromTheFuture,
}

impl Refusal {
    pub(crate) const ALL: [Self; 7] = [
        Self::NotAnEnvelope,
        Self::Version,
        Self::Malformed,
        Self::OtherKey,
        Self::Checksum,
        Self::Expired,
        Self::FromTheFuture,
    ];

    /// As counters and tools call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotAnEnvelope => "not_an_envelope",
            Self::Version => "version",
            Self::Malformed => "malformed",
            Self::OtherKey => "other_key",
            Self::Checksum => "checksum",
            Self::Expired => "expired",
            Self::FromTheFuture => "from_the_future",
        }
    }
}

/// What an envelope says of itself, for a tool that looks into a store: of its first bytes, the payload need not be
/// among them, and nothing is proved.
pub(crate) fn header(bytes: &[u8]) -> std::result::Result<Header, Refusal> {
    Header::read(bytes).map(|(header, _)| header)
}

/// Payloads that are digested together.
const TOGETHER: usize = 64;

/// Closes and opens the envelopes of a cache.
#[derive(Debug)]
pub(crate) struct Seal(SealKey);

impl Seal {
    /// With a secret nobody outside can make an envelope that opens.
    pub(crate) fn new(secret: Option<&Secret>) -> Self {
        Self(SealKey::new(secret))
    }

    /// Whether a value can be put into an envelope. Device memory is never read, a rejection never leaves memory, and
    /// what goes with a companion is of no use without it.
    pub(crate) fn takes(value: &Value) -> bool {
        value.device_pointer().is_none() && value.rejection().is_none() && value.companion().is_none()
    }

    /// The envelope of a value; NOT_SUPPORTED for one that can't leave memory. `created_ms` and `expires_ms` are of the
    /// wall clock, the latter 0 for never. Reads the payload twice: its digest, and a copy.
    pub(crate) fn close(
        &self, key: &Digest, tag: u64, value: &Value, created_ms: u64, expires_ms: u64,
    ) -> Result<Vec<u8>> {
        self.close_into(Vec::new(), key, tag, value, created_ms, expires_ms)
    }

    /// The same, in memory that was used before where that is enough.
    pub(crate) fn close_into(
        &self, mut bytes: Vec<u8>, key: &Digest, tag: u64, value: &Value, created_ms: u64, expires_ms: u64,
    ) -> Result<Vec<u8>> {
        if !Self::takes(value) {
            return Err(ErrorKind::NotSupported.into());
        }
        let specs = || (0..value.tensors()).filter_map(|n| value.tensor(n));
        let described: usize = specs().map(|spec| TENSOR_BYTES + size_of_val(spec.dims)).sum();
        let (payload, blob) = (value.bytes(), value.blob());
        let len = FIXED_BYTES + described + blob.len() + payload.len();
        bytes.clear();
        if bytes.capacity() < len {
            bytes = Vec::new(); // what is in it is not worth a copy
            bytes.try_reserve_exact(len)?;
        }

        let (payload_digest, content) = digests(value)?;
        let head = Header {
            tensors: value.tensors() as u32,
            described: described as u32,
            blob: blob.len() as u32,
            payload: payload.len() as u64,
            key: *key,
            content,
            tag,
            compute_ns: value.compute_ns(),
            created_ms,
            expires_ms,
        }
        .write();
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&[0; FIXED_BYTES - HEAD_BYTES]);
        specs().for_each(|spec| write_tensor(&spec, &mut bytes));
        bytes.extend_from_slice(blob);
        let checksum = self.0.checksum(&head, &bytes[FIXED_BYTES..], &payload_digest);
        bytes[HEAD_BYTES..FIXED_BYTES].copy_from_slice(&checksum.0);
        bytes.extend_from_slice(payload);
        Ok(bytes)
    }

    /// What these bytes hold for `key` at `now_ms` of the wall clock. No allocation depends on what they say.
    pub(crate) fn open<'a>(
        &self, bytes: &'a [u8], key: &Digest, now_ms: u64,
    ) -> std::result::Result<Opened<'a>, Refusal> {
        let sum = |head: &[u8], description: &[u8], digest: &Digest| self.0.checksum(head, description, digest);
        Self::open_with(bytes, key, now_ms, digest::chunk, sum)
    }

    /// [`Seal::open`] for each of `some`, whose key is in `keys` at the place that goes with it. The payloads are digested
    /// together, and so are the checksums, which for short ones takes a fraction of the time.
    pub(crate) fn open_many<'a>(
        &self, some: &[(usize, &'a [u8])], keys: &[Digest], now_ms: u64,
        each: &mut dyn FnMut(usize, std::result::Result<Opened<'a>, Refusal>),
    ) {
        for some in some.chunks(TOGETHER) {
            if let [(at, bytes)] = some {
                each(*at, self.open(bytes, &keys[*at], now_ms));
                continue;
            }
            // Filled where they are: made elsewhere, they would be moved as a whole. Of what is no envelope nothing is
            // digested: it is refused before that is looked at.
            let mut split = ArrayVec::<[&[u8]; 3], TOGETHER>::new();
            split.extend(some.iter().map(|(_, bytes)| parts(bytes).unwrap_or_default()));
            let mut digests = [Digest([0; 32]); TOGETHER];
            digest::chunks(split.iter().map(|[.., payload]| *payload), &mut digests[..some.len()]);
            let mut sealed = ArrayVec::<(&[u8], &[u8], Digest), TOGETHER>::new();
            sealed.extend(
                split.iter().zip(digests).map(|([head, description, _], digest)| (*head, *description, digest)),
            );
            let mut sums = [Digest([0; 32]); TOGETHER];
            self.0.checksums(&sealed, &mut sums);
            for (n, &(at, bytes)) in some.iter().enumerate() {
                each(at, Self::open_with(bytes, &keys[at], now_ms, |_| digests[n], |_, _, _| sums[n]));
            }
        }
    }

    /// With `digest` for the payload's digest, and `sum` for the checksum over the head, the description and that.
    fn open_with<'a>(
        bytes: &'a [u8], key: &Digest, now_ms: u64, digest: impl FnOnce(&[u8]) -> Digest,
        sum: impl FnOnce(&[u8], &[u8], &Digest) -> Digest,
    ) -> std::result::Result<Opened<'a>, Refusal> {
        let (header, checksum) = Header::read(bytes)?;
        let rest = bytes.get(FIXED_BYTES..).ok_or(Refusal::Malformed)?;
        let [described, blob, payload] = header.split(rest).ok_or(Refusal::Malformed)?;
        if header.key != *key {
            return Err(Refusal::OtherKey);
        }
        let description = &rest[..rest.len() - payload.len()];
        let digest = digest(payload);
        if !SealKey::are_same(&checksum, &sum(&bytes[..HEAD_BYTES], description, &digest)) {
            return Err(Refusal::Checksum);
        }
        let is_plain = header.tensors == 0 && blob.is_empty();
        let check = |n, tensor: &Read| tensor.spec(&tensor.dims).check(n, payload.len()).ok();
        if (is_plain && header.content != digest) || read_tensors(header.tensors, described, check).is_none() {
            return Err(Refusal::Malformed); // by one who can seal: another program, or without a secret anybody
        }
        if header.created_ms > now_ms.saturating_add(MOST_AHEAD_MS) {
            return Err(Refusal::FromTheFuture);
        }
        if header.expires_ms != 0 && header.expires_ms <= now_ms {
            return Err(Refusal::Expired);
        }
        Ok(Opened { header, described, blob, payload })
    }
}

/// What the checksum of an envelope is over, if these bytes are one: its head, all that describes the payload, the payload.
fn parts(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    let (header, _) = Header::read(bytes).ok()?;
    let (fixed, rest) = bytes.split_at_checked(FIXED_BYTES)?;
    let [_, _, payload] = header.split(rest)?;
    Some([&fixed[..HEAD_BYTES], &rest[..rest.len() - payload.len()], payload])
}

/// The chunk digest of a value's payload, and the digest of its content: a plain value's are one.
fn digests(value: &Value) -> Result<(Digest, Digest)> {
    let is_plain = value.tensors() == 0 && value.blob().is_empty();
    let known = value.known_content();
    let payload = known.filter(|_| is_plain).unwrap_or_else(|| digest::chunk(value.bytes()));
    let content = known.map_or_else(|| value.content_over(&payload), Ok)?;
    value.know_content(content);
    Ok((payload, content))
}

/// An envelope that was proved, in the bytes it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened<'a> {
    header: Header,
    described: &'a [u8],
    blob: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Opened<'a> {
    /// Its tag, its times, what it cost, and the digest of its content.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Tells a value made of it the digest of its content, where that was checked: a plain value's is its payload's.
    pub(crate) fn tell_content(&self, value: &Value) {
        if self.header.tensors == 0 && self.blob.is_empty() {
            value.know_content(self.header.content);
        }
    }

    #[cfg(test)]
    pub(crate) fn blob(&self) -> &'a [u8] {
        self.blob
    }

    /// How much of its time to live is left at `now_ms` of the wall clock; None for one that has none.
    pub(crate) fn left_ms(&self, now_ms: u64) -> Option<u64> {
        (self.header.expires_ms != 0).then(|| self.header.expires_ms.saturating_sub(now_ms))
    }

    /// Calls `with` with the tensors it describes. Their dimensions are copied for it: in the envelope they lie at any
    /// address. Never allocates more than the envelope's length.
    pub(crate) fn with_tensors<T>(&self, with: impl FnOnce(&[TensorSpec<'_>]) -> Result<T>) -> Result<T> {
        let n = self.header.tensors as usize;
        let mut dims: Vec<i64> = Vec::new();
        dims.try_reserve_exact((self.described.len() - TENSOR_BYTES * n) / size_of::<i64>())?;
        read_tensors(n as u32, self.described, |_, tensor| {
            dims.extend_from_slice(&tensor.dims);
            Some(())
        });
        let len = FIXED_BYTES + self.described.len() + self.blob.len() + self.payload.len();
        if size_of_val(&dims[..]) + size_of::<TensorSpec<'_>>() * n > len {
            return self.with_tensors_on_the_stack(&dims, with);
        }
        let mut specs = Vec::new();
        specs.try_reserve_exact(n)?;
        self.each_tensor(&dims, |spec| specs.push(spec));
        with(&specs)
    }

    /// For hundreds of scalars that share a small payload: 40 KiB of the stack, which no other value takes.
    #[inline(never)]
    fn with_tensors_on_the_stack<T>(
        &self, dims: &[i64], with: impl FnOnce(&[TensorSpec<'_>]) -> Result<T>,
    ) -> Result<T> {
        let mut specs = ArrayVec::<_, MAX_TENSORS>::new();
        self.each_tensor(dims, |spec| specs.push(spec));
        with(&specs)
    }

    /// Calls `each` with the tensors, whose dimensions are all in `dims`.
    fn each_tensor<'d>(&self, mut dims: &'d [i64], mut each: impl FnMut(TensorSpec<'d>)) {
        read_tensors(self.header.tensors, self.described, |_, tensor| {
            let (its_dims, after) = dims.split_at_checked(tensor.dims.len())?;
            dims = after;
            each(tensor.spec(its_dims));
            Some(())
        });
    }

    /// Calls `with` with the draft of the value in it, which copies what it takes; `expires_ms` is of the boot-time
    /// clock, 0 for never. The value made is to be told the content's digest: [`Opened::tell_content`].
    pub(crate) fn with_draft<T>(&self, expires_ms: u64, with: impl FnOnce(Draft<'_>) -> Result<T>) -> Result<T> {
        self.with_tensors(|tensors| {
            let description = Plan::new(tensors, self.blob, self.payload.len())?;
            let compute_ns = self.header.compute_ns;
            with(Draft { description, compute_ns, expires_ms, ..Draft::new(Payload::Copy(self.payload)) })
        })
    }
}

//! A file of envelopes, to carry a warm cache elsewhere: a head, each envelope after its length, and a trailer that says
//! how many there were and proves that none of the bytes is missing or changed. docs/envelope.md gives every byte. A file
//! may be anything: nothing is allocated that it only claims to have.

use super::envelope::{FIXED_BYTES, Refusal, header};
use crate::digest::FileSum;
use std::collections::TryReserveError;
use std::io::{self, ErrorKind, Read, Write};

/// As an envelope's, another word.
const MAGIC: [u8; 8] = *b"\x89SCFILE\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 12;
/// A length of 0, the count and the checksum.
const TRAILER_BYTES: u64 = 48;
/// What is read, and allocated, at once.
const PIECE: usize = 1 << 20;

/// Writes one.
#[derive(Debug)]
pub(crate) struct FileWriter<W> {
    to: W,
    sum: FileSum,
    entries: u64,
    bytes: u64,
}

impl<W: Write> FileWriter<W> {
    pub(crate) fn new(to: W) -> io::Result<Self> {
        let mut file = Self { to, sum: FileSum::new(), entries: 0, bytes: 0 };
        file.write(&MAGIC)?;
        file.write(&VERSION.to_le_bytes())?;
        Ok(file)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    pub(crate) fn push(&mut self, envelope: &[u8]) -> io::Result<()> {
        self.entries += 1;
        self.write(&(envelope.len() as u64).to_le_bytes())?;
        self.write(envelope)
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the trailer, without which it is no file.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write(&0u64.to_le_bytes())?;
        self.write(&self.entries.to_le_bytes())?;
        let sum = self.sum.digest();
        self.to.write_all(&sum.0)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Why a file can't be read on.
#[derive(Debug)]
pub(crate) enum Damage {
    NotAFile,
    Version(u32),
    /// It ends too early.
    Truncated,
    /// An envelope can't be so long.
    Length(u64),
    /// It goes on after its end.
    Trailing,
    /// It has another number of envelopes than it says, or another checksum.
    Changed,
    Memory,
    Io(io::Error),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Io(error) }
    }
}

impl From<TryReserveError> for Damage {
    fn from(_: TryReserveError) -> Self {
        Self::Memory
    }
}

impl Damage {
    /// What is wrong, and what to do.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::NotAFile => "it is no file of results: give one that an export made".into(),
            Self::Version(version) => {
                format!(
                    "it has format {version}, and this library knows {VERSION}: use the library that wrote it, or a newer one"
                )
            }
            Self::Truncated => "it was cut off: copy it again, or export again".into(),
            Self::Length(len) => {
                format!("it is damaged, with an envelope of {len} bytes: copy it again, or export again")
            }
            Self::Trailing => "it goes on after its end: copy it again, or export again".into(),
            Self::Changed => "it was changed after it was written: copy it again, or export again".into(),
            Self::Memory => "out of memory for an envelope: free something".into(),
            Self::Io(error) => format!("it can't be read: {error}"),
        }
    }
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// An envelope with a header that can be; nothing else of it is proved.
    Envelope(&'a [u8]),
    /// One that can't be an envelope.
    Refused(Refusal),
    /// One that is longer than the reader wants.
    TooLong,
    /// The whole file was read, and is as it was written.
    End,
}

/// Reads one, envelope by envelope.
#[derive(Debug)]
pub(crate) struct FileReader<R> {
    from: R,
    sum: FileSum,
    /// Bytes of the file that were not read yet.
    left: u64,
    entries: u64,
    /// The longest envelope that is wanted.
    longest: u64,
    buffer: Vec<u8>,
}

impl<R: Read> FileReader<R> {
    /// Reads the head of a file of `len` bytes.
    pub(crate) fn new(from: R, len: u64, longest: u64) -> Result<Self, Damage> {
        let mut file = Self { from, sum: FileSum::new(), left: len, entries: 0, longest, buffer: Vec::new() };
        let head: [u8; HEAD_BYTES] = match file.array() {
            Err(Damage::Truncated) if len == 0 => return Err(Damage::NotAFile),
            head => head?,
        };
        let (magic, version) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Damage::NotAFile);
        }
        match version.try_into().map(u32::from_le_bytes) {
            Ok(VERSION) => Ok(file),
            version => Err(Damage::Version(version.unwrap_or(0))),
        }
    }

    /// Bytes that were not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The next envelope. After an end or an error there is none.
    pub(crate) fn next(&mut self) -> Result<Next<'_>, Damage> {
        let len = u64::from_le_bytes(self.array()?);
        if len == 0 {
            return self.end();
        }
        if len < FIXED_BYTES as u64 {
            return Err(Damage::Length(len));
        }
        if len > self.left.saturating_sub(TRAILER_BYTES) {
            return Err(Damage::Truncated);
        }
        self.entries += 1;
        self.buffer.clear();
        self.read(FIXED_BYTES)?;
        let rest = len - FIXED_BYTES as u64;
        let wanted = match header(&self.buffer) {
            Ok(header) if header.len() != Some(len) => Next::Refused(Refusal::Malformed),
            Ok(_) if len > self.longest => Next::TooLong,
            Ok(_) => return self.rest(rest).map(Next::Envelope),
            Err(refusal) => Next::Refused(refusal),
        };
        let mut left = rest;
        while left > 0 {
            self.buffer.clear();
            let piece = left.min(PIECE as u64);
            self.read(piece as usize)?;
            left -= piece;
        }
        Ok(wanted)
    }

    fn rest(&mut self, mut left: u64) -> Result<&[u8], Damage> {
        while left > 0 {
            let piece = left.min(PIECE as u64);
            self.read(piece as usize)?;
            left -= piece;
        }
        Ok(&self.buffer)
    }

    /// Reads so many bytes behind those in the buffer.
    fn read(&mut self, bytes: usize) -> Result<(), Damage> {
        let from = self.buffer.len();
        self.buffer.try_reserve(bytes)?;
        self.buffer.resize(from + bytes, 0);
        let read = &mut self.buffer[from..];
        self.from.read_exact(read)?;
        self.sum.update(read);
        self.left = self.left.saturating_sub(bytes as u64);
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = [0; N];
        self.left = self.left.checked_sub(N as u64).ok_or(Damage::Truncated)?;
        self.from.read_exact(&mut bytes)?;
        self.sum.update(&bytes);
        Ok(bytes)
    }

    fn end(&mut self) -> Result<Next<'_>, Damage> {
        let count = u64::from_le_bytes(self.array()?);
        let sum = self.sum.digest();
        let written: [u8; 32] = self.array()?;
        if count != self.entries || written != sum.0 {
            return Err(Damage::Changed);
        }
        if self.left > 0 {
            return Err(Damage::Trailing);
        }
        Ok(Next::End)
    }
}

#[cfg(test)]
mod tests;

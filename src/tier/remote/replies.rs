//! Replies out of the bytes that come: each is framed here, in the buffer it was read into, and handed out where it
//! lies. The crate's parser would read 8 KiB at a time and copy what is found twice; it still says what the rare other
//! replies mean.

use super::fault::Fault;
use redis::Value;

/// What is read at once, where there is so much.
const ROOM: usize = 64 << 10;
/// The most that is kept for the next replies: of one server, and of each node of a cluster, which may have a thousand.
const KEPT: usize = 4 << 20;
const KEPT_OF_EACH: usize = 256 << 10;
/// The longest line, of an error as a rule. Every read looks through it anew.
const LINE: usize = 64 << 10;
/// Arrays within arrays: a cluster's map has two.
const DEPTH: usize = 8;
const NONSENSE: Fault = Fault::Garbage("it is not of the protocol");
const TOO_LARGE: Fault = Fault::Garbage("it is larger than anything stored");

#[derive(Debug, PartialEq)]
pub(super) enum Reply<'a> {
    Bytes(&'a [u8]),
    Nothing,
    /// So many replies follow, which are the parts of this one.
    Many(usize),
    Other(Value),
}

impl Reply<'_> {
    /// Of its own; what is announced as [`Reply::Many`] has none.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Bytes(bytes) => Value::BulkString(bytes.into()),
            Self::Other(value) => value,
            Self::Nothing | Self::Many(_) => Value::Nil,
        }
    }
}

/// How far a reply reaches.
#[derive(Debug, PartialEq)]
enum Extent {
    /// It has so many bytes, and what it bears, if that is a string, is behind so many of them.
    Whole(usize, Option<usize>),
    /// It has so many bytes at least, and they are not all here.
    Part(usize),
}

#[derive(Debug)]
pub(super) struct Replies {
    buffer: Vec<u8>,
    kept: usize,
    /// What has come and was not handed out is between these.
    begin: usize,
    end: usize,
}

impl Replies {
    pub(super) fn new(cluster: bool) -> Self {
        Self { buffer: Vec::new(), kept: if cluster { KEPT_OF_EACH } else { KEPT }, begin: 0, end: 0 }
    }

    /// Whether nothing has come that was not handed out.
    pub(super) fn are_none(&self) -> bool {
        self.begin == self.end
    }

    /// The next reply, of no more than `limit` bytes and no array. What is missing of it `read` brings, which may fail and
    /// be asked again later.
    pub(super) fn next(
        &mut self, limit: usize, read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Reply<'_>, Fault> {
        self.next_of(0, limit, read)
    }

    /// The same where arrays within arrays may come, as one. Each read goes through all of them anew: the limit is to be
    /// low.
    pub(super) fn next_nested(
        &mut self, limit: usize, read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Reply<'_>, Fault> {
        self.next_of(DEPTH, limit, read)
    }

    fn next_of(
        &mut self, depth: usize, limit: usize, read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Reply<'_>, Fault> {
        let (reply, at) = self.whole(limit, read, |bytes| extent(bytes, depth))?;
        match (reply, at) {
            (reply, Some(at)) => Ok(Reply::Bytes(&reply[at..reply.len() - 2])),
            (b"$-1\r\n", None) => Ok(Reply::Nothing),
            (b"+OK\r\n", None) => Ok(Reply::Other(Value::Okay)),
            (reply, None) => match redis::parse_redis_value(reply) {
                Ok(Value::Nil) => Ok(Reply::Nothing),
                Ok(value) => Ok(Reply::Other(value)),
                Err(_) => Err(NONSENSE),
            },
        }
    }

    /// The head of an array whose parts are to come one by one, or what comes in its place.
    pub(super) fn next_array(
        &mut self, limit: usize, mut read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Reply<'_>, Fault> {
        while self.are_none() {
            self.read(1, &mut read)?;
        }
        if self.buffer[self.begin] != b'*' {
            return self.next(limit, read);
        }
        let (head, _) = self.whole(limit, read, |bytes| {
            Ok(line(bytes)?.map_or(Extent::Part(bytes.len() + 1), |(_, len)| Extent::Whole(len, None)))
        })?;
        let parts = line(head)?.and_then(|(parts, _)| number(parts)).and_then(|parts| usize::try_from(parts).ok());
        parts.map(Reply::Many).ok_or(NONSENSE)
    }

    fn whole(
        &mut self, limit: usize, mut read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
        extent: impl Fn(&[u8]) -> Result<Extent, Fault>,
    ) -> Result<(&[u8], Option<usize>), Fault> {
        loop {
            match extent(&self.buffer[self.begin..self.end])? {
                Extent::Whole(len, _) | Extent::Part(len) if len > limit => return Err(TOO_LARGE),
                Extent::Part(len) => self.read(len, &mut read)?,
                Extent::Whole(len, at) => {
                    let reply = self.begin..self.begin + len;
                    self.begin = reply.end;
                    return Ok((&self.buffer[reply], at));
                }
            }
        }
    }

    /// Reads on towards a reply of `len` bytes. What it says of its own length is not believed: there is room for about
    /// twice what has come.
    fn read(&mut self, len: usize, mut read: impl FnMut(&mut [u8]) -> Result<usize, Fault>) -> Result<(), Fault> {
        if self.begin > 0 {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        let room = len.max(self.end + ROOM / 4).min(2 * self.end + ROOM);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        self.end += read(&mut self.buffer[self.end..])?;
        Ok(())
    }

    /// Lets go of what large replies needed.
    pub(super) fn shrink(&mut self) {
        if self.are_none() && self.buffer.len() > self.kept {
            (self.buffer, self.begin, self.end) = (Vec::new(), 0, 0);
        }
    }
}

/// The first line behind its first byte and without its end, and how long it is with both.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Fault> {
    let Some(end) = bytes.iter().take(LINE).position(|&byte| byte == b'\n') else {
        return if bytes.len() < LINE { Ok(None) } else { Err(NONSENSE) };
    };
    match bytes[..end].split_last() {
        Some((b'\r', line)) if !line.is_empty() => Ok(Some((&line[1..], end + 1))),
        _ => Err(NONSENSE),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// How far what begins here reaches, with so many arrays within each other at most.
fn extent(bytes: &[u8], depth: usize) -> Result<Extent, Fault> {
    let head = match bytes.first() {
        Some(b'*') if depth == 0 => return Err(NONSENSE),
        Some(b'$' | b'*' | b'+' | b'-' | b':') => line(bytes)?,
        Some(_) => return Err(NONSENSE),
        None => None,
    };
    let Some((head, at)) = head else { return Ok(Extent::Part(bytes.len() + 1)) };
    if !matches!(bytes[0], b'$' | b'*') {
        return Ok(Extent::Whole(at, None));
    }
    let parts = match number(head).ok_or(NONSENSE)? {
        -1 => return Ok(Extent::Whole(at, None)),
        parts => usize::try_from(parts).map_err(|_| NONSENSE)?,
    };
    if bytes[0] == b'$' {
        let len = at.checked_add(parts).and_then(|len| len.checked_add(2)).ok_or(TOO_LARGE)?;
        return match bytes.get(len - 2..len) {
            None => Ok(Extent::Part(len)),
            Some(b"\r\n") => Ok(Extent::Whole(len, Some(at))),
            Some(_) => Err(NONSENSE),
        };
    }
    let mut len = at;
    for _ in 0..parts {
        match extent(&bytes[len..], depth - 1)? {
            Extent::Whole(part, _) => len += part,
            Extent::Part(part) => return Ok(Extent::Part(len.saturating_add(part))),
        }
    }
    Ok(Extent::Whole(len, None))
}

#[cfg(test)]
mod tests;

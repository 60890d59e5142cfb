//! Replies out of the bytes that come: each is framed here, in the buffer it was read into, and handed out where it
//! lies. The crate's parser would read 8 KiB at a time and copy what is found twice; it still says what the rare other
//! replies mean.

use super::fault::Fault;
use redis::Value;

/// What is read at once, where there is so much.
const ROOM: usize = 64 << 10;
/// The most that is kept for the next replies.
const KEPT: usize = 4 << 20;
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

#[derive(Debug, Default)]
pub(super) struct Replies {
    buffer: Vec<u8>,
    /// What has come and was not handed out is between these.
    begin: usize,
    end: usize,
}

impl Replies {
    /// Whether nothing has come that was not handed out.
    pub(super) fn are_none(&self) -> bool {
        self.begin == self.end
    }

    /// The next reply, of no more than `limit` bytes. What is missing of it `read` brings, which may fail and be asked
    /// again later.
    pub(super) fn next(
        &mut self, limit: usize, read: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Reply<'_>, Fault> {
        let (reply, at) = self.whole(limit, read, |bytes| extent(bytes, DEPTH))?;
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

    /// The same where an array is expected, whose parts are to come one by one.
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
        self.buffer.copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        let room = len.max(self.end + ROOM / 4).min(2 * self.end + ROOM);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        self.end += read(&mut self.buffer[self.end..])?;
        Ok(())
    }

    /// Lets go of what large replies needed.
    pub(super) fn shrink(&mut self) {
        if self.are_none() && self.buffer.len() > KEPT {
            *self = Self::default();
        }
    }
}

/// The first line behind its first byte and without its end, and how long it is with both.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Fault> {
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
    match bytes[..end].split_last() {
        Some((b'\r', line)) if !line.is_empty() => Ok(Some((&line[1..], end + 1))),
        _ => Err(NONSENSE),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn extent(bytes: &[u8], depth: usize) -> Result<Extent, Fault> {
    let head = match bytes.first() {
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
        match extent(&bytes[len..], depth.checked_sub(1).ok_or(NONSENSE)?)? {
            Extent::Whole(part, _) => len += part,
            Extent::Part(part) => return Ok(Extent::Part(len.saturating_add(part))),
        }
    }
    Ok(Extent::Whole(len, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;
    const ALL: &[u8] =
        b"$5\r\nhel\n\r\r\n$-1\r\n+OK\r\n:12\r\n-ERR no\r\n*2\r\n$1\r\na\r\n*1\r\n:7\r\n$0\r\n\r\n*0\r\n*-1\r\n";

    /// Gives a byte or so, then would block, and so on.
    fn pieces(mut bytes: &[u8], most: usize) -> impl FnMut(&mut [u8]) -> Result<usize, Fault> {
        let mut blocks = false;
        move |buffer| {
            blocks = !blocks && most < usize::MAX;
            if blocks {
                return Err(Fault::Late);
            }
            let count = bytes.len().min(most).min(buffer.len());
            if count == 0 {
                return Err(Fault::Cut);
            }
            buffer[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            Ok(count)
        }
    }

    fn again(replies: &mut Replies, read: &mut impl FnMut(&mut [u8]) -> Result<usize, Fault>) -> Value {
        loop {
            match replies.next(LIMIT, &mut *read) {
                Err(Fault::Late) => {}
                reply => return reply.unwrap().into_value(),
            }
        }
    }

    #[test]
    fn they_are_those_of_the_crate_however_they_come() {
        for most in [1, 2, 3, 7, usize::MAX] {
            let (mut read, mut replies, mut crates, mut whole) =
                (pieces(ALL, most), Replies::default(), redis::Parser::new(), ALL);
            for _ in 0..9 {
                assert_eq!(again(&mut replies, &mut read), crates.parse_value(&mut whole).unwrap());
            }
            assert!(replies.are_none());
        }
    }

    #[test]
    fn an_array_comes_in_parts_or_is_refused_as_a_whole() {
        let bytes = b"*3\r\n$1\r\na\r\n$-1\r\n$0\r\n\r\n-NOPERM no\r\n*x\r\n";
        let (mut read, mut replies) = (pieces(bytes, usize::MAX), Replies::default());
        assert_eq!(replies.next_array(LIMIT, &mut read), Ok(Reply::Many(3)));
        assert_eq!(replies.next(LIMIT, &mut read), Ok(Reply::Bytes(b"a")));
        assert_eq!(replies.next(LIMIT, &mut read), Ok(Reply::Nothing));
        assert_eq!(replies.next(LIMIT, &mut read), Ok(Reply::Bytes(b"")));
        assert!(matches!(replies.next_array(LIMIT, &mut read), Ok(Reply::Other(Value::ServerError(_)))));
        assert_eq!(replies.next_array(LIMIT, &mut read), Err(NONSENSE));
    }

    #[test]
    fn what_no_server_says_is_nonsense_and_nothing_is_allocated_for_it() {
        let deep = b"*1\r\n".repeat(100);
        let wrong: [&[u8]; 12] = [
            b"x\r\n",
            b"$x\r\n",
            b"$-2\r\n",
            b"*-2\r\n",
            b"$1\r\nabc",
            b"+OK\n",
            b"\r\n",
            b"%1\r\n+a\r\n+b\r\n",
            b":\n",
            b"$\r\n",
            b":12x\r\n",
            &deep,
        ];
        for bytes in wrong {
            assert_eq!(Replies::default().next(LIMIT, pieces(bytes, usize::MAX)), Err(NONSENSE), "{bytes:?}");
        }
        for bytes in [&b"$1048577\r\n"[..], b"$9223372036854775807\r\n", &[b"+", &[b'a'; LIMIT][..], b"a"].concat()] {
            let mut replies = Replies::default();
            assert_eq!(replies.next(LIMIT, pieces(bytes, usize::MAX)), Err(TOO_LARGE));
            assert!(replies.buffer.len() <= 2 * bytes.len() + ROOM);
        }
        let mut replies = Replies::default();
        assert_eq!(replies.next(LIMIT, pieces(b"$1000000\r\n", usize::MAX)), Err(Fault::Cut));
        assert!(replies.buffer.len() <= 2 * ROOM, "its word is not taken for it");
    }
}

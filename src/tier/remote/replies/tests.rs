//! Replies as they come, whole and in pieces, and what is none.

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
        match replies.next_nested(LIMIT, &mut *read) {
            Err(Fault::Late) => {}
            reply => return reply.unwrap().into_value(),
        }
    }
}

#[test]
fn they_are_those_of_the_crate_however_they_come() {
    for most in [1, 2, 3, 7, usize::MAX] {
        let (mut read, mut replies, mut crates, mut whole) =
            (pieces(ALL, most), Replies::new(false), redis::Parser::new(), ALL);
        for _ in 0..9 {
            assert_eq!(again(&mut replies, &mut read), crates.parse_value(&mut whole).unwrap());
        }
        assert!(replies.are_none());
    }
}

#[test]
fn an_array_comes_in_parts_or_is_refused_as_a_whole() {
    let bytes = b"*3\r\n$1\r\na\r\n$-1\r\n$0\r\n\r\n-NOPERM no\r\n*x\r\n";
    let (mut read, mut replies) = (pieces(bytes, usize::MAX), Replies::new(false));
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
        assert_eq!(Replies::new(false).next(LIMIT, pieces(bytes, usize::MAX)), Err(NONSENSE), "{bytes:?}");
        assert_eq!(Replies::new(false).next_nested(LIMIT, pieces(bytes, usize::MAX)), Err(NONSENSE), "{bytes:?}");
    }
    for bytes in [&b"$1048577\r\n"[..], b"$9223372036854775807\r\n"] {
        let mut replies = Replies::new(false);
        assert_eq!(replies.next(LIMIT, pieces(bytes, usize::MAX)), Err(TOO_LARGE));
        assert!(replies.buffer.len() <= 2 * bytes.len() + ROOM);
    }
    let mut replies = Replies::new(false);
    assert_eq!(replies.next(LIMIT, pieces(b"$1000000\r\n", usize::MAX)), Err(Fault::Cut));
    assert!(replies.buffer.len() <= 2 * ROOM, "its word is not taken for it");
}

#[test]
fn what_has_no_end_is_refused_long_before_the_limit() {
    for (head, tail) in [(&b"+"[..], &b"a"[..]), (b"-ERR ", b"no "), (b"$", b"0"), (b"*999999999\r\n", b":1\r\n")] {
        let (mut begun, mut given) = (false, 0);
        let mut replies = Replies::new(false);
        let reply = replies.next(512 << 20, |buffer: &mut [u8]| {
            let (bytes, count) = match std::mem::replace(&mut begun, true) {
                true => (tail, buffer.len() / tail.len() * tail.len()),
                false => (head, head.len()),
            };
            buffer[..count].iter_mut().zip(bytes.iter().cycle()).for_each(|(to, from)| *to = *from);
            given += count;
            assert!(given < 4 * LINE, "{:?} goes on", head.escape_ascii());
            Ok(count)
        });
        assert_eq!(reply, Err(NONSENSE));
    }
}

#[test]
fn what_large_replies_needed_is_kept_for_one_server_and_not_for_each_of_many() {
    let bytes = [b"$500000\r\n", &[b'v'; 500_000][..], b"\r\n"].concat();
    for cluster in [false, true] {
        let mut replies = Replies::new(cluster);
        assert!(matches!(replies.next(LIMIT, pieces(&bytes, usize::MAX)), Ok(Reply::Bytes(_))));
        replies.shrink();
        assert_eq!(replies.buffer.is_empty(), cluster);
        assert_eq!(replies.next(LIMIT, pieces(b"$-1\r\n", usize::MAX)), Ok(Reply::Nothing));
    }
}

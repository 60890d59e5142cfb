//! What can go wrong, as a kind (a status in C) and a sentence that says what to do.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::ffi::CStr;
use std::fmt;

/// The kind of a failure. The numbers are the C header's and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument breaks the function's contract; nothing happened.
    InvalidArgument = -1,
    /// The allocator refused.
    NoMemory = -2,
    /// The byte budget can't hold it, even after evicting results.
    NoSpace = -3,
    /// The filter has no state yet.
    NoState = -4,
    /// The cache was closed.
    Closed = -5,
    /// A file or a store could not be read or written.
    Io = -6,
    /// This build, or this value, can't do that.
    NotSupported = -7,
    /// A panic was contained; the cache refuses further work.
    Panic = -8,
    /// The handle was made before a fork, in the parent process.
    Forked = -9,
    /// The ticket was committed or aborted before.
    Ended = -10,
}

impl ErrorKind {
    const ALL: [Self; 10] = [
        Self::InvalidArgument,
        Self::NoMemory,
        Self::NoSpace,
        Self::NoState,
        Self::Closed,
        Self::Io,
        Self::NotSupported,
        Self::Panic,
        Self::Forked,
        Self::Ended,
    ];

    /// The kind a C status stands for, if it is an error's.
    pub fn from_status(status: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind as i32 == status)
    }

    /// The messages, checked once and for all to be UTF-8: an error is made even where it only means "not given".
    const MESSAGES: [&'static str; Self::ALL.len()] = {
        let mut messages = [""; Self::ALL.len()];
        let mut n = 0;
        while n < messages.len() {
            assert!(Self::ALL[n] as i32 == -1 - n as i32);
            messages[n] = match Self::ALL[n].c_message().to_str() {
                Ok(message) => message,
                Err(_) => panic!("a message that is not UTF-8"),
            };
            n += 1;
        }
        messages
    };

    /// One sentence for this kind that says what to do.
    pub fn message(self) -> &'static str {
        Self::MESSAGES[(-1 - self as i32) as usize]
    }

    /// [`ErrorKind::message`] as C reads it.
    pub const fn c_message(self) -> &'static CStr {
        match self {
            Self::InvalidArgument => {
                c"invalid argument: a pointer is NULL, a length too large, or a value out of range; see the function's documentation"
            }
            Self::NoMemory => c"out of memory: the allocator refused; free something or lower max_bytes",
            Self::NoSpace => {
                c"no space: it does not fit into max_bytes even after evicting every result that is not leased; raise max_bytes or release leases"
            }
            Self::NoState => {
                c"no state: load the filter's state first (a filter without trained parameters loads a state of length 0)"
            }
            Self::Closed => c"closed: this cache was closed; open another",
            Self::Io => {
                c"input/output error: a file or a store could not be read or written; see the error's message"
            }
            Self::NotSupported => c"not supported by this build of the library or for this value",
            Self::Panic => {
                c"internal error: a panic was contained and the cache refuses further work; release it, open another, and report the bug"
            }
            Self::Forked => {
                c"forked: this handle was made before fork() and belongs to the parent process; open another cache in this one"
            }
            Self::Ended => {
                c"ended: this ticket was committed or aborted before; begin again, and release it"
            }
        }
    }
}

/// A failure with its own words.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
}

/// What this crate's fallible functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// Which failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened and what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, message: Cow::Borrowed(kind.message()) }
    }
}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Self {
        ErrorKind::NoMemory.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

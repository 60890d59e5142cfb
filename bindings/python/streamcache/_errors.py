"""One exception for each status that is no success; the numbers are the C library's."""

from __future__ import annotations

from typing import Dict, Optional, Type

from . import _constants as c

__all__ = [
    "BufferTooSmallError", "BusyError", "ClosedError", "EndedError", "ForkedError", "InvalidArgumentError", "IoError", "LibraryError",
    "MemoryRefusedError", "NoSpaceError", "NoStateError", "NotSupportedError", "PanicError", "RejectedError", "StreamcacheError",
]  # fmt: skip


class StreamcacheError(Exception):
    """What the library answers instead of a result; `status` is its number in streamcache.h."""

    status: int = 0


class InvalidArgumentError(StreamcacheError, ValueError):
    """An argument breaks the function's contract; nothing happened."""

    status = c.INVALID_ARGUMENT


class MemoryRefusedError(StreamcacheError, MemoryError):
    """The allocator refused."""

    status = c.NO_MEMORY


class NoSpaceError(StreamcacheError):
    """The byte budget can't hold it, even after evicting results."""

    status = c.NO_SPACE


class BufferTooSmallError(StreamcacheError, ValueError):
    """The result does not fit into the buffer, which is as it was; `size` is how many bytes it takes."""

    status = c.BUFFER_TOO_SMALL

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class NoStateError(StreamcacheError):
    """The filter has no state yet: call `load_state` first. Or the stream's state is unknown."""

    status = c.NO_STATE


class ClosedError(StreamcacheError, ValueError):
    """The cache, or this object, was closed."""

    status = c.CLOSED


class IoError(StreamcacheError, OSError):
    """A file or a store could not be read or written."""

    status = c.IO


class NotSupportedError(StreamcacheError):
    """This build of the library, or this value, can't do that."""

    status = c.NOT_SUPPORTED


class PanicError(StreamcacheError):
    """A fault inside the library was contained; the cache refuses further work."""

    status = c.PANIC


class ForkedError(StreamcacheError):
    """The object was made before a fork and belongs to the parent process: open another cache in this one."""

    status = c.FORKED


class EndedError(StreamcacheError):
    """The ticket was committed or aborted before."""

    status = c.ENDED


class BusyError(StreamcacheError, TimeoutError):
    """Another caller computes it, and the time was up: try again later, or compute it without the cache."""

    status = c.BUSY


class RejectedError(StreamcacheError):
    """A caller committed that there is no result; `code` is the reason, in the numbers of whoever did."""

    status = c.REJECTED

    def __init__(self, message: str, code: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code


class LibraryError(ImportError):
    """The C library is missing, can't be loaded, or is another version's; the message says where it was looked for."""


BY_STATUS: Dict[int, Type[StreamcacheError]] = {
    kind.status: kind
    for kind in (
        InvalidArgumentError, MemoryRefusedError, NoSpaceError, NoStateError, ClosedError, IoError, NotSupportedError,
        PanicError, ForkedError, EndedError, BusyError, RejectedError, BufferTooSmallError,
    )
}  # fmt: skip

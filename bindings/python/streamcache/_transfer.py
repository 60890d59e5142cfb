"""Results carried in a file."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, Union

from . import _constants as c
from ._library import check, ffi, lib, received
from ._wait import waiting

Path = Union[str, "os.PathLike[str]"]
_END_MS = 10_000  # a transfer that was told to stop needs less


class TransferResult(NamedTuple):
    """What became of an export or an import."""

    entries: int
    """Results that were carried."""
    bytes: int
    """Bytes written to the file, but for its end, or read from it."""
    left_out: int
    """Of an export, results that can't leave memory; of an import, those that memory had already."""
    refused: int
    """Results that did not check: damaged, expired, or sealed with another secret."""
    not_stored: int
    """Results that an import found no room for in memory."""


def transfer(begin: Any, cache: Any, path: Path) -> TransferResult:
    """Does it to its end; a thread of the library's works, and Ctrl-C gives it up."""
    encoded, out, error = os.fsencode(path), ffi.new("streamcache_transfer **"), ffi.new("streamcache_error **")
    status, (handle,) = received(lambda: int(begin(cache, encoded, len(encoded), out, error)), (out, lib.streamcache_transfer_release))
    check(status, cache, error=error)
    try:
        waiting(lambda ms: int(lib.streamcache_transfer_wait(handle, ms, ffi.NULL)), None, c.TIMEOUT)
    except BaseException:
        lib.streamcache_transfer_cancel(handle)
        lib.streamcache_transfer_wait(handle, _END_MS, ffi.NULL)  # no half of a file is left behind
        raise
    check(lib.streamcache_transfer_wait(handle, 0, error), error=error)
    progress = ffi.new("streamcache_transfer_progress *")
    progress.struct_size = ffi.sizeof("streamcache_transfer_progress")
    check(lib.streamcache_transfer_get_progress(handle, progress))
    return TransferResult(*(getattr(progress, field) for field in TransferResult._fields))

"""Remembers what a model already computed: streamcache, the C library, from Python.

    >>> import streamcache
    >>> with streamcache.Cache(max_bytes=64 << 20) as cache:
    ...     upper = cache.filter("demo", {"model": "demo", "version": 1}, state=b"weights")
    ...     print(bytes(upper.get_or_compute(b"ab", lambda: b"AB")))
    ...     print(bytes(upper.get_or_compute(b"ab", lambda: b"not called")))
    b'AB'
    b'AB'

A filter is a pipeline stage: a configuration and a trained state. A chunk is one unit of input, bytes or an array. A
result is a `Value`, a lease on bytes that never change. A `Ticket` is the right to compute what is missing, a `Stream` a
filter whose recurrent state evolves. The library is found through STREAMCACHE_LIBRARY, in this package, or in the
system; `library_path` says which.
"""

from ._batch import Batch
from ._cache import UNLIMITED, Cache
from ._constants import VERSION_STRING as __version__
from ._data import Described, Tensor
from ._digest import Barrier, Digest, Hasher, Key
from ._errors import (
    BufferTooSmallError,
    BusyError,
    ClosedError,
    EndedError,
    ForkedError,
    InvalidArgumentError,
    IoError,
    LibraryError,
    MemoryRefusedError,
    NoSpaceError,
    NoStateError,
    NotSupportedError,
    PanicError,
    RejectedError,
    StreamcacheError,
)
from ._filter import Filter, Lookup
from ._library import library_path
from ._log import log_off, log_to
from ._lookup import Flags
from ._pipeline import pipeline_key
from ._snapshot import Snapshot
from ._stats import CacheStats, FilterStats, TierStats
from ._stream import Stream
from ._ticket import Ticket
from ._transfer import TransferResult
from ._value import Value

__all__ = [
    "Barrier", "Batch", "BufferTooSmallError", "BusyError", "Cache", "CacheStats", "ClosedError", "Described", "Digest", "EndedError", "Filter", "FilterStats",
    "Flags", "ForkedError", "Hasher", "InvalidArgumentError", "IoError", "Key", "LibraryError", "Lookup", "MemoryRefusedError",
    "NoSpaceError", "NoStateError", "NotSupportedError", "PanicError", "RejectedError", "Snapshot", "Stream",
    "StreamcacheError", "Tensor", "Ticket", "TierStats", "TransferResult", "UNLIMITED", "Value", "__version__", "library_path",
    "log_off", "log_to", "pipeline_key",
]  # fmt: skip

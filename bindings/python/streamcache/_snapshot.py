"""Filters as they were at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from . import _constants as c
from ._data import prepared
from ._digest import Chunk, Digest, digest_of
from ._library import NULL, check, ffi, lib
from ._lookup import begin, lookup
from ._once import Once
from ._ticket import Ticket
from ._value import Value, leased
from ._wait import DEFAULT_S

if TYPE_CHECKING:
    from ._data import Payload
    from ._identity import Claims


class Snapshot(Once):
    """A filter as it was at one moment, with a lease on its state: what it looks up and stores names that state.

    What a function computes through it is stored under its state: give it that (`with_state`), never the filter's.
    """

    __slots__ = ("_c", "_claims", "_config", "__weakref__")

    def __init__(self) -> None:
        raise TypeError("snapshots come from Filter.snapshot()")

    @classmethod
    def _adopt(cls, pointer: Any, claims: "Claims", config: bytes) -> "Snapshot":
        snapshot = cls.__new__(cls)
        snapshot._c = ffi.gc(pointer, lib.streamcache_snapshot_release)
        snapshot._claims, snapshot._config = claims, config
        return snapshot

    def _same(self) -> Callable[[], bool]:
        return lambda: True  # it never changes

    def close(self) -> None:
        """Gives the lease on the state back. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> Optional[Value]:
        """A lease on its state; None where only its digest is known."""
        handle = self._c
        status, value = leased(lambda out: int(lib.streamcache_snapshot_get_state(handle, out, NULL)))
        return Value._holding(value) if check(status, handle) == c.OK else None

    def get(self, chunk: Chunk, flags: int = 0) -> Optional[Value]:
        """A lease on a chunk's result, None on a miss."""
        handle, digest = self._c, digest_of(chunk)._c
        return lookup(lambda out: int(lib.streamcache_snapshot_get(handle, digest, flags, out, NULL)), handle)

    def key(self, chunk: Chunk) -> Digest:
        """The key a chunk's result has under its state."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_snapshot_key(self._c, digest_of(chunk)._c, made), self._c)
        return Digest._adopt(made)

    def put(self, chunk: Chunk, data: "Payload", *, flags: int = 0, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> bool:
        """Stores a copy of a result that its state computed; False where it was not kept."""
        given = prepared(data, ttl_ms, compute_ns, blob)
        arguments = given.pointer, given.length, flags, given.options, NULL
        return check(lib.streamcache_snapshot_put(self._c, digest_of(chunk)._c, *arguments), self._c) == c.OK

    def begin(self, chunk: Chunk, *, timeout: Optional[float] = DEFAULT_S, flags: int = 0) -> Union[Value, Ticket]:
        """As `Filter.begin`, under its state."""
        handle, digest = self._c, digest_of(chunk)._c
        return begin(lambda ms, *out: int(lib.streamcache_snapshot_begin(handle, digest, ms, flags, *out)), timeout, flags, handle)

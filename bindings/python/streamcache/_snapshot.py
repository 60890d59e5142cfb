"""Filters as they were at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

from . import _constants as c
from ._data import prepared
from ._digest import Chunk, Digest, digest_of
from ._library import NULL, check, ffi, lib
from ._lookup import begin, missed
from ._ticket import Ticket
from ._value import Value
from ._wait import DEFAULT_S

if TYPE_CHECKING:
    from ._data import Payload


class Snapshot:
    """A filter as it was at one moment, with a lease on its state: what it looks up and stores names that state."""

    __slots__ = ("_c", "__weakref__")

    def __init__(self) -> None:
        raise TypeError("snapshots come from Filter.snapshot()")

    @classmethod
    def _adopt(cls, pointer: Any) -> "Snapshot":
        snapshot = cls.__new__(cls)
        snapshot._c = ffi.gc(pointer, lib.streamcache_snapshot_release)
        return snapshot

    def close(self) -> None:
        """Gives the lease on the state back. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> Optional[Value]:
        """A lease on its state; None where only its digest is known."""
        value = ffi.new("streamcache_value **")
        status = check(lib.streamcache_snapshot_get_state(self._c, value, NULL), self._c)
        return Value._adopt(value[0]) if status == c.OK else None

    def get(self, chunk: Chunk, flags: int = 0) -> Optional[Value]:
        """A lease on a chunk's result, None on a miss."""
        value = ffi.new("streamcache_value **")
        status = lib.streamcache_snapshot_get(self._c, digest_of(chunk)._c, flags, value, NULL)
        if status:
            missed(status, value[0], self._c)
            return None
        return Value._adopt(value[0])

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

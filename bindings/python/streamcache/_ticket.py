"""Tickets: the right to compute one missing value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, List, Optional

from . import _constants as c
from ._data import options, plain, prepared
from ._digest import Digest
from ._errors import EndedError
from ._library import NULL, check, ffi, lib
from ._value import Value

if TYPE_CHECKING:
    from ._data import Bytes, Payload

_PHASES = {c.PHASE_OPEN: "open", c.PHASE_COMMITTED: "committed", c.PHASE_ABORTED: "aborted", c.PHASE_FENCED: "fenced"}


class Ticket:
    """The exclusive right to compute one missing value; others who ask for it wait for what comes of it.

    Commit a result, or abort; a `with` block aborts what was not committed, and so does the last reference's end. It
    belongs to no thread, though only one at a time works on it.
    """

    __slots__ = ("_c", "_buffer", "_length", "bypassed", "stored", "__weakref__")

    _c: Any
    _buffer: Any
    _length: int
    bypassed: bool
    """Whether the stream's state was unknown: compute from a state of your own; the output will not be stored."""
    stored: bool
    """Whether what was committed is stored. Not where the ticket was overtaken or there was no room."""

    def __init__(self) -> None:
        raise TypeError("tickets come from begin()")

    @classmethod
    def _adopt(cls, pointer: Any, status: int = c.FILL) -> "Ticket":
        ticket = cls.__new__(cls)
        ticket._c = ffi.gc(pointer, lib.streamcache_ticket_release)
        ticket._buffer, ticket._length = None, 0
        ticket.bypassed, ticket.stored = status == c.BYPASSED, False
        return ticket

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Aborts it if it is open. Closing again is fine. Where its buffer is still in use, it ends with that."""
        if not self._in_use():
            lib.streamcache_ticket_abort(self._c)
        self._c, self._buffer = NULL, None

    def abort(self) -> None:
        """Gives the right up, after a computation that failed: a caller who waits has it now."""
        self._unused()
        check(lib.streamcache_ticket_abort(self._c), self._c)

    @property
    def key(self) -> Digest:
        """The key of the missing value."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_ticket_get_key(self._c, made), self._c)
        return Digest._adopt(made)

    @property
    def phase(self) -> str:
        """Where it stands: "open", "committed", "aborted", or "fenced" where a purge or a put overtook it."""
        phase = ffi.new("streamcache_phase *")
        check(lib.streamcache_ticket_get_phase(self._c, phase), self._c)
        return _PHASES.get(phase[0], "unknown")

    def state(self) -> Optional[Value]:
        """The trained state to compute with, whatever the filter loads meanwhile; None where only its digest is known."""
        return _state(lib.streamcache_ticket_get_state, self._c)

    def step_state(self) -> Value:
        """The recurrent state that a stream's step is computed from."""
        value = _state(lib.streamcache_ticket_get_step_state, self._c)
        assert value is not None
        return value

    def buffer(self, size: int) -> memoryview:
        """Memory of the cache's to write the result into, for `commit_buffer`: uninitialised, and writable.

        Release the view, and whatever was made of it, before that commit, which else is refused with a BufferError.
        NoSpaceError where no room can be made: then `commit` a result of your own memory.
        """
        self._unused()
        handle, data = self._c, ffi.new("void **")
        check(lib.streamcache_ticket_buffer(handle, size, data), handle)
        held = ffi.gc(ffi.cast("char *", data[0]), lambda _, handle=handle: None)
        self._buffer, self._length = ffi.buffer(held, size), size
        return memoryview(self._buffer)

    def _in_use(self) -> bool:
        """Whether a view of the buffer is left: it may be written to no more once the ticket has ended."""
        return self._buffer is not None and hasattr(sys, "getrefcount") and sys.getrefcount(self._buffer) > 2

    def _unused(self) -> None:
        if self._in_use():
            raise BufferError("views of the ticket's buffer are still in use: release them first")

    def commit_buffer(self, size: Optional[int] = None, *, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> Value:
        """Publishes the first `size` bytes of the buffer as the result, without a copy, and gives a lease on it."""
        keep: List[Any] = []
        given = options((), ttl_ms, compute_ns, blob, keep)
        length = self._length if size is None else size
        return self._committed(lib.streamcache_ticket_commit, length, given)

    def commit(self, data: "Payload", *, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> Value:
        """Publishes a copy of a result (bytes, an array, or a tuple of arrays), and gives a lease on it.

        Those who wait have it, too, even where it can't be stored; `stored` tells.
        """
        given = prepared(data, ttl_ms, compute_ns, blob)
        return self._committed(lib.streamcache_ticket_commit_copy, given.pointer, given.length, given.options)

    def commit_step(self, output: "Payload", next_state: Optional["Bytes"], *, compute_ns: int = 0, blob: bytes = b"") -> Value:
        """Publishes a stream's output and its next recurrent state together, and moves the stream on.

        `next_state` None: it is not known; nothing is stored, and the stream's state is unknown.
        """
        given = prepared(output, 0, compute_ns, blob)
        state, length = (NULL, 0) if next_state is None else plain(next_state, "the next state")
        function = lib.streamcache_ticket_commit_step
        return self._committed(function, given.pointer, given.length, state, length, given.options)

    def commit_rejection(self, code: int, *, ttl_ms: int = 0) -> None:
        """Publishes that there is no result; who asks gets a RejectedError. For failures that should be remembered."""
        self.stored = check(lib.streamcache_ticket_commit_rejection(self._c, code, ttl_ms), self._c) == c.OK

    def _committed(self, function: Any, *arguments: Any) -> Value:
        if self._c == NULL:
            raise EndedError("the ticket was closed")
        self._unused()
        value = ffi.new("streamcache_value **")
        self.stored = check(function(self._c, *arguments, value), self._c) == c.OK
        self._buffer = None
        return Value._adopt(value[0])


def _state(function: Any, handle: Any) -> Optional[Value]:
    value = ffi.new("streamcache_value **")
    status = check(function(handle, value, NULL), handle)
    return Value._adopt(value[0]) if status == c.OK else None

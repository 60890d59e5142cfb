"""Tickets: the right to compute one missing value."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any, List, Optional, Tuple, Union

from . import _constants as c
from ._data import Tensor, described, numpy_dtype, options, plain, prepared
from ._digest import Digest
from ._errors import EndedError
from ._library import NULL, check, ffi, lib
from ._value import Value, leased

if TYPE_CHECKING:
    from ._data import Array, Bytes, Payload

_PHASES = {c.PHASE_OPEN: "open", c.PHASE_COMMITTED: "committed", c.PHASE_ABORTED: "aborted", c.PHASE_FENCED: "fenced"}


class Ticket:
    """The exclusive right to compute one missing value; others who ask for it wait for what comes of it.

    Commit a result, or abort; a `with` block aborts what was not committed, and so does the last reference's end. It
    belongs to no thread, though only one at a time works on it.
    """

    __slots__ = ("_c", "_buffer", "_kind", "_length", "_view", "bypassed", "stored", "__weakref__")

    _c: Any
    _buffer: Any
    _kind: Optional[Tensor]
    _length: int
    _view: "Optional[weakref.ReferenceType[memoryview]]"
    bypassed: bool
    """Whether the stream's state was unknown: compute from a state of your own; the output will not be stored."""
    stored: bool
    """Whether what was committed is stored. Not where the ticket was overtaken or there was no room."""

    def __init__(self) -> None:
        raise TypeError("tickets come from begin()")

    @classmethod
    def _holding(cls, handle: Any, status: int = c.FILL, kind: Optional[Tensor] = None) -> "Ticket":
        """Of a handle that is released with its last reference; `kind` is what a stream's states are where they are arrays."""
        ticket = cls.__new__(cls)
        ticket._c, ticket._kind = handle, kind
        ticket._buffer, ticket._length, ticket._view = None, 0, None
        ticket.bypassed, ticket.stored = status == c.BYPASSED, False
        return ticket

    def __enter__(self) -> "Ticket":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        view = self._view() if self._view is not None else None
        if kind is not None and view is not None:  # the traceback keeps it, as long as someone keeps the exception
            try:
                view.release()
            except BufferError:  # an array was made of it: the ticket ends with that
                pass
        del view
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

    @property
    def state_digest(self) -> Digest:
        """The digest of the trained state to compute with."""
        return _state_digest(self._c)

    def trained(self) -> Union[Value, Digest]:
        """The trained state to compute with: a lease on it, or, where only that is known, its digest."""
        return trained_state(self._c)

    def step_state(self) -> Any:
        """The recurrent state that a stream's step is computed from: a `Value`, or an array, read-only, of a stream of arrays."""
        value = _state(lib.streamcache_ticket_get_step_state, self._c)
        assert value is not None
        return shaped(value, self._kind)

    def buffer(self, size: int) -> memoryview:
        """Memory of the cache's to write the result into, for `commit_buffer`: uninitialised, and writable.

        Release the view, and whatever was made of it, before that commit, which else is refused with a BufferError. An
        exception that leaves the `with` block releases the view; an array made of it, which the traceback keeps, holds
        the ticket open as long as someone keeps the exception.
        NoSpaceError where no room can be made: then `commit` a result of your own memory.
        """
        self._unused()
        handle, data = self._c, ffi.new("void **")
        check(lib.streamcache_ticket_buffer(handle, size, data), handle)
        held = ffi.gc(ffi.cast("char *", data[0]), lambda _, handle=handle: None)
        self._buffer, self._length = ffi.buffer(held, size), size
        view = memoryview(self._buffer)
        self._view = weakref.ref(view)
        return view

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

    def commit_step(self, output: "Payload", next_state: Union["Bytes", "Array", None], *, compute_ns: int = 0, blob: bytes = b"") -> Value:
        """Publishes a stream's output and its next recurrent state together, and moves the stream on.

        In a stream of arrays the next state is one of the same type and shape, or it is refused with a ValueError.
        `next_state` None: it is not known; nothing is stored, and the stream's state is unknown.
        """
        given = prepared(output, 0, compute_ns, blob)
        state, length = (NULL, 0) if next_state is None else state_bytes(next_state, self._kind, "the next state")
        function = lib.streamcache_ticket_commit_step
        return self._committed(function, given.pointer, given.length, state, length, given.options)

    def commit_rejection(self, code: int, *, ttl_ms: int = 0) -> None:
        """Publishes that there is no result; who asks gets a RejectedError. For failures that should be remembered."""
        self.stored = check(lib.streamcache_ticket_commit_rejection(self._c, code, ttl_ms), self._c) == c.OK

    def _committed(self, function: Any, *arguments: Any) -> Value:
        if self._c == NULL:
            raise EndedError("the ticket was closed")
        self._unused()
        handle = self._c
        status, value = leased(lambda out: int(function(handle, *arguments, out)))
        self.stored = check(status, handle) == c.OK
        self._buffer = None
        return Value._holding(value)


def _state(function: Any, handle: Any) -> Optional[Value]:
    status, value = leased(lambda out: int(function(handle, out, NULL)))
    return Value._holding(value) if check(status, handle) == c.OK else None


def _state_digest(handle: Any) -> Digest:
    made = ffi.new("streamcache_digest *")
    check(lib.streamcache_ticket_get_state(handle, NULL, made), handle)
    return Digest._adopt(made)


def trained_state(handle: Any) -> Union[Value, Digest]:
    """The trained state of a ticket, or its digest."""
    return _state(lib.streamcache_ticket_get_state, handle) or _state_digest(handle)


def state_bytes(state: Any, kind: Optional[Tensor], what: str) -> Tuple[Any, int]:
    """A stream's state for a call: plain bytes, or, where its states are arrays, one of their type and shape."""
    if kind is None:
        return plain(state, what)
    view, tensor = described(state, what)
    if tensor != kind:
        raise ValueError(f"{what} is {_written(tensor)}, and the stream's are {_written(kind)}")
    return ffi.from_buffer(view), view.nbytes


def _written(tensor: Tensor) -> str:
    return f"{numpy_dtype(tensor)} of shape {tensor.shape}"


def shaped(value: Value, kind: Optional[Tensor]) -> Any:
    """A stream's state as it was given."""
    return value if kind is None else value._array(kind)

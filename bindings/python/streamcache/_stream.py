"""Streams: filters whose recurrent state evolves chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple, Union

from ._data import Tensor, described, is_bytes, numpy_dtype
from ._digest import Chunk, Digest, digest_of
from ._errors import NoStateError
from ._library import NULL, check, ffi, lib
from ._ticket import Ticket, shaped, state_bytes
from ._value import Value, leased
from ._wait import DEFAULT_S, begun

if TYPE_CHECKING:
    from ._data import Array, Bytes, Payload


class Stream:
    """A filter at a recurrent state. Each step is keyed by the chunk and the state it begins with.

    It hits where the same chunks come again from the same beginning. Any thread, one step at a time.
    """

    __slots__ = ("_c", "_kind", "_typed", "__weakref__")

    _c: Any
    _kind: Optional[Tensor]
    _typed: Optional[Digest]

    def __init__(self) -> None:
        raise TypeError("streams come from Filter.stream()")

    @classmethod
    def _adopt(cls, pointer: Any, kind: Optional[Tensor]) -> "Stream":
        stream = cls.__new__(cls)
        stream._c = ffi.gc(pointer, lib.streamcache_stream_release)
        stream._kind = kind
        # The library knows a state by its bytes alone: their type and shape enter the key beside the chunk.
        stream._typed = None if kind is None else Digest.chunk(f"streamcache state {tuple(kind)}".encode())
        return stream

    def _key(self, digest: Digest) -> Digest:
        return digest if self._typed is None else Digest.inputs([self._typed, digest])

    @classmethod
    def _open(cls, handle: Any, state: Union["Bytes", "Array"]) -> "Stream":
        kind = None if is_bytes(state) else described(state, "the state")[1]
        if kind is not None:
            numpy_dtype(kind)  # in which they will be given back
        out, error = ffi.new("streamcache_stream **"), ffi.new("streamcache_error **")
        check(lib.streamcache_stream_open(handle, *state_bytes(state, kind, "the state"), out, error), handle, error=error)
        return cls._adopt(out[0], kind)

    def close(self) -> None:
        """Gives the handle back; an open ticket of its still commits. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, chunk: Chunk, *, timeout: Optional[float] = DEFAULT_S, flags: int = 0) -> Union[Value, Ticket]:
        """What the next chunk gives from the present state, and the stream has moved on; or the ticket to compute that,
        from `Ticket.step_state` and for `Ticket.commit_step`. BusyError when the time is up."""
        handle, digest, kind = self._c, self._key(digest_of(chunk))._c, self._kind
        function = lib.streamcache_stream_begin
        found: Union[Value, Ticket] = begun(
            lambda ms, *out: int(function(handle, digest, ms, flags, *out)),
            timeout,
            flags,
            handle,
            lambda ticket, status: Ticket._holding(ticket, status, kind),
        )
        return found

    def step(
        self, chunk: Chunk, compute: Callable[[Any], Tuple["Payload", Union["Bytes", "Array"]]], *, timeout: Optional[float] = DEFAULT_S, flags: int = 0
    ) -> Value:
        """The output of the next chunk. `compute` is called on a miss with the state it begins with, and gives the output
        and the next state: bytes, or arrays of the type and shape of the one the stream was opened with. What it raises is raised here, and the stream stays where it is. NoStateError where the
        stream's state is unknown: reset it, or use `begin`."""
        begun = self.begin(chunk, timeout=timeout, flags=flags)
        if isinstance(begun, Value):
            return begun
        with begun:
            if begun.bypassed:
                raise NoStateError("the stream's state is unknown: reset it")
            output, next_state = compute(begun.step_state())
            return begun.commit_step(output, next_state)

    def state(self) -> Any:
        """The recurrent state it is at: a `Value`, or an array, read-only, where it was opened with one."""
        handle = self._c
        status, value = leased(lambda out: int(lib.streamcache_stream_get_state(handle, out, NULL)))
        check(status, handle)
        return shaped(Value._holding(value), self._kind)

    def reset(self, state: Union["Bytes", "Array", None] = None) -> None:
        """Back to position 0, at a given state or the initial one, under the trained state the filter has now."""
        error = ffi.new("streamcache_error **")
        given = (NULL, 0) if state is None else state_bytes(state, self._kind, "the state")
        check(lib.streamcache_stream_reset(self._c, *given, error), self._c, error=error)

    def forget(self) -> None:
        """Tells it that the engine went on without it: its state is unknown until a reset."""
        check(lib.streamcache_stream_forget(self._c), self._c)

    def fork(self) -> "Stream":
        """Another stream at the same place."""
        out = ffi.new("streamcache_stream **")
        check(lib.streamcache_stream_fork(self._c, out), self._c)
        return Stream._adopt(out[0], self._kind)

    @property
    def position(self) -> int:
        """How many chunks it has gone since it was opened or reset."""
        position = ffi.new("uint64_t *")
        check(lib.streamcache_stream_get_position(self._c, position), self._c)
        return int(position[0])

    @property
    def digest(self) -> Digest:
        """Names its place: streams with equal digests give equal outputs from here on."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_stream_get_digest(self._c, made), self._c)
        return self._key(Digest._adopt(made))

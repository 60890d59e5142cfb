"""Streams: filters whose recurrent state evolves chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Tuple, Union

from ._data import plain
from ._digest import Chunk, Digest, digest_of
from ._errors import NoStateError
from ._library import NULL, check, ffi, lib
from ._ticket import Ticket
from ._value import Value
from ._wait import DEFAULT_S, begun

if TYPE_CHECKING:
    from ._data import Bytes, Payload


class Stream:
    """A filter at a recurrent state. Each step is keyed by the chunk and the state it begins with.

    It hits where the same chunks come again from the same beginning. Any thread, one step at a time.
    """

    __slots__ = ("_c", "__weakref__")

    def __init__(self) -> None:
        raise TypeError("streams come from Filter.stream()")

    @classmethod
    def _adopt(cls, pointer: Any) -> "Stream":
        stream = cls.__new__(cls)
        stream._c = ffi.gc(pointer, lib.streamcache_stream_release)
        return stream

    @classmethod
    def _open(cls, handle: Any, state: "Bytes") -> "Stream":
        out, error = ffi.new("streamcache_stream **"), ffi.new("streamcache_error **")
        check(lib.streamcache_stream_open(handle, *plain(state, "the state"), out, error), handle, error=error)
        return cls._adopt(out[0])

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
        handle, digest = self._c, digest_of(chunk)._c
        function = lib.streamcache_stream_begin
        found: Union[Value, Ticket] = begun(
            lambda ms, *out: int(function(handle, digest, ms, flags, *out)), timeout, flags, handle, Ticket._adopt
        )
        return found

    def step(
        self, chunk: Chunk, compute: Callable[[Value], Tuple["Payload", "Bytes"]], *, timeout: Optional[float] = DEFAULT_S, flags: int = 0
    ) -> Value:
        """The output of the next chunk. `compute` is called on a miss with the state it begins with, and gives the output
        and the next state. What it raises is raised here, and the stream stays where it is. NoStateError where the
        stream's state is unknown: reset it, or use `begin`."""
        begun = self.begin(chunk, timeout=timeout, flags=flags)
        if isinstance(begun, Value):
            return begun
        with begun:
            if begun.bypassed:
                raise NoStateError("the stream's state is unknown: reset it")
            output, next_state = compute(begun.step_state())
            return begun.commit_step(output, next_state)

    def state(self) -> Value:
        """A lease on the recurrent state it is at."""
        value = ffi.new("streamcache_value **")
        check(lib.streamcache_stream_get_state(self._c, value, NULL), self._c)
        return Value._adopt(value[0])

    def reset(self, state: Optional["Bytes"] = None) -> None:
        """Back to position 0, at a given state or the initial one, under the trained state the filter has now."""
        error = ffi.new("streamcache_error **")
        given = (NULL, 0) if state is None else plain(state, "the state")
        check(lib.streamcache_stream_reset(self._c, *given, error), self._c, error=error)

    def forget(self) -> None:
        """Tells it that the engine went on without it: its state is unknown until a reset."""
        check(lib.streamcache_stream_forget(self._c), self._c)

    def fork(self) -> "Stream":
        """Another stream at the same place."""
        out = ffi.new("streamcache_stream **")
        check(lib.streamcache_stream_fork(self._c, out), self._c)
        return Stream._adopt(out[0])

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
        return Digest._adopt(made)

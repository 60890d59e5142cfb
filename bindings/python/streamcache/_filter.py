"""Filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, List, NamedTuple, Optional, Sequence, Union

from . import _constants as c
from ._batch import Batch, begin_batch, compute_batch
from ._compute import Swaps
from ._data import plain, prepared
from ._digest import Chunk, Config, Digest, digest_of, pointer
from ._errors import BufferTooSmallError
from ._library import NULL, check, ffi, lib
from ._lookup import begin, lookup, missed
from ._once import Once
from ._snapshot import Snapshot
from ._stats import FilterStats, read
from ._stream import Stream
from ._ticket import Ticket
from ._value import Value, leased, release
from ._wait import DEFAULT_S

if TYPE_CHECKING:
    from ._cache import Cache
    from ._data import Array, Bytes, Payload


class Lookup(NamedTuple):
    """What a lookup found, and the two digests that a put of its chunk takes."""

    value: Optional[Value]
    """The result; None on a miss."""
    key: Digest
    """The key it was looked up under."""
    chunk: Digest
    """The chunk's digest."""


class _Cells(NamedTuple):
    """Where a call writes: taken from a pool, because a thread's own would be shared with its signal handlers."""

    digest: Any
    value: Any
    length: Any


_pool: List[_Cells] = []
_CHARS = ffi.typeof("char[]")
_get, _get_bytes, _get_into = lib.streamcache_filter_get, lib.streamcache_filter_get_bytes, lib.streamcache_filter_get_into
_digest_chunk = lib.streamcache_digest_chunk
_gc, _RELEASE = ffi.gc, (release,)


def _cells() -> _Cells:
    return _Cells(ffi.new("streamcache_digest *"), ffi.new("streamcache_value **"), ffi.new("size_t *"))


class Filter(Once):
    """A pipeline stage: a configuration and a trained state. Its results are found under both, and the chunk.

    Any thread, any time. It ends with its last reference, with `close`, or with a `with` block; results stay.
    """

    __slots__ = ("_c", "_claims", "_config", "_swaps", "id", "__weakref__")


    def __init__(
        self, cache: "Cache", id: str, config: Config, *, state: Union["Bytes", Digest, None] = None, deterministic: bool = True
    ) -> None:
        """Opens a filter of this configuration: all that changes an answer and is not the chunk or the trained state.

        `id` is for people and logs, and part of no key. `state` is given to `load_state`. A filter that is not
        deterministic always bypasses the cache.
        """
        if not isinstance(id, str):
            raise TypeError(f"a filter's id is a str, not {type(id).__qualname__}")
        encoded, out, error = id.encode(), ffi.new("streamcache_filter **"), ffi.new("streamcache_error **")
        flags = 0 if deterministic else c.FILTER_NONDETERMINISTIC
        digest = Digest.config(config)
        status = lib.streamcache_filter_open(cache._c, encoded, len(encoded), digest._c, flags, out, error)
        check(status, cache._c, error=error)
        self._c = ffi.gc(out[0], lib.streamcache_filter_release)
        self._claims, self._config = cache._memoized, bytes(digest)
        self._swaps = Swaps()
        self.id = id
        if state is not None:
            self.load_state(state)

    def close(self) -> None:
        """Gives the handle and its state back; results stay. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Filter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # States

    def load_state(self, state: Union["Bytes", Digest]) -> None:
        """Loads a trained state: copied, digested and charged to the budget; or, for a large model, its digest alone.

        Lookups switch to it in one step. What an old state computed is found again when that is loaded again. A filter
        without trained parameters loads b"".
        """
        error = ffi.new("streamcache_error **")
        with self._swaps.load():
            if isinstance(state, Digest):
                status = lib.streamcache_filter_load_state_digest(self._c, state._c, error)
            else:
                status = lib.streamcache_filter_load_state(self._c, *plain(state, "the state"), error)
        check(status, self._c, error=error)

    def state(self) -> Optional[Value]:
        """A lease on the present state; None where only its digest is known."""
        handle = self._c
        status, value = leased(lambda out: int(lib.streamcache_filter_get_state(handle, out, NULL)))
        return Value._holding(value) if check(status, handle) == c.OK else None

    @property
    def state_digest(self) -> Digest:
        """The present state's digest."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_filter_get_state(self._c, NULL, made), self._c)
        return Digest._adopt(made)

    def save_state(self) -> bool:
        """Queues the state's bytes for the disk and the remote store; False where only its digest is known."""
        return check(lib.streamcache_filter_save_state(self._c), self._c) == c.OK

    def restore_state(self, digest: Digest) -> bool:
        """Loads the state of this digest that was saved, in this process or another; False where no store has it."""
        with self._swaps.load():
            return check(lib.streamcache_filter_restore_state(self._c, pointer(digest)), self._c) == c.OK

    def _same(self) -> Callable[[], bool]:
        return self._swaps.now()

    # Lookups

    def get(self, chunk: Chunk, flags: int = 0) -> Optional[Value]:
        """A lease on a chunk's result, None on a miss. RejectedError where a caller committed that there is none."""
        try:
            cells = _pool.pop()
        except IndexError:
            cells = _cells()
        out, digest = cells[1], None if type(chunk) is bytes else digest_of(chunk)._c
        out[0] = NULL
        held: List[Any] = []
        try:  # as received(), without its cost
            if digest is None:
                status = _get_bytes(self._c, chunk, len(chunk), flags, out, NULL, NULL)  # type: ignore[arg-type]  # bytes
            else:
                status = _get(self._c, digest, flags, out, NULL)
            held.extend(map(_gc, (out[0],), _RELEASE))
        except BaseException:
            if not held:
                release(out[0])
            raise
        _pool.append(cells)
        if status:
            missed(status, held[0], self._c)
            return None
        value = Value.__new__(Value)
        value._c = held[0]
        return value

    def get_into(self, chunk: Chunk, buffer: Any, flags: int = 0) -> Optional[int]:
        """Copies a chunk's result into a writable buffer, without a lease, and says how many bytes it is; None on a miss.

        BufferTooSmallError where the result is larger than that, and nothing was copied.
        """
        try:
            cells = _pool.pop()
        except IndexError:
            cells = _cells()
        digest, _, length = cells
        if type(chunk) is bytes:
            _digest_chunk(chunk, len(chunk), digest)
            key = digest
        else:
            key = digest_of(chunk)._c
        room = ffi.from_buffer(_CHARS, buffer, True)
        status = _get_into(self._c, key, flags, room, len(room), length, NULL)
        size: int = length[0]
        _pool.append(cells)
        if status:
            if status == c.BUFFER_TOO_SMALL:
                raise BufferTooSmallError(f"the result has {size} bytes and the buffer {len(room)}", size)
            missed(status, NULL, self._c)
            return None
        return size

    def lookup(self, chunk: Chunk, flags: int = 0) -> Lookup:
        """As `get`, with the digests that `put` takes, so that a result lands under the state it was looked up with."""
        digest, key, handle = digest_of(chunk), ffi.new("streamcache_digest *"), self._c
        value = lookup(lambda out: int(_get(handle, digest._c, flags, out, key)), handle)
        return Lookup(value, Digest._adopt(key), digest)

    def key(self, chunk: Chunk) -> Digest:
        """The key a chunk's result has under the present state."""
        made = ffi.new("streamcache_digest *")
        check(lib.streamcache_filter_key(self._c, digest_of(chunk)._c, made), self._c)
        return Digest._adopt(made)

    def put(
        self,
        chunk: Chunk,
        data: "Payload",
        *,
        key: Optional[Digest] = None,
        flags: int = 0,
        ttl_ms: int = 0,
        compute_ns: int = 0,
        blob: bytes = b"",
    ) -> bool:
        """Stores a copy of a chunk's result: bytes, an array, or a tuple of arrays. False where it was not kept.

        `key` is what the chunk's lookup gave; it may be left out only while this filter has had no other state.
        """
        given, named = prepared(data, ttl_ms, compute_ns, blob), NULL if key is None else pointer(key)
        digest = digest_of(chunk)._c
        status = lib.streamcache_filter_put(self._c, digest, named, given.pointer, given.length, flags, given.options, NULL)
        return check(status, self._c) == c.OK

    def remove(self, chunk: Chunk) -> bool:
        """Forgets a chunk's result, in every store; False where memory had none."""
        return check(lib.streamcache_filter_remove(self._c, digest_of(chunk)._c), self._c) == c.OK

    def purge(self) -> int:
        """Forgets the results of the present state, in memory and on disk; says how many memory had."""
        return self._count(lib.streamcache_filter_purge)

    def retire(self) -> int:
        """Forgets the results of this handle's other states; says how many memory had."""
        return self._count(lib.streamcache_filter_retire)

    def _count(self, function: Any) -> int:
        removed = ffi.new("uint64_t *")
        check(function(self._c, removed), self._c)
        return int(removed[0])

    # Compute once

    def begin(self, chunk: Chunk, *, timeout: Optional[float] = DEFAULT_S, flags: int = 0) -> Union[Value, Ticket]:
        """A chunk's result, or the ticket to compute it; waits while another caller has that, so many seconds.

        BusyError when the time is up; None waits without an end. Ctrl-C interrupts a wait.
        """
        handle, digest = self._c, digest_of(chunk)._c
        return begin(lambda ms, *out: int(lib.streamcache_filter_begin(handle, digest, ms, flags, *out)), timeout, flags, handle)

    def begin_batch(self, chunks: Iterable[Chunk], flags: int = 0) -> Batch:
        """Looks up many chunks and waits for no one; the batch has a ticket for each that is missing."""
        return begin_batch(self._c, [digest_of(chunk) for chunk in chunks], flags)

    def get_or_compute_batch(
        self,
        chunks: Sequence[Chunk],
        compute: Callable[..., Any],
        *,
        with_state: bool = False,
        timeout: Optional[float] = DEFAULT_S,
        flags: int = 0,
    ) -> List[Value]:
        """The results of many chunks; `compute` is called with the indices of those that are missing, and gives as many
        rows: an array whose first dimension they are, or a list of bytes of one length.

        `with_state` calls it with the trained state as well: see `get_or_compute`. Without it a state that is loaded
        meanwhile has it called once more, for all chunks, and nothing is stored.
        """
        digests, same = [digest_of(chunk) for chunk in chunks], self._same()
        with begin_batch(self._c, digests, flags) as batch:
            results = compute_batch(batch, compute, timeout, with_state, same)
        if results is not None:
            return results
        with begin_batch(self._c, digests, c.BYPASS) as batch:
            batch.commit(compute(batch.missing))
            return batch.results()

    # Beside

    def snapshot(self) -> Snapshot:
        """The filter as it is now, whatever it loads later."""
        out = ffi.new("streamcache_snapshot **")
        check(lib.streamcache_filter_snapshot(self._c, out), self._c)
        return Snapshot._adopt(out[0], self._claims, self._config)

    def stream(self, state: Union["Bytes", "Array"] = b"") -> Stream:
        """Opens a stream at an initial recurrent state (often zeros), under the trained state the filter has now.

        Of an array, all its states are arrays of that type and shape, which are part of each step's key (NumPy gives
        them back); of bytes, they are bytes, of any length.
        """
        return Stream._open(self._c, state)

    def stats(self) -> FilterStats:
        """What calls of this filter and its snapshots counted."""
        found: FilterStats = read(FilterStats, "streamcache_filter_stats", lib.streamcache_filter_get_stats, self._c)
        return found

"""Many chunks at once."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from . import _constants as c
from ._data import described, is_bytes, options
from ._digest import Digest
from ._errors import BusyError, EndedError
from ._library import NULL, check, closed_or, ffi, lib, received, text
from ._ticket import trained_state
from ._value import Value
from ._wait import DEFAULT_S, rejected, waiting

_STATUSES = {
    c.OK: "done", c.REJECTED: "rejected", c.FILL: "missing", c.PENDING: "pending", c.DUPLICATE: "duplicate", c.ENDED: "ended",
}  # fmt: skip


class Batch:
    """Chunks that were looked up together, with the right to compute each that is missing.

    Run the model over `missing`, `commit` its rows, and only then `wait` for what others compute. A `with` block gives
    up what was not committed. The results outlive it.
    """

    __slots__ = ("_c", "__weakref__")

    def __init__(self) -> None:
        raise TypeError("batches come from Filter.begin_batch()")

    def close(self) -> None:
        """Frees it: what was not committed is given up. Closing again is fine."""
        self._c = NULL

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many chunks it has."""
        closed_or(self._c, None)
        count: int = lib.streamcache_batch_get_count(self._c)
        return count

    def _items(self) -> Tuple[Any, Any]:
        """The items, and the handle, which their values and tickets live as long as."""
        handle = self._c
        closed_or(handle, None)
        count = lib.streamcache_batch_get_count(handle)
        items, size = ffi.new("streamcache_batch_item[]", count), ffi.sizeof("streamcache_batch_item")
        check(lib.streamcache_batch_get_items(handle, items, size, count, NULL), handle)
        return items, handle

    def statuses(self) -> List[str]:
        """Each chunk's: "done", "rejected", "missing" (to be computed here), "pending" (another computes it), "duplicate"
        (of an earlier one, and will have its result), or "ended" (given up)."""
        return [_STATUSES.get(item.status, "unknown") for item in self._items()[0]]

    @property
    def missing(self) -> List[int]:
        """The indices of those to be computed here, in order."""
        return [index for index, item in enumerate(self._items()[0]) if item.status == c.FILL]

    def trained(self) -> Union[Value, Digest]:
        """The trained state to compute with, whatever the filter loads meanwhile; its digest where only that is known.
        EndedError where nothing is missing."""
        items, _handle = self._items()
        for item in items:
            if item.status == c.FILL:
                return trained_state(item.ticket)
        raise EndedError("the batch has nothing to compute")

    def values(self) -> List[Optional[Value]]:
        """Leases on the results that are there, in the chunks' order, None where there is none yet."""
        found: List[Optional[Value]] = []
        items, _handle = self._items()
        for item in items:
            if item.status == c.OK:
                check(lib.streamcache_value_retain(item.value))
                found.append(Value._adopt(item.value))
            else:
                found.append(None)
        return found

    def results(self) -> List[Value]:
        """All results. RejectedError, BusyError or EndedError where one is none."""
        items, _handle = self._items()
        for item in items:
            if item.status == c.REJECTED:
                rejected(item.value)
            if item.status == c.ENDED:
                raise EndedError("an item of the batch was given up")
        values = self.values()
        if any(value is None for value in values):
            raise BusyError("not every item of the batch has its result: commit those that are missing, and wait")
        return [value for value in values if value is not None]

    def commit(self, rows: Any, items: Optional[Sequence[int]] = None, *, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> int:
        """Publishes the rows of what was missing, in its order or in that of `items`; says how many were stored.

        `rows` is an array whose first dimension they are, each kept with its type and shape, or a list of bytes of one
        length. `compute_ns` is of one row.
        """
        tensors, pointer, count, stride = _rows(rows)
        keep: List[Any] = []
        given = options(tensors, ttl_ms, compute_ns, blob, keep)
        indices, stored = NULL if items is None else ffi.new("uint32_t[]", list(items)), ffi.new("size_t *")
        if items is not None and len(items) != count:
            raise ValueError(f"{count} rows for {len(items)} items")
        check(lib.streamcache_batch_commit(self._c, indices, count, pointer, stride, stride, given, stored), self._c)
        return int(stored[0])

    def wait(self, timeout: Optional[float] = DEFAULT_S) -> bool:
        """Waits for what others compute. True: all is there. False: an item is this batch's to compute now, because its
        owner gave up: commit it, and wait again. BusyError when the time is up."""
        handle = self._c
        status = waiting(lambda ms: int(lib.streamcache_batch_wait(handle, ms)), timeout)
        if status == c.BUSY:
            raise BusyError(text(lib.streamcache_status_message(status)))
        return check(status, handle) == c.OK


def _rows(rows: Any) -> Any:
    """Descriptions of one row, a pointer to all, how many, and the bytes of one."""
    if isinstance(rows, (list, tuple)):
        if not all(is_bytes(row) for row in rows) or len({memoryview(row).nbytes for row in rows}) > 1:
            raise TypeError("rows are one array, or a list of bytes of one length")
        joined = b"".join(rows)
        return (), ffi.from_buffer(joined), len(rows), len(joined) // len(rows) if rows else 0
    if is_bytes(rows):
        raise TypeError("rows are one array, or a list of bytes of one length: the bytes alone don't say how many")
    view, tensor = described(rows, "rows")
    if not tensor.shape:
        raise ValueError("rows have no first dimension")
    count = tensor.shape[0]
    length = tensor.length // count if count else 0
    return (tensor._replace(shape=tensor.shape[1:], length=length),), ffi.from_buffer(view), count, length


def begin_batch(handle: Any, digests: List[Digest], flags: int = 0) -> Batch:
    """The batch of a filter's handle and its chunks' digests."""
    listed, out = ffi.new("streamcache_digest[]", [digest._c[0] for digest in digests]), ffi.new("streamcache_batch **")
    call = lib.streamcache_filter_begin_batch
    status, held = received(lambda: int(call(handle, listed, len(digests), flags, out)), (out, lib.streamcache_batch_free))
    check(status, handle)
    batch = Batch.__new__(Batch)
    batch._c = held[0]
    return batch


def compute_batch(
    batch: Batch, compute: Callable[..., Any], timeout: Optional[float], with_state: bool, same: Callable[[], bool]
) -> Optional[List[Value]]:
    """Computes what is missing until nothing is. None where the state may have changed meanwhile: nothing was stored."""
    while True:
        missing = batch.missing
        if missing:
            rows = compute(missing, batch.trained()) if with_state else compute(missing)
            if not (with_state or same()):
                return None
            batch.commit(rows)
        if batch.wait(timeout):
            return batch.results()

"""What becomes of an answer that was computed, and of one that was computed while the filter's state changed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Iterator, Set

from . import _constants as c
from ._ticket import Ticket
from ._value import Value

if TYPE_CHECKING:
    from ._once import Once


class Swaps:
    """Whether a filter's state stayed as it was: a function that reads it itself may have computed with another than its
    ticket names. It needs no lock, so neither a fork nor a signal's handler can be stuck in one."""

    __slots__ = ("_last", "_loading")

    def __init__(self) -> None:
        self._last = object()
        self._loading: Set[object] = set()

    @contextmanager
    def load(self) -> Iterator[None]:
        """Around each load."""
        mark = object()
        try:
            self._loading.add(mark)
            yield
        finally:
            self._last = object()  # before the mark goes, so that one of the two is always seen
            self._loading.discard(mark)

    def now(self) -> Callable[[], bool]:
        """To be asked before a lookup; what it gives says later whether no load has begun or ended since."""
        last = None if self._loading else self._last
        return lambda: last is self._last and not self._loading


def publish(
    owner: "Once", chunk: Any, ticket: Ticket, answer: Any, same: Callable[[], bool], ttl_ms: int = 0, blob: bytes = b""
) -> Value:
    """Commits an answer; or, where it may be of another state than the ticket's, stores it nowhere and has it leased."""
    if same():
        return ticket.commit(answer, ttl_ms=ttl_ms, blob=blob)
    ticket.abort()  # who waits computes it
    alone = owner.begin(chunk, flags=c.BYPASS)
    assert isinstance(alone, Ticket)
    with alone:
        return alone.commit(answer, blob=blob)

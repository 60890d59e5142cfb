"""Waiting in slices, so that Ctrl-C is heard, and what a lookup that may wait gives."""

from __future__ import annotations

import time
from typing import Any, Callable, NoReturn, Optional

from . import _constants as c
from ._errors import BusyError, RejectedError
from ._library import NULL, check, ffi, lib, received, text
from ._value import Value, rejection, release

SLICE_S = 0.05  # how long a signal may wait for its handler
PAUSE_S = 0.002  # before asking again where the library did not wait itself
DEFAULT_S = 60.0


def waiting(call: Callable[[int], int], timeout: Optional[float], busy: int = c.BUSY) -> int:
    """Calls with so many milliseconds at a time until the answer is another than `busy`, or the time is up."""
    left = SLICE_S if timeout is None or timeout >= SLICE_S else max(0.0, timeout)
    begun = time.monotonic()
    deadline = None if timeout is None else begun + timeout
    while True:
        status = call(int(left * 1000))
        if status != busy or left <= 0:
            return status
        now = time.monotonic()
        if now - begun < left / 2:
            time.sleep(min(PAUSE_S, left))
            now = time.monotonic()
        begun = now
        left = SLICE_S if deadline is None else max(0.0, min(SLICE_S, deadline - now))


def rejected(pointer: Any) -> NoReturn:
    """Raises the rejection that a lookup found."""
    code = rejection(pointer) if pointer != NULL else None
    raise RejectedError(f"a caller committed that there is no result (code {code})", code)


def begun(
    call: Callable[[int, Any, Any], int], timeout: Optional[float], flags: int, handle: Any, ticket_of: Callable[[Any, int], Any]
) -> Any:
    """What a begin gives: a value, or a ticket to be made of its handle. Raises what is neither."""
    out, right = ffi.new("streamcache_value **"), ffi.new("streamcache_ticket **")
    status, (value, ticket) = received(
        lambda: waiting(lambda slice_ms: call(slice_ms, out, right), 0 if flags & c.NO_WAIT else timeout),
        (out, release),
        (right, lib.streamcache_ticket_release),
    )
    if status == c.OK:
        return Value._holding(value)
    if status in (c.FILL, c.BYPASSED):
        return ticket_of(ticket, status)
    if status == c.REJECTED:
        rejected(value)
    if status == c.BUSY:
        raise BusyError(text(lib.streamcache_status_message(c.BUSY)))
    check(status, handle)
    raise AssertionError(f"a begin answered {status}")

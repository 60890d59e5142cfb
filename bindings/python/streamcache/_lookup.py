"""What lookups share: their flags, and what becomes of an answer that is no hit."""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Callable, Optional, Union

from . import _constants as c
from ._errors import BusyError
from ._library import check, lib, text
from ._ticket import Ticket
from ._value import Value, leased
from ._wait import begun, rejected


class Flags(IntFlag):
    """How a call departs from the usual; combine them with |."""

    PEEK = c.PEEK
    """Look without counting, and without marking the result as used."""
    BYPASS = c.BYPASS
    """Neither look nor store."""
    REFRESH = c.REFRESH
    """Don't look, but store: the result is computed anew."""
    READ_ONLY = c.READ_ONLY
    """Look, but don't store."""
    NO_WAIT = c.NO_WAIT
    """Wait for no one: a BusyError where another caller computes it, or a store is being read for it."""
    MEMORY_ONLY = c.MEMORY_ONLY
    """Neither read nor write what is behind memory."""
    NO_REMOTE = c.NO_REMOTE
    """Neither read nor write the remote store."""


def missed(status: int, found: Any, handle: Any) -> None:
    """For what is no hit: returns on a miss, raises else."""
    if status == c.MISS:
        return
    if status == c.REJECTED:
        rejected(found)
    if status == c.BUSY:
        raise BusyError(text(lib.streamcache_status_message(status)))
    check(status, handle)


def lookup(call: Callable[[Any], int], handle: Any) -> Optional[Value]:
    """The value that a lookup leases, None on a miss."""
    status, value = leased(call)
    if status:
        missed(status, value, handle)
        return None
    return Value._holding(value)


def begin(call: Callable[..., int], timeout: Optional[float], flags: int, handle: Any) -> Union[Value, Ticket]:
    given: Union[Value, Ticket] = begun(call, timeout, flags, handle, Ticket._holding)
    return given

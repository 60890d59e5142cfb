"""Counters and gauges, field by field as the C structs have them."""

from __future__ import annotations

from typing import Any, NamedTuple, Type

from ._library import check, ffi


class CacheStats(NamedTuple):
    """A cache's counters and gauges; lookups are the sum of hits, misses, coalesced, bypassed and rejected."""

    lookups: int
    """Lookups, each counted once; peeks are not counted."""
    hits: int
    """Lookups that found their result."""
    misses: int
    """Lookups that did not."""
    coalesced: int
    """Lookups that got the result another caller was computing, or reading from a store."""
    bypassed: int
    """Lookups that were told not to look."""
    rejected: int
    """Lookups that found a rejection."""
    busy: int
    """Answers that another caller computes it, one for each slice of a wait: no lookups yet."""
    expired: int
    """Misses whose result was there with its time to live over."""
    puts: int
    """Results stored, replacements included."""
    evictions: int
    """Results given up for others."""
    not_stored: int
    """Puts that could not be stored."""
    entries: int
    """Results stored now."""
    max_chunks: int
    """Their limit."""
    bytes: int
    """Bytes charged now: results, leased ones even after their eviction, states and index."""
    max_bytes: int
    """Their limit."""
    detached_bytes: int
    """Bytes of values that were not stored and live with their callers."""
    leased_bytes: int
    """Bytes of results that are stored no more and still leased, and of open tickets' buffers."""
    state_bytes: int
    """Bytes of states."""
    open_tickets: int
    """Computations under way."""
    oldest_ticket_ms: int
    """Milliseconds since the oldest of them was given."""
    time_saved_ns: int
    """Nanoseconds of computation that hits saved."""


class FilterStats(NamedTuple):
    """What the calls of one filter and its snapshots counted."""

    lookups: int
    """Lookups, each counted once; peeks are not counted."""
    hits: int
    """Lookups that found their result."""
    misses: int
    """Lookups that did not."""
    coalesced: int
    """Lookups that got the result another caller was computing, or reading from a store."""
    bypassed: int
    """Lookups that were told not to look."""
    rejected: int
    """Lookups that found a rejection."""
    puts: int
    """Results stored."""
    time_saved_ns: int
    """Nanoseconds of computation that hits saved."""


class TierStats(NamedTuple):
    """The counters and gauges of the disk, or of the remote store."""

    hits: int
    """Lookups it was asked for, and had."""
    misses: int
    """Lookups it was asked for, and had not, or not in time."""
    refused: int
    """Results that did not check, each a miss."""
    written: int
    """Results written."""
    dropped: int
    """Results not written, for want of room in the queue or of time."""
    superseded: int
    """Results not written because they were removed, purged or replaced before."""
    faults: int
    """Writes given up, and calls that failed."""
    pending: int
    """Results that wait to be written."""
    pending_bytes: int
    """Bytes of memory that they keep."""
    entries: int
    """Results it has; 0 where it doesn't know."""
    bytes: int
    """Bytes it uses; 0 where it doesn't know."""
    max_bytes: int
    """Their limit; 0 where it doesn't know."""
    evictions: int
    """Results given up for others by this process."""
    is_resting: int
    """1 while it is not asked, after faults."""
    too_large: int
    """Results not written because they are larger than it takes."""


def read(kind: Type[Any], struct: str, function: Any, *arguments: Any) -> Any:
    """The struct that a function fills, as its named tuple; None for STREAMCACHE_MISS."""
    filled = ffi.new(f"{struct} *")
    filled.struct_size = ffi.sizeof(struct)
    if check(function(*arguments, filled), arguments[0]):
        return None
    return kind(*(getattr(filled, field) for field in kind._fields))

"""Chains of filters."""

from __future__ import annotations

from typing import Any, Sequence, Tuple, Union

from ._digest import Chunk, Digest, digest_of
from ._filter import Filter
from ._library import check, ffi, lib
from ._snapshot import Snapshot


def pipeline_key(stages: Sequence[Union[Filter, Snapshot]], chunk: Chunk) -> Digest:
    """The key of a chunk's result through a chain of filters, or of snapshots, of one cache: see `Cache.get`."""
    handles: Tuple[Any, ...] = tuple(stage._c for stage in stages)
    if all(isinstance(stage, Filter) for stage in stages):
        function, kind = lib.streamcache_pipeline_key, "streamcache_filter"
    elif all(isinstance(stage, Snapshot) for stage in stages):
        function, kind = lib.streamcache_pipeline_snapshot_key, "streamcache_snapshot"
    else:
        raise TypeError("a pipeline is all of filters, or all of snapshots")
    made, listed = ffi.new("streamcache_digest *"), ffi.new(f"{kind} *[]", handles)
    check(function(listed, len(handles), digest_of(chunk)._c, made), *handles)
    return Digest._adopt(made)

"""The cache."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

from . import _constants as c
from ._data import plain, prepared
from ._digest import Config, Digest, pointer
from ._errors import BufferTooSmallError
from ._filter import Filter
from ._identity import Claims
from ._library import NULL, check, ffi, lib
from ._lookup import begin, lookup, missed
from ._stats import CacheStats, TierStats, read
from ._ticket import Ticket
from ._transfer import Path, TransferResult, transfer
from ._value import Value
from ._wait import DEFAULT_S, waiting

if TYPE_CHECKING:
    from ._data import Bytes, Payload

UNLIMITED = "unlimited"
_LAST_S = 0.1  # for what other threads put between the flush and the close
_TIERS = {"disk": c.TIER_DISK, "remote": c.TIER_REMOTE}


class Cache:
    """A cache: a hard byte budget over results, found by filters. Any thread, any time; fork, then open.

    End it with `close` or a `with` block: only they wait until what goes to a disk or a remote store is written.
    """

    __slots__ = ("_c", "_memoized", "__weakref__")

    def __init__(
        self,
        *,
        name: Optional[str] = None,
        max_bytes: Union[int, str, None] = None,
        max_chunks: Union[int, str, None] = None,
        policy: Optional[str] = None,
        ttl_ms: Optional[int] = None,
        ticket_max_age_ms: Optional[int] = None,
        hash_threads: Optional[int] = None,
        namespace: Optional[str] = None,
        secret: Union["Bytes", None] = None,
        disk_directory: Union[str, "os.PathLike[str]", None] = None,
        disk_max_bytes: Optional[int] = None,
        disk_allow_network: Optional[bool] = None,
        remote_urls: Union[str, Sequence[str], None] = None,
        remote_prefix: Optional[str] = None,
        remote_ttl_ms: Optional[int] = None,
        remote_max_value_bytes: Optional[int] = None,
        remote_timeout_ms: Optional[int] = None,
        remote_ca_file: Union[str, "os.PathLike[str]", None] = None,
        write_behind_max_bytes: Optional[int] = None,
    ) -> None:
        """Opens a cache. The options are those of the project's README; None keeps a default.

        The ones most used: `max_bytes` (256 MiB unless told, or "unlimited"), `policy` ("adaptive", "s3fifo" or "lru"),
        `disk_directory` (where results outlive the process), `remote_urls` (Redis or Valkey that a fleet shares),
        `namespace`, and `secret` (16 bytes or more, without which nobody can plant a result).
        """
        given: Dict[str, Any] = {key: value for key, value in locals().items() if key != "self" and value is not None}
        if secret is not None:
            given["secret"] = bytes(ffi.buffer(plain(secret, "the secret")[0])).hex()
        for path in {"disk_directory", "remote_ca_file"} & given.keys():
            given[path] = os.fspath(given[path])
        if not isinstance(remote_urls, (str, type(None))):
            given["remote_urls"] = list(remote_urls)
        try:
            encoded = json.dumps(given, ensure_ascii=False).encode()
        except TypeError as refused:
            raise TypeError(f"an option has a value of a wrong type: {refused}") from None
        options, error, out = ffi.new("streamcache_options **"), ffi.new("streamcache_error **"), ffi.new("streamcache_cache **")
        check(lib.streamcache_options_from_json(encoded, len(encoded), options, error), error=error)
        try:
            check(lib.streamcache_cache_open(options[0], out, error), error=error)
        finally:
            lib.streamcache_options_free(options[0])
        self._c = ffi.gc(out[0], lib.streamcache_cache_release)
        self._memoized: Claims = {}

    def close(self, timeout: Optional[float] = DEFAULT_S) -> int:
        """Ends its work: from now on every call that would use it raises ClosedError. Leases stay valid.

        Waits so many seconds, None without an end, for what is queued for the disk and the remote store, and says how many writes were
        dropped. Ctrl-C is heard while it waits, and leaves the cache open. Closing again is fine, and in a forked child
        there is nothing to close.
        """
        handle, dropped = self._c, ffi.new("uint64_t *")
        begun = time.monotonic()
        waiting(lambda ms: int(lib.streamcache_cache_flush(handle, ms)), timeout, c.TIMEOUT)
        left = _LAST_S if timeout is None else max(0.0, begun + timeout - time.monotonic())
        status = lib.streamcache_cache_close(handle, round(min(left, _LAST_S) * 1000), dropped)
        if status != c.FORKED:
            check(status, handle)
        return int(dropped[0])

    def __enter__(self) -> "Cache":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def filter(self, id: str, config: Config, *, state: Union["Bytes", Digest, None] = None, deterministic: bool = True) -> Filter:
        """Opens a filter: see `Filter`."""
        return Filter(self, id, config, state=state, deterministic=deterministic)

    def flush(self, timeout: Optional[float] = DEFAULT_S) -> bool:
        """Waits until what was put before is written behind, or given up; False when the time was up. Ctrl-C is heard."""
        handle = self._c
        status = waiting(lambda ms: int(lib.streamcache_cache_flush(handle, ms)), timeout, c.TIMEOUT)
        return check(status, handle) == c.OK

    def purge(self, *, disk: bool = False) -> None:
        """Forgets every result in memory, and on disk where told to; states and leases stay."""
        check(lib.streamcache_cache_purge(self._c, c.PURGE_DISK if disk else c.PURGE_MEMORY), self._c)

    def set_max_bytes(self, max_bytes: Union[int, str]) -> None:
        """Changes the byte budget while in use; what is too much then is evicted. "unlimited" is none."""
        check(lib.streamcache_cache_set_max_bytes(self._c, _limit(max_bytes)), self._c)

    def set_max_chunks(self, max_chunks: Union[int, str]) -> None:
        """Changes the limit on stored results while in use. "unlimited" is none."""
        check(lib.streamcache_cache_set_max_chunks(self._c, _limit(max_chunks)), self._c)

    # Keys of the caller's

    def get(self, key: Digest, flags: int = 0) -> Optional[Value]:
        """A lease on the result under a key of the caller's (`Digest.key_chunk`, `pipeline_key`); None on a miss."""
        handle, digest = self._c, pointer(key)
        return lookup(lambda out: int(lib.streamcache_cache_get_chunk(handle, digest, flags, out)), handle)

    def get_into(self, key: Digest, buffer: Any, flags: int = 0) -> Optional[int]:
        """Copies the result under a key of the caller's into a writable buffer: see `Filter.get_into`."""
        room, length = ffi.from_buffer("char[]", buffer, True), ffi.new("size_t *")
        status = lib.streamcache_cache_get_chunk_into(self._c, pointer(key), flags, room, len(room), length)
        if status == c.BUFFER_TOO_SMALL:
            raise BufferTooSmallError(f"the result has {length[0]} bytes and the buffer {len(room)}", length[0])
        if status:
            missed(status, NULL, self._c)
            return None
        return int(length[0])

    def put(self, key: Digest, data: "Payload", *, flags: int = 0, ttl_ms: int = 0, compute_ns: int = 0, blob: bytes = b"") -> bool:
        """Stores a copy of a result under a key of the caller's; False where it was not kept."""
        given = prepared(data, ttl_ms, compute_ns, blob)
        arguments = given.pointer, given.length, flags, given.options, NULL
        return check(lib.streamcache_cache_put_chunk(self._c, pointer(key), *arguments), self._c) == c.OK

    def remove(self, key: Digest) -> bool:
        """Forgets a result, in every store; False where memory had none."""
        return check(lib.streamcache_cache_remove_chunk(self._c, pointer(key)), self._c) == c.OK

    def begin(self, key: Digest, *, timeout: Optional[float] = DEFAULT_S, flags: int = 0) -> Union[Value, Ticket]:
        """The result under a key of the caller's, or the ticket to compute it: see `Filter.begin`."""
        handle, digest = self._c, pointer(key)
        return begin(lambda ms, *out: int(lib.streamcache_cache_begin(handle, digest, ms, flags, *out)), timeout, flags, handle)

    # Transfers

    def export_to(self, path: Path) -> TransferResult:
        """Writes all results, in memory and on disk, to a file for `import_from` in another process or on another machine.

        The file is there when it is whole. Ctrl-C gives it up. IoError where it can't be written.
        """
        return transfer(lib.streamcache_cache_export, self._c, path)

    def import_from(self, path: Path) -> TransferResult:
        """Reads the results in a file that `export_to` wrote, into memory and the stores behind it.

        What does not check is left out and counted. Ctrl-C ends it; what was imported until then stays, and so it does
        where the file is damaged, an IoError.
        """
        return transfer(lib.streamcache_cache_import, self._c, path)

    # Stats

    def stats(self) -> CacheStats:
        """Its counters and gauges; they stay readable after `close`."""
        found: CacheStats = read(CacheStats, "streamcache_cache_stats", lib.streamcache_cache_get_stats, self._c)
        return found

    def tier_stats(self, tier: str) -> Optional[TierStats]:
        """The counters of "disk" or "remote"; None where it has no such tier."""
        if tier not in _TIERS:
            raise ValueError(f"{tier!r} is no tier: disk or remote")
        struct = "streamcache_tier_stats"
        found: Optional[TierStats] = read(TierStats, struct, lib.streamcache_cache_get_tier_stats, self._c, _TIERS[tier])
        return found

    def stats_json(self) -> Dict[str, Any]:
        """All stats, with its filters' and tiers'."""
        found: Dict[str, Any] = json.loads(self._text(c.FORMAT_JSON))
        return found

    def stats_prometheus(self) -> str:
        """All stats in Prometheus' text format."""
        return self._text(c.FORMAT_PROMETHEUS)

    def _text(self, format: int) -> str:
        length, capacity = ffi.new("size_t *"), 4096
        while True:
            buffer = ffi.new("char[]", capacity)
            if check(lib.streamcache_cache_write_stats(self._c, format, buffer, capacity, length), self._c) == c.OK:
                return bytes(ffi.buffer(buffer, length[0])).decode()
            capacity = length[0] + 1024  # it may grow until the next call


def option_names() -> List[str]:
    """The options that the loaded library knows."""
    length, buffer = ffi.new("size_t *"), ffi.new("char[]", 1 << 16)
    check(lib.streamcache_options_to_json(NULL, buffer, 1 << 16, length))
    return list(json.loads(bytes(ffi.buffer(buffer, length[0]))))


def _limit(limit: Union[int, str]) -> int:
    if limit == UNLIMITED:
        return c.UNLIMITED
    if not isinstance(limit, int):
        raise TypeError(f'a limit is a whole number or "unlimited", not {limit!r}')
    return limit

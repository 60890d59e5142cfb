"""Stats as text, through the C ABI: Prometheus' own parser and Python's JSON read what the library writes.

    python tests/stats/stats.py LIBRARY
"""

import ctypes
import json
import math
import socket
import sys
import tempfile
import time

from prometheus_client.parser import text_string_to_metric_families

OK, MISS, TOO_SMALL, FILL, BUSY, REJECTED = 0, 1, 3, 4, 5, 6
JSON, PROMETHEUS = 1, 2
library = ctypes.CDLL(sys.argv[1])


class Digest(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 32)]


class PutOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("ttl_ms", ctypes.c_uint64), ("compute_ns", ctypes.c_uint64),
                ("tensors", ctypes.c_void_p), ("tensor_count", ctypes.c_size_t),
                ("blob", ctypes.c_void_p), ("blob_len", ctypes.c_size_t), ("error", ctypes.c_void_p)]


def ok(status, wanted=OK):
    assert status == wanted, f"status {status}, wanted {wanted}"


def text(cache, form):
    """What the library writes, through the two calls a caller makes: one for the length, one for the text."""
    length = ctypes.c_size_t()
    ok(library.streamcache_cache_write_stats(cache, form, None, 0, ctypes.byref(length)), TOO_SMALL)
    exactly = ctypes.create_string_buffer(length.value)
    ok(library.streamcache_cache_write_stats(cache, form, exactly, length.value, ctypes.byref(length)), TOO_SMALL)
    buffer = ctypes.create_string_buffer(length.value + 1)
    ok(library.streamcache_cache_write_stats(cache, form, buffer, length.value + 1, ctypes.byref(length)))
    assert len(buffer.value) == length.value
    return buffer.value.decode()


def filter_of(cache, name, config):
    digest, handle = Digest(), ctypes.c_void_p()
    ok(library.streamcache_digest_config_bytes(config, len(config), ctypes.byref(digest)))
    ok(library.streamcache_filter_open(cache, name, len(name), ctypes.byref(digest), 0, ctypes.byref(handle), None))
    ok(library.streamcache_filter_load_state(handle, b"state", 5, None))
    return handle


def hit_or_put(handle, chunk):
    value, key, digest = ctypes.c_void_p(), Digest(), Digest()
    arguments = (handle, chunk, len(chunk), 0, ctypes.byref(value), ctypes.byref(key), ctypes.byref(digest))
    status = library.streamcache_filter_get_bytes(*arguments)
    if status == OK:
        library.streamcache_value_release(value)
        return
    ok(status, MISS)
    options = PutOptions(ctypes.sizeof(PutOptions), 0, 1_500_000_000)
    ok(library.streamcache_filter_put(handle, ctypes.byref(digest), ctypes.byref(key), b"result",
                                      ctypes.c_size_t(6), 0, ctypes.byref(options), None))


def begin(handle, chunk, wanted):
    """A ticket, or NULL."""
    value, ticket = ctypes.c_void_p(), ctypes.c_void_p()
    arguments = (handle, chunk, ctypes.c_size_t(len(chunk)), 0, 0, ctypes.byref(value), ctypes.byref(ticket), None)
    ok(library.streamcache_filter_begin_bytes(*arguments), wanted)
    library.streamcache_value_release(value)
    return ticket


def use_tickets(cache):
    """One lookup that is coalesced, one rejected, one busy; and a ticket that stays open. Answers with it and its filter."""
    handle = filter_of(cache, b"tickets", b"four")
    ticket = begin(handle, b"bad", FILL)
    begin(handle, b"bad", BUSY)
    ok(library.streamcache_ticket_commit_rejection(ticket, 7, ctypes.c_uint64(0)))
    library.streamcache_ticket_release(ticket)
    begin(handle, b"bad", REJECTED)
    twice, batch = (Digest * 2)(), ctypes.c_void_p()
    ok(library.streamcache_filter_begin_batch(handle, twice, ctypes.c_size_t(2), 0, ctypes.byref(batch)))
    library.streamcache_batch_free(batch)
    open_ticket = begin(handle, b"open", FILL)
    time.sleep(0.02)
    return handle, open_ticket


def opened(**wanted):
    options, cache = ctypes.c_void_p(), ctypes.c_void_p()
    wanted = json.dumps(wanted).encode()
    ok(library.streamcache_options_from_json(wanted, ctypes.c_size_t(len(wanted)), ctypes.byref(options), None))
    ok(library.streamcache_cache_open(options, ctypes.byref(cache), None))
    library.streamcache_options_free(options)
    return cache


def closed(cache):
    ok(library.streamcache_cache_close(cache, 60_000, None))
    library.streamcache_cache_release(cache)


def with_tiers(directory, url):
    """A cache with a disk that had one result and refused one, and a remote store that does not answer."""
    first = opened(disk_directory=directory, secret="00" * 16)
    handle = filter_of(first, b"f", b"config")
    hit_or_put(handle, b"chunk")
    key = Digest()
    ok(library.streamcache_cache_put_chunk(first, ctypes.byref(key), b"sealed", ctypes.c_size_t(6), 0, None, None))
    library.streamcache_filter_release(handle)
    closed(first)
    second = opened(disk_directory=directory, secret="11" * 16, remote_urls=url)
    handle = filter_of(second, b"f", b"config")
    hit_or_put(handle, b"chunk")
    value = ctypes.c_void_p()
    get = (ctypes.byref(key), 0, ctypes.byref(value))
    ok(library.streamcache_cache_get_chunk(second, *get), MISS)  # sealed with another secret
    ok(library.streamcache_cache_flush(second, 60_000))
    library.streamcache_filter_release(handle)
    third = opened(disk_directory=directory, secret="00" * 16)
    handle = filter_of(third, b"f", b"config")
    hit_or_put(handle, b"chunk")
    library.streamcache_filter_release(handle)
    return second, third


def check_tiers():
    """Every counter of a tier, in both formats, against what was done."""
    counters = {"hits", "misses", "written", "dropped", "superseded", "faults", "evictions", "too_large"}
    gauges = {"pending", "pending_bytes", "entries", "bytes", "max_bytes"}
    with tempfile.TemporaryDirectory() as directory, socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and nobody listens
        second, third = with_tiers(directory, f"redis://127.0.0.1:{unheard.getsockname()[1]}")
        for cache, disk_numbers in ((second, {"hits": 0, "misses": 2, "written": 1, "refused": 1}),
                                    (third, {"hits": 1, "misses": 0, "written": 0, "refused": 0})):
            tiers = json.loads(text(cache, JSON))["tiers"]
            assert set(tiers) == ({"disk", "remote"} if cache is second else {"disk"}), tiers
            for tier in tiers.values():
                assert set(tier) == counters | gauges | {"refused", "refusals", "is_resting", "resting", "last_fault"}
                assert sum(tier["refusals"].values()) == tier["refused"] and (tier["resting"] is not None) == tier["is_resting"]
            assert {name: tiers["disk"][name] for name in disk_numbers} == disk_numbers, tiers["disk"]
            assert tiers["disk"]["refusals"]["checksum"] == disk_numbers["refused"]
            assert tiers["disk"]["entries"] == 3 and tiers["disk"]["max_bytes"] == 1 << 30 and tiers["disk"]["last_fault"] is None

            samples = {}
            for family in text_string_to_metric_families(text(cache, PROMETHEUS)):
                if not family.name.startswith("streamcache_tier_"):
                    continue
                name = family.name.removeprefix("streamcache_tier_")
                assert family.documentation and family.type == ("counter" if name in counters | {"refused"} else "gauge"), name
                for sample in family.samples:
                    samples[sample.labels["tier"], name, sample.labels.get("reason")] = sample.value
            for name, tier in tiers.items():
                for number in counters | gauges | {"resting"}:
                    told = tier["is_resting" if number == "resting" else number]
                    if told is None or number == "faults" and name == "remote":  # it goes on trying
                        assert told is not None or (name, number, None) not in samples, "what is not known is left out"
                        continue
                    assert samples[name, number, None] == told, (name, number)
                for reason, times in tier["refusals"].items():
                    assert samples[name, "refused", reason] == times
        remote = json.loads(text(second, JSON))["tiers"]["remote"]
        assert remote["hits"] == 0 and remote["misses"] == 2 and remote["faults"] > 0, remote
        assert remote["last_fault"] and remote["entries"] is None, remote
        library.streamcache_cache_close(second, 0, None)
        library.streamcache_cache_release(second)
        closed(third)


def main():
    cache = opened(name='the "main" one\\', max_bytes=1 << 20)
    names = [b"plain", 'odd "é"\\ \n'.encode()]
    filters = [filter_of(cache, names[0], b"one"), filter_of(cache, names[1], b"two"), filter_of(cache, names[1], b"three")]
    for round_ in range(3):
        for handle in filters:
            hit_or_put(handle, b"chunk")
    tickets, open_ticket = use_tickets(cache)

    families = {family.name: family for family in text_string_to_metric_families(text(cache, PROMETHEUS))}
    samples = {}
    for family in families.values():
        assert family.documentation, family.name
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert (sample.name, labels) not in samples, "a series appears twice"
            samples[sample.name, labels] = sample.value
            assert sample.labels["cache"] == 'the "main" one\\'

    def cache_value(name):
        return next(value for (sample, labels), value in samples.items() if sample == name and len(labels) == 1)

    def filter_value(name, which):
        return next(value for (sample, labels), value in samples.items()
                    if sample == name and dict(labels).get("filter") == which.decode())

    assert families["streamcache_hits"].type == "counter" and families["streamcache_bytes"].type == "gauge"
    assert cache_value("streamcache_hits_total") == 6 and cache_value("streamcache_misses_total") == 6
    assert filter_value("streamcache_filter_time_saved_seconds_total", names[1]) == 6.0
    assert 9 <= cache_value("streamcache_time_saved_seconds_total") < 10  # and what the rejection took
    assert cache_value("streamcache_max_chunks") == math.inf and cache_value("streamcache_max_bytes") == 1 << 20
    assert filter_value("streamcache_filter_hits_total", names[0]) == 2
    assert filter_value("streamcache_filter_hits_total", names[1]) == 4, "handles of one id are summed"
    assert cache_value("streamcache_open_tickets") == 1 and 0.02 <= cache_value("streamcache_oldest_ticket_seconds") < 60
    assert families["streamcache_busy"].type == "counter" and families["streamcache_open_tickets"].type == "gauge"
    assert cache_value("streamcache_busy_total") == 1
    for prefix, read in [("streamcache_", cache_value),
                         ("streamcache_filter_", lambda name: filter_value(name, names[1])),
                         ("streamcache_filter_", lambda name: filter_value(name, b"tickets"))]:
        parts = [read(f"{prefix}{part}_total") for part in ("hits", "misses", "coalesced", "bypassed", "rejected")]
        assert read(f"{prefix}lookups_total") == sum(parts), "lookups are a sum by construction"

    for name in ("streamcache_", "streamcache_filter_"):
        read = cache_value if name == "streamcache_" else lambda name: filter_value(name, b"tickets")
        assert read(f"{name}coalesced_total") == 1 and read(f"{name}rejected_total") == 1

    read = json.loads(text(cache, JSON))
    assert (read["hits"], read["misses"], read["lookups"], read["max_chunks"]) == (6, 6, 14, "unlimited")
    assert (read["coalesced"], read["rejected"], read["busy"], read["open_tickets"]) == (1, 1, 1, 1)
    assert read["filters"]["tickets"]["rejected"] == 1 and read["oldest_ticket_ms"] >= 20
    library.streamcache_ticket_release(open_ticket)
    library.streamcache_filter_release(tickets)
    read = json.loads(text(cache, JSON))
    assert (read["open_tickets"], read["oldest_ticket_ms"]) == (0, 0)
    assert read["filters"][names[1].decode()]["hits"] == 4 and read["name"] == 'the "main" one\\'

    library.streamcache_filter_release(filters[0])
    assert names[0].decode() not in json.loads(text(cache, JSON))["filters"], "a released filter is no longer listed"
    for handle in filters[1:]:
        library.streamcache_filter_release(handle)
    library.streamcache_cache_release(cache)
    check_tiers()
    print(f"{len(families)} families and {len(samples)} series read")


if __name__ == "__main__":
    main()

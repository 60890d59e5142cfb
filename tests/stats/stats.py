"""Stats as text, through the C ABI: Prometheus' own parser and Python's JSON read what the library writes.

    python tests/stats/stats.py LIBRARY
"""

import ctypes
import json
import math
import sys
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


def main():
    options, cache = ctypes.c_void_p(), ctypes.c_void_p()
    wanted = json.dumps({"name": 'the "main" one\\', "max_bytes": 1 << 20}).encode()
    ok(library.streamcache_options_from_json(wanted, ctypes.c_size_t(len(wanted)), ctypes.byref(options), None))
    ok(library.streamcache_cache_open(options, ctypes.byref(cache), None))
    library.streamcache_options_free(options)
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
    print(f"{len(families)} families and {len(samples)} series read")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""tests/vectors/keys.json through the C ABI: every digest a caller can ask for is the one in the file.

    c_abi.py keys.json libstreamcache.so
"""

import ctypes
import sys
import tempfile
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from keys import data_of, read, secret_of

OK, INVALID_ARGUMENT = 0, -1
ROLES = {"chunk": 1, "config": 2, "state": 3}
# What never leaves the library.
INSIDE = ("constant", "namespace", "secret_digest", "filter_constant", "filter", "pipeline", "tag", "saved_state")


class Digest(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 32)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("name_len", c_size_t),
        ("dtype_code", c_int32),
        ("dtype_bits", c_uint32),
        ("dtype_lanes", c_uint32),
        ("rank", c_uint32),
        ("dims", POINTER(c_int64)),
        ("data", c_char_p),
        ("data_len", c_size_t),
    ]


class TensorView(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("dtype_code", c_int32),
        ("dtype_bits", c_uint32),
        ("dtype_lanes", c_uint32),
        ("rank", c_uint32),
        ("dims", POINTER(c_int64)),
        ("offset", c_size_t),
        ("length", c_size_t),
    ]


class PutOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("ttl_ms", c_uint64),
        ("compute_ns", c_uint64),
        ("tensors", POINTER(TensorView)),
        ("tensor_count", c_size_t),
        ("blob", c_char_p),
        ("blob_len", c_size_t),
        ("error", c_void_p),
    ]


class Failed(Exception):
    pass


class Library:
    """The functions by name; a status that is an error is a Failed."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def call(self, function, *arguments):
        status = getattr(self.library, "streamcache_" + function)(*arguments)
        if status < 0:
            raise Failed(status)

    def digest(self, function, *arguments):
        digest = Digest()
        self.call(function, *arguments, byref(digest))
        return digest

    def handle(self, function, *arguments):
        """One that the function writes out behind its other arguments; never released: the process is short."""
        handle = c_void_p()
        self.call(function, *arguments, byref(handle))
        return handle

    def explained(self, function, *arguments):
        """A digest whose function takes an error object, too."""
        digest = Digest()
        self.call(function, *arguments, byref(digest), None)
        return digest

    # The formulas that need more than one call.

    def bytes_in_every_way(self, role, data):
        """At once, in pieces, and from a file: all the same."""
        name = {"chunk": "digest_chunk", "config": "digest_config_bytes", "state": "digest_state"}[role]
        digests = [self.digest(name, data, c_size_t(len(data)))]
        hasher = self.handle("hasher_new", ROLES[role])
        for step in (1, 1000, 1024, 65537):
            if len(data) // step > 2000:
                continue
            for at in range(0, len(data), step):
                piece = data[at : at + step]
                self.call("hasher_update", hasher, piece, c_size_t(len(piece)))
            digests.append(self.digest("hasher_finish", hasher))
        if role != "config":
            with tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                path = file.name.encode()
                digests.append(self.explained(f"digest_{role}_file", path, c_size_t(len(path))))
        if len({bytes(digest) for digest in digests}) != 1:
            raise Failed("it depends on the pieces")
        return digests[0]

    def tensor(self, case):
        name, data, dims = data_of(case["name"]), data_of(case["data"]), case["dims"]
        tensor = Tensor(ctypes.sizeof(Tensor), name, len(name), case["code"], case["bits"], case["lanes"])
        tensor.rank, tensor.dims = len(dims), (c_int64 * len(dims))(*dims)
        tensor.data, tensor.data_len = data, len(data)
        return self.explained("digest_tensor", byref(tensor))

    def content(self, payload, tensors, blob):
        """Of a value whose payload is the tensors' data, one after another."""
        views, offset = (TensorView * len(tensors))(), 0
        for view, case in zip(views, tensors):
            length, dims = len(data_of(case["data"])), case["dims"]
            view.struct_size, view.rank, view.dims = ctypes.sizeof(TensorView), len(dims), (c_int64 * len(dims))(*dims)
            view.dtype_code, view.dtype_bits, view.dtype_lanes = case["code"], case["bits"], case["lanes"]
            view.offset, view.length = offset, length
            offset += length
        put = PutOptions(ctypes.sizeof(PutOptions), 0, 0, views, len(tensors), blob, len(blob))
        cache, key, value = self.cache(b"", None), Digest(), c_void_p()
        size = c_size_t(len(payload))
        self.call("cache_put_chunk", cache, byref(key), payload, size, 0, byref(put), byref(value))
        return self.digest("value_get_content", value)

    def barrier(self, chunks):
        barrier = self.handle("barrier_new")
        for chunk in chunks:
            self.call("barrier_update", barrier, byref(chunk))
        return self.digest("barrier_finish", barrier)

    def cache(self, namespace, secret):
        options, cache = self.handle("options_new"), c_void_p()
        self.call("options_set_namespace", options, namespace, c_size_t(len(namespace)))
        if secret is not None:
            self.call("options_set_secret", options, secret, c_size_t(len(secret)))
        self.call("cache_open", options, byref(cache), None)
        return cache

    def filter(self, cache, config, state):
        filter_ = c_void_p()
        self.call("filter_open", cache, b"vectors", c_size_t(7), byref(config), 0, byref(filter_), None)
        self.call("filter_load_state_digest", filter_, byref(state), None)
        return filter_

    def snapshot(self, filter_):
        return self.handle("filter_snapshot", filter_)

    def stream(self, filter_, state):
        stream = c_void_p()
        self.call("stream_open", filter_, state, c_size_t(len(state)), byref(stream), None)
        return stream

    def step(self, stream, chunk):
        """The ticket of a step that is missing."""
        value, ticket = c_void_p(), c_void_p()
        self.call("stream_begin", stream, byref(chunk), 0, 0, byref(value), byref(ticket))
        if not ticket:
            raise Failed("it is there")
        return ticket

    def place(self, filter_, state):
        """Of a stream that was opened at this state, of one that was reset to it, and of one that a step led there."""
        places = [self.digest("stream_get_digest", self.stream(filter_, state))]
        stream, length = self.stream(filter_, b"another"), c_size_t(len(state))
        ticket = self.step(stream, self.digest("digest_chunk", state, length))
        self.call("ticket_commit_step", ticket, b"", c_size_t(0), state, length, None, None)
        places.append(self.digest("stream_get_digest", stream))
        self.call("stream_reset", stream, b"another", c_size_t(7), None)
        self.call("stream_reset", stream, state, length, None)
        places.append(self.digest("stream_get_digest", stream))
        if len({bytes(place) for place in places}) != 1:
            raise Failed("it depends on the way")
        return places[0]


class Cases:
    def __init__(self, library, cases):
        self.library, self.caches, self.filters = library, {}, {}
        self.cases = {case["case"]: case for case in cases}

    def known(self, name):
        return Digest.from_buffer_copy(bytes.fromhex(self.cases[name]["digest"]))

    def bytes_of(self, name):
        """Of a recurrent state, which its content digest names: that of a plain chunk."""
        return data_of(self.cases[name]["data"])

    def list(self, names):
        return [self.known(name) for name in names]

    def filter(self, name):
        if name not in self.filters:
            case = self.cases[name]
            scope = data_of(case["namespace"]), secret_of(case)
            if scope not in self.caches:
                self.caches[scope] = self.library.cache(*scope)
            config, state = self.known(case["config"]), self.known(case["state"])
            self.filters[name] = self.library.filter(self.caches[scope], config, state)
        return self.filters[name]

    def key(self, name, chunk):
        """Of a filter or a pipeline, by the handles and by their snapshots."""
        case = self.cases[name]
        if case["formula"] == "filter":
            filter_ = self.filter(name)
            keys = [
                self.library.digest("filter_key", filter_, byref(chunk)),
                self.library.digest("snapshot_key", self.library.snapshot(filter_), byref(chunk)),
            ]
        else:
            filters = [self.filter(stage) for stage in case["filters"]]
            handles = c_void_p * len(filters)
            n = c_size_t(len(filters))
            snapshots = handles(*(self.library.snapshot(filter_).value for filter_ in filters))
            filters = handles(*(filter_.value for filter_ in filters))
            keys = [
                self.library.digest("pipeline_key", filters, n, byref(chunk)),
                self.library.digest("pipeline_snapshot_key", snapshots, n, byref(chunk)),
            ]
        if bytes(keys[0]) != bytes(keys[1]):
            raise Failed("the snapshots have another key")
        return keys[0]

    def made(self, case):
        library, formula = self.library, case["formula"]
        data = data_of(case["data"]) if "data" in case else b""
        if formula in ("chunk", "state", "config_bytes"):
            return library.bytes_in_every_way(formula.split("_")[0], data)
        if formula == "config_json":
            return library.explained("digest_config_json", data, c_size_t(len(data)))
        if formula == "raw":
            return library.digest("digest_raw", ROLES[case["role"]], data, c_size_t(len(data)))
        if formula == "tensor":
            return library.tensor(case)
        if formula == "inputs":
            digests = self.list(case["digests"])
            return library.digest("digest_inputs", (Digest * len(digests))(*digests), c_size_t(len(digests)))
        if formula == "barrier":
            return library.barrier(self.list(case["chunks"]))
        if formula == "content":
            tensors = [self.cases[name] for name in case["tensors"]]
            return library.content(data_of(case["payload"]), tensors, data_of(case["blob"]))
        if formula == "key_state":
            arguments = self.list([case["config"], case["training_data"]])
            return library.digest("key_state", *map(byref, arguments))
        if formula == "key_chunk":
            arguments = self.list([case["config"], case["state"], case["chunk"]])
            return library.digest("key_chunk", *map(byref, arguments))
        if formula == "key":
            return self.key(case["filter"], self.known(case["chunk"]))
        if formula == "step":
            stream = library.stream(self.filter(case["filter"]), self.bytes_of(case["state_in"]))
            return library.digest("ticket_get_key", library.step(stream, self.known(case["chunk"])))
        if formula == "place":
            return library.place(self.filter(case["filter"]), self.bytes_of(case["state_in"]))
        raise SystemExit(f"{case['case']}: nothing here for {formula!r}")


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    vectors = read(sys.argv[1])["cases"]
    cases = Cases(Library(sys.argv[2]), vectors)
    right, refused, inside, wrong = 0, 0, 0, []
    for case in vectors:
        if case["formula"] in INSIDE:
            inside += 1
            continue
        try:
            made = bytes(cases.made(case)).hex()
        except Failed as failed:
            made = failed.args[0]
        if made != (INVALID_ARGUMENT if case.get("refused") else case["digest"]):
            wrong.append(f"{case['case']}: {made}")
        elif case.get("refused"):
            refused += 1
        else:
            right += 1
    for line in wrong:
        print(line)
    print(f"{right} digests and {refused} refusals through the C ABI, {inside} never leave it; {len(wrong)} wrong")
    raise SystemExit(1 if wrong or not right else 0)


if __name__ == "__main__":
    main()

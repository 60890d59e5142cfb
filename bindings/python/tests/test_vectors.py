"""tests/vectors/keys.json through this package: every digest that a caller can ask for."""

import json
import tempfile
import unittest

import streamcache
from streamcache import Cache, Described, Digest, Hasher, Tensor
from .common import ROOT

# What never leaves the library.
INSIDE = {"constant", "namespace", "secret_digest", "filter_constant", "filter", "pipeline", "tag", "saved_state"}


def data_of(written):
    """The bytes that a case's data stands for; the file's own introduction says how they are written."""
    if "pattern" in written:
        return bytes(i % 251 for i in range(written["pattern"]))
    return bytes.fromhex(written["hex"]) if "hex" in written else written["text"].encode()


class Vectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        listed = json.loads((ROOT / "tests/vectors/keys.json").read_text(encoding="utf-8"))["cases"]
        cls.cases = {case["case"]: case for case in listed}
        cls.caches, cls.filters = {}, {}

    @classmethod
    def tearDownClass(cls):
        for cache in cls.caches.values():
            cache.close()

    def known(self, name):
        return Digest.from_hex(self.cases[name]["digest"])

    def filter(self, name):
        if name not in self.filters:
            case = self.cases[name]
            secret = case.get("secret")
            scope = (data_of(case["namespace"]).decode(), None if secret is None else bytes.fromhex(secret))
            if scope not in self.caches:
                self.caches[scope] = Cache(namespace=scope[0], secret=scope[1])
            self.filters[name] = self.caches[scope].filter("vectors", self.known(case["config"]), state=self.known(case["state"]))
        return self.filters[name]

    def same(self, digests):
        self.assertEqual(len(set(digests)), 1)
        return digests[0]

    def bytes_in_every_way(self, role, data):
        function = {"chunk": Digest.chunk, "state": Digest.state, "config": Digest.config_bytes}[role]
        hasher = Hasher(role)
        for at in range(0, len(data), 1000):
            hasher.update(data[at : at + 1000])
        digests = [function(data), hasher.finish()]
        if role != "config":
            with tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                digests.append((Digest.chunk_file if role == "chunk" else Digest.state_file)(file.name))
        return self.same(digests)

    def tensor(self, case, offset=0):
        return Tensor(case["code"], case["bits"], case["lanes"], tuple(case["dims"]), offset, len(data_of(case["data"])))

    def content(self, case):
        tensors, offset = [], 0
        for name in case["tensors"]:
            tensors.append(self.tensor(self.cases[name], offset))
            offset += tensors[-1].length
        with Cache() as cache:
            with cache.begin(Digest.chunk(b"")) as ticket:
                return ticket.commit(Described(data_of(case["payload"]), tensors), blob=data_of(case["blob"])).content

    def key(self, case):
        chunk, named = self.known(case["chunk"]), self.cases[case["filter"]]
        if named["formula"] == "filter":
            filter_ = self.filter(case["filter"])
            return self.same([filter_.key(chunk), filter_.snapshot().key(chunk), filter_.lookup(chunk, streamcache.Flags.PEEK).key])
        filters = [self.filter(stage) for stage in named["filters"]]
        return self.same([streamcache.pipeline_key(filters, chunk), streamcache.pipeline_key([f.snapshot() for f in filters], chunk)])

    def made(self, case):
        formula, data = case["formula"], data_of(case["data"]) if "data" in case else b""
        if formula in ("chunk", "state", "config_bytes"):
            return self.bytes_in_every_way(formula.split("_")[0], data)
        if formula == "config_json":
            return Digest.config_json(data)
        if formula == "raw":
            return Digest.raw(case["role"], data)
        if formula == "tensor":
            return Digest.tensor(Described(data, [self.tensor(case)]), data_of(case["name"]).decode())
        if formula == "inputs":
            return Digest.inputs(map(self.known, case["digests"]))
        if formula == "barrier":
            barrier = streamcache.Barrier()
            for chunk in case["chunks"]:
                barrier.update(self.known(chunk))
            return barrier.finish()
        if formula == "content":
            return self.content(case)
        if formula == "key_state":
            return Digest.key_state(self.known(case["config"]), self.known(case["training_data"]))
        if formula == "key_chunk":
            return Digest.key_chunk(self.known(case["config"]), self.known(case["state"]), self.known(case["chunk"]))
        if formula == "key":
            return self.key(case)
        stream = self.filter(case["filter"]).stream(data_of(self.cases[case["state_in"]]["data"]))
        if formula == "step":
            with stream.begin(self.known(case["chunk"])) as ticket:
                return ticket.key
        self.assertEqual(formula, "place")
        return stream.digest

    def test_all(self):
        right = refused = inside = 0
        for case in self.cases.values():
            if case["formula"] in INSIDE:
                inside += 1
                continue
            with self.subTest(case["case"]):
                if case.get("refused"):
                    self.assertRaises(streamcache.InvalidArgumentError, self.made, case)
                    refused += 1
                else:
                    self.assertEqual(self.made(case).hex(), case["digest"])
                    right += 1
        self.assertGreater(right, 150)
        self.assertGreater(refused, 10)
        print(f"key vectors: {right} digests and {refused} refusals, {inside} never leave the library")

"""Results carried in a file."""

import math
import os
import tempfile
import unittest
from pathlib import Path

import streamcache
from .common import WithCache, run_python


class Transfers(WithCache):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "results"

    def another(self, **options):
        cache = streamcache.Cache(**options)
        self.addCleanup(cache.close)
        return cache, cache.filter("test", {"test": 1}, state=b"weights")

    def test_there_and_back(self):
        for i in range(10):
            self.filter.put(b"%d" % i, b"result %d" % i)
        told = self.cache.export_to(self.file)
        self.assertEqual((told.entries, told.left_out, told.refused), (10, 0, 0))
        self.assertGreater(told.bytes, 1000)
        cache, filter = self.another()
        filter.put(b"3", b"its own")
        told = cache.import_from(str(self.file))
        self.assertEqual(told, (9, self.file.stat().st_size, 1, 0, 0))
        self.assertEqual(bytes(filter.get(b"9")), b"result 9")
        self.assertEqual(bytes(filter.get(b"3")), b"its own")

    def test_what_does_not_check(self):
        self.filter.put(b"a", b"1")
        self.cache.export_to(self.file)
        cache, _ = self.another(secret=b"another one's secret")
        self.assertEqual(cache.import_from(self.file)[:1] + cache.import_from(self.file)[3:4], (0, 1))
        data = self.file.read_bytes()
        self.file.write_bytes(data[: len(data) // 2])
        with self.assertRaises(streamcache.IoError) as refused:
            self.cache.import_from(self.file)
        self.assertGreater(len(str(refused.exception)), 20)

    def test_bad_paths(self):
        for wrong in (self.folder / "none" / "such", self.folder):
            self.assertRaises(streamcache.IoError, self.cache.import_from, wrong)
        self.assertRaises(streamcache.IoError, self.cache.export_to, self.folder / "none" / "such")
        self.assertRaises(streamcache.InvalidArgumentError, self.cache.export_to, "")
        for wrong in (1, None, 1.5):
            self.assertRaises(TypeError, self.cache.export_to, wrong)
        self.cache.close()
        self.assertRaises(streamcache.ClosedError, self.cache.export_to, self.file)
        self.assertEqual(os.listdir(self.folder), [])

    def test_ctrl_c_gives_it_up(self):
        code = """
import os, signal, sys, threading
import streamcache
cache = streamcache.Cache(max_bytes=1 << 30)
filter = cache.filter("a", {}, state=b"")
for i in range(3000):
    filter.put(b"%d" % i, bytes(100_000))
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    cache.export_to(os.environ["RESULTS"])
    print("done")
except KeyboardInterrupt:
    print("given up")
"""
        status, out, errors = run_python(code, RESULTS=str(self.file))
        self.assertEqual((status, errors), (0, ""))
        self.assertIn((out, os.listdir(self.folder)), (("given up\n", []), ("done\n", ["results"])))

    def test_a_close_that_waits_for_ever(self):
        for patience in (math.inf, None, 0):
            cache = streamcache.Cache(disk_directory=str(self.folder / "store"))
            cache.filter("a", {}, state=b"").put(b"a", b"1")
            self.assertIsInstance(cache.close(timeout=patience), int)
            self.assertRaises(streamcache.ClosedError, cache.flush)


if __name__ == "__main__":
    unittest.main()

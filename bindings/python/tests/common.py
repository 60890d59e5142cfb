"""What the tests share."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import streamcache

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(streamcache.__file__).resolve().parent

try:
    import numpy
except ImportError:  # the package works without it, and so do the tests that don't speak of it
    numpy = None

needs_numpy = unittest.skipIf(numpy is None, "NumPy is not installed")


class WithCache(unittest.TestCase):
    """A cache and a filter for each test, closed after it."""

    def setUp(self):
        self.cache = streamcache.Cache(max_bytes=64 << 20)
        self.addCleanup(self.cache.close)
        self.filter = self.cache.filter("test", {"test": 1}, state=b"weights")

    def leased(self):
        """Bytes of results that are stored no more and still leased."""
        self.cache.purge()
        return self.cache.stats().leased_bytes


def run_python(code, timeout=120, **environment):
    """A Python of its own, with this package; what it printed, and how it ended."""
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "STREAMCACHE_LIBRARY": streamcache.library_path}
    for name, value in environment.items():
        variables.pop(name) if value is None else variables.update({name: value})
    done = subprocess.run([sys.executable, "-c", code], env=variables, cwd="/", capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr

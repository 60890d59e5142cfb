"""Signals, forks, the interpreter's end, and finding the library: each in a process of its own."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import streamcache
from .common import needs_numpy, run_python

OPEN = """
import gc, os, signal, sys, threading, time
import streamcache
cache = streamcache.Cache()
filter = cache.filter("a", {"a": 1}, state=b"weights")
filter.put(b"a", b"1")
"""


class Process(unittest.TestCase):
    def runs(self, code, wanted="", **environment):
        status, out, errors = run_python(OPEN + code, **environment)
        self.assertEqual((status, errors, out), (0, "", wanted))

    def test_ctrl_c_interrupts_a_wait(self):
        self.runs("""
ticket = filter.begin(b"b")
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
for wait in (lambda: filter.begin(b"b"), lambda: filter.begin_batch([b"b"]).wait(), lambda: filter.get_or_compute(b"b", None)):
    try:
        wait()
    except KeyboardInterrupt:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        print("interrupted", time.monotonic() - begun < 20)
time.sleep(0.01)
try:
    time.sleep(5)
except KeyboardInterrupt:
    pass
ticket.commit(b"2")
print(bytes(filter.get(b"b")), cache.stats().open_tickets)
""", "interrupted True\n" * 3 + "b'2' 0\n")  # fmt: skip

    def test_ctrl_c_in_a_compute_function(self):
        self.runs("""
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    filter.get_or_compute(b"b", lambda: time.sleep(5))
except KeyboardInterrupt:
    print("interrupted", cache.stats().open_tickets)
""", "interrupted 0\n")  # fmt: skip

    def test_a_forked_child(self):
        self.runs("""
value, ticket, stream, snapshot = filter.get(b"a"), filter.begin(b"b"), filter.stream(b""), filter.snapshot()
batch, view = filter.begin_batch([b"c"]), filter.get(b"a").data
child = os.fork()
if child == 0:
    uses = (lambda: filter.get(b"a"), lambda: filter.get_into(b"a", bytearray(1)), lambda: filter.begin(b"a"), lambda: ticket.commit(b"x"),
            lambda: stream.begin(b"a"), lambda: snapshot.get(b"a"), batch.wait, cache.purge, cache.stats, lambda: cache.filter("x", {}))
    for use in uses:
        try:
            use()
            print("it worked?", use)
        except streamcache.ForkedError as error:
            assert "fork" in str(error), error
    assert bytes(value) == bytes(view) == b"1"
    ticket.close(); batch.close(); cache = filter = stream = snapshot = batch = ticket = value = view = uses = use = None
    gc.collect()
    with streamcache.Cache() as own:
        assert own.filter("a", {}, state=b"").put(b"a", b"1")
    print("child is done", flush=True)
    sys.exit(0)
print(os.waitpid(child, 0)[1], ticket.phase, bytes(filter.get(b"a")), batch.missing, len(ticket.commit(b"xy")))
""", "child is done\n0 open b'1' [0] 2\n")  # fmt: skip

    def test_a_child_leaves_a_with_block_in_peace(self):
        self.runs("""
with streamcache.Cache() as other:
    child = os.fork()
    if child == 0:
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""", "7\n")  # fmt: skip

    def test_multiprocessing_by_fork(self):
        self.runs("""
import multiprocessing
def work(n):
    with streamcache.Cache() as own:
        return bytes(own.filter("a", {}, state=b"").get_or_compute(b"a", lambda: bytes([n])))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, [1, 2]), bytes(filter.get(b"a")))
""", "[b'\\x01', b'\\x02'] b'1'\n")  # fmt: skip

    def test_the_end_of_the_interpreter(self):
        """Everything alive, a cycle, a thread that waits, atexit and finalisers that still use it: no noise, no crash."""
        self.runs("""
import atexit
value, ticket, view = filter.get(b"a"), filter.begin(b"b"), filter.get(b"a").data
loop = [value, ticket, filter.stream(b"")]
loop.append(loop)
class Late:
    def __init__(self):
        self.filter, self.value = filter, value
    def __del__(self):
        self.value.close()
        self.filter.close()
late = Late()
def wait():
    filter.begin(b"b", timeout=None)
threading.Thread(target=wait, daemon=True).start()
atexit.register(lambda: print(bytes(filter.get(b"a"))))
time.sleep(0.1)
""", "b'1'\n")  # fmt: skip

    @needs_numpy
    def test_arrays_at_the_end_of_the_interpreter(self):
        self.runs("""
import numpy
filter.put(b"n", numpy.arange(3.0))
array, capsule = filter.get(b"n").array(), filter.get(b"n").__dlpack__()
taken = numpy.from_dlpack(filter.get(b"n")) if numpy.lib.NumpyVersion(numpy.__version__) >= "2.1.0" else array
sys.modules["elsewhere"] = [array, capsule, taken]
print(array.sum(), taken.sum())
""", "3.0 3.0\n")  # fmt: skip

    def test_without_numpy(self):
        self.runs("""
sys.modules["numpy"] = None
import array
filter.put(b"n", array.array("f", [1, 2]))
value = filter.get(b"n")
print(value.tensors[0].shape, value.data.cast("f").tolist())
try:
    value.array()
except ImportError as error:
    print("no numpy")
f = filter.memoize(lambda x: bytes(x), name="f")
print(f(b"a"), f(b"a"))
""", "(2,) [1.0, 2.0]\nno numpy\nb'a' b'a'\n")  # fmt: skip

    def test_threads_and_swaps(self):
        """Many threads on one filter while its state changes: an answer is always of the state it was computed with."""
        self.runs("""
filter.load_state(b"0")
def work(n):
    for i in range(150):
        ticket = filter.begin(bytes([i % 7]))
        if isinstance(ticket, streamcache.Ticket):
            with ticket:
                state = bytes(ticket.state())
                ticket.commit(state + bytes([i % 7]))
        else:
            assert bytes(ticket)[1] == i % 7
        if n == 0:
            filter.load_state(str(i % 3).encode())
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for state in (b"0", b"1", b"2"):
    filter.load_state(state)
    for i in range(7):
        value = filter.get(bytes([i]))
        assert value is None or bytes(value) == state + bytes([i])
""")  # fmt: skip


class Finding(unittest.TestCase):
    """The library that is loaded, or not."""

    def fails(self, code="import streamcache", **environment):
        status, _, errors = run_python(code, **environment)
        self.assertEqual(status, 1)
        self.assertIn("LibraryError", errors)
        return errors

    def test_a_missing_library_says_where_it_looked(self):
        errors = self.fails(STREAMCACHE_LIBRARY="/nowhere/libstreamcache.so")
        for part in ("/nowhere/libstreamcache.so", "STREAMCACHE_LIBRARY", "No such file"):
            self.assertIn(part, errors)

    def test_without_the_variable_it_looks_in_the_package_and_the_system(self):
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / "streamcache"
            shutil.copytree(Path(streamcache.__file__).parent, package, ignore=shutil.ignore_patterns("_lib", "__pycache__"))
            environment = {"STREAMCACHE_LIBRARY": None, "PYTHONPATH": folder}
            library = Path(streamcache.library_path).resolve()
            soname = streamcache._library.SONAME
            if not self.has_system_library():
                errors = self.fails(**environment)
                self.assertIn(str(package / "_lib" / soname), errors)
                self.assertIn(f"  {soname} (the system's)", errors)
            show = "import streamcache; print(streamcache.library_path)"
            (Path(folder) / soname).symlink_to(library)
            self.assertEqual(run_python(show, **environment, LD_LIBRARY_PATH=folder)[1], f"{soname}\n")
            (package / "_lib").mkdir()
            (package / "_lib" / soname).symlink_to(library)
            self.assertEqual(run_python(show, **environment, LD_LIBRARY_PATH=folder)[1], f"{package / '_lib' / soname}\n")
            self.assertEqual(run_python(show, PYTHONPATH=folder, STREAMCACHE_LIBRARY=str(library))[1], f"{library}\n")

    @staticmethod
    def has_system_library():
        code = f"import ctypes; ctypes.CDLL({streamcache._library.SONAME!r})"
        return run_python(code)[0] == 0

    @unittest.skipUnless(shutil.which("cc"), "there is no C compiler here")
    def test_another_version_and_another_library(self):
        with tempfile.TemporaryDirectory() as folder:
            for source, wanted in (
                ("unsigned streamcache_version_number(void) { return 7003; }", "is streamcache 0.7.3, and this Python package needs 0.1"),
                ("unsigned streamcache_version_number(void) { return 2000000; }", "is streamcache 2.0.0"),
                ("int something_else(void) { return 0; }", "is no streamcache library"),
                ("unsigned streamcache_version_number(void) { return 1000; }", "lacks streamcache_"),
            ):
                library = os.path.join(folder, "libother.so")
                subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=source, text=True, check=True)
                self.assertIn(wanted, self.fails(STREAMCACHE_LIBRARY=library))

    def test_an_older_library_of_the_same_series(self):
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / "streamcache"
            shutil.copytree(Path(streamcache.__file__).parent, package, ignore=shutil.ignore_patterns("_lib", "__pycache__"))
            number = streamcache._library.c.VERSION_NUMBER
            constants = package / "_constants.py"
            constants.write_text(constants.read_text().replace(f"VERSION_NUMBER = {number}\n", f"VERSION_NUMBER = {number + 1}\n"))
            self.assertIn("or newer: install", self.fails(PYTHONPATH=folder, STREAMCACHE_LIBRARY=streamcache.library_path))

    def test_a_file_that_is_no_library(self):
        self.assertIn("STREAMCACHE_LIBRARY", self.fails(STREAMCACHE_LIBRARY=__file__))

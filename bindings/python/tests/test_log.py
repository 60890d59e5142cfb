"""The library's messages."""

import logging
import tempfile
import threading
import unittest

import streamcache
from .common import WithCache, run_python

KINDS = ("cache", "filter", "panic", "process", "disk", "remote", "tier", "import", "export")


class Log(WithCache):
    def setUp(self):
        super().setUp()
        self.addCleanup(streamcache.log_off)

    def heard(self, **options):
        messages = []
        streamcache.log_to(lambda *message: messages.append(message), **options)
        return messages

    def test_logging_hears_by_default(self):
        streamcache.log_to()
        with self.assertLogs("streamcache", "DEBUG") as logs:
            streamcache.Cache(name="100% mine").close()
        self.assertEqual([record.name for record in logs.records], ["streamcache.cache"] * 2)
        self.assertEqual(logs.records[0].levelno, logging.INFO)
        self.assertIn("100% mine", logs.records[0].getMessage())

    def test_a_handler_hears_its_level(self):
        messages = self.heard()
        self.filter.load_state(b"others")
        (level, target, message) = messages.pop()
        self.assertEqual((level, target, messages), (logging.INFO, "filter", []))
        self.assertIn(" gave way to ", message)
        messages = self.heard(level=logging.WARNING)
        self.filter.load_state(b"weights")
        small = streamcache.Cache(max_bytes=4096).filter("small", {})
        self.assertRaises(streamcache.NoSpaceError, small.load_state, bytes(8192))
        self.assertEqual([(level, target) for level, target, _ in messages], [(logging.WARNING, "cache")])

    def test_off_is_silent(self):
        messages = self.heard()
        streamcache.log_to(messages.append, level=logging.CRITICAL)  # which nothing is
        self.filter.load_state(b"third")
        streamcache.log_off()
        self.filter.load_state(b"others")
        self.assertEqual(messages, [])

    def test_threads_of_the_library_speak(self):
        messages = self.heard()
        with tempfile.TemporaryDirectory() as folder:
            self.cache.export_to(f"{folder}/results")
        self.assertIn("export", [target for _, target, _ in messages])

    def test_many_threads_at_once(self):
        messages = self.heard()
        filters = [self.cache.filter(f"{i}", {"i": i}, state=b"") for i in range(4)]
        threads = [threading.Thread(target=lambda f=f: [f.load_state(b"%d" % i) for i in range(200)]) for f in filters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(messages), 800)
        self.assertTrue({target for _, target, _ in messages} <= set(KINDS))

    def test_what_is_no_handler(self):
        for wrong in (1, "a"):
            self.assertRaises(TypeError, streamcache.log_to, wrong)
        self.assertRaises(TypeError, streamcache.log_to, None, "INFO")

    def test_a_handler_that_fails_stops_nothing(self):
        status, out, errors = run_python("""
import streamcache
streamcache.log_to(lambda *message: 1 / 0)
streamcache.Cache().close()
print("on")
""")
        self.assertEqual((status, out), (0, "on\n"))
        self.assertIn("ZeroDivisionError", errors)

    def test_ctrl_c_in_a_handler_is_not_lost(self):
        status, out, errors = run_python("""
import os, signal, time
import streamcache
def handler(*message):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
    print("not here")
streamcache.log_to(handler)
cache = streamcache.Cache()
streamcache.log_off()
try:
    time.sleep(10)
except KeyboardInterrupt:
    print("heard")
cache.close()
""")
        self.assertEqual((status, out, errors), (0, "heard\n", ""))

    def test_the_interpreters_end(self):
        code = """
import logging, sys, tempfile
import streamcache
logging.basicConfig(stream=sys.stdout)
streamcache.log_to(level=logging.WARNING)
kept = streamcache.Cache(disk_directory=tempfile.mkdtemp())
kept.filter("a", {}, state=b"").put(b"a", b"1")
"""
        self.assertEqual(run_python(code), (0, "", ""))


if __name__ == "__main__":
    unittest.main()

"""Ctrl-C between any two steps of Python loses no ticket and no lease."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor

from .common import PACKAGE, WithCache


class Interrupts(WithCache):
    def interrupted(self, call):
        """In a thread, for what is raised within an except clause stays where it was as the context of later ones."""
        with ThreadPoolExecutor(1) as one:
            one.submit(self.at_each_step, call).result()

    def at_each_step(self, call):
        """Runs it with a KeyboardInterrupt before its first step, before its second, and so on to its end."""
        step, folder = 0, str(PACKAGE)
        while True:
            step, seen = step + 1, 0

            def trace(frame, event, _):
                nonlocal seen
                if not frame.f_code.co_filename.startswith(folder):
                    return None
                frame.f_trace_opcodes = True
                if event == "opcode":
                    seen += 1
                    if seen == step:  # noqa: B023
                        raise KeyboardInterrupt
                return trace  # noqa: B023

            outside = sys.gettrace()
            sys.settrace(trace)
            try:
                call()
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(outside)
            stats = self.cache.stats()
            if stats.open_tickets:  # a cycle, at most
                gc.collect()
            self.assertEqual(self.cache.stats().open_tickets, 0, f"step {step}")
            if seen < step:
                self.assertGreater(step, 20)
                return

    def test_tickets(self):
        self.interrupted(lambda: self.filter.begin(b"a") and None)
        self.interrupted(lambda: self.filter.begin(b"b").close())
        self.interrupted(lambda: self.filter.begin_batch([b"a", b"b"]).close())
        stream = self.filter.stream(b"")
        self.interrupted(lambda: stream.begin(b"a").close())

    def test_leases(self):
        self.filter.put(b"a", bytes(1000))
        snapshot = self.filter.snapshot()
        for call in (
            lambda: self.filter.get(b"a"), lambda: self.filter.get(bytearray(b"a")), lambda: self.filter.lookup(b"a"), lambda: snapshot.get(b"a"),
            lambda: self.filter.begin(b"a"), lambda: self.filter.get_or_compute(b"a", None),
        ):  # fmt: skip
            self.interrupted(call)
        self.assertEqual(self.leased(), 0)
        for number in range(3):  # and none was given back twice
            self.filter.put(b"a", bytes(1000 + number))
            self.assertEqual(bytes(self.filter.get(b"a")), bytes(1000 + number))

    def test_commits(self):
        def commit():
            with self.filter.begin(b"a") as ticket:
                ticket.commit(bytes(1000))

        def once():
            self.filter.remove(b"a")
            commit()

        self.interrupted(once)
        self.assertEqual(self.leased(), 0)

"""A state that is loaded while a function computes, and loaded back after: never another state's answer."""

import threading

import streamcache
from streamcache import Digest
from .common import WithCache


class Swaps(WithCache):
    def during(self, answer):
        """The answer, computed after another state was loaded."""
        self.filter.load_state(b"later")
        return answer()

    def test_get_or_compute(self):
        value = self.filter.get_or_compute(b"a", lambda: self.during(lambda: bytes(self.filter.state())))
        self.assertEqual(bytes(value), b"later")
        for state in (b"weights", b"later"):
            self.filter.load_state(state)
            self.assertIsNone(self.filter.get(b"a"))
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_swapped_and_back(self):
        def compute():
            self.filter.load_state(b"later")
            answer = bytes(self.filter.state())
            self.filter.load_state(b"weights")
            return answer

        self.assertEqual(bytes(self.filter.get_or_compute(b"a", compute)), b"later")
        self.assertIsNone(self.filter.get(b"a"))

    def test_a_load_under_way(self):
        with self.filter._swaps.load():
            self.filter.get_or_compute(b"a", lambda: b"?")
        self.assertIsNone(self.filter.get(b"a"))
        self.filter.get_or_compute(b"a", lambda: b"!")
        self.assertEqual(bytes(self.filter.get(b"a")), b"!")

    def test_restored(self):
        def compute():
            self.assertFalse(self.filter.restore_state(Digest.state(b"nowhere")))
            return b"?"

        self.filter.get_or_compute(b"a", compute)
        self.assertIsNone(self.filter.get(b"a"))

    def test_with_the_tickets_state(self):
        value = self.filter.get_or_compute(b"a", lambda state: self.during(lambda: bytes(state)), with_state=True)
        self.assertEqual(bytes(value), b"weights")
        self.assertIsNone(self.filter.get(b"a"))
        self.filter.load_state(b"weights")
        self.assertEqual(bytes(self.filter.get(b"a")), b"weights")

    def test_a_state_known_by_its_digest(self):
        digest = Digest.state(b"a large model")
        self.filter.load_state(digest)
        self.assertEqual(bytes(self.filter.get_or_compute(b"a", bytes, with_state=True)), bytes(digest))
        rows = self.filter.get_or_compute_batch([b"b"], lambda missing, state: [bytes(state)], with_state=True)
        self.assertEqual(bytes(rows[0]), bytes(digest))
        with self.filter.begin(b"c") as ticket:
            self.assertEqual((ticket.state(), ticket.state_digest), (None, digest))

    def test_memoize(self):
        careless = self.filter.memoize(lambda data: self.during(lambda: bytes(self.filter.state())), name="careless")
        careful = self.filter.memoize(lambda data, *, state: self.during(lambda: bytes(state)), name="careful", with_state=True)
        self.assertEqual(careless(b"a"), b"later")
        self.filter.load_state(b"weights")
        self.assertEqual(careful(b"a"), b"weights")
        self.assertEqual(self.cache.stats().entries, 1)
        self.filter.load_state(b"weights")
        hits = self.filter.stats().hits
        self.assertEqual((careful(b"a"), self.filter.stats().hits), (b"weights", hits + 1))

    def test_a_batch(self):
        calls = []

        def compute(missing):
            calls.append(missing)
            return self.during(lambda: [bytes(self.filter.state())] * len(missing))

        self.filter.put(b"b", b"weight!")
        results = self.filter.get_or_compute_batch([b"a", b"b"], compute)
        self.assertEqual(([bytes(value) for value in results], calls), ([b"later"] * 2, [[0], [0, 1]]))
        self.filter.load_state(b"weights")
        self.assertIsNone(self.filter.get(b"a"))

        def careful(missing, state):
            return self.during(lambda: [bytes(state)] * len(missing))

        results = self.filter.get_or_compute_batch([b"a", b"b"], careful, with_state=True)
        self.assertEqual([bytes(value) for value in results], [b"weights", b"weight!"])
        self.assertEqual(self.cache.stats().open_tickets, 0)
        with self.filter.begin_batch([]) as batch, self.assertRaises(streamcache.EndedError):
            batch.trained()

    def test_a_snapshot(self):
        snapshot = self.filter.snapshot()
        remembered = snapshot.memoize(name="f", with_state=True)(lambda data, *, state: self.during(lambda: bytes(state)))
        self.assertEqual((remembered(b"a"), remembered(b"a")), (b"weights", b"weights"))
        self.assertEqual(bytes(snapshot.get_or_compute(b"b", lambda: self.during(lambda: bytes(snapshot.state())))), b"weights")
        self.assertEqual(bytes(snapshot.get_or_compute(b"c", bytes, with_state=True)), b"weights")
        self.filter.load_state(b"weights")
        self.assertEqual([bytes(self.filter.get(chunk)) for chunk in (b"b", b"c")], [b"weights"] * 2)
        self.assertEqual(bytes(snapshot.get_or_compute(b"b", None)), b"weights")
        with self.assertRaises(ZeroDivisionError):
            snapshot.get_or_compute(b"d", lambda: 1 / 0)
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_who_waits_computes_itself(self):
        inside, answers = threading.Event(), []

        def compute():
            inside.set()
            waiting.join(0.05)
            return self.during(lambda: b"?")

        waiting = threading.Thread(target=lambda: inside.wait() and answers.append(bytes(self.filter.get_or_compute(b"a", lambda: b"own"))))
        waiting.start()
        self.assertEqual(bytes(self.filter.get_or_compute(b"a", compute)), b"?")
        waiting.join()
        self.assertEqual(answers, [b"own"])

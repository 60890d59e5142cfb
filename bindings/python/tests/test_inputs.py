"""What is taken as bytes or arrays, and what is refused; bad input in general."""

import array
import mmap
import threading
import unittest
from pathlib import Path

import streamcache
from streamcache import Digest
from .common import WithCache, needs_numpy, numpy


class Digests(unittest.TestCase):
    def test_equality_hash_and_text(self):
        digest = Digest.chunk(b"a")
        self.assertEqual(digest, Digest.from_hex(digest.hex().upper()))
        self.assertEqual({digest: 1}[Digest(bytes(digest))], 1)
        self.assertNotEqual(digest, Digest.state(b"a"))
        self.assertNotEqual(digest, bytes(digest))
        self.assertIs(streamcache.Key, Digest)

    def test_it_can_be_pickled(self):
        import pickle

        self.assertEqual(pickle.loads(pickle.dumps(Digest.chunk(b"a"))), Digest.chunk(b"a"))

    def test_wrong_digits(self):
        for digits in ("", "ab", "g" * 64, "a" * 63, "a" * 65, "é" * 32):
            with self.assertRaises(streamcache.InvalidArgumentError):
                Digest.from_hex(digits)
        with self.assertRaises(ValueError):
            Digest(b"short")

    def test_whatever_holds_bytes(self):
        wanted = Digest.chunk(b"abcdef")
        with mmap.mmap(-1, 6) as mapped:
            mapped.write(b"abcdef")
            self.assertEqual(Digest.chunk(mapped), wanted)
        for data in (bytearray(b"abcdef"), memoryview(b"abcdef"), memoryview(b"xabcdef")[1:]):
            self.assertEqual(Digest.chunk(data), wanted)

    def test_config_forms(self):
        self.assertEqual(Digest.config({"b": 1.0, "a": [None, "é"]}), Digest.config('{"a": [null, "é"], "b": 1}'))
        self.assertNotEqual(Digest.config(b"{}"), Digest.config("{}"))
        for wrong in ({1: 2}, {"a": [{2: 3}]}, 7, None, ["a"], {"a": {1}}, {"a": b"bytes"}):
            with self.assertRaises(TypeError, msg=repr(wrong)):
                Digest.config(wrong)
        for wrong in ("{", '{"a": 1, "a": 2}', {"a": 2**53}, {"a": float("nan")}, {"a": "\ud800"}):
            with self.assertRaises(ValueError, msg=repr(wrong)):
                Digest.config(wrong)

    def test_files(self):
        self.assertEqual(Digest.state_file(__file__), Digest.state(Path(__file__).read_bytes()))
        with self.assertRaisesRegex(streamcache.IoError, "nowhere"):
            Digest.chunk_file("/nowhere/at/all")
        with self.assertRaises(OSError):
            Digest.chunk_file("a\0b")

    def test_pieces(self):
        hasher = streamcache.Hasher("state")
        hasher.update(b"ab")
        hasher.reset()
        hasher.update(b"c" * 100000)
        self.assertEqual(hasher.finish(), Digest.state(b"c" * 100000))
        hasher.close()
        with self.assertRaises(streamcache.ClosedError):
            hasher.update(b"x")
        with self.assertRaises(ValueError):
            streamcache.Hasher("nothing")

    def test_threads_take_turns_at_one_hasher(self):
        for pieces, one, wanted in (
            (streamcache.Hasher(), b"a" * 300000, Digest.chunk(b"a" * 300000 * 80)),
            (streamcache.Barrier(), b"a", None),
        ):
            with pieces._turn:
                waits = threading.Thread(target=pieces.update, args=(one,))
                waits.start()
                waits.join(0.05)
                self.assertTrue(waits.is_alive())
            waits.join()
            pieces.reset()
            threads = [threading.Thread(target=lambda: [pieces.update(one) for _ in range(20)]) for _ in range(4)]  # noqa: B023
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if wanted is None:
                alone = streamcache.Barrier()
                for _ in range(80):
                    alone.update(one)
                wanted = alone.finish()
            self.assertEqual(pieces.finish(), wanted)

    def test_huge_data(self):
        huge = bytes(300 << 20)
        pieces = streamcache.Hasher()
        for _ in range(3):
            pieces.update(memoryview(huge)[: 100 << 20])
        self.assertEqual(Digest.chunk(huge), pieces.finish())


class Refused(WithCache):
    WRONG = [None, 1, 1.5, "text", ["a"], {"a": 1}, object(), range(3)]

    def test_what_is_no_chunk(self):
        for wrong in self.WRONG:
            for use in (self.filter.get, self.filter.begin, self.filter.key, lambda x: self.filter.get_into(x, bytearray(4))):
                with self.assertRaises(TypeError, msg=repr(wrong)):
                    use(wrong)

    def test_what_is_no_result(self):
        for wrong in [None, 1, 1.5, "text", ["a"], {"a": 1}, object(), (b"bytes", "text")]:
            with self.assertRaises(TypeError, msg=repr(wrong)):
                self.filter.put(b"a", wrong)

    def test_what_is_no_state(self):
        for wrong in (None, "text", 5, array.array("f", [1])):
            with self.assertRaises(TypeError):
                self.filter.load_state(wrong)

    def test_a_buffer_that_can_not_be_written(self):
        self.filter.put(b"a", b"1234")
        for wrong in (b"1234", memoryview(b"1234"), None, "text"):
            with self.assertRaises((TypeError, BufferError), msg=repr(wrong)):
                self.filter.get_into(b"a", wrong)

    def test_unknown_flags(self):
        with self.assertRaises(streamcache.InvalidArgumentError):
            self.filter.get(b"a", 1 << 20)
        with self.assertRaises(OverflowError):
            self.filter.get(b"a", -1)

    def test_options(self):
        for wrong in ({"max_bytes": 17}, {"max_bytes": -1}, {"policy": "none"}, {"secret": b"short"}, {"secret": 32}, {"secret": [1] * 32}, {"max_bytes": 1.5}, {"name": 3}):
            with self.assertRaises((ValueError, TypeError), msg=repr(wrong)):
                streamcache.Cache(**wrong)
        with self.assertRaises(TypeError):
            streamcache.Cache(max_byte=1)
        with self.assertRaises(TypeError):
            streamcache.Cache(name=object())

    def test_a_name_with_nul(self):
        with streamcache.Cache(name="a\0b", namespace="n\0m") as cache:
            named = cache.filter("i\0d", b"config", state=b"")
            self.assertTrue(named.put(b"a", b"1"))
            self.assertEqual(cache.stats_json()["name"], "a\0b")
            self.assertIn("i\0d", cache.stats_json()["filters"])

    def test_strides_are_refused(self):
        view = memoryview(bytes(range(24))).cast("B", (4, 6))
        with self.assertRaises(ValueError):
            self.filter.get(memoryview(bytes(24))[::2])
        self.filter.key(view)
        if numpy is not None:
            matrix = numpy.ones((4, 6), numpy.float32)
            for wrong in (matrix.T, matrix[:, ::2], matrix[::-1], numpy.asfortranarray(matrix)):
                with self.assertRaisesRegex(ValueError, "ascontiguousarray"):
                    self.filter.get(wrong)
                with self.assertRaisesRegex(ValueError, "ascontiguousarray"):
                    self.filter.put(b"a", wrong)

    def test_arrays_of_the_standard_library(self):
        wanted = Digest.tensor(streamcache.Described(array.array("f", [1, 2]).tobytes(), [streamcache.Tensor(2, 32, 1, (2,), 0, 8)]))
        self.assertEqual(Digest.tensor(array.array("f", [1, 2])), wanted)
        self.assertEqual(Digest.tensor(memoryview(array.array("f", [1, 2]))), wanted)
        self.assertNotEqual(self.filter.key(array.array("B", b"ab")), self.filter.key(b"ab"))

    def test_a_closed_filter_and_cache(self):
        self.filter.close()
        self.filter.close()
        for use in (lambda: self.filter.get(b"a"), lambda: self.filter.put(b"a", b"b"), lambda: self.filter.begin(b"a"), self.filter.stats,
                    lambda: self.filter.load_state(b""), lambda: self.filter.get_into(b"a", bytearray(1)), self.filter.snapshot,
                    lambda: self.filter.begin_batch([b"a"]), self.filter.stream, self.filter.purge):  # fmt: skip
            with self.assertRaises(streamcache.ClosedError):
                use()
        another = self.cache.filter("another", {}, state=b"")
        self.cache.close()
        self.assertEqual(self.cache.close(), 0)
        for use in (lambda: another.get(b"a"), lambda: another.load_state(b""), lambda: self.cache.filter("a", {}), self.cache.purge,
                    lambda: self.cache.get(Digest.chunk(b"a")), lambda: self.cache.begin(Digest.chunk(b"a")), self.cache.flush):  # fmt: skip
            with self.assertRaises(streamcache.ClosedError):
                use()
        self.assertEqual(self.cache.stats().entries, 0)

    def test_what_is_no_digest(self):
        one = Digest.chunk(b"a")
        for wrong in (None, b"a" * 32, "a" * 64, 5):
            for use in (self.cache.get, self.cache.remove, self.cache.begin, lambda x: self.cache.put(x, b"1"), lambda x: Digest.inputs([one, x]),
                        lambda x: Digest.key_state(one, x), lambda x: Digest.key_chunk(one, one, x), self.filter.restore_state):  # fmt: skip
                with self.assertRaises(TypeError, msg=repr(wrong)):
                    use(wrong)
        for wrong in (None, 5, b"id"):
            with self.assertRaises(TypeError):
                self.cache.filter(wrong, {})
        with self.assertRaises(ValueError):
            self.cache.filter("\ud800", {})

    def test_no_state(self):
        with self.assertRaises(streamcache.NoStateError):
            self.cache.filter("stateless", {}).get(b"a")


@needs_numpy
class Numpy(WithCache):
    def test_type_and_shape_are_in_the_key(self):
        a = numpy.arange(6, dtype=numpy.int32)
        others = (a.reshape(2, 3), a.reshape(3, 2), a.astype(numpy.int64), a.view(numpy.uint32), a.view(numpy.float32), a.tobytes())
        self.assertEqual(len({self.filter.key(x) for x in (a, a.copy(), *others)}), 7)

    def test_a_subclass_may_carry_more(self):
        for wrong in (numpy.ma.masked_array([1, 2], [True, False]), numpy.array([[1]]).view(numpy.matrix)):
            with self.assertRaisesRegex(TypeError, "asarray"):
                self.filter.get(wrong)

    def test_elements_without_plain_bytes(self):
        structured = numpy.zeros(2, [("a", "i4"), ("b", "f4")])
        wrong = [structured, numpy.array(["a"]), numpy.array([None]), numpy.array(["2020"], "M8[D]")]
        wrong += [numpy.array([1], ">i4"), numpy.array([1], numpy.longdouble)]
        for array_ in wrong:
            with self.assertRaises(TypeError, msg=array_.dtype):
                self.filter.get(array_)
        with self.assertRaises(TypeError):
            self.filter.get(numpy.float32(1))

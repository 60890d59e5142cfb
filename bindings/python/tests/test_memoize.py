"""Functions that are remembered."""

import array
import inspect
import mmap

import streamcache
from .common import WithCache, needs_numpy, numpy


class Bytes(WithCache):
    def test_the_function_is_called_once(self):
        calls = []

        @self.filter.memoize(name="upper")
        def upper(text):
            """What it says."""
            calls.append(text)
            return text.upper()

        self.assertEqual([upper(b"ab"), upper(b"cd"), upper(b"ab")], [b"AB", b"CD", b"AB"])
        self.assertEqual(calls, [b"ab", b"cd"])
        self.assertEqual((upper.__name__, upper.__doc__, list(inspect.signature(upper).parameters)), ("upper", "What it says.", ["text"]))
        self.assertEqual(upper.__wrapped__(b"x"), b"X")

    def test_every_argument_and_their_borders_count(self):
        @self.filter.memoize
        def join(*parts):
            return b"|".join(bytes(part) for part in parts)

        for parts in ((b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"ab", b"c")):
            self.assertEqual(join(*parts), b"|".join(bytes(part) for part in parts))
        self.assertEqual(self.filter.stats().hits, 1)

    def test_what_is_refused(self):
        @self.filter.memoize
        def size(data):
            return str(len(data)).encode()

        for wrong in (None, 1, 1.5, "text", [1], (b"a",), {"a": 1}, object()):
            with self.assertRaisesRegex(TypeError, r"argument 0 of .*size\(\) must be bytes or an array"):
                size(wrong)
        with self.assertRaisesRegex(TypeError, "positional arguments only: data"):
            size(data=b"a")
        with self.assertRaisesRegex(TypeError, "at least one"):
            size()
        for wrong in (None, 5, "name"):
            with self.assertRaises(TypeError):
                self.filter.memoize(name="x")(wrong)

    def test_wrong_answers_are_not_remembered(self):
        answers = [None, "text", 1, bytearray(b"a"), [b"a"], (b"a",)]

        @self.filter.memoize(name="answer")
        def answer(data):
            return answers.pop()

        while answers:
            with self.assertRaisesRegex(TypeError, "must give bytes"):
                answer(b"a")
        self.assertEqual((self.cache.stats().open_tickets, self.cache.stats().entries), (0, 0))

    def test_an_exception_is_raised_and_not_remembered(self):
        outcomes = [b"good", ValueError("bad")]

        @self.filter.memoize(name="moody")
        def moody(data):
            outcome = outcomes.pop()
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        with self.assertRaisesRegex(ValueError, "bad"):
            moody(b"a")
        self.assertEqual((moody(b"a"), moody(b"a")), (b"good", b"good"))

    def test_the_state_counts(self):
        calls = []

        @self.filter.memoize(name="state", with_state=True)
        def state_of(data, *, state):
            calls.append(1)
            return bytes(state)

        self.assertEqual(state_of(b"a"), b"weights")
        self.filter.load_state(b"later")
        self.assertEqual(state_of(b"a"), b"later")
        self.filter.load_state(b"weights")
        self.assertEqual((state_of(b"a"), len(calls)), (b"weights", 2))

    def test_after_close(self):
        remembered = self.filter.memoize(lambda data: data, name="a")
        self.filter.close()
        with self.assertRaises(streamcache.ClosedError):
            remembered(b"a")

    def test_an_array_of_the_standard_library(self):
        total = self.filter.memoize(lambda numbers: str(sum(numbers)).encode(), name="total")
        self.assertEqual((total(array.array("i", [1, 2])), total(array.array("q", [1, 2]))), (b"3", b"3"))
        self.assertEqual(self.filter.stats().misses, 2)

    def test_the_kind_of_an_argument_counts(self):
        """One content, and a function that answers otherwise for each kind it comes as."""
        numbers = array.array("b", [-1, 99])
        given = [b"\xffc", bytearray(b"\xffc"), memoryview(b"\xffc"), memoryview(numbers), numbers, array.array("B", [255, 99])]
        for pair in (("i", "l"), ("l", "q")):  # one of them has two types of one size
            given += [array.array(code, [1, 2]) for code in pair]
        given += [memoryview(array.array("i", [1, 2]))]
        if numpy is not None:
            given += [numpy.array([1, 2], "i4"), numpy.frombuffer(b"\xffc", numpy.uint8)]

        @self.filter.memoize
        def shown(data):
            return repr((type(data), getattr(data, "format", None), getattr(data, "typecode", None), list(data))).encode()

        for data in given * 2:
            self.assertEqual(shown(data), shown.__wrapped__(data))
        self.assertLess(self.filter.stats().misses, len(given))

    def test_what_may_carry_more_is_refused(self):
        class Image(bytes):
            width = 3

        class Numbers(array.array):
            pass

        size = self.filter.memoize(lambda data: str(len(data)).encode(), name="size")
        with mmap.mmap(-1, 6) as mapped:  # has a position
            wrong = [Image(b"abc"), Numbers("i", [1]), mapped, memoryview(b"abc").cast("c")]
            wrong += [numpy.bytes_(b"abc"), numpy.ma.masked_array([1], [True])] if numpy is not None else []
            for data in wrong:
                with self.assertRaises(TypeError, msg=type(data)):
                    size(data)
        for data in (Image(b"abc"), memoryview(b"abc").cast("c")):
            with self.assertRaises(TypeError):
                self.filter.get(data)


@needs_numpy
class Arrays(WithCache):
    def test_arrays_and_tuples_of_them(self):
        calls = []

        @self.filter.memoize(name="split")
        def split(x):
            calls.append(1)
            return x.sum(0), x.astype(numpy.int64)

        x = numpy.arange(6.0).reshape(2, 3)
        for _ in range(2):
            total, whole = split(x)
            numpy.testing.assert_array_equal(total, [3, 5, 7])
            self.assertEqual((whole.dtype, whole.shape), (numpy.int64, (2, 3)))
            self.assertFalse(total.flags.writeable)
        split(x.reshape(3, 2))
        split(x.astype(numpy.float32))
        self.assertEqual(len(calls), 3)
        one = self.filter.memoize(lambda x: (x,), name="one")
        self.assertIsInstance(one(x), tuple)
        self.assertIsInstance(one(x), tuple)

    def test_strided_arguments_and_answers_are_refused(self):
        double = self.filter.memoize(lambda x: 2 * x, name="double")
        turned = self.filter.memoize(lambda x: x.T, name="turned")
        x = numpy.ones((2, 3))
        with self.assertRaisesRegex(ValueError, "ascontiguousarray"):
            double(x.T)
        with self.assertRaisesRegex(ValueError, "ascontiguousarray"):
            turned(x)

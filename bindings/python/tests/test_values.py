"""Values: leases, and views that keep them."""

import gc
import sys
import threading

import streamcache
from .common import WithCache, needs_numpy, numpy


class Leases(WithCache):
    def stored(self, data, chunk=b"chunk"):
        self.assertTrue(self.filter.put(chunk, data))
        return self.filter.get(chunk)

    def test_bytes_come_back(self):
        value = self.stored(b"an answer\0with NUL")
        self.assertEqual(bytes(value), b"an answer\0with NUL")
        self.assertEqual((len(value), value.tensors, value.blob, value.tier), (18, (), b"", "memory"))

    def test_an_empty_result(self):
        value = self.stored(b"")
        self.assertEqual((bytes(value), len(value)), (b"", 0))
        self.assertTrue(value)  # it was found

    def test_a_blob(self):
        self.filter.put(b"chunk", b"x", blob=b"beside\0it")
        self.assertEqual(self.filter.get(b"chunk").blob, b"beside\0it")

    def test_the_view_is_read_only_and_no_copy(self):
        value = self.stored(b"x" * 100000)
        view, again = value.data, value.data
        self.assertTrue(view.readonly)
        with self.assertRaises(TypeError):
            view[0] = 1
        if numpy is not None:
            self.assertEqual(numpy.frombuffer(view, numpy.uint8).ctypes.data, numpy.frombuffer(again, numpy.uint8).ctypes.data)

    def test_a_view_keeps_the_lease(self):
        value = self.stored(b"y" * 1000)
        view = value.data[10:20]
        value.close()
        del value
        gc.collect()
        self.assertGreater(self.leased(), 1000)
        self.assertEqual(bytes(view), b"y" * 10)
        del view
        self.assertEqual(self.leased(), 0)

    def test_a_lease_outlives_the_cache(self):
        value = self.stored(b"z" * 1000)
        view = value.data
        self.filter.close()
        self.cache.close()
        self.cache = self.filter = None
        gc.collect()
        self.assertEqual(bytes(view), b"z" * 1000)
        self.assertEqual(bytes(value), b"z" * 1000)

    def test_a_closed_value_says_so(self):
        with self.stored(b"x") as value:
            pass
        value.close()
        self.assertIn("closed", repr(value))
        for use in (lambda: value.data, lambda: len(value), lambda: value.tensors, lambda: value.content, lambda: value.blob, lambda: value.tier):
            with self.assertRaises(streamcache.ClosedError):
                use()

    def test_a_finaliser_on_another_thread(self):
        held = [self.stored(b"t" * 1000)]
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()
        self.assertEqual(self.leased(), 0)

    def test_closed_while_others_read(self):
        """Threads that use a value, a batch or a filter which another one closes: an answer or ClosedError, no crash."""
        for _ in range(100):
            value = self.stored(b"r" * 64, b"race")
            batch = self.filter.begin_batch([b"race", b"missing"])
            filter_ = self.cache.filter("race", {"race": 1}, state=b"")
            answers = []

            def read(uses):
                for use in uses * 3:
                    try:
                        answers.append(use())  # noqa: B023
                    except streamcache.ClosedError:
                        pass

            uses = [lambda: bytes(value.data), lambda: value.tensors, lambda: value.blob, batch.values, lambda: filter_.get(b"a")]  # noqa: B023
            threads = [threading.Thread(target=read, args=(uses[n:] + uses[:n],)) for n in range(3)]
            for thread in threads:
                thread.start()
            value.close()
            batch.close()
            filter_.close()
            for thread in threads:
                thread.join()
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_content_is_the_chunk_digest(self):
        self.assertEqual(self.stored(b"content").content, streamcache.Digest.chunk(b"content"))

    def test_handles_are_not_made_by_hand(self):
        for kind in (streamcache.Value, streamcache.Ticket, streamcache.Batch, streamcache.Stream, streamcache.Snapshot):
            with self.assertRaises(TypeError):
                kind()

    def test_the_buffer_protocol(self):
        value = self.stored(b"buffer")  # for classes since Python 3.12
        view = memoryview(value) if sys.version_info >= (3, 12) else value.__buffer__(0)
        self.assertEqual((bytes(view), view.readonly), (b"buffer", True))


@needs_numpy
class Arrays(WithCache):
    def test_shape_and_type_come_back(self):
        for kind in ("?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8", "c16"):
            for shape in ((), (0,), (3,), (2, 3), (1, 0, 2), (2, 1, 2)):
                array = numpy.arange(int(numpy.prod(shape)), dtype=numpy.int64).astype(kind).reshape(shape)
                value = self.filter.get_or_compute(array, lambda: array)  # noqa: B023
                back = value.array()
                self.assertEqual((back.dtype, back.shape), (array.dtype, array.shape))
                self.assertEqual(back.tobytes(), array.tobytes())
                self.assertFalse(back.flags.writeable)

    def test_an_array_keeps_the_lease_and_copies_nothing(self):
        self.filter.put(b"a", numpy.ones((10, 100), numpy.float32))
        value = self.filter.get(b"a")
        row, address = value.array()[3], value.array().ctypes.data
        self.assertEqual(address, numpy.frombuffer(value.data, numpy.uint8).ctypes.data)
        del value
        self.assertGreater(self.leased(), 4000)
        self.assertEqual(row.sum(), 100)
        del row
        self.assertEqual(self.leased(), 0)

    def test_several_arrays(self):
        given = (numpy.arange(3, dtype=numpy.int8), numpy.eye(2), numpy.array(7, numpy.uint16))
        self.filter.put(b"a", given)
        for array, back in zip(given, self.filter.get(b"a").arrays()):
            numpy.testing.assert_array_equal(array, back)
            self.assertEqual(array.dtype, back.dtype)

    def test_plain_bytes_are_no_array(self):
        self.filter.put(b"a", b"plain")
        with self.assertRaisesRegex(ValueError, "frombuffer"):
            self.filter.get(b"a").array()

    def test_a_type_that_numpy_has_not(self):
        bfloat = streamcache.Tensor(4, 16, 1, (3,), 0, 6)
        self.filter.put(b"a", streamcache.Described(bytes(6), [bfloat]))
        value = self.filter.get(b"a")
        self.assertEqual(value.tensors, (bfloat,))
        with self.assertRaisesRegex(TypeError, "16 bits"):
            value.array()

    def test_dlpack_without_a_copy(self):
        self.filter.put(b"a", numpy.arange(1000.0))
        value = self.filter.get(b"a")
        if numpy.lib.NumpyVersion(numpy.__version__) < "2.1.0":
            self.skipTest("this NumPy does not know DLPack 1.0")
        array = numpy.from_dlpack(value)
        self.assertEqual(array.ctypes.data, value.array().ctypes.data)
        self.assertFalse(array.flags.writeable)
        self.assertEqual(value.__dlpack_device__(), (1, 0))
        del value
        self.assertGreater(self.leased(), 8000)
        self.assertEqual(array[999], 999)
        del array  # the capsule's deleter gives the lease back
        self.assertEqual(self.leased(), 0)

    def test_dlpack_for_an_older_consumer_is_a_copy(self):
        self.filter.put(b"a", numpy.arange(10.0))
        value = self.filter.get(b"a")
        self.assertIn('"dltensor"', repr(value.__dlpack__()))
        with self.assertRaises(BufferError):
            value.__dlpack__(copy=False)

    def test_a_capsule_nobody_takes_gives_the_lease_back(self):
        self.filter.put(b"a", numpy.arange(1000.0))
        capsule = self.filter.get(b"a").__dlpack__(max_version=(1, 0))
        self.assertGreater(self.leased(), 8000)
        del capsule
        self.assertEqual(self.leased(), 0)

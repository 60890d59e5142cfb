"""Streams whose recurrent state is an array."""

import array

import streamcache
from streamcache import Digest, Ticket, Value
from .common import WithCache, needs_numpy, numpy


@needs_numpy
class ArrayStates(WithCache):
    def setUp(self):
        super().setUp()
        self.zeros = numpy.zeros((2, 3), numpy.float32)
        self.calls = []

    def model(self, state):
        self.calls.append((type(state), state.dtype, state.shape, state.flags.writeable))
        return state.sum(keepdims=True), state + numpy.float32(1)

    def test_type_and_shape_come_back(self):
        stream = self.filter.stream(self.zeros)
        for _ in range(2):
            sums = [float(stream.step(chunk, self.model).array()[0, 0]) for chunk in (b"a", b"b", b"c")]
            self.assertEqual(sums, [0, 6, 12])
            numpy.testing.assert_array_equal(stream.state(), self.zeros + 3)
            self.assertEqual((stream.state().dtype, stream.fork().state().shape), (numpy.float32, (2, 3)))
            stream.reset()
        self.assertEqual(self.calls, [(numpy.ndarray, numpy.float32, (2, 3), False)] * 3)
        stream.reset(self.zeros + 5)
        numpy.testing.assert_array_equal(stream.state(), self.zeros + 5)

    def test_another_type_or_shape_is_refused(self):
        stream = self.filter.stream(self.zeros)
        wrong = [self.zeros.astype(numpy.float64), self.zeros.view(numpy.int32), self.zeros.reshape(3, 2), self.zeros[0]]
        for state in wrong:
            with self.assertRaisesRegex(ValueError, r"float32 of shape \(2, 3\)"):
                stream.step(b"a", lambda _: (b"out", state))  # noqa: B023
            with self.assertRaisesRegex(ValueError, r"float32 of shape \(2, 3\)"):
                stream.reset(state)
        for state in (self.zeros.tobytes(), "text", None):
            with self.assertRaises(TypeError):
                stream.step(b"a", lambda _: (b"out", state)) if state is not None else stream.step(b"a", lambda _: None)  # noqa: B023
        self.assertEqual((stream.position, self.cache.stats().open_tickets), (0, 0))
        plain = self.filter.stream(self.zeros.tobytes())
        with self.assertRaises(TypeError):
            plain.step(b"a", lambda state: (b"out", self.zeros))
        with self.assertRaises(TypeError):
            self.filter.stream(numpy.array(["text"]))

    def test_states_of_equal_bytes_share_nothing(self):
        streams = [self.filter.stream(zeros) for zeros in (bytes(24), self.zeros, self.zeros.reshape(3, 2), self.zeros.view(numpy.int32), array.array("d", [0] * 3))]
        for stream in streams:
            self.assertIsInstance(stream.begin(b"a"), Ticket)
            stream.step(b"a", lambda state: (repr(state).encode(), bytes(state) if isinstance(state, Value) else state))
        self.assertEqual(len({stream.digest for stream in streams}), len(streams))
        again = self.filter.stream(self.zeros.copy())
        self.assertIsInstance(again.begin(b"a"), Value)
        self.assertEqual(again.digest, streams[1].digest)

    def test_tickets_of_such_a_stream(self):
        stream = self.filter.stream(self.zeros)
        with stream.begin(Digest.chunk(b"a")) as ticket:
            self.assertEqual((ticket.step_state().shape, bytes(ticket.trained())), ((2, 3), b"weights"))
            ticket.commit_step(b"out", None)
        with self.assertRaises(streamcache.NoStateError):
            stream.state()

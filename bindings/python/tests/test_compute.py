"""Tickets, batches and streams: compute once."""

import threading
import time

import streamcache
from streamcache import BusyError, EndedError, Flags, RejectedError, Ticket, Value
from .common import WithCache, needs_numpy, numpy


class Tickets(WithCache):
    def test_computed_once_by_many_threads(self):
        calls, answers = [], []

        def compute():
            calls.append(1)
            time.sleep(0.05)
            return b"answer"

        threads = [threading.Thread(target=lambda: answers.append(bytes(self.filter.get_or_compute(b"a", compute)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(calls), answers), (1, [b"answer"] * 8))
        self.assertEqual(self.cache.stats().misses, 1)

    def test_an_exception_gives_the_ticket_up_and_goes_on(self):
        class Mine(Exception):
            pass

        def fail():
            raise Mine("the model failed")

        for _ in range(2):
            with self.assertRaisesRegex(Mine, "the model failed"):
                self.filter.get_or_compute(b"a", fail)
            self.assertEqual(self.cache.stats().open_tickets, 0)
        self.assertEqual(bytes(self.filter.get_or_compute(b"a", lambda: b"1")), b"1")

    def test_a_result_of_a_wrong_type_gives_the_ticket_up(self):
        for wrong in (None, "text", 1):
            with self.assertRaises(TypeError):
                self.filter.get_or_compute(b"a", lambda: wrong)  # noqa: B023
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_whoever_waits_has_it_after_an_exception(self):
        with self.filter.begin(b"a") as ticket:
            answers = []
            thread = threading.Thread(target=lambda: answers.append(bytes(self.filter.get_or_compute(b"a", lambda: b"second"))))
            thread.start()
            time.sleep(0.02)
            ticket.abort()
            thread.join()
        self.assertEqual(answers, [b"second"])

    def test_the_time_is_up(self):
        with self.filter.begin(b"a"):
            begun = time.monotonic()
            with self.assertRaises(TimeoutError):
                self.filter.get_or_compute(b"a", lambda: b"", timeout=0.12)
            self.assertTrue(0.1 < time.monotonic() - begun < 20)
            for none in ({"timeout": 0}, {"flags": Flags.NO_WAIT}, {"timeout": -1}):
                with self.assertRaises(BusyError):
                    self.filter.begin(b"a", **none)

    def test_other_threads_run_during_a_wait(self):
        with self.filter.begin(b"a") as ticket:
            thread = threading.Thread(target=lambda: (time.sleep(0.03), ticket.commit(b"1")))
            thread.start()
            self.assertEqual(bytes(self.filter.begin(b"a", timeout=None)), b"1")  # would wait for ever, were the GIL kept
            thread.join()

    def test_what_a_ticket_says(self):
        ticket = self.filter.begin(b"a")
        self.assertIsInstance(ticket, Ticket)
        self.assertEqual((ticket.key, ticket.phase, bytes(ticket.state())), (self.filter.key(b"a"), "open", b"weights"))
        with self.assertRaises(streamcache.NoStateError):
            ticket.step_state()
        value = ticket.commit(b"1", blob=b"b", ttl_ms=1000, compute_ns=5)
        self.assertEqual((bytes(value), value.blob, ticket.stored, ticket.phase), (b"1", b"b", True, "committed"))
        for again in (lambda: ticket.commit(b"2"), ticket.abort, lambda: ticket.buffer(1)):
            with self.assertRaises(EndedError):
                again()
        ticket.close()
        ticket.close()
        with self.assertRaises(EndedError):
            ticket.commit(b"2")
        with self.assertRaises(streamcache.ClosedError):
            ticket.key

    def test_a_fenced_ticket(self):
        with self.filter.begin(b"a") as ticket:
            self.cache.purge()
            self.assertEqual(ticket.phase, "fenced")
            self.assertEqual(bytes(ticket.commit(b"1")), b"1")
            self.assertFalse(ticket.stored)

    def test_a_result_larger_than_the_budget(self):
        huge = bytes(65 << 20)
        self.assertFalse(self.filter.put(b"a", huge))
        with self.filter.begin(b"a") as ticket:
            with self.assertRaises(streamcache.NoSpaceError):
                ticket.buffer(len(huge))
            value = ticket.commit(huge)
            self.assertFalse(ticket.stored)
        self.assertEqual((len(value), len(value.data)), (len(huge), len(huge)))
        self.assertGreaterEqual(self.cache.stats().detached_bytes, len(huge))
        del value
        self.assertEqual(self.cache.stats().detached_bytes, 0)

    def test_a_forgotten_ticket(self):
        self.filter.begin(b"a")
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_a_rejection(self):
        with self.filter.begin(b"a") as ticket:
            ticket.commit_rejection(17)
        for ask in (self.filter.get, self.filter.begin, lambda c: self.filter.get_or_compute(c, None), self.filter.lookup):
            with self.assertRaises(RejectedError) as caught:
                ask(b"a")
            self.assertEqual(caught.exception.code, 17)
        with self.assertRaises(RejectedError):
            self.filter.get_into(b"a", bytearray(1))
        with self.filter.begin_batch([b"a"]) as batch:
            self.assertEqual(batch.statuses(), ["rejected"])
            with self.assertRaises(RejectedError):
                batch.results()

    def test_written_in_place(self):
        with self.filter.begin(b"a") as ticket:
            view = ticket.buffer(8)
            view[:4] = b"1234"
            part = view[2:]
            for early in (lambda: ticket.commit_buffer(4), lambda: ticket.commit(b"x"), ticket.abort):
                with self.assertRaises(BufferError):
                    early()
            view.release()
            with self.assertRaises(BufferError):
                ticket.commit_buffer(4)
            part.release()
            with self.assertRaises(streamcache.InvalidArgumentError):
                ticket.commit_buffer(9)
            self.assertEqual(bytes(ticket.commit_buffer(4)), b"1234")

    def test_a_view_of_a_buffer_outlives_its_ticket(self):
        with self.filter.begin(b"a") as ticket:
            view = ticket.buffer(1 << 16)
        del ticket
        view[:] = bytes(1 << 16)
        del view
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_an_exception_with_a_view_ends_the_ticket(self):
        """Though the traceback keeps the frame, and that the view."""

        def fail():
            with self.filter.begin(b"a") as ticket:
                view = ticket.buffer(8)
                view[:1] = b"1"
                raise ZeroDivisionError

        kept = None
        try:
            fail()
        except ZeroDivisionError as error:
            kept = error
        self.assertEqual(self.cache.stats().open_tickets, 0)
        view = kept.__traceback__.tb_next.tb_frame.f_locals["view"]
        with self.assertRaises(ValueError):
            view[0]

    def test_closed_during_a_wait(self):
        with self.filter.begin(b"a"):
            threading.Timer(0.03, self.cache.close).start()
            with self.assertRaises(streamcache.ClosedError):
                self.filter.begin(b"a")


class Batches(WithCache):
    def test_it_shrinks_to_what_is_missing(self):
        self.filter.put(b"b", b"1")
        with self.filter.begin_batch([b"a", b"b", b"c", b"a"]) as batch:
            self.assertEqual((len(batch), batch.missing), (4, [0, 2]))
            self.assertEqual(batch.statuses(), ["missing", "done", "missing", "duplicate"])
            self.assertEqual([value is not None for value in batch.values()], [False, True, False, False])
            with self.assertRaises(BusyError):
                batch.results()
            self.assertEqual(batch.commit([b"C", b"A"], [2, 0]), 2)
            self.assertTrue(batch.wait())
            results = batch.results()
        self.assertEqual([bytes(value) for value in results], [b"A", b"1", b"C", b"A"])
        with self.assertRaises(streamcache.ClosedError):
            batch.wait()

    def test_wrong_rows(self):
        with self.filter.begin_batch([b"a", b"b"]) as batch:
            for wrong in (None, b"ab", [b"1", b"22"], ["a", "b"], 5):
                with self.assertRaises(TypeError, msg=repr(wrong)):
                    batch.commit(wrong)
            for wrong, items in (([b"1"], None), ([b"1"], [0, 1]), ([b"1"], [7]), ([b"1", b"1"], [0, 0])):
                with self.assertRaises(ValueError, msg=repr((wrong, items))):
                    batch.commit(wrong, items)
            self.assertEqual(batch.missing, [0, 1])
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_empty_and_wrong_chunks(self):
        self.assertEqual(self.filter.get_or_compute_batch([], None), [])
        with self.assertRaises(TypeError):
            self.filter.begin_batch([b"a", None])

    def test_an_exception_gives_the_batch_up(self):
        with self.assertRaises(ZeroDivisionError):
            self.filter.get_or_compute_batch([b"a", b"b"], lambda missing: 1 / 0)
        self.assertEqual(self.cache.stats().open_tickets, 0)

    def test_two_batches_of_the_same_chunks(self):
        computed, results = [], []

        def work(chunks):
            def compute(missing):
                computed.extend(missing)
                time.sleep(0.02)
                return [chunks[index].upper() for index in missing]

            results.append([bytes(value) for value in self.filter.get_or_compute_batch(chunks, compute)])

        chunks = [b"a", b"b", b"c"]
        threads = [threading.Thread(target=work, args=(order,)) for order in (chunks, chunks[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(computed), sorted(results)), (3, [[b"A", b"B", b"C"], [b"C", b"B", b"A"]]))

    def test_wait_says_when_an_owner_gave_up(self):
        ticket = self.filter.begin(b"a")
        with self.filter.begin_batch([b"a"]) as batch:
            self.assertEqual(batch.statuses(), ["pending"])
            with self.assertRaises(BusyError):
                batch.wait(0)
            ticket.abort()
            self.assertFalse(batch.wait())
            self.assertEqual(batch.missing, [0])

    @needs_numpy
    def test_rows_of_an_array(self):
        rows = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
        first, second = self.filter.get_or_compute_batch([b"a", b"b"], lambda missing: rows[missing])
        numpy.testing.assert_array_equal(first.array(), rows[0])
        self.assertEqual((second.array().shape, second.array().dtype), ((3,), numpy.float32))
        with self.filter.begin_batch([b"c"]) as batch, self.assertRaises(ValueError):
            batch.commit(numpy.array(1, numpy.float32))


class Streams(WithCache):
    def run_through(self, stream, chunks):
        """A model whose output is its state and the chunk, and whose next state is the output."""
        calls, outputs = [], []
        for chunk in chunks:

            def compute(state):
                calls.append(chunk)  # noqa: B023
                return bytes(state) + chunk, bytes(state) + chunk  # noqa: B023

            outputs.append(bytes(stream.step(chunk, compute)))
        return len(calls), outputs

    def test_it_hits_where_it_replays(self):
        with self.filter.stream(b"") as stream:
            self.assertEqual(self.run_through(stream, [b"a", b"b"]), (2, [b"a", b"ab"]))
            place = stream.digest
            stream.reset()
            self.assertEqual((self.run_through(stream, [b"a", b"b"]), stream.position), ((0, [b"a", b"ab"]), 2))
            self.assertEqual((stream.digest, bytes(stream.state())), (place, b"ab"))
            self.assertEqual(self.run_through(stream, [b"a"]), (1, [b"aba"]))
            stream.reset(b"other")
            self.assertEqual(self.run_through(stream, [b"a"]), (1, [b"othera"]))
            fork = stream.fork()
            self.assertEqual(fork.digest, stream.digest)
        self.assertEqual(fork.position, 1)
        with self.assertRaises(streamcache.ClosedError):
            stream.position

    def test_an_exception_leaves_it_where_it_is(self):
        stream = self.filter.stream(bytes(4))
        with self.assertRaises(ZeroDivisionError):
            stream.step(b"a", lambda state: 1 / 0)
        self.assertEqual((stream.position, self.cache.stats().open_tickets), (0, 0))
        self.assertEqual(self.run_through(stream, [b"a"])[0], 1)

    def test_an_unknown_state(self):
        stream = self.filter.stream(b"")
        stream.forget()
        with self.assertRaises(streamcache.NoStateError):
            stream.step(b"a", None)
        with self.assertRaises(streamcache.NoStateError):
            stream.state()
        with stream.begin(b"a") as ticket:
            self.assertTrue(ticket.bypassed)
            self.assertEqual(bytes(ticket.commit_step(b"out", None)), b"out")
            self.assertFalse(ticket.stored)

    def test_one_step_at_a_time(self):
        stream = self.filter.stream(b"")
        with stream.begin(b"a") as ticket:
            with self.assertRaises(BusyError):
                stream.begin(b"b", timeout=0.02)
            with self.assertRaises(streamcache.InvalidArgumentError):
                ticket.commit(b"not a step")
            ticket.commit_step(b"out", b"next")
        self.assertIsInstance(stream.begin(b"b"), Ticket)
        stream.reset()
        self.assertIsInstance(stream.begin(b"a"), Value)

    def test_a_barrier(self):
        first, second = streamcache.Barrier(), streamcache.Barrier()
        for chunk in (b"a", b"b"):
            first.update(chunk)
            second.update(streamcache.Digest.chunk(chunk))
        self.assertEqual(first.finish(), second.finish())

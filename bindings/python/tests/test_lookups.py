"""Lookups, puts, states and stats."""

import tempfile
import time

import streamcache
from streamcache import Digest, Flags
from .common import WithCache


class Lookups(WithCache):
    def test_a_miss_then_a_hit(self):
        self.assertIsNone(self.filter.get(b"a"))
        self.assertTrue(self.filter.put(b"a", b"1"))
        self.assertEqual(bytes(self.filter.get(b"a")), b"1")
        self.assertEqual(bytes(self.filter.get(Digest.chunk(b"a"))), b"1")
        self.assertEqual(bytes(self.filter.get(bytearray(b"a"))), b"1")
        stats = self.filter.stats()
        self.assertEqual((stats.lookups, stats.hits, stats.misses, stats.puts), (4, 3, 1, 1))

    def test_get_into(self):
        buffer = bytearray(b"....")
        self.assertIsNone(self.filter.get_into(b"a", buffer))
        self.filter.put(b"a", b"12")
        self.assertEqual((self.filter.get_into(b"a", buffer), buffer), (2, b"12.."))
        self.assertEqual(self.filter.get_into(Digest.chunk(b"a"), memoryview(buffer)[2:]), 2)
        self.assertEqual(buffer, b"1212")
        self.filter.put(b"b", b"12345")
        for small in (buffer, bytearray()):
            before = bytes(small)
            with self.assertRaises(streamcache.BufferTooSmallError) as caught:
                self.filter.get_into(b"b", small)
            self.assertEqual((caught.exception.size, caught.exception.status, small), (5, 3, before))

    def test_flags(self):
        self.filter.put(b"a", b"1")
        before = self.filter.stats()
        self.assertIsNotNone(self.filter.get(b"a", Flags.PEEK | Flags.MEMORY_ONLY))
        self.assertEqual(self.filter.stats(), before)
        self.assertIsNone(self.filter.get(b"a", Flags.BYPASS))
        self.assertIsNone(self.filter.get(b"a", Flags.REFRESH))
        self.assertFalse(self.filter.put(b"b", b"1", flags=Flags.READ_ONLY))

    def test_a_swap_between_lookup_and_put(self):
        found = self.filter.lookup(b"a")
        self.assertIsNone(found.value)
        self.filter.load_state(b"new weights")
        with self.assertRaises(streamcache.InvalidArgumentError):
            self.filter.put(b"a", b"old", key=None)
        self.assertTrue(self.filter.put(found.chunk, b"old", key=found.key))
        self.assertIsNone(self.filter.get(b"a"))
        self.filter.load_state(b"weights")
        self.assertEqual(bytes(self.filter.lookup(b"a").value), b"old")

    def test_states(self):
        self.assertEqual(bytes(self.filter.state()), b"weights")
        self.assertEqual(self.filter.state_digest, Digest.state(b"weights"))
        self.filter.load_state(Digest.state(b"large"))
        self.assertIsNone(self.filter.state())
        self.assertEqual(self.filter.state_digest, Digest.state(b"large"))
        with self.assertRaises(streamcache.NoSpaceError):
            self.filter.load_state(bytes(65 << 20))

    def test_a_snapshot_stays(self):
        with self.filter.snapshot() as snapshot:
            self.filter.load_state(b"later")
            self.assertEqual(bytes(snapshot.state()), b"weights")
            self.assertTrue(snapshot.put(b"a", b"1"))
            self.assertEqual(bytes(snapshot.get(b"a")), b"1")
            self.assertIsNone(self.filter.get(b"a"))
            self.assertEqual(bytes(snapshot.begin(b"a")), b"1")
            self.assertNotEqual(snapshot.key(b"a"), self.filter.key(b"a"))
        with self.assertRaises(streamcache.ClosedError):
            snapshot.get(b"a")

    def test_forgetting(self):
        for chunk in (b"a", b"b", b"c"):
            self.filter.put(chunk, b"1")
        self.assertTrue(self.filter.remove(b"a"))
        self.assertFalse(self.filter.remove(b"a"))
        self.assertEqual(self.filter.purge(), 2)
        self.filter.put(b"a", b"1")
        self.filter.load_state(b"later")
        self.assertEqual(self.filter.retire(), 1)

    def test_keys_of_the_callers(self):
        key = Digest.key_chunk(Digest.config({"test": 1}), Digest.state(b"weights"), Digest.chunk(b"a"))
        self.assertEqual(key, self.filter.key(b"a"))
        self.assertTrue(self.cache.put(key, b"1"))
        self.assertEqual((bytes(self.cache.get(key)), bytes(self.filter.get(b"a"))), (b"1", b"1"))
        self.assertTrue(self.cache.remove(key))
        self.assertIsNone(self.cache.get(key))
        with self.cache.begin(key) as ticket:
            ticket.commit(b"2")
        self.assertEqual(bytes(self.cache.begin(key)), b"2")

    def test_into_a_buffer_by_a_key_of_ones_own(self):
        key, buffer = Digest.chunk(b"a key"), bytearray(8)
        self.assertIsNone(self.cache.get_into(key, buffer))
        self.cache.put(key, b"result")
        self.assertEqual((self.cache.get_into(key, buffer), bytes(buffer)), (6, b"result\0\0"))
        with self.assertRaises(streamcache.BufferTooSmallError) as refused:
            self.cache.get_into(key, bytearray(5))
        self.assertEqual(refused.exception.size, 6)
        with self.cache.begin(Digest.chunk(b"another")) as ticket:
            ticket.commit_rejection(7)
        self.assertRaises(streamcache.RejectedError, self.cache.get_into, Digest.chunk(b"another"), buffer)
        for wrong in (b"read-only", self.cache.get(key).data, None, 3):
            self.assertRaises((TypeError, BufferError), self.cache.get_into, key, wrong)
        self.cache.close()
        self.assertRaises(streamcache.ClosedError, self.cache.get_into, key, buffer)

    def test_a_pipeline(self):
        second = self.cache.filter("second", {"second": 1}, state=b"")
        key = streamcache.pipeline_key([self.filter, second], b"a")
        self.assertEqual(key, streamcache.pipeline_key([self.filter.snapshot(), second.snapshot()], b"a"))
        self.assertNotEqual(key, streamcache.pipeline_key([second, self.filter], b"a"))
        with self.assertRaises(TypeError):
            streamcache.pipeline_key([self.filter, second.snapshot()], b"a")
        with self.assertRaises(streamcache.InvalidArgumentError):
            streamcache.pipeline_key([], b"a")

    def test_time_to_live(self):
        self.filter.put(b"a", b"1", ttl_ms=1)
        time.sleep(0.02)
        self.assertIsNone(self.filter.get(b"a"))
        self.assertEqual(self.cache.stats().expired, 1)

    def test_time_saved(self):
        self.filter.put(b"a", b"1", compute_ns=1000)
        self.filter.get(b"a")
        self.assertEqual(self.filter.stats().time_saved_ns, 1000)

    def test_limits(self):
        self.cache.set_max_chunks(1)
        self.cache.set_max_bytes("unlimited")
        for chunk in (b"a", b"b"):
            self.filter.put(chunk, b"1")
        self.assertEqual(self.cache.stats().entries, 1)
        self.assertEqual(self.cache.stats().max_bytes, 2**64 - 1)
        for wrong in (1.5, "much", None):
            with self.assertRaises(TypeError):
                self.cache.set_max_bytes(wrong)
        with streamcache.Cache(max_bytes=0) as nothing:
            self.assertFalse(nothing.filter("a", {}, state=Digest.state(b"")).put(b"a", b"1"))

    def test_a_filter_that_is_not_deterministic(self):
        sampling = self.cache.filter("sampling", {}, state=b"", deterministic=False)
        self.assertFalse(sampling.put(b"a", b"1"))
        self.assertIsNone(sampling.get(b"a"))

    def test_text_stats(self):
        self.filter.put(b"a", b"1")
        self.assertEqual(self.cache.stats_json()["entries"], 1)
        self.assertIn("streamcache_entries", self.cache.stats_prometheus())
        many = [self.cache.filter(f"filter {i}", {}, state=b"") for i in range(200)]
        self.assertEqual(len(self.cache.stats_json()["filters"]), len(many) + 1)

    def test_the_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            with streamcache.Cache(disk_directory=folder, disk_max_bytes=64 << 20) as cache:
                first = cache.filter("a", {}, state=b"weights")
                self.assertTrue(first.save_state())
                first.put(b"a", b"on disk")
                self.assertTrue(cache.flush())
                self.assertEqual(cache.tier_stats("disk").written, 2)
                self.assertIsNone(cache.tier_stats("remote"))
                with self.assertRaises(ValueError):
                    cache.tier_stats("tape")
            with streamcache.Cache(disk_directory=folder) as cache:
                second = cache.filter("a", {})
                self.assertTrue(second.restore_state(Digest.state(b"weights")))
                self.assertFalse(second.restore_state(Digest.state(b"other")))
                value = second.get(b"a")
                self.assertEqual((bytes(value), value.tier), (b"on disk", "disk"))
                cache.purge(disk=True)
                self.assertIsNone(second.get(b"a"))

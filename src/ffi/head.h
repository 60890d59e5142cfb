/**
 * @file
 * streamcache: remembers what a model already computed.
 *
 * Hash a chunk of the stream; if that chunk went through the same filter with the same trained state before, the
 * result comes back in about the time the hash took, instead of the model's time.
 *
 * ```c
 * #include <stdio.h>
 * #include <string.h>
 * #include <streamcache.h>
 *
 * static float model(const char *text) { return (float)text[0]; } // stands for yours
 *
 * int main(void) {
 *   const char *config = "{\"model\": \"demo\", \"version\": 1, \"precision\": \"f32\"}", *chunks[] = {"ab", "cd", "ab"};
 *   streamcache_cache *cache = NULL;
 *   streamcache_filter *filter = NULL;
 *   streamcache_digest config_digest;
 *   if (streamcache_cache_open(NULL, &cache, NULL) ||
 *       streamcache_digest_config_json(config, strlen(config), &config_digest, NULL) ||
 *       streamcache_filter_open(cache, "demo", 4, &config_digest, 0, &filter, NULL) ||
 *       streamcache_filter_load_state(filter, "weights", 7, NULL))
 *     return 1;
 *   for (int i = 0; i < 3; i++) {
 *     streamcache_value *value = NULL;
 *     streamcache_digest key, chunk;
 *     if (streamcache_filter_get_bytes(filter, chunks[i], 2, 0, &value, &key, &chunk) == STREAMCACHE_OK) {
 *       printf("%s: hit, %.0f\n", chunks[i], *(const float *)streamcache_value_data(value));
 *       streamcache_value_release(value);
 *     } else {
 *       float result = model(chunks[i]);
 *       streamcache_filter_put(filter, &chunk, &key, &result, sizeof result, 0, NULL, NULL);
 *       printf("%s: computed, %.0f\n", chunks[i], result);
 *     }
 *   }
 *   streamcache_filter_release(filter);
 *   streamcache_cache_release(cache);
 *   return 0;
 * }
 * ```
 *
 * Words. A filter is a pipeline stage: a configuration and a state. A state is its trained parameters. A chunk is one
 * unit of input. A digest is a 32-byte BLAKE3 of content; a key is a digest that names a computation. A value is an
 * immutable result; holding a reference to one is holding a lease. A ticket is the exclusive right to compute one missing
 * value; a batch is chunks that were looked up together, with a ticket for each that is missing. A recurrent state is
 * what a model carries from one chunk to the next, unlike a filter's state; a stream is a filter together with one. In
 * formulas, keyed(k, x) is BLAKE3's keyed hash,
 * K_x its derive_key("streamcache v1 x"), and || joins fields of fixed length; docs/keys.md spells them out byte by byte.
 *
 * Threads. Every function may be called from any thread at any time ("Threads: any"), except on streamcache_options,
 * streamcache_error, streamcache_hasher and streamcache_barrier, which belong to one thread at a time. A handle must
 * not be released while another thread that holds no reference of its own still uses it. Threads of its own has a cache
 * only that is opened with hash_threads, a disk directory or a remote URL, and each export and import has one. No function
 * installs a signal handler, reads an environment variable or prints.
 *
 * Ownership. Pointers passed in are borrowed for the call; what is stored is copied. Every `**out` receives one
 * reference on success, which the caller releases, and NULL otherwise. release and free take NULL: release gives back
 * a reference of what is counted (cache, filter, snapshot, value, ticket, stream), free ends what has one owner (options,
 * error, batch). A lease outlives eviction, purge, close and the cache itself, and handles may be released in any order.
 *
 * Errors. Functions return a status: 0 done, positive another outcome (such as a miss), negative an error, after which
 * nothing has changed. streamcache_status_message() has a sentence for each; functions that can fail in interesting
 * ways also give a streamcache_error. There is no hidden per-thread error. Every pointer is checked for NULL. Two
 * statuses may come from any function on a handle and are not listed at each: STREAMCACHE_PANIC, for a panic inside the
 * library is contained, and that cache refuses further work but can be released; and STREAMCACHE_FORKED. A function
 * that returns no status then answers 0, NULL or "".
 *
 * Log. The library prints nothing, a contained panic included; streamcache_log_set() names a function of yours that
 * hears its messages.
 *
 * Memory. max_bytes is a hard limit on results, leased values, states and index together; a put that needs room passes
 * over 64 leased results, then over 8 in each further shard, before it answers STREAMCACHE_NOT_STORED. Beside it a
 * cache uses a fixed base: 64 KiB, 8 KiB a shard (at most 64), 1 KiB a filter or snapshot handle, and 512 bytes an open
 * ticket, a stream or a missing item of a batch. A value is charged its size and 112 bytes, rounded up to 16 (from 4096
 * bytes on 64 more, for its content digest), its description, and its slot in the index: 112 bytes (192 with LRU). An
 * open ticket takes about 0.5 KiB outside max_bytes, in a batch, too, and a batch's other items 0.1 KiB; a ticket's
 * buffer is within it. Tiers use memory beside it: that of SQLite and of connections, copies of what a lookup reads,
 * and for each tier those of one batch of writes, 4 MiB or one larger result. What waits to be written is within it.
 *
 * Allocator. When it refuses what a result or a state needs (bytes, description, a place in the index) or a file's
 * buffer, the answer is STREAMCACHE_NO_MEMORY; the limits still hold and the next call works. Without tiers a get, a
 * begin that hits at once, removals, purges and releases need no memory, nor does giving a ticket up. Rust ends the
 * process when the allocator refuses one of these: a handle, options and tickets included; what a begin needs that
 * misses or waits, and any of a batch, also a batch's wait; with tiers what goes to a store or comes from one; what a
 * filter notes of a state it loads; text, which is JSON, stats, log messages and the words of an error; with LRU the
 * index, where it grows or shrinks; what is set up once, in the process by its first call, and in a thread by its first
 * load, snapshot or state of a filter and when it first waits for a lock.
 *
 * Swaps. A result must land under the state that computed it. Where another thread may load a state into a filter while
 * this one computes, begin instead of get: a ticket is of the state its key names, whatever is loaded meanwhile, and
 * streamcache_ticket_get_state() leases that. Without tickets, take a streamcache_snapshot, lease its state, look up
 * through it, compute, put through it.
 *
 * Tickets. Where several threads may miss one chunk at once, begin instead of get. The first caller has a ticket
 * (STREAMCACHE_FILL): it computes, best into streamcache_ticket_buffer(), and commits; the others wait, holding no lock,
 * until it has, or until their timeout (STREAMCACHE_BUSY). A ticket belongs to no thread. A commit or an abort ends it,
 * and so does its last release: then one of those who wait has the right. So a computation that failed is not
 * remembered, unless streamcache_ticket_commit_rejection() says that there is no result. A purge, a remove, a retire or a
 * put of its key fences an open ticket: what it commits is not stored, and yet is had by its caller and by those who
 * wait. A state loaded meanwhile does not: compute with the one of streamcache_ticket_get_state(). Who holds one ticket
 * and waits for another, whose holder waits for the first, waits until the timeout: begin in one order, or a batch.
 *
 * Batches. streamcache_filter_begin_batch() looks up many chunks and waits for no one. What is missing shrinks to one
 * ticket a distinct key: run the model over those items alone, hand its rows to streamcache_batch_commit(), and only then
 * streamcache_batch_wait() for what others compute. In this order no two batches wait for each other.
 *
 * Streams. The answer of a recurrent model depends on a state that every chunk changes. A stream keys each step by the
 * state it begins with, keeps output and next state together, moves on with a hit as with a commit, and holds the state
 * to compute the next step from, whatever is evicted. It hits where the same chunks come again from the same beginning:
 * a file once more, a retry, a common prefix; an endless live stream never does.
 *
 * ```c
 * #include <stdio.h>
 * #include <string.h>
 * #include <streamcache.h>
 *
 * // A chunk's result, computed once however many threads ask for it: one float, here its first byte.
 * static streamcache_value *one(streamcache_filter *filter, const char *chunk, size_t len) {
 *   streamcache_value *value = NULL;
 *   streamcache_ticket *ticket = NULL;
 *   void *result = NULL;
 *   if (streamcache_filter_begin_bytes(filter, chunk, len, STREAMCACHE_TIMEOUT_DEFAULT, 0, &value, &ticket, NULL) ==
 *       STREAMCACHE_FILL) {
 *     if (streamcache_ticket_buffer(ticket, sizeof(float), &result) == STREAMCACHE_OK) {
 *       *(float *)result = (float)chunk[0]; // the model writes where the value stays
 *       streamcache_ticket_commit(ticket, sizeof(float), NULL, &value);
 *     }
 *     streamcache_ticket_release(ticket); // without a commit, the right is another caller's now
 *   }
 *   return value; // or NULL
 * }
 *
 * // The sum of many results; the model runs once, over those that are missing.
 * static float many(streamcache_filter *filter, const streamcache_buffer *chunks, size_t count) {
 *   streamcache_batch *batch = NULL;
 *   streamcache_batch_item items[16];
 *   float rows[16], sum = 0;
 *   if (count > 16 || streamcache_filter_begin_batch_bytes(filter, chunks, count, 0, &batch)) return -1;
 *   do {
 *     size_t missing = 0;
 *     streamcache_batch_get_items(batch, items, sizeof *items, 16, NULL);
 *     for (size_t i = 0; i < count; i++)
 *       if (items[i].status == STREAMCACHE_FILL) rows[missing++] = (float)*(const char *)chunks[i].data;
 *     streamcache_batch_commit(batch, NULL, missing, rows, sizeof *rows, sizeof *rows, NULL, NULL);
 *   } while (streamcache_batch_wait(batch, STREAMCACHE_TIMEOUT_DEFAULT) == STREAMCACHE_FILL); // what others gave up
 *   streamcache_batch_get_items(batch, items, sizeof *items, 16, NULL);
 *   for (size_t i = 0; i < count; i++)
 *     if (items[i].status == STREAMCACHE_OK) sum += *(const float *)streamcache_value_data(items[i].value);
 *   streamcache_batch_free(batch);
 *   return sum;
 * }
 *
 * // One step of a recurrent model: its state is a sum, and its output too.
 * static float step(streamcache_stream *stream, const char *chunk) {
 *   streamcache_digest digest;
 *   streamcache_value *value = NULL, *state = NULL;
 *   streamcache_ticket *ticket = NULL;
 *   float sum = 0;
 *   streamcache_digest_chunk(chunk, 1, &digest);
 *   if (streamcache_stream_begin(stream, &digest, STREAMCACHE_TIMEOUT_DEFAULT, 0, &value, &ticket) == STREAMCACHE_FILL &&
 *       streamcache_ticket_get_step_state(ticket, &state, NULL) == STREAMCACHE_OK) {
 *     sum = *(const float *)streamcache_value_data(state) + (float)chunk[0];
 *     streamcache_ticket_commit_step(ticket, &sum, sizeof sum, &sum, sizeof sum, NULL, NULL);
 *   } else if (value) {
 *     sum = *(const float *)streamcache_value_data(value);
 *   }
 *   streamcache_value_release(state);
 *   streamcache_value_release(value);
 *   streamcache_ticket_release(ticket);
 *   return sum;
 * }
 *
 * int main(void) {
 *   const streamcache_buffer chunks[] = {{"a", 1}, {"b", 1}, {"a", 1}};
 *   streamcache_cache *cache = NULL;
 *   streamcache_filter *filter = NULL;
 *   streamcache_stream *stream = NULL;
 *   streamcache_digest config;
 *   float zero = 0;
 *   if (streamcache_cache_open(NULL, &cache, NULL) || streamcache_digest_config_json("{}", 2, &config, NULL) ||
 *       streamcache_filter_open(cache, "demo", 4, &config, 0, &filter, NULL) ||
 *       streamcache_filter_load_state(filter, "weights", 7, NULL) ||
 *       streamcache_stream_open(filter, &zero, sizeof zero, &stream, NULL))
 *     return 1;
 *   streamcache_value *value = one(filter, "a", 1);
 *   if (value) printf("one: %.0f\n", *(const float *)streamcache_value_data(value));
 *   streamcache_value_release(value);
 *   printf("many: %.0f\n", many(filter, chunks, 3));
 *   for (int i = 0; i < 3; i++) printf("step: %.0f\n", step(stream, chunks[i].data));
 *   streamcache_stream_reset(stream, NULL, 0, NULL); // the same again, from the cache
 *   for (int i = 0; i < 3; i++) printf("again: %.0f\n", step(stream, chunks[i].data));
 *   streamcache_stream_release(stream);
 *   streamcache_filter_release(filter);
 *   streamcache_cache_release(cache);
 *   return 0;
 * }
 * ```
 *
 * Tiers. Behind memory a cache may have a disk (disk_directory: a SQLite file that processes of one host and user
 * share) and a remote store (remote_urls: Redis or Valkey, shared by a fleet). What memory has not is looked for there,
 * the disk first, once for all who ask, and what is found goes to memory; streamcache_value_get_tier() tells where it
 * came from. A lookup waits for reads on disk and at most remote_timeout_ms for the remote; STREAMCACHE_NO_WAIT waits
 * for neither, STREAMCACHE_MEMORY_ONLY asks neither. A store that fails is a miss and a counter, and is left alone for
 * a while. Nothing waits for a write: a put or commit queues its result for a thread of the cache's, and what comes
 * while the queue is full is dropped and counted. Before a process exits it calls streamcache_cache_flush() or
 * streamcache_cache_close() with a timeout; what is not written by then is lost. Rejections, steps of a stream and
 * device memory stay in memory.
 *
 * disk_max_bytes is a hard limit and the store's: who opens it with one sets it for all. A remove reaches memory, disk
 * and remote; a filter's purge and retire, and STREAMCACHE_PURGE_DISK, reach memory and the disk, for all who share it,
 * and never the remote: open with another namespace instead. What another process has in its memory stays there.
 * Forgetting on disk waits for whoever writes there, 10 seconds at most, and answers STREAMCACHE_IO then; while that
 * process goes on holding the store, later calls answer so within some 20 milliseconds.
 * The store's files may be deleted or replaced at any time, which the cache notices and goes on with the new ones; they
 * must not be cut short or written to by other programs (the log's index, streamcache.db-shm, is mapped into memory).
 * Whatever does not check (damaged, of another format, under another key) is a miss. Nothing is encrypted: the disk's
 * file is readable to its user, and the remote is as private as its server and the way there (rediss:// is TLS).
 * Without a secret whoever may write to a store may plant results in it; with one, nobody who lacks it can, and caches
 * of another find nothing.
 *
 * ```c
 * #include <stdio.h>
 * #include <string.h>
 * #include <streamcache.h>
 *
 * // What a process does: open, look up, compute what is missing, and see it written before the end.
 * static int process(const char *name, const char *directory) {
 *   streamcache_options *options = NULL;
 *   streamcache_cache *cache = NULL;
 *   streamcache_filter *filter = NULL;
 *   streamcache_error *error = NULL;
 *   streamcache_digest config, chunk, key;
 *   streamcache_value *value = NULL;
 *   streamcache_tier_stats disk = {.struct_size = sizeof disk};
 *   uint64_t dropped = 0;
 *   if (streamcache_options_new(&options) ||
 *       streamcache_options_set_disk_directory(options, directory, strlen(directory)) ||
 *       streamcache_options_set_disk_max_bytes(options, (uint64_t)64 << 20))
 *     return 1;
 *   if (streamcache_cache_open(options, &cache, &error)) {
 *     printf("%s\n", streamcache_error_get_message(error));
 *     streamcache_error_free(error);
 *     streamcache_options_free(options);
 *     return 1;
 *   }
 *   streamcache_options_free(options);
 *   if (streamcache_digest_config_json("{}", 2, &config, NULL) ||
 *       streamcache_filter_open(cache, "demo", 4, &config, 0, &filter, NULL) ||
 *       streamcache_filter_load_state(filter, "weights", 7, NULL))
 *     return 1;
 *   if (streamcache_filter_get_bytes(filter, "chunk", 5, 0, &value, &key, &chunk) == STREAMCACHE_OK) {
 *     int from_disk = streamcache_value_get_tier(value) == STREAMCACHE_TIER_DISK;
 *     printf("%s: hit%s, %.6s\n", name, from_disk ? " on disk" : "", (const char *)streamcache_value_data(value));
 *     streamcache_value_release(value);
 *   } else {
 *     streamcache_filter_put(filter, &chunk, &key, "answer", 6, 0, NULL, NULL); // stands for your model
 *     printf("%s: computed\n", name);
 *   }
 *   streamcache_cache_flush(cache, STREAMCACHE_TIMEOUT_DEFAULT);
 *   if (streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &disk) == STREAMCACHE_OK)
 *     printf("%s: %d on disk, %d hits there\n", name, (int)disk.entries, (int)disk.hits);
 *   streamcache_cache_close(cache, STREAMCACHE_TIMEOUT_DEFAULT, &dropped); // flushes too, and says what it could not
 *   streamcache_filter_release(filter);
 *   streamcache_cache_release(cache);
 *   return dropped != 0;
 * }
 *
 * int main(void) { return process("first", "streamcache-demo") || process("second", "streamcache-demo"); }
 * ```
 *
 * Fork. A child process has its parent's memory but only one of its threads; what the others held locked stays so. In
 * the child every function on a handle made before the fork answers STREAMCACHE_FORKED, and releasing one does nothing:
 * on a cache, and on what was made of one: filter, snapshot, ticket, batch, stream, transfer. The child opens a cache
 * of its own, on the parent's disk directory if it likes: its files and locks there are its own, and neither process
 * needs the other. (fork() waits for threads that are just opening a store, up to 2 seconds; after that it goes on, and
 * opening one in the child answers STREAMCACHE_IO.) Leases stay good: in the child their bytes are readable, and retain
 * and release work on its own copy. Good are also digests, options and errors, and the functions that take nothing else.
 * Forks are noticed by pthread_atfork, from the first streamcache_cache_open() on (a prepare handler of the program's own
 * must not wait for a thread that is inside this library: the fork holds up those that read a disk); after a _Fork(),
 * vfork() or raw clone() nothing of the library may be used.
 *
 * dlclose and exit. The library stays loaded after dlclose (-z nodelete), so threads that used it may end later. It has
 * no destructors of its own: handles may be used and released after main has returned, in atexit handlers and static
 * destructors, and in destructors of thread-local and thread-specific data.
 *
 * Versions. Before 1.0 the SONAME carries the minor version, and a program runs with the minor version it was built
 * with. Structs with a struct_size can grow without breaking older callers; numbers are never reused. Who loads the
 * library with dlopen compares streamcache_version_number() with STREAMCACHE_VERSION_NUMBER first. Keys do not depend
 * on the library's version, only on that of their formulas ("v1").
 *
 * Trouble. STREAMCACHE_TIMEOUT from a close, or a tier's dropped counts: more is put than a store takes. A tier that
 * is_resting: its "resting" in streamcache_cache_write_stats() says why. No hits: compare the keys that two lookups of
 * one chunk return; if they differ, so do its bytes, the config or the state. Fewer than expected:
 * streamcache_cache_get_stats() has misses and, apart, evictions (raise max_bytes), not_stored (one value is too large,
 * or leases are kept), expired (the time to live) and bypassed. Memory that does not shrink: leased_bytes are leases
 * that nobody released. STREAMCACHE_BUSY, or everyone waits: oldest_ticket_ms is of a ticket that nobody ends. One that
 * leaked costs each caller of its key a whole timeout; ticket_max_age_ms lets them take it over. So does beginning a
 * key whose ticket the caller holds itself, which waits for itself: in a nested lookup_or_compute, or as an item of a
 * batch whose own item is open; STREAMCACHE_NO_WAIT asks without waiting. Wrong answers: something that changes them is
 * not in the config, see streamcache_digest_config_json().
 */
#ifndef STREAMCACHE_H
#define STREAMCACHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

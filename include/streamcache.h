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

/* ---- Version ----------------------------------------------------------------------------------------------------- */

/** The header's version, whose three parts these are. */
#define STREAMCACHE_VERSION_MAJOR 0
/** Before 1.0 another minor version is another ABI. */
#define STREAMCACHE_VERSION_MINOR 1
/** Another patch only mends. */
#define STREAMCACHE_VERSION_PATCH 0
/** major * 1000000 + minor * 1000 + patch. */
#define STREAMCACHE_VERSION_NUMBER \
  (STREAMCACHE_VERSION_MAJOR * 1000000 + STREAMCACHE_VERSION_MINOR * 1000 + STREAMCACHE_VERSION_PATCH)
/** The header's version, to print. */
#define STREAMCACHE_VERSION_STRING "0.1.0"

/**
 * The library's version, such as "0.1.0".
 *
 * The string is static. Threads: any. Never fails.
 * @return a NUL-terminated string, never NULL
 * @since 0.1.0
 */
const char *streamcache_version_string(void);

/**
 * The library's version as major * 1000000 + minor * 1000 + patch, to compare with STREAMCACHE_VERSION_NUMBER, the
 * header's. Before 1.0 a program needs a library of the same minor version, which the SONAME ensures.
 *
 * Threads: any. Never fails.
 * @return the number
 * @since 0.1.0
 */
uint32_t streamcache_version_number(void);

/* ---- Status and error -------------------------------------------------------------------------------------------- */

/**
 * The details of one failure. Made by a function that takes `streamcache_error **`, owned by the caller; NULL where the
 * allocator refuses it.
 */
typedef struct streamcache_error streamcache_error;

/**
 * What a function answers: 0 for success, a positive number for another outcome that is no error, a negative number
 * for an error. Numbers are never reused; treat an unknown negative one as an error.
 */
typedef int32_t streamcache_status;

/** Done; a lookup found its value. */
#define STREAMCACHE_OK 0

/** Not there. Nothing is wrong: compute it and put it. */
#define STREAMCACHE_MISS 1

/**
 * Not kept: no room could be made, a flag said so, its ticket was overtaken, or the cache stores nothing. Nothing is
 * wrong: the result is still the caller's.
 */
#define STREAMCACHE_NOT_STORED 2

/** The caller's buffer is too small: the length it needs was written, nothing else. Nothing is wrong: call again. */
#define STREAMCACHE_BUFFER_TOO_SMALL 3

/** Not there, and yours to compute: a ticket was given, or a batch holds one. */
#define STREAMCACHE_FILL 4

/**
 * Another caller computes it, and the time was up; or a store behind memory is being read for a caller who does not
 * wait. Nothing is wrong: try again later, or compute it yourself.
 */
#define STREAMCACHE_BUSY 5

/** A caller committed that there is no result: see streamcache_value_get_rejection(). */
#define STREAMCACHE_REJECTED 6

/** Another caller computes this item of a batch: see streamcache_batch_wait(). */
#define STREAMCACHE_PENDING 7

/** This item of a batch has the key of an earlier one, and will have its result. */
#define STREAMCACHE_DUPLICATE 8

/** The stream's state is unknown, so nothing was looked up; a ticket was given whose output is not stored. */
#define STREAMCACHE_BYPASSED 9

/** The time was up before all was written. */
#define STREAMCACHE_TIMEOUT 10

/** It was told to stop before all was done. */
#define STREAMCACHE_CANCELLED 11

/** An argument breaks the function's contract; nothing happened. */
#define STREAMCACHE_INVALID_ARGUMENT (-1)

/** The allocator refused. */
#define STREAMCACHE_NO_MEMORY (-2)

/** The byte budget can't hold it, even after evicting results. */
#define STREAMCACHE_NO_SPACE (-3)

/** The filter has no state yet. */
#define STREAMCACHE_NO_STATE (-4)

/** The cache was closed. */
#define STREAMCACHE_CLOSED (-5)

/** A file or a store could not be read or written. */
#define STREAMCACHE_IO (-6)

/** This build of the library, or this value, can't do that. */
#define STREAMCACHE_NOT_SUPPORTED (-7)

/** A panic inside the library was contained; the cache refuses further work and can still be released. */
#define STREAMCACHE_PANIC (-8)

/** The handle was made before a fork: it belongs to the parent process. Open another cache in this one. */
#define STREAMCACHE_FORKED (-9)

/** The ticket was committed or aborted before. */
#define STREAMCACHE_ENDED (-10)

/**
 * One sentence for a status that says what to do.
 *
 * The string is static. Threads: any. Never fails.
 * @param[in] status any number
 * @return a NUL-terminated string, never NULL
 * @since 0.1.0
 */
const char *streamcache_status_message(streamcache_status status);

/**
 * The status the failed function returned.
 *
 * Borrows `error`. Threads: any.
 * @param[in] error from a function that failed; NULL answers STREAMCACHE_OK
 * @return its status
 * @since 0.1.0
 */
streamcache_status streamcache_error_get_status(const streamcache_error *error);

/**
 * What happened and what to do about it: one or two sentences.
 *
 * Borrows `error`; the string lives until streamcache_error_free(). Threads: any.
 * @param[in] error from a function that failed; NULL answers ""
 * @return NUL-terminated UTF-8, never NULL
 * @since 0.1.0
 */
const char *streamcache_error_get_message(const streamcache_error *error);

/**
 * Frees an error.
 *
 * Takes `error`; NULL is fine. Threads: any, but no other may still use it. Never fails.
 * @param[in] error the error, or NULL
 * @since 0.1.0
 */
void streamcache_error_free(streamcache_error *error);

/* ---- Log --------------------------------------------------------------------------------------------------------- */

/** How much a message matters: the more, the higher. */
typedef int32_t streamcache_log_level;

/**
 * Receives a message: its level; its target, the part of the library that speaks ("cache", "filter", "panic", "process",
 * "disk", "remote", "tier", "import", "export"); and its text. Both strings are NUL-terminated UTF-8 and live for the call.
 *
 * It runs on the thread whose call caused the message, for stores and files on a thread of the cache's own, several
 * threads at once if it so happens, never under a lock
 * of the library and never in a signal handler. It may call streamcache_status_message() and the version functions,
 * and no other function of the library; it must return, neither by an exception nor by longjmp.
 */
typedef void (*streamcache_log_callback)(void *user_data,
                                         streamcache_log_level level,
                                         const char *target,
                                         const char *message);

/** For whoever looks for a fault in the library. */
#define STREAMCACHE_LOG_DEBUG 1

/** A cache was opened or closed, a filter's state replaced. */
#define STREAMCACHE_LOG_INFO 2

/** Something did not work, and the caller was told by a status. */
#define STREAMCACHE_LOG_WARNING 3

/** A fault in the library: a panic was contained. */
#define STREAMCACHE_LOG_ERROR 4

/**
 * Sets where the process's messages go, of all its caches; without it the library is silent. Messages name limits,
 * filters by their id and states by a tag; they carry no key, no digest of a filter and no data.
 *
 * Keeps `callback` and `user_data` until they are replaced or removed (callback NULL), and does not wait: a call into
 * the library that is under way on another thread may still use the old ones, so keep those alive until such calls
 * have returned. A forked child inherits them. Threads: any.
 * @param[in] callback receives the messages; NULL removes the one that was set
 * @param[in] user_data is passed on to `callback`; may be NULL
 * @param[in] min_level the lowest level wanted: STREAMCACHE_LOG_DEBUG to STREAMCACHE_LOG_ERROR
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT an unknown level
 * @since 0.1.0
 */
streamcache_status streamcache_log_set(streamcache_log_callback callback,
                                       void *user_data,
                                       streamcache_log_level min_level);

/* ---- Digest ------------------------------------------------------------------------------------------------------ */

/**
 * A BLAKE3-256 digest: of content, or naming a computation (then it is called a key). Plain bytes: copy it, compare
 * it with memcmp, store it where you like; the formulas don't change within a major version of the keys ("v1").
 */
typedef struct streamcache_digest {
  /** The digest's bytes. */
  uint8_t bytes[32];
} streamcache_digest;

/** A type code as DLPack writes it. */
typedef int32_t streamcache_dtype_code;

/**
 * A dense tensor in C order (row-major, the last dimension is the fastest), to be digested. Strided data must be
 * made contiguous first. A Julia array of size (a, b) has dims {b, a}. DLPack's further type codes, 7 (float8_e3m4)
 * to 17 (float4_e2m1fn), are taken as they are; elements of less than a byte are packed.
 */
typedef struct streamcache_tensor {
  /** sizeof(streamcache_tensor). */
  size_t struct_size;
  /** The input's name in UTF-8, not NUL-terminated; NULL with length 0 for none. */
  const char *name;
  /** Bytes of `name`. */
  size_t name_len;
  /** The type code, 0 to 17. */
  streamcache_dtype_code dtype_code;
  /** Bits of one lane, 1 to 255. */
  uint32_t dtype_bits;
  /** Lanes of one element, 1 to 65535; 1 for a scalar type. */
  uint32_t dtype_lanes;
  /** How many dimensions, 0 (a scalar) to 64. */
  uint32_t rank;
  /** The dimensions, none negative; NULL with rank 0. */
  const int64_t *dims;
  /** The elements; floats count by their bits. NULL with length 0. */
  const void *data;
  /** Bytes of `data`: exactly what the dimensions and the type need. */
  size_t data_len;
} streamcache_tensor;

/** What a caller's own digest stands for. */
typedef int32_t streamcache_role;

/** Signed integers. */
#define STREAMCACHE_DTYPE_INT 0

/** Unsigned integers, and plain bytes. */
#define STREAMCACHE_DTYPE_UINT 1

/** IEEE 754 floats: 16, 32 or 64 bits. */
#define STREAMCACHE_DTYPE_FLOAT 2

/** Opaque handles. */
#define STREAMCACHE_DTYPE_OPAQUE 3

/** bfloat16. */
#define STREAMCACHE_DTYPE_BFLOAT 4

/** Complex numbers; bits counts both parts. */
#define STREAMCACHE_DTYPE_COMPLEX 5

/** Booleans, 8 bits each. */
#define STREAMCACHE_DTYPE_BOOL 6

/** A chunk of the stream. */
#define STREAMCACHE_ROLE_CHUNK 1

/** A filter's configuration. */
#define STREAMCACHE_ROLE_CONFIG 2

/** A filter's trained state. */
#define STREAMCACHE_ROLE_STATE 3

/**
 * Digests a chunk: one unit of input, by its bytes. A public formula: it can be made anywhere, before a cache exists.
 *
 * Borrows everything for the call. Threads: any. Reads `data` once, copies and locks nothing.
 * @param[in]  data the chunk, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] digest keyed(K_chunk, data)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
 * @since 0.1.0
 */
streamcache_status streamcache_digest_chunk(const void *data,
                                            size_t len,
                                            streamcache_digest *digest);

/**
 * Digests a chunk by a file's bytes: the same digest as of those bytes in memory. The file is read in pieces of
 * 1 MiB, never mapped.
 *
 * Borrows everything for the call. Threads: any. Blocks for the reading; locks nothing.
 * @param[in]  path the file's path, need not be NUL-terminated
 * @param[in]  path_len bytes of `path`
 * @param[out] digest keyed(K_chunk, the file's bytes)
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_IO no such file, not a regular file, not readable, or it changed while it was read
 * @retval STREAMCACHE_NO_MEMORY the allocator refused the 1 MiB
 * @since 0.1.0
 */
streamcache_status streamcache_digest_chunk_file(const char *path,
                                                 size_t path_len,
                                                 streamcache_digest *digest,
                                                 streamcache_error **error);

/**
 * Digests a tensor as a chunk: name, type, shape and data, so that the same bytes in another shape are another chunk.
 *
 * Borrows everything for the call. Threads: any. Reads the data once, copies and locks nothing.
 * @param[in]  tensor the tensor
 * @param[out] digest keyed(K_tensor, keyed(K_header, name, type, rank, dims) || chunk(data))
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a struct_size that is too small, a type or dimension out of
 *         range, or a data_len that the shape and the type don't need
 * @since 0.1.0
 */
streamcache_status streamcache_digest_tensor(const streamcache_tensor *tensor,
                                             streamcache_digest *digest,
                                             streamcache_error **error);

/**
 * Digests a list of digests as one chunk: a model's inputs, say, in an order of the caller's that never changes.
 *
 * Borrows everything for the call; `digest` may be one of `digests`. Threads: any. Copies and locks nothing.
 * @param[in]  digests the digests, one after another; NULL only with 0 of them
 * @param[in]  n how many
 * @param[out] digest keyed(K_inputs, n || digests[0] || ... || digests[n - 1])
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an impossible count
 * @since 0.1.0
 */
streamcache_status streamcache_digest_inputs(const streamcache_digest *digests,
                                             size_t n,
                                             streamcache_digest *digest);

/**
 * Digests a filter's configuration in JSON by its RFC 8785 form: key order, white space and 1.0 or 1e0 don't matter.
 * What changes an answer belongs in it: model and version, engine and its version, precision, device, instruction
 * set, shapes, requested outputs.
 *
 * Borrows everything for the call. Threads: any. Copies the text, locks nothing.
 * @param[in]  json UTF-8, need not be NUL-terminated
 * @param[in]  len bytes of `json`
 * @param[out] digest keyed(K_config, canonical form)
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, invalid JSON, a key twice in one object, or an integer beyond
 *         +-(2^53 - 1): the canonical form would merge it with its neighbour, so write it as a string
 * @since 0.1.0
 */
streamcache_status streamcache_digest_config_json(const char *json,
                                                  size_t len,
                                                  streamcache_digest *digest,
                                                  streamcache_error **error);

/**
 * Digests a filter's configuration in any other form, byte by byte; never equal to one in JSON.
 *
 * Borrows everything for the call. Threads: any. Copies and locks nothing.
 * @param[in]  data the configuration, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] digest keyed(K_config_bytes, data)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
 * @since 0.1.0
 */
streamcache_status streamcache_digest_config_bytes(const void *data,
                                                   size_t len,
                                                   streamcache_digest *digest);

/**
 * Digests a trained state by its bytes: what streamcache_filter_load_state() does itself.
 *
 * Borrows everything for the call. Threads: any. Reads `data` once, copies and locks nothing.
 * @param[in]  data the state, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] digest keyed(K_state, data)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
 * @since 0.1.0
 */
streamcache_status streamcache_digest_state(const void *data, size_t len, streamcache_digest *digest);

/**
 * Digests a trained state by a file's bytes: the same digest as of those bytes in memory. The file is read in pieces
 * of 1 MiB, never mapped.
 *
 * Borrows everything for the call. Threads: any. Blocks for the reading; locks nothing.
 * @param[in]  path the file's path, need not be NUL-terminated
 * @param[in]  path_len bytes of `path`
 * @param[out] digest keyed(K_state, the file's bytes)
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_IO no such file, not a regular file, not readable, or it changed while it was read
 * @retval STREAMCACHE_NO_MEMORY the allocator refused the 1 MiB
 * @since 0.1.0
 */
streamcache_status streamcache_digest_state_file(const char *path,
                                                 size_t path_len,
                                                 streamcache_digest *digest,
                                                 streamcache_error **error);

/**
 * Takes the caller's own digest (a SHA-256 of the model file, say) in place of content, under a constant of its role,
 * so that it never equals a digest made from content here.
 *
 * Borrows everything for the call. Threads: any. Copies and locks nothing.
 * @param[in]  role what it stands for: STREAMCACHE_ROLE_CHUNK, _CONFIG or _STATE
 * @param[in]  data the caller's digest, of any length; it should be a strong one, of 16 bytes or more
 * @param[in]  len how many bytes
 * @param[out] digest keyed(K_raw_<role>, data)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT an unknown role, a NULL pointer, or length 0
 * @since 0.1.0
 */
streamcache_status streamcache_digest_raw(streamcache_role role,
                                          const void *data,
                                          size_t len,
                                          streamcache_digest *digest);

/**
 * Writes a digest as 64 lower-case hexadecimal digits and a NUL.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  digest the digest
 * @param[out] hex 65 bytes or more
 * @param[in]  capacity bytes at `hex`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a capacity below 65; `hex` is untouched
 * @since 0.1.0
 */
streamcache_status streamcache_digest_to_hex(const streamcache_digest *digest,
                                             char *hex,
                                             size_t capacity);

/**
 * Reads a digest from exactly 64 hexadecimal digits of either case.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  hex the digits, need not be NUL-terminated
 * @param[in]  len 64
 * @param[out] digest the digest
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, another length, or another character; `digest` is untouched
 * @since 0.1.0
 */
streamcache_status streamcache_digest_from_hex(const char *hex,
                                               size_t len,
                                               streamcache_digest *digest);

/**
 * The key of a trained state by its provenance: which configuration was trained on which data.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  config the filter's configuration
 * @param[in]  training_data the data it was trained on
 * @param[out] key keyed(K_provenance, config || training_data)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_key_state(const streamcache_digest *config,
                                         const streamcache_digest *training_data,
                                         streamcache_digest *key);

/**
 * The key of a chunk's result: exactly the one a filter of this configuration and state uses, in a cache without
 * namespace and secret, so both ways meet in one entry.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  config the filter's configuration
 * @param[in]  state the state's digest
 * @param[in]  chunk the chunk's digest
 * @param[out] key keyed(keyed(K_filter, namespace "" || config || state), chunk)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_key_chunk(const streamcache_digest *config,
                                         const streamcache_digest *state,
                                         const streamcache_digest *chunk,
                                         streamcache_digest *key);

/* ---- Digest: many at once ---------------------------------------------------------------------------------------- */

/** Some bytes of the caller's. This struct never changes. */
typedef struct streamcache_buffer {
  /** The bytes; NULL only with length 0. */
  const void *data;
  /** How many. */
  size_t len;
} streamcache_buffer;

/**
 * Digests many chunks, each as streamcache_digest_chunk() does. Of 1024 bytes or less,
 * those that fill as many blocks of 64 bytes are digested side by side: 8 at once, and up to 16 in little more time than
 * one where their length is a multiple of 64.
 *
 * Borrows everything for the call. Threads: any. Reads each chunk once.
 * @param[in]  chunks the chunks, `count` of them; NULL only with count 0
 * @param[in]  count how many
 * @param[out] digests one for each, in their order; NULL only with count 0
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; nothing was written
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; nothing was written
 * @since 0.1.0
 */
streamcache_status streamcache_digest_chunks(const streamcache_buffer *chunks,
                                             size_t count,
                                             streamcache_digest *digests);

/* ---- Hasher and barrier: digests made piece by piece ------------------------------------------------------------- */

/**
 * Digests all chunks of a stream, in their order, keeping none: for a filter that answers only at the stream's end.
 * One thread at a time; reusable.
 */
typedef struct streamcache_barrier streamcache_barrier;

/** Digests bytes that come in pieces. One thread at a time; reusable. */
typedef struct streamcache_hasher streamcache_hasher;

/**
 * Makes a hasher for bytes of one role.
 *
 * `*hasher` is owned by the caller, for streamcache_hasher_free(). Threads: any. Allocates about 2 KiB.
 * @param[in]  role what the bytes are: STREAMCACHE_ROLE_CHUNK, _STATE, or _CONFIG for one that is not JSON
 * @param[out] hasher the hasher; NULL on failure
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT an unknown role, or a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_hasher_new(streamcache_role role, streamcache_hasher **hasher);

/**
 * Adds the next bytes. How they are split makes no difference; pieces of 16 KiB and more are the fastest.
 *
 * Borrows everything for the call. Threads: one at a time. Reads `data` once, copies at most 64 bytes, locks nothing.
 * @param[in,out] hasher the hasher
 * @param[in] data the bytes; NULL only with length 0
 * @param[in] len how many bytes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2; nothing was added
 * @since 0.1.0
 */
streamcache_status streamcache_hasher_update(streamcache_hasher *hasher,
                                             const void *data,
                                             size_t len);

/**
 * Gives the digest of all bytes since the last finish or reset: the one streamcache_digest_chunk(), _state() or
 * _config_bytes() gives for them at once. The next update begins anew.
 *
 * Borrows everything for the call. Threads: one at a time. Locks nothing.
 * @param[in,out] hasher the hasher
 * @param[out] digest keyed(K_chunk, K_state or K_config_bytes, the bytes)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; the hasher goes on
 * @since 0.1.0
 */
streamcache_status streamcache_hasher_finish(streamcache_hasher *hasher,
                                             streamcache_digest *digest);

/**
 * Forgets the bytes since the last finish or reset, after a failed read, say.
 *
 * Borrows `hasher`. Threads: one at a time. Locks nothing.
 * @param[in,out] hasher the hasher
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_hasher_reset(streamcache_hasher *hasher);

/**
 * Frees a hasher.
 *
 * Takes `hasher`; NULL is fine. Threads: any, but no other may still use it. Never fails.
 * @param[in] hasher the hasher, or NULL
 * @since 0.1.0
 */
void streamcache_hasher_free(streamcache_hasher *hasher);

/**
 * Makes a barrier for a stream's chunks.
 *
 * `*barrier` is owned by the caller, for streamcache_barrier_free(). Threads: any. Allocates about 2 KiB.
 * @param[out] barrier the barrier; NULL on failure
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_barrier_new(streamcache_barrier **barrier);

/**
 * Adds the stream's next chunk.
 *
 * Borrows everything for the call. Threads: one at a time. Locks nothing.
 * @param[in,out] barrier the barrier
 * @param[in] chunk the chunk's digest
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; nothing was added
 * @since 0.1.0
 */
streamcache_status streamcache_barrier_update(streamcache_barrier *barrier,
                                              const streamcache_digest *chunk);

/**
 * Gives the digest of the stream: of all chunks since the last finish or reset, their order and their count. It is
 * looked up as a chunk's. The next update begins another stream.
 *
 * Borrows everything for the call. Threads: one at a time. Locks nothing.
 * @param[in,out] barrier the barrier
 * @param[out] digest keyed(K_barrier, first chunk || ... || last chunk || how many)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer; the barrier goes on
 * @since 0.1.0
 */
streamcache_status streamcache_barrier_finish(streamcache_barrier *barrier,
                                              streamcache_digest *digest);

/**
 * Forgets the chunks since the last finish or reset.
 *
 * Borrows `barrier`. Threads: one at a time. Locks nothing.
 * @param[in,out] barrier the barrier
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_barrier_reset(streamcache_barrier *barrier);

/**
 * Frees a barrier.
 *
 * Takes `barrier`; NULL is fine. Threads: any, but no other may still use it. Never fails.
 * @param[in] barrier the barrier, or NULL
 * @since 0.1.0
 */
void streamcache_barrier_free(streamcache_barrier *barrier);

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/** No limit, said explicitly. */
#define STREAMCACHE_UNLIMITED UINT64_MAX

/** What a cache is opened with. One thread at a time; reusable for any number of caches. */
typedef struct streamcache_options streamcache_options;

/** How the cache chooses what to evict. */
typedef int32_t streamcache_policy;

/** S3-FIFO (Yang et al., SOSP 2023): resists scans, a hit moves nothing, and the put is the fastest of the three. */
#define STREAMCACHE_POLICY_S3FIFO 1

/** Least recently used, exact within a shard. */
#define STREAMCACHE_POLICY_LRU 2

/**
 * S3-FIFO where new keys also compete by frequency, and the room they get follows the traffic: more hits than S3-FIFO on
 * most recorded traffic, for a slower put and 24 bytes more an entry. A hit moves nothing. Where values have the time
 * their computation took, it keeps what is dear to compute again for its bytes. The default.
 */
#define STREAMCACHE_POLICY_ADAPTIVE 3

/**
 * Makes options with every default: 256 MiB, any number of results, the adaptive policy.
 *
 * `*options` is owned by the caller, for streamcache_options_free(). Threads: any.
 * @param[out] options the options; NULL on failure
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_new(streamcache_options **options);

/**
 * Makes options from a JSON object, such as {"max_bytes": 1073741824, "policy": "lru"}; what it doesn't name keeps
 * its default. Names: "name" (a string), "max_bytes" and "max_chunks" (a whole number, or "unlimited"), "policy"
 * ("adaptive", "s3fifo" or "lru"), "ttl_ms", "ticket_max_age_ms" and "hash_threads" (whole numbers), "namespace" (a
 * string), "secret" (hexadecimal digits, two a byte), "disk_directory" (a string, or null), "disk_max_bytes" (a whole
 * number, or null), "disk_allow_network" (true or false), "remote_urls" (a string or a list of strings),
 * "remote_prefix" (a string), "remote_ttl_ms", "remote_max_value_bytes" and "remote_timeout_ms" (whole numbers),
 * "remote_ca_file" (a string, or null), "write_behind_max_bytes" (a whole number).
 *
 * `*options` is owned by the caller, for streamcache_options_free(). Threads: any.
 * @param[in]  json UTF-8, need not be NUL-terminated
 * @param[in]  len bytes of `json`
 * @param[out] options the options; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, invalid JSON, an unknown name (the error offers the nearest
 *         known one), or a value that name doesn't take
 * @since 0.1.0
 */
streamcache_status streamcache_options_from_json(const char *json,
                                                 size_t len,
                                                 streamcache_options **options,
                                                 streamcache_error **error);

/**
 * Writes every option as a JSON object that streamcache_options_from_json() reads back, and a NUL. A secret, and a URL
 * with a password, is written as "hidden", which is refused when it is read back: give it anew.
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in]  options the options; NULL for the defaults
 * @param[out] buffer where to; NULL only with capacity 0
 * @param[in]  capacity bytes at `buffer`
 * @param[out] len bytes of the text without the NUL, also when it doesn't fit
 * @retval STREAMCACHE_OK written
 * @retval STREAMCACHE_BUFFER_TOO_SMALL `*len` + 1 bytes are needed; nothing was written
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_to_json(const streamcache_options *options,
                                               char *buffer,
                                               size_t capacity,
                                               size_t *len);

/**
 * Sets what people call the cache, in logs and stats. Default: "".
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] name UTF-8, need not be NUL-terminated; NULL only with length 0
 * @param[in] name_len bytes of `name`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a name that is not UTF-8
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_name(streamcache_options *options,
                                                const char *name,
                                                size_t name_len);

/**
 * Sets the hard limit in bytes on results, leased values, states and index together. 0 stores nothing, on purpose;
 * 1 to 4095 is refused when a cache is opened; STREAMCACHE_UNLIMITED is no limit. Default: 268435456 (256 MiB).
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] max_bytes bytes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_max_bytes(streamcache_options *options,
                                                     uint64_t max_bytes);

/**
 * Sets the hard limit on stored results. 0 stores nothing, on purpose. Default: STREAMCACHE_UNLIMITED.
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] max_chunks results
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_max_chunks(streamcache_options *options,
                                                      uint64_t max_chunks);

/**
 * Sets the eviction policy. Default: STREAMCACHE_POLICY_ADAPTIVE.
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] policy STREAMCACHE_POLICY_S3FIFO, STREAMCACHE_POLICY_LRU or STREAMCACHE_POLICY_ADAPTIVE
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown policy
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_policy(streamcache_options *options,
                                                  streamcache_policy policy);

/**
 * Sets the longest time to live of a result, time asleep included. 0 is no limit. Default: 0.
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] ttl_ms milliseconds
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_ttl_ms(streamcache_options *options, uint64_t ttl_ms);

/**
 * Sets how old a ticket may become before a caller who waits takes its right over: for owners that may die. Past it a
 * commit of the old ticket is not stored. 0 is no limit. Default: 0.
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] ticket_max_age_ms milliseconds
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_ticket_max_age_ms(streamcache_options *options,
                                                             uint64_t ticket_max_age_ms);

/**
 * Sets how many threads of the cache's own share the digesting of chunks of 1 MiB or more, in the functions of filters
 * that take the bytes of one chunk. They are started by streamcache_cache_open() and end with the cache. 1 starts none. Default: 1.
 *
 * Borrows `options` for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] threads 1 to 64
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a number out of range
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_hash_threads(streamcache_options *options,
                                                        uint32_t threads);

/**
 * Sets the namespace, a part of every filter's key: caches of different namespaces share no result, wherever it is
 * kept. A version in it leaves old results behind. Default: "", no namespace.
 *
 * Borrows everything for the call; the name is copied. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] name UTF-8, need not be NUL-terminated; NULL only with length 0
 * @param[in] name_len bytes of `name`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a name that is not UTF-8
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_namespace(streamcache_options *options,
                                                     const char *name,
                                                     size_t name_len);

/**
 * Sets a secret: without it nobody can predict, recognise or plant a key of a filter or a pipeline; caches of equal
 * namespace and secret make equal keys. streamcache_key_chunk() knows no secret: ask streamcache_filter_key(). Only a
 * digest of the secret is kept; it is in no message and no dump, and overwritten once nobody uses it. Default: none.
 *
 * Borrows everything for the call; `secret` may be wiped afterwards. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] secret unpredictable bytes, best 32 of the system's random source
 * @param[in] len how many bytes, 16 or more
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or fewer than 16 bytes
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_secret(streamcache_options *options,
                                                  const void *secret,
                                                  size_t len);

/**
 * Frees options. A cache opened with them keeps its own copy.
 *
 * Takes `options`; NULL is fine. Never fails.
 * @param[in] options the options, or NULL
 * @since 0.1.0
 */
void streamcache_options_free(streamcache_options *options);

/* ---- Cache ------------------------------------------------------------------------------------------------------- */

/** Purge results in this process's memory. */
#define STREAMCACHE_PURGE_MEMORY 1

/** Purge results on disk, for all processes that share it, and in this process's memory. */
#define STREAMCACHE_PURGE_DISK 2

/** A cache. Any thread, any time, one handle; reference-counted. */
typedef struct streamcache_cache streamcache_cache;

/**
 * Opens a cache. No thread is started, unless the options ask for some (hash_threads, a disk directory, a remote URL), and
 * no memory is touched in proportion to the limits. A store on disk is made if it isn't there; a remote one that does not
 * answer is no failure: it is tried again later.
 *
 * Borrows `options`; `*cache` receives one reference, for streamcache_cache_release(). Threads: any.
 * @param[in]  options how it is to be; NULL for the defaults
 * @param[out] cache the cache; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT `cache` is NULL, max_bytes is 1 to 4095, or an option can't be as it is
 * @retval STREAMCACHE_IO the store on disk can't be opened
 * @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
 * @retval STREAMCACHE_NOT_SUPPORTED this build of the library has no such tier
 * @since 0.1.0
 */
streamcache_status streamcache_cache_open(const streamcache_options *options,
                                          streamcache_cache **cache,
                                          streamcache_error **error);

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_cache_release(). Threads: any.
 * @param[in] cache the cache
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_cache_retain(streamcache_cache *cache);

/**
 * Ends a cache's work: from now on every call that would use it answers STREAMCACHE_CLOSED, on this handle and on its
 * filters. What waits to be written to the disk and the remote store is written, for so long; then their threads end, and
 * results and named states are freed. Leases stay valid. Closing again is fine. Not needed before
 * streamcache_cache_release(), which frees as much once filters are released too, but waits for nothing: what was not
 * written by then is dropped. While one thread closes and waits, another's close with less time gives up what is left.
 *
 * Borrows `cache`; the handle must still be released. Threads: any. Waits; locks one shard at a time.
 * @param[in]  cache the cache
 * @param[in]  timeout_ms how long to wait for queued writes; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
 * @param[out] dropped how many queued writes were dropped, or not known to be written by then; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_TIMEOUT done, but the time was up before all was written; a thread of the cache's may end a little later
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_cache_close(streamcache_cache *cache,
                                           uint32_t timeout_ms,
                                           uint64_t *dropped);

/**
 * Drops a reference. With the last one of the cache and its filters, everything but leased values is freed.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] cache the cache, or NULL
 * @since 0.1.0
 */
void streamcache_cache_release(streamcache_cache *cache);

/**
 * Forgets every result. States and leases stay; leased bytes are counted until their release. A purge of memory alone
 * leaves what waits to be written, and what stores behind memory have: that is found again. The remote store can't be
 * purged, for others share it: change the namespace instead.
 *
 * Borrows `cache`. Threads: any. Locks one shard at a time, and frees outside the lock; waits for a writer on disk.
 * @param[in] cache the cache
 * @param[in] scope where: STREAMCACHE_PURGE_MEMORY, or 0 for the same; STREAMCACHE_PURGE_DISK
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown scope
 * @retval STREAMCACHE_IO the disk may have them still; memory has not
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_purge(streamcache_cache *cache,
                                           uint32_t scope);

/**
 * Changes max_bytes while the cache is in use. What is too much then is evicted here; leased bytes count until their
 * release, and until the gauge is under the new limit nothing is stored.
 *
 * Borrows `cache`. Threads: any. Evicts a bounded number of results each time it locks a shard, frees outside it.
 * @param[in] cache the cache
 * @param[in] max_bytes bytes; 0 stores nothing, STREAMCACHE_UNLIMITED is no limit
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 1 to 4095 bytes; the old limit stays
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_set_max_bytes(streamcache_cache *cache,
                                                   uint64_t max_bytes);

/**
 * Changes max_chunks while the cache is in use. What is too much then is evicted here, leased results too.
 *
 * Borrows `cache`. Threads: any. Evicts a bounded number of results each time it locks a shard, frees outside it.
 * @param[in] cache the cache
 * @param[in] max_chunks results; 0 stores nothing, STREAMCACHE_UNLIMITED is no limit
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_set_max_chunks(streamcache_cache *cache,
                                                    uint64_t max_chunks);

/* ---- Value ------------------------------------------------------------------------------------------------------- */

/** The memory is a device's (a GPU's): the library never reads it. */
#define STREAMCACHE_EXTERNAL_DEVICE 1

/**
 * A value: an immutable result or state, reference-counted. Holding a reference is holding a lease: it stays valid
 * after eviction, purge, close and the cache's release, on any thread, until streamcache_value_release().
 */
typedef struct streamcache_value streamcache_value;

/**
 * One tensor in a value's payload. C order, contiguous, last dimension fastest: a Julia array of size (a, b) has dims
 * {b, a}. A newer header's may be longer: what this library doesn't know must be 0 in a put.
 */
typedef struct streamcache_tensor_view {
  /** sizeof(streamcache_tensor_view), the same in every element of an array: so far apart they are. */
  size_t struct_size;
  /** The type code as DLPack writes it, 0 to 17. */
  streamcache_dtype_code dtype_code;
  /** Bits of one lane, 1 to 255. */
  uint32_t dtype_bits;
  /** Lanes of one element, 1 to 65535; 1 for a scalar type. */
  uint32_t dtype_lanes;
  /** How many dimensions, 0 (a scalar) to 64. */
  uint32_t rank;
  /** The dimensions; of a value's tensor they live as long as the lease. */
  const int64_t *dims;
  /** Where its elements begin in the payload, in bytes. */
  size_t offset;
  /** How many bytes they are: exactly what the dimensions and the type need. */
  size_t length;
} streamcache_tensor_view;

/**
 * Memory that is given to the cache instead of being copied. `destroy(user_data)` runs exactly once, when the last
 * lease is gone and the cache has let go, or at once when the put fails. It may run on any thread, never under a lock
 * of the library, and may call only release functions of it. Until then the memory must not change. A forked child
 * never runs it for memory that was given before the fork.
 *
 * It doesn't run, and the memory stays the caller's, when this struct itself can't be read: its struct_size is wrong
 * (STREAMCACHE_INVALID_ARGUMENT), or it has fields set that this library is too old for (STREAMCACHE_NOT_SUPPORTED),
 * which may say whose the memory is. Put options that can't be read fail as any other put does: it has run.
 */
typedef struct streamcache_external {
  /** sizeof(streamcache_external). */
  size_t struct_size;
  /** The payload: readable by the host, or a device's with STREAMCACHE_EXTERNAL_DEVICE. */
  const void *data;
  /** Bytes of `data`. */
  size_t len;
  /** Bytes to charge to max_bytes for it, beside the value's header. */
  uint64_t charge;
  /** 0 or STREAMCACHE_EXTERNAL_DEVICE. */
  uint32_t flags;
  /** Frees the memory; NULL for memory that needs no freeing. Must not throw. */
  void (*destroy)(void *user_data);
  /** What `destroy` receives. */
  void *user_data;
} streamcache_external;

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_value_release(). Threads: any. One atomic addition.
 * @param[in] value the value
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_value_retain(const streamcache_value *value);

/**
 * Drops a reference. The last one of an evicted value frees it and gives its bytes back to the budget.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] value the value, or NULL
 * @since 0.1.0
 */
void streamcache_value_release(const streamcache_value *value);

/**
 * Why there is no result, where a ticket committed a rejection; see streamcache_ticket_commit_rejection().
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  value the value
 * @param[out] code the reason, in the numbers of whoever committed it; NULL if not wanted
 * @retval STREAMCACHE_OK a rejection; the value is empty
 * @retval STREAMCACHE_MISS an ordinary result
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL value
 * @since 0.1.0
 */
streamcache_status streamcache_value_get_rejection(const streamcache_value *value, int32_t *code);

/**
 * The value's bytes, never to be written to; 64-byte aligned unless they are external memory.
 *
 * Borrows `value`; the pointer lives as long as the lease. Threads: any.
 * @param[in] value the value
 * @return the bytes (not to be read at size 0); NULL for device memory and for NULL
 * @since 0.1.0
 */
const void *streamcache_value_data(const streamcache_value *value);

/**
 * Where a value of device memory is.
 *
 * Borrows `value`; the pointer lives as long as the lease. Threads: any.
 * @param[in] value the value
 * @return the pointer its put gave; NULL for a value in host memory and for NULL
 * @since 0.1.0
 */
const void *streamcache_value_device_pointer(const streamcache_value *value);

/**
 * How many bytes the value has, wherever they are.
 *
 * Borrows `value`. Threads: any.
 * @param[in] value the value
 * @return bytes; 0 for NULL
 * @since 0.1.0
 */
size_t streamcache_value_size(const streamcache_value *value);

/**
 * How many tensors the value describes.
 *
 * Borrows `value`. Threads: any.
 * @param[in] value the value
 * @return tensors; 0 for a value without a description and for NULL
 * @since 0.1.0
 */
size_t streamcache_value_tensor_count(const streamcache_value *value);

/**
 * One of the tensors the value describes.
 *
 * Borrows `value`; `tensor->dims` lives as long as the lease. Threads: any.
 * @param[in]     value the value
 * @param[in]     index which one, from 0
 * @param[in,out] tensor set struct_size before the call; in a longer one, of a newer header, what is unknown here is 0
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_MISS the value describes fewer
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or a wrong struct_size; `tensor` is untouched
 * @since 0.1.0
 */
streamcache_status streamcache_value_get_tensor(const streamcache_value *value,
                                                size_t index,
                                                streamcache_tensor_view *tensor);

/**
 * The caller's blob beside the payload.
 *
 * Borrows everything for the call; the pointer lives as long as the lease. Threads: any.
 * @param[in]  value the value
 * @param[out] len bytes of the blob; NULL if not wanted
 * @return the blob (not to be read at length 0); NULL for NULL
 * @since 0.1.0
 */
const void *streamcache_value_blob(const streamcache_value *value, size_t *len);

/**
 * The digest of the value's content: the chunk digest for the next filter in a chain. Made the first time someone
 * asks, then kept.
 *
 * Borrows everything for the call. Threads: any. Reads the payload once at most; locks nothing.
 * @param[in]  value the value
 * @param[out] digest chunk(payload), or with tensors or a blob keyed(K_content, inputs(tensors, names empty) || chunk(payload) || chunk(blob))
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NOT_SUPPORTED the value is device memory
 * @retval STREAMCACHE_NO_MEMORY the allocator refused (only with tensors)
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_value_get_content(const streamcache_value *value,
                                                 streamcache_digest *digest);

/* ---- State and chunk: callers who make their keys themselves ----------------------------------------------------- */

/** Look into memory alone, without counting and without marking the result as used. No store behind memory is asked. */
#define STREAMCACHE_PEEK 1

/** Neither look nor store: a lookup answers STREAMCACHE_MISS, a put STREAMCACHE_NOT_STORED. */
#define STREAMCACHE_BYPASS 2

/**
 * Don't look, but store: a lookup answers STREAMCACHE_MISS, so that the result is computed anew and replaced. A store
 * behind memory that the new result does not reach (the tier's stats count it) keeps the old one, as it does where the
 * new one is a rejection or in device memory: remove it first where it must not be found again.
 */
#define STREAMCACHE_REFRESH 4

/**
 * Look, but don't store: a put answers STREAMCACHE_NOT_STORED, and what a store behind memory has is not brought to memory.
 * With STREAMCACHE_NO_WAIT it is, for that is its only way to the caller.
 */
#define STREAMCACHE_READ_ONLY 8

/** Neither read nor write what is behind memory, the disk and the remote store: such a call never blocks on them. */
#define STREAMCACHE_MEMORY_ONLY 32

/** Neither read nor write the remote store. */
#define STREAMCACHE_NO_REMOTE 64

/** What a put may say about its value. Set everything to 0 first, then struct_size. */
typedef struct streamcache_put_options {
  /** sizeof(streamcache_put_options). */
  size_t struct_size;
  /**
   * Milliseconds until the result is no longer found, time asleep included; 0 for the cache's ttl_ms, which is never
   * exceeded, counted from when a result was put in memory or sealed for a store.
   */
  uint64_t ttl_ms;
  /** Nanoseconds the computation took, at most 2^62−1: every later hit counts them as time saved. 0 where unknown. */
  uint64_t compute_ns;
  /** The tensors in the payload, copied; NULL for none. */
  const streamcache_tensor_view *tensors;
  /** How many tensors, at most 1024. */
  size_t tensor_count;
  /** A few bytes of the caller's to keep beside the payload, copied; NULL for none. */
  const void *blob;
  /** Bytes of `blob`, at most 65536. */
  size_t blob_len;
  /** Where details of a failure go, for streamcache_error_free(); NULL if not wanted. */
  streamcache_error **error;
} streamcache_put_options;

/**
 * Keeps a filter's trained state under the filter's id with the caller's key, in place of that id's old one. It is
 * charged to the budget and never evicted. Filter handles have states of their own and don't see it.
 *
 * Borrows everything for the call. Threads: any. Copies `data`; evicts results for it if need be.
 * @param[in]  cache the cache
 * @param[in]  id the filter's id in UTF-8, need not be NUL-terminated
 * @param[in]  id_len bytes of `id`
 * @param[in]  key the state's key, see streamcache_key_state()
 * @param[in]  data the state, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
 * @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_load_state(streamcache_cache *cache,
                                                const char *id,
                                                size_t id_len,
                                                const streamcache_digest *key,
                                                const void *data,
                                                size_t len,
                                                streamcache_error **error);

/**
 * Leases the state kept under a filter's id.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * Locks the map of states; copies nothing.
 * @param[in]  cache the cache
 * @param[in]  id the filter's id in UTF-8, need not be NUL-terminated
 * @param[in]  id_len bytes of `id`
 * @param[out] value the state; NULL unless STREAMCACHE_OK
 * @param[out] key the key it was loaded with; NULL if not wanted
 * @retval STREAMCACHE_OK found
 * @retval STREAMCACHE_MISS no state under this id
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_get_state(const streamcache_cache *cache,
                                               const char *id,
                                               size_t id_len,
                                               streamcache_value **value,
                                               streamcache_digest *key);

/**
 * Forgets the state kept under a filter's id. Leases on it stay valid.
 *
 * Borrows everything for the call. Threads: any. Locks the map of states.
 * @param[in] cache the cache
 * @param[in] id the filter's id in UTF-8, need not be NUL-terminated
 * @param[in] id_len bytes of `id`
 * @retval STREAMCACHE_OK forgotten
 * @retval STREAMCACHE_MISS there was none
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an id that is not UTF-8
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_unload_state(streamcache_cache *cache, const char *id, size_t id_len);

/**
 * Looks up a result under a key of the caller's, see streamcache_key_chunk().
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * Locks one shard; copies nothing.
 * @param[in]  cache the cache
 * @param[in]  key the key
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the result, or the rejection; NULL otherwise
 * @retval STREAMCACHE_OK a hit
 * @retval STREAMCACHE_MISS not there
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_get_chunk(const streamcache_cache *cache,
                                               const streamcache_digest *key,
                                               uint32_t flags,
                                               streamcache_value **value);

/**
 * Stores a copy of a result under a key of the caller's. A key that is there is replaced in place; leases on its old
 * value stay valid. Under a filter's key the filter finds the result, too, but the entry doesn't say whose it is:
 * streamcache_filter_purge() and _retire() leave it, streamcache_filter_remove() and streamcache_cache_purge() don't.
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
 * Threads: any. Copies `data`; locks one shard at a time.
 * @param[in]  cache the cache
 * @param[in]  key the key
 * @param[in]  data the result, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a struct_size that is too small
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_put_chunk(streamcache_cache *cache,
                                               const streamcache_digest *key,
                                               const void *data,
                                               size_t len,
                                               uint32_t flags,
                                               const streamcache_put_options *options,
                                               streamcache_value **value);

/**
 * Stores a result that stays where it is: the caller gives its memory to the cache. Otherwise as
 * streamcache_cache_put_chunk().
 *
 * Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
 * rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
 * Copies nothing; locks one shard at a time.
 * @param[in]  cache the cache
 * @param[in]  key the key
 * @param[in]  external the memory
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a wrong struct_size
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for; if it is `external`, its
 *         destructor did not run
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_put_chunk_external(streamcache_cache *cache,
                                                        const streamcache_digest *key,
                                                        const streamcache_external *external,
                                                        uint32_t flags,
                                                        const streamcache_put_options *options,
                                                        streamcache_value **value);

/**
 * Looks up a result and copies it out, for callers who want no lease.
 *
 * Borrows everything for the call. Threads: any. Locks one shard; copies outside the lock.
 * @param[in]  cache the cache
 * @param[in]  key the key
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] buffer where to; NULL only with capacity 0
 * @param[in]  capacity bytes at `buffer`
 * @param[out] len the result's size, also when it doesn't fit; 0 on a miss
 * @retval STREAMCACHE_OK a hit, copied
 * @retval STREAMCACHE_MISS not there
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none
 * @retval STREAMCACHE_BUFFER_TOO_SMALL a hit that needs `*len` bytes; nothing was copied, and with capacity 0, which
 *         only asks for the size, nothing was counted
 * @retval STREAMCACHE_NOT_SUPPORTED a hit in device memory
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_get_chunk_into(const streamcache_cache *cache,
                                                    const streamcache_digest *key,
                                                    uint32_t flags,
                                                    void *buffer,
                                                    size_t capacity,
                                                    size_t *len);

/**
 * Forgets a result: in memory, on disk, for all processes that share it, and in the remote store. What is still queued
 * to be written is not. Leases on it stay valid.
 *
 * Borrows everything for the call. Threads: any. Locks one shard; waits for a writer on disk, at most 10 seconds, and
 * for the remote store, at most remote_timeout_ms.
 * @param[in] cache the cache
 * @param[in] key the key
 * @retval STREAMCACHE_OK forgotten
 * @retval STREAMCACHE_MISS memory had none; a store behind it that had one has it no more
 * @retval STREAMCACHE_IO a store could not be told and may have it still, or an interrupted write of it may still take effect
 *         at the server, which the library undoes once that answers again; memory has not
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_remove_chunk(streamcache_cache *cache,
                                                  const streamcache_digest *key);

/**
 * Hits per lookup that looked, since the cache was opened, 0 to 1; 0 before the first.
 *
 * Borrows `cache`. Threads: any. Locks one shard at a time.
 * @param[in] cache the cache; NULL answers 0
 * @return hits / (hits + misses)
 * @since 0.1.0
 */
double streamcache_cache_hit_rate(const streamcache_cache *cache);

/**
 * Lookups that found their result since the cache was opened.
 *
 * Borrows `cache`. Threads: any. Locks one shard at a time.
 * @param[in] cache the cache; NULL answers 0
 * @return how many
 * @since 0.1.0
 */
uint64_t streamcache_cache_hits(const streamcache_cache *cache);

/**
 * Lookups that did not find their result since the cache was opened.
 *
 * Borrows `cache`. Threads: any. Locks one shard at a time.
 * @param[in] cache the cache; NULL answers 0
 * @return how many
 * @since 0.1.0
 */
uint64_t streamcache_cache_misses(const streamcache_cache *cache);

/* ---- Filter ------------------------------------------------------------------------------------------------------ */

/** The filter's answers differ from run to run (sampling, dropout): every call bypasses the cache. */
#define STREAMCACHE_FILTER_NONDETERMINISTIC 1

/** A filter: a pipeline stage with a configuration and a state. Any thread, any time; reference-counted. */
typedef struct streamcache_filter streamcache_filter;

/** A filter as it was at one moment: immutable, with a lease on its state. Any thread, any time; reference-counted. */
typedef struct streamcache_snapshot streamcache_snapshot;

/**
 * Opens a filter: a configuration, and a state to be loaded. The state belongs to this handle alone; another handle
 * of the same id has its own. Handles of equal configuration and state share their results.
 *
 * Borrows everything for the call; `*filter` receives one reference, for streamcache_filter_release(). It keeps the
 * cache alive. Threads: any.
 * @param[in]  cache the cache
 * @param[in]  id a name in UTF-8 for people and logs, part of no key; need not be NUL-terminated
 * @param[in]  id_len bytes of `id`
 * @param[in]  config the configuration's digest, see streamcache_digest_config_json()
 * @param[in]  flags 0 or STREAMCACHE_FILTER_NONDETERMINISTIC
 * @param[out] filter the filter; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an id that is not UTF-8, or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_open(streamcache_cache *cache,
                                           const char *id,
                                           size_t id_len,
                                           const streamcache_digest *config,
                                           uint32_t flags,
                                           streamcache_filter **filter,
                                           streamcache_error **error);

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_filter_release(). Threads: any.
 * @param[in] filter the filter
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_filter_retain(streamcache_filter *filter);

/**
 * Drops a reference. The last one gives the state's bytes back once no lease or snapshot holds it; results stay.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] filter the filter, or NULL
 * @since 0.1.0
 */
void streamcache_filter_release(streamcache_filter *filter);

/**
 * Loads a trained state: hashed once, copied, charged to the budget, never evicted. Lookups switch to it in one step;
 * what the old state computed is not found under it, and is found again when the old state is loaded again. The same
 * bytes again change nothing. A filter without trained parameters loads length 0.
 *
 * Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do.
 * @param[in]  filter the filter
 * @param[in]  data the state, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_load_state(streamcache_filter *filter,
                                                 const void *data,
                                                 size_t len,
                                                 streamcache_error **error);

/**
 * Loads a state by its digest alone: the way for large models, whose bytes live in the engine. Nothing is copied or
 * charged; otherwise as streamcache_filter_load_state(), whose results it shares for the same digest.
 *
 * Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do.
 * @param[in]  filter the filter
 * @param[in]  state from streamcache_digest_state(), _state_file() or _raw(), or streamcache_key_state()
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_load_state_digest(streamcache_filter *filter,
                                                        const streamcache_digest *state,
                                                        streamcache_error **error);

/**
 * Leases the present state.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * @param[in]  filter the filter
 * @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
 * @param[out] state its digest; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_MISS only its digest is known
 * @retval STREAMCACHE_NO_STATE none was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_get_state(const streamcache_filter *filter,
                                                streamcache_value **value,
                                                streamcache_digest *state);

/* ---- Filter: looking up, forgetting, taking a snapshot ----------------------------------------------------------- */

/**
 * Looks up a chunk's result under the present state.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * Locks one shard; copies nothing.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest, see streamcache_digest_chunk() and streamcache_digest_tensor()
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] key the key it looked under, on a miss too, for streamcache_filter_put(); NULL if not wanted
 * @retval STREAMCACHE_OK a hit
 * @retval STREAMCACHE_MISS not there: compute it with the state that `key` names, and put it with `key`; where another
 *         thread may load a state, take a streamcache_snapshot first, compute with its state and put through it
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_get(const streamcache_filter *filter,
                                          const streamcache_digest *chunk,
                                          uint32_t flags,
                                          streamcache_value **value,
                                          streamcache_digest *key);

/**
 * Digests a chunk's bytes and looks its result up: streamcache_digest_chunk() and streamcache_filter_get() in one.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * Reads `data` once; locks one shard; copies nothing.
 * @param[in]  filter the filter
 * @param[in]  data the chunk, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] key the key it looked under, on a miss too; NULL if not wanted
 * @param[out] chunk the chunk's digest, on a miss too, for streamcache_filter_put(); NULL if not wanted
 * @retval STREAMCACHE_OK a hit
 * @retval STREAMCACHE_MISS not there: compute it and put it with `chunk` and `key`, as streamcache_filter_get() says
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_get_bytes(const streamcache_filter *filter,
                                                const void *data,
                                                size_t len,
                                                uint32_t flags,
                                                streamcache_value **value,
                                                streamcache_digest *key,
                                                streamcache_digest *chunk);

/**
 * Looks up a chunk's result and copies it out, for callers who want no lease.
 *
 * Borrows everything for the call. Threads: any. Locks one shard; copies outside the lock.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] buffer where to; NULL only with capacity 0
 * @param[in]  capacity bytes at `buffer`
 * @param[out] len the result's size, also when it doesn't fit; 0 on a miss
 * @param[out] key the key it looked under, on a miss too, for streamcache_filter_put(); NULL if not wanted
 * @retval STREAMCACHE_OK a hit, copied
 * @retval STREAMCACHE_MISS not there
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none
 * @retval STREAMCACHE_BUFFER_TOO_SMALL a hit that needs `*len` bytes; nothing was copied, and with capacity 0, which
 *         only asks for the size, nothing was counted
 * @retval STREAMCACHE_NOT_SUPPORTED a hit in device memory
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_get_into(const streamcache_filter *filter,
                                               const streamcache_digest *chunk,
                                               uint32_t flags,
                                               void *buffer,
                                               size_t capacity,
                                               size_t *len,
                                               streamcache_digest *key);

/**
 * Forgets a chunk's result under the present state: in memory, on disk, for all processes that share it, and in the
 * remote store. What is still queued to be written is not. Leases on it stay valid.
 *
 * Borrows everything for the call. Threads: any. Locks one shard; waits for a writer on disk, at most 10 seconds, and
 * for the remote store, at most remote_timeout_ms.
 * @param[in] filter the filter
 * @param[in] chunk the chunk's digest
 * @retval STREAMCACHE_OK forgotten
 * @retval STREAMCACHE_MISS memory had none; a store behind it that had one has it no more
 * @retval STREAMCACHE_IO a store could not be told and may have it still, or an interrupted write of it may still take effect
 *         at the server, which the library undoes once that answers again; memory has not
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_remove(streamcache_filter *filter,
                                             const streamcache_digest *chunk);

/**
 * Forgets the results of the present state, but for those that streamcache_cache_put_chunk() put under its keys.
 * Handles of equal configuration and state share their results, so it purges theirs, too. It reaches the disk, for all
 * processes that share it, and what waits to be written; the remote store is not told, and still has them.
 *
 * Borrows everything for the call. Threads: any. Looks at every entry, a bounded number each time it locks a shard;
 * waits for a writer on disk, at most 10 seconds.
 * @param[in]  filter the filter
 * @param[out] removed how many results memory had; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_IO the disk may have them still; memory has not
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_purge(streamcache_filter *filter,
                                            uint64_t *removed);

/**
 * Forgets the results of this handle's other states (the last 16 of them), but for those that
 * streamcache_cache_put_chunk() put under their keys: for an engine that will not roll back. It reaches the disk, for
 * all processes that share it, and what waits to be written; the remote store is not told, and still has them.
 *
 * Borrows everything for the call. Threads: any. Looks at every entry, a bounded number each time it locks a shard;
 * waits for a writer on disk, at most 10 seconds.
 * @param[in]  filter the filter
 * @param[out] removed how many results memory had; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_IO the disk may have them still; memory has not
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL filter
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_retire(streamcache_filter *filter,
                                             uint64_t *removed);

/**
 * Takes a filter as it is now: lookups and puts on the snapshot name its state, whatever the filter loads later.
 *
 * Borrows `filter`; `*snapshot` receives one reference, for streamcache_snapshot_release(). It keeps the cache and
 * the state alive. Threads: any. Copies nothing.
 * @param[in]  filter the filter
 * @param[out] snapshot the snapshot; NULL on failure
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_snapshot(const streamcache_filter *filter,
                                               streamcache_snapshot **snapshot);

/* ---- Filter: storing --------------------------------------------------------------------------------------------- */

/**
 * Stores a copy of a chunk's result under the state that computed it. `key` tells which: another thread may have
 * loaded a new state since the lookup, and the old state's result must not land under the new one's name.
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
 * Threads: any. Copies `data`; locks one shard at a time.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest
 * @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
 * @param[in]  data the result, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, no key though the state was swapped, or a key
 *         that is not this chunk's under any of the last 16 states of this handle
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_put(streamcache_filter *filter,
                                          const streamcache_digest *chunk,
                                          const streamcache_digest *key,
                                          const void *data,
                                          size_t len,
                                          uint32_t flags,
                                          const streamcache_put_options *options,
                                          streamcache_value **value);

/**
 * Stores a copy of a chunk's result, digesting the chunk's bytes again; otherwise as streamcache_filter_put().
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
 * Threads: any. Reads the chunk once, copies `data`; locks one shard at a time.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk, `chunk_len` bytes; NULL only with length 0
 * @param[in]  chunk_len how many bytes
 * @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
 * @param[in]  data the result, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_filter_put()
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_put_bytes(streamcache_filter *filter,
                                                const void *chunk,
                                                size_t chunk_len,
                                                const streamcache_digest *key,
                                                const void *data,
                                                size_t len,
                                                uint32_t flags,
                                                const streamcache_put_options *options,
                                                streamcache_value **value);

/**
 * Stores a chunk's result that stays where it is: the caller gives its memory to the cache. Otherwise as
 * streamcache_filter_put().
 *
 * Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
 * rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
 * Copies nothing; locks one shard at a time.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest
 * @param[in]  key what this chunk's lookup gave; NULL only while this handle has had no other state
 * @param[in]  external the memory
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_filter_put()
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for; if it is `external`, its
 *         destructor did not run
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_put_external(streamcache_filter *filter,
                                                   const streamcache_digest *chunk,
                                                   const streamcache_digest *key,
                                                   const streamcache_external *external,
                                                   uint32_t flags,
                                                   const streamcache_put_options *options,
                                                   streamcache_value **value);

/* ---- Snapshot ---------------------------------------------------------------------------------------------------- */

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_snapshot_release(). Threads: any.
 * @param[in] snapshot the snapshot
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_retain(streamcache_snapshot *snapshot);

/**
 * Drops a reference.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] snapshot the snapshot, or NULL
 * @since 0.1.0
 */
void streamcache_snapshot_release(streamcache_snapshot *snapshot);

/**
 * Leases the snapshot's state.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * @param[in]  snapshot the snapshot
 * @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
 * @param[out] state its digest; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_MISS only its digest is known
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL snapshot
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_get_state(const streamcache_snapshot *snapshot,
                                                  streamcache_value **value,
                                                  streamcache_digest *state);

/**
 * Looks up a chunk's result under the snapshot's state; otherwise as streamcache_filter_get().
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * Locks one shard; copies nothing.
 * @param[in]  snapshot the snapshot
 * @param[in]  chunk the chunk's digest
 * @param[in]  flags 0, or STREAMCACHE_PEEK, _BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] key the key it looked under, on a miss too; NULL if not wanted
 * @retval STREAMCACHE_OK a hit
 * @retval STREAMCACHE_MISS not there: compute it with the snapshot's state and put it through the snapshot
 * @retval STREAMCACHE_BUSY with STREAMCACHE_NO_WAIT: a store behind memory is being read for it; ask again
 * @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown flag
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_get(const streamcache_snapshot *snapshot,
                                            const streamcache_digest *chunk,
                                            uint32_t flags,
                                            streamcache_value **value,
                                            streamcache_digest *key);

/**
 * Stores a copy of a chunk's result that the snapshot's state computed.
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
 * Threads: any. Copies `data`; locks one shard at a time.
 * @param[in]  snapshot the snapshot
 * @param[in]  chunk the chunk's digest
 * @param[in]  data the result, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a struct_size that is too small
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_put(const streamcache_snapshot *snapshot,
                                            const streamcache_digest *chunk,
                                            const void *data,
                                            size_t len,
                                            uint32_t flags,
                                            const streamcache_put_options *options,
                                            streamcache_value **value);

/**
 * Stores a chunk's result that the snapshot's state computed and that stays where it is; otherwise as
 * streamcache_filter_put_external().
 *
 * Takes `*external`: its destructor runs exactly once, also when the put fails; see streamcache_external. Borrows the
 * rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
 * Copies nothing; locks one shard at a time.
 * @param[in]  snapshot the snapshot
 * @param[in]  chunk the chunk's digest
 * @param[in]  external the memory
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE
 * @param[in]  options NULL for none
 * @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED larger than the budget, or no room could be made
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag, or a wrong struct_size
 * @retval STREAMCACHE_NOT_SUPPORTED a struct has fields set that this library is too old for; if it is `external`, its
 *         destructor did not run
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_put_external(const streamcache_snapshot *snapshot,
                                                     const streamcache_digest *chunk,
                                                     const streamcache_external *external,
                                                     uint32_t flags,
                                                     const streamcache_put_options *options,
                                                     streamcache_value **value);

/* ---- Key: of a filter, a snapshot, a pipeline -------------------------------------------------------------------- */

/**
 * The key a chunk's result has under the filter's present state: with the namespace and the secret of its cache, which
 * streamcache_key_chunk() does not know.
 *
 * Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest
 * @param[out] key keyed(filter's digest, chunk), as streamcache_filter_get() gives it
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_key(const streamcache_filter *filter,
                                          const streamcache_digest *chunk,
                                          streamcache_digest *key);

/**
 * The key a chunk's result has under the snapshot's state.
 *
 * Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
 * @param[in]  snapshot the snapshot
 * @param[in]  chunk the chunk's digest
 * @param[out] key keyed(filter's digest, chunk), as streamcache_snapshot_get() gives it
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_key(const streamcache_snapshot *snapshot,
                                            const streamcache_digest *chunk,
                                            streamcache_digest *key);

/**
 * The key of a chunk's result through a whole chain of filters, so that one streamcache_cache_get_chunk() looks it up
 * and one streamcache_cache_put_chunk() stores it. It names each filter's state at this moment: compute with those
 * states. Where another thread may load a state meanwhile, use streamcache_pipeline_snapshot_key(). A result of the
 * chain belongs to none of its filters: purging or retiring one leaves it alone, streamcache_cache_purge() doesn't.
 *
 * Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
 * @param[in]  filters the handles in the chain's order, all of one cache; a filter may stand in it several times
 * @param[in]  n how many, 1 or more
 * @param[in]  chunk the digest of the chunk that enters the chain
 * @param[out] key keyed(keyed(K_pipeline, n || first filter's digest || ... || last filter's digest), chunk)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE one of them has no state
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, also among the handles, no filter, filters of two caches, or one
 *         opened with STREAMCACHE_FILTER_NONDETERMINISTIC, whose results must not be kept
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_pipeline_key(const streamcache_filter *const *filters,
                                            size_t n,
                                            const streamcache_digest *chunk,
                                            streamcache_digest *key);

/**
 * The key of a chunk's result through a chain of filters as they were when their snapshots were taken; otherwise as
 * streamcache_pipeline_key(). Take the snapshots together with the weights the engine computes with.
 *
 * Borrows everything for the call; `key` may be `chunk`. Threads: any. Copies and locks nothing.
 * @param[in]  snapshots the handles in the chain's order, all of one cache
 * @param[in]  n how many, 1 or more
 * @param[in]  chunk the digest of the chunk that enters the chain
 * @param[out] key keyed(keyed(K_pipeline, n || first filter's digest || ... || last filter's digest), chunk)
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT as streamcache_pipeline_key()
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_pipeline_snapshot_key(const streamcache_snapshot *const *snapshots,
                                                     size_t n,
                                                     const streamcache_digest *chunk,
                                                     streamcache_digest *key);

/* ---- Ticket: compute once ---------------------------------------------------------------------------------------- */

/**
 * Wait for no one: where another caller computes the result, a begin answers STREAMCACHE_BUSY at once; where there is a
 * disk or a remote store to be read, a thread of the cache's reads it, and a lookup or begin answers STREAMCACHE_BUSY
 * meanwhile. For callers whose scheduler must not block; a later call finds the result, or that there is none.
 */
#define STREAMCACHE_NO_WAIT 16

/** As long as waiting takes unless a caller says otherwise: 60 seconds. */
#define STREAMCACHE_TIMEOUT_DEFAULT 4294967295

/**
 * A ticket: the exclusive right to compute one missing value. It belongs to no thread. Any thread, any time, though
 * only one at a time works on it; reference-counted.
 */
typedef struct streamcache_ticket streamcache_ticket;

/** Where a ticket stands. */
typedef int32_t streamcache_phase;

/** The value is this ticket's to compute. */
#define STREAMCACHE_PHASE_OPEN 0

/** It was committed, stored or not. */
#define STREAMCACHE_PHASE_COMMITTED 1

/** It was given up. */
#define STREAMCACHE_PHASE_ABORTED 2

/** A purge, a removal, a put or, past ticket_max_age_ms, another ticket overtook it: a commit is not stored. */
#define STREAMCACHE_PHASE_FENCED 3

/**
 * Looks up a chunk's result under the present state; if it is missing, the first caller gets a ticket to compute it,
 * and every other waits for what comes of it. So does a caller who holds that ticket: beginning what one has begun
 * waits until the time is up.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
 * for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
 * @param[in]  filter the filter
 * @param[in]  chunk the chunk's digest, see streamcache_digest_chunk() and streamcache_digest_tensor()
 * @param[in]  timeout_ms how long to wait for another caller's computation; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT
 *             60 seconds
 * @param[in]  flags 0, or STREAMCACHE_NO_WAIT; STREAMCACHE_REFRESH: don't look, compute anew, or wait for who does
 *             already; STREAMCACHE_READ_ONLY: look and wait, but what this caller commits is not stored;
 *             STREAMCACHE_BYPASS: neither look nor wait nor store; STREAMCACHE_MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
 * @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
 * @retval STREAMCACHE_FILL yours to compute: with the state of streamcache_ticket_get_state(); then commit or abort
 * @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
 *         behind memory is being read for it
 * @retval STREAMCACHE_REJECTED a caller committed that there is none; see streamcache_value_get_rejection()
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_filter_begin(streamcache_filter *filter,
                                            const streamcache_digest *chunk,
                                            uint32_t timeout_ms,
                                            uint32_t flags,
                                            streamcache_value **value,
                                            streamcache_ticket **ticket);

/**
 * Digests a chunk's bytes and begins: streamcache_digest_chunk() and streamcache_filter_begin() in one.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
 * for streamcache_ticket_release(). Threads: any; a wait holds no lock. Reads `data` once; locks one shard.
 * @param[in]  filter the filter
 * @param[in]  data the chunk, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  timeout_ms as streamcache_filter_begin() has it
 * @param[in]  flags as streamcache_filter_begin() has them
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
 * @param[out] chunk the chunk's digest; NULL if not wanted
 * @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
 * @retval STREAMCACHE_FILL yours to compute
 * @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
 *         behind memory is being read for it
 * @retval STREAMCACHE_REJECTED a caller committed that there is none
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_filter_begin_bytes(streamcache_filter *filter,
                                                  const void *data,
                                                  size_t len,
                                                  uint32_t timeout_ms,
                                                  uint32_t flags,
                                                  streamcache_value **value,
                                                  streamcache_ticket **ticket,
                                                  streamcache_digest *chunk);

/**
 * Begins under a snapshot's state; otherwise as streamcache_filter_begin().
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
 * for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
 * @param[in]  snapshot the snapshot
 * @param[in]  chunk the chunk's digest
 * @param[in]  timeout_ms as streamcache_filter_begin() has it
 * @param[in]  flags as streamcache_filter_begin() has them
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
 * @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
 * @retval STREAMCACHE_FILL yours to compute, with the snapshot's state
 * @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
 *         behind memory is being read for it
 * @retval STREAMCACHE_REJECTED a caller committed that there is none
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_snapshot_begin(streamcache_snapshot *snapshot,
                                              const streamcache_digest *chunk,
                                              uint32_t timeout_ms,
                                              uint32_t flags,
                                              streamcache_value **value,
                                              streamcache_ticket **ticket);

/**
 * Begins under a key of the caller's, see streamcache_key_chunk(); otherwise as streamcache_filter_begin().
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
 * for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
 * @param[in]  cache the cache
 * @param[in]  key the key
 * @param[in]  timeout_ms as streamcache_filter_begin() has it
 * @param[in]  flags as streamcache_filter_begin() has them
 * @param[out] value the result, or the rejection; NULL otherwise
 * @param[out] ticket the right to compute it, for STREAMCACHE_FILL; NULL otherwise
 * @retval STREAMCACHE_OK a hit, found or computed by another caller meanwhile
 * @retval STREAMCACHE_FILL yours to compute
 * @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or, with STREAMCACHE_NO_WAIT, a store
 *         behind memory is being read for it
 * @retval STREAMCACHE_REJECTED a caller committed that there is none
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_cache_begin(streamcache_cache *cache,
                                           const streamcache_digest *key,
                                           uint32_t timeout_ms,
                                           uint32_t flags,
                                           streamcache_value **value,
                                           streamcache_ticket **ticket);

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_ticket_release(). Threads: any.
 * @param[in] ticket the ticket
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_retain(streamcache_ticket *ticket);

/**
 * Drops a reference. The last one aborts an open ticket and frees its buffer.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] ticket the ticket, or NULL
 * @since 0.1.0
 */
void streamcache_ticket_release(streamcache_ticket *ticket);

/**
 * The key of the missing value.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]  ticket the ticket
 * @param[out] key its key
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_get_key(const streamcache_ticket *ticket,
                                              streamcache_digest *key);

/**
 * Leases the trained state that the ticket's key names: the one to compute with, whatever the filter loads meanwhile.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * @param[in]  ticket the ticket
 * @param[out] value the state; NULL unless STREAMCACHE_OK; NULL if not wanted
 * @param[out] state its digest; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_MISS only its digest is known
 * @retval STREAMCACHE_NO_STATE the ticket is of a key of the caller's
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_get_state(const streamcache_ticket *ticket,
                                                streamcache_value **value,
                                                streamcache_digest *state);

/**
 * Leases the recurrent state that a stream's step begins with: the one to compute from, wherever the stream is by now.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * @param[in]  ticket the ticket, from streamcache_stream_begin()
 * @param[out] value the state; NULL on failure; NULL if not wanted
 * @param[out] state its content digest; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE the ticket is no stream's, or the stream's state was unknown (STREAMCACHE_BYPASSED)
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_get_step_state(const streamcache_ticket *ticket,
                                                     streamcache_value **value,
                                                     streamcache_digest *state);

/**
 * Where the ticket stands.
 *
 * Borrows everything for the call. Threads: any.
 * @param[in]  ticket the ticket
 * @param[out] phase one of STREAMCACHE_PHASE_OPEN, _COMMITTED, _ABORTED, _FENCED
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_get_phase(const streamcache_ticket *ticket,
                                                streamcache_phase *phase);

/* ---- Ticket: committing ------------------------------------------------------------------------------------------ */

/**
 * Gives the ticket `len` bytes to write the result into, charged to the budget: streamcache_ticket_commit() publishes
 * them without a copy.
 *
 * Borrows `ticket`; `*data` is the ticket's, uninitialised and aligned to 64 bytes, until a commit or abort, the next
 * streamcache_ticket_buffer() or the last release. Threads: any. Locks one shard at a time; evicts if need be.
 * @param[in]  ticket the ticket
 * @param[in]  len how many bytes
 * @param[out] data where to write; NULL on failure
 * @retval STREAMCACHE_OK done; an earlier buffer of this ticket is gone
 * @retval STREAMCACHE_NO_SPACE no room could be made (beside an earlier buffer, which stays): compute in your own memory
 *         and commit a copy, or external memory
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, or another thread is using the ticket at this
 *         moment
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_buffer(streamcache_ticket *ticket,
                                             size_t len,
                                             void **data);

/**
 * Publishes the first `len` bytes of the ticket's buffer as the result, where they are, and gives it to those who wait.
 * The time since the ticket was given counts as compute time, unless the options say another.
 *
 * Borrows `options`; `*value`, if wanted, receives one reference, for streamcache_value_release(). The buffer is the
 * cache's from now on: immutable, and to be read through `*value` only. Threads: any. Locks one shard at a time.
 * @param[in]  ticket the ticket
 * @param[in]  len how many bytes, at most the buffer's
 * @param[in]  options NULL for none
 * @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED the ticket was fenced (see STREAMCACHE_PHASE_FENCED), no room could be made, or the
 *         cache was closed meanwhile; those who wait have it all the same
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, no buffer or a shorter one, a stream's ticket, wrong options, or
 *         another thread is using the ticket at this moment; the ticket stays open
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open, without its buffer
 * @retval STREAMCACHE_CLOSED the cache was closed before; the buffer can be read until the last release
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_commit(streamcache_ticket *ticket,
                                             size_t len,
                                             const streamcache_put_options *options,
                                             streamcache_value **value);

/**
 * Publishes a copy of `data` as the result, and gives it to those who wait; otherwise as streamcache_ticket_commit().
 * A buffer that the ticket has stays charged until then.
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference, for streamcache_value_release().
 * Threads: any. Copies `data`; locks one shard at a time.
 * @param[in]  ticket the ticket
 * @param[in]  data the result, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  options NULL for none
 * @param[out] value a lease on the copy, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait have it all the same
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, wrong options, or another thread is using the
 *         ticket at this moment; the ticket stays open
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_commit_copy(streamcache_ticket *ticket,
                                                  const void *data,
                                                  size_t len,
                                                  const streamcache_put_options *options,
                                                  streamcache_value **value);

/**
 * Publishes a result that stays where it is, and gives it to those who wait; otherwise as streamcache_ticket_commit().
 *
 * Takes `*external`: its destructor runs exactly once, also when the commit fails; see streamcache_external. Borrows the
 * rest for the call; `*value`, if wanted, receives one reference, for streamcache_value_release(). Threads: any.
 * Copies nothing; locks one shard at a time.
 * @param[in]  ticket the ticket
 * @param[in]  external the memory
 * @param[in]  options NULL for none
 * @param[out] value a lease, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait have it all the same
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a stream's ticket, wrong options, a wrong struct_size, or another
 *         thread is using the ticket at this moment; the ticket stays open
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_commit_external(streamcache_ticket *ticket,
                                                      const streamcache_external *external,
                                                      const streamcache_put_options *options,
                                                      streamcache_value **value);

/**
 * Publishes that there is no result: for an engine that means to remember a rejection (a chunk too short, a file that
 * can't be decoded). Later lookups, and those who wait now, answer STREAMCACHE_REJECTED; it never leaves memory. A
 * computation that merely failed is to be aborted instead.
 *
 * Borrows `ticket`. Threads: any. Locks one shard at a time.
 * @param[in] ticket the ticket
 * @param[in] code the reason, in the caller's own numbers, for streamcache_value_get_rejection()
 * @param[in] ttl_ms milliseconds until it is forgotten; 0 for the cache's ttl_ms, which is never exceeded
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED the ticket was fenced, or no room could be made; those who wait know it all the same
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, a stream's, or another thread is using it at this moment; the
 *         ticket stays open
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_commit_rejection(streamcache_ticket *ticket,
                                                       int32_t code,
                                                       uint64_t ttl_ms);

/**
 * Publishes copies of a stream's output and of its next recurrent state, together, and moves the stream on.
 *
 * Borrows everything for the call; `*value`, if wanted, receives one reference to the output, for
 * streamcache_value_release(). Threads: any. Copies both; locks one shard at a time.
 * @param[in]  ticket the ticket, from streamcache_stream_begin()
 * @param[in]  data the output, `len` bytes; NULL only with length 0
 * @param[in]  len how many bytes
 * @param[in]  next_state the state after this chunk, `next_state_len` bytes. NULL with length 0 where it is not known:
 *             then nothing is stored, others compute for themselves, and the stream's state is unknown. For an empty
 *             state, a pointer and length 0
 * @param[in]  next_state_len how many bytes
 * @param[in]  options NULL for none; tensors and blob are the output's
 * @param[out] value a lease on the output, even when it was not stored (then outside the budget); NULL if not wanted
 * @retval STREAMCACHE_OK stored
 * @retval STREAMCACHE_NOT_STORED the ticket was fenced, no room could be made for both, or the next state is not known;
 *         the stream has moved on all the same
 * @retval STREAMCACHE_ENDED the ticket was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, no stream's ticket, wrong options, or another thread is using the
 *         ticket at this moment; the ticket stays open
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the ticket stays open
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_commit_step(streamcache_ticket *ticket,
                                                  const void *data,
                                                  size_t len,
                                                  const void *next_state,
                                                  size_t next_state_len,
                                                  const streamcache_put_options *options,
                                                  streamcache_value **value);

/**
 * Gives the right up, after a computation that failed: a caller who waits gets it, else the next lookup does.
 *
 * Borrows `ticket`. Threads: any.
 * @param[in] ticket the ticket
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_ENDED it was committed or aborted before
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL ticket, or another thread is using it at this moment
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_ticket_abort(streamcache_ticket *ticket);

/* ---- Batch ------------------------------------------------------------------------------------------------------- */

/** A batch: chunks that were looked up together. Any thread, any time; one owner. */
typedef struct streamcache_batch streamcache_batch;

/** One chunk of a batch, as it stands. It may grow: streamcache_batch_get_items() is told its size. */
typedef struct streamcache_batch_item {
  /**
   * STREAMCACHE_OK: it has its result. STREAMCACHE_REJECTED: it has a rejection. STREAMCACHE_FILL: it is this batch's
   * to compute. STREAMCACHE_PENDING: another caller computes it. STREAMCACHE_DUPLICATE: an earlier item has its key,
   * and it will have its result (never where nothing is shared, as with STREAMCACHE_BYPASS). STREAMCACHE_ENDED: its
   * ticket, or that of the earlier item, was aborted.
   */
  streamcache_status status;
  /** For STREAMCACHE_DUPLICATE the index of the first item with this key, else the item's own. */
  uint32_t same_as;
  /** The result or the rejection, borrowed from the batch; NULL otherwise. */
  streamcache_value *value;
  /** The ticket of STREAMCACHE_FILL, borrowed from the batch; NULL otherwise. */
  streamcache_ticket *ticket;
} streamcache_batch_item;

/**
 * Looks up the results of many chunks under the present state, without waiting for anyone who computes: each shard is
 * locked once for each 256 of its chunks, and what memory has not is read from the stores behind it all at once, for as
 * long as one lookup. What is missing shrinks to one ticket for each distinct key. With STREAMCACHE_BYPASS, and
 * of a filter that is not deterministic, nothing is shared: each item has a ticket of its own, also where several have
 * the same key.
 *
 * Borrows everything for the call; `*batch` receives the batch, for streamcache_batch_free(). Threads: any.
 * @param[in]  filter the filter
 * @param[in]  chunks their digests, `count` of them; NULL only with count 0
 * @param[in]  count how many, at most 2^20
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE; with STREAMCACHE_NO_WAIT
 *             no store behind memory is read
 * @param[out] batch the batch; NULL on failure
 * @retval STREAMCACHE_OK done: see streamcache_batch_get_items()
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, too many chunks, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_begin_batch(streamcache_filter *filter,
                                                  const streamcache_digest *chunks,
                                                  size_t count,
                                                  uint32_t flags,
                                                  streamcache_batch **batch);

/**
 * Digests many chunks and looks them up: streamcache_digest_chunks() and streamcache_filter_begin_batch() in one.
 *
 * Borrows everything for the call; `*batch` receives the batch, for streamcache_batch_free(). Threads: any.
 * @param[in]  filter the filter
 * @param[in]  chunks the chunks, `count` of them; NULL only with count 0
 * @param[in]  count how many, at most 2^20
 * @param[in]  flags as streamcache_filter_begin_batch() has them
 * @param[out] batch the batch; NULL on failure
 * @retval STREAMCACHE_OK done: see streamcache_batch_get_items()
 * @retval STREAMCACHE_NO_STATE no state was loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, too many chunks, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_begin_batch_bytes(streamcache_filter *filter,
                                                        const streamcache_buffer *chunks,
                                                        size_t count,
                                                        uint32_t flags,
                                                        streamcache_batch **batch);

/**
 * Frees a batch: its open tickets are aborted, and its borrowed values are its no more.
 *
 * Takes `batch`; NULL is fine. Threads: any, but no other may still use it. Never fails, never waits.
 * @param[in] batch the batch, or NULL
 * @since 0.1.0
 */
void streamcache_batch_free(streamcache_batch *batch);

/**
 * How many chunks a batch has.
 *
 * Borrows `batch`. Threads: any.
 * @param[in] batch the batch; NULL answers 0
 * @return how many
 * @since 0.1.0
 */
size_t streamcache_batch_get_count(const streamcache_batch *batch);

/**
 * Writes the items as they stand now, in the order of the chunks.
 *
 * Borrows everything for the call; values and tickets in the items are the batch's, until it is freed (retain those
 * that are to live longer). Threads: any.
 * @param[in]  batch the batch
 * @param[out] items where to; NULL only with capacity 0
 * @param[in]  item_size sizeof(streamcache_batch_item), which is how far apart they are; one of an older header is filled
 *             as far as it goes, and what is unknown here is 0 in one of a newer header
 * @param[in]  capacity how many items fit
 * @param[out] count how many there are; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_BUFFER_TOO_SMALL there are more: as many as fit were written
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a wrong item_size
 * @since 0.1.0
 */
streamcache_status streamcache_batch_get_items(const streamcache_batch *batch,
                                               streamcache_batch_item *items,
                                               size_t item_size,
                                               size_t capacity,
                                               size_t *count);

/**
 * Waits for what other callers compute. Compute and commit this batch's own items first: others may wait for them.
 *
 * Borrows `batch`. Threads: any; a wait holds no lock.
 * @param[in] batch the batch
 * @param[in] timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
 * @retval STREAMCACHE_OK nothing is pending any more
 * @retval STREAMCACHE_FILL the owner of an item gave up, and it is this batch's to compute now, even if others are
 *         pending: see streamcache_batch_get_items(), commit it, and wait again
 * @retval STREAMCACHE_BUSY the time was up
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL batch
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_batch_wait(streamcache_batch *batch,
                                          uint32_t timeout_ms);

/**
 * Publishes the results of this batch's own items from one buffer, as a model that ran over them leaves it: row r is at
 * `data + r * stride`. Each row is copied once, and given to those who wait.
 *
 * Borrows everything for the call. Threads: any. Locks one shard at a time, once for each row.
 * @param[in]  batch the batch
 * @param[in]  items the index of each row's item, which must be STREAMCACHE_FILL; NULL for all of those, in order
 * @param[in]  count how many rows; with items NULL it must be the number of those items
 * @param[in]  data the rows
 * @param[in]  stride bytes from one row to the next, at least `len`
 * @param[in]  len bytes of a row
 * @param[in]  options NULL for none; tensors and blob are every row's, and compute_ns of one row: where it is 0, the
 *             time since the batch began, or since its last commit, is shared by these rows
 * @param[out] stored how many were stored, also on failure; NULL if not wanted
 * @retval STREAMCACHE_OK done: these items, and those of the same keys, have their results now
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an item that is not this batch's to compute or comes twice, a
 *         wrong count, a stride below `len`, or wrong options: nothing was committed. Or another thread was in a call
 *         on one of these tickets at that moment: the rows before it are committed, see `stored`
 * @retval STREAMCACHE_ENDED another thread committed or aborted one of these tickets; the rows before it are committed
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the rows before are committed, the others stay open
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_batch_commit(streamcache_batch *batch,
                                            const uint32_t *items,
                                            size_t count,
                                            const void *data,
                                            size_t stride,
                                            size_t len,
                                            const streamcache_put_options *options,
                                            size_t *stored);

/* ---- Stream ------------------------------------------------------------------------------------------------------ */

/** A stream: a filter whose recurrent state evolves chunk by chunk. Any thread, one step at a time; reference-counted. */
typedef struct streamcache_stream streamcache_stream;

/**
 * Opens a stream at an initial recurrent state. A step's key names the state it begins with, by content: a hit is the
 * same chunk from the same state. So a stream hits where it replays what was computed from a reset, and an endless live
 * one never does.
 *
 * Borrows everything for the call; `*stream` receives one reference, for streamcache_stream_release(). It keeps the
 * filter alive, and pins the trained state the filter has now until a reset. Threads: any. Copies `state`, which is
 * charged to the budget and never evicted: of many streams from one initial state, open one and fork it.
 * @param[in]  filter the filter
 * @param[in]  state the recurrent state, `len` bytes (often zeros); NULL only with length 0
 * @param[in]  len how many bytes
 * @param[out] stream the stream; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE the filter's trained state was not loaded
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_NO_SPACE the state doesn't fit into max_bytes
 * @retval STREAMCACHE_NO_MEMORY the allocator refused
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_open(streamcache_filter *filter,
                                           const void *state,
                                           size_t len,
                                           streamcache_stream **stream,
                                           streamcache_error **error);

/**
 * Adds a reference.
 *
 * The caller owns one more, for streamcache_stream_release(). Threads: any.
 * @param[in] stream the stream
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_stream_retain(streamcache_stream *stream);

/**
 * Drops a reference. A ticket of the stream's may outlive it: its commit is stored.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] stream the stream, or NULL
 * @since 0.1.0
 */
void streamcache_stream_release(streamcache_stream *stream);

/**
 * Looks up what the next chunk gives from the stream's present state.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(), and `*ticket` one,
 * for streamcache_ticket_release(). Threads: any; a wait holds no lock. Locks one shard; copies nothing.
 * @param[in]  stream the stream
 * @param[in]  chunk the chunk's digest
 * @param[in]  timeout_ms how long to wait for another caller's computation of the same step; 0 not at all,
 *             STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
 * @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _NO_WAIT, _MEMORY_ONLY, _NO_REMOTE
 * @param[out] value the output; NULL otherwise
 * @param[out] ticket the right to compute the step; NULL otherwise
 * @retval STREAMCACHE_OK a hit: the stream has moved on
 * @retval STREAMCACHE_FILL yours to compute, from streamcache_ticket_get_step_state(); then
 *         streamcache_ticket_commit_step(), which moves the stream on, or abort, which leaves it where it is
 * @retval STREAMCACHE_BYPASSED the stream's state is unknown, so nothing was looked up. The engine computes from a state
 *         of its own; a committed output is not stored, and a committed next state is the stream's from then on
 * @retval STREAMCACHE_BUSY another caller computes it, and the time was up; or this stream's last ticket is still open
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an unknown flag or STREAMCACHE_PEEK
 * @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
 * @since 0.1.0
 */
streamcache_status streamcache_stream_begin(streamcache_stream *stream,
                                            const streamcache_digest *chunk,
                                            uint32_t timeout_ms,
                                            uint32_t flags,
                                            streamcache_value **value,
                                            streamcache_ticket **ticket);

/**
 * Leases the recurrent state the stream is at. A step under way is computed from its ticket's,
 * streamcache_ticket_get_step_state(): the stream may have been reset since.
 *
 * Borrows everything for the call; `*value` receives one reference, for streamcache_value_release(). Threads: any.
 * @param[in]  stream the stream
 * @param[out] value the state; NULL on failure; NULL if not wanted
 * @param[out] state its content digest; NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE it is unknown
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL stream
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_get_state(const streamcache_stream *stream,
                                                streamcache_value **value,
                                                streamcache_digest *state);

/**
 * Goes back to position 0, at a given state or the initial one, under the trained state the filter has now. What an open
 * ticket of this stream commits is stored, and moves nothing any more.
 *
 * Borrows everything for the call. Threads: any. Copies `state`, which is charged to the budget.
 * @param[in]  stream the stream
 * @param[in]  state the recurrent state, `len` bytes; NULL with length 0 for the initial one, a pointer and length 0 for
 *             an empty one
 * @param[in]  len how many bytes
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_NO_SPACE the state doesn't fit into max_bytes; the stream stays where it is
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the stream stays where it is
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_reset(streamcache_stream *stream,
                                            const void *state,
                                            size_t len,
                                            streamcache_error **error);

/**
 * Tells a stream that the engine went on without it: its state is unknown, and streamcache_stream_begin() answers
 * STREAMCACHE_BYPASSED until a reset or the commit of a next state.
 *
 * Borrows `stream`. Threads: any.
 * @param[in] stream the stream
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_forget(streamcache_stream *stream);

/**
 * Opens another stream at the same place, with the same initial state and the same pinned trained state.
 *
 * Borrows `stream`; `*fork` receives one reference, for streamcache_stream_release(). Threads: any. Copies nothing.
 * @param[in]  stream the stream
 * @param[out] fork the other one; NULL on failure
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_fork(const streamcache_stream *stream,
                                           streamcache_stream **fork);

/**
 * How many chunks a stream has gone since it was opened or reset.
 *
 * Borrows everything for the call. Threads: any.
 * @param[in]  stream the stream
 * @param[out] position how many
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_get_position(const streamcache_stream *stream,
                                                   uint64_t *position);

/**
 * Names a stream's place: streams with equal digests give equal outputs from here on. It is made of the filter and the
 * recurrent state, whatever led there; see docs/keys.md.
 *
 * Borrows everything for the call. Threads: any.
 * @param[in]  stream the stream
 * @param[out] digest the place's
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_NO_STATE the stream's state is unknown
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_stream_get_digest(const streamcache_stream *stream,
                                                 streamcache_digest *digest);

/* ---- Tier: the disk, and a store that a fleet shares ------------------------------------------------------------- */

/** Where a result came from. */
typedef int32_t streamcache_tier;

/** The counters and gauges of one tier behind memory. */
typedef struct streamcache_tier_stats {
  /** In: sizeof(streamcache_tier_stats). Out: the bytes that were filled in. */
  size_t struct_size;
  /** Lookups it was asked for, and had. */
  uint64_t hits;
  /** Lookups it was asked for, and had not, or not in time. */
  uint64_t misses;
  /** Results that did not check (damaged, another secret's, expired, another format's), each a miss. */
  uint64_t refused;
  /** Results written. */
  uint64_t written;
  /** Results not written, for want of room in the queue or of time to drain it. */
  uint64_t dropped;
  /** Results not written because they were removed, purged or replaced before. */
  uint64_t superseded;
  /** Writes given up, and calls that failed. */
  uint64_t faults;
  /** Results that wait to be written. */
  uint64_t pending;
  /** Bytes of memory that they keep, part of the cache's bytes. */
  uint64_t pending_bytes;
  /** Results it has; 0 where it doesn't know. */
  uint64_t entries;
  /** Bytes it uses; 0 where it doesn't know. */
  uint64_t bytes;
  /** Their limit; 0 where it doesn't know. */
  uint64_t max_bytes;
  /** Results given up for others by this process. */
  uint64_t evictions;
  /** 1 while it is not asked, after faults; the stats as JSON say why. */
  uint64_t is_resting;
  /** Results not written because they are larger than it takes. */
  uint64_t too_large;
} streamcache_tier_stats;

/** From no store: it was computed in this process. */
#define STREAMCACHE_TIER_MEMORY 0

/** From the disk. */
#define STREAMCACHE_TIER_DISK 1

/** From the remote store. */
#define STREAMCACHE_TIER_REMOTE 2

/**
 * Reads a tier's counters and gauges.
 *
 * Borrows everything for the call. Threads: any. Reads one row of the store on disk.
 * @param[in]     cache the cache
 * @param[in]     tier STREAMCACHE_TIER_DISK or _REMOTE
 * @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_MISS the cache has no such tier; nothing was filled in
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, no such tier, or a struct_size below sizeof(size_t)
 * @since 0.1.0
 */
streamcache_status streamcache_cache_get_tier_stats(const streamcache_cache *cache,
                                                    streamcache_tier tier,
                                                    streamcache_tier_stats *stats);

/**
 * Waits until every result that was put before is written behind, or given up: before a process that is done exits, or
 * another is to find them.
 *
 * Borrows `cache`. Threads: any. Waits.
 * @param[in] cache the cache
 * @param[in] timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
 * @retval STREAMCACHE_OK done, or there is no tier
 * @retval STREAMCACHE_TIMEOUT the time was up; what is left is still being written
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_flush(streamcache_cache *cache,
                                           uint32_t timeout_ms);

/**
 * Which tier a result came from when it entered this process's memory. Later hits in memory answer the same.
 *
 * Borrows `value`. Threads: any. Copies nothing, locks nothing.
 * @param[in] value the value; NULL answers STREAMCACHE_TIER_MEMORY
 * @return STREAMCACHE_TIER_MEMORY: it was computed in this process; _DISK, _REMOTE: another time, or elsewhere
 * @since 0.1.0
 */
streamcache_tier streamcache_value_get_tier(const streamcache_value *value);

/**
 * Sets the directory where results outlive the process, made if it isn't there; other processes of this host and user
 * may share it. A cache that has one starts threads of its own. Default: none.
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] directory its path in UTF-8, need not be NUL-terminated; of length 0 for none
 * @param[in] len bytes of `directory`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that is not UTF-8
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_disk_directory(streamcache_options *options,
                                                          const char *directory,
                                                          size_t len);

/**
 * Sets the hard limit on the database on disk and its log together. It belongs to the store: whoever opens it with a
 * limit sets it for all. Default: the store's own, 1 GiB for a new one.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] max_bytes bytes, 4 MiB or more; 0 for the store's own limit
 * @retval STREAMCACHE_OK done; a limit that is too small is refused by streamcache_cache_open()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_disk_max_bytes(streamcache_options *options,
                                                          uint64_t max_bytes);

/**
 * Sets whether the directory may be on a network file system, where only one host may use it. Default: 0.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] allow 1 to allow it, 0 to refuse it
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or neither 0 nor 1
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_disk_allow_network(streamcache_options *options, int32_t allow);

/**
 * Adds a Redis or Valkey server that a fleet shares: redis://[user:password@]host[:port][/database], rediss:// for the
 * same under TLS, unix:///path for a socket. Several are nodes of one cluster. Default: none.
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] url UTF-8, need not be NUL-terminated
 * @param[in] len bytes of `url`
 * @retval STREAMCACHE_OK done; a URL that can't be one is refused by streamcache_cache_open()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a URL that is not UTF-8 or has length 0
 * @since 0.1.0
 */
streamcache_status streamcache_options_add_remote_url(streamcache_options *options,
                                                      const char *url,
                                                      size_t len);

/**
 * Sets what the name of every entry in the remote store begins with, before the key in hexadecimal digits. Default:
 * "streamcache:".
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] prefix UTF-8, need not be NUL-terminated; NULL only with length 0
 * @param[in] len bytes of `prefix`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a prefix that is not UTF-8
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_remote_prefix(streamcache_options *options,
                                                         const char *prefix,
                                                         size_t len);

/**
 * Sets how long the remote store keeps a result, unless its own time to live is over before. Default: 7 days.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] ttl_ms milliseconds, 1 or more
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_remote_ttl_ms(streamcache_options *options, uint64_t ttl_ms);

/**
 * Sets which results stay local because they are larger; the same for all who share a server. Default: 1 MiB.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] max_value_bytes bytes, 1 or more
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_remote_max_value_bytes(streamcache_options *options,
                                                                  uint64_t max_value_bytes);

/**
 * Sets how long a lookup waits for the remote store, all in all. Default: 50 ms.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] timeout_ms milliseconds, 1 to 60000
 * @retval STREAMCACHE_OK done; one that is too long is refused by streamcache_cache_open()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or 0
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_remote_timeout_ms(streamcache_options *options,
                                                             uint32_t timeout_ms);

/**
 * Sets the file of certificates, in PEM, of those who may vouch for a server. Default: the system's.
 *
 * Borrows everything for the call. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] file its path in UTF-8, need not be NUL-terminated; of length 0 for the system's
 * @param[in] len bytes of `file`
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that is not UTF-8
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_remote_ca_file(streamcache_options *options,
                                                          const char *file,
                                                          size_t len);

/**
 * Sets how much may wait to be written, for each tier, before what is put is not written, and counted as dropped: a
 * sixteenth of max_bytes or 65,536 results is enough for that, too. The last one admitted may be larger than what was left.
 * One batch of them, up to 4 MiB or one result of any size, is copied outside the budget while it is written. Default:
 * 64 MiB.
 *
 * Borrows `options`. Threads: one at a time.
 * @param[in,out] options the options
 * @param[in] max_bytes bytes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_options_set_write_behind_max_bytes(streamcache_options *options,
                                                                  uint64_t max_bytes);

/* ---- Transfer: results carried in a file ------------------------------------------------------------------------- */

/** An export or import under way, on a thread of the library's own. Any thread, any time. */
typedef struct streamcache_transfer streamcache_transfer;

/** How far an export or import is. */
typedef struct streamcache_transfer_progress {
  /** In: sizeof(streamcache_transfer_progress). Out: the bytes that were filled in. */
  size_t struct_size;
  /** Results exported or imported so far. */
  uint64_t entries;
  /** Bytes of the file written or read so far. */
  uint64_t bytes;
  /** How many these will be; 0 where it is not known, for an export. */
  uint64_t total_bytes;
  /**
   * Of an export, results that can't leave memory: device memory, rejections, a stream's steps with their next states.
   * Of an import, results that memory had already, and those forgotten since it began.
   */
  uint64_t left_out;
  /** Results that did not check: damaged, expired, or sealed with another secret. */
  uint64_t refused;
  /**
   * Results for which an import found no room in memory; the disk and the remote store get them all the same, unless
   * they are longer than max_bytes.
   */
  uint64_t not_stored;
} streamcache_transfer_progress;

/**
 * Begins to write all results to a file, for streamcache_cache_import() in another process or on another machine: those
 * in memory, and those on disk that memory hasn't. What other threads put meanwhile may be in it or not. The file is
 * readable for this user alone. It is there when it is whole, in place of an older one; until then it has another name
 * beside it, which an export that fails, or is cancelled, removes. Results are sealed as the disk has them: with the
 * cache's secret, if it has one.
 *
 * Borrows everything for the call; `*transfer` receives one reference, for streamcache_transfer_release(). Threads: any.
 * Starts a thread, which locks one shard at a time.
 * @param[in]  cache the cache
 * @param[in]  path the file's path, need not be NUL-terminated
 * @param[in]  path_len bytes of `path`
 * @param[out] transfer the export under way; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK it began: see streamcache_transfer_wait()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a path that names no file
 * @retval STREAMCACHE_IO there is no such directory, or it is not writable
 * @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_export(streamcache_cache *cache,
                                            const char *path,
                                            size_t path_len,
                                            streamcache_transfer **transfer,
                                            streamcache_error **error);

/**
 * Begins to read the results in a file that streamcache_cache_export() wrote into memory, and behind it into the disk and
 * the remote store. Each is proved first; what does not check is left out and counted. What memory has under the same key
 * stays, and what is removed or purged from now on does not come back. streamcache_value_get_tier() calls them computed
 * here. A file that is cut off or damaged is an error of streamcache_transfer_wait(); what was imported until then stays.
 *
 * Borrows everything for the call; `*transfer` receives one reference, for streamcache_transfer_release(). Threads: any.
 * Starts a thread, which locks one shard at a time.
 * @param[in]  cache the cache: with the secret and the namespace of the one that wrote the file
 * @param[in]  path the file's path, need not be NUL-terminated
 * @param[in]  path_len bytes of `path`
 * @param[out] transfer the import under way; NULL on failure
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK it began: see streamcache_transfer_wait()
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_IO no such file, not a regular file, or not readable
 * @retval STREAMCACHE_NO_MEMORY the allocator refused, or a thread can't be started
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_cache_import(streamcache_cache *cache,
                                            const char *path,
                                            size_t path_len,
                                            streamcache_transfer **transfer,
                                            streamcache_error **error);

/**
 * Reads how far a transfer is.
 *
 * Borrows everything for the call. Threads: any. Never waits.
 * @param[in]     transfer the transfer
 * @param[in,out] progress set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
 * @since 0.1.0
 */
streamcache_status streamcache_transfer_get_progress(const streamcache_transfer *transfer,
                                                     streamcache_transfer_progress *progress);

/**
 * Waits for a transfer's end, and says how it ended; with a timeout of 0 whether it has. It can be asked again.
 *
 * Borrows `transfer`. Threads: any. Waits.
 * @param[in]  transfer the transfer
 * @param[in]  timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
 * @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
 * @retval STREAMCACHE_OK all of it is done
 * @retval STREAMCACHE_TIMEOUT the time was up; it goes on
 * @retval STREAMCACHE_CANCELLED it was told to stop; what was imported stays, an export left nothing behind
 * @retval STREAMCACHE_IO the file can't be written or read, or is damaged; as above
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; as above
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed meanwhile; as above
 * @since 0.1.0
 */
streamcache_status streamcache_transfer_wait(streamcache_transfer *transfer,
                                             uint32_t timeout_ms,
                                             streamcache_error **error);

/**
 * Tells a transfer to stop. It ends soon: see streamcache_transfer_wait(). After its end this does nothing.
 *
 * Borrows `transfer`. Threads: any. Never waits.
 * @param[in] transfer the transfer
 * @retval STREAMCACHE_OK told
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @since 0.1.0
 */
streamcache_status streamcache_transfer_cancel(streamcache_transfer *transfer);

/**
 * Drops the reference. A transfer that is under way is cancelled.
 *
 * Takes one reference; NULL is fine. Threads: any. Never fails, never waits.
 * @param[in] transfer the transfer, or NULL
 * @since 0.1.0
 */
void streamcache_transfer_release(streamcache_transfer *transfer);

/* ---- Filter: states that outlive the process --------------------------------------------------------------------- */

/**
 * Queues the present state's bytes for the disk and the remote store, where streamcache_filter_restore_state() finds them
 * by the state's digest, also in another process: a restarted engine has its state without the file it came from. They
 * are written as results are: streamcache_cache_flush() waits for it, and a state that is longer than a store takes (the
 * remote one's remote_max_value_bytes) is not there. Stores give it up for others as they do a result.
 *
 * Borrows `filter`. Threads: any. Copies nothing here; the state is leased until it is written.
 * @param[in] filter the filter
 * @retval STREAMCACHE_OK queued
 * @retval STREAMCACHE_MISS only its digest is known
 * @retval STREAMCACHE_NO_STATE none was loaded
 * @retval STREAMCACHE_NO_SPACE not queued: too much waits to be written, or it is longer than any store takes
 * @retval STREAMCACHE_NOT_SUPPORTED the cache has neither a disk nor a remote store
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_save_state(streamcache_filter *filter);

/**
 * Loads the state of this digest that streamcache_filter_save_state() saved, in this or another process: copied, digested
 * once more, charged to the budget, as streamcache_filter_load_state() does.
 *
 * Borrows everything for the call. Threads: any; loads of one filter wait for each other, lookups never do. Reads the
 * disk, and waits for the remote store as a lookup does.
 * @param[in] filter the filter
 * @param[in] state the digest of its bytes, see streamcache_digest_state()
 * @retval STREAMCACHE_OK done, or it was the present one
 * @retval STREAMCACHE_MISS no store has it, or not in time; the old state stays
 * @retval STREAMCACHE_NO_SPACE it doesn't fit into max_bytes; the old state stays
 * @retval STREAMCACHE_NO_MEMORY the allocator refused; the old state stays
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
 * @retval STREAMCACHE_CLOSED the cache was closed
 * @since 0.1.0
 */
streamcache_status streamcache_filter_restore_state(streamcache_filter *filter,
                                                    const streamcache_digest *state);

/* ---- Stats ------------------------------------------------------------------------------------------------------- */

/**
 * The counters and gauges of one cache. Each is exact; they are read one after another, so under load two of them may
 * be microseconds apart.
 */
typedef struct streamcache_cache_stats {
  /** In: sizeof(streamcache_cache_stats). Out: the bytes that were filled in. */
  size_t struct_size;
  /** Lookups, each counted once: the sum of hits, misses, coalesced, bypassed and rejected. Peeks are not counted. */
  uint64_t lookups;
  /** Lookups that found their result. */
  uint64_t hits;
  /** Lookups that did not. */
  uint64_t misses;
  /** Lookups that got the result another caller was computing, or reading from a store. */
  uint64_t coalesced;
  /** Lookups that were told not to look: STREAMCACHE_BYPASS, _REFRESH, and every one of a non-deterministic filter. */
  uint64_t bypassed;
  /** Lookups that found a rejection. */
  uint64_t rejected;
  /** Answers of STREAMCACHE_BUSY, and STREAMCACHE_PENDING: no lookups yet. */
  uint64_t busy;
  /** Misses whose result was there with its time to live over, part of misses. */
  uint64_t expired;
  /** Results stored, replacements included. */
  uint64_t puts;
  /** Results given up for others. */
  uint64_t evictions;
  /** Puts that could not be stored. */
  uint64_t not_stored;
  /** Results stored now. */
  uint64_t entries;
  /** Their limit. */
  uint64_t max_chunks;
  /**
   * Bytes charged now: results, leased ones even after their eviction, states and index. Above max_bytes only
   * after that was lowered, until leases and states are released.
   */
  uint64_t bytes;
  /** Their limit. */
  uint64_t max_bytes;
  /** Bytes of values that were not stored and live with their callers, outside the limit. */
  uint64_t detached_bytes;
  /**
   * Bytes of results that were evicted, replaced or purged and are still leased, and of open tickets' buffers, part of
   * bytes.
   */
  uint64_t leased_bytes;
  /** Bytes of states, part of bytes. */
  uint64_t state_bytes;
  /** Computations under way: tickets that are open. */
  uint64_t open_tickets;
  /** Milliseconds since the oldest of them was given. */
  uint64_t oldest_ticket_ms;
  /** Nanoseconds of computation that hits saved, from compute_ns of their puts, or as their tickets measured it. */
  uint64_t time_saved_ns;
} streamcache_cache_stats;

/** What the calls of one filter handle and its snapshots counted. Peeks are not counted. */
typedef struct streamcache_filter_stats {
  /** In: sizeof(streamcache_filter_stats). Out: the bytes that were filled in. */
  size_t struct_size;
  /** Lookups, each counted once: the sum of hits, misses, coalesced, bypassed and rejected. */
  uint64_t lookups;
  /** Lookups that found their result. */
  uint64_t hits;
  /** Lookups that did not. */
  uint64_t misses;
  /** Lookups that got the result another caller was computing, or reading from a store. */
  uint64_t coalesced;
  /** Lookups that were told not to look. */
  uint64_t bypassed;
  /** Lookups that found a rejection. */
  uint64_t rejected;
  /** Results stored. */
  uint64_t puts;
  /** Nanoseconds of computation that hits saved, from compute_ns of their puts, or as their tickets measured it. */
  uint64_t time_saved_ns;
} streamcache_filter_stats;

/** How stats are written as text. */
typedef int32_t streamcache_format;

/**
 * One JSON object: the cache's numbers by their names in streamcache_cache_stats ("unlimited" for no limit), its
 * "name", "filters", an object of the open filters' numbers by id, and "tiers", an object of those tiers it has, "disk"
 * and "remote": their numbers by their names in streamcache_tier_stats (null where a tier doesn't know), "refusals" by
 * reason, "resting", why it is not asked, and "last_fault", both null or a sentence.
 */
#define STREAMCACHE_FORMAT_JSON 1

/**
 * Prometheus' text format 0.0.4: streamcache_hits_total{cache="name"} and so on, and for the open filters
 * streamcache_filter_hits_total{cache="name",filter="id"} and so on, and for the tiers behind memory
 * streamcache_tier_hits_total{cache="name",tier="disk"} and so on. Time saved is in seconds.
 */
#define STREAMCACHE_FORMAT_PROMETHEUS 2

/**
 * Reads a cache's counters and gauges; they stay readable after streamcache_cache_close().
 *
 * Borrows everything for the call. Threads: any. Locks one shard at a time.
 * @param[in]     cache the cache
 * @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
 * @since 0.1.0
 */
streamcache_status streamcache_cache_get_stats(const streamcache_cache *cache,
                                               streamcache_cache_stats *stats);

/**
 * Reads the counters of one filter handle and its snapshots, also of a closed cache's.
 *
 * Borrows everything for the call. Threads: any. Locks nothing.
 * @param[in]     filter the filter
 * @param[in,out] stats set struct_size before the call; a smaller one, of an older header, is filled as far as it goes
 * @retval STREAMCACHE_OK done
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a struct_size below sizeof(size_t)
 * @since 0.1.0
 */
streamcache_status streamcache_filter_get_stats(const streamcache_filter *filter,
                                                streamcache_filter_stats *stats);

/**
 * Writes the stats of a cache, its open filters (handles of one id together) and its tiers as text, and a NUL.
 *
 * Borrows everything for the call. Threads: any. Locks one shard at a time; reads one row of the store on disk.
 * @param[in]  cache the cache
 * @param[in]  format STREAMCACHE_FORMAT_JSON or STREAMCACHE_FORMAT_PROMETHEUS
 * @param[out] buffer where to; NULL only with capacity 0
 * @param[in]  capacity bytes at `buffer`
 * @param[out] len bytes of the text without the NUL, also when it doesn't fit; it may grow until the next call
 * @retval STREAMCACHE_OK written
 * @retval STREAMCACHE_BUFFER_TOO_SMALL `*len` + 1 bytes are needed; nothing was written
 * @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown format
 * @since 0.1.0
 */
streamcache_status streamcache_cache_write_stats(const streamcache_cache *cache,
                                                 streamcache_format format,
                                                 char *buffer,
                                                 size_t capacity,
                                                 size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* STREAMCACHE_H */

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
 * immutable result; holding a reference to one is holding a lease. In formulas, keyed(k, x) is BLAKE3's keyed hash,
 * K_x its derive_key("streamcache v1 x"), and || joins fields of fixed length; docs/keys.md spells them out byte by byte.
 *
 * Threads. Every function may be called from any thread at any time ("Threads: any"), except on streamcache_options,
 * streamcache_error, streamcache_hasher and streamcache_barrier, which belong to one thread at a time. A handle must
 * not be released while another thread that holds no reference of its own still uses it. No function starts a thread,
 * installs a signal handler, reads an environment variable or prints.
 *
 * Ownership. Pointers passed in are borrowed for the call; what is stored is copied. Every `**out` receives one
 * reference on success, which the caller releases, and NULL otherwise. release and free take NULL: release gives back
 * a reference of what is counted (cache, filter, snapshot, value), free ends what has one owner (options, error). A
 * lease outlives eviction, purge, close and the cache itself, and handles may be released in any order.
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
 * Memory. max_bytes is a hard limit on results, leased values, states and index together. Beside it a cache uses a
 * fixed base: 64 KiB, 8 KiB a shard (at most 64), and 1 KiB a filter or snapshot handle. A value is charged
 * its size and 112 bytes, rounded up to 16 (from 4096 bytes on 64 more, for its content digest), its description, and
 * its slot in the index: 112 bytes (192 with LRU).
 *
 * Allocator. When it refuses what a result or a state needs (bytes, description, a place in the index) or a file's
 * buffer, the answer is STREAMCACHE_NO_MEMORY; the limits still hold and the next call works. Lookups, removals, purges
 * and releases need no memory. Rust ends the process when the allocator refuses one of these: a handle, options included,
 * and what a filter notes of a state it loads; text, which is JSON, stats, log messages and the words of an error; with
 * LRU the index, where it grows or shrinks; what is set up once, in the process by its first call, and in a thread by
 * its first load, snapshot or state of a filter and when it first waits for a lock.
 *
 * Swaps. A result must land under the state that computed it. Where another thread may load a state into a filter while
 * this one computes, take a streamcache_snapshot, lease its state, look up through it, compute, put through it.
 *
 * Fork. A child process has its parent's memory but only one of its threads; what the others held locked stays so. In
 * the child every function on a handle made before the fork answers STREAMCACHE_FORKED, and releasing one does nothing.
 * The child opens a cache of its own. Leases stay good: in the child their bytes are readable, and retain and release
 * work on its own copy. So does everything that takes no cache, filter or snapshot. Forks are noticed by
 * pthread_atfork, from the first streamcache_cache_open() on; after a _Fork(), vfork() or raw clone() nothing of the
 * library may be used.
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
 * Trouble. No hits: compare the keys that two lookups of one chunk return; if they differ, so do its bytes, the config
 * or the state. Fewer than expected: streamcache_cache_get_stats() has misses and, apart, evictions (raise max_bytes),
 * not_stored (one value is too large, or leases are kept), expired (the time to live) and bypassed. Memory that does
 * not shrink: leased_bytes are leases that nobody released. Wrong answers: something that changes them is not in the
 * config, see streamcache_digest_config_json().
 */
#ifndef STREAMCACHE_H
#define STREAMCACHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

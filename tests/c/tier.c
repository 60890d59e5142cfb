/* The memory tier: times to live, the flags of a call, removing, limits changed while in use, what is counted.
 *
 *     tier [SECONDS [MANY]]    how long limits move under load for each policy, and how many results are purged at once;
 *                              0: only what more than one thread does
 */
#include "common.h"

#include <malloc.h>
#include <pthread.h>
#include <time.h>

static const streamcache_policy policies[] = {STREAMCACHE_POLICY_S3FIFO, STREAMCACHE_POLICY_LRU, STREAMCACHE_POLICY_ADAPTIVE};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void pause_ms(long ms) {
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static streamcache_status look(streamcache_cache *cache, uint64_t number, uint32_t flags) {
    streamcache_digest key = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_cache_get_chunk(cache, &key, flags, &value);
    CHECK((value != NULL) == (status == STREAMCACHE_OK));
    streamcache_value_release(value);
    return status;
}

static streamcache_status put(streamcache_cache *cache, uint64_t number, size_t len, uint32_t flags) {
    static const unsigned char zeros[1 << 20];
    streamcache_digest key = digest_of(number);
    return streamcache_cache_put_chunk(cache, &key, zeros, len, flags, NULL, NULL);
}

/* Times to live */

static streamcache_cache *open_ttl(uint64_t ttl_ms) {
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    OK(streamcache_options_new(&options));
    OK(streamcache_options_set_ttl_ms(options, ttl_ms));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

static void put_ttl(streamcache_cache *cache, uint64_t number, uint64_t ttl_ms) {
    streamcache_put_options options = put_options();
    streamcache_digest key = digest_of(number);
    options.ttl_ms = ttl_ms;
    OK(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, &options, NULL));
}

enum { soon = 10, later = 3600 * 1000 };

static void a_result_lives_as_long_as_its_put_said(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1);
    streamcache_value *lease = NULL;
    streamcache_cache_stats stats;
    put_ttl(cache, 1, soon);
    put_ttl(cache, 2, later);
    put_ttl(cache, 3, 0);
    (void)streamcache_cache_get_chunk(cache, &key, STREAMCACHE_PEEK, &lease);
    pause_ms(3 * soon);
    STATUS(look(cache, 1, STREAMCACHE_PEEK), STREAMCACHE_MISS);
    CHECK(stats_of(cache).expired == 0 && stats_of(cache).entries == 3); /* a peek changes nothing */
    STATUS(look(cache, 1, 0), STREAMCACHE_MISS);
    STATUS(look(cache, 1, 0), STREAMCACHE_MISS);
    OK(look(cache, 2, 0));
    OK(look(cache, 3, 0));
    stats = stats_of(cache);
    CHECK(stats.expired == 1 && stats.misses == 2 && stats.hits == 2 && stats.lookups == 4);
    CHECK(stats.entries == 2 && stats.evictions == 0); /* it left when it was found out */
    if (lease != NULL) CHECK(holds_text(lease, "v"));
    streamcache_value_release(lease);
    put_ttl(cache, 1, later); /* and may come back */
    OK(look(cache, 1, 0));
    put_ttl(cache, 1, soon); /* a put anew is a time anew, shorter as well */
    pause_ms(3 * soon);
    STATUS(look(cache, 1, 0), STREAMCACHE_MISS);
    streamcache_cache_release(cache);
}

static void a_cache_has_a_limit_that_no_put_exceeds(void) {
    streamcache_cache *brief = open_ttl(soon), *patient = open_ttl(later);
    put_ttl(brief, 1, 0);
    put_ttl(brief, 2, later);
    put_ttl(brief, 3, UINT64_MAX);
    OK(put(brief, 4, 1, 0));
    put_ttl(patient, 1, 0);
    put_ttl(patient, 2, soon);
    pause_ms(3 * soon);
    STATUS(look(brief, 1, 0), STREAMCACHE_MISS);
    STATUS(look(brief, 2, 0), STREAMCACHE_MISS);
    STATUS(look(brief, 3, 0), STREAMCACHE_MISS);
    STATUS(look(brief, 4, 0), STREAMCACHE_MISS);
    OK(look(patient, 1, 0));
    STATUS(look(patient, 2, 0), STREAMCACHE_MISS);
    CHECK(stats_of(brief).expired == 4 && stats_of(brief).entries == 0);
    streamcache_cache_release(brief);
    streamcache_cache_release(patient);
}

static void a_filters_results_live_as_long_as_they_should(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s");
    streamcache_put_options options = put_options();
    streamcache_digest chunk = digest_of(1);
    streamcache_value *value = NULL;
    options.ttl_ms = soon;
    OK(streamcache_filter_put(filter, &chunk, NULL, "v", 1, 0, &options, NULL));
    pause_ms(3 * soon);
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
    CHECK(filter_stats_of(filter).misses == 1 && stats_of(cache).expired == 1);
    STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_MISS);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

/* Flags */

static void a_peek_leaves_no_trace(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, 2, policy);
    /* Of two that were seen once, the adaptive policy keeps the one that was here first. */
    uint64_t goes = policy == STREAMCACHE_POLICY_ADAPTIVE ? 2 : 1, stays = 3 - goes;
    streamcache_cache_stats before, after;
    OK(put(cache, 1, 8, 0));
    OK(put(cache, 2, 8, 0));
    before = stats_of(cache);
    OK(look(cache, goes, STREAMCACHE_PEEK));
    STATUS(look(cache, 9, STREAMCACHE_PEEK), STREAMCACHE_MISS);
    STATUS(look(cache, goes, STREAMCACHE_PEEK | STREAMCACHE_BYPASS), STREAMCACHE_MISS);
    STATUS(look(cache, goes, STREAMCACHE_PEEK | STREAMCACHE_REFRESH), STREAMCACHE_MISS);
    OK(look(cache, goes, STREAMCACHE_PEEK | STREAMCACHE_READ_ONLY));
    after = stats_of(cache);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    OK(put(cache, 3, 8, 0)); /* its turn is still the same */
    STATUS(look(cache, goes, STREAMCACHE_PEEK), STREAMCACHE_MISS);
    OK(look(cache, stays, STREAMCACHE_PEEK));
    OK(look(cache, stays, 0)); /* a lookup does leave one */
    OK(put(cache, 4, 8, 0));
    OK(look(cache, stays, STREAMCACHE_PEEK));
    streamcache_cache_release(cache);
}

static void a_bypass_neither_looks_nor_stores(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(2);
    streamcache_value *value = NULL;
    streamcache_cache_stats stats;
    OK(put(cache, 1, 8, 0));
    STATUS(look(cache, 1, STREAMCACHE_BYPASS), STREAMCACHE_MISS);
    STATUS(put(cache, 2, 8, STREAMCACHE_BYPASS), STREAMCACHE_NOT_STORED);
    STATUS(streamcache_cache_put_chunk(cache, &key, "mine", 4, STREAMCACHE_BYPASS, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds_text(value, "mine") && stats_of(cache).detached_bytes > 0);
    streamcache_value_release(value);
    STATUS(look(cache, 2, 0), STREAMCACHE_MISS);
    OK(look(cache, 1, 0));
    stats = stats_of(cache);
    CHECK(stats.bypassed == 1 && stats.misses == 1 && stats.hits == 1 && stats.lookups == 3 && stats.puts == 1 && stats.entries == 1);
    CHECK(streamcache_cache_hit_rate(cache) == 0.5); /* of those that looked */
    streamcache_cache_release(cache);
}

static void a_refresh_replaces(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1);
    streamcache_value *old = NULL, *value = NULL;
    OK(streamcache_cache_put_chunk(cache, &key, "old", 3, 0, NULL, &old));
    STATUS(streamcache_cache_get_chunk(cache, &key, STREAMCACHE_REFRESH, &value), STREAMCACHE_MISS);
    CHECK(value == NULL && stats_of(cache).bypassed == 1 && stats_of(cache).misses == 0);
    OK(streamcache_cache_put_chunk(cache, &key, "new", 3, STREAMCACHE_REFRESH, NULL, NULL));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(holds_text(value, "new") && holds_text(old, "old"));
    streamcache_value_release(value);
    streamcache_value_release(old);
    streamcache_cache_release(cache);
}

static void read_only_looks_and_does_not_store(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    OK(streamcache_cache_put_chunk(cache, &key, "old", 3, 0, NULL, NULL));
    OK(look(cache, 1, STREAMCACHE_READ_ONLY));
    STATUS(look(cache, 2, STREAMCACHE_READ_ONLY), STREAMCACHE_MISS);
    STATUS(put(cache, 2, 8, STREAMCACHE_READ_ONLY), STREAMCACHE_NOT_STORED);
    STATUS(streamcache_cache_put_chunk(cache, &key, "new", 3, STREAMCACHE_READ_ONLY, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds_text(value, "new"));
    streamcache_value_release(value);
    STATUS(put(cache, 2, 8, STREAMCACHE_READ_ONLY | STREAMCACHE_REFRESH), STREAMCACHE_NOT_STORED);
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(holds_text(value, "old") && stats_of(cache).entries == 1);
    streamcache_value_release(value);
    CHECK(stats_of(cache).hits == 2 && stats_of(cache).misses == 1 && stats_of(cache).bypassed == 0);
    streamcache_cache_release(cache);
}

/* The same flags through a filter and its snapshot, and a filter that is one big bypass. */
static void a_non_deterministic_filter_bypasses_always(void) {
    static const uint32_t flags[] = {0, STREAMCACHE_PEEK, STREAMCACHE_BYPASS, STREAMCACHE_REFRESH, STREAMCACHE_READ_ONLY};
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = NULL, *twin = NULL;
    streamcache_snapshot *snapshot = NULL;
    streamcache_digest config = digest_of(5), chunk = digest_of(1), key;
    streamcache_value *value = NULL;
    size_t i, len = 77;
    char buffer[8];
    OK(streamcache_filter_open(cache, "dice", 4, &config, STREAMCACHE_FILTER_NONDETERMINISTIC, &filter, NULL));
    OK(streamcache_filter_open(cache, "table", 5, &config, 0, &twin, NULL));
    OK(streamcache_filter_load_state(filter, "s", 1, NULL));
    OK(streamcache_filter_load_state(twin, "s", 1, NULL));
    OK(streamcache_filter_snapshot(filter, &snapshot));
    OK(streamcache_filter_put(twin, &chunk, NULL, "fixed", 5, 0, NULL, NULL)); /* the same key */
    for (i = 0; i < 5; i++) {
        STATUS(streamcache_filter_get(filter, &chunk, flags[i], &value, &key), STREAMCACHE_MISS);
        STATUS(streamcache_snapshot_get(snapshot, &chunk, flags[i], &value, NULL), STREAMCACHE_MISS);
        STATUS(streamcache_filter_get_into(filter, &chunk, flags[i], buffer, sizeof buffer, &len, NULL), STREAMCACHE_MISS);
        if (flags[i] == STREAMCACHE_PEEK) continue;
        STATUS(streamcache_filter_put(filter, &chunk, &key, "dice", 4, flags[i], NULL, &value), STREAMCACHE_NOT_STORED);
        CHECK(holds_text(value, "dice"));
        streamcache_value_release(value);
        STATUS(streamcache_snapshot_put(snapshot, &chunk, "dice", 4, flags[i], NULL, NULL), STREAMCACHE_NOT_STORED);
    }
    CHECK(filter_stats_of(filter).bypassed == 12 && filter_stats_of(filter).lookups == 12 && filter_stats_of(filter).puts == 0);
    CHECK(stats_of(cache).bypassed == 12 && stats_of(cache).lookups == 12 && stats_of(cache).entries == 1);
    OK(streamcache_filter_get(twin, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "fixed"));
    streamcache_value_release(value);
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(filter);
    streamcache_filter_release(twin);
    streamcache_cache_release(cache);
}

/* Removing */

static void remove_forgets_one(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, STREAMCACHE_UNLIMITED, policy);
    streamcache_digest key = digest_of(1);
    streamcache_value *lease = NULL;
    uint64_t i, empty = stats_of(cache).bytes;
    OK(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, &lease));
    OK(put(cache, 2, 8, 0));
    OK(streamcache_cache_remove_chunk(cache, &key));
    STATUS(streamcache_cache_remove_chunk(cache, &key), STREAMCACHE_MISS);
    STATUS(look(cache, 1, 0), STREAMCACHE_MISS);
    OK(look(cache, 2, 0));
    CHECK(holds_text(lease, "v") && stats_of(cache).leased_bytes > 0 && stats_of(cache).evictions == 0);
    streamcache_value_release(lease);
    CHECK(stats_of(cache).leased_bytes == 0);
    for (i = 0; i < 3000; i++) OK(put(cache, i, 8, 0));
    for (i = 0; i < 3000; i++) {
        key = digest_of(i);
        OK(streamcache_cache_remove_chunk(cache, &key));
    }
    CHECK(stats_of(cache).entries == 0 && stats_of(cache).bytes == empty); /* the index gives its memory back, too */
    streamcache_cache_release(cache);
}

static uint64_t present(streamcache_filter *filter, uint64_t first, uint64_t count) {
    uint64_t i, found = 0;
    for (i = first; i < first + count; i++) {
        streamcache_digest chunk = digest_of(i);
        streamcache_value *value = NULL;
        if (streamcache_filter_get(filter, &chunk, STREAMCACHE_PEEK, &value, NULL) == STREAMCACHE_OK) found++;
        streamcache_value_release(value);
    }
    return found;
}

static void fill(streamcache_filter *filter, uint64_t first, uint64_t count) {
    uint64_t i;
    for (i = first; i < first + count; i++) {
        streamcache_digest chunk = digest_of(i), key;
        streamcache_value *value = NULL;
        (void)streamcache_filter_get(filter, &chunk, 0, &value, &key);
        streamcache_value_release(value);
        OK(streamcache_filter_put(filter, &chunk, &key, &i, sizeof i, 0, NULL, NULL));
    }
}

static void load(streamcache_filter *filter, const char *state) { OK(streamcache_filter_load_state(filter, state, strlen(state), NULL)); }

static void purge_and_retire(streamcache_policy policy) {
    enum { n = 5000 }; /* more than one hold of a lock looks at */
    streamcache_cache *cache = open_policy(PLENTY, STREAMCACHE_UNLIMITED, policy);
    streamcache_filter *filter = open_filter(cache, "f", NULL), *twin = open_filter(cache, "twin", "s1"), *stranger = NULL;
    streamcache_digest config = digest_of(5), chunk = digest_of(1);
    streamcache_value *lease = NULL;
    uint64_t removed = 77;
    OK(streamcache_filter_open(cache, "stranger", 8, &config, 0, &stranger, NULL));
    load(stranger, "s1");
    STATUS(streamcache_filter_purge(filter, &removed), STREAMCACHE_NO_STATE);
    STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_NO_STATE);
    OK(streamcache_filter_retire(filter, &removed));
    CHECK(removed == 0);
    load(filter, "s1");
    fill(filter, 0, n);
    load(filter, "s2");
    fill(filter, 0, n);
    fill(stranger, 0, 100);
    load(filter, "s3");
    fill(filter, 0, 10);
    CHECK(present(twin, 0, n) == n); /* equal configuration and state: shared */

    OK(streamcache_filter_purge(filter, &removed)); /* s3 alone */
    CHECK(removed == 10 && present(filter, 0, n) == 0);
    load(filter, "s2");
    CHECK(present(filter, 0, n) == n && present(twin, 0, n) == n);
    OK(streamcache_filter_get(filter, &chunk, 0, &lease, NULL));
    OK(streamcache_filter_purge(filter, &removed));
    CHECK(removed == n && present(filter, 0, n) == 0 && lease != NULL && stats_of(cache).leased_bytes > 0);
    streamcache_value_release(lease);
    fill(filter, 0, 20);

    OK(streamcache_filter_retire(filter, &removed)); /* s1 and s3, so the twin's as well */
    CHECK(removed == n && present(twin, 0, n) == 0 && present(filter, 0, 20) == 20);
    OK(streamcache_filter_retire(filter, &removed));
    CHECK(removed == 0);
    fill(twin, 0, 30);
    OK(streamcache_filter_purge(twin, NULL));
    CHECK(present(stranger, 0, 100) == 100 && present(filter, 0, 20) == 20 && stats_of(cache).entries == 120);

    /* A filter that knows its state by digest alone is no different. */
    OK(streamcache_digest_state("s2", 2, &chunk));
    OK(streamcache_filter_load_state_digest(twin, &chunk, NULL));
    OK(streamcache_filter_purge(twin, &removed));
    CHECK(removed == 20 && stats_of(cache).entries == 100 && stats_of(cache).evictions == 0);
    streamcache_filter_release(filter);
    streamcache_filter_release(twin);
    streamcache_filter_release(stranger);
    streamcache_cache_release(cache);
}

/* What was put by key alone is a hit like any other, but the entry doesn't know its filter. */
static void what_was_put_by_key_is_nobodys(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, STREAMCACHE_UNLIMITED, policy);
    streamcache_filter *filter = open_filter(cache, "f", "s1");
    streamcache_digest chunk = digest_of(0), key;
    streamcache_value *value = NULL;
    uint64_t removed = 77;
    OK(streamcache_filter_key(filter, &chunk, &key));
    OK(streamcache_cache_put_chunk(cache, &key, "by key", 6, 0, NULL, NULL));
    OK(streamcache_filter_purge(filter, &removed));
    CHECK(removed == 0);
    load(filter, "s2");
    OK(streamcache_filter_retire(filter, &removed));
    CHECK(removed == 0);
    load(filter, "s1");
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "by key"));
    streamcache_value_release(value);
    OK(streamcache_filter_put(filter, &chunk, &key, "by the filter", 13, 0, NULL, NULL)); /* in its place: now it does */
    OK(streamcache_filter_purge(filter, &removed));
    CHECK(removed == 1);
    OK(streamcache_cache_put_chunk(cache, &key, "by key", 6, 0, NULL, NULL));
    OK(streamcache_filter_remove(filter, &chunk));
    CHECK(stats_of(cache).entries == 0);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

/* Many entries of one filter among many of others, the oldest and the youngest: in a moment, under either policy. */
static void a_purge_of_many_takes_a_moment(streamcache_policy policy, int n) {
    streamcache_cache *cache = open_policy(4 * PLENTY, STREAMCACHE_UNLIMITED, policy);
    streamcache_filter *filter = open_filter(cache, "f", "s1");
    uint64_t removed = 0;
    double start, seconds;
    fill(filter, 0, (uint64_t)n);
    load(filter, "s2");
    fill(filter, 0, (uint64_t)n);
    start = now();
    OK(streamcache_filter_purge(filter, &removed));
    seconds = now() - start;
    CHECK(removed == (uint64_t)n && stats_of(cache).entries == (uint64_t)n);
    printf("policy %d: %d of %d results purged in %.0f ms\n", (int)policy, n, 2 * n, 1e3 * seconds);
    CHECK(seconds < 5);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

/* Limits at run time */

static void fewer_bytes_evict_at_once(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, STREAMCACHE_UNLIMITED, policy);
    uint64_t i;
    for (i = 0; i < 2000; i++) OK(put(cache, i, 4000, 0));
    CHECK(stats_of(cache).entries == 2000);
    OK(streamcache_cache_set_max_bytes(cache, 1 << 20));
    CHECK(stats_of(cache).max_bytes == 1 << 20 && stats_of(cache).bytes <= 1 << 20 && stats_of(cache).bytes > 900 << 10);
    for (i = 0; i < 500; i++) {
        OK(put(cache, 10000 + i, 4000, 0));
        CHECK(stats_of(cache).bytes <= 1 << 20);
    }
    STATUS(put(cache, 1, 1 << 20, 0), STREAMCACHE_NOT_STORED);
    OK(streamcache_cache_set_max_bytes(cache, 0));
    CHECK(stats_of(cache).bytes == 0 && stats_of(cache).entries == 0);
    STATUS(put(cache, 1, 1, 0), STREAMCACHE_NOT_STORED);
    OK(streamcache_cache_set_max_bytes(cache, PLENTY));
    OK(put(cache, 1, 1 << 20, 0));
    OK(streamcache_cache_set_max_bytes(cache, STREAMCACHE_UNLIMITED));
    CHECK(stats_of(cache).max_bytes == STREAMCACHE_UNLIMITED && stats_of(cache).entries == 1);
    streamcache_cache_release(cache);
}

static void fewer_chunks_evict_at_once(streamcache_policy policy) {
    streamcache_cache *cache = open_policy(PLENTY, 3000, policy);
    streamcache_digest key = digest_of(0);
    streamcache_value *lease = NULL;
    uint64_t i;
    OK(streamcache_cache_put_chunk(cache, &key, "leased", 6, 0, NULL, &lease));
    for (i = 1; i < 3000; i++) OK(put(cache, i, 8, 0));
    CHECK(stats_of(cache).entries == 3000);
    OK(streamcache_cache_set_max_chunks(cache, 70));
    CHECK(stats_of(cache).entries == 70 && stats_of(cache).max_chunks == 70 && stats_of(cache).evictions >= 2930);
    OK(put(cache, 5000, 8, 0));
    CHECK(stats_of(cache).entries == 70);
    OK(streamcache_cache_set_max_chunks(cache, 0)); /* leased ones leave, too */
    CHECK(stats_of(cache).entries == 0 && holds_text(lease, "leased") && stats_of(cache).leased_bytes > 0);
    STATUS(put(cache, 1, 8, 0), STREAMCACHE_NOT_STORED);
    OK(streamcache_cache_set_max_chunks(cache, STREAMCACHE_UNLIMITED));
    for (i = 0; i < 4000; i++) OK(put(cache, i, 8, 0));
    CHECK(stats_of(cache).entries == 4000);
    streamcache_value_release(lease);
    streamcache_cache_release(cache);
}

/* While leases keep the gauge above a lower limit nothing is granted, not a byte; once they drop, everything is as usual. */
static void nothing_is_granted_until_the_gauge_is_under(streamcache_policy policy) {
    enum { leased = 40, size = 100000, low = 1 << 20 };
    streamcache_cache *cache = open_policy(PLENTY, STREAMCACHE_UNLIMITED, policy);
    streamcache_filter *filter = open_filter(cache, "f", "s");
    streamcache_value *leases[leased];
    streamcache_error *error = NULL;
    static unsigned char bytes[size];
    uint64_t gauge;
    int i;
    for (i = 0; i < leased; i++) {
        streamcache_digest key = digest_of((uint64_t)i);
        OK(streamcache_cache_put_chunk(cache, &key, bytes, size, 0, NULL, &leases[i]));
    }
    OK(streamcache_cache_set_max_bytes(cache, low));
    gauge = stats_of(cache).bytes;
    CHECK(gauge > low); /* nothing could be freed */
    for (i = 0; i < leased; i++) {
        streamcache_value *value = NULL;
        streamcache_digest content;
        STATUS(put(cache, 1000, 1, 0), STREAMCACHE_NOT_STORED);
        STATUS(streamcache_filter_load_state(filter, bytes, 1, &error), STREAMCACHE_NO_SPACE);
        ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
        OK(streamcache_value_get_content(leases[i], &content)); /* works, though there is no room to keep it */
        CHECK(stats_of(cache).bytes <= gauge);
        streamcache_value_release(leases[i]);
        (void)put(cache, 2000, 1, 0); /* which evicts what is free now */
        gauge = stats_of(cache).bytes;
        if (gauge <= low) break;
        CHECK(streamcache_cache_get_state(cache, "s", 1, &value, NULL) == STREAMCACHE_MISS);
    }
    CHECK(i > 20 && i < leased - 5);
    OK(put(cache, 1000, 1, 0));
    OK(streamcache_filter_load_state(filter, bytes, 1, NULL));
    CHECK(stats_of(cache).bytes <= low);
    while (++i < leased) streamcache_value_release(leases[i]);
    CHECK(stats_of(cache).bytes <= low);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

enum { crowd = 8 };
static int few; /* set where threads are slow: under valgrind */
static int stop;
static uint64_t looked;

static void *churn(void *argument) {
    streamcache_cache *cache = argument;
    streamcache_value *held[2] = {NULL};
    uint64_t random = (uint64_t)(uintptr_t)&held, lookups = 0, i;
    while (!flag_is_set(&stop)) {
        static const unsigned char zeros[40000];
        streamcache_digest key;
        streamcache_value **slot;
        streamcache_status status;
        random = random * 6364136223846793005u + 1442695040888963407u;
        key = digest_of(random >> 33 & 1023);
        slot = &held[random >> 50 & 1];
        streamcache_value_release(*slot);
        status = streamcache_cache_get_chunk(cache, &key, random & 1 << 20 ? STREAMCACHE_REFRESH : 0, slot);
        lookups++;
        if (status == STREAMCACHE_MISS) {
            status = streamcache_cache_put_chunk(cache, &key, zeros, (size_t)(random >> 40) % sizeof zeros, 0, NULL, slot);
            CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED);
        } else {
            OK(status);
        }
    }
    for (i = 0; i < 2; i++) streamcache_value_release(held[i]);
    __atomic_add_fetch(&looked, lookups, __ATOMIC_RELAXED);
    return NULL;
}

/* Limits that move while eight threads work. After a lower limit the gauge only falls until it is under, then stays. */
static void limits_move_under_load(streamcache_policy policy, double seconds) {
    static const uint64_t limits[] = {8 << 20, 1 << 20, 4 << 20, 2 << 20, 512 << 10}, counts[] = {400, 50, 100, 20, 1000};
    streamcache_cache *cache = open_policy(limits[0], counts[0], policy);
    pthread_t threads[crowd];
    streamcache_cache_stats stats;
    double end = now() + seconds;
    int i, round = 0, threads_used = few ? 4 : crowd;
    flag_set(&stop, 0);
    looked = 0;
    for (i = 0; i < threads_used; i++) REQUIRE(pthread_create(&threads[i], NULL, churn, cache) == 0);
    for (; now() < end || round < 5; round++) {
        uint64_t max_bytes = limits[round % 5], max_chunks = counts[round % 5], above = UINT64_MAX;
        OK(streamcache_cache_set_max_bytes(cache, max_bytes));
        OK(streamcache_cache_set_max_chunks(cache, max_chunks));
        for (i = 0; i < (few ? 5 : 50); i++) {
            stats = stats_of(cache);
            LOOKUPS_ADD_UP(stats);
            CHECK(stats.max_bytes == max_bytes && stats.max_chunks == max_chunks && stats.entries <= max_chunks);
            CHECK(stats.bytes <= max_bytes || stats.bytes <= above);
            above = stats.bytes > max_bytes ? stats.bytes : max_bytes;
            pause_ms(1);
        }
        /* Leases are short here, so it gets there. */
        for (i = 0; i < 5000 && stats_of(cache).bytes > max_bytes; i++) pause_ms(1);
        CHECK(i < 5000);
    }
    flag_set(&stop, 1);
    for (i = 0; i < threads_used; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
    stats = stats_of(cache);
    CHECK(stats.lookups == looked && stats.hits > 0 && stats.misses > 0 && stats.bypassed > 0);
    LOOKUPS_ADD_UP(stats);
    CHECK(stats.detached_bytes == 0 && stats.leased_bytes == 0);
    OK(streamcache_cache_set_max_bytes(cache, 0));
    CHECK(stats_of(cache).bytes == 0 && stats_of(cache).entries == 0);
    streamcache_cache_release(cache);
    printf("policy %d: %d limits under %llu lookups\n", (int)policy, round, (unsigned long long)looked);
}

/* What is counted */

static void every_lookup_is_counted_once(void) {
    static const uint32_t flags[] = {0, STREAMCACHE_PEEK, STREAMCACHE_BYPASS, STREAMCACHE_REFRESH, STREAMCACHE_READ_ONLY};
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s"), *twin = open_filter(cache, "g", "s");
    streamcache_snapshot *snapshot = NULL;
    streamcache_put_options options = put_options();
    streamcache_digest chunk = digest_of(1), absent = digest_of(2);
    streamcache_value *value = NULL;
    streamcache_filter_stats stats;
    size_t i, len;
    char buffer[8];
    OK(streamcache_filter_snapshot(filter, &snapshot));
    options.compute_ns = 1000;
    OK(streamcache_filter_put(filter, &chunk, NULL, "v", 1, 0, &options, NULL));
    for (i = 0; i < 5; i++) {
        (void)streamcache_filter_get(filter, &chunk, flags[i], &value, NULL), streamcache_value_release(value);
        (void)streamcache_filter_get(filter, &absent, flags[i], &value, NULL);
        (void)streamcache_filter_get_bytes(filter, "absent", 6, flags[i], &value, NULL, NULL);
        (void)streamcache_filter_get_into(filter, &chunk, flags[i], buffer, sizeof buffer, &len, NULL);
        (void)streamcache_filter_get_into(filter, &chunk, STREAMCACHE_PEEK, NULL, 0, &len, NULL);
        (void)streamcache_snapshot_get(snapshot, &chunk, flags[i], &value, NULL), streamcache_value_release(value);
        stats = filter_stats_of(filter);
        LOOKUPS_ADD_UP(stats);
    }
    /* Five lookups with each of five flags; the peeks are not counted. */
    CHECK(stats.lookups == 20 && stats.hits == 6 && stats.misses == 4 && stats.bypassed == 10 && stats.puts == 1);
    CHECK(stats.time_saved_ns == 6 * 1000);
    OK(streamcache_snapshot_put(snapshot, &absent, "v", 1, 0, NULL, NULL));
    CHECK(filter_stats_of(filter).puts == 2);
    (void)streamcache_filter_get(twin, &chunk, 0, &value, NULL); /* the result is shared, the counting is not */
    streamcache_value_release(value);
    CHECK(filter_stats_of(twin).hits == 1 && filter_stats_of(twin).lookups == 1 && filter_stats_of(filter).hits == 6);
    CHECK(stats_of(cache).lookups == 21 && stats_of(cache).hits == 7 && stats_of(cache).time_saved_ns == 7000);
    LOOKUPS_ADD_UP(stats_of(cache));
    STATUS(streamcache_filter_get(filter, NULL, 0, &value, NULL), STREAMCACHE_INVALID_ARGUMENT); /* no lookup */
    OK(streamcache_cache_close(cache, 0, NULL));
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_CLOSED); /* nor that */
    CHECK(stats_of(cache).lookups == 21 && filter_stats_of(filter).lookups == 20);
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(filter);
    streamcache_filter_release(twin);
    streamcache_cache_release(cache);
}

static streamcache_filter *shared_filter;

static void *count_lookups(void *number) {
    uint64_t i;
    for (i = 0; i < *(const uint64_t *)number; i++) {
        static const uint32_t flags[] = {0, STREAMCACHE_BYPASS, STREAMCACHE_PEEK, STREAMCACHE_READ_ONLY};
        streamcache_digest chunk = digest_of(i % 37);
        streamcache_value *value = NULL;
        (void)streamcache_filter_get(shared_filter, &chunk, flags[i % 4], &value, NULL);
        streamcache_value_release(value);
    }
    return NULL;
}

static void every_lookup_of_every_thread_is_counted_once(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    pthread_t threads[crowd];
    streamcache_filter_stats stats;
    uint64_t each = few ? 200 : 3000;
    int i;
    shared_filter = open_filter(cache, "f", "s");
    fill(shared_filter, 0, 20); /* 20 lookups */
    for (i = 0; i < crowd; i++) REQUIRE(pthread_create(&threads[i], NULL, count_lookups, &each) == 0);
    for (i = 0; i < crowd; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
    stats = filter_stats_of(shared_filter);
    LOOKUPS_ADD_UP(stats);
    CHECK(stats.lookups == 20 + crowd * each * 3 / 4 && stats.bypassed == crowd * each / 4);
    CHECK(stats.lookups == stats_of(cache).lookups && stats.hits == stats_of(cache).hits);
    streamcache_filter_release(shared_filter);
    streamcache_cache_release(cache);
}

/* Filters by the ten thousand */

/* Bytes the allocator has given out; 0 where it does not say (under a memory checker). */
static size_t allocated(void) {
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

/* What the header says of tickets, streams and batches. */
static void ten_thousand_tickets(void) {
    enum { n = 10000, each = 512 };
    static streamcache_ticket *tickets[n];
    static streamcache_stream *streams[n];
    static streamcache_digest chunks[n];
    streamcache_cache *cache = open_cache(4 * PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s");
    streamcache_batch *batch = NULL;
    streamcache_value *value = NULL;
    size_t before = allocated(), of_tickets, of_streams, of_items;
    uint64_t charged, i;
    for (i = 0; i < n; i++) chunks[i] = digest_of(i);
    for (i = 0; i < n; i++) STATUS(streamcache_filter_begin(filter, &chunks[i], 0, 0, &value, &tickets[i]), STREAMCACHE_FILL);
    of_tickets = allocated() - before;
    for (i = 0; i < n; i++) streamcache_ticket_release(tickets[i]);
    before = allocated(), charged = stats_of(cache).bytes;
    for (i = 0; i < n; i++) OK(streamcache_stream_open(filter, &i, sizeof i, &streams[i], NULL));
    charged = stats_of(cache).bytes - charged;
    of_streams = allocated() - before;
    for (i = 0; i < n; i++) streamcache_stream_release(streams[i]);
    before = allocated();
    OK(streamcache_filter_begin_batch(filter, chunks, n, 0, &batch));
    of_items = allocated() - before;
    streamcache_batch_free(batch);
    CHECK(stats_of(cache).open_tickets == 0 && stats_of(cache).bytes == stats_of(cache).state_bytes);
    if (before != 0) {
        printf("%d of each: %.0f bytes a ticket, %.0f a stream, %.0f an item of a batch\n", n, (double)of_tickets / n,
            ((double)of_streams - (double)charged) / n, (double)of_items / n);
        CHECK(of_tickets <= (size_t)n * each && of_streams <= (size_t)n * each + charged && of_items <= (size_t)n * each);
    }
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

static void ten_thousand_filters(void) {
    enum { n = 10000, handle_bytes = 1024 };
    static streamcache_filter *filters[n];
    static streamcache_snapshot *snapshots[n];
    streamcache_cache *cache = open_cache(4 * PLENTY, STREAMCACHE_UNLIMITED);
    uint64_t charged = stats_of(cache).bytes, i;
    size_t before = allocated(), grown;
    double start = now(), opened, used;
    for (i = 0; i < n; i++) {
        streamcache_digest config = digest_of(100000 + i);
        char id[32];
        int len = snprintf(id, sizeof id, "a filter among many %d", (int)i);
        OK(streamcache_filter_open(cache, id, (size_t)len, &config, 0, &filters[i], NULL));
        OK(streamcache_filter_load_state(filters[i], &i, sizeof i, NULL));
        OK(streamcache_filter_snapshot(filters[i], &snapshots[i]));
    }
    opened = now() - start;
    grown = allocated() - before;
    charged = stats_of(cache).bytes - charged;
    if (before != 0) {
        printf("%d filters with a state and a snapshot each: %.0f bytes of heap a filter, %.0f of them charged, opened in %.0f ms\n", n,
            (double)grown / n, (double)charged / n, 1e3 * opened);
        CHECK(grown <= charged + (size_t)n * 2 * handle_bytes);
    }
    for (i = 0; i < n; i++) {
        streamcache_digest chunk = digest_of(1);
        OK(streamcache_filter_put(filters[i], &chunk, NULL, &i, sizeof i, 0, NULL, NULL));
    }
    start = now();
    for (i = 0; i < n; i++) {
        streamcache_digest chunk = digest_of(1);
        streamcache_value *value = NULL;
        OK(streamcache_filter_get(filters[i], &chunk, 0, &value, NULL));
        CHECK(holds(value, &i, sizeof i)); /* its own, under one and the same chunk */
        streamcache_value_release(value);
        CHECK(filter_stats_of(filters[i]).hits == 1);
    }
    used = now() - start;
    printf("%d filters asked in %.0f ms\n", n, 1e3 * used);
    CHECK(opened < 30 && used < 30);
    {
        uint64_t removed = 0;
        OK(streamcache_filter_purge(filters[n / 2], &removed));
        CHECK(removed == 1);
    }
    for (i = 0; i < n; i++) streamcache_snapshot_release(snapshots[i]);
    for (i = 0; i < n; i++) streamcache_filter_release(filters[i]);
    CHECK(stats_of(cache).state_bytes == 0 && stats_of(cache).entries == n - 1);
    OK(streamcache_cache_purge(cache, 0));
    CHECK(stats_of(cache).bytes == 0);
    if (before != 0) {
        printf("after their release: %.0f bytes a filter\n", ((double)allocated() - (double)before) / n);
        CHECK(allocated() <= before + (64 << 10) + 64 * (8 << 10)); /* the base, at most */
    }
    streamcache_cache_release(cache);
}

/* A handle that has gone through many states knows the last 1024 of them. */
static void a_thousand_states_a_filter(void) {
    enum { filters = 50, states = 2000, handle_bytes = 1024 };
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    static streamcache_filter *all[filters];
    size_t before, grown;
    int i, j;
    for (i = 0; i < filters; i++) all[i] = open_filter(cache, "many states", NULL);
    before = allocated();
    for (i = 0; i < filters; i++)
        for (j = 0; j < states; j++) {
            streamcache_digest state = digest_of((uint64_t)j);
            OK(streamcache_filter_load_state_digest(all[i], &state, NULL));
        }
    grown = allocated() - before;
    if (before != 0) {
        printf("a filter after %d states: %.0f bytes more\n", states, (double)grown / filters);
        CHECK(grown <= filters * (handle_bytes + (size_t)1024 * 40)); /* 40 bytes for each state it remembers */
    }
    for (i = 0; i < filters; i++) streamcache_filter_release(all[i]);
    streamcache_cache_release(cache);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    int many = argc > 2 ? atoi(argv[2]) : 20000;
    size_t i;
    few = many == 0 || argc > 3;
    for (i = 0; i < 3; i++) limits_move_under_load(policies[i], seconds);
    every_lookup_of_every_thread_is_counted_once();
    if (many == 0) return check_report();
    a_result_lives_as_long_as_its_put_said();
    a_cache_has_a_limit_that_no_put_exceeds();
    a_filters_results_live_as_long_as_they_should();
    a_bypass_neither_looks_nor_stores();
    a_refresh_replaces();
    read_only_looks_and_does_not_store();
    a_non_deterministic_filter_bypasses_always();
    for (i = 0; i < 3; i++) {
        a_peek_leaves_no_trace(policies[i]);
        remove_forgets_one(policies[i]);
        purge_and_retire(policies[i]);
        what_was_put_by_key_is_nobodys(policies[i]);
        a_purge_of_many_takes_a_moment(policies[i], many);
        fewer_bytes_evict_at_once(policies[i]);
        fewer_chunks_evict_at_once(policies[i]);
        nothing_is_granted_until_the_gauge_is_under(policies[i]);
    }
    every_lookup_is_counted_once();
    ten_thousand_filters();
    ten_thousand_tickets();
    a_thousand_states_a_filter();
    return check_report();
}

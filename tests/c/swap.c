/* A state swapped between a miss and its put: the result lands under the state it was computed with, or nowhere. */
#include "common.h"

static const char *const chunk_bytes = "chunk";

static streamcache_digest chunk_digest(void) {
    streamcache_digest chunk;
    OK(streamcache_digest_chunk(chunk_bytes, strlen(chunk_bytes), &chunk));
    return chunk;
}

static void load(streamcache_filter *filter, const char *state) { OK(streamcache_filter_load_state(filter, state, strlen(state), NULL)); }

static void misses(const streamcache_filter *filter) {
    streamcache_digest chunk = chunk_digest();
    streamcache_value *value = NULL;
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
    CHECK(value == NULL);
}

static void hits(const streamcache_filter *filter, const char *want) {
    streamcache_digest chunk = chunk_digest();
    streamcache_value *value = NULL;
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, want));
    streamcache_value_release(value);
}

static void the_key_of_the_miss_names_the_old_state(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "key", "s1");
    streamcache_digest chunk = chunk_digest(), key;
    streamcache_value *value = NULL;
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, &key), STREAMCACHE_MISS);
    load(filter, "s2"); /* another thread, while this one computes under s1 */
    OK(streamcache_filter_put(filter, &chunk, &key, "under s1", 8, 0, NULL, NULL));
    misses(filter);
    load(filter, "s1"); /* a rollback */
    hits(filter, "under s1");
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(cache, 0));
}

static void the_same_by_bytes(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "bytes", "s1");
    streamcache_digest key;
    streamcache_value *value = NULL;
    STATUS(streamcache_filter_get_bytes(filter, chunk_bytes, strlen(chunk_bytes), 0, &value, &key, NULL), STREAMCACHE_MISS);
    load(filter, "s2");
    OK(streamcache_filter_put_bytes(filter, chunk_bytes, strlen(chunk_bytes), &key, "under s1", 8, 0, NULL, NULL));
    misses(filter);
    load(filter, "s1");
    hits(filter, "under s1");
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(cache, 0));
}

static void a_put_without_key_is_refused_once_the_state_was_swapped(streamcache_cache *cache) {
    streamcache_put_options options = put_options();
    streamcache_error *error = NULL;
    streamcache_filter *filter = open_filter(cache, "no key", "s1");
    streamcache_digest chunk = chunk_digest(), key;
    streamcache_value *value = NULL;
    OK(streamcache_filter_put(filter, &chunk, NULL, "fine", 4, 0, NULL, NULL));
    hits(filter, "fine");
    load(filter, "s2");
    STATUS(streamcache_filter_put(filter, &chunk, NULL, "whose?", 6, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(value == NULL);
    STATUS(streamcache_filter_put_bytes(filter, chunk_bytes, strlen(chunk_bytes), NULL, "whose?", 6, 0, NULL, &value),
        STREAMCACHE_INVALID_ARGUMENT);
    CHECK(value == NULL);
    options.error = &error;
    STATUS(streamcache_filter_put(filter, &chunk, NULL, "whose?", 6, 0, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "pass the key");
    misses(filter);
    load(filter, "s1"); /* back, and yet it was swapped */
    STATUS(streamcache_filter_put(filter, &chunk, NULL, "whose?", 6, 0, NULL, NULL), STREAMCACHE_INVALID_ARGUMENT);
    hits(filter, "fine");
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, &key), STREAMCACHE_OK);
    streamcache_value_release(value);
    OK(streamcache_filter_put(filter, &chunk, &key, "with key", 8, 0, NULL, NULL));
    hits(filter, "with key");
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(cache, 0));
}

static void loading_the_same_bytes_swaps_nothing(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "same", "s1");
    streamcache_digest chunk = chunk_digest();
    uint64_t before = stats_of(cache).state_bytes;
    load(filter, "s1");
    CHECK(stats_of(cache).state_bytes == before);
    OK(streamcache_filter_put(filter, &chunk, NULL, "fine", 4, 0, NULL, NULL));
    hits(filter, "fine");
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(cache, 0));
}

static void a_snapshot_stays_with_its_state(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "snapshot", "s1");
    streamcache_snapshot *snapshot = NULL;
    streamcache_digest chunk = chunk_digest(), key, state, want;
    streamcache_value *value = NULL;
    OK(streamcache_filter_snapshot(filter, &snapshot));
    STATUS(streamcache_snapshot_get(snapshot, &chunk, 0, &value, &key), STREAMCACHE_MISS);
    load(filter, "s2");
    OK(streamcache_snapshot_get_state(snapshot, &value, &state));
    OK(streamcache_digest_state("s1", 2, &want));
    CHECK(holds_text(value, "s1") && same_digest(&state, &want));
    streamcache_value_release(value);
    OK(streamcache_snapshot_put(snapshot, &chunk, "under s1", 8, 0, NULL, NULL));
    misses(filter);
    OK(streamcache_snapshot_get(snapshot, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "under s1"));
    streamcache_value_release(value);
    load(filter, "s1");
    hits(filter, "under s1");
    streamcache_filter_release(filter);
    OK(streamcache_snapshot_get(snapshot, &chunk, 0, &value, NULL)); /* and outlives the filter */
    CHECK(holds_text(value, "under s1"));
    streamcache_value_release(value);
    streamcache_snapshot_release(snapshot);
    OK(streamcache_cache_purge(cache, 0));
}

static void a_state_known_by_its_digest_is_the_same_state(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "digest", "s1");
    streamcache_digest chunk = chunk_digest(), s1, s2, key;
    streamcache_value *value = NULL;
    OK(streamcache_digest_state("s1", 2, &s1));
    OK(streamcache_digest_state("s2", 2, &s2));
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, &key), STREAMCACHE_MISS);
    OK(streamcache_filter_put(filter, &chunk, &key, "r1", 2, 0, NULL, NULL));
    OK(streamcache_filter_load_state_digest(filter, &s2, NULL));
    misses(filter);
    OK(streamcache_filter_load_state_digest(filter, &s1, NULL));
    hits(filter, "r1");
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(cache, 0));
}

int main(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    the_key_of_the_miss_names_the_old_state(cache);
    the_same_by_bytes(cache);
    a_put_without_key_is_refused_once_the_state_was_swapped(cache);
    loading_the_same_bytes_swaps_nothing(cache);
    a_snapshot_stays_with_its_state(cache);
    a_state_known_by_its_digest_is_the_same_state(cache);
    CHECK(stats_of(cache).state_bytes == 0);
    streamcache_cache_release(cache);
    return check_report();
}

/* The happy path: digests, the cache's own verbs, filters, leases, stats. Every function means what the header says. */
#include "common.h"

#include <stdint.h>
#include <unistd.h>

static void the_version_is_the_headers(void) {
    CHECK(strcmp(streamcache_version_string(), STREAMCACHE_VERSION_STRING) == 0);
    CHECK(streamcache_version_number() == STREAMCACHE_VERSION_NUMBER);
}

static void every_status_has_its_own_message(void) {
    static const streamcache_status all[] = {STREAMCACHE_OK, STREAMCACHE_MISS, STREAMCACHE_NOT_STORED, STREAMCACHE_INVALID_ARGUMENT,
        STREAMCACHE_NO_MEMORY, STREAMCACHE_NO_SPACE, STREAMCACHE_NO_STATE, STREAMCACHE_CLOSED, STREAMCACHE_IO,
        STREAMCACHE_NOT_SUPPORTED, STREAMCACHE_PANIC, STREAMCACHE_TIMEOUT, STREAMCACHE_BUSY};
    size_t i, j;
    for (i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK(strlen(streamcache_status_message(all[i])) > 0);
        for (j = 0; j < i; j++) CHECK(strcmp(streamcache_status_message(all[i]), streamcache_status_message(all[j])) != 0);
    }
}

static void hex_goes_there_and_back(void) {
    streamcache_digest digest = digest_of(7), back;
    char hex[65], upper[65];
    int i;
    OK(streamcache_digest_to_hex(&digest, hex, sizeof hex));
    CHECK(strlen(hex) == 64);
    CHECK(strspn(hex, "0123456789abcdef") == 64);
    memset(&back, 0, sizeof back);
    OK(streamcache_digest_from_hex(hex, 64, &back));
    CHECK(same_digest(&digest, &back));
    for (i = 0; i < 65; i++) upper[i] = hex[i] >= 'a' ? (char)(hex[i] - 'a' + 'A') : hex[i];
    memset(&back, 0, sizeof back);
    OK(streamcache_digest_from_hex(upper, 64, &back));
    CHECK(same_digest(&digest, &back));
}

/* The same bytes in another role, or in another form of it, never have the same digest. */
static void roles_do_not_mix(void) {
    const char *text = "{}";
    streamcache_digest d[7];
    size_t i, j, n = 0;
    OK(streamcache_digest_chunk(text, 2, &d[n++]));
    OK(streamcache_digest_config_json(text, 2, &d[n++], NULL));
    OK(streamcache_digest_config_bytes(text, 2, &d[n++]));
    OK(streamcache_digest_state(text, 2, &d[n++]));
    OK(streamcache_digest_raw(STREAMCACHE_ROLE_CHUNK, text, 2, &d[n++]));
    OK(streamcache_digest_raw(STREAMCACHE_ROLE_CONFIG, text, 2, &d[n++]));
    OK(streamcache_digest_raw(STREAMCACHE_ROLE_STATE, text, 2, &d[n++]));
    for (i = 0; i < n; i++)
        for (j = 0; j < i; j++) CHECK(!same_digest(&d[i], &d[j]));
}

static void nothing_has_a_digest_too(void) {
    streamcache_digest a, b;
    OK(streamcache_digest_chunk(NULL, 0, &a));
    OK(streamcache_digest_chunk("", 0, &b));
    CHECK(same_digest(&a, &b));
}

static void a_config_is_its_meaning_not_its_spelling(void) {
    static const char *const same[] = {"{\"a\":1,\"b\":[true,null,\"x\"]}", " { \"b\" : [ true, null, \"\\u0078\" ], \"a\" : 1.0 } ",
        "{\"b\":[true,null,\"x\"],\"a\":1e0}"};
    static const char *const others[] = {"{\"a\":2,\"b\":[true,null,\"x\"]}", "{\"a\":1,\"b\":[null,true,\"x\"]}", "{\"a\":\"1\",\"b\":[true,null,\"x\"]}"};
    streamcache_digest first, other;
    size_t i;
    OK(streamcache_digest_config_json(same[0], strlen(same[0]), &first, NULL));
    for (i = 1; i < 3; i++) {
        OK(streamcache_digest_config_json(same[i], strlen(same[i]), &other, NULL));
        CHECK(same_digest(&first, &other));
    }
    for (i = 0; i < 3; i++) {
        OK(streamcache_digest_config_json(others[i], strlen(others[i]), &other, NULL));
        CHECK(!same_digest(&first, &other));
    }
}

static streamcache_digest tensor_digest(int32_t code, uint32_t bits, uint32_t lanes, uint32_t rank, const int64_t *dims, const char *name) {
    static const float data[6] = {0, 1, 2, 3, 4, 5};
    streamcache_tensor tensor;
    streamcache_digest digest;
    memset(&tensor, 0, sizeof tensor);
    tensor.struct_size = sizeof tensor;
    tensor.name = name;
    tensor.name_len = name ? strlen(name) : 0;
    tensor.dtype_code = code;
    tensor.dtype_bits = bits;
    tensor.dtype_lanes = lanes;
    tensor.rank = rank;
    tensor.dims = dims;
    tensor.data = data;
    tensor.data_len = sizeof data;
    memset(&digest, 0, sizeof digest);
    OK(streamcache_digest_tensor(&tensor, &digest, NULL));
    return digest;
}

static void a_tensor_is_more_than_its_bytes(void) {
    static const int64_t flat[] = {6}, wide[] = {2, 3}, tall[] = {3, 2}, deep[] = {1, 2, 3}, pairs[] = {3};
    streamcache_digest d[8];
    streamcache_digest again = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 2, wide, NULL);
    size_t i, j, n = 0;
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 1, flat, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 2, wide, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 2, tall, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 3, deep, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_INT, 32, 1, 2, wide, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 2, 1, pairs, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 64, 1, 1, pairs, NULL);
    d[n++] = tensor_digest(STREAMCACHE_DTYPE_FLOAT, 32, 1, 2, wide, "x");
    for (i = 0; i < n; i++)
        for (j = 0; j < i; j++) CHECK(!same_digest(&d[i], &d[j]));
    CHECK(same_digest(&again, &d[1]));
}

static void a_state_file_is_its_bytes(void) {
    size_t len = ((size_t)2 << 20) + 17, i; /* more than two of the pieces it is read in */
    unsigned char *bytes = malloc(len);
    char path[] = "/tmp/streamcache-test-XXXXXX";
    int fd = mkstemp(path);
    streamcache_digest memory, file;
    REQUIRE(bytes != NULL && fd >= 0);
    for (i = 0; i < len; i++) bytes[i] = (unsigned char)(i * 31 >> 3);
    REQUIRE(write(fd, bytes, len) == (ssize_t)len);
    close(fd);
    OK(streamcache_digest_state(bytes, len, &memory));
    OK(streamcache_digest_state_file(path, strlen(path), &file, NULL));
    CHECK(same_digest(&memory, &file));
    unlink(path);
    free(bytes);
}

static void the_caches_own_verbs(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest config, training, chunk, state_key, key, read, other = digest_of(99);
    streamcache_value *value = NULL, *state = NULL, *lease = NULL;
    streamcache_put_options put;
    OK(streamcache_digest_config_json("{}", 2, &config, NULL));
    OK(streamcache_digest_state("corpus", 6, &training));
    OK(streamcache_key_state(&config, &training, &state_key));
    OK(streamcache_digest_chunk("chunk", 5, &chunk));
    OK(streamcache_key_chunk(&config, &training, &chunk, &key));

    CHECK(streamcache_cache_hit_rate(cache) == 0.0);
    STATUS(streamcache_cache_get_state(cache, "vad", 3, &state, NULL), STREAMCACHE_MISS);
    CHECK(state == NULL);
    OK(streamcache_cache_load_state(cache, "vad", 3, &state_key, "weights", 7, NULL));
    OK(streamcache_cache_get_state(cache, "vad", 3, &state, &read));
    CHECK(holds_text(state, "weights"));
    CHECK(same_digest(&read, &state_key));
    CHECK(stats_of(cache).state_bytes >= 7);

    STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_MISS);
    CHECK(value == NULL);
    memset(&put, 0, sizeof put);
    put.struct_size = sizeof put;
    put.compute_ns = 1000;
    OK(streamcache_cache_put_chunk(cache, &key, "result", 6, 0, &put, &lease));
    CHECK(holds_text(lease, "result"));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(holds_text(value, "result"));
    streamcache_value_release(value);
    STATUS(streamcache_cache_get_chunk(cache, &other, 0, &value), STREAMCACHE_MISS);
    CHECK(streamcache_cache_hits(cache) == 1);
    CHECK(streamcache_cache_misses(cache) == 2);
    CHECK(streamcache_cache_hit_rate(cache) > 0.333 && streamcache_cache_hit_rate(cache) < 0.334);
    CHECK(stats_of(cache).time_saved_ns >= 1000);

    /* A second put of a key replaces; whoever holds the first value keeps it. */
    OK(streamcache_cache_put_chunk(cache, &key, "newer", 5, 0, NULL, NULL));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(holds_text(value, "newer"));
    CHECK(holds_text(lease, "result"));
    CHECK(stats_of(cache).entries == 1);
    streamcache_value_release(value);
    streamcache_value_release(lease);

    OK(streamcache_cache_unload_state(cache, "vad", 3));
    STATUS(streamcache_cache_unload_state(cache, "vad", 3), STREAMCACHE_MISS);
    CHECK(holds_text(state, "weights"));
    streamcache_value_release(state);
    CHECK(stats_of(cache).state_bytes == 0);
    streamcache_cache_release(cache);
}

static void a_second_state_under_an_id_replaces_the_first(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest one = digest_of(1), two = digest_of(2), read;
    streamcache_value *first = NULL, *second = NULL;
    OK(streamcache_cache_load_state(cache, "f", 1, &one, "one", 3, NULL));
    OK(streamcache_cache_get_state(cache, "f", 1, &first, NULL));
    OK(streamcache_cache_load_state(cache, "f", 1, &two, "two", 3, NULL));
    OK(streamcache_cache_get_state(cache, "f", 1, &second, &read));
    CHECK(holds_text(first, "one"));
    CHECK(holds_text(second, "two"));
    CHECK(same_digest(&read, &two));
    streamcache_value_release(first);
    streamcache_value_release(second);
    streamcache_cache_release(cache);
}

static void a_filter_remembers(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s1");
    streamcache_digest config, state, chunk, chunk_read, key, same_key, made;
    streamcache_value *value = NULL, *stored = NULL;
    const char *json = "{\"version\":1,\"model\":\"test\"}";

    OK(streamcache_digest_config_json(json, strlen(json), &config, NULL));
    OK(streamcache_digest_state("s1", 2, &state));
    OK(streamcache_digest_chunk("window", 6, &chunk));
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, &key), STREAMCACHE_MISS);
    OK(streamcache_key_chunk(&config, &state, &chunk, &made));
    CHECK(same_digest(&key, &made)); /* both ways meet in one entry */

    OK(streamcache_filter_put(filter, &chunk, &key, "speech", 6, 0, NULL, &stored));
    CHECK(holds_text(stored, "speech"));
    streamcache_value_release(stored);
    OK(streamcache_filter_get(filter, &chunk, 0, &value, &same_key));
    CHECK(holds_text(value, "speech") && same_digest(&key, &same_key));
    streamcache_value_release(value);
    OK(streamcache_filter_get_bytes(filter, "window", 6, 0, &value, &same_key, &chunk_read));
    CHECK(holds_text(value, "speech") && same_digest(&key, &same_key) && same_digest(&chunk, &chunk_read));
    streamcache_value_release(value);
    OK(streamcache_cache_get_chunk(cache, &made, 0, &value));
    CHECK(holds_text(value, "speech"));
    streamcache_value_release(value);

    OK(streamcache_filter_put_bytes(filter, "other", 5, NULL, "noise", 5, 0, NULL, NULL));
    OK(streamcache_filter_get_bytes(filter, "other", 5, 0, &value, NULL, NULL));
    CHECK(holds_text(value, "noise"));
    streamcache_value_release(value);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

static void a_filters_state_can_be_leased(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", NULL);
    streamcache_digest state, read, chunk = digest_of(1);
    streamcache_value *value = NULL;
    STATUS(streamcache_filter_get_state(filter, &value, &read), STREAMCACHE_NO_STATE);
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_NO_STATE);
    CHECK(value == NULL);
    OK(streamcache_filter_load_state(filter, "s1", 2, NULL));
    OK(streamcache_digest_state("s1", 2, &state));
    OK(streamcache_filter_get_state(filter, &value, &read));
    CHECK(holds_text(value, "s1") && same_digest(&read, &state));
    streamcache_value_release(value);
    OK(streamcache_filter_load_state_digest(filter, &state, NULL));
    OK(streamcache_filter_get_state(filter, NULL, &read));
    CHECK(same_digest(&read, &state));
    streamcache_filter_release(filter);

    filter = open_filter(cache, "digest only", NULL);
    OK(streamcache_filter_load_state_digest(filter, &state, NULL));
    STATUS(streamcache_filter_get_state(filter, &value, &read), STREAMCACHE_MISS);
    CHECK(value == NULL && same_digest(&read, &state));
    streamcache_filter_release(filter);
    CHECK(stats_of(cache).state_bytes == 0); /* the last handle frees the state's charge */
    streamcache_cache_release(cache);
}

static void two_handles_of_one_id_share_entries_but_no_state(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *one = open_filter(cache, "f", "s1"), *two = open_filter(cache, "f", "s2");
    streamcache_digest chunk = digest_of(1);
    streamcache_value *value = NULL;
    OK(streamcache_filter_put(one, &chunk, NULL, "r1", 2, 0, NULL, NULL));
    STATUS(streamcache_filter_get(two, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
    OK(streamcache_filter_load_state(two, "s1", 2, NULL));
    OK(streamcache_filter_get(two, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "r1"));
    streamcache_value_release(value);
    streamcache_filter_release(one);
    streamcache_filter_release(two);
    streamcache_cache_release(cache);
}

static void values_are_aligned_to_64_bytes(void) {
    static const size_t sizes[] = {1, 2, 63, 64, 65, 127, 4096, 100003, (size_t)1 << 20};
    static unsigned char bytes[(size_t)1 << 20];
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    size_t i;
    for (i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i ^ i >> 8);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        streamcache_digest key = digest_of(i);
        streamcache_value *put = NULL, *got = NULL;
        OK(streamcache_cache_put_chunk(cache, &key, bytes, sizes[i], 0, NULL, &put));
        OK(streamcache_cache_get_chunk(cache, &key, 0, &got));
        CHECK(holds(got, bytes, sizes[i]));
        CHECK((uintptr_t)streamcache_value_data(got) % 64 == 0);
        CHECK((uintptr_t)streamcache_value_data(put) % 64 == 0);
        streamcache_value_release(put);
        streamcache_value_release(got);
    }
    streamcache_cache_release(cache);
}

static void a_value_may_be_empty(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1), other = digest_of(2);
    streamcache_value *value = NULL;
    OK(streamcache_cache_put_chunk(cache, &key, NULL, 0, 0, NULL, NULL));
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    CHECK(value != NULL && streamcache_value_size(value) == 0);
    streamcache_value_release(value);
    OK(streamcache_cache_load_state(cache, "", 0, &other, NULL, 0, NULL));
    OK(streamcache_cache_get_state(cache, "", 0, &value, NULL));
    CHECK(value != NULL && streamcache_value_size(value) == 0);
    streamcache_value_release(value);
    streamcache_cache_release(cache);
}

static void a_lease_outlives_purge_eviction_and_the_cache(void) {
    streamcache_cache *cache = open_cache(PLENTY, 4);
    streamcache_digest key = digest_of(0), other;
    streamcache_value *purged = NULL, *evicted = NULL, *kept = NULL, *gone = NULL, *state = NULL;
    streamcache_filter *filter = open_filter(cache, "f", "state");
    uint64_t i;
    OK(streamcache_filter_get_state(filter, &state, NULL));
    OK(streamcache_cache_put_chunk(cache, &key, "purged", 6, 0, NULL, &purged));
    OK(streamcache_cache_purge(cache, 0));
    STATUS(streamcache_cache_get_chunk(cache, &key, 0, &gone), STREAMCACHE_MISS);
    CHECK(holds_text(purged, "purged"));
    CHECK(stats_of(cache).entries == 0);
    CHECK(holds_text(state, "state")); /* a purge leaves states alone */

    OK(streamcache_cache_put_chunk(cache, &key, "again", 5, 0, NULL, &evicted));
    OK(streamcache_cache_purge(cache, STREAMCACHE_PURGE_MEMORY));
    CHECK(holds_text(evicted, "again"));
    for (i = 1; i <= 64; i++) {
        other = digest_of(i);
        OK(streamcache_cache_put_chunk(cache, &other, &i, sizeof i, 0, NULL, NULL));
        CHECK(stats_of(cache).entries <= 4);
    }
    CHECK(stats_of(cache).evictions >= 60);
    OK(streamcache_cache_put_chunk(cache, &key, "kept", 4, 0, NULL, &kept));
    streamcache_filter_release(filter);
    OK(streamcache_cache_close(cache, 1000, NULL));
    streamcache_cache_release(cache);
    CHECK(holds_text(purged, "purged") && holds_text(evicted, "again") && holds_text(kept, "kept") && holds_text(state, "state"));
    OK(streamcache_value_retain(kept));
    streamcache_value_release(kept);
    CHECK(holds_text(kept, "kept"));
    streamcache_value_release(kept);
    streamcache_value_release(evicted);
    streamcache_value_release(purged);
    streamcache_value_release(state);
}

static void a_closed_cache_refuses_work_and_nothing_else(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s"), *second = NULL;
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL, *lease = NULL;
    uint64_t dropped = 7;
    OK(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, &lease));
    OK(streamcache_cache_close(cache, 0, &dropped));
    CHECK(dropped == 0);
    STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_cache_load_state(cache, "s", 1, &key, "v", 1, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_filter_get(filter, &key, 0, &value, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_filter_put(filter, &key, NULL, "v", 1, 0, NULL, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_filter_open(cache, "g", 1, &key, 0, &second, NULL), STREAMCACHE_CLOSED);
    CHECK(value == NULL && second == NULL);
    CHECK(holds_text(lease, "v"));
    streamcache_value_release(lease);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

static void handles_are_counted(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(cache, "f", "s");
    streamcache_snapshot *snapshot = NULL;
    streamcache_digest chunk = digest_of(1);
    streamcache_value *value = NULL;
    OK(streamcache_cache_retain(cache));
    OK(streamcache_filter_retain(filter));
    OK(streamcache_filter_snapshot(filter, &snapshot));
    OK(streamcache_snapshot_retain(snapshot));
    streamcache_cache_release(cache);
    streamcache_filter_release(filter);
    streamcache_snapshot_release(snapshot);
    OK(streamcache_snapshot_put(snapshot, &chunk, "v", 1, 0, NULL, NULL));
    OK(streamcache_filter_get(filter, &chunk, 0, &value, NULL));
    CHECK(holds_text(value, "v"));
    /* Any order: the cache first, then what was made from it. */
    streamcache_cache_release(cache);
    streamcache_filter_release(filter);
    streamcache_snapshot_release(snapshot);
    CHECK(holds_text(value, "v"));
    streamcache_value_release(value);
}

static void defaults_are_256_mib_and_no_entry_limit(void) {
    streamcache_cache *cache = NULL;
    streamcache_options *options = NULL;
    const char *json = "{\"max_bytes\":1048576,\"max_chunks\":10,\"policy\":\"lru\"}";
    OK(streamcache_cache_open(NULL, &cache, NULL));
    CHECK(stats_of(cache).max_bytes == (uint64_t)256 << 20);
    CHECK(stats_of(cache).max_chunks == STREAMCACHE_UNLIMITED);
    CHECK(stats_of(cache).bytes <= 4096);
    streamcache_cache_release(cache);
    OK(streamcache_options_from_json(json, strlen(json), &options, NULL));
    OK(streamcache_cache_open(options, &cache, NULL));
    CHECK(stats_of(cache).max_bytes == 1048576);
    CHECK(stats_of(cache).max_chunks == 10);
    streamcache_options_free(options);
    streamcache_cache_release(cache);
}

static void stats_add_up(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_cache_stats stats = stats_of(cache);
    streamcache_value *value = NULL;
    uint64_t before = stats.bytes, i;
    CHECK(stats.lookups == 0 && stats.puts == 0 && stats.entries == 0 && stats.detached_bytes == 0 && stats.state_bytes == 0);
    for (i = 0; i < 10; i++) {
        streamcache_digest key = digest_of(i);
        STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_MISS);
        OK(streamcache_cache_put_chunk(cache, &key, &i, sizeof i, 0, NULL, NULL));
        OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
        streamcache_value_release(value);
    }
    stats = stats_of(cache);
    CHECK(stats.lookups == 20 && stats.hits == 10 && stats.misses == 10 && stats.puts == 10);
    CHECK(stats.entries == 10 && stats.evictions == 0 && stats.not_stored == 0);
    CHECK(stats.bytes >= before + 10 * sizeof i && stats.bytes <= stats.max_bytes);
    OK(streamcache_cache_purge(cache, 0));
    CHECK(stats_of(cache).entries == 0);
    CHECK(stats_of(cache).bytes < stats.bytes);
    streamcache_cache_release(cache);
}

int main(void) {
    the_version_is_the_headers();
    every_status_has_its_own_message();
    hex_goes_there_and_back();
    roles_do_not_mix();
    nothing_has_a_digest_too();
    a_config_is_its_meaning_not_its_spelling();
    a_tensor_is_more_than_its_bytes();
    a_state_file_is_its_bytes();
    the_caches_own_verbs();
    a_second_state_under_an_id_replaces_the_first();
    a_filter_remembers();
    a_filters_state_can_be_leased();
    two_handles_of_one_id_share_entries_but_no_state();
    values_are_aligned_to_64_bytes();
    a_value_may_be_empty();
    a_lease_outlives_purge_eviction_and_the_cache();
    a_closed_cache_refuses_work_and_nothing_else();
    handles_are_counted();
    defaults_are_256_mib_and_no_entry_limit();
    stats_add_up();
    return check_report();
}

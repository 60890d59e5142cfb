/* Keys: pieces and files have the digest of the whole, lists keep their order and count, and who shares a key with whom.
 * The formulas themselves are checked against tests/vectors/keys.json by tests/vectors/c_abi.py. */
#include "common.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

static unsigned char bytes[20000];

static int differ(const streamcache_digest *digests, size_t n) {
    size_t i, j;
    for (i = 0; i < n; i++)
        for (j = 0; j < i; j++)
            if (same_digest(&digests[i], &digests[j])) return 0;
    return 1;
}

static streamcache_digest whole(streamcache_role role, size_t len) {
    streamcache_digest digest;
    memset(&digest, 0, sizeof digest);
    switch (role) {
        case STREAMCACHE_ROLE_CHUNK: OK(streamcache_digest_chunk(bytes, len, &digest)); break;
        case STREAMCACHE_ROLE_STATE: OK(streamcache_digest_state(bytes, len, &digest)); break;
        default: OK(streamcache_digest_config_bytes(bytes, len, &digest));
    }
    return digest;
}

static void pieces_have_the_digest_of_the_whole(void) {
    static const streamcache_role roles[] = {STREAMCACHE_ROLE_CHUNK, STREAMCACHE_ROLE_CONFIG, STREAMCACHE_ROLE_STATE};
    static const size_t lens[] = {0, 1, 1024, 1025, sizeof bytes}, steps[] = {1, 63, 1024, 1025, 16384};
    size_t r, l, s, at;
    for (r = 0; r < 3; r++) {
        streamcache_hasher *hasher = NULL;
        OK(streamcache_hasher_new(roles[r], &hasher));
        for (l = 0; l < 5; l++)
            for (s = 0; s < 5; s++) {
                streamcache_digest expected = whole(roles[r], lens[l]), got;
                OK(streamcache_hasher_update(hasher, "left over", 9));
                OK(streamcache_hasher_reset(hasher));
                for (at = 0; at < lens[l]; at += steps[s])
                    OK(streamcache_hasher_update(hasher, bytes + at, lens[l] - at < steps[s] ? lens[l] - at : steps[s]));
                STATUS(streamcache_hasher_finish(hasher, NULL), STREAMCACHE_INVALID_ARGUMENT); /* it goes on */
                OK(streamcache_hasher_finish(hasher, &got));
                CHECK(same_digest(&got, &expected));
            }
        streamcache_hasher_free(hasher);
    }
}

static void a_file_is_its_bytes(void) {
    char path[] = "/tmp/streamcache-test-XXXXXX";
    int fd = mkstemp(path);
    streamcache_digest chunk = whole(STREAMCACHE_ROLE_CHUNK, sizeof bytes), state = whole(STREAMCACHE_ROLE_STATE, sizeof bytes), got;
    REQUIRE(fd >= 0 && write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    close(fd);
    OK(streamcache_digest_chunk_file(path, strlen(path), &got, NULL));
    CHECK(same_digest(&got, &chunk));
    OK(streamcache_digest_state_file(path, strlen(path), &got, NULL));
    CHECK(same_digest(&got, &state));
    unlink(path);
}

static streamcache_digest barrier_of(const streamcache_digest *chunks, size_t n) {
    streamcache_barrier *barrier = NULL;
    streamcache_digest digest, again;
    size_t i, time;
    OK(streamcache_barrier_new(&barrier));
    OK(streamcache_barrier_update(barrier, &chunks[0]));
    OK(streamcache_barrier_reset(barrier));
    for (time = 0; time < 2; time++) {
        for (i = 0; i < n; i++) OK(streamcache_barrier_update(barrier, &chunks[i]));
        STATUS(streamcache_barrier_finish(barrier, NULL), STREAMCACHE_INVALID_ARGUMENT); /* it goes on */
        OK(streamcache_barrier_finish(barrier, time ? &again : &digest));
    }
    CHECK(same_digest(&digest, &again));
    streamcache_barrier_free(barrier);
    return digest;
}

static void lists_keep_their_order_and_count(void) {
    streamcache_digest list[3], d[10];
    size_t n = 0, i;
    for (i = 0; i < 3; i++) list[i] = digest_of(i);
    for (i = 0; i < 3; i++) OK(streamcache_digest_inputs(list, i, &d[n++]));
    for (i = 0; i < 3; i++) d[n++] = barrier_of(list, i);
    list[2] = list[0];
    OK(streamcache_digest_inputs(list + 1, 2, &d[n++])); /* turned */
    d[n++] = barrier_of(list + 1, 2);
    list[1] = list[0];
    OK(streamcache_digest_inputs(list, 2, &d[n++])); /* the same twice */
    d[n++] = barrier_of(list, 2);
    CHECK(differ(d, n));
    list[1] = digest_of(1);
    OK(streamcache_digest_inputs(list, 2, &list[0])); /* the answer where a question was */
    CHECK(same_digest(&list[0], &d[2]));
}

/* A cache of this namespace and secret, "" being none. */
static streamcache_cache *open_scope(const char *name, const char *secret) {
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    OK(streamcache_options_new(&options));
    OK(streamcache_options_set_namespace(options, name, strlen(name)));
    if (*secret) OK(streamcache_options_set_secret(options, secret, strlen(secret)));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

/* The same from JSON, the secret in hexadecimal. */
static streamcache_cache *open_scope_json(const char *name, const char *secret) {
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    char json[256];
    int len = snprintf(json, sizeof json, "{\"namespace\":\"%s\",\"secret\":\"", name);
    for (; *secret; secret++) len += snprintf(json + len, sizeof json - (size_t)len, "%02X", (unsigned)*secret);
    len += snprintf(json + len, sizeof json - (size_t)len, "\"}");
    OK(streamcache_options_from_json(json, (size_t)len, &options, NULL));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    REQUIRE(cache != NULL);
    return cache;
}

static streamcache_digest key_of(const streamcache_filter *filter, const streamcache_digest *chunk) {
    streamcache_digest key, looked;
    streamcache_value *value = NULL;
    OK(streamcache_filter_key(filter, chunk, &key));
    STATUS(streamcache_filter_get(filter, chunk, 0, &value, &looked), STREAMCACHE_MISS);
    CHECK(same_digest(&key, &looked));
    return key;
}

static streamcache_digest key_in(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "f", "state");
    streamcache_digest chunk = digest_of(1), key = key_of(filter, &chunk);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return key;
}

static void caches_share_keys_when_name_and_secret_are_the_same(void) {
    static const char one[] = "a secret of 32 bytes, as it were", two[] = "another, also of 32 bytes, it is";
    const char *config = "{\"model\":\"test\",\"version\":1}";
    streamcache_digest d[6], again, chunk = digest_of(1), its_config, its_state;
    OK(streamcache_digest_config_json(config, strlen(config), &its_config, NULL));
    OK(streamcache_digest_state("state", 5, &its_state));
    OK(streamcache_key_chunk(&its_config, &its_state, &chunk, &d[0])); /* the seed's verb knows neither */
    again = key_in(open_scope("", ""));
    CHECK(same_digest(&again, &d[0]));
    d[1] = key_in(open_scope("n", ""));
    d[2] = key_in(open_scope("m", ""));
    d[3] = key_in(open_scope("", one));
    d[4] = key_in(open_scope("n", one));
    d[5] = key_in(open_scope("n", two));
    CHECK(differ(d, 6));
    again = key_in(open_scope("n", one));
    CHECK(same_digest(&again, &d[4]));
    again = key_in(open_scope_json("n", one));
    CHECK(same_digest(&again, &d[4]));
}

static void a_chain_is_found_with_one_lookup(void) {
    streamcache_cache *cache = open_scope("", "0123456789abcdef");
    streamcache_filter *first = open_filter(cache, "first", "s1"), *second = open_filter(cache, "second", "s2");
    const streamcache_filter *chain[2], *turned[2];
    streamcache_snapshot *snapshots[2] = {NULL, NULL};
    streamcache_digest chunk = digest_of(1), key, d[5];
    streamcache_value *value = NULL;
    chain[0] = turned[1] = first;
    chain[1] = turned[0] = second;
    OK(streamcache_pipeline_key(chain, 2, &chunk, &key));
    STATUS(streamcache_cache_get_chunk(cache, &key, 0, &value), STREAMCACHE_MISS);
    OK(streamcache_cache_put_chunk(cache, &key, "result", 6, 0, NULL, NULL));
    OK(streamcache_pipeline_key(chain, 2, &chunk, &d[0]));
    OK(streamcache_cache_get_chunk(cache, &d[0], 0, &value));
    CHECK(holds_text(value, "result"));
    streamcache_value_release(value);

    OK(streamcache_pipeline_key(turned, 2, &chunk, &d[1]));
    OK(streamcache_pipeline_key(chain, 1, &chunk, &d[2]));
    d[3] = key_of(first, &chunk);
    OK(streamcache_filter_snapshot(first, &snapshots[0]));
    OK(streamcache_filter_snapshot(second, &snapshots[1]));
    OK(streamcache_filter_load_state(second, "s3", 2, NULL));
    OK(streamcache_pipeline_key(chain, 2, &chunk, &d[4]));
    CHECK(differ(d, 5));
    OK(streamcache_pipeline_snapshot_key((const streamcache_snapshot *const *)snapshots, 2, &chunk, &d[1]));
    CHECK(same_digest(&d[1], &key)); /* as they were */
    OK(streamcache_snapshot_key(snapshots[0], &chunk, &d[1]));
    CHECK(same_digest(&d[1], &d[3]));
    OK(streamcache_filter_load_state(second, "s2", 2, NULL));
    OK(streamcache_pipeline_key(chain, 2, &chunk, &chunk)); /* the answer where the question was */
    CHECK(same_digest(&chunk, &key));

    streamcache_snapshot_release(snapshots[0]);
    streamcache_snapshot_release(snapshots[1]);
    streamcache_filter_release(first);
    streamcache_filter_release(second);
    streamcache_cache_release(cache);
}

/* A cache's release does not wait for its threads to end; a memory checker, which asks what is left, should. */
static void until_this_thread_is_the_last(void) {
    int left = 0, tries;
    for (tries = 0; tries < 500 && left != 1; tries++) {
        const struct timespec pause = {0, 10 * 1000 * 1000};
        DIR *threads = opendir("/proc/self/task");
        if (threads == NULL) return; /* not on this system */
        for (left = -2; readdir(threads) != NULL; left++) continue; /* without . and .. */
        closedir(threads);
        if (left != 1) nanosleep(&pause, NULL);
    }
    CHECK(left == 1);
}

/* A large chunk's key does not depend on how many threads digested it. */
static void several_threads_make_the_same_keys(void) {
    enum { LARGE = 3 << 20 };
    const char *json = "{\"hash_threads\": 3}";
    unsigned char *bytes = malloc(LARGE);
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    streamcache_filter *filter;
    streamcache_digest alone, together, key;
    streamcache_value *value = NULL;
    int n;
    REQUIRE(bytes != NULL);
    for (n = 0; n < LARGE; n++) bytes[n] = (unsigned char)(n * 31 >> 4);
    OK(streamcache_options_from_json(json, strlen(json), &options, NULL));
    OK(streamcache_cache_open(options, &cache, NULL));
    streamcache_options_free(options);
    filter = open_filter(cache, "large", "state");
    STATUS(streamcache_filter_get_bytes(filter, bytes, LARGE, 0, &value, &key, &together), STREAMCACHE_MISS);
    OK(streamcache_digest_chunk(bytes, LARGE, &alone));
    CHECK(memcmp(&alone, &together, sizeof alone) == 0);
    OK(streamcache_filter_put_bytes(filter, bytes, LARGE, &key, "r", 1, 0, NULL, NULL));
    OK(streamcache_filter_get(filter, &alone, 0, &value, NULL));
    streamcache_value_release(value);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    until_this_thread_is_the_last();
    free(bytes);
}

int main(void) {
    size_t i;
    for (i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 31 >> 3);
    pieces_have_the_digest_of_the_whole();
    a_file_is_its_bytes();
    lists_keep_their_order_and_count();
    caches_share_keys_when_name_and_secret_are_the_same();
    a_chain_is_found_with_one_lookup();
    several_threads_make_the_same_keys();
    return check_report();
}

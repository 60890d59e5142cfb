/* Many threads, one cache: every hit's bytes are right for its key, limits hold all the time, nothing is left at the end.
 *
 *     threads [SECONDS] [THREADS]
 */
#include "common.h"

#include <pthread.h>
#include <time.h>

enum { keys = 400, chunks = 64, states = 4, budget = 4 << 20, entries = 600, largest = 16 << 10 };

static streamcache_cache *cache;
static streamcache_filter *filter;
static streamcache_digest state_digests[states], chunk_digests[chunks], key_digests[keys];
static streamcache_digest filter_keys[states][chunks]; /* the key of each chunk under each state */
static int stop;

/* What was computed from `number`: its length and each of its bytes follow from it. */
static uint64_t mix(uint64_t x) {
    x ^= x >> 33, x *= 0xff51afd7ed558ccdULL, x ^= x >> 33, x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

static size_t compute(uint64_t number, unsigned char *result) {
    size_t len = (size_t)(mix(number) % largest), i;
    uint64_t word = mix(number + 1);
    for (i = 0; i < len; i++) {
        if (i % 512 == 0) word = mix(word + i);
        result[i] = (unsigned char)(word >> (i % 8 * 8));
    }
    return len;
}

static int is_right(const streamcache_value *value, uint64_t number, unsigned char *scratch) {
    size_t len = compute(number, scratch);
    return holds(value, scratch, len);
}

static uint64_t result_of(int state, int chunk) { return 1000000 + (uint64_t)state * 1000 + (uint64_t)chunk; }

static int index_of(const streamcache_digest *digest, const streamcache_digest *table, int n) {
    int i;
    for (i = 0; i < n; i++)
        if (same_digest(digest, &table[i])) return i;
    return -1;
}

static int put_answer(streamcache_status status) { return status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED; }

struct worker {
    pthread_t thread;
    uint64_t random, hits, operations;
    unsigned char scratch[largest];
    streamcache_value *held[8]; /* leases kept for a while, with what they must hold */
    uint64_t held_number[8];
};

static uint64_t next(struct worker *w) { return w->random = mix(w->random + 0x9e3779b97f4a7c15ULL); }

/* A value for a number: right, and then kept as a lease or released. */
static void see(struct worker *w, streamcache_value *value, uint64_t number) {
    int slot = (int)(next(w) % 8);
    CHECK(is_right(value, number, w->scratch));
    if (w->held[slot] != NULL) {
        CHECK(is_right(w->held[slot], w->held_number[slot], w->scratch));
        streamcache_value_release(w->held[slot]);
    }
    w->held[slot] = value;
    w->held_number[slot] = number;
}

static void use_keys(struct worker *w) {
    uint64_t number = next(w) % (next(w) % 2 ? keys : keys / 10);
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_cache_get_chunk(cache, &key_digests[number], 0, &value);
    if (status == STREAMCACHE_OK) {
        w->hits++;
    } else {
        size_t len = compute(number, w->scratch);
        STATUS(status, STREAMCACHE_MISS);
        CHECK(value == NULL);
        CHECK(put_answer(streamcache_cache_put_chunk(cache, &key_digests[number], w->scratch, len, 0, NULL, &value)));
    }
    see(w, value, number);
}

/* The key of a miss says under which state to compute, whatever was loaded since. */
static void use_filter(struct worker *w) {
    int chunk = (int)(next(w) % chunks), state;
    streamcache_digest key;
    streamcache_value *value = NULL;
    streamcache_status status = streamcache_filter_get(filter, &chunk_digests[chunk], 0, &value, &key);
    for (state = 0; state < states && !same_digest(&key, &filter_keys[state][chunk]); state++) continue;
    CHECK(state < states);
    if (state == states) return;
    if (status == STREAMCACHE_OK) {
        w->hits++;
    } else {
        size_t len = compute(result_of(state, chunk), w->scratch);
        STATUS(status, STREAMCACHE_MISS);
        CHECK(put_answer(streamcache_filter_put(filter, &chunk_digests[chunk], &key, w->scratch, len, 0, NULL, &value)));
    }
    see(w, value, result_of(state, chunk));
}

static void use_snapshot(struct worker *w) {
    streamcache_snapshot *snapshot = NULL;
    streamcache_digest digest;
    streamcache_value *bytes = NULL;
    int state, i;
    OK(streamcache_filter_snapshot(filter, &snapshot));
    OK(streamcache_snapshot_get_state(snapshot, &bytes, &digest));
    state = index_of(&digest, state_digests, states);
    CHECK(state >= 0);
    CHECK(holds(bytes, &state, sizeof state));
    streamcache_value_release(bytes);
    for (i = 0; i < 4 && state >= 0; i++) {
        int chunk = (int)(next(w) % chunks);
        streamcache_value *value = NULL;
        streamcache_status status = streamcache_snapshot_get(snapshot, &chunk_digests[chunk], 0, &value, NULL);
        if (status == STREAMCACHE_OK) {
            w->hits++;
        } else {
            size_t len = compute(result_of(state, chunk), w->scratch);
            STATUS(status, STREAMCACHE_MISS);
            CHECK(put_answer(streamcache_snapshot_put(snapshot, &chunk_digests[chunk], w->scratch, len, 0, NULL, &value)));
        }
        see(w, value, result_of(state, chunk));
    }
    streamcache_snapshot_release(snapshot);
}

static void use_states(struct worker *w) {
    int state = (int)(next(w) % states), seen;
    char id = (char)('a' + next(w) % 3);
    streamcache_digest key;
    streamcache_value *value = NULL;
    streamcache_status status;
    OK(streamcache_cache_load_state(cache, &id, 1, &state_digests[state], &state, sizeof state, NULL));
    status = streamcache_cache_get_state(cache, &id, 1, &value, &key);
    CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_MISS); /* another thread may have unloaded it */
    if (status == STREAMCACHE_OK) {
        seen = index_of(&key, state_digests, states);
        CHECK(seen >= 0 && holds(value, &seen, sizeof seen)); /* bytes and key belong together */
        streamcache_value_release(value);
    }
    if (next(w) % 4 == 0) {
        status = streamcache_cache_unload_state(cache, &id, 1);
        CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_MISS);
    }
}

static void *work(void *argument) {
    struct worker *w = argument;
    int i;
    OK(streamcache_cache_retain(cache));
    OK(streamcache_filter_retain(filter));
    while (!flag_is_set(&stop)) {
        uint64_t dice = next(w) % 1000;
        if (dice < 500) use_keys(w);
        else if (dice < 800) use_filter(w);
        else if (dice < 950) use_snapshot(w);
        else if (dice < 990) use_states(w);
        else if (dice < 999) {
            int state = (int)(next(w) % states);
            OK(streamcache_filter_load_state(filter, &state, sizeof state, NULL));
        } else OK(streamcache_cache_purge(cache, 0));
        w->operations++;
    }
    for (i = 0; i < 8; i++) {
        if (w->held[i] == NULL) continue;
        CHECK(is_right(w->held[i], w->held_number[i], w->scratch));
        streamcache_value_release(w->held[i]);
    }
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return NULL;
}

static void prepare(void) {
    streamcache_digest config;
    int i, j;
    OK(streamcache_digest_config_bytes("threads", 7, &config));
    for (i = 0; i < keys; i++) key_digests[i] = digest_of((uint64_t)i);
    for (i = 0; i < chunks; i++) chunk_digests[i] = digest_of(5000 + (uint64_t)i);
    for (i = 0; i < states; i++) {
        OK(streamcache_digest_state(&i, sizeof i, &state_digests[i]));
        for (j = 0; j < chunks; j++) OK(streamcache_key_chunk(&config, &state_digests[i], &chunk_digests[j], &filter_keys[i][j]));
    }
    cache = open_cache(budget, entries);
    OK(streamcache_filter_open(cache, "f", 1, &config, 0, &filter, NULL));
    REQUIRE(filter != NULL);
    i = 0;
    OK(streamcache_filter_load_state(filter, &i, sizeof i, NULL));
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 2, end;
    int n = argc > 2 ? atoi(argv[2]) : 8, i;
    struct worker *workers = calloc((size_t)n, sizeof *workers);
    uint64_t operations = 0, hits = 0, samples = 0;
    streamcache_cache_stats stats;
    REQUIRE(workers != NULL && n > 0 && seconds > 0);
    prepare();
    for (i = 0; i < n; i++) {
        workers[i].random = (uint64_t)i + 1;
        REQUIRE(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (end = now() + seconds; now() < end; samples++) {
        struct timespec pause = {0, 1000000};
        stats = stats_of(cache);
        CHECK(stats.bytes <= budget && stats.entries <= entries);
        nanosleep(&pause, NULL);
    }
    flag_set(&stop, 1);
    for (i = 0; i < n; i++) {
        REQUIRE(pthread_join(workers[i].thread, NULL) == 0);
        operations += workers[i].operations, hits += workers[i].hits;
        CHECK(workers[i].operations > 0);
    }
    stats = stats_of(cache);
    CHECK(hits > 0 && hits == stats.hits && stats.hits + stats.misses == stats.lookups);
    CHECK(stats.detached_bytes == 0);
    OK(streamcache_cache_purge(cache, 0));
    for (i = 0; i < 3; i++) {
        char id = (char)('a' + i);
        (void)streamcache_cache_unload_state(cache, &id, 1);
    }
    streamcache_filter_release(filter);
    stats = stats_of(cache);
    CHECK(stats.entries == 0 && stats.state_bytes == 0 && stats.detached_bytes == 0);
    streamcache_cache_release(cache);
    printf("%d threads, %.1f s: %llu operations, %llu hits, limits sampled %llu times\n", n, seconds, (unsigned long long)operations,
        (unsigned long long)hits, (unsigned long long)samples);
    free(workers);
    return check_report();
}

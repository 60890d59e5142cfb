/* streamcache in one page: a filter, its trained state, a chunk. The second sight of the chunk is remembered.
 *
 *     cc -std=c99 quickstart.c $(pkg-config --cflags --libs streamcache) -o quickstart
 */
#include <stdio.h>
#include <stdlib.h>
#include <streamcache.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 4096, TAPS = 8 };

static void check(streamcache_status status, streamcache_error **error, const char *what) {
    if (status >= 0) return; /* OK, or an outcome such as MISS */
    fprintf(stderr, "%s: %s\n", what,
            error && *error ? streamcache_error_get_message(*error) : streamcache_status_message(status));
    if (error) streamcache_error_free(*error);
    exit(EXIT_FAILURE);
}

/* What costs time: here a small convolution, in your program a model. */
static void convolve(const float *taps, const float *in, float *out) {
    for (int i = 0; i < SAMPLES; i++) {
        out[i] = 0;
        for (int k = 0; k < TAPS && k <= i; k++) out[i] += taps[k] * in[i - k];
    }
}

int main(void) {
    static const char config[] =
        "{\"filter\": \"fir\", \"taps\": 8, \"precision\": \"f32\", \"engine\": \"quickstart 1\"}";
    static const float trained[TAPS] = {0.3f, 0.2f, 0.15f, 0.1f, 0.1f, 0.05f, 0.05f, 0.05f};
    static float chunk[SAMPLES], result[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) chunk[i] = (float)(i % 100) / 100;

    streamcache_error *error = NULL;
    streamcache_cache *cache = NULL;
    check(streamcache_cache_open(NULL, &cache, &error), &error, "open");

    /* Everything an answer depends on: what computes it (config), what it learned (state), what it is given (chunk). */
    streamcache_digest what, which, key;
    streamcache_filter *filter = NULL;
    check(streamcache_digest_config_json(config, strlen(config), &what, &error), &error, "config");
    check(streamcache_filter_open(cache, "smooth", strlen("smooth"), &what, 0, &filter, &error), &error, "filter");
    check(streamcache_filter_load_state(filter, trained, sizeof trained, &error), &error, "state");
    check(streamcache_digest_chunk(chunk, sizeof chunk, &which), NULL, "chunk");

    for (int sight = 1; sight <= 2; sight++) {
        streamcache_value *value = NULL;
        streamcache_status status = streamcache_filter_get(filter, &which, 0, &value, &key);
        check(status, NULL, "get");
        if (status == STREAMCACHE_MISS) {
            streamcache_put_options options = {0};
            options.struct_size = sizeof options;
            clock_t start = clock();
            convolve(trained, chunk, result);
            options.compute_ns = (uint64_t)(clock() - start) * 1000000000u / CLOCKS_PER_SEC;
            check(streamcache_filter_put(filter, &which, &key, result, sizeof result, 0, &options, &value), NULL,
                  "put");
        }
        const float *answer = streamcache_value_data(value); /* stays where it is until we release the value */
        printf("sight %d: %-4s  answer[1000] = %.4f\n", sight, status == STREAMCACHE_OK ? "hit" : "miss", answer[1000]);
        streamcache_value_release(value);
    }

    streamcache_cache_stats stats = {0};
    stats.struct_size = sizeof stats;
    check(streamcache_cache_get_stats(cache, &stats), NULL, "stats");
    printf("%llu lookups, %llu hits, %llu entries, %llu of %llu bytes, %llu ns of computing saved\n",
           (unsigned long long)stats.lookups, (unsigned long long)stats.hits, (unsigned long long)stats.entries,
           (unsigned long long)stats.bytes, (unsigned long long)stats.max_bytes,
           (unsigned long long)stats.time_saved_ns);

    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return stats.hits == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

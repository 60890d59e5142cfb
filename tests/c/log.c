/* What the log hook hears: what it asked for, under no lock, and never a key. */
#include "common.h"

#include <pthread.h>
#include <unistd.h>

enum { threads = 8, loads = 200, most = 64 };

/* What was heard, in the order it came. */
static struct heard {
    void *user_data;
    streamcache_log_level level;
    char target[32], message[256];
} heard[most];
static unsigned heard_count;

static void hear(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    unsigned i = __atomic_fetch_add(&heard_count, 1, __ATOMIC_RELAXED);
    if (i >= most) return;
    heard[i].user_data = user_data;
    heard[i].level = level;
    snprintf(heard[i].target, sizeof heard[i].target, "%s", target);
    snprintf(heard[i].message, sizeof heard[i].message, "%s", message);
}

/* Whether the next message, of those not yet looked at, is this one. */
static void expect(unsigned *next, streamcache_log_level level, const char *target, const char *words) {
    const struct heard *it = &heard[*next];
    if (*next >= heard_count) {
        fprintf(stderr, "nothing was said; missing: %s\n", words);
        CHECK(!"a message is missing");
        return;
    }
    if (it->level != level || strcmp(it->target, target) != 0 || strstr(it->message, words) == NULL) {
        fprintf(stderr, "said: %d %s: %s\n    want: %d %s: ...%s...\n", (int)it->level, it->target, it->message, (int)level, target, words);
        CHECK(!"another message was said");
    } else {
        CHECK(it->user_data == &heard_count);
    }
    ++*next;
}

static void check_what_is_said(void) {
    unsigned next = 0, i;
    char big[8192] = {0};
    streamcache_cache *cache;
    streamcache_filter *filter;
    streamcache_options *options;
    streamcache_error *error = NULL;
    streamcache_digest digest;
    OK(streamcache_log_set(hear, &heard_count, STREAMCACHE_LOG_DEBUG));
    cache = open_policy(5000, 7, STREAMCACHE_POLICY_LRU);
    expect(&next, STREAMCACHE_LOG_INFO, "cache", "opened: max_bytes 5000, max_chunks 7, policy Lru, shards 1");
    filter = open_filter(cache, "the \"filter\"", "first");
    CHECK(heard_count == next); /* it had no state to lose */
    OK(streamcache_filter_load_state(filter, "second", 6, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "filter", "filter \"the \\\"filter\\\"\": state ");
    OK(streamcache_filter_load_state(filter, "second", 6, NULL));
    CHECK(heard_count == next); /* the same again changes nothing */
    OK(streamcache_digest_state("third", 5, &digest));
    OK(streamcache_filter_load_state_digest(filter, &digest, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "filter", " gave way to ");
    STATUS(streamcache_filter_load_state(filter, big, sizeof big, &error), STREAMCACHE_NO_SPACE);
    expect(&next, STREAMCACHE_LOG_WARNING, "cache", streamcache_error_get_message(error));
    streamcache_error_free(error);
    STATUS(streamcache_cache_load_state(cache, "named", 5, &digest, big, sizeof big, NULL), STREAMCACHE_NO_SPACE);
    expect(&next, STREAMCACHE_LOG_WARNING, "cache", "state \"named\": a state of 8192 bytes does not fit");
    OK(streamcache_cache_load_state(cache, "named", 5, &digest, "a", 1, NULL));
    OK(streamcache_cache_load_state(cache, "named", 5, &digest, "b", 1, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "cache", "state \"named\": replaced");
    STATUS(streamcache_digest_config_json("[", 1, &digest, NULL), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(heard_count == next); /* a caller's mistakes are the caller's news */
    OK(streamcache_cache_close(cache, 0, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "cache", " closed");
    OK(streamcache_cache_close(cache, 0, NULL));
    CHECK(heard_count == next);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    OK(streamcache_options_new(&options)); /* one with a name is called so */
    OK(streamcache_options_set_name(options, "my \"own\"", 8));
    OK(streamcache_cache_open(options, &cache, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "cache", " \"my \\\"own\\\"\" opened: ");
    OK(streamcache_cache_close(cache, 0, NULL));
    expect(&next, STREAMCACHE_LOG_INFO, "cache", " \"my \\\"own\\\"\" closed");
    streamcache_options_free(options);
    streamcache_cache_release(cache);
    /* No digest was in any message: of any 64 hexadecimal digits there is not even a run of 17. */
    for (i = 0; i < next; i++) {
        const char *p = heard[i].message;
        for (; *p; p += strcspn(p, "0123456789abcdef"), p += *p ? strspn(p, "0123456789abcdef") : 0)
            CHECK(strspn(p, "0123456789abcdef") <= 16);
    }
}

static void check_levels(void) {
    static const streamcache_log_level unknown[] = {0, -1, 5, INT32_MAX, INT32_MIN};
    unsigned before;
    size_t i;
    for (i = 0; i < 5; i++) STATUS(streamcache_log_set(hear, NULL, unknown[i]), STREAMCACHE_INVALID_ARGUMENT);
    OK(streamcache_log_set(hear, NULL, STREAMCACHE_LOG_WARNING));
    before = heard_count;
    streamcache_cache_release(open_cache(PLENTY, 1));
    CHECK(heard_count == before); /* an info */
    OK(streamcache_log_set(hear, NULL, STREAMCACHE_LOG_INFO));
    streamcache_cache_release(open_cache(PLENTY, 1));
    CHECK(heard_count == before + 1);
    OK(streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_DEBUG));
    streamcache_cache_release(open_cache(PLENTY, 1));
    CHECK(heard_count == before + 1);
}

/* No lock is held around the hook: if one were, this would wait for itself for ever. (A hook of yours must not do this:
 * it may be heard from places where it is not possible, in another version.) */
static streamcache_filter *filter_of_the_hook;
static unsigned hooks_run, hooks_set;

static void use_the_library(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    streamcache_cache *cache = user_data;
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    (void)level, (void)target;
    CHECK(strlen(message) > 5 && streamcache_version_number() > 0 && streamcache_status_message(STREAMCACHE_OK)[0] != 0);
    OK(streamcache_cache_load_state(cache, "id", 2, &key, message, 5, NULL));
    OK(streamcache_cache_get_state(cache, "id", 2, &value, NULL));
    streamcache_value_release(value);
    OK(streamcache_cache_put_chunk(cache, &key, message, 5, 0, NULL, &value));
    streamcache_value_release(value);
    OK(streamcache_cache_purge(cache, 0));
    if (filter_of_the_hook != NULL) OK(streamcache_filter_load_state(filter_of_the_hook, "of the hook", 11, NULL));
    OK(streamcache_log_set(use_the_library, cache, STREAMCACHE_LOG_DEBUG));
    __atomic_add_fetch(&hooks_run, 1, __ATOMIC_RELAXED);
}

static void another_hook(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    (void)user_data, (void)level, (void)target, (void)message;
    __atomic_add_fetch(&hooks_run, 1, __ATOMIC_RELAXED);
}

static void *load_states(void *argument) {
    streamcache_filter *filter = argument;
    unsigned i;
    for (i = 0; i < loads; i++) {
        OK(streamcache_filter_load_state(filter, &i, sizeof i, NULL));
        if (i % 8 == 0) {
            OK(streamcache_log_set(i % 16 ? another_hook : hear, NULL, STREAMCACHE_LOG_INFO));
            __atomic_add_fetch(&hooks_set, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void check_no_lock_is_held(void) {
    streamcache_cache *cache = open_cache(PLENTY, 100);
    streamcache_digest key = digest_of(1);
    pthread_t thread[threads];
    int i;
    alarm(120);
    OK(streamcache_log_set(use_the_library, cache, STREAMCACHE_LOG_DEBUG));
    filter_of_the_hook = open_filter(cache, "f", "first");
    OK(streamcache_filter_load_state(filter_of_the_hook, "second", 6, NULL));
    OK(streamcache_cache_load_state(cache, "id", 2, &key, "x", 1, NULL));
    OK(streamcache_cache_load_state(cache, "id", 2, &key, "y", 1, NULL));
    CHECK(hooks_run == 3);
    /* Hooks replaced and heard from many threads at once. */
    for (i = 0; i < threads; i++) REQUIRE(pthread_create(&thread[i], NULL, load_states, filter_of_the_hook) == 0);
    for (i = 0; i < threads; i++) REQUIRE(pthread_join(thread[i], NULL) == 0);
    OK(streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR));
    streamcache_filter_release(filter_of_the_hook);
    streamcache_cache_release(cache);
}

int main(void) {
    check_what_is_said();
    check_levels();
    check_no_lock_is_held();
    printf("%u messages, %u hooks heard, %u set\n", heard_count, hooks_run, hooks_set);
    return check_report();
}

/* Handles used and released where a program ends: in destructors of thread-specific data, in an atexit handler after
 * main has returned, and in a destructor of the program, which prints the counts. */
#include "calls.h"

#include <pthread.h>
#include <unistd.h>

enum { threads = 8, latest_pass = 3 };

static void on_message(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    (void)user_data, (void)level, (void)target, (void)message;
}

/* What is used once more, and then released. */
static struct hands for_atexit, for_destructor;
static unsigned done_at_exit;

/* Everything a program may still do, and then the end of these handles. */
static void use_and_release(struct hands *h) {
    streamcache_value *value = NULL;
    streamcache_snapshot *snapshot = NULL;
    OK(streamcache_filter_get(h->filter, &h->key, 0, &value, NULL));
    CHECK(holds_text(value, "value"));
    streamcache_value_release(value);
    OK(streamcache_filter_load_state(h->filter, "another", 7, NULL));
    STATUS(streamcache_filter_get(h->filter, &h->key, 0, &value, NULL), STREAMCACHE_MISS);
    OK(streamcache_filter_snapshot(h->filter, &snapshot));
    OK(streamcache_snapshot_put(snapshot, &h->key, "late", 4, 0, NULL, NULL));
    streamcache_snapshot_release(snapshot);
    OK(streamcache_cache_load_state(h->cache, "late", 4, &h->key, "late", 4, NULL));
    CHECK(stats_of(h->cache).hits > 0 && holds_text(h->value, "value"));
    drop_hands(h);
    check_all_is_well(); /* another cache, opened even now */
}

/* Runs in the pass of a thread's destructors it was told, by setting its own key again until then: the thread-local
 * data of the library is gone after the first. */
struct late {
    struct hands hands;
    int passes;
};
static pthread_key_t late_key;
static unsigned done_in_threads;

static void at_thread_exit(void *argument) {
    struct late *late = argument;
    if (++late->passes < latest_pass) {
        OK(streamcache_cache_retain(late->hands.cache));
        streamcache_cache_release(late->hands.cache);
        REQUIRE(pthread_setspecific(late_key, late) == 0);
        return;
    }
    use_and_release(&late->hands);
    free(late);
    __atomic_add_fetch(&done_in_threads, 1, __ATOMIC_RELAXED);
}

/* Half of the threads leave one record of glibc's behind, of 32 bytes: it takes destructors of thread-local data (here
 * arc-swap's) after it has run the last of them, and then neither runs nor frees them. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:__cxa_thread_atexit_impl\n"; }

/* Half of the threads use the library before they end; for the others its first use is in their destructor. */
static void *end_soon(void *argument) {
    struct late *late = argument;
    if (late->passes) {
        streamcache_value *value = NULL;
        late->passes = 0;
        OK(streamcache_filter_get(late->hands.filter, &late->hands.key, 0, &value, NULL));
        streamcache_value_release(value);
    }
    REQUIRE(pthread_setspecific(late_key, late) == 0);
    return NULL;
}

static void after_main(void) {
    use_and_release(&for_atexit);
    done_at_exit++;
}

__attribute__((destructor)) static void at_the_very_end(void) {
    if (for_destructor.cache == NULL) return; /* main did not get that far */
    use_and_release(&for_destructor);
    CHECK(done_at_exit == 1 && done_in_threads == threads);
    printf("%u threads and both ends of the program\n", done_in_threads);
    if (check_report()) {
        fflush(NULL);
        _exit(1);
    }
}

int main(int argc, char **argv) {
    pthread_t thread[threads];
    int i;
    REQUIRE(argc == 2);
    calls_match(argv[1]);
    REQUIRE(atexit(after_main) == 0 && pthread_key_create(&late_key, at_thread_exit) == 0);
    take_hands(&for_atexit);
    for (i = 0; i < threads; i++) {
        struct late *late = calloc(1, sizeof *late);
        REQUIRE(late != NULL);
        take_hands(&late->hands);
        late->passes = i % 2;
        REQUIRE(pthread_create(&thread[i], NULL, end_soon, late) == 0);
    }
    for (i = 0; i < threads; i++) REQUIRE(pthread_join(thread[i], NULL) == 0);
    take_hands(&for_destructor);
    return 0;
}

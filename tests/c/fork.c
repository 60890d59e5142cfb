/* A process forks while four threads are inside the library. In each child every function answers as its documentation
 * says, on the parent's handles and on the child's own; the parent goes on.
 *
 *     fork abi/symbols.txt [FORKS [gated]]
 *
 * gated: no thread is inside anything while the process forks. For AddressSanitizer, whose own locks (of its allocator)
 * a fork may leave held in the child for ever.
 */
#include "calls.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { threads = 4, rounds_in_child = 1000, child_seconds = 120 };

static int stop, warnings;

static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
static int gated;

static void on_message(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    (void)user_data;
    CHECK(level == STREAMCACHE_LOG_WARNING && strcmp(target, "process") == 0 && strstr(message, "fork") != NULL);
    __atomic_add_fetch(&warnings, 1, __ATOMIC_RELAXED);
}

struct worker {
    pthread_t thread;
    streamcache_cache *cache;
    streamcache_filter *filter;
    long rounds; /* 0: until stop */
    unsigned long done;
};

/* Locks of all kinds, held most of the time: shards, the map of states, the filter's; and the allocator's. */
static void *work(void *argument) {
    struct worker *w = argument;
    unsigned char result[256];
    long i;
    memset(result, 7, sizeof result);
    for (i = 0; w->rounds ? i < w->rounds : !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
        streamcache_digest chunk = digest_of((uint64_t)i % 50), key;
        streamcache_value *value = NULL;
        char state = (char)('a' + i / 16 % 3);
        streamcache_status status;
        if (gated) REQUIRE(pthread_rwlock_rdlock(&gate) == 0);
        status = streamcache_filter_get(w->filter, &chunk, 0, &value, &key);
        if (status == STREAMCACHE_MISS) {
            OK(streamcache_filter_put(w->filter, &chunk, &key, result, sizeof result, 0, NULL, &value));
        } else {
            OK(status);
        }
        CHECK(holds(value, result, sizeof result));
        streamcache_value_release(value);
        if (i % 16 == 0) OK(streamcache_filter_load_state(w->filter, &state, 1, NULL));
        if (i % 16 == 8) OK(streamcache_cache_load_state(w->cache, "id", 2, &key, &state, 1, NULL));
        w->done++;
        if (gated) REQUIRE(pthread_rwlock_unlock(&gate) == 0);
    }
    return NULL;
}

static void begin_work(struct worker *workers, streamcache_cache *cache, streamcache_filter *filter, long rounds) {
    int i;
    for (i = 0; i < threads; i++) {
        workers[i].cache = cache, workers[i].filter = filter, workers[i].rounds = rounds, workers[i].done = 0;
        REQUIRE(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
}

static void end_work(struct worker *workers) {
    int i;
    for (i = 0; i < threads; i++) {
        REQUIRE(pthread_join(workers[i].thread, NULL) == 0);
        CHECK(workers[i].done > 0);
    }
}

/* The parent's handles: refused, with one warning; a release returns. What needs no cache works, and so do leases. */
static void check_handles_of_the_parent(struct hands *h) {
    int i;
    for (i = 0; i < call_count; i++) {
        int answer;
        OK(streamcache_value_retain(h->value));
        answer = calls[i].run(h);
        CHECK(holds_text(h->value, "value"));
        if (calls[i].subject == PURE) complain(answer == calls[i].well, "does not work in a child", calls[i].function);
        else check_answer(&calls[i], h, answer, STREAMCACHE_FORKED);
        drop_given(h);
        if (h->taken != VALUE) streamcache_value_release(h->value);
        if (h->taken == HASHER) OK(streamcache_hasher_new(STREAMCACHE_ROLE_CHUNK, &h->hasher));
        if (h->taken == BARRIER) OK(streamcache_barrier_new(&h->barrier));
        if (h->taken == OPTIONS) OK(streamcache_options_new(&h->options));
        if (h->taken == FAILURE) STATUS(streamcache_digest_config_json("", 0, &h->digest, &h->failure), STREAMCACHE_INVALID_ARGUMENT);
        h->taken = NOTHING;
    }
    /* External memory: what was given here was destroyed here; what the parent gave is the parent's to destroy. */
    CHECK(h->external > 1 && h->destroyed == h->external - 1);
    streamcache_value_release(h->device);
    CHECK(h->destroyed == h->external - 1);
}

/* A child's life: what it has from its parent, and a cache of its own in whose use it may fork in its turn. */
static int live(struct hands *parents, void (*in_its_turn)(struct hands *)) {
    struct worker workers[threads];
    streamcache_cache *cache;
    streamcache_filter *filter;
    alarm(child_seconds); /* a lock of a thread that is not here would hold us for ever */
    check_passed = check_failed = 0;
    warnings = 0;
    check_handles_of_the_parent(parents);
    CHECK(warnings == 1);
    check_all_is_well();
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "f", "a");
    if (!gated) begin_work(workers, cache, filter, rounds_in_child);
    if (in_its_turn != NULL) {
        struct hands mine;
        take_hands(&mine);
        in_its_turn(&mine);
        drop_hands(&mine);
    }
    if (gated) begin_work(workers, cache, filter, rounds_in_child);
    end_work(workers);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    fflush(NULL);
    return check_failed != 0;
}

static void fork_and_wait(struct hands *h, void (*in_its_turn)(struct hands *)) {
    int status;
    pid_t pid;
    if (gated) REQUIRE(pthread_rwlock_wrlock(&gate) == 0);
    pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        const pthread_rwlock_t open = PTHREAD_RWLOCK_INITIALIZER;
        gate = open; /* the parent's threads wait at this one */
    } else if (gated) {
        REQUIRE(pthread_rwlock_unlock(&gate) == 0);
    }
    if (pid == 0) _exit(live(h, in_its_turn));
    while (waitpid(pid, &status, 0) < 0) REQUIRE(errno == EINTR);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (WIFSIGNALED(status)) fprintf(stderr, "a child ended with signal %d\n", WTERMSIG(status));
}

static void fork_once_more(struct hands *h) { fork_and_wait(h, NULL); }

int main(int argc, char **argv) {
    int forks = argc > 2 ? atoi(argv[2]) : 50, i;
    struct worker workers[threads];
    unsigned long done = 0;
    struct hands h;
    REQUIRE(argc >= 2 && forks > 0);
    gated = argc > 3;
    calls_match(argv[1]);
    take_hands(&h);
    OK(streamcache_log_set(on_message, NULL, STREAMCACHE_LOG_WARNING));
    begin_work(workers, h.cache, h.filter, 0);
    for (i = 0; i < forks; i++) fork_and_wait(&h, i == 0 ? fork_once_more : NULL);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    end_work(workers);
    for (i = 0; i < threads; i++) done += workers[i].done;
    CHECK(stats_of(h.cache).hits > 0 && warnings == 0);
    CHECK(holds_text(h.value, "value"));
    drop_hands(&h);
    check_all_is_well();
    OK(streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR));
    printf("%d forks, %d functions in each child, %lu rounds in the parent meanwhile\n", forks, (int)call_count, done);
    return check_report();
}

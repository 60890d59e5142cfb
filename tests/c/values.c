/* Values in every form: external memory and its destructor, device memory that is never read, descriptions, content
 * digests, copies out. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "common.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms) {
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void put_plain(streamcache_cache *cache, uint64_t number, size_t len) {
    static const unsigned char zeros[1 << 20];
    streamcache_digest key = digest_of(number);
    OK(streamcache_cache_put_chunk(cache, &key, zeros, len, 0, NULL, NULL));
}

/* The destructor: one run, at the moment the last holder lets go, whoever that is. */

enum { external_bytes = 600 << 10, tight = 1 << 20 };

static const char bytes[] = "external";

/* A cache with room for one of them, and a filter in it with one earlier state. */
static streamcache_cache *cache;
static streamcache_filter *filter;
static int destroyed;

static void open_tight(void) {
    cache = open_cache(tight, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "f", "s0");
    OK(streamcache_filter_load_state(filter, "s1", 2, NULL));
    destroyed = 0;
}

static void close_tight(void) {
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

static streamcache_status put_external(const streamcache_external *external, streamcache_put_options *options, streamcache_value **value) {
    streamcache_digest chunk = digest_of(1), key;
    streamcache_value *found = NULL;
    streamcache_status status = streamcache_filter_get(filter, &chunk, 0, &found, &key);
    CHECK(status == STREAMCACHE_MISS || status == STREAMCACHE_OK);
    streamcache_value_release(found);
    return streamcache_filter_put_external(filter, &chunk, &key, external, 0, options, value);
}

/* Every way in which the cache lets go of the one entry that the filter has put. */
static void by_a_replacement(void) {
    streamcache_digest chunk = digest_of(1), key;
    streamcache_value *old = NULL;
    (void)streamcache_filter_get(filter, &chunk, STREAMCACHE_PEEK, &old, &key);
    streamcache_value_release(old);
    OK(streamcache_filter_put(filter, &chunk, &key, "new", 3, 0, NULL, NULL));
}
static void by_another_put(void) { put_plain(cache, 2, external_bytes); }
static void by_remove(void) {
    streamcache_digest chunk = digest_of(1);
    OK(streamcache_filter_remove(filter, &chunk));
}
static void by_purge(void) { OK(streamcache_cache_purge(cache, 0)); }
static void by_the_filters_purge(void) {
    uint64_t removed = 0;
    OK(streamcache_filter_purge(filter, &removed));
    CHECK(removed == 1);
}
static void by_retire(void) {
    uint64_t removed = 0;
    OK(streamcache_filter_load_state(filter, "s2", 2, NULL));
    OK(streamcache_filter_retire(filter, &removed));
    CHECK(removed == 1);
}
static void by_fewer_bytes(void) { OK(streamcache_cache_set_max_bytes(cache, 64 << 10)); }
static void by_no_bytes(void) { OK(streamcache_cache_set_max_bytes(cache, 0)); }
static void by_fewer_chunks(void) { OK(streamcache_cache_set_max_chunks(cache, 0)); }
static void by_a_filters_state(void) {
    static const unsigned char state[external_bytes];
    OK(streamcache_filter_load_state(filter, state, sizeof state, NULL));
}
static void by_a_named_state(void) {
    static const unsigned char state[external_bytes];
    streamcache_digest key = digest_of(3);
    OK(streamcache_cache_load_state(cache, "s", 1, &key, state, sizeof state, NULL));
}
static void by_its_time_to_live(void) {
    streamcache_digest chunk = digest_of(1);
    streamcache_value *value = NULL;
    pause_ms(5);
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_MISS);
}
static void by_close(void) { OK(streamcache_cache_close(cache, 0, NULL)); }
static void by_release(void) {
    close_tight();
    cache = NULL;
    filter = NULL;
}

static void (*const ways[])(void) = {by_a_replacement, by_another_put, by_remove, by_purge, by_the_filters_purge, by_retire, by_fewer_bytes,
    by_no_bytes, by_fewer_chunks, by_a_filters_state, by_a_named_state, by_its_time_to_live, by_close, by_release};
enum { ways_count = sizeof ways / sizeof *ways };

static void put_one(streamcache_external external, size_t way, streamcache_value **value) {
    streamcache_put_options options = put_options();
    options.ttl_ms = ways[way] == by_its_time_to_live ? 1 : 0;
    OK(put_external(&external, &options, value));
}

static void it_is_destroyed_once_when_the_cache_lets_go(void) {
    size_t way;
    for (way = 0; way < ways_count; way++) {
        open_tight();
        put_one(external_of(bytes, sizeof bytes, external_bytes, &destroyed), way, NULL);
        CHECK(destroyed == 0);
        ways[way]();
        if (destroyed != 1) fprintf(stderr, "way %d: destroyed %d times\n", (int)way, destroyed);
        CHECK(destroyed == 1);
        close_tight();
        CHECK(destroyed == 1);
    }
}

static void a_lease_keeps_it_from_being_destroyed(void) {
    size_t way;
    for (way = 0; way < ways_count; way++) {
        streamcache_value *lease = NULL;
        /* What is leased frees no bytes, so nothing that needs bytes would get them. */
        if (ways[way] == by_another_put || ways[way] == by_a_filters_state || ways[way] == by_a_named_state) continue;
        open_tight();
        put_one(external_of(bytes, sizeof bytes, external_bytes, &destroyed), way, &lease);
        ways[way]();
        close_tight();
        CHECK(destroyed == 0 && holds(lease, bytes, sizeof bytes));
        CHECK(streamcache_value_data(lease) == bytes); /* nothing was copied */
        streamcache_value_release(lease);
        CHECK(destroyed == 1);
    }
}

/* A put that stores nothing destroys at once, or with the lease it gave. */
static void a_put_that_fails_destroys_too(void) {
    streamcache_digest key = digest_of(1), stranger = digest_of(99);
    streamcache_external external = external_of(bytes, sizeof bytes, 1, &destroyed), wrong;
    streamcache_put_options options = put_options();
    streamcache_snapshot *snapshot = NULL;
    streamcache_filter *stateless, *noise = NULL;
    streamcache_tensor_view view = floats_at(1000, 0, NULL);
    streamcache_value *value;
    open_tight();
    stateless = open_filter(cache, "stateless", NULL);
    OK(streamcache_filter_open(cache, "noise", 5, &key, STREAMCACHE_FILTER_NONDETERMINISTIC, &noise, NULL));
    OK(streamcache_filter_load_state(noise, "s", 1, NULL));
    OK(streamcache_filter_snapshot(filter, &snapshot));
#define DESTROYS(call, want)  \
    do {                      \
        destroyed = 0;        \
        STATUS((call), want); \
        CHECK(destroyed == 1); \
    } while (0)
#define ANSWERS(call, want)                       \
    do {                                          \
        DESTROYS((value = NULL, call), want);     \
        CHECK(value == NULL);                     \
    } while (0)
    /* arguments */
    ANSWERS(streamcache_cache_put_chunk_external(cache, &key, &external, 0x80000000u, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    ANSWERS(streamcache_filter_put_external(filter, &key, NULL, &external, 0x80000000u, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    ANSWERS(streamcache_snapshot_put_external(snapshot, &key, &external, 0x80000000u, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    wrong = external;
    wrong.flags = 0x80000000u;
    ANSWERS(streamcache_cache_put_chunk_external(cache, &key, &wrong, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    ANSWERS(streamcache_filter_put_external(filter, &key, NULL, &external, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT); /* swapped */
    ANSWERS(streamcache_filter_put_external(filter, &key, &stranger, &external, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    ANSWERS(streamcache_filter_put_external(stateless, &key, NULL, &external, 0, NULL, &value), STREAMCACHE_NO_STATE);
    options.struct_size = 1;
    ANSWERS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    options = put_options();
    options.tensors = &view; /* beyond the payload */
    options.tensor_count = 1;
    ANSWERS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    ANSWERS(streamcache_snapshot_put_external(snapshot, &key, &external, 0, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    /* outcomes, without a lease */
    DESTROYS(streamcache_cache_put_chunk_external(cache, &key, &external, STREAMCACHE_BYPASS, NULL, NULL), STREAMCACHE_NOT_STORED);
    DESTROYS(streamcache_cache_put_chunk_external(cache, &key, &external, STREAMCACHE_READ_ONLY, NULL, NULL), STREAMCACHE_NOT_STORED);
    DESTROYS(streamcache_filter_put_external(noise, &key, NULL, &external, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
    external.charge = 2 * tight;
    DESTROYS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
    external.charge = UINT64_MAX;
    DESTROYS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
    external.charge = 1;
    OK(streamcache_cache_close(cache, 0, NULL));
    ANSWERS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &value), STREAMCACHE_CLOSED);
    ANSWERS(streamcache_snapshot_put_external(snapshot, &key, &external, 0, NULL, &value), STREAMCACHE_CLOSED);
#undef ANSWERS
#undef DESTROYS
    /* A struct of unknown size is not understood, so nothing in it is called. */
    destroyed = 0;
    external.struct_size = 0;
    STATUS(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, NULL), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(destroyed == 0);
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(noise);
    streamcache_filter_release(stateless);
    close_tight();
}

static void what_was_not_stored_lives_with_its_lease(void) {
    static const uint32_t flags[] = {STREAMCACHE_BYPASS, STREAMCACHE_READ_ONLY, 0};
    streamcache_digest key = digest_of(1);
    size_t i;
    open_tight();
    for (i = 0; i < 3; i++) {
        streamcache_external external = external_of(bytes, sizeof bytes, 2 * tight, &destroyed);
        streamcache_value *lease = NULL;
        uint64_t before = stats_of(cache).bytes;
        destroyed = 0;
        STATUS(streamcache_cache_put_chunk_external(cache, &key, &external, flags[i], NULL, &lease), STREAMCACHE_NOT_STORED);
        CHECK(holds(lease, bytes, sizeof bytes) && destroyed == 0);
        CHECK(stats_of(cache).detached_bytes >= 2 * tight && stats_of(cache).bytes == before);
        streamcache_value_release(lease);
        CHECK(destroyed == 1 && stats_of(cache).detached_bytes == 0);
    }
    close_tight();
}

static void external_charge_counts(void) {
    streamcache_external external;
    streamcache_digest key = digest_of(1);
    streamcache_value *lease = NULL;
    uint64_t empty;
    open_tight();
    empty = stats_of(cache).bytes;
    external = external_of(bytes, sizeof bytes, external_bytes, &destroyed);
    OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &lease));
    CHECK(stats_of(cache).bytes >= empty + external_bytes && stats_of(cache).bytes < empty + external_bytes + 1024);
    OK(streamcache_cache_remove_chunk(cache, &key));
    CHECK(stats_of(cache).bytes >= empty + external_bytes && stats_of(cache).leased_bytes >= external_bytes);
    streamcache_value_release(lease);
    CHECK(stats_of(cache).bytes == empty && stats_of(cache).leased_bytes == 0);
    external = external_of(NULL, 0, 0, &destroyed); /* no byte, no charge: the header is still one */
    OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &lease));
    CHECK(streamcache_value_size(lease) == 0 && stats_of(cache).bytes > empty);
    streamcache_value_release(lease);
    close_tight();
}

static void memory_without_a_destructor(void) {
    streamcache_external external = external_of(bytes, sizeof bytes, 1, NULL);
    streamcache_value *lease = NULL;
    open_tight();
    external.destroy = NULL;
    OK(put_external(&external, NULL, &lease));
    CHECK(streamcache_value_data(lease) == bytes);
    close_tight();
    streamcache_value_release(lease);
}

/* The destructor may release whatever else it holds. */

struct holder {
    streamcache_value *value;
    streamcache_snapshot *snapshot;
    streamcache_filter *filter;
    streamcache_cache *cache;
    int runs;
};

static void let_go(void *argument) {
    struct holder *holder = argument;
    holder->runs++;
    streamcache_value_release(holder->value);
    streamcache_snapshot_release(holder->snapshot);
    streamcache_filter_release(holder->filter);
    streamcache_cache_release(holder->cache);
}

static streamcache_external held_by(struct holder *holder, uint64_t charge) {
    streamcache_external external = external_of(bytes, sizeof bytes, charge, NULL);
    memset(holder, 0, sizeof *holder);
    external.destroy = let_go;
    external.user_data = holder;
    return external;
}

static void a_destructor_may_release_the_last_of_everything(void) {
    size_t way;
    for (way = 0; way < ways_count; way++) {
        struct holder holder;
        streamcache_external external, inner;
        streamcache_digest key = digest_of(7);
        if (ways[way] == by_release) continue; /* the entry's own filter would keep the cache that keeps the entry */
        open_tight();
        external = held_by(&holder, external_bytes);
        inner = external_of(bytes, sizeof bytes, 1, &destroyed);
        OK(streamcache_cache_put_chunk_external(cache, &key, &inner, 0, NULL, &holder.value));
        OK(streamcache_cache_remove_chunk(cache, &key));
        OK(streamcache_filter_snapshot(filter, &holder.snapshot));
        holder.filter = open_filter(cache, "held", "its own");
        put_one(external, way, NULL);
        ways[way]();
        CHECK(holder.runs == 1 && destroyed == 1);
        close_tight();
    }
}

/* The destructor that a lease's release runs holds the last handle of the cache: everything else goes with it. */
static void a_destructor_may_release_the_last_cache_handle(void) {
    struct holder holder;
    streamcache_external external = held_by(&holder, 1), other;
    streamcache_digest key = digest_of(1), second = digest_of(2);
    streamcache_value *lease = NULL;
    open_tight();
    streamcache_filter_release(filter);
    OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &lease));
    OK(streamcache_cache_remove_chunk(cache, &key));
    other = external_of(bytes, sizeof bytes, 1, &destroyed);
    OK(streamcache_cache_put_chunk_external(cache, &second, &other, 0, NULL, NULL));
    holder.cache = cache;
    CHECK(holder.runs == 0 && destroyed == 0);
    streamcache_value_release(lease);
    CHECK(holder.runs == 1 && destroyed == 1);
}

/* A chain of values, each the lease that the destructor of the one before releases. */
static void destructors_may_nest(void) {
    enum { links = 200 };
    static struct holder chain[links];
    streamcache_value *next = NULL;
    int i, runs = 0;
    open_tight();
    for (i = 0; i < links; i++) {
        streamcache_digest key = digest_of((uint64_t)i);
        streamcache_external external = held_by(&chain[i], 1);
        chain[i].value = next;
        OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &next));
    }
    OK(streamcache_cache_purge(cache, 0));
    for (i = 0; i < links; i++) runs += chain[i].runs;
    CHECK(runs == 0);
    streamcache_value_release(next);
    for (i = 0; i < links; i++) runs += chain[i].runs;
    CHECK(runs == links);
    close_tight();
}

/* No lock of the library is held while a destructor runs: another thread gets through every one of them meanwhile. */

static int other_thread_finished;

static void *use_every_lock(void *argument) {
    streamcache_digest key;
    uint64_t i;
    (void)argument;
    for (i = 100; i < 132; i++) {
        streamcache_value *value = NULL;
        key = digest_of(i);
        (void)streamcache_cache_put_chunk(cache, &key, "v", 1, 0, NULL, NULL);
        (void)streamcache_cache_get_chunk(cache, &key, 0, &value);
        streamcache_value_release(value);
    }
    (void)streamcache_cache_load_state(cache, "other", 5, &key, "s", 1, NULL);
    (void)streamcache_filter_retire(filter, NULL);
    (void)stats_of(cache);
    flag_set(&other_thread_finished, 1);
    return NULL;
}

static pthread_t other_thread;

static void wait_for_another_thread(void *argument) {
    int *in_time = argument, tries;
    REQUIRE(pthread_create(&other_thread, NULL, use_every_lock, NULL) == 0);
    for (tries = 0; tries < 1000 && !flag_is_set(&other_thread_finished); tries++) pause_ms(2);
    *in_time = flag_is_set(&other_thread_finished);
}

static void a_destructor_runs_under_no_lock(void) {
    size_t way;
    for (way = 0; way < ways_count; way++) {
        streamcache_external external = external_of(bytes, sizeof bytes, external_bytes, NULL);
        int in_time = -1;
        if (ways[way] == by_release) continue; /* then there is nothing left to lock */
        open_tight();
        flag_set(&other_thread_finished, 0);
        external.destroy = wait_for_another_thread;
        external.user_data = &in_time;
        put_one(external, way, NULL);
        ways[way]();
        if (in_time != 1) fprintf(stderr, "way %d: a lock was held\n", (int)way);
        CHECK(in_time == 1);
        if (in_time >= 0) REQUIRE(pthread_join(other_thread, NULL) == 0);
        close_tight();
    }
}

/* It runs on whichever thread lets go last. */

static pthread_t destroyer;

static void note_the_thread(void *argument) {
    (void)argument;
    destroyer = pthread_self();
    destroyed++;
}

static void *release_it(void *lease) {
    streamcache_value_release(lease);
    return NULL;
}

static void a_destructor_runs_on_the_thread_that_lets_go(void) {
    streamcache_external external = external_of(bytes, sizeof bytes, 1, NULL);
    streamcache_value *lease = NULL;
    pthread_t thread;
    open_tight();
    external.destroy = note_the_thread;
    OK(put_external(&external, NULL, &lease));
    close_tight();
    CHECK(destroyed == 0);
    REQUIRE(pthread_create(&thread, NULL, release_it, lease) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    CHECK(destroyed == 1 && pthread_equal(destroyer, thread));
}

enum { crowd = 8, each = 2000, crowd_keys = 64 };
static int runs[crowd][each];

static void *put_and_get(void *argument) {
    int *mine = argument, i;
    for (i = 0; i < each; i++) {
        streamcache_digest key = digest_of((uint64_t)(i * 31 % crowd_keys));
        streamcache_external external = external_of(bytes, sizeof bytes, (uint64_t)(i % 7) << 14, &mine[i]);
        streamcache_value *lease = NULL, *found = NULL;
        streamcache_status status;
        status = streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, i % 2 ? &lease : NULL);
        CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_NOT_STORED);
        if (i % 3 == 0) {
            status = streamcache_cache_get_chunk(cache, &key, 0, &found);
            CHECK(status == STREAMCACHE_OK || status == STREAMCACHE_MISS);
            if (found != NULL) CHECK(holds(found, bytes, sizeof bytes));
        }
        if (i % 5 == 0) (void)streamcache_cache_remove_chunk(cache, &key);
        if (i % 101 == 0) OK(streamcache_cache_purge(cache, 0));
        if (lease != NULL) CHECK(holds(lease, bytes, sizeof bytes) && flag_is_set(&mine[i]) == 0);
        streamcache_value_release(lease);
        streamcache_value_release(found);
    }
    return NULL;
}

static void many_threads_and_every_destructor_ran_once(void) {
    pthread_t threads[crowd];
    int i, j, wrong = 0;
    open_tight();
    for (i = 0; i < crowd; i++) REQUIRE(pthread_create(&threads[i], NULL, put_and_get, runs[i]) == 0);
    for (i = 0; i < crowd; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK(stats_of(cache).bytes <= tight && stats_of(cache).detached_bytes == 0 && stats_of(cache).leased_bytes == 0);
    close_tight();
    for (i = 0; i < crowd; i++)
        for (j = 0; j < each; j++) wrong += runs[i][j] != 1;
    CHECK(wrong == 0);
}

/* Device memory: a mapping that no one may read. A single load from it ends this program. */

static void device_memory_is_never_read(void) {
    enum { size = 1 << 20 };
    static const int64_t dims[] = {size / 8};
    void *device = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    streamcache_tensor_view views[2], view = floats_at(0, 0, NULL);
    streamcache_put_options options = put_options();
    streamcache_digest chunk = digest_of(1), key, content;
    streamcache_snapshot *snapshot = NULL;
    int round;
    REQUIRE(device != MAP_FAILED);
    views[0] = floats_at(0, 1, dims);
    views[1] = floats_at(size / 2, 1, dims);
    options.tensors = views;
    options.tensor_count = 2;
    options.blob = "gpu 0";
    options.blob_len = 5;
    options.compute_ns = 10;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "f", "s");
    OK(streamcache_filter_snapshot(filter, &snapshot));
    destroyed = 0;
    for (round = 0; round < 8; round++) {
        static const uint32_t put_flags[] = {0, STREAMCACHE_REFRESH, STREAMCACHE_BYPASS, STREAMCACHE_READ_ONLY};
        uint32_t flags = put_flags[round % 4];
        streamcache_external external = external_of(device, size, size, &destroyed);
        streamcache_value *value = NULL, *again = NULL;
        streamcache_status want = flags == 0 || flags == STREAMCACHE_REFRESH ? STREAMCACHE_OK : STREAMCACHE_NOT_STORED;
        char buffer[16] = "untouched";
        size_t len = 77;
        external.flags = STREAMCACHE_EXTERNAL_DEVICE;
        STATUS(streamcache_filter_get(filter, &chunk, STREAMCACHE_PEEK, &value, &key), STREAMCACHE_MISS);
        STATUS(streamcache_filter_put_external(filter, &chunk, &key, &external, flags, &options, &value), want);
        REQUIRE(value != NULL);
        CHECK(streamcache_value_data(value) == NULL);
        CHECK(streamcache_value_device_pointer(value) == device);
        CHECK(streamcache_value_size(value) == size);
        CHECK(streamcache_value_tensor_count(value) == 2);
        OK(streamcache_value_get_tensor(value, 1, &view));
        CHECK(view.offset == size / 2 && view.length == size / 2);
        CHECK(memcmp(streamcache_value_blob(value, &len), "gpu 0", 5) == 0 && len == 5);
        STATUS(streamcache_value_get_content(value, &content), STREAMCACHE_NOT_SUPPORTED);
        OK(streamcache_value_retain(value));
        streamcache_value_release(value);
        if (want == STREAMCACHE_OK) {
            STATUS(streamcache_filter_get_into(filter, &chunk, 0, buffer, sizeof buffer, &len, NULL), STREAMCACHE_NOT_SUPPORTED);
            STATUS(streamcache_filter_get_into(filter, &chunk, STREAMCACHE_PEEK, NULL, 0, &len, NULL), STREAMCACHE_NOT_SUPPORTED);
            STATUS(streamcache_cache_get_chunk_into(cache, &key, 0, buffer, sizeof buffer, &len), STREAMCACHE_NOT_SUPPORTED);
            CHECK(strcmp(buffer, "untouched") == 0);
            OK(streamcache_filter_get(filter, &chunk, 0, &again, NULL));
            CHECK(again == value || streamcache_value_device_pointer(again) == device);
            streamcache_value_release(again);
            OK(streamcache_snapshot_get(snapshot, &chunk, 0, &again, NULL));
            CHECK(streamcache_value_data(again) == NULL);
            streamcache_value_release(again);
            OK(streamcache_cache_get_chunk(cache, &key, STREAMCACHE_PEEK, &again));
            streamcache_value_release(again);
            /* in place, by both other puts */
            OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &again));
            CHECK(streamcache_value_device_pointer(again) == device && streamcache_value_tensor_count(again) == 0);
            STATUS(streamcache_value_get_content(again, &content), STREAMCACHE_NOT_SUPPORTED);
            streamcache_value_release(again);
            OK(streamcache_snapshot_put_external(snapshot, &chunk, &external, 0, &options, NULL));
        }
        switch (round) { /* the ways out */
            case 0: OK(streamcache_filter_remove(filter, &chunk)); break;
            case 1: OK(streamcache_cache_purge(cache, 0)); break;
            case 4: OK(streamcache_filter_purge(filter, NULL)); break;
            case 5: OK(streamcache_cache_set_max_bytes(cache, 64 << 10)); /* evicts */ break;
            default: break;
        }
        OK(streamcache_cache_set_max_bytes(cache, PLENTY));
        streamcache_value_release(value);
    }
    CHECK(destroyed == 4 + 4 * 3);
    CHECK(stats_of(cache).entries == 0 && stats_of(cache).detached_bytes == 0);
    {
        streamcache_external host = external_of(bytes, sizeof bytes, 1, &destroyed);
        streamcache_value *value = NULL;
        OK(streamcache_filter_put_external(filter, &chunk, NULL, &host, 0, NULL, &value));
        CHECK(streamcache_value_data(value) == bytes && streamcache_value_device_pointer(value) == NULL);
        streamcache_value_release(value);
    }
    streamcache_snapshot_release(snapshot);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    munmap(device, size);
}

/* Descriptions */

static void a_description_comes_back_as_it_was_given(void) {
    static const unsigned char payload[64] = {1, 2, 3};
    int64_t wide[] = {2, 3}, nothing[] = {5, 0}, nibbles[] = {3};
    char blob[] = "score=0.5";
    streamcache_tensor_view views[4], view;
    streamcache_put_options options = put_options();
    streamcache_digest key = digest_of(1);
    streamcache_value *stored = NULL, *value = NULL;
    size_t len = 0, i, before;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    views[0] = floats_at(8, 2, wide);
    views[1] = floats_at(0, 0, NULL); /* a scalar, and out of order */
    views[2] = floats_at(64, 2, nothing); /* empty, at the very end */
    views[3] = floats_at(40, 1, nibbles);
    views[3].dtype_code = 17; /* float4_e2m1fn: three elements in two bytes */
    views[3].dtype_bits = 4;
    views[3].length = 2;
    options.tensors = views;
    options.tensor_count = 4;
    options.blob = blob;
    options.blob_len = strlen(blob);
    OK(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, &options, &stored));
    /* The caller's memory is its own again. */
    wide[0] = nibbles[0] = -1;
    blob[0] = '?';
    OK(streamcache_cache_get_chunk(cache, &key, 0, &value));
    OK(streamcache_cache_purge(cache, 0));
    streamcache_value_release(stored);
    CHECK(holds(value, payload, sizeof payload) && (uintptr_t)streamcache_value_data(value) % 64 == 0);
    CHECK(streamcache_value_tensor_count(value) == 4);
    for (i = 0; i < 4; i++) {
        memset(&view, 0, sizeof view);
        view.struct_size = sizeof view;
        OK(streamcache_value_get_tensor(value, i, &view));
        CHECK(view.struct_size == sizeof view && view.offset == views[i].offset && view.length == views[i].length);
        CHECK(view.dtype_code == views[i].dtype_code && view.dtype_bits == views[i].dtype_bits && view.dtype_lanes == 1);
        CHECK(view.rank == views[i].rank);
        if (i == 0) CHECK(view.dims[0] == 2 && view.dims[1] == 3);
        if (i == 2) CHECK(view.dims[0] == 5 && view.dims[1] == 0);
        if (i == 3) CHECK(view.dims[0] == 3);
    }
    STATUS(streamcache_value_get_tensor(value, 4, &view), STREAMCACHE_MISS);
    view.struct_size--;
    STATUS(streamcache_value_get_tensor(value, 0, &view), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(memcmp(streamcache_value_blob(value, &len), "score=0.5", 9) == 0 && len == 9);
    streamcache_value_release(value);

    /* A value without one */
    OK(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, NULL, &value));
    CHECK(streamcache_value_tensor_count(value) == 0 && streamcache_value_blob(value, &len) != NULL && len == 0);
    streamcache_value_release(value);

    /* The largest one, which is charged. */
    {
        static unsigned char large[65536];
        static streamcache_tensor_view many[1024];
        before = (size_t)stats_of(cache).bytes;
        for (i = 0; i < 1024; i++) many[i] = floats_at(i % 16 * 4, 0, NULL);
        options.tensors = many;
        options.tensor_count = 1024;
        options.blob = large;
        options.blob_len = sizeof large;
        key = digest_of(2);
        OK(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, &options, &value));
        CHECK(streamcache_value_tensor_count(value) == 1024);
        CHECK(stats_of(cache).bytes - before > sizeof large + 1024 * 16);
        streamcache_value_release(value);
    }
    streamcache_cache_release(cache);
}

/* A newer header's description of a tensor: longer, and so an array's elements are further apart. */
struct wide_view {
    streamcache_tensor_view known;
    uint64_t later[2];
};

static void a_longer_description_of_a_newer_header_is_read(void) {
    static const unsigned char payload[64] = {1, 2, 3};
    int64_t dims[3][1] = {{1}, {2}, {3}};
    struct wide_view views[3], read;
    streamcache_put_options options = put_options();
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    size_t i, j;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    memset(views, 0, sizeof views);
    for (i = 0; i < 3; i++) {
        views[i].known = floats_at(16 * i, 1, dims[i]);
        views[i].known.struct_size = sizeof *views;
    }
    options.tensors = &views[0].known;
    options.tensor_count = 3;
    OK(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, &options, &value));
    CHECK(streamcache_value_tensor_count(value) == 3);
    for (i = 0; i < 3; i++) {
        memset(&read, 0x5a, sizeof read);
        read.known.struct_size = sizeof read;
        OK(streamcache_value_get_tensor(value, i, &read.known)); /* as long, so that it can be put again */
        CHECK(read.known.struct_size == sizeof read && read.later[0] == 0 && read.later[1] == 0);
        CHECK(read.known.offset == 16 * i && read.known.rank == 1 && read.known.dims[0] == dims[i][0]);
        memset(&read, 0x5a, sizeof read);
        read.known.struct_size = sizeof read.known;
        OK(streamcache_value_get_tensor(value, i, &read.known)); /* and never beyond what it says */
        CHECK(read.known.offset == 16 * i && read.later[0] == 0x5a5a5a5a5a5a5a5a && read.later[1] == read.later[0]);
    }
    streamcache_value_release(value);
    /* What it says there that this library doesn't know is not passed over. */
    for (i = 0; i < 3; i++) {
        for (j = 0; j < 2; j++) {
            views[i].later[j] = 1;
            STATUS(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, &options, &value), STREAMCACHE_NOT_SUPPORTED);
            CHECK(value == NULL);
            views[i].later[j] = 0;
        }
    }
    OK(streamcache_cache_put_chunk(cache, &key, payload, sizeof payload, 0, &options, NULL));
    streamcache_cache_release(cache);
}

/* Content digests */

static streamcache_digest content_of(const unsigned char *payload, size_t len, const streamcache_tensor_view *views, size_t count, const char *blob) {
    streamcache_put_options options = put_options();
    streamcache_digest key = digest_of(1), content, again;
    streamcache_value *value = NULL;
    options.tensors = views;
    options.tensor_count = count;
    options.blob = blob;
    options.blob_len = strlen(blob);
    memset(&content, 0, sizeof content);
    OK(streamcache_cache_put_chunk(cache, &key, payload, len, 0, &options, &value));
    OK(streamcache_value_get_content(value, &content));
    OK(streamcache_value_get_content(value, &again));
    CHECK(same_digest(&content, &again));
    streamcache_value_release(value);
    return content;
}

static void a_plain_values_content_is_its_chunk_digest(void) {
    static unsigned char payload[3000];
    static const size_t sizes[] = {0, 1, 64, 1024, 1025, 3000};
    streamcache_external external;
    streamcache_digest want, content, key = digest_of(2);
    streamcache_value *value = NULL;
    size_t i;
    for (i = 0; i < sizeof payload; i++) payload[i] = (unsigned char)i;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        OK(streamcache_digest_chunk(payload, sizes[i], &want));
        content = content_of(payload, sizes[i], NULL, 0, "");
        CHECK(same_digest(&content, &want));
        external = external_of(payload, sizes[i], 0, &destroyed);
        OK(streamcache_cache_put_chunk_external(cache, &key, &external, 0, NULL, &value));
        OK(streamcache_value_get_content(value, &content));
        CHECK(same_digest(&content, &want));
        streamcache_value_release(value);
    }
    /* Detached, and a state: a value is a value. */
    OK(streamcache_cache_set_max_bytes(cache, 4096));
    OK(streamcache_digest_chunk(payload, 3000, &want));
    STATUS(streamcache_cache_put_chunk(cache, &key, payload, 3000, STREAMCACHE_READ_ONLY, NULL, &value), STREAMCACHE_NOT_STORED);
    OK(streamcache_value_get_content(value, &content));
    CHECK(same_digest(&content, &want));
    streamcache_value_release(value);
    CHECK(stats_of(cache).detached_bytes == 0);
    streamcache_cache_release(cache);
}

static void a_described_values_content_is_its_tensors_and_blob(void) {
    /* By an implementation that shares nothing with this library: keyed(K_content, keyed(K_inputs, 2 || t_1 || t_2) ||
     * chunk(payload) || chunk("blob")), where t_1 is float32 {2, 3} of bytes 0 to 23 and t_2 is uint8 {4} of bytes 32 to 35, names empty. */
    static const char pinned[] = "c87bb2f3d14de37450ecb642595f21c1731a19cd0ee6806a10b336a1e68dcce6";
    static const int64_t wide[] = {2, 3}, tall[] = {3, 2}, four[] = {4};
    unsigned char payload[64];
    streamcache_tensor_view views[2], others[2];
    streamcache_digest content, want, other;
    size_t i;
    for (i = 0; i < sizeof payload; i++) payload[i] = (unsigned char)i;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    views[0] = floats_at(0, 2, wide);
    views[1] = floats_at(32, 1, four);
    views[1].dtype_code = STREAMCACHE_DTYPE_UINT;
    views[1].dtype_bits = 8;
    views[1].length = 4;
    content = content_of(payload, sizeof payload, views, 2, "blob");
    OK(streamcache_digest_from_hex(pinned, 64, &want));
    CHECK(same_digest(&content, &want));

    others[0] = views[0];
    others[1] = views[1];
#define DIFFERS(payload, views, count, blob)                              \
    do {                                                                  \
        other = content_of(payload, sizeof payload, views, count, blob);  \
        CHECK(!same_digest(&content, &other));                            \
    } while (0)
    DIFFERS(payload, views, 2, "blub");
    DIFFERS(payload, views, 2, "");
    DIFFERS(payload, views, 1, "blob");
    DIFFERS(payload, views, 0, "blob");
    others[0] = views[1], others[1] = views[0];
    DIFFERS(payload, others, 2, "blob");
    others[0] = floats_at(0, 2, tall), others[1] = views[1];
    DIFFERS(payload, others, 2, "blob");
    payload[28] ^= 1; /* between the tensors: the payload counts whole */
    DIFFERS(payload, views, 2, "blob");
    payload[28] ^= 1;
    payload[5] ^= 1;
    DIFFERS(payload, views, 2, "blob");
#undef DIFFERS
    streamcache_cache_release(cache);
}

/* Copies out */

static void a_result_is_copied_into_a_buffer_that_is_large_enough(void) {
    char buffer[16];
    size_t len = 77, capacity;
    streamcache_digest chunk, key, read_key;
    streamcache_value *value = NULL;
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "f", "s");
    OK(streamcache_digest_chunk("c", 1, &chunk));
    memset(&read_key, 0, sizeof read_key);
    STATUS(streamcache_filter_get_into(filter, &chunk, 0, buffer, sizeof buffer, &len, &key), STREAMCACHE_MISS);
    CHECK(len == 0);
    OK(streamcache_filter_put(filter, &chunk, &key, "result", 6, 0, NULL, NULL));
    for (capacity = 0; capacity <= sizeof buffer; capacity++) {
        streamcache_status want = capacity < 6 ? STREAMCACHE_BUFFER_TOO_SMALL : STREAMCACHE_OK;
        char *to = capacity == 0 ? NULL : buffer;
        memset(buffer, '.', sizeof buffer);
        len = 77;
        STATUS(streamcache_filter_get_into(filter, &chunk, 0, to, capacity, &len, &read_key), want);
        CHECK(len == 6 && same_digest(&key, &read_key));
        CHECK(memcmp(buffer, want == STREAMCACHE_OK ? "result.........." : "................", 16) == 0);
        len = 77;
        memset(buffer, '.', sizeof buffer);
        STATUS(streamcache_cache_get_chunk_into(cache, &key, 0, to, capacity, &len), want);
        CHECK(len == 6 && memcmp(buffer, want == STREAMCACHE_OK ? "result.........." : "................", 16) == 0);
    }
    /* The flags of every lookup */
    len = 77;
    STATUS(streamcache_filter_get_into(filter, &chunk, STREAMCACHE_BYPASS, buffer, sizeof buffer, &len, NULL), STREAMCACHE_MISS);
    CHECK(len == 0);
    OK(streamcache_filter_get_into(filter, &chunk, STREAMCACHE_PEEK, buffer, sizeof buffer, &len, NULL));
    CHECK(len == 6);
    /* Length 0 is a result like any other. */
    OK(streamcache_filter_put(filter, &chunk, &key, NULL, 0, 0, NULL, &value));
    streamcache_value_release(value);
    len = 77;
    OK(streamcache_filter_get_into(filter, &chunk, 0, NULL, 0, &len, NULL));
    CHECK(len == 0);
    OK(streamcache_cache_remove_chunk(cache, &key));
    len = 77;
    STATUS(streamcache_cache_get_chunk_into(cache, &key, 0, buffer, sizeof buffer, &len), STREAMCACHE_MISS);
    CHECK(len == 0);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
}

int main(void) {
    it_is_destroyed_once_when_the_cache_lets_go();
    a_lease_keeps_it_from_being_destroyed();
    a_put_that_fails_destroys_too();
    what_was_not_stored_lives_with_its_lease();
    external_charge_counts();
    memory_without_a_destructor();
    a_destructor_may_release_the_last_of_everything();
    a_destructor_may_release_the_last_cache_handle();
    destructors_may_nest();
    a_destructor_runs_under_no_lock();
    a_destructor_runs_on_the_thread_that_lets_go();
    many_threads_and_every_destructor_ran_once();
    device_memory_is_never_read();
    a_description_comes_back_as_it_was_given();
    a_longer_description_of_a_newer_header_is_read();
    a_plain_values_content_is_its_chunk_digest();
    a_described_values_content_is_its_tensors_and_blob();
    a_result_is_copied_into_a_buffer_that_is_large_enough();
    return check_report();
}

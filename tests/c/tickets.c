/* Tickets, as one thread sees them: who gets one, the ways to commit, what fences, and what is counted. What many threads
 * see is in flights.c. */
#include "begin.h"

static streamcache_cache *cache;
static streamcache_filter *filter; /* of a state "s1" */

/* Who gets a ticket */

static void one_caller_computes_and_others_are_busy(void) {
    streamcache_digest chunk = digest_of(1), digested, key, wanted;
    streamcache_snapshot *snapshot = NULL;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = fill(filter, 1), *none = NULL;
    uint64_t number = 1;
    OK(streamcache_filter_snapshot(filter, &snapshot));
    OK(streamcache_filter_key(filter, &chunk, &wanted));
    OK(streamcache_ticket_get_key(ticket, &key));
    CHECK(same_digest(&key, &wanted) && phase_of(ticket) == STREAMCACHE_PHASE_OPEN);
    /* Whichever way they come. */
    STATUS(begun(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &none), &value, &none), STREAMCACHE_BUSY);
    STATUS(begun(streamcache_filter_begin_bytes(filter, &number, sizeof number, 0, 0, &value, &none, &digested), &value, &none), STREAMCACHE_BUSY);
    CHECK(same_digest(&digested, &chunk));
    STATUS(begun(streamcache_snapshot_begin(snapshot, &chunk, 0, 0, &value, &none), &value, &none), STREAMCACHE_BUSY);
    STATUS(begun(streamcache_cache_begin(cache, &key, 0, 0, &value, &none), &value, &none), STREAMCACHE_BUSY);
    STATUS(looked(filter, 1), STREAMCACHE_MISS); /* a plain lookup knows no tickets */
    OK(commit_text(ticket, "one"));
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    OK(begun(streamcache_filter_begin_bytes(filter, &number, sizeof number, 0, 0, &value, &none, NULL), &value, &none));
    CHECK(holds_text(value, "one"));
    streamcache_value_release(value);
    OK(begun(streamcache_snapshot_begin(snapshot, &chunk, 0, 0, &value, &none), &value, &none));
    CHECK(holds_text(value, "one"));
    streamcache_value_release(value);
    OK(begun(streamcache_cache_begin(cache, &key, 0, 0, &value, &none), &value, &none));
    CHECK(holds_text(value, "one"));
    streamcache_value_release(value);
    OK(tried(filter, 1, 0));
    streamcache_snapshot_release(snapshot);
    check_nothing_open(cache);
}

static void a_ticket_that_is_given_up_is_the_next_callers(void) {
    streamcache_ticket *ticket = fill(filter, 2), *next;
    OK(streamcache_ticket_retain(ticket));
    streamcache_ticket_release(ticket);
    STATUS(tried(filter, 2, 0), STREAMCACHE_BUSY); /* a reference is left */
    OK(streamcache_ticket_abort(ticket));
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_ABORTED);
    next = fill(filter, 2);
    streamcache_ticket_release(next); /* an open one */
    next = fill(filter, 2);
    streamcache_ticket_release(ticket); /* the aborted one's right is not this one's */
    CHECK(phase_of(next) == STREAMCACHE_PHASE_OPEN);
    OK(commit_text(next, "two"));
    streamcache_ticket_release(next);
    finds(filter, 2, "two");
    check_nothing_open(cache);
}

static void an_ended_ticket_ends_every_call(streamcache_ticket *ticket, streamcache_phase phase) {
    int destroyed = 0;
    streamcache_external external = external_of("late", 4, 4, &destroyed);
    streamcache_value *value = NULL;
    streamcache_digest key;
    void *data = &key;
    STATUS(streamcache_ticket_buffer(ticket, 8, &data), STREAMCACHE_ENDED);
    CHECK(data == NULL);
    STATUS(streamcache_ticket_commit(ticket, 0, NULL, &value), STREAMCACHE_ENDED);
    STATUS(streamcache_ticket_commit_copy(ticket, "late", 4, NULL, &value), STREAMCACHE_ENDED);
    STATUS(streamcache_ticket_commit_external(ticket, &external, NULL, &value), STREAMCACHE_ENDED);
    STATUS(streamcache_ticket_commit_rejection(ticket, 1, 0), STREAMCACHE_ENDED);
    STATUS(streamcache_ticket_abort(ticket), STREAMCACHE_ENDED);
    CHECK(value == NULL && destroyed == 1 && phase_of(ticket) == phase);
    OK(streamcache_ticket_get_key(ticket, &key));
    OK(streamcache_ticket_get_state(ticket, NULL, NULL));
    streamcache_ticket_release(ticket);
}

static void what_has_ended_stays_ended(void) {
    streamcache_ticket *ticket = fill(filter, 3);
    OK(streamcache_ticket_abort(ticket));
    an_ended_ticket_ends_every_call(ticket, STREAMCACHE_PHASE_ABORTED);
    ticket = fill(filter, 3);
    OK(commit_text(ticket, "three"));
    an_ended_ticket_ends_every_call(ticket, STREAMCACHE_PHASE_COMMITTED);
    finds(filter, 3, "three");
    ticket = fill(filter, 4);
    OK(streamcache_cache_purge(cache, 0));
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_FENCED);
    commits_in_vain(ticket, "four", STREAMCACHE_PHASE_FENCED);
    an_ended_ticket_ends_every_call(ticket, STREAMCACHE_PHASE_FENCED);
    STATUS(looked(filter, 4), STREAMCACHE_MISS);
    check_nothing_open(cache);
}

/* Ways to commit */

static void a_buffer_is_written_in_place_and_may_shrink(void) {
    static const size_t lengths[] = {0, 1, 63, 64, 65, 4095, 4096, 100001, 1 << 20};
    size_t i, j;
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (j = 0; j <= i; j++) {
            streamcache_cache *copied = open_cache(PLENTY, STREAMCACHE_UNLIMITED), *written = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
            streamcache_digest key = digest_of(i);
            streamcache_value *value = NULL;
            streamcache_ticket *ticket = NULL;
            unsigned char *want = malloc(lengths[i] + 1);
            uint64_t reserved;
            void *data = NULL;
            size_t n;
            REQUIRE(want != NULL);
            for (n = 0; n < lengths[i]; n++) want[n] = (unsigned char)(n * 31 + n / 251);
            STATUS(streamcache_cache_begin(written, &key, 0, 0, &value, &ticket), STREAMCACHE_FILL);
            OK(streamcache_ticket_buffer(ticket, 3 * lengths[i] + 9, &data)); /* given up for the next one */
            OK(streamcache_ticket_buffer(ticket, lengths[i], &data));
            CHECK(data != NULL && (uintptr_t)data % 64 == 0);
            memcpy(data, want, lengths[i]);
            reserved = stats_of(written).bytes;
            CHECK(reserved >= lengths[i] && reserved < lengths[i] + 1024);
            STATUS(streamcache_ticket_commit(ticket, lengths[i] + 1, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
            CHECK(value == NULL && phase_of(ticket) == STREAMCACHE_PHASE_OPEN);
            OK(streamcache_ticket_commit(ticket, lengths[j], NULL, &value));
            CHECK(holds(value, want, lengths[j]) && (uintptr_t)streamcache_value_data(value) % 64 == 0);
            /* It is charged what a copy of these bytes is. */
            OK(streamcache_cache_put_chunk(copied, &key, want, lengths[j], 0, NULL, NULL));
            CHECK(stats_of(written).bytes == stats_of(copied).bytes);
            if (lengths[j] + 4096 < lengths[i]) CHECK(stats_of(written).bytes < reserved);
            streamcache_value_release(value);
            streamcache_ticket_release(ticket);
            OK(streamcache_cache_get_chunk(written, &key, 0, &value));
            CHECK(holds(value, want, lengths[j]));
            streamcache_value_release(value);
            OK(streamcache_cache_purge(written, 0));
            CHECK(stats_of(written).bytes == 0);
            free(want);
            streamcache_cache_release(copied);
            streamcache_cache_release(written);
        }
    }
}

static void a_buffer_nobody_commits_gives_its_bytes_back(void) {
    uint64_t before = stats_of(cache).bytes;
    streamcache_ticket *ticket = fill(filter, 5);
    void *data = NULL;
    OK(streamcache_ticket_buffer(ticket, 100000, &data));
    memset(data, 1, 100000);
    CHECK(stats_of(cache).bytes > before + 100000);
    OK(streamcache_ticket_abort(ticket));
    CHECK(stats_of(cache).bytes == before);
    streamcache_ticket_release(ticket);
    ticket = fill(filter, 5);
    OK(streamcache_ticket_buffer(ticket, 100000, &data));
    streamcache_ticket_release(ticket);
    CHECK(stats_of(cache).bytes == before);
    ticket = fill(filter, 5); /* and where another way is taken */
    OK(streamcache_ticket_buffer(ticket, 100000, &data));
    OK(commit_text(ticket, "five"));
    streamcache_ticket_release(ticket);
    CHECK(stats_of(cache).bytes < before + 1000);
    finds(filter, 5, "five");
}

static void where_no_room_can_be_made_the_ticket_stays_open(void) {
    streamcache_cache *small = open_cache(1 << 16, STREAMCACHE_UNLIMITED), *nothing = open_cache(0, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1);
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    static unsigned char large[1 << 17];
    void *data = large, *earlier = NULL;
    STATUS(streamcache_cache_begin(small, &key, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    STATUS(streamcache_ticket_buffer(ticket, sizeof large, &data), STREAMCACHE_NO_SPACE);
    CHECK(data == NULL && phase_of(ticket) == STREAMCACHE_PHASE_OPEN && stats_of(small).bytes == 0);
    OK(streamcache_ticket_buffer(ticket, 1000, &earlier));
    memcpy(earlier, "small", 5);
    STATUS(streamcache_ticket_buffer(ticket, SIZE_MAX - 1000, &data), STREAMCACHE_NO_MEMORY);
    STATUS(streamcache_ticket_buffer(ticket, sizeof large, &data), STREAMCACHE_NO_SPACE);
    memset((char *)earlier + 5, 'x', 995); /* the earlier buffer stays */
    OK(streamcache_ticket_commit(ticket, 5, NULL, NULL));
    streamcache_ticket_release(ticket);
    OK(streamcache_cache_get_chunk(small, &key, 0, &value));
    CHECK(holds_text(value, "small"));
    streamcache_value_release(value);
    key = digest_of(2);
    STATUS(streamcache_cache_begin(small, &key, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    STATUS(streamcache_ticket_commit_copy(ticket, large, sizeof large, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds(value, large, sizeof large) && phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED);
    CHECK(stats_of(small).detached_bytes >= sizeof large && stats_of(small).not_stored == 1);
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    check_nothing_open(small);
    /* A cache that stores nothing computes all the same. */
    STATUS(streamcache_cache_begin(nothing, &key, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    STATUS(streamcache_ticket_buffer(ticket, 1, &data), STREAMCACHE_NO_SPACE);
    commits_in_vain(ticket, "nothing", STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    check_nothing_open(nothing);
    streamcache_cache_release(small);
    streamcache_cache_release(nothing);
}

static void external_memory_is_destroyed_once(void) {
    static const char bytes[] = "outside";
    int destroyed = 0, refused = 0;
    streamcache_external external = external_of(bytes, 7, 7, &destroyed), wrong = external_of(bytes, 7, 7, &refused);
    streamcache_put_options options = put_options();
    streamcache_ticket *ticket = fill(filter, 6);
    streamcache_value *value = NULL;
    options.struct_size = 3;
    STATUS(streamcache_ticket_commit_external(ticket, &wrong, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused == 1 && value == NULL && phase_of(ticket) == STREAMCACHE_PHASE_OPEN);
    wrong.flags = 64;
    STATUS(streamcache_ticket_commit_external(ticket, &wrong, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(refused == 2 && phase_of(ticket) == STREAMCACHE_PHASE_OPEN);
    OK(streamcache_ticket_commit_external(ticket, &external, NULL, &value));
    CHECK(streamcache_value_data(value) == bytes && streamcache_value_size(value) == 7 && destroyed == 0);
    streamcache_ticket_release(ticket);
    streamcache_value_release(value);
    finds(filter, 6, "outside");
    OK(streamcache_cache_purge(cache, 0));
    CHECK(destroyed == 1);
    ticket = fill(filter, 6); /* fenced: its lease alone keeps it */
    OK(streamcache_cache_purge(cache, 0));
    STATUS(streamcache_ticket_commit_external(ticket, &external, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(destroyed == 1 && holds_text(value, "outside"));
    streamcache_ticket_release(ticket);
    streamcache_value_release(value);
    CHECK(destroyed == 2);
    check_nothing_open(cache);
}

static void wrong_options_leave_it_open(void) {
    static const int64_t dims[] = {2};
    streamcache_put_options options = put_options(), good;
    streamcache_tensor_view view = floats_at(0, 1, dims);
    streamcache_error *error = NULL;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = fill(filter, 7);
    void *data = NULL;
    OK(streamcache_ticket_buffer(ticket, 8, &data));
    memset(data, 0, 8);
    options.tensors = &view;
    options.tensor_count = 1;
    options.error = &error;
    good = options;
    view.offset = 4; /* 8 bytes from there are more than there are */
    STATUS(streamcache_ticket_commit(ticket, 8, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
    STATUS(streamcache_ticket_commit_copy(ticket, "12345678", 8, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
    options.blob_len = 70000;
    options.blob = data;
    STATUS(streamcache_ticket_commit(ticket, 8, &options, &value), STREAMCACHE_INVALID_ARGUMENT);
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "");
    CHECK(value == NULL && phase_of(ticket) == STREAMCACHE_PHASE_OPEN);
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, "n", 1, &good, &value), STREAMCACHE_INVALID_ARGUMENT); /* of no stream */
    ERROR(error, STREAMCACHE_INVALID_ARGUMENT, "stream");
    view.offset = 0;
    good.blob = "blob";
    good.blob_len = 4;
    OK(streamcache_ticket_commit(ticket, 8, &good, &value)); /* its buffer is there still */
    CHECK(error == NULL && streamcache_value_tensor_count(value) == 1 && *(const char *)streamcache_value_blob(value, NULL) == 'b');
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
}

static void a_rejection_is_remembered_with_its_code(void) {
    streamcache_digest chunk = digest_of(8);
    streamcache_ticket *ticket = fill(filter, 8), *none = NULL;
    streamcache_value *value = NULL;
    streamcache_cache_stats before, after;
    char buffer[8];
    size_t len;
    int32_t code = 99;
    OK(streamcache_ticket_commit_rejection(ticket, -42, 0));
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    before = stats_of(cache);
    STATUS(begun(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &none), &value, &none), STREAMCACHE_REJECTED);
    CHECK(code_of(value) == -42 && streamcache_value_size(value) == 0);
    streamcache_value_release(value);
    STATUS(streamcache_filter_get(filter, &chunk, 0, &value, NULL), STREAMCACHE_REJECTED);
    CHECK(code_of(value) == -42);
    streamcache_value_release(value);
    STATUS(streamcache_filter_get(filter, &chunk, STREAMCACHE_PEEK, &value, NULL), STREAMCACHE_REJECTED);
    streamcache_value_release(value);
    STATUS(streamcache_filter_get_into(filter, &chunk, 0, buffer, sizeof buffer, &len, NULL), STREAMCACHE_REJECTED);
    after = stats_of(cache);
    CHECK(after.rejected == before.rejected + 3 && after.hits == before.hits && after.lookups == before.lookups + 3);
    CHECK(filter_stats_of(filter).rejected == 3);
    OK(streamcache_filter_put(filter, &chunk, NULL, "after all", 9, 0, NULL, &value)); /* in its place */
    STATUS(streamcache_value_get_rejection(value, &code), STREAMCACHE_MISS);
    CHECK(code == 99);
    streamcache_value_release(value);
    finds(filter, 8, "after all");
    ticket = fill(filter, 9);
    OK(streamcache_ticket_commit_rejection(ticket, 0, 30)); /* for 30 ms; 0 is a code like others */
    streamcache_ticket_release(ticket);
    pause_ms(60);
    STATUS(looked(filter, 9), STREAMCACHE_MISS);
}

static void a_time_to_live_is_the_commits(void) {
    streamcache_put_options options = put_options();
    streamcache_ticket *ticket = fill(filter, 10);
    options.ttl_ms = 30;
    OK(streamcache_ticket_commit_copy(ticket, "soon gone", 9, &options, NULL));
    streamcache_ticket_release(ticket);
    pause_ms(60);
    STATUS(looked(filter, 10), STREAMCACHE_MISS);
}

/* What fences */

/* After `overtake` a ticket's commit is not stored, the lease holds it, and the next caller begins anew. */
#define FENCED(number, overtake)                                      \
    do {                                                              \
        streamcache_ticket *old = fill(filter, (number)), *fresh;     \
        overtake;                                                     \
        CHECK(phase_of(old) == STREAMCACHE_PHASE_FENCED);             \
        fresh = fill(filter, (number));                               \
        commits_in_vain(old, "overtaken", STREAMCACHE_PHASE_FENCED);  \
        CHECK(phase_of(fresh) == STREAMCACHE_PHASE_OPEN);             \
        STATUS(looked(filter, (number)), STREAMCACHE_MISS);           \
        OK(commit_text(fresh, "fresh"));                              \
        streamcache_ticket_release(old);                              \
        streamcache_ticket_release(fresh);                            \
        finds(filter, (number), "fresh");                             \
    } while (0)

static void purge_and_remove_fence(void) {
    streamcache_digest chunk = digest_of(20), key;
    streamcache_filter *other = open_filter(cache, "other", "of its own");
    streamcache_ticket *spared = fill(other, 20);
    uint64_t removed;
    OK(streamcache_filter_key(filter, &chunk, &key));
    FENCED(20, STATUS(streamcache_filter_remove(filter, &chunk), STREAMCACHE_MISS));
    OK(streamcache_filter_remove(filter, &chunk));
    FENCED(20, STATUS(streamcache_cache_remove_chunk(cache, &key), STREAMCACHE_MISS));
    OK(streamcache_filter_purge(filter, NULL));
    FENCED(20, OK(streamcache_filter_purge(filter, &removed)));
    CHECK(phase_of(spared) == STREAMCACHE_PHASE_OPEN); /* another filter's */
    OK(streamcache_cache_purge(cache, 0));
    CHECK(phase_of(spared) == STREAMCACHE_PHASE_FENCED);
    streamcache_ticket_release(spared);
    FENCED(20, OK(streamcache_cache_purge(cache, 0)));
    streamcache_filter_release(other);
    check_nothing_open(cache);
}

static void a_put_overtakes(void) {
    streamcache_digest chunk = digest_of(21), key;
    streamcache_ticket *ticket = fill(filter, 21);
    OK(streamcache_filter_put(filter, &chunk, NULL, "put", 3, 0, NULL, NULL));
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_FENCED);
    commits_in_vain(ticket, "late", STREAMCACHE_PHASE_FENCED);
    streamcache_ticket_release(ticket);
    finds(filter, 21, "put");
    chunk = digest_of(22);
    ticket = fill(filter, 22);
    OK(streamcache_ticket_get_key(ticket, &key));
    OK(streamcache_cache_put_chunk(cache, &key, "put", 3, 0, NULL, NULL));
    commits_in_vain(ticket, "late", STREAMCACHE_PHASE_FENCED);
    streamcache_ticket_release(ticket);
    finds(filter, 22, "put");
    check_nothing_open(cache);
}

static void a_swap_does_not_fence_and_retire_does(void) {
    streamcache_filter *swapped = open_filter(cache, "swapped", "s1");
    streamcache_digest state, wanted;
    streamcache_value *value = NULL;
    streamcache_ticket *old = fill(swapped, 23), *kept = fill(swapped, 24), *present;
    OK(streamcache_filter_load_state(swapped, "s2", 2, NULL));
    present = fill(swapped, 23); /* another key */
    OK(streamcache_ticket_get_state(old, &value, &state)); /* what it is to compute with */
    OK(streamcache_digest_state("s1", 2, &wanted));
    CHECK(holds_text(value, "s1") && same_digest(&state, &wanted));
    streamcache_value_release(value);
    OK(streamcache_ticket_get_state(present, &value, NULL));
    CHECK(holds_text(value, "s2"));
    streamcache_value_release(value);
    OK(commit_text(old, "under s1"));
    STATUS(looked(swapped, 23), STREAMCACHE_MISS);
    OK(streamcache_filter_retire(swapped, NULL));
    CHECK(phase_of(kept) == STREAMCACHE_PHASE_FENCED && phase_of(present) == STREAMCACHE_PHASE_OPEN);
    commits_in_vain(kept, "too late", STREAMCACHE_PHASE_FENCED);
    OK(commit_text(present, "under s2"));
    finds(swapped, 23, "under s2");
    OK(streamcache_filter_load_state(swapped, "s1", 2, NULL));
    STATUS(looked(swapped, 23), STREAMCACHE_MISS); /* retired */
    streamcache_ticket_release(old);
    streamcache_ticket_release(kept);
    streamcache_ticket_release(present);
    streamcache_filter_release(swapped);
}

static void a_state_that_is_only_a_digest_or_none(void) {
    streamcache_filter *digest_only = open_filter(cache, "digest", NULL);
    streamcache_digest chunk = digest_of(25), state, read;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    STATUS(streamcache_filter_begin(digest_only, &chunk, 0, 0, &value, &ticket), STREAMCACHE_NO_STATE);
    CHECK(value == NULL && ticket == NULL);
    OK(streamcache_digest_state("elsewhere", 9, &state));
    OK(streamcache_filter_load_state_digest(digest_only, &state, NULL));
    ticket = fill(digest_only, 25);
    STATUS(streamcache_ticket_get_state(ticket, &value, &read), STREAMCACHE_MISS);
    CHECK(value == NULL && same_digest(&read, &state));
    streamcache_ticket_release(ticket);
    STATUS(streamcache_cache_begin(cache, &chunk, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    STATUS(streamcache_ticket_get_state(ticket, &value, &read), STREAMCACHE_NO_STATE);
    CHECK(value == NULL);
    streamcache_ticket_release(ticket);
    streamcache_filter_release(digest_only);
}

/* Flags */

static void flags_say_whether_to_look_to_store_and_to_wait(void) {
    streamcache_digest chunk = digest_of(30), config = digest_of(31);
    streamcache_filter *dice = NULL;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL, *second = NULL;
    double begin;
    STATUS(streamcache_filter_begin(filter, &chunk, 0, STREAMCACHE_PEEK, &value, &ticket), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_filter_begin(filter, &chunk, 0, 0x80000000u, &value, &ticket), STREAMCACHE_INVALID_ARGUMENT);
    /* Bypass: everyone computes for himself. */
    STATUS(streamcache_filter_begin(filter, &chunk, 0, STREAMCACHE_BYPASS, &value, &ticket), STREAMCACHE_FILL);
    STATUS(streamcache_filter_begin(filter, &chunk, 0, STREAMCACHE_BYPASS, &value, &second), STREAMCACHE_FILL);
    commits_in_vain(ticket, "bypassed", STREAMCACHE_PHASE_COMMITTED);
    commits_in_vain(second, "bypassed", STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    streamcache_ticket_release(second);
    STATUS(looked(filter, 30), STREAMCACHE_MISS);
    /* Read-only: likewise, but it looks, and finds. */
    STATUS(streamcache_filter_begin(filter, &chunk, 0, STREAMCACHE_READ_ONLY, &value, &ticket), STREAMCACHE_FILL);
    second = fill(filter, 30); /* nobody waits for what will not be stored */
    commits_in_vain(ticket, "read only", STREAMCACHE_PHASE_COMMITTED);
    STATUS(tried(filter, 30, STREAMCACHE_READ_ONLY), STREAMCACHE_BUSY); /* but it waits for what will be */
    OK(commit_text(second, "old"));
    streamcache_ticket_release(ticket);
    streamcache_ticket_release(second);
    OK(tried(filter, 30, STREAMCACHE_READ_ONLY));
    /* Refresh: computed anew, by one. */
    STATUS(streamcache_filter_begin(filter, &chunk, 0, STREAMCACHE_REFRESH, &value, &ticket), STREAMCACHE_FILL);
    STATUS(tried(filter, 30, STREAMCACHE_REFRESH), STREAMCACHE_BUSY);
    finds(filter, 30, "old");
    OK(tried(filter, 30, 0));
    OK(commit_text(ticket, "new"));
    streamcache_ticket_release(ticket);
    finds(filter, 30, "new");
    /* No wait, whatever the timeout. */
    ticket = fill(filter, 32);
    begin = now();
    chunk = digest_of(32);
    STATUS(streamcache_filter_begin(filter, &chunk, STREAMCACHE_TIMEOUT_DEFAULT, STREAMCACHE_NO_WAIT, &value, &second), STREAMCACHE_BUSY);
    CHECK(now() - begin < 10);
    streamcache_ticket_release(ticket);
    /* A filter that throws dice computes always. */
    OK(streamcache_filter_open(cache, "dice", 4, &config, STREAMCACHE_FILTER_NONDETERMINISTIC, &dice, NULL));
    OK(streamcache_filter_load_state(dice, "s", 1, NULL));
    ticket = fill(dice, 33);
    commits_in_vain(ticket, "six", STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    STATUS(tried(dice, 33, 0), STREAMCACHE_FILL);
    CHECK(filter_stats_of(dice).bypassed == 2 && filter_stats_of(dice).lookups == 2);
    streamcache_filter_release(dice);
    check_nothing_open(cache);
}

/* What is counted */

static void every_lookup_is_counted_once(void) {
    streamcache_cache *fresh = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *counted = open_filter(fresh, "counted", "s");
    streamcache_filter_stats of_filter;
    streamcache_cache_stats stats;
    streamcache_ticket *ticket;
    uint64_t i;
    for (i = 1; i <= 50; i++) {
        ticket = fill(counted, i); /* a miss */
        STATUS(tried(counted, i, 0), STREAMCACHE_BUSY); /* no lookup yet */
        stats = stats_of(fresh);
        CHECK(stats.lookups == i * 2 - 1 + (i - 1) / 10 && stats.open_tickets == 1 && stats.busy == i);
        LOOKUPS_ADD_UP(stats);
        if (i % 10 == 0) OK(streamcache_ticket_commit_rejection(ticket, 1, 0));
        else OK(commit_text(ticket, "result"));
        streamcache_ticket_release(ticket);
        STATUS(tried(counted, i, 0), i % 10 == 0 ? STREAMCACHE_REJECTED : STREAMCACHE_OK);
        if (i % 10 == 0) STATUS(tried(counted, i, STREAMCACHE_REFRESH), STREAMCACHE_FILL);
        stats = stats_of(fresh);
        CHECK(stats.lookups == i * 2 + i / 10 && stats.misses == i && stats.hits == i - i / 10 && stats.open_tickets == 0);
        CHECK(stats.rejected == i / 10 && stats.bypassed == i / 10 && stats.puts == i);
        LOOKUPS_ADD_UP(stats);
    }
    of_filter = filter_stats_of(counted);
    LOOKUPS_ADD_UP(of_filter);
    CHECK(of_filter.lookups == stats.lookups && of_filter.hits == stats.hits && of_filter.misses == stats.misses);
    CHECK(of_filter.rejected == stats.rejected && of_filter.bypassed == stats.bypassed && of_filter.puts == stats.puts);
    CHECK(of_filter.coalesced == 0 && stats.coalesced == 0);
    streamcache_filter_release(counted);
    streamcache_cache_release(fresh);
}

static void the_oldest_open_ticket_has_an_age(void) {
    streamcache_ticket *old = fill(filter, 40), *young;
    pause_ms(30);
    young = fill(filter, 41);
    CHECK(stats_of(cache).open_tickets == 2 && stats_of(cache).oldest_ticket_ms >= 30);
    OK(streamcache_ticket_abort(old));
    CHECK(stats_of(cache).open_tickets == 1);
    streamcache_ticket_release(young);
    streamcache_ticket_release(old);
    check_nothing_open(cache);
}

static void the_time_of_computing_is_measured(void) {
    streamcache_put_options options = put_options();
    streamcache_ticket *ticket = fill(filter, 42);
    uint64_t saved = stats_of(cache).time_saved_ns, of_filter = filter_stats_of(filter).time_saved_ns;
    pause_ms(20);
    OK(commit_text(ticket, "slow"));
    streamcache_ticket_release(ticket);
    CHECK(stats_of(cache).time_saved_ns == saved);
    finds(filter, 42, "slow");
    CHECK(stats_of(cache).time_saved_ns >= saved + 20000000);
    CHECK(filter_stats_of(filter).time_saved_ns - of_filter == stats_of(cache).time_saved_ns - saved);
    saved = stats_of(cache).time_saved_ns;
    ticket = fill(filter, 43);
    options.compute_ns = 7; /* the caller knows better */
    OK(streamcache_ticket_commit_copy(ticket, "said", 4, &options, NULL));
    streamcache_ticket_release(ticket);
    finds(filter, 43, "said");
    CHECK(stats_of(cache).time_saved_ns == saved + 7);
}

/* Ends */

static void a_closed_cache_refuses_and_its_buffers_stay(void) {
    streamcache_cache *closed = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_digest key = digest_of(1), read;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL, *none = NULL;
    int destroyed = 0;
    streamcache_external external = external_of("late", 4, 4, &destroyed);
    void *data = NULL;
    STATUS(streamcache_cache_begin(closed, &key, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    OK(streamcache_ticket_buffer(ticket, 1000, &data));
    memset(data, 5, 1000);
    OK(streamcache_cache_close(closed, 0, NULL));
    STATUS(streamcache_cache_begin(closed, &key, 0, 0, &value, &none), STREAMCACHE_CLOSED);
    STATUS(streamcache_ticket_commit(ticket, 1000, NULL, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_ticket_commit_copy(ticket, "late", 4, NULL, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_ticket_commit_external(ticket, &external, NULL, &value), STREAMCACHE_CLOSED);
    STATUS(streamcache_ticket_commit_rejection(ticket, 1, 0), STREAMCACHE_CLOSED);
    STATUS(streamcache_ticket_abort(ticket), STREAMCACHE_CLOSED);
    CHECK(value == NULL && destroyed == 1);
    OK(streamcache_ticket_get_key(ticket, &read));
    CHECK(same_digest(&read, &key) && ((unsigned char *)data)[999] == 5); /* the caller may still write there */
    memset(data, 6, 1000);
    streamcache_cache_release(closed); /* the ticket is the last to leave */
    streamcache_ticket_release(ticket);
}

/* A destructor that gives up the last handles of everything. */
struct handles {
    streamcache_cache *cache;
    streamcache_filter *filter;
    streamcache_snapshot *snapshot;
    streamcache_ticket *ticket, *step;
    streamcache_batch *batch;
    streamcache_stream *stream;
    streamcache_value *value;
    int destroyed;
};

static void release_all(void *user_data) {
    struct handles *h = user_data;
    h->destroyed++;
    streamcache_ticket_release(h->ticket);
    streamcache_ticket_release(h->step);
    streamcache_batch_free(h->batch);
    streamcache_stream_release(h->stream);
    streamcache_snapshot_release(h->snapshot);
    streamcache_filter_release(h->filter);
    streamcache_value_release(h->value);
    streamcache_cache_release(h->cache);
}

/* `held` has handles whose last references the destructor of external memory under the chunk 1 gives up. */
static void take_handles(struct handles *held, streamcache_cache *its_cache, streamcache_filter *its_filter) {
    streamcache_external external;
    streamcache_digest chunks[2];
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = fill(its_filter, 1);
    void *data = NULL;
    memset(held, 0, sizeof *held);
    chunks[0] = digest_of(2), chunks[1] = digest_of(3);
    held->ticket = fill(its_filter, 4);
    OK(streamcache_ticket_buffer(held->ticket, 1000, &data));
    OK(streamcache_filter_begin_batch(its_filter, chunks, 2, 0, &held->batch));
    OK(streamcache_stream_open(its_filter, "s", 1, &held->stream, NULL));
    STATUS(streamcache_stream_begin(held->stream, &chunks[0], 0, 0, &value, &held->step), STREAMCACHE_FILL);
    OK(streamcache_filter_snapshot(its_filter, &held->snapshot));
    OK(streamcache_cache_retain(its_cache));
    held->cache = its_cache;
    OK(streamcache_filter_retain(its_filter));
    held->filter = its_filter;
    external = external_of("one", 3, 3, &held->destroyed);
    external.destroy = release_all;
    external.user_data = held;
    OK(streamcache_ticket_commit_external(ticket, &external, NULL, NULL));
    streamcache_ticket_release(ticket);
    CHECK(stats_of(its_cache).open_tickets == 4 && held->destroyed == 0);
}

static void a_destructor_may_release_the_last_handles(void) {
    enum { replaced, purged, removed, evicted_by_a_buffer, evicted_by_a_commit, closed, released, ways };
    static unsigned char large[40000];
    int way;
    for (way = 0; way < ways; way++) {
        streamcache_cache *its_cache = open_policy(1 << 16, STREAMCACHE_UNLIMITED, way % 2 ? STREAMCACHE_POLICY_LRU : STREAMCACHE_POLICY_S3FIFO);
        streamcache_filter *its_filter = open_filter(its_cache, "f", "s");
        streamcache_digest chunk = digest_of(1);
        streamcache_ticket *ticket = NULL;
        struct handles held;
        void *data = NULL;
        uint64_t i;
        take_handles(&held, its_cache, its_filter);
        switch (way) {
            case replaced: OK(streamcache_filter_put(its_filter, &chunk, NULL, "other", 5, 0, NULL, NULL)); break;
            case purged: OK(streamcache_filter_purge(its_filter, NULL)); break;
            case removed: OK(streamcache_filter_remove(its_filter, &chunk)); break;
            case evicted_by_a_buffer:
                for (i = 10; i < 14 && held.destroyed == 0; i++) {
                    ticket = fill(its_filter, i);
                    OK(streamcache_ticket_buffer(ticket, sizeof large, &data));
                    OK(streamcache_ticket_commit(ticket, sizeof large, NULL, NULL));
                    streamcache_ticket_release(ticket);
                }
                break;
            case evicted_by_a_commit:
                for (i = 10; i < 14 && held.destroyed == 0; i++) {
                    ticket = fill(its_filter, i);
                    OK(streamcache_ticket_commit_copy(ticket, large, sizeof large, NULL, NULL));
                    streamcache_ticket_release(ticket);
                }
                break;
            case closed: OK(streamcache_cache_close(its_cache, 0, NULL)); break;
            default: break;
        }
        if (way != released) CHECK(held.destroyed == 1 && stats_of(its_cache).open_tickets == 0);
        streamcache_filter_release(its_filter);
        streamcache_cache_release(its_cache);
        /* Where the cache holds what holds the cache, only its own end or a purge undoes the knot. */
        if (way == released) {
            CHECK(held.destroyed == 0);
            OK(streamcache_cache_purge(held.cache, 0));
            CHECK(held.destroyed == 1);
        }
    }
}

int main(void) {
    cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    filter = open_filter(cache, "tickets", "s1");
    one_caller_computes_and_others_are_busy();
    a_ticket_that_is_given_up_is_the_next_callers();
    what_has_ended_stays_ended();
    a_buffer_is_written_in_place_and_may_shrink();
    a_buffer_nobody_commits_gives_its_bytes_back();
    where_no_room_can_be_made_the_ticket_stays_open();
    external_memory_is_destroyed_once();
    wrong_options_leave_it_open();
    a_rejection_is_remembered_with_its_code();
    a_time_to_live_is_the_commits();
    purge_and_remove_fence();
    a_put_overtakes();
    a_swap_does_not_fence_and_retire_does();
    a_state_that_is_only_a_digest_or_none();
    flags_say_whether_to_look_to_store_and_to_wait();
    every_lookup_is_counted_once();
    the_oldest_open_ticket_has_an_age();
    the_time_of_computing_is_measured();
    a_closed_cache_refuses_and_its_buffers_stay();
    a_destructor_may_release_the_last_handles();
    check_nothing_open(cache);
    streamcache_filter_release(filter);
    streamcache_cache_release(cache);
    return check_report();
}

/* Streams: a filter whose state evolves chunk by chunk. What a stream replays from a reset it finds, outputs and states
 * alike, whatever was evicted between; and where its state is unknown it finds nothing. */
#include "begin.h"

#include <pthread.h>

enum { patience = 60000, steps = 40 };

/* The engine: a state is one number that remembers every chunk, and an output is a text that depends on both. */
struct output {
    char text[32];
};

static uint64_t next_state(uint64_t state, uint64_t chunk) { return (state ^ chunk) * 6364136223846793005ULL + 1442695040888963407ULL; }

static struct output output_of(uint64_t state, uint64_t chunk) {
    struct output output;
    memset(&output, 0, sizeof output);
    snprintf(output.text, sizeof output.text, "%016llx", (unsigned long long)(next_state(state, chunk) >> 7));
    return output;
}

static streamcache_stream *open_stream(streamcache_filter *filter, uint64_t state) {
    streamcache_stream *stream = NULL;
    OK(streamcache_stream_open(filter, &state, sizeof state, &stream, NULL));
    REQUIRE(stream != NULL);
    return stream;
}

static uint64_t position_of(const streamcache_stream *stream) {
    uint64_t position = UINT64_MAX;
    OK(streamcache_stream_get_position(stream, &position));
    return position;
}

static streamcache_digest place_of(const streamcache_stream *stream) {
    streamcache_digest digest;
    memset(&digest, 0, sizeof digest);
    OK(streamcache_stream_get_digest(stream, &digest));
    return digest;
}

/* The state the stream says it is at. */
static uint64_t state_of(const streamcache_stream *stream) {
    streamcache_value *value = NULL;
    streamcache_digest digest, content;
    uint64_t state = 0;
    OK(streamcache_stream_get_state(stream, &value, &digest));
    REQUIRE(value != NULL && streamcache_value_size(value) == sizeof state);
    memcpy(&state, streamcache_value_data(value), sizeof state);
    OK(streamcache_value_get_content(value, &content));
    CHECK(same_digest(&digest, &content));
    streamcache_value_release(value);
    return state;
}

static streamcache_status begin_step(streamcache_stream *stream, uint64_t chunk, uint32_t flags, streamcache_value **value, streamcache_ticket **ticket) {
    streamcache_digest digest = digest_of(chunk);
    return begun(streamcache_stream_begin(stream, &digest, 0, flags, value, ticket), value, ticket);
}

static streamcache_ticket *fill_step(streamcache_stream *stream, uint64_t chunk) {
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    STATUS(begin_step(stream, chunk, 0, &value, &ticket), STREAMCACHE_FILL);
    REQUIRE(ticket != NULL);
    return ticket;
}

/* One step with the right output and the right state afterwards, computed if need be; and how it began. */
static streamcache_status step(streamcache_stream *stream, uint64_t chunk) {
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    uint64_t state = state_of(stream), next = next_state(state, chunk), position = position_of(stream);
    struct output output = output_of(state, chunk);
    streamcache_status status = begin_step(stream, chunk, 0, &value, &ticket);
    if (status == STREAMCACHE_FILL) {
        streamcache_status put;
        CHECK(state_of(stream) == state && position_of(stream) == position);
        put = streamcache_ticket_commit_step(ticket, &output, sizeof output, &next, sizeof next, NULL, &value);
        CHECK(put == STREAMCACHE_OK || put == STREAMCACHE_NOT_STORED);
        CHECK(phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED || put == STREAMCACHE_NOT_STORED);
        streamcache_ticket_release(ticket);
    } else {
        OK(status);
    }
    CHECK(holds(value, &output, sizeof output));
    CHECK(state_of(stream) == next && position_of(stream) == position + 1);
    streamcache_value_release(value);
    return status;
}

static void a_chain_replays(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "chain", "weights of chain");
    streamcache_stream *stream = open_stream(filter, 7), *replay, *turned;
    streamcache_digest places[steps + 1], place;
    streamcache_filter_stats stats;
    uint64_t i, j;
    CHECK(position_of(stream) == 0 && state_of(stream) == 7);
    for (i = 0; i < steps; i++) {
        places[i] = place_of(stream);
        STATUS(step(stream, i / 2), STREAMCACHE_FILL); /* a chunk twice is not the same step */
    }
    places[steps] = place_of(stream);
    for (i = 0; i <= steps; i++)
        for (j = 0; j < i; j++) CHECK(!same_digest(&places[i], &places[j]));
    replay = open_stream(filter, 7);
    for (i = 0; i < steps; i++) {
        place = place_of(replay);
        CHECK(same_digest(&place, &places[i]));
        OK(step(replay, i / 2));
    }
    stats = filter_stats_of(filter);
    CHECK(stats.hits == steps && stats.misses == steps && stats.puts == steps);
    LOOKUPS_ADD_UP(stats);
    /* Reset: the same again. From another state: nothing of it. */
    OK(streamcache_stream_reset(replay, NULL, 0, NULL));
    place = place_of(replay);
    CHECK(position_of(replay) == 0 && state_of(replay) == 7 && same_digest(&place, &places[0]));
    for (i = 0; i < steps; i++) OK(step(replay, i / 2));
    i = 8;
    OK(streamcache_stream_reset(replay, &i, sizeof i, NULL));
    CHECK(state_of(replay) == 8);
    STATUS(step(replay, 0), STREAMCACHE_FILL);
    OK(streamcache_stream_reset(replay, NULL, 0, NULL)); /* the initial one is still the first */
    CHECK(state_of(replay) == 7);
    OK(step(replay, 0));
    turned = open_stream(filter, 7);
    STATUS(step(turned, 1), STREAMCACHE_FILL); /* the order matters */
    STATUS(step(turned, 0), STREAMCACHE_FILL);
    streamcache_stream_release(stream);
    streamcache_stream_release(replay);
    streamcache_stream_release(turned);
    streamcache_filter_release(filter);
    check_nothing_open(cache);
}

static void an_empty_state_is_a_state(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "empty", "weights of empty");
    streamcache_stream *stream = NULL;
    streamcache_ticket *ticket;
    streamcache_value *value = NULL;
    OK(streamcache_stream_open(filter, NULL, 0, &stream, NULL));
    ticket = fill_step(stream, 1);
    OK(streamcache_ticket_commit_step(ticket, NULL, 0, "", 0, NULL, &value)); /* and an empty output an output */
    CHECK(streamcache_value_size(value) == 0 && position_of(stream) == 1);
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    OK(streamcache_stream_get_state(stream, &value, NULL));
    CHECK(value != NULL && streamcache_value_size(value) == 0);
    streamcache_value_release(value);
    OK(streamcache_stream_reset(stream, "", 0, NULL));
    CHECK(position_of(stream) == 0);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
}

static void a_fork_goes_its_own_way(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "fork", "weights of fork");
    streamcache_stream *stream = open_stream(filter, 1), *fork = NULL;
    streamcache_digest a, b;
    streamcache_ticket *ticket;
    STATUS(step(stream, 1), STREAMCACHE_FILL);
    STATUS(step(stream, 2), STREAMCACHE_FILL);
    ticket = fill_step(stream, 3); /* an open step is its stream's alone */
    OK(streamcache_stream_fork(stream, &fork));
    a = place_of(stream), b = place_of(fork);
    CHECK(position_of(fork) == 2 && state_of(fork) == state_of(stream) && same_digest(&a, &b));
    STATUS(step(fork, 4), STREAMCACHE_FILL);
    CHECK(position_of(stream) == 2);
    b = place_of(fork);
    CHECK(!same_digest(&a, &b));
    streamcache_ticket_release(ticket);
    OK(step(stream, 4)); /* what the fork computed */
    a = place_of(stream);
    CHECK(same_digest(&a, &b));
    OK(streamcache_stream_retain(stream));
    streamcache_stream_release(stream);
    streamcache_stream_release(stream);
    OK(streamcache_stream_reset(fork, NULL, 0, NULL));
    CHECK(state_of(fork) == 1);
    OK(step(fork, 1));
    streamcache_stream_release(fork);
    streamcache_filter_release(filter);
    check_nothing_open(cache);
}

static void one_step_at_a_time(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "busy", "weights of busy");
    streamcache_stream *stream = open_stream(filter, 1);
    streamcache_ticket *ticket = fill_step(stream, 1), *none = NULL;
    streamcache_value *value = NULL;
    STATUS(begin_step(stream, 2, 0, &value, &none), STREAMCACHE_BUSY);
    OK(streamcache_ticket_abort(ticket)); /* the stream is where it was */
    CHECK(position_of(stream) == 0);
    streamcache_ticket_release(ticket);
    ticket = fill_step(stream, 1);
    streamcache_ticket_release(ticket);
    CHECK(position_of(stream) == 0);
    /* Only a step's commit will do. */
    ticket = fill_step(stream, 1);
    STATUS(streamcache_ticket_commit_copy(ticket, "o", 1, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(streamcache_ticket_commit_rejection(ticket, 1, 0), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_OPEN && position_of(stream) == 0);
    OK(streamcache_ticket_commit_step(ticket, "o", 1, "n", 1, NULL, NULL));
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, "n", 1, NULL, NULL), STREAMCACHE_ENDED);
    CHECK(position_of(stream) == 1);
    streamcache_ticket_release(ticket);
    /* A reset ends the say of an open step: what it commits is stored, and moves nothing. */
    ticket = fill_step(stream, 2);
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    OK(step(stream, 0) == STREAMCACHE_FILL ? STREAMCACHE_OK : STREAMCACHE_MISS);
    OK(streamcache_ticket_commit_step(ticket, "late", 4, "n2", 2, NULL, NULL));
    CHECK(position_of(stream) == 1);
    streamcache_ticket_release(ticket);
    OK(streamcache_stream_reset(stream, "n", 1, NULL));
    OK(begin_step(stream, 2, 0, &value, &none));
    CHECK(holds_text(value, "late"));
    streamcache_value_release(value);
    /* A ticket may outlive its stream. */
    ticket = fill_step(stream, 3);
    streamcache_stream_release(stream);
    OK(streamcache_ticket_commit_step(ticket, "later", 5, "n3", 2, NULL, NULL));
    streamcache_ticket_release(ticket);
    OK(streamcache_stream_open(filter, "n2", 2, &stream, NULL));
    OK(begin_step(stream, 3, 0, &value, &none));
    CHECK(holds_text(value, "later"));
    streamcache_value_release(value);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
    check_nothing_open(cache);
}

/* Where the state is unknown nothing is looked up and nothing stored. */
static void check_unknown(streamcache_stream *stream) {
    streamcache_value *value = (streamcache_value *)(void *)&value;
    streamcache_digest digest;
    STATUS(streamcache_stream_get_state(stream, &value, &digest), STREAMCACHE_NO_STATE);
    CHECK(value == NULL);
    STATUS(streamcache_stream_get_digest(stream, &digest), STREAMCACHE_NO_STATE);
}

static void an_unknown_state_bypasses(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "unknown", "weights of unknown");
    streamcache_stream *stream = open_stream(filter, 1), *fork = NULL;
    streamcache_ticket *ticket = NULL;
    streamcache_value *value = NULL;
    streamcache_cache_stats before;
    uint64_t second = next_state(1, 1);
    STATUS(step(stream, 1), STREAMCACHE_FILL);
    STATUS(step(stream, 2), STREAMCACHE_FILL);
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    OK(step(stream, 1));
    OK(streamcache_stream_forget(stream));
    check_unknown(stream);
    before = stats_of(cache);
    STATUS(begin_step(stream, 2, 0, &value, &ticket), STREAMCACHE_BYPASSED);
    CHECK(stats_of(cache).bypassed == before.bypassed + 1 && stats_of(cache).hits == before.hits);
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, NULL, 0, NULL, &value), STREAMCACHE_NOT_STORED);
    CHECK(holds_text(value, "o") && phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED && position_of(stream) == 2);
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    check_unknown(stream);
    OK(streamcache_stream_fork(stream, &fork)); /* its fork doesn't know either */
    check_unknown(fork);
    OK(streamcache_stream_reset(fork, NULL, 0, NULL));
    OK(step(fork, 1));
    streamcache_stream_release(fork);
    STATUS(begin_step(stream, 9, 0, &value, &ticket), STREAMCACHE_BYPASSED);
    OK(streamcache_ticket_abort(ticket));
    streamcache_ticket_release(ticket);
    CHECK(position_of(stream) == 2);
    /* The engine knows again: its state is the stream's. */
    STATUS(begin_step(stream, 9, 0, &value, &ticket), STREAMCACHE_BYPASSED);
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, &second, sizeof second, NULL, NULL), STREAMCACHE_NOT_STORED);
    streamcache_ticket_release(ticket);
    CHECK(state_of(stream) == second);
    OK(step(stream, 2));
    CHECK(stats_of(cache).puts == before.puts);
    /* A step of a known state whose next one is not known: of no use to another, and not stored. */
    ticket = fill_step(stream, 3);
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, NULL, 0, NULL, NULL), STREAMCACHE_NOT_STORED);
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_COMMITTED);
    streamcache_ticket_release(ticket);
    check_unknown(stream);
    CHECK(stats_of(cache).puts == before.puts);
    /* Forgotten while a step was open. */
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    ticket = fill_step(stream, 30);
    OK(streamcache_stream_forget(stream));
    OK(streamcache_ticket_commit_step(ticket, "o", 1, "n", 1, NULL, NULL));
    streamcache_ticket_release(ticket);
    check_unknown(stream);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
    check_nothing_open(cache);
}

static void flags_are_a_steps_too(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "flags", "weights of flags");
    streamcache_stream *stream = open_stream(filter, 1);
    streamcache_ticket *ticket = NULL;
    streamcache_value *value = NULL;
    uint64_t next = next_state(1, 1), entries = stats_of(cache).entries;
    struct output output = output_of(1, 1);
    static const uint32_t flags[] = {STREAMCACHE_BYPASS, STREAMCACHE_READ_ONLY, STREAMCACHE_REFRESH};
    int i;
    for (i = 0; i < 3; i++) {
        STATUS(begin_step(stream, 1, flags[i], &value, &ticket), STREAMCACHE_FILL);
        STATUS(streamcache_ticket_commit_step(ticket, &output, sizeof output, &next, sizeof next, NULL, NULL),
            i < 2 ? STREAMCACHE_NOT_STORED : STREAMCACHE_OK);
        streamcache_ticket_release(ticket);
        CHECK(state_of(stream) == next && stats_of(cache).entries == entries + (i < 2 ? 0 : 1));
        OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    }
    OK(step(stream, 1));
    STATUS(begin_step(stream, 1, STREAMCACHE_PEEK, &value, &ticket), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(begin_step(stream, 1, 0x80000000u, &value, &ticket), STREAMCACHE_INVALID_ARGUMENT);
    STATUS(step(stream, 2), STREAMCACHE_FILL); /* none of these left a step open */
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
}

static void the_trained_state_is_pinned_until_a_reset(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "pinned", "s1");
    streamcache_stream *stream = open_stream(filter, 1), *later;
    streamcache_digest before = place_of(stream), after;
    streamcache_ticket *ticket;
    streamcache_value *value = NULL;
    STATUS(step(stream, 1), STREAMCACHE_FILL);
    OK(streamcache_filter_load_state(filter, "s2", 2, NULL));
    STATUS(step(stream, 2), STREAMCACHE_FILL); /* under s1 still */
    ticket = fill_step(stream, 3);
    OK(streamcache_ticket_get_state(ticket, &value, NULL));
    CHECK(holds_text(value, "s1"));
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    later = open_stream(filter, 1); /* under s2 */
    after = place_of(later);
    CHECK(!same_digest(&before, &after));
    STATUS(step(later, 1), STREAMCACHE_FILL);
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    before = place_of(stream);
    CHECK(same_digest(&before, &after));
    OK(step(stream, 1)); /* what `later` computed */
    OK(streamcache_filter_load_state(filter, "s1", 2, NULL)); /* a rollback finds the first ones again */
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    OK(step(stream, 1));
    OK(step(stream, 2));
    streamcache_filter_release(filter); /* the stream keeps it */
    STATUS(step(stream, 4), STREAMCACHE_FILL);
    streamcache_stream_release(stream);
    streamcache_stream_release(later);
    check_nothing_open(cache);
}

static void without_a_state_there_is_no_stream(streamcache_cache *cache) {
    streamcache_filter *filter = open_filter(cache, "none", NULL);
    streamcache_cache *small = open_cache(1 << 16, STREAMCACHE_UNLIMITED);
    streamcache_filter *loaded = open_filter(small, "small", "s");
    streamcache_stream *stream = (streamcache_stream *)(void *)&stream;
    streamcache_error *error = NULL;
    static unsigned char large[1 << 17];
    uint64_t bytes;
    STATUS(streamcache_stream_open(filter, "s", 1, &stream, &error), STREAMCACHE_NO_STATE);
    CHECK(stream == NULL);
    ERROR(error, STREAMCACHE_NO_STATE, "");
    bytes = stats_of(small).bytes;
    STATUS(streamcache_stream_open(loaded, large, sizeof large, &stream, &error), STREAMCACHE_NO_SPACE);
    ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
    CHECK(stream == NULL && stats_of(small).bytes == bytes);
    stream = open_stream(loaded, 5);
    STATUS(step(stream, 1), STREAMCACHE_FILL);
    error = NULL;
    STATUS(streamcache_stream_reset(stream, large, sizeof large, &error), STREAMCACHE_NO_SPACE);
    ERROR(error, STREAMCACHE_NO_SPACE, "max_bytes");
    CHECK(position_of(stream) == 1 && state_of(stream) == next_state(5, 1)); /* where it was */
    /* A next state that doesn't fit is the stream's all the same, outside the budget. */
    {
        streamcache_ticket *ticket = fill_step(stream, 2);
        streamcache_value *value = NULL;
        streamcache_status put = streamcache_ticket_commit_step(ticket, "o", 1, large, sizeof large, NULL, NULL);
        CHECK(put == STREAMCACHE_OK || put == STREAMCACHE_NOT_STORED);
        streamcache_ticket_release(ticket);
        OK(streamcache_stream_get_state(stream, &value, NULL));
        CHECK(holds(value, large, sizeof large) && stats_of(small).bytes <= 1 << 16);
        streamcache_value_release(value);
    }
    streamcache_stream_release(stream);
    OK(streamcache_cache_purge(small, 0));
    CHECK(stats_of(small).detached_bytes == 0 && stats_of(small).bytes == stats_of(small).state_bytes);
    streamcache_filter_release(loaded);
    CHECK(stats_of(small).bytes == 0);
    streamcache_filter_release(filter);
    streamcache_cache_release(small);
}

/* Evicted or removed in the middle: computed again, and right. */
static void what_was_evicted_is_computed_again(streamcache_policy policy) {
    streamcache_cache *small = open_policy(PLENTY, 16, policy);
    streamcache_filter *filter = open_filter(small, "evicted", "weights of evicted");
    streamcache_stream *stream = open_stream(filter, 3);
    static const uint64_t lengths[] = {steps, 12, 12, steps, 14, 14};
    uint64_t i, hits = 0, computed = 0;
    int round;
    for (round = 0; round < 6; round++) {
        OK(streamcache_stream_reset(stream, NULL, 0, NULL));
        for (i = 0; i < lengths[round]; i++) {
            if (round % 3 == 2 && i % 8 == 4) { /* the next step alone is gone */
                streamcache_digest key;
                streamcache_value *value = NULL;
                streamcache_ticket *ticket = NULL;
                if (begin_step(stream, i, STREAMCACHE_READ_ONLY | STREAMCACHE_REFRESH, &value, &ticket) == STREAMCACHE_FILL) {
                    OK(streamcache_ticket_get_key(ticket, &key));
                    streamcache_ticket_release(ticket);
                    (void)streamcache_cache_remove_chunk(small, &key);
                }
                streamcache_value_release(value);
            }
            if (step(stream, i) == STREAMCACHE_OK) hits++;
            else computed++;
            CHECK(stats_of(small).entries <= 16);
        }
    }
    CHECK(computed > steps && hits > 0);
    OK(streamcache_cache_purge(small, 0)); /* its state is its own */
    STATUS(step(stream, 1000), STREAMCACHE_FILL);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
    OK(streamcache_cache_purge(small, 0));
    CHECK(stats_of(small).bytes == 0);
    check_nothing_open(small);
    streamcache_cache_release(small);
    printf("policy %d: 16 results kept of %d steps, replayed: %llu hits, %llu computed\n", (int)policy, (int)steps,
        (unsigned long long)hits, (unsigned long long)computed);
}

static void an_output_is_described(streamcache_cache *cache) {
    static const int64_t dims[] = {2};
    streamcache_filter *filter = open_filter(cache, "described", "weights of described");
    streamcache_stream *stream = open_stream(filter, 1);
    streamcache_put_options options = put_options();
    streamcache_tensor_view view = floats_at(0, 1, dims);
    streamcache_ticket *ticket = fill_step(stream, 1), *none = NULL;
    streamcache_value *value = NULL;
    options.tensors = &view;
    options.tensor_count = 1;
    view.offset = 4;
    STATUS(streamcache_ticket_commit_step(ticket, "12345678", 8, "n", 1, &options, NULL), STREAMCACHE_INVALID_ARGUMENT);
    CHECK(phase_of(ticket) == STREAMCACHE_PHASE_OPEN && position_of(stream) == 0);
    view.offset = 0;
    options.compute_ns = 5000;
    OK(streamcache_ticket_commit_step(ticket, "12345678", 8, "n", 1, &options, NULL));
    streamcache_ticket_release(ticket);
    OK(streamcache_stream_reset(stream, NULL, 0, NULL));
    OK(begin_step(stream, 1, 0, &value, &none));
    CHECK(streamcache_value_tensor_count(value) == 1 && filter_stats_of(filter).time_saved_ns == 5000);
    streamcache_value_release(value);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
}

static void a_closed_cache_has_no_streams(void) {
    streamcache_cache *closed = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    streamcache_filter *filter = open_filter(closed, "closed", "weights of closed");
    streamcache_stream *stream = open_stream(filter, 1), *other = NULL;
    streamcache_ticket *ticket = fill_step(stream, 1), *none = NULL;
    streamcache_value *value = NULL;
    streamcache_digest digest;
    uint64_t position;
    OK(streamcache_cache_close(closed, 0, NULL));
    STATUS(streamcache_ticket_commit_step(ticket, "o", 1, "n", 1, NULL, NULL), STREAMCACHE_CLOSED);
    STATUS(begin_step(stream, 1, 0, &value, &none), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_open(filter, "s", 1, &other, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_fork(stream, &other), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_reset(stream, NULL, 0, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_forget(stream), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_get_state(stream, NULL, NULL), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_get_digest(stream, &digest), STREAMCACHE_CLOSED);
    STATUS(streamcache_stream_get_position(stream, &position), STREAMCACHE_CLOSED);
    streamcache_ticket_release(ticket);
    streamcache_stream_release(stream);
    streamcache_filter_release(filter);
    CHECK(stats_of(closed).bytes == 0 && stats_of(closed).open_tickets == 0);
    streamcache_cache_release(closed);
}

/* Many streams of one recording, each in its own thread: every step is computed by one of them, once. */
enum { listeners = 8 };
static streamcache_filter *shared_filter;
static uint64_t computed_once;

static void *listen_to_it(void *argument) {
    streamcache_stream *stream = open_stream(shared_filter, 77);
    uint64_t i, state = 77;
    (void)argument;
    for (i = 0; i < steps; i++) {
        streamcache_digest chunk = digest_of(i);
        streamcache_value *value = NULL;
        streamcache_ticket *ticket = NULL;
        struct output output = output_of(state, i);
        uint64_t next = next_state(state, i);
        streamcache_status status = streamcache_stream_begin(stream, &chunk, patience, 0, &value, &ticket);
        if (status == STREAMCACHE_FILL) {
            pause_ms(1);
            OK(streamcache_ticket_commit_step(ticket, &output, sizeof output, &next, sizeof next, NULL, &value));
            streamcache_ticket_release(ticket);
            __atomic_add_fetch(&computed_once, 1, __ATOMIC_SEQ_CST);
        } else {
            OK(status);
        }
        CHECK(holds(value, &output, sizeof output) && state_of(stream) == next && position_of(stream) == i + 1);
        streamcache_value_release(value);
        state = next;
    }
    streamcache_stream_release(stream);
    return NULL;
}

static void streams_share_their_steps(streamcache_cache *cache) {
    pthread_t threads[listeners];
    int i;
    shared_filter = open_filter(cache, "shared", "weights of shared");
    for (i = 0; i < listeners; i++) REQUIRE(pthread_create(&threads[i], NULL, listen_to_it, NULL) == 0);
    for (i = 0; i < listeners; i++) REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK(computed_once == steps && filter_stats_of(shared_filter).lookups == listeners * steps);
    streamcache_filter_release(shared_filter);
    check_nothing_open(cache);
}

int main(void) {
    streamcache_cache *cache = open_cache(PLENTY, STREAMCACHE_UNLIMITED);
    a_chain_replays(cache);
    an_empty_state_is_a_state(cache);
    a_fork_goes_its_own_way(cache);
    one_step_at_a_time(cache);
    an_unknown_state_bypasses(cache);
    flags_are_a_steps_too(cache);
    the_trained_state_is_pinned_until_a_reset(cache);
    without_a_state_there_is_no_stream(cache);
    what_was_evicted_is_computed_again(STREAMCACHE_POLICY_S3FIFO);
    what_was_evicted_is_computed_again(STREAMCACHE_POLICY_LRU);
    what_was_evicted_is_computed_again(STREAMCACHE_POLICY_ADAPTIVE);
    an_output_is_described(cache);
    a_closed_cache_has_no_streams();
    streams_share_their_steps(cache);
    OK(streamcache_cache_purge(cache, 0));
    CHECK(stats_of(cache).bytes == 0); /* streams and filters are gone, and so are their states */
    streamcache_cache_release(cache);
    return check_report();
}

/* An allocator that refuses the n-th request, for every n, over a program that uses what the library has: a status, or
 * an answer that needed the memory only to be faster; never a crash, a hang or a wrong number afterwards. Where the
 * header says so, and nowhere else, an abort.
 *
 *     alloc_failure            each n in a process of its own; then what came of them, by function
 *     alloc_failure sites      and where the library was, for each that ended in an abort (for addr2line)
 *
 * Not for the memory checkers, which have an allocator of their own. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, backtrace */
#include "common.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own, under the names it keeps for such as us. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* Shared with the child that runs the program. */
static struct {
    long requests; /* of the library so far */
    long refused; /* the one to refuse */
    size_t refused_bytes;
    const char *refused_in; /* the call that was under way */
    long statuses; /* how many calls answered NO_MEMORY */
} *seen;

static const char *under_way; /* the call of the library; its requests alone count */
static int sites; /* a file descriptor to print the refused one's callers on */

static int refuses(size_t bytes) {
    const char *call = under_way;
    if (call == NULL || ++seen->requests != seen->refused) return 0;
    seen->refused_bytes = bytes;
    seen->refused_in = call;
    if (sites != 0) {
        void *callers[64];
        under_way = NULL;
        backtrace_symbols_fd(callers, backtrace(callers, 64), sites);
        under_way = call;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return refuses(size) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return refuses(count * size) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return refuses(size) ? NULL : __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { return refuses(size) ? NULL : __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return refuses(size) ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
    if (refuses(size)) return ENOMEM;
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

/* A call that answers `want`, or NO_MEMORY once and `want` when it is asked again. */
static streamcache_status answer;
#define CALL(call, want)                                  \
    do {                                                  \
        under_way = #call;                                \
        answer = (call);                                  \
        if (answer == STREAMCACHE_NO_MEMORY) {            \
            seen->statuses++;                             \
            answer = (call);                              \
        }                                                 \
        under_way = NULL;                                 \
        STATUS(answer, want);                             \
    } while (0)
/* The same for a call that gives something: nothing, when it fails. */
#define GIVES(out, call, want)                                           \
    do {                                                                 \
        under_way = #call;                                               \
        answer = (call);                                                 \
        if (answer == STREAMCACHE_NO_MEMORY) {                           \
            seen->statuses++;                                            \
            CHECK((out) == NULL);                                        \
            answer = (call);                                             \
        }                                                                \
        under_way = NULL;                                                \
        STATUS(answer, want);                                            \
    } while (0)
#define FREES(call) (under_way = #call, call, under_way = NULL)

enum { large = 100000, small_results = 300 };
static unsigned char bytes[large], copied[large];
static int destroyed, given;

static void use_digests(void) {
    static const char config[] = "{\"model\":\"m\",\"layers\":[1,2,3],\"nested\":{\"a\":true,\"b\":null,\"c\":\"text\"}}";
    static const int64_t dims[] = {2, 3};
    streamcache_tensor tensor;
    streamcache_digest digest;
    streamcache_error *error = NULL;
    CALL(streamcache_digest_chunk(bytes, sizeof bytes, &digest), STREAMCACHE_OK);
    CALL(streamcache_digest_config_json(config, strlen(config), &digest, &error), STREAMCACHE_OK);
    CALL(streamcache_digest_config_json("{", 1, &digest, &error), STREAMCACHE_INVALID_ARGUMENT);
    FREES(streamcache_error_free(error));
    CALL(streamcache_digest_state_file("/nowhere", 8, &digest, NULL), STREAMCACHE_IO);
    memset(&tensor, 0, sizeof tensor);
    tensor.struct_size = sizeof tensor;
    tensor.dtype_code = STREAMCACHE_DTYPE_FLOAT;
    tensor.dtype_bits = 32;
    tensor.dtype_lanes = 1;
    tensor.rank = 2;
    tensor.dims = dims;
    tensor.data = bytes;
    tensor.data_len = 24;
    CALL(streamcache_digest_tensor(&tensor, &digest, NULL), STREAMCACHE_OK);
}

static streamcache_cache *open_it(streamcache_policy policy) {
    const char *json = policy == STREAMCACHE_POLICY_LRU        ? "{\"policy\":\"lru\",\"name\":\"test\"}"
                       : policy == STREAMCACHE_POLICY_ADAPTIVE ? "{\"policy\":\"adaptive\"}"
                                                               : "{\"policy\":\"s3fifo\"}";
    streamcache_options *options = NULL;
    streamcache_cache *cache = NULL;
    char text[1024];
    size_t len;
    GIVES(options, streamcache_options_from_json(json, strlen(json), &options, NULL), STREAMCACHE_OK);
    CALL(streamcache_options_set_max_bytes(options, PLENTY), STREAMCACHE_OK);
    CALL(streamcache_options_to_json(options, text, sizeof text, &len), STREAMCACHE_OK);
    GIVES(cache, streamcache_cache_open(options, &cache, NULL), STREAMCACHE_OK);
    FREES(streamcache_options_free(options));
    return cache;
}

static void use_values(streamcache_cache *cache, streamcache_filter *filter) {
    static const int64_t dims[] = {10, 100};
    streamcache_tensor_view views[2];
    streamcache_put_options options = put_options();
    streamcache_external external = external_of(bytes, sizeof bytes, large, &destroyed);
    streamcache_digest chunk = digest_of(1), second = digest_of(2), key, content;
    streamcache_value *value = NULL;
    streamcache_cache_stats before;
    size_t len;
    GIVES(value, streamcache_filter_get(filter, &chunk, 0, &value, &key), STREAMCACHE_MISS);
    before = stats_of(cache);
    under_way = "streamcache_filter_put(filter, &chunk, &key, bytes, large, 0, NULL, &value)";
    answer = streamcache_filter_put(filter, &chunk, &key, bytes, large, 0, NULL, &value);
    under_way = NULL;
    if (answer == STREAMCACHE_NO_MEMORY) { /* nothing has changed */
        seen->statuses++;
        CHECK(value == NULL && stats_of(cache).bytes == before.bytes && stats_of(cache).entries == before.entries);
        answer = streamcache_filter_put(filter, &chunk, &key, bytes, large, 0, NULL, &value);
    }
    OK(answer);
    CHECK(holds(value, bytes, large));
    CALL(streamcache_value_get_content(value, &content), STREAMCACHE_OK);
    FREES(streamcache_value_release(value));
    views[0] = floats_at(0, 2, dims);
    views[1] = floats_at(4000, 2, dims);
    options.tensors = views;
    options.tensor_count = 2;
    options.blob = "blob";
    options.blob_len = 4;
    GIVES(value, streamcache_cache_put_chunk(cache, &second, bytes, large, 0, &options, &value), STREAMCACHE_OK);
    CHECK(streamcache_value_tensor_count(value) == 2);
    CALL(streamcache_value_get_content(value, &content), STREAMCACHE_OK);
    FREES(streamcache_value_release(value));
    GIVES(value, streamcache_cache_put_chunk(cache, &second, bytes, large, STREAMCACHE_READ_ONLY, NULL, &value), STREAMCACHE_NOT_STORED);
    FREES(streamcache_value_release(value));
    /* External memory is destroyed by a put that fails as well, so each call gives it anew. */
#define GIVES_EXTERNAL(call, want)                     \
    do {                                               \
        long failed = seen->statuses;                  \
        GIVES(value, call, want);                      \
        given += 1 + (int)(seen->statuses - failed);   \
    } while (0)
    GIVES_EXTERNAL(streamcache_filter_put_external(filter, &second, &key, &external, 0, NULL, &value), STREAMCACHE_INVALID_ARGUMENT);
    GIVES_EXTERNAL(streamcache_filter_put_external(filter, &chunk, &key, &external, 0, &options, &value), STREAMCACHE_OK);
    CHECK(holds(value, bytes, large));
    CALL(streamcache_value_get_content(value, &content), STREAMCACHE_OK);
    FREES(streamcache_value_release(value));
    GIVES_EXTERNAL(streamcache_cache_put_chunk_external(cache, &key, &external, STREAMCACHE_READ_ONLY, NULL, &value), STREAMCACHE_NOT_STORED);
    FREES(streamcache_value_release(value));
#undef GIVES_EXTERNAL
    CALL(streamcache_filter_get_into(filter, &chunk, 0, copied, sizeof copied, &len, NULL), STREAMCACHE_OK);
    CALL(streamcache_filter_remove(filter, &chunk), STREAMCACHE_OK);
}

static streamcache_ticket *begin_it(streamcache_filter *filter, uint64_t number) {
    streamcache_digest chunk = digest_of(number);
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    CALL(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    return ticket;
}

/* Every way to commit: what was refused left the ticket open. */
static void use_tickets(streamcache_cache *cache, streamcache_filter *filter) {
    static const int64_t dims[] = {10, 100};
    streamcache_put_options options = put_options();
    streamcache_external external = external_of(bytes, sizeof bytes, large, &destroyed);
    streamcache_tensor_view view = floats_at(0, 2, dims);
    streamcache_ticket *ticket = begin_it(filter, 900), *none = NULL;
    streamcache_digest chunk = digest_of(900);
    streamcache_value *value = NULL;
    uint64_t before = stats_of(cache).bytes;
    void *data = NULL;
    options.compute_ns = 1000; /* measured, it would be as long as chance has it, and so would the text of the stats */
    options.tensors = &view;
    options.tensor_count = 1;
    GIVES(data, streamcache_ticket_buffer(ticket, large, &data), STREAMCACHE_OK);
    memcpy(data, bytes, large);
    under_way = "streamcache_ticket_commit(ticket, 5000, &options, &value)";
    answer = streamcache_ticket_commit(ticket, 5000, &options, &value);
    under_way = NULL;
    if (answer == STREAMCACHE_NO_MEMORY) { /* the buffer may be gone, and the right is not */
        seen->statuses++;
        CHECK(value == NULL && stats_of(cache).open_tickets == 1);
        answer = streamcache_ticket_commit_copy(ticket, bytes, 5000, &options, &value);
    }
    OK(answer);
    CHECK(holds(value, bytes, 5000) && streamcache_value_tensor_count(value) == 1);
    FREES(streamcache_value_release(value));
    FREES(streamcache_ticket_release(ticket));
    CALL(streamcache_filter_begin(filter, &chunk, 0, 0, &value, &none), STREAMCACHE_OK);
    streamcache_value_release(value);
    ticket = begin_it(filter, 901);
    GIVES(value, streamcache_ticket_commit_copy(ticket, bytes, large, &options, &value), STREAMCACHE_OK);
    CHECK(holds(value, bytes, large));
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    ticket = begin_it(filter, 902);
    {
        long failed = seen->statuses;
        GIVES(value, streamcache_ticket_commit_external(ticket, &external, NULL, &value), STREAMCACHE_OK);
        given += 1 + (int)(seen->statuses - failed);
    }
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    ticket = begin_it(filter, 903);
    CALL(streamcache_ticket_commit_rejection(ticket, 7, 0), STREAMCACHE_OK);
    streamcache_ticket_release(ticket);
    ticket = begin_it(filter, 904);
    CALL(streamcache_cache_purge(cache, 0), STREAMCACHE_OK);
    GIVES(value, streamcache_ticket_commit_copy(ticket, bytes, large, NULL, &value), STREAMCACHE_NOT_STORED);
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    ticket = begin_it(filter, 905);
    CALL(streamcache_ticket_abort(ticket), STREAMCACHE_OK);
    streamcache_ticket_release(ticket);
    CHECK(stats_of(cache).open_tickets == 0 && stats_of(cache).bytes <= before);
}

static void use_batches(streamcache_cache *cache, streamcache_filter *filter) {
    streamcache_digest chunks[8];
    streamcache_batch *batch = NULL;
    streamcache_batch_item items[8];
    size_t stored = 0, i;
    for (i = 0; i < 8; i++) chunks[i] = digest_of(910 + i / 2);
    GIVES(batch, streamcache_filter_begin_batch(filter, chunks, 8, 0, &batch), STREAMCACHE_OK);
    CALL(streamcache_batch_get_items(batch, items, sizeof *items, 8, NULL), STREAMCACHE_OK);
    under_way = "streamcache_batch_commit(batch, NULL, 4, bytes, 1000, 1000, NULL, &stored)";
    answer = streamcache_batch_commit(batch, NULL, 4, bytes, 1000, 1000, NULL, &stored);
    under_way = NULL;
    if (answer == STREAMCACHE_NO_MEMORY) { /* the rows before are committed, the others can be */
        size_t rest = 4 - stored;
        seen->statuses++;
        CHECK(stored < 4 && stats_of(cache).open_tickets == rest);
        answer = streamcache_batch_commit(batch, NULL, rest, bytes + 1000 * stored, 1000, 1000, NULL, &stored);
        CHECK(stored == rest);
    }
    OK(answer);
    CALL(streamcache_batch_wait(batch, 0), STREAMCACHE_OK);
    CALL(streamcache_batch_get_items(batch, items, sizeof *items, 8, NULL), STREAMCACHE_OK);
    for (i = 0; i < 8; i++) CHECK(items[i].status == STREAMCACHE_OK && holds(items[i].value, bytes + 1000 * (i / 2), 1000));
    FREES(streamcache_batch_free(batch));
    CHECK(stats_of(cache).open_tickets == 0 && stats_of(cache).detached_bytes == 0);
}

static void use_streams(streamcache_cache *cache, streamcache_filter *filter) {
    streamcache_stream *stream = NULL, *fork = NULL;
    streamcache_digest chunk = digest_of(920), digest;
    streamcache_value *value = NULL;
    streamcache_ticket *ticket = NULL;
    streamcache_put_options options = put_options();
    uint64_t position = 0;
    options.compute_ns = 1000;
    GIVES(stream, streamcache_stream_open(filter, bytes, large, &stream, NULL), STREAMCACHE_OK);
    CALL(streamcache_stream_begin(stream, &chunk, 0, 0, &value, &ticket), STREAMCACHE_FILL);
    GIVES(value, streamcache_stream_get_state(stream, &value, &digest), STREAMCACHE_OK);
    streamcache_value_release(value);
    GIVES(value, streamcache_ticket_commit_step(ticket, bytes, large, copied, large, &options, &value), STREAMCACHE_OK);
    CHECK(holds(value, bytes, large));
    streamcache_value_release(value);
    streamcache_ticket_release(ticket);
    ticket = NULL;
    CALL(streamcache_stream_get_digest(stream, &digest), STREAMCACHE_OK);
    GIVES(fork, streamcache_stream_fork(stream, &fork), STREAMCACHE_OK);
    CALL(streamcache_stream_reset(fork, bytes, large, NULL), STREAMCACHE_OK);
    CALL(streamcache_stream_begin(fork, &chunk, 0, 0, &value, &ticket), STREAMCACHE_OK);
    CHECK(holds(value, bytes, large) && ticket == NULL);
    streamcache_value_release(value);
    CALL(streamcache_stream_get_position(fork, &position), STREAMCACHE_OK);
    CHECK(position == 1);
    CALL(streamcache_stream_forget(fork), STREAMCACHE_OK);
    FREES(streamcache_stream_release(fork));
    FREES(streamcache_stream_release(stream));
    CALL(streamcache_cache_purge(cache, 0), STREAMCACHE_OK);
    CHECK(stats_of(cache).open_tickets == 0 && stats_of(cache).detached_bytes == 0);
}

/* Which part of the table of tickets has which is chance: after many at once every part has room, and chance no say. */
static void make_room_for_tickets(streamcache_cache *cache) {
    enum { many = 400 };
    streamcache_ticket *tickets[many];
    streamcache_value *value = NULL;
    int i;
    for (i = 0; i < many; i++) {
        streamcache_digest key = digest_of(10000 + (uint64_t)i);
        STATUS(streamcache_cache_begin(cache, &key, 0, 0, &value, &tickets[i]), STREAMCACHE_FILL);
    }
    for (i = 0; i < many; i++) streamcache_ticket_release(tickets[i]);
}

static void use_filter(streamcache_cache *cache, streamcache_filter *filter) {
    streamcache_snapshot *snapshot = NULL;
    streamcache_value *value = NULL;
    streamcache_digest chunk, state;
    uint64_t i, removed = 0, bytes_before = stats_of(cache).bytes;
    CALL(streamcache_filter_load_state(filter, "s1", 2, NULL), STREAMCACHE_OK);
    bytes_before = stats_of(cache).bytes;
    under_way = "streamcache_filter_load_state(filter, bytes, large, NULL)";
    answer = streamcache_filter_load_state(filter, bytes, large, NULL);
    under_way = NULL;
    if (answer == STREAMCACHE_NO_MEMORY) { /* the old state stays */
        seen->statuses++;
        CHECK(stats_of(cache).bytes == bytes_before);
        OK(streamcache_filter_get_state(filter, &value, NULL));
        CHECK(holds_text(value, "s1"));
        streamcache_value_release(value);
        answer = streamcache_filter_load_state(filter, bytes, large, NULL);
    }
    OK(answer);
    GIVES(snapshot, streamcache_filter_snapshot(filter, &snapshot), STREAMCACHE_OK);
    for (i = 0; i < small_results; i++) {
        chunk = digest_of(i);
        CALL(streamcache_snapshot_put(snapshot, &chunk, &i, sizeof i, 0, NULL, NULL), STREAMCACHE_OK);
    }
    for (i = 0; i < small_results; i++) {
        chunk = digest_of(i);
        GIVES(value, streamcache_snapshot_get(snapshot, &chunk, 0, &value, NULL), STREAMCACHE_OK);
        CHECK(holds(value, &i, sizeof i)); /* whatever was refused on the way */
        streamcache_value_release(value);
    }
    GIVES(value, streamcache_snapshot_get_state(snapshot, &value, &state), STREAMCACHE_OK);
    FREES(streamcache_value_release(value));
    FREES(streamcache_snapshot_release(snapshot));
    CALL(streamcache_filter_load_state(filter, "s2", 2, NULL), STREAMCACHE_OK);
    CALL(streamcache_filter_retire(filter, &removed), STREAMCACHE_OK);
    CHECK(removed == small_results);
    CALL(streamcache_filter_load_state_digest(filter, &state, NULL), STREAMCACHE_OK);
    CALL(streamcache_filter_purge(filter, &removed), STREAMCACHE_OK);
}

static void happy_path(streamcache_policy policy) {
    streamcache_cache *cache;
    streamcache_filter *filter = NULL;
    streamcache_value *value = NULL;
    streamcache_digest key = digest_of(5);
    streamcache_error *error = NULL;
    char text[16384];
    size_t len;
    use_digests();
    cache = open_it(policy);
    REQUIRE(cache != NULL);
    GIVES(filter, streamcache_filter_open(cache, "filter", 6, &key, 0, &filter, NULL), STREAMCACHE_OK);
    CALL(streamcache_filter_load_state(filter, bytes, large, NULL), STREAMCACHE_OK);
    CALL(streamcache_cache_load_state(cache, "state", 5, &key, bytes, large, &error), STREAMCACHE_OK);
    streamcache_error_free(error);
    GIVES(value, streamcache_cache_get_state(cache, "state", 5, &value, NULL), STREAMCACHE_OK);
    FREES(streamcache_value_release(value));
    use_values(cache, filter);
    make_room_for_tickets(cache);
    use_tickets(cache, filter);
    use_batches(cache, filter);
    use_streams(cache, filter);
    use_filter(cache, filter);
    CALL(streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, text, sizeof text, &len), STREAMCACHE_OK);
    CALL(streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_PROMETHEUS, text, sizeof text, &len), STREAMCACHE_OK);
    CALL(streamcache_cache_set_max_chunks(cache, 10), STREAMCACHE_OK);
    CALL(streamcache_cache_set_max_bytes(cache, 1 << 20), STREAMCACHE_OK);
    CALL(streamcache_cache_purge(cache, 0), STREAMCACHE_OK);
    CALL(streamcache_cache_unload_state(cache, "state", 5), STREAMCACHE_OK);
    FREES(streamcache_filter_release(filter));
    CHECK(stats_of(cache).bytes == 0 && stats_of(cache).entries == 0 && stats_of(cache).detached_bytes == 0);
    CALL(streamcache_cache_close(cache, 0, NULL), STREAMCACHE_OK);
    FREES(streamcache_cache_release(cache));
    CHECK(destroyed == given);
}

/* The n-th request refused, in a child: its exit code, or -1 with the signal that ended it. */
static int run(streamcache_policy policy, long n, int *ended_by) {
    int status = 0;
    pid_t child;
    memset(seen, 0, sizeof *seen);
    seen->refused = n;
    fflush(stdout);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1); /* "memory allocation of 72 bytes failed" */
        if (sites == 0) dup2(nowhere, 2);
        alarm(60);
        happy_path(policy);
        _exit(check_report());
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    *ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What came of it, by policy and function. */
static struct {
    char function[64];
    long statuses, unnoticed, aborts;
    size_t largest_abort;
} table[3][64];

static int is_named(const char *function, const char *call) {
    size_t len = strcspn(call, "(");
    return strlen(function) == len && strncmp(function, call, len) == 0;
}

static size_t row_of(size_t policy, const char *call) {
    size_t i;
    for (i = 0; i < 63 && table[policy][i].function[0] != 0 && !is_named(table[policy][i].function, call); i++) continue;
    snprintf(table[policy][i].function, sizeof table[policy][i].function, "%.*s", (int)strcspn(call, "("), call);
    return i;
}

/* The header's list. Each of these makes a handle, a text or the words of an error, or has LRU's index grow or shrink;
 * a load makes one note of its state, and the first one what its thread needs to read them. */
static const struct {
    const char *function;
    int lru_only;
    long most; /* 0 for any number */
} may_abort[] = {
    {"streamcache_options_from_json", 0, 0},
    {"streamcache_options_to_json", 0, 0},
    {"streamcache_cache_open", 0, 0},
    {"streamcache_filter_open", 0, 0},
    {"streamcache_filter_snapshot", 0, 1},
    {"streamcache_filter_load_state", 0, 4},
    {"streamcache_filter_load_state_digest", 0, 1},
    {"streamcache_cache_write_stats", 0, 0},
    {"streamcache_digest_config_json", 0, 0},
    {"streamcache_digest_state_file", 0, 0},
    {"streamcache_cache_put_chunk", 1, 0},
    {"streamcache_filter_put", 1, 0},
    {"streamcache_filter_put_external", 1, 0},
    {"streamcache_snapshot_put", 1, 0},
    {"streamcache_filter_retire", 1, 0},
    {"streamcache_filter_begin", 0, 0},
    {"streamcache_filter_begin_batch", 0, 0},
    {"streamcache_stream_open", 0, 0},
    {"streamcache_stream_begin", 0, 0},
    {"streamcache_stream_fork", 0, 0},
    {"streamcache_ticket_commit", 1, 0},
    {"streamcache_ticket_commit_copy", 1, 0},
    {"streamcache_ticket_commit_external", 1, 0},
    {"streamcache_ticket_commit_rejection", 1, 0},
    {"streamcache_ticket_commit_step", 1, 0},
    {"streamcache_batch_commit", 1, 0},
};

/* What needs memory, and answers when there is none. */
static const char *const answers[] = {
    "streamcache_cache_put_chunk", "streamcache_cache_put_chunk_external", "streamcache_filter_put",
    "streamcache_filter_put_external", "streamcache_snapshot_put", "streamcache_value_get_content",
    "streamcache_filter_load_state", "streamcache_cache_load_state", "streamcache_ticket_buffer",
    "streamcache_ticket_commit", "streamcache_ticket_commit_copy", "streamcache_ticket_commit_external",
    "streamcache_ticket_commit_rejection", "streamcache_ticket_commit_step", "streamcache_batch_commit",
    "streamcache_stream_open", "streamcache_stream_reset",
};

/* What needs none. */
static const char *const needs_none[] = {
    "streamcache_filter_get", "streamcache_filter_get_into", "streamcache_snapshot_get", "streamcache_cache_get_state",
    "streamcache_snapshot_get_state", "streamcache_filter_remove", "streamcache_filter_purge", "streamcache_cache_purge",
    "streamcache_cache_unload_state", "streamcache_cache_close", "streamcache_value_release",
    "streamcache_snapshot_release", "streamcache_filter_release", "streamcache_cache_release",
    "streamcache_ticket_abort", "streamcache_ticket_release", "streamcache_batch_get_items", "streamcache_batch_wait",
    "streamcache_batch_free", "streamcache_stream_get_state", "streamcache_stream_get_position",
    "streamcache_stream_get_digest", "streamcache_stream_forget", "streamcache_stream_release",
};

static int is_allowed(size_t policy, size_t row) {
    size_t i;
    for (i = 0; i < sizeof may_abort / sizeof *may_abort; i++)
        if (strcmp(table[policy][row].function, may_abort[i].function) == 0)
            return (!may_abort[i].lru_only || policy == 1) && (may_abort[i].most == 0 || table[policy][row].aborts <= may_abort[i].most);
    return 0;
}

static void check_table(size_t policy) {
    static const char *const names[] = {"s3fifo", "lru", "adaptive"};
    size_t i, row;
    for (row = 0; row < 64 && table[policy][row].function[0] != 0; row++) {
        fprintf(stderr, "%-8s %-40s %4ld statuses %4ld unnoticed %4ld aborts (of %lu bytes at most)\n", names[policy],
            table[policy][row].function, table[policy][row].statuses, table[policy][row].unnoticed, table[policy][row].aborts,
            (unsigned long)table[policy][row].largest_abort);
        if (table[policy][row].aborts > 0) CHECK(is_allowed(policy, row));
    }
    for (i = 0; i < sizeof answers / sizeof *answers; i++) CHECK(table[policy][row_of(policy, answers[i])].statuses > 0);
    for (i = 0; i < sizeof needs_none / sizeof *needs_none; i++)
        for (row = 0; row < 64; row++) CHECK(strcmp(table[policy][row].function, needs_none[i]) != 0);
}

int main(int argc, char **argv) {
    static const streamcache_policy policies[] = {STREAMCACHE_POLICY_S3FIFO, STREAMCACHE_POLICY_LRU, STREAMCACHE_POLICY_ADAPTIVE};
    long statuses = 0, unnoticed = 0, aborts = 0, total = 0, n;
    size_t p, i;
    int ended_by = 0;
    void *callers[4];
    sites = argc > 1 && strcmp(argv[1], "sites") == 0 ? 2 : 0;
    setenv("RUST_BACKTRACE", "0", 1); /* an abort would read the debug information */
    (void)backtrace(callers, 4); /* the first one loads a library */
    (void)digest_of(0);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(seen != MAP_FAILED);
    for (p = 0; p < 3; p++) {
        long requests;
        REQUIRE(run(policies[p], 0, &ended_by) == 0); /* none refused: the program itself is right */
        requests = seen->requests;
        CHECK(seen->statuses == 0 && requests > small_results);
        for (n = 1; n <= requests; n++) {
            int code;
            if (sites != 0) fprintf(stderr, "--- %ld\n", n);
            code = run(policies[p], n, &ended_by);
            REQUIRE(seen->refused_in != NULL); /* the program is the same every time */
            i = row_of(p, seen->refused_in);
            total++;
            if (code == 0 && seen->statuses > 0) {
                CHECK(seen->statuses == 1);
                statuses++, table[p][i].statuses++;
            } else if (code == 0) {
                unnoticed++, table[p][i].unnoticed++;
            } else if (code == -1 && ended_by == SIGABRT) {
                aborts++, table[p][i].aborts++;
                if (seen->refused_bytes > table[p][i].largest_abort) table[p][i].largest_abort = seen->refused_bytes;
                if (sites != 0) fprintf(stderr, "=== aborted: %lu bytes in %s\n", (unsigned long)seen->refused_bytes, seen->refused_in);
            } else {
                fprintf(stderr, "request %ld, %lu bytes in %s: exit code %d, signal %d\n", n, (unsigned long)seen->refused_bytes,
                    seen->refused_in, code, ended_by);
                CHECK(!"a refused request ended in a status or an abort");
            }
            /* Payloads and states: what is large is the caller's, and gets an answer. */
            if (seen->refused_bytes >= large) CHECK(code == 0 && seen->statuses == 1);
        }
    }
    for (p = 0; p < 3; p++) check_table(p);
    printf("%ld requests refused, one at a time: %ld statuses, %ld unnoticed, %ld aborts\n", total, statuses, unnoticed, aborts);
    return check_report();
}

/* One valid call of every exported function, with what it answers: fork.c and panic.c go over all of them. Define
 * _POSIX_C_SOURCE and include this first; calls_match() fails for a function of abi/symbols.txt that has no row. */
#ifndef CALLS_H
#define CALLS_H

#include "common.h"

/* What a call may use, made anew for each; and what it gives. */
struct hands {
    streamcache_options *options;
    streamcache_cache *cache; /* one result under `key`, one state under "id", one hit */
    streamcache_filter *filter; /* a state, and a result for the chunk `key` */
    streamcache_snapshot *snapshot;
    streamcache_value *value; /* a lease on that result: "value", described as a tensor, with a blob */
    streamcache_value *device; /* the only lease on a value of device memory that was not stored */
    streamcache_hasher *hasher;
    streamcache_barrier *barrier;
    streamcache_ticket *ticket; /* of the filter, open, with a buffer of 8 bytes */
    streamcache_ticket *step; /* of a stream that is released, open */
    streamcache_batch *batch; /* of the filter: one item, its to compute */
    streamcache_stream *stream; /* of the filter, at its beginning */
    streamcache_transfer *transfer; /* an import that has failed: a_file is none */
    streamcache_error *failure;
    streamcache_digest key;
    int external, destroyed; /* external memory: how often it was given, and its destructor has run */
    enum { NOTHING, OPTIONS, CACHE, FILTER, SNAPSHOT, VALUE, HASHER, BARRIER, TICKET, BATCH, STREAM, TRANSFER, FAILURE } taken; /* by a release or a free */
    /* given */
    streamcache_options *new_options;
    streamcache_cache *new_cache;
    streamcache_filter *new_filter;
    streamcache_snapshot *new_snapshot;
    streamcache_value *new_value;
    streamcache_hasher *new_hasher;
    streamcache_barrier *new_barrier;
    streamcache_ticket *new_ticket;
    streamcache_batch *new_batch;
    streamcache_stream *new_stream;
    streamcache_transfer *new_transfer;
    streamcache_error *error;
    streamcache_digest digest;
};

enum subject {
    PURE,    /* needs no cache, or only a lease */
    HANDLE,  /* works on a cache, by its handle or that of something of it: a filter, snapshot, ticket, batch or stream */
    RELEASES /* gives up such a handle */
};

enum answer {
    STATUS_ONLY,
    DETAILS, /* a status, and an error object with a failure */
    ZERO,    /* 0, NULL or "" in place of an error; the row makes it 1 otherwise */
    NONE
};

static inline streamcache_status of_tensor(streamcache_digest *digest, streamcache_error **error) {
    streamcache_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.struct_size = sizeof tensor;
    tensor.dtype_code = STREAMCACHE_DTYPE_UINT;
    tensor.dtype_bits = 8;
    tensor.dtype_lanes = 1;
    tensor.data = "x";
    tensor.data_len = 1;
    return streamcache_digest_tensor(&tensor, digest, error);
}

static inline streamcache_status to_hex(const streamcache_digest *digest) {
    char hex[65];
    return streamcache_digest_to_hex(digest, hex, sizeof hex);
}

static inline streamcache_status get_stats(const streamcache_cache *cache) {
    streamcache_cache_stats stats;
    stats.struct_size = sizeof stats;
    return streamcache_cache_get_stats(cache, &stats);
}

static inline streamcache_status get_filter_stats(const streamcache_filter *filter) {
    streamcache_filter_stats stats;
    stats.struct_size = sizeof stats;
    return streamcache_filter_get_stats(filter, &stats);
}

static inline streamcache_status get_progress(const streamcache_transfer *transfer) {
    streamcache_transfer_progress progress;
    progress.struct_size = sizeof progress;
    return streamcache_transfer_get_progress(transfer, &progress);
}

static inline streamcache_status get_tier_stats(const streamcache_cache *cache) {
    streamcache_tier_stats stats;
    stats.struct_size = sizeof stats;
    return streamcache_cache_get_tier_stats(cache, STREAMCACHE_TIER_DISK, &stats);
}

static inline streamcache_status write_stats(const streamcache_cache *cache) {
    char text[8192];
    size_t len;
    return streamcache_cache_write_stats(cache, STREAMCACHE_FORMAT_JSON, text, sizeof text, &len);
}

static inline streamcache_status to_json(const streamcache_options *options) {
    char text[1024];
    size_t len;
    return streamcache_options_to_json(options, text, sizeof text, &len);
}

static inline streamcache_status get_tensor(const streamcache_value *value) {
    streamcache_tensor_view view;
    view.struct_size = sizeof view;
    return streamcache_value_get_tensor(value, 0, &view);
}

static inline streamcache_status get_chunk_into(struct hands *h) {
    char buffer[16];
    size_t len;
    return streamcache_cache_get_chunk_into(h->cache, &h->key, 0, buffer, sizeof buffer, &len);
}

static inline streamcache_status filter_get_into(struct hands *h) {
    char buffer[16];
    size_t len;
    return streamcache_filter_get_into(h->filter, &h->key, 0, buffer, sizeof buffer, &len, NULL);
}

static inline streamcache_status of_filters(struct hands *h) {
    const streamcache_filter *filters[2];
    filters[0] = filters[1] = h->filter;
    return streamcache_pipeline_key(filters, 2, &h->key, &h->digest);
}

static inline streamcache_status of_snapshots(struct hands *h) {
    const streamcache_snapshot *snapshots[2];
    snapshots[0] = snapshots[1] = h->snapshot;
    return streamcache_pipeline_snapshot_key(snapshots, 2, &h->key, &h->digest);
}

static inline streamcache_status put_external(struct hands *h, char where, uint32_t flags, streamcache_value **value) {
    streamcache_external external = external_of("external", 8, 8, &h->destroyed);
    if (flags == STREAMCACHE_BYPASS) external.flags = STREAMCACHE_EXTERNAL_DEVICE;
    h->external++;
    switch (where) {
        case 'c': return streamcache_cache_put_chunk_external(h->cache, &h->key, &external, flags, NULL, value);
        case 'f': return streamcache_filter_put_external(h->filter, &h->key, NULL, &external, flags, NULL, value);
        case 't': return streamcache_ticket_commit_external(h->ticket, &external, NULL, value);
        default: return streamcache_snapshot_put_external(h->snapshot, &h->key, &external, flags, NULL, value);
    }
}

static inline streamcache_status digest_chunks(streamcache_digest *digest) {
    streamcache_buffer chunk;
    chunk.data = "x";
    chunk.len = 1;
    return streamcache_digest_chunks(&chunk, 1, digest);
}

static inline streamcache_status begin_batch_bytes(struct hands *h) {
    streamcache_buffer chunk;
    chunk.data = "chunk";
    chunk.len = 5;
    return streamcache_filter_begin_batch_bytes(h->filter, &chunk, 1, 0, &h->new_batch);
}

static inline streamcache_status get_items(const streamcache_batch *batch) {
    streamcache_batch_item item;
    return streamcache_batch_get_items(batch, &item, sizeof item, 1, NULL);
}

static inline streamcache_status get_buffer(streamcache_ticket *ticket) {
    void *data;
    return streamcache_ticket_buffer(ticket, 8, &data);
}

static inline streamcache_status get_phase(const streamcache_ticket *ticket) {
    streamcache_phase phase;
    return streamcache_ticket_get_phase(ticket, &phase);
}

static inline streamcache_status get_position(const streamcache_stream *stream) {
    uint64_t position;
    return streamcache_stream_get_position(stream, &position);
}

#define HEX16 "0123456789abcdef"
#define TAKES(what, call) ((call), h->taken = (what), 0)

/* function, subject, answer, what it answers when all is well, the call */
#define CALLS(ROW)                                                                                                     \
    ROW(streamcache_version_string, PURE, ZERO, 1, streamcache_version_string()[0] != 0)                               \
    ROW(streamcache_version_number, PURE, ZERO, 1, streamcache_version_number() != 0)                                  \
    ROW(streamcache_status_message, PURE, ZERO, 1, streamcache_status_message(STREAMCACHE_FORKED)[0] != 0)             \
    ROW(streamcache_error_get_status, PURE, STATUS_ONLY, STREAMCACHE_INVALID_ARGUMENT,                                 \
        streamcache_error_get_status(h->failure))                                                                      \
    ROW(streamcache_error_get_message, PURE, ZERO, 1, streamcache_error_get_message(h->failure)[0] != 0)               \
    ROW(streamcache_error_free, PURE, NONE, 0, TAKES(FAILURE, streamcache_error_free(h->failure)))                     \
    ROW(streamcache_log_set, PURE, STATUS_ONLY, 0, streamcache_log_set(on_message, h, STREAMCACHE_LOG_WARNING))        \
    ROW(streamcache_digest_chunk, PURE, STATUS_ONLY, 0, streamcache_digest_chunk("x", 1, &h->digest))                  \
    ROW(streamcache_digest_chunks, PURE, STATUS_ONLY, 0, digest_chunks(&h->digest))                                    \
    ROW(streamcache_digest_chunk_file, PURE, DETAILS, 0,                                                               \
        streamcache_digest_chunk_file(a_file, strlen(a_file), &h->digest, &h->error))                                  \
    ROW(streamcache_digest_inputs, PURE, STATUS_ONLY, 0, streamcache_digest_inputs(&h->key, 1, &h->digest))            \
    ROW(streamcache_digest_tensor, PURE, DETAILS, 0, of_tensor(&h->digest, &h->error))                                 \
    ROW(streamcache_digest_config_json, PURE, DETAILS, 0,                                                              \
        streamcache_digest_config_json("{}", 2, &h->digest, &h->error))                                                \
    ROW(streamcache_digest_config_bytes, PURE, STATUS_ONLY, 0, streamcache_digest_config_bytes("x", 1, &h->digest))    \
    ROW(streamcache_digest_state, PURE, STATUS_ONLY, 0, streamcache_digest_state("x", 1, &h->digest))                  \
    ROW(streamcache_digest_state_file, PURE, DETAILS, 0,                                                               \
        streamcache_digest_state_file(a_file, strlen(a_file), &h->digest, &h->error))                                  \
    ROW(streamcache_digest_raw, PURE, STATUS_ONLY, 0,                                                                  \
        streamcache_digest_raw(STREAMCACHE_ROLE_STATE, HEX16, 16, &h->digest))                                         \
    ROW(streamcache_digest_to_hex, PURE, STATUS_ONLY, 0, to_hex(&h->key))                                              \
    ROW(streamcache_digest_from_hex, PURE, STATUS_ONLY, 0,                                                             \
        streamcache_digest_from_hex(HEX16 HEX16 HEX16 HEX16, 64, &h->digest))                                          \
    ROW(streamcache_key_state, PURE, STATUS_ONLY, 0, streamcache_key_state(&h->key, &h->key, &h->digest))              \
    ROW(streamcache_key_chunk, PURE, STATUS_ONLY, 0, streamcache_key_chunk(&h->key, &h->key, &h->key, &h->digest))     \
    ROW(streamcache_hasher_new, PURE, STATUS_ONLY, 0, streamcache_hasher_new(STREAMCACHE_ROLE_STATE, &h->new_hasher))  \
    ROW(streamcache_hasher_update, PURE, STATUS_ONLY, 0, streamcache_hasher_update(h->hasher, "x", 1))                 \
    ROW(streamcache_hasher_finish, PURE, STATUS_ONLY, 0, streamcache_hasher_finish(h->hasher, &h->digest))             \
    ROW(streamcache_hasher_reset, PURE, STATUS_ONLY, 0, streamcache_hasher_reset(h->hasher))                           \
    ROW(streamcache_hasher_free, PURE, NONE, 0, TAKES(HASHER, streamcache_hasher_free(h->hasher)))                     \
    ROW(streamcache_barrier_new, PURE, STATUS_ONLY, 0, streamcache_barrier_new(&h->new_barrier))                       \
    ROW(streamcache_barrier_update, PURE, STATUS_ONLY, 0, streamcache_barrier_update(h->barrier, &h->key))             \
    ROW(streamcache_barrier_finish, PURE, STATUS_ONLY, 0, streamcache_barrier_finish(h->barrier, &h->digest))          \
    ROW(streamcache_barrier_reset, PURE, STATUS_ONLY, 0, streamcache_barrier_reset(h->barrier))                        \
    ROW(streamcache_barrier_free, PURE, NONE, 0, TAKES(BARRIER, streamcache_barrier_free(h->barrier)))                 \
    ROW(streamcache_options_new, PURE, STATUS_ONLY, 0, streamcache_options_new(&h->new_options))                       \
    ROW(streamcache_options_from_json, PURE, DETAILS, 0,                                                               \
        streamcache_options_from_json("{}", 2, &h->new_options, &h->error))                                            \
    ROW(streamcache_options_to_json, PURE, STATUS_ONLY, 0, to_json(h->options))                                        \
    ROW(streamcache_options_set_name, PURE, STATUS_ONLY, 0, streamcache_options_set_name(h->options, "n", 1))          \
    ROW(streamcache_options_set_namespace, PURE, STATUS_ONLY, 0, streamcache_options_set_namespace(h->options, "n", 1))\
    ROW(streamcache_options_set_secret, PURE, STATUS_ONLY, 0,                                                          \
        streamcache_options_set_secret(h->options, HEX16 HEX16, 32))                                                   \
    ROW(streamcache_options_set_ttl_ms, PURE, STATUS_ONLY, 0, streamcache_options_set_ttl_ms(h->options, 1))           \
    ROW(streamcache_options_set_ticket_max_age_ms, PURE, STATUS_ONLY, 0,                                               \
        streamcache_options_set_ticket_max_age_ms(h->options, 1))                                                      \
    ROW(streamcache_options_set_hash_threads, PURE, STATUS_ONLY, 0, streamcache_options_set_hash_threads(h->options, 2))\
    ROW(streamcache_options_set_max_bytes, PURE, STATUS_ONLY, 0, streamcache_options_set_max_bytes(h->options, 65536)) \
    ROW(streamcache_options_set_max_chunks, PURE, STATUS_ONLY, 0, streamcache_options_set_max_chunks(h->options, 9))   \
    ROW(streamcache_options_set_policy, PURE, STATUS_ONLY, 0,                                                          \
        streamcache_options_set_policy(h->options, STREAMCACHE_POLICY_LRU))                                            \
    ROW(streamcache_options_free, PURE, NONE, 0, TAKES(OPTIONS, streamcache_options_free(h->options)))                 \
    ROW(streamcache_cache_open, PURE, DETAILS, 0, streamcache_cache_open(h->options, &h->new_cache, &h->error))        \
    ROW(streamcache_cache_retain, HANDLE, STATUS_ONLY, 0, retained_cache(h))                                           \
    ROW(streamcache_cache_close, HANDLE, STATUS_ONLY, 0, streamcache_cache_close(h->cache, 0, NULL))                   \
    ROW(streamcache_cache_release, RELEASES, NONE, 0, TAKES(CACHE, streamcache_cache_release(h->cache)))               \
    ROW(streamcache_cache_purge, HANDLE, STATUS_ONLY, 0, streamcache_cache_purge(h->cache, 0))                         \
    ROW(streamcache_cache_set_max_bytes, HANDLE, STATUS_ONLY, 0, streamcache_cache_set_max_bytes(h->cache, 65536))     \
    ROW(streamcache_cache_set_max_chunks, HANDLE, STATUS_ONLY, 0, streamcache_cache_set_max_chunks(h->cache, 9))       \
    ROW(streamcache_value_retain, PURE, STATUS_ONLY, 0, retained_value(h))                                             \
    ROW(streamcache_value_release, PURE, NONE, 0, TAKES(VALUE, streamcache_value_release(h->value)))                   \
    ROW(streamcache_value_data, PURE, ZERO, 1, streamcache_value_data(h->value) != NULL)                               \
    ROW(streamcache_value_size, PURE, ZERO, 1, streamcache_value_size(h->value) == 5)                                  \
    ROW(streamcache_value_device_pointer, PURE, ZERO, 1, streamcache_value_device_pointer(h->device) != NULL)          \
    ROW(streamcache_value_tensor_count, PURE, ZERO, 1, streamcache_value_tensor_count(h->value) == 1)                  \
    ROW(streamcache_value_get_tensor, PURE, STATUS_ONLY, 0, get_tensor(h->value))                                      \
    ROW(streamcache_value_blob, PURE, ZERO, 1, streamcache_value_blob(h->value, NULL) != NULL)                         \
    ROW(streamcache_value_get_content, PURE, STATUS_ONLY, 0, streamcache_value_get_content(h->value, &h->digest))      \
    ROW(streamcache_value_get_rejection, PURE, STATUS_ONLY, STREAMCACHE_MISS,                                          \
        streamcache_value_get_rejection(h->value, NULL))                                                               \
    ROW(streamcache_cache_load_state, HANDLE, DETAILS, 0,                                                              \
        streamcache_cache_load_state(h->cache, "id", 2, &h->key, "new", 3, &h->error))                                 \
    ROW(streamcache_cache_get_state, HANDLE, STATUS_ONLY, 0,                                                           \
        streamcache_cache_get_state(h->cache, "id", 2, &h->new_value, NULL))                                           \
    ROW(streamcache_cache_unload_state, HANDLE, STATUS_ONLY, 0, streamcache_cache_unload_state(h->cache, "id", 2))     \
    ROW(streamcache_cache_get_chunk, HANDLE, STATUS_ONLY, 0,                                                           \
        streamcache_cache_get_chunk(h->cache, &h->key, 0, &h->new_value))                                              \
    ROW(streamcache_cache_put_chunk, HANDLE, STATUS_ONLY, 0,                                                           \
        streamcache_cache_put_chunk(h->cache, &h->key, "new", 3, 0, NULL, &h->new_value))                              \
    ROW(streamcache_cache_get_chunk_into, HANDLE, STATUS_ONLY, 0, get_chunk_into(h))                                   \
    ROW(streamcache_cache_put_chunk_external, HANDLE, STATUS_ONLY, 0, put_external(h, 'c', 0, &h->new_value))          \
    ROW(streamcache_cache_remove_chunk, HANDLE, STATUS_ONLY, 0, streamcache_cache_remove_chunk(h->cache, &h->key))     \
    ROW(streamcache_cache_hit_rate, HANDLE, ZERO, 1, streamcache_cache_hit_rate(h->cache) > 0)                         \
    ROW(streamcache_cache_hits, HANDLE, ZERO, 1, streamcache_cache_hits(h->cache) > 0)                                 \
    ROW(streamcache_cache_misses, HANDLE, ZERO, 1, streamcache_cache_misses(h->cache) > 0)                             \
    ROW(streamcache_filter_open, HANDLE, DETAILS, 0,                                                                   \
        streamcache_filter_open(h->cache, "g", 1, &h->key, 0, &h->new_filter, &h->error))                              \
    ROW(streamcache_filter_retain, HANDLE, STATUS_ONLY, 0, retained_filter(h))                                         \
    ROW(streamcache_filter_release, RELEASES, NONE, 0, TAKES(FILTER, streamcache_filter_release(h->filter)))           \
    ROW(streamcache_filter_load_state, HANDLE, DETAILS, 0, streamcache_filter_load_state(h->filter, "n", 1, &h->error)) \
    ROW(streamcache_filter_load_state_digest, HANDLE, DETAILS, 0,                                                      \
        streamcache_filter_load_state_digest(h->filter, &h->key, &h->error))                                           \
    ROW(streamcache_filter_get_state, HANDLE, STATUS_ONLY, 0,                                                          \
        streamcache_filter_get_state(h->filter, &h->new_value, NULL))                                                  \
    ROW(streamcache_filter_get, HANDLE, STATUS_ONLY, 0,                                                                \
        streamcache_filter_get(h->filter, &h->key, 0, &h->new_value, NULL))                                            \
    ROW(streamcache_filter_get_bytes, HANDLE, STATUS_ONLY, STREAMCACHE_MISS,                                           \
        streamcache_filter_get_bytes(h->filter, "unknown", 7, 0, &h->new_value, NULL, NULL))                           \
    ROW(streamcache_filter_put, HANDLE, STATUS_ONLY, 0,                                                                \
        streamcache_filter_put(h->filter, &h->key, NULL, "new", 3, 0, NULL, &h->new_value))                            \
    ROW(streamcache_filter_put_bytes, HANDLE, STATUS_ONLY, 0,                                                          \
        streamcache_filter_put_bytes(h->filter, "c", 1, NULL, "new", 3, 0, NULL, &h->new_value))                       \
    ROW(streamcache_filter_get_into, HANDLE, STATUS_ONLY, 0, filter_get_into(h))                                       \
    ROW(streamcache_filter_put_external, HANDLE, STATUS_ONLY, 0, put_external(h, 'f', 0, &h->new_value))               \
    ROW(streamcache_filter_remove, HANDLE, STATUS_ONLY, 0, streamcache_filter_remove(h->filter, &h->key))              \
    ROW(streamcache_filter_purge, HANDLE, STATUS_ONLY, 0, streamcache_filter_purge(h->filter, NULL))                   \
    ROW(streamcache_filter_retire, HANDLE, STATUS_ONLY, 0, streamcache_filter_retire(h->filter, NULL))                 \
    ROW(streamcache_filter_key, HANDLE, STATUS_ONLY, 0, streamcache_filter_key(h->filter, &h->key, &h->digest))        \
    ROW(streamcache_pipeline_key, HANDLE, STATUS_ONLY, 0, of_filters(h))                                               \
    ROW(streamcache_pipeline_snapshot_key, HANDLE, STATUS_ONLY, 0, of_snapshots(h))                                    \
    ROW(streamcache_filter_get_stats, HANDLE, STATUS_ONLY, 0, get_filter_stats(h->filter))                             \
    ROW(streamcache_filter_snapshot, HANDLE, STATUS_ONLY, 0, streamcache_filter_snapshot(h->filter, &h->new_snapshot)) \
    ROW(streamcache_snapshot_retain, HANDLE, STATUS_ONLY, 0, retained_snapshot(h))                                     \
    ROW(streamcache_snapshot_release, RELEASES, NONE, 0, TAKES(SNAPSHOT, streamcache_snapshot_release(h->snapshot)))   \
    ROW(streamcache_snapshot_get_state, HANDLE, STATUS_ONLY, 0,                                                        \
        streamcache_snapshot_get_state(h->snapshot, &h->new_value, NULL))                                              \
    ROW(streamcache_snapshot_get, HANDLE, STATUS_ONLY, 0,                                                              \
        streamcache_snapshot_get(h->snapshot, &h->key, 0, &h->new_value, NULL))                                        \
    ROW(streamcache_snapshot_put, HANDLE, STATUS_ONLY, 0,                                                              \
        streamcache_snapshot_put(h->snapshot, &h->key, "new", 3, 0, NULL, &h->new_value))                              \
    ROW(streamcache_snapshot_put_external, HANDLE, STATUS_ONLY, 0, put_external(h, 's', 0, &h->new_value))             \
    ROW(streamcache_snapshot_key, HANDLE, STATUS_ONLY, 0, streamcache_snapshot_key(h->snapshot, &h->key, &h->digest))  \
    ROW(streamcache_filter_begin, HANDLE, STATUS_ONLY, 0,                                                              \
        streamcache_filter_begin(h->filter, &h->key, 0, 0, &h->new_value, &h->new_ticket))                             \
    ROW(streamcache_filter_begin_bytes, HANDLE, STATUS_ONLY, STREAMCACHE_FILL,                                         \
        streamcache_filter_begin_bytes(h->filter, "new", 3, 0, 0, &h->new_value, &h->new_ticket, NULL))                \
    ROW(streamcache_snapshot_begin, HANDLE, STATUS_ONLY, 0,                                                            \
        streamcache_snapshot_begin(h->snapshot, &h->key, 0, 0, &h->new_value, &h->new_ticket))                         \
    ROW(streamcache_cache_begin, HANDLE, STATUS_ONLY, 0,                                                               \
        streamcache_cache_begin(h->cache, &h->key, 0, 0, &h->new_value, &h->new_ticket))                               \
    ROW(streamcache_ticket_retain, HANDLE, STATUS_ONLY, 0, retained_ticket(h))                                         \
    ROW(streamcache_ticket_release, RELEASES, NONE, 0, TAKES(TICKET, streamcache_ticket_release(h->ticket)))           \
    ROW(streamcache_ticket_get_key, HANDLE, STATUS_ONLY, 0, streamcache_ticket_get_key(h->ticket, &h->digest))         \
    ROW(streamcache_ticket_get_state, HANDLE, STATUS_ONLY, 0,                                                          \
        streamcache_ticket_get_state(h->ticket, &h->new_value, NULL))                                                  \
    ROW(streamcache_ticket_get_step_state, HANDLE, STATUS_ONLY, STREAMCACHE_NO_STATE,                                  \
        streamcache_ticket_get_step_state(h->ticket, &h->new_value, NULL))                                             \
    ROW(streamcache_ticket_get_phase, HANDLE, STATUS_ONLY, 0, get_phase(h->ticket))                                    \
    ROW(streamcache_ticket_buffer, HANDLE, STATUS_ONLY, 0, get_buffer(h->ticket))                                      \
    ROW(streamcache_ticket_commit, HANDLE, STATUS_ONLY, 0,                                                             \
        streamcache_ticket_commit(h->ticket, 8, NULL, &h->new_value))                                                  \
    ROW(streamcache_ticket_commit_copy, HANDLE, STATUS_ONLY, 0,                                                        \
        streamcache_ticket_commit_copy(h->ticket, "new", 3, NULL, &h->new_value))                                      \
    ROW(streamcache_ticket_commit_external, HANDLE, STATUS_ONLY, 0, put_external(h, 't', 0, &h->new_value))            \
    ROW(streamcache_ticket_commit_rejection, HANDLE, STATUS_ONLY, 0,                                                   \
        streamcache_ticket_commit_rejection(h->ticket, 7, 0))                                                          \
    ROW(streamcache_ticket_commit_step, HANDLE, STATUS_ONLY, 0,                                                        \
        streamcache_ticket_commit_step(h->step, "out", 3, "next", 4, NULL, &h->new_value))                             \
    ROW(streamcache_ticket_abort, HANDLE, STATUS_ONLY, 0, streamcache_ticket_abort(h->ticket))                         \
    ROW(streamcache_filter_begin_batch, HANDLE, STATUS_ONLY, 0,                                                        \
        streamcache_filter_begin_batch(h->filter, &h->key, 1, 0, &h->new_batch))                                       \
    ROW(streamcache_filter_begin_batch_bytes, HANDLE, STATUS_ONLY, 0, begin_batch_bytes(h))                            \
    ROW(streamcache_batch_free, RELEASES, NONE, 0, TAKES(BATCH, streamcache_batch_free(h->batch)))                     \
    ROW(streamcache_batch_get_count, HANDLE, ZERO, 1, streamcache_batch_get_count(h->batch) == 1)                      \
    ROW(streamcache_batch_get_items, HANDLE, STATUS_ONLY, 0, get_items(h->batch))                                      \
    ROW(streamcache_batch_wait, HANDLE, STATUS_ONLY, 0, streamcache_batch_wait(h->batch, 0))                           \
    ROW(streamcache_batch_commit, HANDLE, STATUS_ONLY, 0,                                                              \
        streamcache_batch_commit(h->batch, NULL, 1, "row", 3, 3, NULL, NULL))                                          \
    ROW(streamcache_stream_open, HANDLE, DETAILS, 0,                                                                   \
        streamcache_stream_open(h->filter, "at 0", 4, &h->new_stream, &h->error))                                      \
    ROW(streamcache_stream_retain, HANDLE, STATUS_ONLY, 0, retained_stream(h))                                         \
    ROW(streamcache_stream_release, RELEASES, NONE, 0, TAKES(STREAM, streamcache_stream_release(h->stream)))           \
    ROW(streamcache_stream_begin, HANDLE, STATUS_ONLY, STREAMCACHE_FILL,                                               \
        streamcache_stream_begin(h->stream, &h->key, 0, 0, &h->new_value, &h->new_ticket))                             \
    ROW(streamcache_stream_get_state, HANDLE, STATUS_ONLY, 0,                                                          \
        streamcache_stream_get_state(h->stream, &h->new_value, NULL))                                                  \
    ROW(streamcache_stream_reset, HANDLE, DETAILS, 0, streamcache_stream_reset(h->stream, NULL, 0, &h->error))         \
    ROW(streamcache_stream_forget, HANDLE, STATUS_ONLY, 0, streamcache_stream_forget(h->stream))                       \
    ROW(streamcache_stream_fork, HANDLE, STATUS_ONLY, 0, streamcache_stream_fork(h->stream, &h->new_stream))           \
    ROW(streamcache_stream_get_position, HANDLE, STATUS_ONLY, 0, get_position(h->stream))                              \
    ROW(streamcache_stream_get_digest, HANDLE, STATUS_ONLY, 0, streamcache_stream_get_digest(h->stream, &h->digest))   \
    ROW(streamcache_cache_export, HANDLE, DETAILS, STREAMCACHE_IO,                                                     \
        streamcache_cache_export(h->cache, "/no/such/file", 13, &h->new_transfer, &h->error))                          \
    ROW(streamcache_cache_import, HANDLE, DETAILS, 0,                                                                  \
        streamcache_cache_import(h->cache, a_file, strlen(a_file), &h->new_transfer, &h->error))                       \
    ROW(streamcache_transfer_get_progress, HANDLE, STATUS_ONLY, 0, get_progress(h->transfer))                          \
    ROW(streamcache_transfer_wait, HANDLE, DETAILS, STREAMCACHE_IO,                                                    \
        streamcache_transfer_wait(h->transfer, 60000, &h->error))                                                      \
    ROW(streamcache_transfer_cancel, HANDLE, STATUS_ONLY, 0, streamcache_transfer_cancel(h->transfer))                 \
    ROW(streamcache_transfer_release, RELEASES, NONE, 0, TAKES(TRANSFER, streamcache_transfer_release(h->transfer)))   \
    ROW(streamcache_filter_save_state, HANDLE, STATUS_ONLY, STREAMCACHE_NOT_SUPPORTED,                                 \
        streamcache_filter_save_state(h->filter))                                                                      \
    ROW(streamcache_filter_restore_state, HANDLE, STATUS_ONLY, STREAMCACHE_MISS,                                       \
        streamcache_filter_restore_state(h->filter, &h->key))                                                          \
    ROW(streamcache_cache_get_tier_stats, HANDLE, STATUS_ONLY, STREAMCACHE_MISS, get_tier_stats(h->cache))             \
    ROW(streamcache_cache_flush, HANDLE, STATUS_ONLY, 0, streamcache_cache_flush(h->cache, 0))                         \
    ROW(streamcache_value_get_tier, PURE, ZERO, STREAMCACHE_TIER_MEMORY, streamcache_value_get_tier(h->value))         \
    ROW(streamcache_options_set_disk_directory, PURE, STATUS_ONLY, 0,                                                  \
        streamcache_options_set_disk_directory(h->options, "/d", 2))                                                   \
    ROW(streamcache_options_set_disk_max_bytes, PURE, STATUS_ONLY, 0,                                                  \
        streamcache_options_set_disk_max_bytes(h->options, 1 << 20))                                                   \
    ROW(streamcache_options_set_disk_allow_network, PURE, STATUS_ONLY, 0,                                              \
        streamcache_options_set_disk_allow_network(h->options, 1))                                                     \
    ROW(streamcache_options_add_remote_url, PURE, STATUS_ONLY, 0,                                                      \
        streamcache_options_add_remote_url(h->options, "redis://host", 12))                                            \
    ROW(streamcache_options_set_remote_prefix, PURE, STATUS_ONLY, 0,                                                   \
        streamcache_options_set_remote_prefix(h->options, "p", 1))                                                     \
    ROW(streamcache_options_set_remote_ttl_ms, PURE, STATUS_ONLY, 0,                                                   \
        streamcache_options_set_remote_ttl_ms(h->options, 1))                                                          \
    ROW(streamcache_options_set_remote_max_value_bytes, PURE, STATUS_ONLY, 0,                                          \
        streamcache_options_set_remote_max_value_bytes(h->options, 1))                                                 \
    ROW(streamcache_options_set_remote_timeout_ms, PURE, STATUS_ONLY, 0,                                               \
        streamcache_options_set_remote_timeout_ms(h->options, 1))                                                      \
    ROW(streamcache_options_set_remote_ca_file, PURE, STATUS_ONLY, 0,                                                  \
        streamcache_options_set_remote_ca_file(h->options, "/ca", 3))                                                  \
    ROW(streamcache_options_set_write_behind_max_bytes, PURE, STATUS_ONLY, 0,                                          \
        streamcache_options_set_write_behind_max_bytes(h->options, 1))                                                 \
    ROW(streamcache_cache_write_stats, HANDLE, STATUS_ONLY, 0, write_stats(h->cache))                                  \
    ROW(streamcache_cache_get_stats, HANDLE, STATUS_ONLY, 0, get_stats(h->cache))

static const char *a_file; /* one that can be read: abi/symbols.txt */

/* The hook that is set while calls run; each program has its own. */
static void on_message(void *user_data, streamcache_log_level level, const char *target, const char *message);

/* What was retained is given. */
#define RETAINED(noun)                                                            \
    static inline streamcache_status retained_##noun(struct hands *h) {           \
        streamcache_status status = streamcache_##noun##_retain(h->noun);         \
        if (status == STREAMCACHE_OK) h->new_##noun = h->noun;                    \
        return status;                                                            \
    }
RETAINED(cache)
RETAINED(filter)
RETAINED(snapshot)
RETAINED(value)
RETAINED(ticket)
RETAINED(stream)

#define DEFINED(function, subject, answer, well, call) \
    static int call_##function(struct hands *h) {      \
        (void)h;                                       \
        return (call);                                 \
    }
CALLS(DEFINED)

static const struct call {
    const char *function;
    enum subject subject;
    enum answer answer;
    int well;
    int (*run)(struct hands *);
} calls[] = {
#define LISTED(function, subject, answer, well, call) {#function, subject, answer, well, call_##function},
    CALLS(LISTED)
};
enum { call_count = sizeof calls / sizeof *calls };

static inline void take_hands(struct hands *h) {
    streamcache_put_options options = put_options();
    streamcache_tensor_view tensor;
    streamcache_digest chunk = digest_of(2);
    void *data = NULL;
    memset(h, 0, sizeof *h);
    memset(&tensor, 0, sizeof tensor);
    OK(streamcache_options_new(&h->options));
    OK(streamcache_options_set_max_bytes(h->options, PLENTY));
    OK(streamcache_cache_open(h->options, &h->cache, NULL));
    h->key = digest_of(1);
    OK(streamcache_cache_load_state(h->cache, "id", 2, &h->key, "state", 5, NULL));
    STATUS(streamcache_cache_get_chunk(h->cache, &h->key, 0, &h->new_value), STREAMCACHE_MISS);
    tensor.struct_size = sizeof tensor;
    tensor.dtype_code = STREAMCACHE_DTYPE_UINT;
    tensor.dtype_bits = 8;
    tensor.dtype_lanes = 1;
    tensor.length = 1;
    options.tensors = &tensor;
    options.tensor_count = 1;
    options.blob = "blob";
    options.blob_len = 4;
    OK(streamcache_cache_put_chunk(h->cache, &h->key, "value", 5, 0, &options, &h->value));
    STATUS(put_external(h, 'c', STREAMCACHE_BYPASS, &h->device), STREAMCACHE_NOT_STORED);
    OK(streamcache_hasher_new(STREAMCACHE_ROLE_CHUNK, &h->hasher));
    OK(streamcache_barrier_new(&h->barrier));
    h->filter = open_filter(h->cache, "f", "state");
    OK(streamcache_filter_put(h->filter, &h->key, NULL, "value", 5, 0, NULL, NULL));
    OK(streamcache_filter_snapshot(h->filter, &h->snapshot));
    STATUS(streamcache_filter_begin(h->filter, &chunk, 0, 0, &h->new_value, &h->ticket), STREAMCACHE_FILL);
    OK(streamcache_ticket_buffer(h->ticket, 8, &data));
    memcpy(data, "in place", 8);
    chunk = digest_of(3);
    OK(streamcache_filter_begin_batch(h->filter, &chunk, 1, 0, &h->batch));
    OK(streamcache_stream_open(h->filter, "at 0", 4, &h->stream, NULL));
    OK(streamcache_stream_fork(h->stream, &h->new_stream));
    STATUS(streamcache_stream_begin(h->new_stream, &chunk, 0, 0, &h->new_value, &h->step), STREAMCACHE_FILL);
    streamcache_stream_release(h->new_stream);
    h->new_stream = NULL;
    OK(streamcache_cache_get_chunk(h->cache, &h->key, 0, &h->new_value));
    streamcache_value_release(h->new_value);
    h->new_value = NULL;
    OK(streamcache_cache_import(h->cache, a_file, strlen(a_file), &h->transfer, NULL));
    STATUS(streamcache_transfer_wait(h->transfer, 60000, NULL), STREAMCACHE_IO);
    STATUS(streamcache_digest_config_json("", 0, &h->digest, &h->failure), STREAMCACHE_INVALID_ARGUMENT);
    REQUIRE(h->filter != NULL && h->snapshot != NULL && h->value != NULL && h->device != NULL && h->failure != NULL);
    REQUIRE(h->ticket != NULL && h->step != NULL && h->batch != NULL && h->stream != NULL);
}

/* Gives up what calls gave. */
static inline void drop_given(struct hands *h) {
    streamcache_options_free(h->new_options);
    streamcache_cache_release(h->new_cache);
    streamcache_filter_release(h->new_filter);
    streamcache_snapshot_release(h->new_snapshot);
    streamcache_value_release(h->new_value);
    streamcache_hasher_free(h->new_hasher);
    streamcache_barrier_free(h->new_barrier);
    streamcache_ticket_release(h->new_ticket);
    streamcache_batch_free(h->new_batch);
    streamcache_stream_release(h->new_stream);
    streamcache_transfer_release(h->new_transfer);
    streamcache_error_free(h->error);
    h->new_options = NULL, h->new_cache = NULL, h->new_filter = NULL, h->new_snapshot = NULL, h->new_value = NULL;
    h->new_hasher = NULL, h->new_barrier = NULL, h->new_ticket = NULL, h->new_batch = NULL, h->new_stream = NULL, h->new_transfer = NULL;
    h->error = NULL;
}

static inline int gave_nothing(const struct hands *h) {
    return h->new_options == NULL && h->new_cache == NULL && h->new_filter == NULL && h->new_snapshot == NULL &&
           h->new_value == NULL && h->new_hasher == NULL && h->new_barrier == NULL && h->new_ticket == NULL &&
           h->new_batch == NULL && h->new_stream == NULL && h->new_transfer == NULL;
}

static inline void drop_hands(struct hands *h) {
    drop_given(h);
    if (h->taken != OPTIONS) streamcache_options_free(h->options);
    if (h->taken != CACHE) streamcache_cache_release(h->cache);
    if (h->taken != FILTER) streamcache_filter_release(h->filter);
    if (h->taken != SNAPSHOT) streamcache_snapshot_release(h->snapshot);
    if (h->taken != VALUE) streamcache_value_release(h->value);
    streamcache_value_release(h->device);
    if (h->taken != HASHER) streamcache_hasher_free(h->hasher);
    if (h->taken != BARRIER) streamcache_barrier_free(h->barrier);
    if (h->taken != TICKET) streamcache_ticket_release(h->ticket);
    streamcache_ticket_release(h->step);
    if (h->taken != BATCH) streamcache_batch_free(h->batch);
    if (h->taken != STREAM) streamcache_stream_release(h->stream);
    if (h->taken != TRANSFER) streamcache_transfer_release(h->transfer);
    if (h->taken != FAILURE) streamcache_error_free(h->failure);
    CHECK(h->destroyed == h->external);
}

static inline int complain(int holds, const char *complaint, const char *what) {
    if (!holds) fprintf(stderr, "%s: %s\n", complaint, what);
    CHECK(holds);
    return holds;
}

/* The call answers with this status, in the way it answers; an error object has the same status and words of its own. */
static inline void check_answer(const struct call *call, struct hands *h, int answer, streamcache_status status) {
    int right = answer == (call->answer == NONE || call->answer == ZERO ? 0 : (int)status);
    if (!right) fprintf(stderr, "%d, where a failure with %d is due, ", answer, (int)status);
    complain(right, "from", call->function);
    complain(gave_nothing(h), "it failed and gave something", call->function);
    if (call->answer == DETAILS && complain(h->error != NULL, "it failed without details", call->function)) {
        complain(streamcache_error_get_status(h->error) == status, "its details have another status", call->function);
        complain(strlen(streamcache_error_get_message(h->error)) > 10, "its details say nothing", call->function);
    }
}

/* Every call on hands of its own: what they answer when all is well. */
static inline void check_all_is_well(void) {
    int i;
    for (i = 0; i < call_count; i++) {
        struct hands h;
        int answer;
        take_hands(&h);
        answer = calls[i].run(&h);
        if (!complain(answer == calls[i].well, "does not work even when all is well", calls[i].function))
            fprintf(stderr, "    %d, not %d\n", answer, calls[i].well);
        drop_hands(&h);
    }
    OK(streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR));
}

/* The symbols file and the rows name the same functions. */
static inline void calls_match(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    int seen[call_count] = {0}, i;
    a_file = path;
    if (!complain(file != NULL, "cannot read", path)) return;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        for (i = 0; i < call_count && strcmp(calls[i].function, line) != 0; i++) continue;
        if (complain(i < call_count, "exported, and not in calls.h: add a row", line)) seen[i]++;
    }
    fclose(file);
    for (i = 0; i < call_count; i++) complain(seen[i] == 1, "in calls.h, and not exported exactly once", calls[i].function);
}

#endif

/* The part of shim.h that digests. */
#ifndef STREAMCACHE_GO_SHIM_DIGEST_H
#define STREAMCACHE_GO_SHIM_DIGEST_H

#include "shim.h"

static inline scgo_digested scgo_digest_chunk(const uint8_t *data, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_chunk(data, len, &made.digest);
  return made;
}

/* Chunks that lie one behind the other. */
static inline streamcache_status scgo_digest_chunks(const uint8_t *data, const size_t *lengths, size_t count,
                                                    streamcache_digest *digests) {
  streamcache_status status;
  streamcache_buffer *chunks = calloc(count ? count : 1, sizeof *chunks);
  if (!chunks) return STREAMCACHE_NO_MEMORY;
  for (size_t i = 0; i < count; i++) {
    chunks[i].data = data;
    chunks[i].len = lengths[i];
    data += lengths[i];
  }
  status = streamcache_digest_chunks(chunks, count, digests);
  free(chunks);
  return status;
}

static inline scgo_digested scgo_digest_state(const uint8_t *data, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_state(data, len, &made.digest);
  return made;
}

static inline scgo_digested scgo_digest_config_bytes(const uint8_t *data, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_config_bytes(data, len, &made.digest);
  return made;
}

static inline scgo_digested scgo_digest_config_json(const uint8_t *json, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_config_json((const char *)json, len, &made.digest, &made.error);
  return made;
}

static inline scgo_digested scgo_digest_chunk_file(const uint8_t *path, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_chunk_file((const char *)path, len, &made.digest, &made.error);
  return made;
}

static inline scgo_digested scgo_digest_state_file(const uint8_t *path, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_state_file((const char *)path, len, &made.digest, &made.error);
  return made;
}

static inline scgo_digested scgo_digest_raw(streamcache_role role, const uint8_t *data, size_t len) {
  scgo_digested made = {0};
  made.status = streamcache_digest_raw(role, data, len, &made.digest);
  return made;
}

static inline scgo_digested scgo_digest_inputs(const streamcache_digest *digests, size_t count) {
  scgo_digested made = {0};
  made.status = streamcache_digest_inputs(digests, count, &made.digest);
  return made;
}

static inline scgo_digested scgo_digest_tensor(const uint8_t *name, size_t name_len, int32_t code, uint32_t bits,
                                               uint32_t lanes, const int64_t *dims, uint32_t rank,
                                               const uint8_t *data, size_t len) {
  scgo_digested made = {0};
  streamcache_tensor tensor = {0};
  tensor.struct_size = sizeof tensor;
  tensor.name = (const char *)name;
  tensor.name_len = name_len;
  tensor.dtype_code = code;
  tensor.dtype_bits = bits;
  tensor.dtype_lanes = lanes;
  tensor.rank = rank;
  tensor.dims = dims;
  tensor.data = data;
  tensor.data_len = len;
  made.status = streamcache_digest_tensor(&tensor, &made.digest, &made.error);
  return made;
}

static inline scgo_digested scgo_key_state(streamcache_digest config, streamcache_digest training_data) {
  scgo_digested made = {0};
  made.status = streamcache_key_state(&config, &training_data, &made.digest);
  return made;
}

static inline scgo_digested scgo_key_chunk(streamcache_digest config, streamcache_digest state,
                                           streamcache_digest chunk) {
  scgo_digested made = {0};
  made.status = streamcache_key_chunk(&config, &state, &chunk, &made.digest);
  return made;
}

static inline scgo_digested scgo_filter_key(scgo_handle filter, streamcache_digest chunk) {
  scgo_digested made = {0};
  made.status = streamcache_filter_key((const streamcache_filter *)filter, &chunk, &made.digest);
  return made;
}

static inline scgo_digested scgo_snapshot_key(scgo_handle snapshot, streamcache_digest chunk) {
  scgo_digested made = {0};
  made.status = streamcache_snapshot_key((const streamcache_snapshot *)snapshot, &chunk, &made.digest);
  return made;
}

static inline scgo_digested scgo_ticket_get_key(scgo_handle ticket) {
  scgo_digested made = {0};
  made.status = streamcache_ticket_get_key((const streamcache_ticket *)ticket, &made.digest);
  return made;
}

static inline scgo_digested scgo_value_get_content(scgo_handle value) {
  scgo_digested made = {0};
  made.status = streamcache_value_get_content((const streamcache_value *)value, &made.digest);
  return made;
}

static inline scgo_digested scgo_stream_get_digest(scgo_handle stream) {
  scgo_digested made = {0};
  made.status = streamcache_stream_get_digest((const streamcache_stream *)stream, &made.digest);
  return made;
}

/* Bytes into a hasher, whose own parameter is a void pointer. */
static inline streamcache_status scgo_hasher_update(scgo_handle hasher, const uint8_t *data, size_t len) {
  return streamcache_hasher_update((streamcache_hasher *)hasher, data, len);
}

static inline scgo_digested scgo_hasher_finish(scgo_handle hasher) {
  scgo_digested made = {0};
  made.status = streamcache_hasher_finish((streamcache_hasher *)hasher, &made.digest);
  return made;
}

static inline scgo_digested scgo_barrier_finish(scgo_handle barrier) {
  scgo_digested made = {0};
  made.status = streamcache_barrier_finish((streamcache_barrier *)barrier, &made.digest);
  return made;
}

#endif

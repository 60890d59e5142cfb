/*
 * What stands between Go and streamcache.h: one C call for each of Go's, so that a hit costs one change of stacks.
 *
 * Bytes come as uint8_t, which spares cgo's look for pointers in them; digests come and go by value, which spares Go an
 * allocation for each; and structs that hold pointers are filled here, because Go must not write pointers to its memory
 * into memory that C sees. Nothing here outlives its call.
 */
#ifndef STREAMCACHE_GO_SHIM_H
#define STREAMCACHE_GO_SHIM_H

#include <stdlib.h>
#include <streamcache.h>

/* A handle. As a number: a pointer to a type that is not complete costs cgo an allocation at each call. */
typedef uintptr_t scgo_handle;

/* A digest, or why there is none. */
typedef struct scgo_digested {
  streamcache_digest digest;
  streamcache_status status;
  streamcache_error *error;
} scgo_digested;

/* What a lookup gave: a lease and where its bytes are, or a ticket, or the reason of a rejection. */
typedef struct scgo_found {
  streamcache_value *value;
  const uint8_t *data;
  size_t size;
  streamcache_ticket *ticket;
  streamcache_digest digest;
  streamcache_status status;
  int32_t rejection;
  streamcache_error *error;
} scgo_found;

/* What a lookup copied out. */
typedef struct scgo_copied {
  size_t len;
  streamcache_digest key;
  streamcache_status status;
} scgo_copied;

/* The bytes of what was leased; of a rejection the reason alone, and its lease is given back. */
static inline scgo_found scgo_leased(scgo_found found) {
  if (found.status == STREAMCACHE_REJECTED) {
    streamcache_value_get_rejection(found.value, &found.rejection);
    streamcache_value_release(found.value);
    found.value = NULL;
  }
  if (found.value) {
    found.data = streamcache_value_data(found.value);
    found.size = streamcache_value_size(found.value);
  }
  return found;
}

static inline void scgo_value_release(scgo_handle value) {
  streamcache_value_release((const streamcache_value *)value);
}

static inline void scgo_ticket_release(scgo_handle ticket) {
  streamcache_ticket_release((streamcache_ticket *)ticket);
}

/* ---- Lookups ---- */

static inline scgo_copied scgo_filter_get_into(scgo_handle filter, streamcache_digest chunk,
                                               uint32_t flags, uint8_t *buffer, size_t capacity) {
  scgo_copied copied = {0};
  copied.status = streamcache_filter_get_into((const streamcache_filter *)filter, &chunk, flags, buffer, capacity,
                                              &copied.len, &copied.key);
  return copied;
}

static inline scgo_copied scgo_cache_get_into(scgo_handle cache, streamcache_digest key, uint32_t flags,
                                              uint8_t *buffer, size_t capacity) {
  scgo_copied copied = {0, key, STREAMCACHE_OK};
  copied.status = streamcache_cache_get_chunk_into((const streamcache_cache *)cache, &key, flags, buffer, capacity,
                                                   &copied.len);
  return copied;
}

static inline scgo_found scgo_filter_get(scgo_handle filter, streamcache_digest chunk, uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_filter_get((const streamcache_filter *)filter, &chunk, flags, &found.value,
                                        &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_snapshot_get(scgo_handle snapshot, streamcache_digest chunk,
                                           uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_snapshot_get((const streamcache_snapshot *)snapshot, &chunk, flags, &found.value,
                                          &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_cache_get(scgo_handle cache, streamcache_digest key, uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_cache_get_chunk((const streamcache_cache *)cache, &key, flags, &found.value);
  return scgo_leased(found);
}

/* ---- Begins: never waiting, for that is Go's ---- */

static inline scgo_found scgo_filter_begin(scgo_handle filter, streamcache_digest chunk, uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_filter_begin((streamcache_filter *)filter, &chunk, 0, flags, &found.value,
                                          &found.ticket);
  return scgo_leased(found);
}

static inline scgo_found scgo_filter_begin_bytes(scgo_handle filter, const uint8_t *data, size_t len,
                                                 uint32_t flags) {
  scgo_found found = {0};
  found.status =
      streamcache_filter_begin_bytes((streamcache_filter *)filter, data, len, 0, flags, &found.value, &found.ticket,
                                     &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_snapshot_begin(scgo_handle snapshot, streamcache_digest chunk,
                                             uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_snapshot_begin((streamcache_snapshot *)snapshot, &chunk, 0, flags, &found.value,
                                            &found.ticket);
  return scgo_leased(found);
}

static inline scgo_found scgo_cache_begin(scgo_handle cache, streamcache_digest key, uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_cache_begin((streamcache_cache *)cache, &key, 0, flags, &found.value, &found.ticket);
  return scgo_leased(found);
}

static inline scgo_found scgo_stream_begin(scgo_handle stream, streamcache_digest chunk, uint32_t flags) {
  scgo_found found = {0};
  found.status = streamcache_stream_begin((streamcache_stream *)stream, &chunk, 0, flags, &found.value,
                                          &found.ticket);
  return scgo_leased(found);
}

/* ---- States ---- */

static inline scgo_found scgo_filter_get_state(scgo_handle filter) {
  scgo_found found = {0};
  found.status = streamcache_filter_get_state((const streamcache_filter *)filter, &found.value, &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_snapshot_get_state(scgo_handle snapshot) {
  scgo_found found = {0};
  found.status = streamcache_snapshot_get_state((const streamcache_snapshot *)snapshot, &found.value, &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_ticket_get_state(scgo_handle ticket) {
  scgo_found found = {0};
  found.status = streamcache_ticket_get_state((const streamcache_ticket *)ticket, &found.value, &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_ticket_get_step_state(scgo_handle ticket) {
  scgo_found found = {0};
  found.status = streamcache_ticket_get_step_state((const streamcache_ticket *)ticket, &found.value, &found.digest);
  return scgo_leased(found);
}

static inline scgo_found scgo_stream_get_state(scgo_handle stream) {
  scgo_found found = {0};
  found.status = streamcache_stream_get_state((const streamcache_stream *)stream, &found.value, &found.digest);
  return scgo_leased(found);
}

static inline streamcache_status scgo_filter_load_state(scgo_handle filter, const uint8_t *data, size_t len,
                                                        streamcache_error **error) {
  return streamcache_filter_load_state((streamcache_filter *)filter, data, len, error);
}

static inline streamcache_status scgo_stream_open(scgo_handle filter, const uint8_t *state, size_t len,
                                                  streamcache_stream **stream, streamcache_error **error) {
  return streamcache_stream_open((streamcache_filter *)filter, state, len, stream, error);
}

static inline streamcache_status scgo_stream_reset(scgo_handle stream, const uint8_t *state, size_t len,
                                                   streamcache_error **error) {
  return streamcache_stream_reset((streamcache_stream *)stream, state, len, error);
}

#endif

/* The part of shim.h that stores: what a put may say comes flat, and becomes a streamcache_put_options here. */
#ifndef STREAMCACHE_GO_SHIM_PUT_H
#define STREAMCACHE_GO_SHIM_PUT_H

#include "shim.h"

/* A streamcache_put_options without its pointers, which come beside it. */
typedef struct scgo_put {
  uint64_t ttl_ms;
  uint64_t compute_ns;
  size_t tensor_count;
  size_t blob_len;
} scgo_put;

/* How many numbers each tensor has before its dimensions: code, bits, lanes, rank, offset, length. */
#define SCGO_TENSOR_HEAD 6

/* Where the options of one call are made. */
typedef struct scgo_making {
  streamcache_put_options options;
  streamcache_tensor_view *views;
  streamcache_error *error;
} scgo_making;

/* Fills it; scgo_made() frees it again. */
static inline streamcache_status scgo_make(scgo_making *making, scgo_put put, const int64_t *tensors,
                                           const uint8_t *blob) {
  streamcache_put_options options = {0};
  options.struct_size = sizeof options;
  options.ttl_ms = put.ttl_ms;
  options.compute_ns = put.compute_ns;
  options.blob = blob;
  options.blob_len = put.blob_len;
  options.error = &making->error;
  making->error = NULL;
  making->views = NULL;
  if (put.tensor_count) {
    making->views = calloc(put.tensor_count, sizeof *making->views);
    if (!making->views) return STREAMCACHE_NO_MEMORY;
    for (size_t i = 0; i < put.tensor_count; i++) {
      streamcache_tensor_view *view = &making->views[i];
      view->struct_size = sizeof *view;
      view->dtype_code = (streamcache_dtype_code)tensors[0];
      view->dtype_bits = (uint32_t)tensors[1];
      view->dtype_lanes = (uint32_t)tensors[2];
      view->rank = (uint32_t)tensors[3];
      view->offset = (size_t)tensors[4];
      view->length = (size_t)tensors[5];
      view->dims = view->rank ? tensors + SCGO_TENSOR_HEAD : NULL;
      tensors += SCGO_TENSOR_HEAD + view->rank;
    }
  }
  options.tensors = making->views;
  options.tensor_count = put.tensor_count;
  making->options = options;
  return STREAMCACHE_OK;
}

static inline scgo_found scgo_made(scgo_making *making, scgo_found found) {
  free(making->views);
  found.error = making->error;
  return scgo_leased(found);
}

static inline scgo_found scgo_cache_put(scgo_handle cache, streamcache_digest key, const uint8_t *data,
                                        size_t len, uint32_t flags, scgo_put put, const int64_t *tensors,
                                        const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_cache_put_chunk((streamcache_cache *)cache, &key, data, len, flags, &making.options,
                                               NULL);
  return scgo_made(&making, found);
}

/* Without a key where none is given. */
static inline scgo_found scgo_filter_put(scgo_handle filter, streamcache_digest chunk, streamcache_digest key,
                                         int keyed, const uint8_t *data, size_t len, uint32_t flags, scgo_put put,
                                         const int64_t *tensors, const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status =
        streamcache_filter_put((streamcache_filter *)filter, &chunk, keyed ? &key : NULL, data, len, flags,
                               &making.options, NULL);
  return scgo_made(&making, found);
}

static inline scgo_found scgo_snapshot_put(scgo_handle snapshot, streamcache_digest chunk,
                                           const uint8_t *data, size_t len, uint32_t flags, scgo_put put,
                                           const int64_t *tensors, const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_snapshot_put((const streamcache_snapshot *)snapshot, &chunk, data, len, flags,
                                            &making.options, NULL);
  return scgo_made(&making, found);
}

static inline scgo_found scgo_ticket_commit(scgo_handle ticket, size_t len, scgo_put put,
                                            const int64_t *tensors, const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_ticket_commit((streamcache_ticket *)ticket, len, &making.options, &found.value);
  return scgo_made(&making, found);
}

static inline scgo_found scgo_ticket_commit_copy(scgo_handle ticket, const uint8_t *data, size_t len,
                                                 scgo_put put, const int64_t *tensors, const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_ticket_commit_copy((streamcache_ticket *)ticket, data, len, &making.options,
                                                  &found.value);
  return scgo_made(&making, found);
}

static inline scgo_found scgo_ticket_commit_step(scgo_handle ticket, const uint8_t *data, size_t len,
                                                 const uint8_t *next, size_t next_len, int known, scgo_put put,
                                                 const int64_t *tensors, const uint8_t *blob) {
  scgo_making making;
  scgo_found found = {0};
  const void *next_state = !known ? NULL : next_len ? (const void *)next : "";
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_ticket_commit_step((streamcache_ticket *)ticket, data, len, next_state, next_len,
                                                  &making.options,
                                                  &found.value);
  return scgo_made(&making, found);
}

static inline scgo_found scgo_batch_commit(scgo_handle batch, const uint32_t *items, size_t count,
                                           const uint8_t *data, size_t len, scgo_put put, const int64_t *tensors,
                                           const uint8_t *blob, size_t *stored) {
  scgo_making making;
  scgo_found found = {0};
  found.status = scgo_make(&making, put, tensors, blob);
  if (found.status == STREAMCACHE_OK)
    found.status = streamcache_batch_commit((streamcache_batch *)batch, items, count, data, len, len,
                                            &making.options, stored);
  return scgo_made(&making, found);
}

#endif

/* The part of shim.h that hears the library's messages: it writes them to a pipe, and calls nothing of Go's. */
#ifndef STREAMCACHE_GO_SHIM_LOG_H
#define STREAMCACHE_GO_SHIM_LOG_H

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

#ifndef PIPE_BUF /* not in plain C's limits.h: what POSIX grants */
#define PIPE_BUF 512
#endif

/* The level, a zero, how long the target and the text are: 16 bits each, the lower byte first. Both follow. */
#define SCGO_LOG_HEAD 6

/* One write of at most PIPE_BUF bytes, which no other thread's write is mixed with. Where the pipe is full it is lost. */
static inline void scgo_hear(void *pipe, streamcache_log_level level, const char *target, const char *message) {
  unsigned char record[PIPE_BUF];
  size_t of_target = strlen(target), of_message = strlen(message);
  ssize_t written;
  if (of_target > 64) of_target = 64;
  if (of_message > sizeof record - SCGO_LOG_HEAD - of_target) of_message = sizeof record - SCGO_LOG_HEAD - of_target;
  record[0] = (unsigned char)level;
  record[1] = 0;
  record[2] = (unsigned char)(of_target & 0xff);
  record[3] = (unsigned char)(of_target >> 8);
  record[4] = (unsigned char)(of_message & 0xff);
  record[5] = (unsigned char)(of_message >> 8);
  memcpy(record + SCGO_LOG_HEAD, target, of_target);
  memcpy(record + SCGO_LOG_HEAD + of_target, message, of_message);
  written = write((int)(intptr_t)pipe, record, SCGO_LOG_HEAD + of_target + of_message);
  (void)written;
}

static inline streamcache_status scgo_log_to(int pipe, streamcache_log_level least) {
  return streamcache_log_set(scgo_hear, (void *)(intptr_t)pipe, least);
}

static inline streamcache_status scgo_log_off(void) {
  return streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR);
}

#endif

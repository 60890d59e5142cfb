/* What a hit costs in C, for script/bench bindings: each binding's program does the same and prints the same two lines.
 *
 *     baseline [ROUNDS]
 *
 * One filter, one chunk whose result has 64 bytes. By its digest it is looked up into a buffer, and by a lease whose
 * bytes are read and which is given back; both want the key, as a binding does. ROUNDS (15) rounds of about 10 ms of
 * each in turn; the medians, in nanoseconds a hit. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <streamcache.h>
#include <time.h>

enum { SIZE = 64, ROUND_NS = 10000000, MOST_ROUNDS = 1001 };

static streamcache_filter *filter;
static streamcache_digest chunk;
static unsigned seen; /* a byte of each result, so that it is read */

static void expect(int so, const char *what) {
  if (so) return;
  fprintf(stderr, "baseline: %s\n", what);
  exit(1);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void get_into(void) {
  unsigned char buffer[SIZE];
  streamcache_digest key;
  size_t len;
  expect(streamcache_filter_get_into(filter, &chunk, 0, buffer, sizeof buffer, &len, &key) == STREAMCACHE_OK, "no hit");
  seen += buffer[len - 1];
}

static void lease(void) {
  streamcache_value *value;
  streamcache_digest key;
  expect(streamcache_filter_get(filter, &chunk, 0, &value, &key) == STREAMCACHE_OK, "no hit");
  seen += ((const unsigned char *)streamcache_value_data(value))[streamcache_value_size(value) - 1];
  streamcache_value_release(value);
}

/* Nanoseconds a hit, of so many. */
static double round_of(void (*hit)(void), long hits) {
  double begin = now_ns();
  for (long i = 0; i < hits; i++) hit();
  return (now_ns() - begin) / (double)hits;
}

/* How many take about a round. */
static long calibrated(void (*hit)(void)) {
  long hits = 1000;
  while (round_of(hit, hits) * (double)hits < ROUND_NS / 2.0) hits *= 2;
  return (long)(ROUND_NS / round_of(hit, hits)) + 1;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *sample, int count) {
  qsort(sample, (size_t)count, sizeof *sample, ascending);
  return count % 2 ? sample[count / 2] : (sample[count / 2 - 1] + sample[count / 2]) / 2;
}

static void open_filter(void) {
  unsigned char result[SIZE];
  streamcache_cache *cache;
  streamcache_digest config;
  memset(result, 1, sizeof result);
  expect(streamcache_cache_open(NULL, &cache, NULL) == STREAMCACHE_OK, "no cache");
  expect(streamcache_digest_config_bytes("bench", 5, &config) == STREAMCACHE_OK, "no config");
  expect(streamcache_filter_open(cache, "bench", 5, &config, 0, &filter, NULL) == STREAMCACHE_OK, "no filter");
  expect(streamcache_filter_load_state(filter, "state", 5, NULL) == STREAMCACHE_OK, "no state");
  expect(streamcache_digest_chunk("chunk", 5, &chunk) == STREAMCACHE_OK, "no digest");
  expect(streamcache_filter_put(filter, &chunk, NULL, result, sizeof result, 0, NULL, NULL) == STREAMCACHE_OK, "no put");
  streamcache_cache_release(cache); /* the filter holds it */
}

int main(int argc, char **argv) {
  static double into_ns[MOST_ROUNDS], lease_ns[MOST_ROUNDS];
  int rounds = argc > 1 ? atoi(argv[1]) : 15;
  long into_hits, lease_hits;
  expect(rounds > 0 && rounds <= MOST_ROUNDS, "usage: baseline [ROUNDS], at most 1001");
  open_filter();
  into_hits = calibrated(get_into);
  lease_hits = calibrated(lease);
  for (int i = 0; i < rounds; i++) {
    into_ns[i] = round_of(get_into, into_hits);
    lease_ns[i] = round_of(lease, lease_hits);
  }
  expect(seen != 0, "nothing was read");
  printf("c get_into %.2f\n", median(into_ns, rounds));
  printf("c lease %.2f\n", median(lease_ns, rounds));
  streamcache_filter_release(filter);
  return 0;
}

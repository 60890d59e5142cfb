/* A check that fails prints where and what; main ends with `return check_report();`, which counts them. C99, C++11.
 *
 *     CHECK(size == 3);                                  an expression
 *     STATUS(call(...), STREAMCACHE_MISS);               a status, printed by its name when it is another
 *     REQUIRE(cache != NULL);                            a check the rest cannot go on without
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streamcache.h"

enum { check_shown = 20 }; /* so many failures are printed; all are counted */
static unsigned long check_passed, check_failed;

static inline int check_that(int holds, const char *what, const char *file, int line) {
    if (holds) {
        __atomic_add_fetch(&check_passed, 1, __ATOMIC_RELAXED);
    } else if (__atomic_add_fetch(&check_failed, 1, __ATOMIC_RELAXED) <= check_shown) {
        fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
    }
    return holds;
}

static inline int check_status(streamcache_status got, streamcache_status want, const char *what, const char *file, int line) {
    if (check_that(got == want, what, file, line)) return 1;
    if (__atomic_load_n(&check_failed, __ATOMIC_RELAXED) <= check_shown) {
        fprintf(stderr, "    got %d (%s), want %d (%s)\n", (int)got, streamcache_status_message(got), (int)want,
                streamcache_status_message(want));
    }
    return 0;
}

static inline void check_require(int holds, const char *what, const char *file, int line) {
    if (!check_that(holds, what, file, line)) exit(1);
}

static inline int check_report(void) {
    printf("%lu checks passed, %lu failed\n", check_passed, check_failed);
    fflush(stdout); /* a leak checker may end the process before stdio does */
    return check_failed != 0 || check_passed == 0;
}

#define CHECK(expression) ((void)check_that((expression) ? 1 : 0, #expression, __FILE__, __LINE__))
#define REQUIRE(expression) check_require((expression) ? 1 : 0, #expression, __FILE__, __LINE__)
#define STATUS(call, want) ((void)check_status((call), (want), #call, __FILE__, __LINE__))
#define OK(call) STATUS(call, STREAMCACHE_OK)

#endif

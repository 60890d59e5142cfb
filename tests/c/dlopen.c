/* A program that isn't linked to the library loads it, uses it and unloads it, a hundred times, from threads that end
 * after the unloading too. It stays loaded (-z nodelete): their thread-local destructors and its fork handler are code.
 *
 *     dlopen LIBRARY [KIB]        how much memory may grow; not checked if 0
 */
#include "streamcache.h" /* for its types: nothing in it is linked */

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUIRE(expression)                                                                   \
    do {                                                                                      \
        if (!(expression)) {                                                                  \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #expression); \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

/* The functions this program uses, found by name. */
#define FUNCTIONS(X)                                                                                                  \
    X(streamcache_cache_open)                                                                                         \
    X(streamcache_cache_release)                                                                                      \
    X(streamcache_digest_config_bytes)                                                                                \
    X(streamcache_filter_open)                                                                                        \
    X(streamcache_filter_load_state)                                                                                  \
    X(streamcache_filter_get_bytes)                                                                                   \
    X(streamcache_filter_put)                                                                                         \
    X(streamcache_filter_release)                                                                                     \
    X(streamcache_value_data)                                                                                         \
    X(streamcache_value_release)

struct library {
    void *handle;
#define MEMBER(function) __typeof__(&function) function;
    FUNCTIONS(MEMBER)
};

static struct library load(const char *path) {
    struct library l;
    l.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (l.handle == NULL) fprintf(stderr, "%s\n", dlerror());
    REQUIRE(l.handle != NULL);
#define FOUND(function)                                              \
    *(void **)(void *)&l.function = dlsym(l.handle, #function);      \
    REQUIRE(l.function != NULL);
    FUNCTIONS(FOUND)
    return l;
}

static void use(const struct library *l) {
    streamcache_cache *cache = NULL;
    streamcache_filter *filter = NULL;
    streamcache_value *value = NULL;
    streamcache_digest config, chunk, key;
    REQUIRE(l->streamcache_cache_open(NULL, &cache, NULL) == STREAMCACHE_OK);
    REQUIRE(l->streamcache_digest_config_bytes("c", 1, &config) == STREAMCACHE_OK);
    REQUIRE(l->streamcache_filter_open(cache, "f", 1, &config, 0, &filter, NULL) == STREAMCACHE_OK);
    REQUIRE(l->streamcache_filter_load_state(filter, "s", 1, NULL) == STREAMCACHE_OK);
    REQUIRE(l->streamcache_filter_get_bytes(filter, "x", 1, 0, &value, &key, &chunk) == STREAMCACHE_MISS);
    REQUIRE(l->streamcache_filter_put(filter, &chunk, &key, "result", 6, 0, NULL, NULL) == STREAMCACHE_OK);
    REQUIRE(l->streamcache_filter_get_bytes(filter, "x", 1, 0, &value, NULL, NULL) == STREAMCACHE_OK);
    REQUIRE(memcmp(l->streamcache_value_data(value), "result", 6) == 0);
    l->streamcache_filter_release(filter);
    l->streamcache_cache_release(cache);
    l->streamcache_value_release(value);
}

static pthread_barrier_t barrier;

/* Uses the library, and ends only after it was unloaded. */
static void *use_and_outlive(void *argument) {
    use(argument);
    pthread_barrier_wait(&barrier); /* used */
    pthread_barrier_wait(&barrier); /* unloaded */
    return NULL;
}

static long resident_pages(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    REQUIRE(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident;
}

int main(int argc, char **argv) {
    enum { rounds = 100 };
    int kib = argc > 2 ? atoi(argv[2]) : 1024, i, status;
    long page = sysconf(_SC_PAGESIZE), warm = 0, end;
    const void *first = NULL;
    pid_t pid;
    REQUIRE(argc >= 2 && pthread_barrier_init(&barrier, NULL, 2) == 0);
    REQUIRE(dlsym(RTLD_DEFAULT, "streamcache_cache_open") == NULL);
    for (i = 0; i < rounds; i++) {
        struct library l = load(argv[1]);
        pthread_t thread;
        const void *address;
        memcpy(&address, &l.streamcache_cache_open, sizeof address);
        REQUIRE(first == NULL || address == first); /* it never went away */
        first = address;
        use(&l);
        REQUIRE(pthread_create(&thread, NULL, use_and_outlive, &l) == 0);
        pthread_barrier_wait(&barrier);
        REQUIRE(dlclose(l.handle) == 0);
        pthread_barrier_wait(&barrier);
        REQUIRE(pthread_join(thread, NULL) == 0);
        if (i == rounds / 5) warm = resident_pages();
    }
    end = resident_pages();
    printf("%d times loaded and unloaded, memory grew by %ld KiB after the first %d\n", rounds, (end - warm) * page / 1024, rounds / 5 + 1);
    REQUIRE(kib == 0 || (end - warm) * page / 1024 <= kib);
    fflush(stdout);
    pid = fork(); /* its fork handler is still there */
    REQUIRE(pid >= 0);
    if (pid == 0) {
        struct library l = load(argv[1]);
        use(&l);
        _exit(0);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}

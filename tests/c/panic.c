/* A panic in every exported function: a status, never a crash, nothing printed; and what it leaves behind.
 *
 *     panic abi/symbols.txt
 *
 * Needs a library with the feature test-panic, which has one function more. */
#include "calls.h"

#include <unistd.h>

streamcache_status streamcache_test_panic_in(const char *function, size_t len, int32_t deep);

static char last_message[512];
static int messages;

static void on_message(void *user_data, streamcache_log_level level, const char *target, const char *message) {
    (void)user_data;
    if (level == STREAMCACHE_LOG_ERROR && strcmp(target, "panic") == 0) messages++;
    snprintf(last_message, sizeof last_message, "%s", message);
}

/* The armed panic came, and the log has it. */
static void check_fired(const char *function, int messages_before) {
    complain(streamcache_test_panic_in(NULL, 0, 0) == STREAMCACHE_OK, "its body is not inside the boundary", function);
    complain(messages == messages_before + 1, "no message tells of the panic in", function);
    complain(strstr(last_message, function) != NULL, "the message does not name", function);
    if (!complain(strstr(last_message, "test_panic.rs:") != NULL, "the message does not say where, for", function))
        fprintf(stderr, "    %s\n", last_message);
}

/* Before anything else happens. Every object is as it was, and goes on working. */
static void panic_at_the_border(const struct call *call) {
    struct hands h;
    int before = messages;
    take_hands(&h);
    OK(streamcache_test_panic_in(call->function, strlen(call->function), 0));
    check_answer(call, &h, call->run(&h), STREAMCACHE_PANIC);
    check_fired(call->function, before);
    drop_given(&h);
    h.taken = NOTHING, h.external = 1; /* it panicked before it took anything */
    complain(call->run(&h) == call->well, "does not work after a panic at its border", call->function);
    drop_hands(&h);
}

/* In the middle of its work. The cache refuses more, and everything can still be released. */
static void panic_at_work(const struct call *call) {
    struct hands h;
    int before = messages;
    uint64_t dropped = 9;
    take_hands(&h);
    OK(streamcache_test_panic_in(call->function, strlen(call->function), 1));
    check_answer(call, &h, call->run(&h), STREAMCACHE_PANIC);
    check_fired(call->function, before);
    drop_given(&h);
    STATUS(streamcache_cache_get_chunk(h.cache, &h.key, 0, &h.new_value), STREAMCACHE_PANIC);
    STATUS(streamcache_cache_put_chunk(h.cache, &h.key, "x", 1, 0, NULL, NULL), STREAMCACHE_PANIC);
    STATUS(streamcache_cache_load_state(h.cache, "id", 2, &h.key, "x", 1, &h.error), STREAMCACHE_PANIC);
    ERROR(h.error, STREAMCACHE_PANIC, "release it");
    h.error = NULL;
    STATUS(streamcache_filter_get(h.filter, &h.key, 0, &h.new_value, NULL), STREAMCACHE_PANIC);
    STATUS(streamcache_filter_load_state(h.filter, "x", 1, NULL), STREAMCACHE_PANIC);
    STATUS(streamcache_snapshot_get(h.snapshot, &h.key, 0, &h.new_value, NULL), STREAMCACHE_PANIC);
    STATUS(streamcache_cache_close(h.cache, 0, &dropped), STREAMCACHE_PANIC);
    CHECK(holds_text(h.value, "value")); /* a lease outlives even that */
    CHECK(stats_of(h.cache).hits == 1);
    OK(streamcache_cache_retain(h.cache));
    streamcache_cache_release(h.cache);
    drop_hands(&h);
}

/* With nobody listening: as before, and not a word. */
static void panic_silently(const struct call *call) {
    struct hands h;
    take_hands(&h);
    OK(streamcache_test_panic_in(call->function, strlen(call->function), call->subject == HANDLE));
    check_answer(call, &h, call->run(&h), STREAMCACHE_PANIC);
    complain(streamcache_test_panic_in(NULL, 0, 0) == STREAMCACHE_OK, "did not panic", call->function);
    h.taken = NOTHING;
    if (call->subject != HANDLE) h.external = 1;
    drop_hands(&h);
}

int main(int argc, char **argv) {
    FILE *heard = tmpfile();
    int stderr_before = dup(STDERR_FILENO), i, deep = 0;
    char line[512];
    REQUIRE(argc == 2 && heard != NULL);
    calls_match(argv[1]);
    OK(streamcache_log_set(on_message, NULL, STREAMCACHE_LOG_ERROR));
    REQUIRE(dup2(fileno(heard), STDERR_FILENO) >= 0);
    check_all_is_well();
    OK(streamcache_log_set(on_message, NULL, STREAMCACHE_LOG_ERROR));
    for (i = 0; i < call_count; i++) {
        panic_at_the_border(&calls[i]);
        OK(streamcache_log_set(on_message, NULL, STREAMCACHE_LOG_ERROR));
        if (calls[i].subject == HANDLE) panic_at_work(&calls[i]), deep++;
    }
    CHECK(messages == call_count + deep);
    OK(streamcache_log_set(NULL, NULL, STREAMCACHE_LOG_ERROR));
    for (i = 0; i < call_count; i++) panic_silently(&calls[i]);
    CHECK(messages == call_count + deep);
    check_all_is_well();
    fflush(stderr);
    dup2(stderr_before, STDERR_FILENO);
    rewind(heard);
    while (fgets(line, sizeof line, heard) != NULL) {
        fputs(line, stderr);
        CHECK(!"something was printed");
    }
    printf("%d functions panicked at their border, %d at work\n", (int)call_count, deep);
    return check_report();
}

// A program of two translation units with streamcache.hpp, one with exceptions and one, mixed_plain.cpp, without:
// handles go from one to the other, and value() on a miss throws here, whichever of them the linker saw first.
#include "mixed.hpp"

#include "../c/check.h"

#ifndef STREAMCACHE_EXCEPTIONS
#error "this one is compiled with exceptions"
#endif

int main() {
    using namespace std::literals;
    streamcache::Cache cache = open_in_the_other();
    const streamcache::Digest key = streamcache::Digest::chunk("key"sv);
    CHECK(size_in_the_other(cache, key) == 0);
    CHECK(cache.put_chunk(key, "result"sv));
    CHECK(size_in_the_other(cache, key) == 6);
    CHECK(cache.get_chunk(key).value().bytes().text() == "result");
    cache.purge();
    bool thrown = false;
    try {
        CHECK(cache.get_chunk(key).value().size() == 6);
    } catch (const streamcache::error &error) { thrown = error.status() == STREAMCACHE_MISS; }
    CHECK(thrown);
    return check_report();
}

// Somebody else's C++ program, by streamcache.hpp: what its part of the library says of itself, and a result that is
// computed once. C++17.
#include <streamcache.hpp>

#include <cstdio>
#include <string>

int main() {
    auto cache = streamcache::Cache::open();
    auto filter = streamcache::Filter::open(cache, "consumer", streamcache::Digest::config_json("{}"));
    filter.load_state(std::string("weights"));
    int computed = 0;
    for (int round = 0; round < 2; round++) {
        const auto answer = filter.lookup_or_compute_bytes(std::string("chunk"), [&] {
            computed++;
            return std::string("result");
        });
        if (answer->bytes().text() != "result") return 1;
    }
    std::printf("streamcache %s, computed %d\n", streamcache::version(), computed);
    return computed == 1 && streamcache::version_number() == STREAMCACHE_VERSION_NUMBER ? 0 : 1;
}

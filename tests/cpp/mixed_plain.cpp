// The half of mixed.cpp that is compiled with -fno-exceptions -fno-rtti.
#include "mixed.hpp"

#ifdef STREAMCACHE_EXCEPTIONS
#error "this one is compiled without exceptions"
#endif

streamcache::Cache open_in_the_other() { return streamcache::Cache::try_open().value(); }

std::size_t size_in_the_other(const streamcache::Cache &cache, const streamcache::Digest &key) {
    const streamcache::Lookup found = cache.try_get_chunk(key);
    return found ? found.value().size() : 0;
}

// A second translation unit with the header: it defines nothing twice, and its names have C linkage in both.
#include "second.hpp"

streamcache_digest digest_in_the_second_unit(const void *data, std::size_t len) {
    streamcache_digest digest{};
    streamcache_digest_chunk(data, len, &digest);
    return digest;
}

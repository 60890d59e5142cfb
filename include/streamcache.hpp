#ifndef STREAMCACHE_HPP
#define STREAMCACHE_HPP

#include "streamcache/bytes.hpp"
#include "streamcache/cache.hpp"
#include "streamcache/digest.hpp"
#include "streamcache/filter.hpp"
#include "streamcache/log.hpp"
#include "streamcache/lookup.hpp"
#include "streamcache/options.hpp"
#include "streamcache/put.hpp"
#include "streamcache/result.hpp"
#include "streamcache/snapshot.hpp"
#include "streamcache/value.hpp"

namespace streamcache {

/** The library's version, such as "0.1.0"; the header's is STREAMCACHE_VERSION_STRING. */
inline const char *version() noexcept { return streamcache_version_string(); }
/** The same to compare with STREAMCACHE_VERSION_NUMBER. */
inline std::uint32_t version_number() noexcept { return streamcache_version_number(); }

} // namespace streamcache

#endif

/** @file
 * The keys of a chain of filters: one lookup for all of it.
 */
#ifndef STREAMCACHE_PIPELINE_HPP
#define STREAMCACHE_PIPELINE_HPP

#include "filter.hpp"

namespace streamcache {

/** The key of a chunk's result through a chain of filters, as they are now, or of snapshots; all of one cache. */
inline result<Digest> try_pipeline_key(const Digest &chunk, view<const streamcache_filter *> chain) noexcept {
    Digest key;
    const streamcache_status status = streamcache_pipeline_key(chain.data(), chain.size(), &chunk, &key);
    if (status != STREAMCACHE_OK) return outcome(status);
    return key;
}
inline result<Digest> try_pipeline_key(const Digest &chunk, view<const streamcache_snapshot *> chain) noexcept {
    Digest key;
    const streamcache_status status = streamcache_pipeline_snapshot_key(chain.data(), chain.size(), &chunk, &key);
    if (status != STREAMCACHE_OK) return outcome(status);
    return key;
}
/** try_pipeline_key(chunk, decoder, features, classifier): each of them a Filter, or each a Snapshot. */
template <class... Stages>
result<Digest> try_pipeline_key(const Digest &chunk, const Filter &first, const Stages &...more) noexcept {
    const streamcache_filter *const chain[] = {first.get(), more.get()...};
    return try_pipeline_key(chunk, view<const streamcache_filter *>(chain, 1 + sizeof...(more)));
}
template <class... Stages>
result<Digest> try_pipeline_key(const Digest &chunk, const Snapshot &first, const Stages &...more) noexcept {
    const streamcache_snapshot *const chain[] = {first.get(), more.get()...};
    return try_pipeline_key(chunk, view<const streamcache_snapshot *>(chain, 1 + sizeof...(more)));
}
#ifdef STREAMCACHE_EXCEPTIONS
template <class First, class... Stages>
Digest pipeline_key(const Digest &chunk, const First &first, const Stages &...more) {
    return try_pipeline_key(chunk, first, more...).value();
}
#endif

} // namespace streamcache

#endif

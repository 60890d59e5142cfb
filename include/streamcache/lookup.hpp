/** @file
 * What a lookup found.
 */
#ifndef STREAMCACHE_LOOKUP_HPP
#define STREAMCACHE_LOOKUP_HPP

#include "put.hpp"

namespace streamcache {

namespace detail {

/** A value, or the code of a rejection, or neither. */
class found : public result<Value> {
public:
    using result<Value>::result;
    found(result<Value> &&from) noexcept : result<Value>(std::move(from)) {}
    found(streamcache_status status, streamcache_value *value) noexcept
        : result<Value>(made<Value>(status, status == STREAMCACHE_REJECTED ? nullptr : value)) {
        if (status != STREAMCACHE_REJECTED) return;
        const Value owned(value);
        streamcache_value_get_rejection(value, &rejection_);
    }
    /** With STREAMCACHE_REJECTED: why, in the numbers of whoever committed that there is no result. */
    std::int32_t rejection() const noexcept { return rejection_; }

protected:
    std::int32_t rejection_ = 0;
};

} // namespace detail

/**
 * A lookup's answer: true with a value() on a hit. Otherwise status() says what it was, STREAMCACHE_MISS say, and key()
 * and chunk() are there all the same, for the put: filter.put(lookup, result).
 */
class Lookup : public detail::found {
public:
    Lookup() noexcept = default;
    Lookup(streamcache_status status, streamcache_value *value, const Digest &key,
           const Digest &chunk = Digest()) noexcept
        : found(status, value),
          key_(key),
          chunk_(chunk) {}

    /** The key it looked under, on a miss too. */
    const Digest &key() const noexcept { return key_; }
    /** The chunk's digest, where a chunk was looked up and not a key. */
    const Digest &chunk() const noexcept { return chunk_; }

private:
    Digest key_, chunk_;
};

/** A result that was copied out: true when it was. */
class Copied : public outcome {
public:
    Copied(streamcache_status status, std::size_t size, const Digest &key) noexcept
        : outcome(status),
          size_(size),
          key_(key) {}
    explicit operator bool() const noexcept { return status() == STREAMCACHE_OK; }
    /** The result's size, also with STREAMCACHE_BUFFER_TOO_SMALL; 0 on a miss. */
    std::size_t size() const noexcept { return size_; }
    /** The key it looked under, on a miss too. */
    const Digest &key() const noexcept { return key_; }

private:
    std::size_t size_;
    Digest key_;
};

} // namespace streamcache

#endif

/** @file
 * Text that the C header writes into a buffer, as a std::string.
 */
#ifndef STREAMCACHE_TEXT_HPP
#define STREAMCACHE_TEXT_HPP

#include <string>

#include "result.hpp"

namespace streamcache {
namespace detail {

/** `write(buffer, capacity, &len)` until it fits: the text may grow between two calls. */
template <class Write> result<std::string> text(Write write) {
    std::string text;
    std::size_t len = 0;
    streamcache_status status = write(nullptr, std::size_t(0), &len);
    while (status == STREAMCACHE_BUFFER_TOO_SMALL) {
        text.resize(len + 1); // and its NUL
        status = write(text.data(), text.size(), &len);
    }
    if (status != STREAMCACHE_OK) return outcome(status);
    text.resize(len);
    return text;
}

} // namespace detail
} // namespace streamcache

#endif

/** @file
 * Where the library's messages go.
 */
#ifndef STREAMCACHE_LOG_HPP
#define STREAMCACHE_LOG_HPP

#include <string_view>
#include <type_traits>

#include "result.hpp"

namespace streamcache {

/** How much a message matters: the more, the higher. */
enum class LogLevel : streamcache_log_level {
    debug = STREAMCACHE_LOG_DEBUG,
    info = STREAMCACHE_LOG_INFO,
    warning = STREAMCACHE_LOG_WARNING,
    error = STREAMCACHE_LOG_ERROR,
};

/**
 * Has `handler(LogLevel, std::string_view target, std::string_view message)` hear the process's messages of this level
 * and above. The handler is not copied: it must live until another one is set, or log_off(), and every call into the
 * library that was under way has returned; a static object is best. It runs on any thread, several at once, and calls
 * nothing of the library; where it throws, the process ends.
 */
template <class Handler> result<void> try_log_to(Handler &handler, LogLevel min_level = LogLevel::info) noexcept {
    static_assert(std::is_invocable_v<Handler &, LogLevel, std::string_view, std::string_view>,
                  "handler(level, target, message)");
    const auto hear = [](void *self, streamcache_log_level level, const char *target, const char *message) noexcept {
        (*static_cast<Handler *>(self))(static_cast<LogLevel>(level), std::string_view(target),
                                        std::string_view(message));
    };
    return outcome(streamcache_log_set(hear, const_cast<std::remove_const_t<Handler> *>(&handler),
                                       static_cast<streamcache_log_level>(min_level)));
}
template <class Handler>
result<void> try_log_to(const Handler &&handler, LogLevel min_level = LogLevel::info) = delete; // it would be gone

/** The library is silent again. */
inline void log_off() noexcept { streamcache_log_set(nullptr, nullptr, STREAMCACHE_LOG_ERROR); }

#ifdef STREAMCACHE_EXCEPTIONS
template <class Handler> void log_to(Handler &handler, LogLevel min_level = LogLevel::info) {
    detail::check(try_log_to(handler, min_level));
}
template <class Handler> void log_to(const Handler &&handler, LogLevel min_level = LogLevel::info) = delete;
#endif

} // namespace streamcache

#endif

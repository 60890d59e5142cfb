// The C functions of streamcache as C++ likes them: owners that release, failures that throw.
#pragma once

#include <streamcache.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace common {

// Owns one C handle and releases it.
template <auto release>
struct Release {
    template <class T>
    void operator()(T* handle) const {
        release(handle);
    }
};
template <class T, auto release>
using Handle = std::unique_ptr<T, Release<release>>;

// A lease on a remembered value: the bytes stay where they are as long as it lives.
using Lease = Handle<const streamcache_value, streamcache_value_release>;

[[noreturn]] inline void fail(const std::string& what, const std::string& why) {
    throw std::runtime_error("streamcache, " + what + ": " + why);
}

inline void require_ok(streamcache_status status, const std::string& what) {
    if (status != STREAMCACHE_OK) fail(what, streamcache_status_message(status));
}

// For the calls that can say more than a status: require_ok("open", [&](streamcache_error** error) { return ...; }).
template <class Call>
void require_ok(const std::string& what, Call call) {
    streamcache_error* error = nullptr;
    const streamcache_status status = call(&error);
    const Handle<streamcache_error, streamcache_error_free> owner{error};
    if (status != STREAMCACHE_OK)
        fail(what, error != nullptr ? streamcache_error_get_message(error) : streamcache_status_message(status));
}

}  // namespace common

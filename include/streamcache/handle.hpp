/** @file
 * The owners of the C header's handles.
 */
#ifndef STREAMCACHE_HANDLE_HPP
#define STREAMCACHE_HANDLE_HPP

#include "result.hpp"

namespace streamcache {
namespace detail {

/** Owns a C handle as std::unique_ptr owns an object: it moves, it is not copied, and what was moved from is empty. */
template <class Raw, void (*give_back)(Raw *)> class handle {
public:
    handle() noexcept = default;
    /** Takes over the reference that the caller has, from a C function say. */
    explicit handle(Raw *adopted) noexcept : raw_(adopted) {}
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept {
        reset(other.release());
        return *this;
    }
    ~handle() {
        if (raw_) give_back(raw_); // a call is dearer than a look
    }

    /** The C handle, borrowed; NULL when empty. */
    Raw *get() const noexcept { return raw_; }
    /** Gives the reference away: the caller releases it. This is empty then. */
    [[nodiscard]] Raw *release() noexcept { return std::exchange(raw_, nullptr); }
    /** Gives back its reference, and takes over another one or none. */
    void reset(Raw *adopted = nullptr) noexcept {
        if (Raw *old = std::exchange(raw_, adopted)) give_back(old);
    }
    /** Is there one? */
    explicit operator bool() const noexcept { return raw_ != nullptr; }

private:
    Raw *raw_ = nullptr;
};

/** A handle whose references the library counts. */
template <class Self, class Raw, void (*give_back)(Raw *), streamcache_status (*retain)(Raw *)> class shared_handle
    : public handle<Raw, give_back> {
public:
    using handle<Raw, give_back>::handle;

    /** One more reference to the same, for another owner. */
    result<Self> try_share() const noexcept {
        const streamcache_status status = retain(this->get());
        if (status < 0) return outcome(status);
        return Self(this->get());
    }
#ifdef STREAMCACHE_EXCEPTIONS
    Self share() const { return try_share().value(); }
#endif
};

/** What a C function made, or why it did not. */
template <class T, class Raw> result<T> made(streamcache_status status, Raw *raw, streamcache_error *error = nullptr) {
    if (raw == nullptr) return outcome(status, error);
    return {T(raw), outcome(status, error)};
}

} // namespace detail
} // namespace streamcache

#endif

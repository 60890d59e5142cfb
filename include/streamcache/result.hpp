/** @file
 * What an operation answers: `outcome` is its status and what there is to say about it, `result<T>` has a T besides,
 * and `error` is thrown. See "Errors" in streamcache.hpp.
 */
#ifndef STREAMCACHE_RESULT_HPP
#define STREAMCACHE_RESULT_HPP

#include <cstdlib>
#include <optional>
#include <utility>

#include "../streamcache.h"

#if (defined(__cpp_exceptions) || defined(_CPPUNWIND)) && !defined(STREAMCACHE_NO_EXCEPTIONS)
/** Defined where the functions that throw exist. STREAMCACHE_NO_EXCEPTIONS takes them away. */
#define STREAMCACHE_EXCEPTIONS 1
#include <stdexcept>
#endif

// What throws in one translation unit and aborts in another has two names, so that a program may be made of both.
#if defined(__GNUC__) && !defined(STREAMCACHE_EXCEPTIONS)
#define STREAMCACHE_DETAIL_CHECKED [[gnu::abi_tag("noexceptions")]]
#else
#define STREAMCACHE_DETAIL_CHECKED
#endif

// An exception's type is one type in every shared object, whatever their -fvisibility.
#if defined(__GNUC__)
#define STREAMCACHE_DETAIL_VISIBLE __attribute__((visibility("default")))
#else
#define STREAMCACHE_DETAIL_VISIBLE
#endif

namespace streamcache {

/** A status of the C header, and a sentence about it. Move-only: it owns the library's message, if there was one. */
class [[nodiscard]] outcome {
public:
    outcome() noexcept = default;
    /** `text`, if not NULL, is static and says more than the status does. */
    explicit outcome(streamcache_status status, const char *text = nullptr) noexcept : status_(status), text_(text) {}
    /** Takes over `error`, which may be NULL. */
    outcome(streamcache_status status, streamcache_error *error) noexcept : status_(status), error_(error) {}
    outcome(outcome &&other) noexcept
        : status_(other.status_),
          text_(other.text_),
          error_(std::exchange(other.error_, nullptr)) {}
    outcome &operator=(outcome &&other) noexcept {
        std::swap(error_, other.error_);
        status_ = other.status_;
        text_ = other.text_;
        return *this;
    }
    ~outcome() {
        if (error_) streamcache_error_free(error_); // a call is dearer than a look
    }

    /** STREAMCACHE_OK, _MISS, ...: the C header's. The library's own word on it, where it gave an error. */
    streamcache_status status() const noexcept { return error_ ? streamcache_error_get_status(error_) : status_; }
    /** Was it an error? A miss is none. */
    bool failed() const noexcept { return status_ < 0; }
    /** What happened and what to do about it; never NULL; lives as long as this. */
    const char *message() const noexcept {
        if (error_) return streamcache_error_get_message(error_);
        return text_ ? text_ : streamcache_status_message(status_);
    }

private:
    streamcache_status status_ = STREAMCACHE_OK;
    const char *text_ = nullptr;
    streamcache_error *error_ = nullptr;
};

#ifdef STREAMCACHE_EXCEPTIONS

/** Thrown for every negative status, and by value() where there is none. what() is the library's message, copied. */
class STREAMCACHE_DETAIL_VISIBLE error : public std::runtime_error {
public:
    explicit error(const outcome &from) : std::runtime_error(from.message()), status_(from.status()) {}
    /** STREAMCACHE_INVALID_ARGUMENT, STREAMCACHE_CLOSED, ... */
    streamcache_status status() const noexcept { return status_; }

private:
    streamcache_status status_;
};

/** Thrown by lookup_or_compute() where somebody committed that there is no result. */
class STREAMCACHE_DETAIL_VISIBLE rejected : public error {
public:
    rejected(const outcome &from, std::int32_t code) : error(from), code_(code) {}
    /** Why, in the numbers of whoever committed it. */
    std::int32_t code() const noexcept { return code_; }

private:
    std::int32_t code_;
};

#endif

namespace detail {

[[noreturn]] STREAMCACHE_DETAIL_CHECKED inline void raise(const outcome &from) {
#ifdef STREAMCACHE_EXCEPTIONS
    throw error(from);
#else
    static_cast<void>(from);
    std::abort();
#endif
}

#ifdef STREAMCACHE_EXCEPTIONS
/** Passes on what is not an error, and throws what is. */
template <class R> R checked(R &&answer) {
    if (answer.failed()) raise(answer);
    return std::forward<R>(answer);
}
inline void check(const outcome &answer) {
    if (answer.failed()) raise(answer);
}
#endif

} // namespace detail

/**
 * An outcome, and a T where there is one. It is true when it has a T, and so false for a miss as for an error: status()
 * tells which. value(), * and -> on one without a T throw `error`, or end the process where exceptions are off.
 */
template <class T> class [[nodiscard]] result : public outcome {
public:
    result() noexcept : outcome(STREAMCACHE_MISS) {}
    result(outcome &&without) noexcept : outcome(std::move(without)) {}
    /** A T that is there also where `with` is a failure: how far it came. */
    result(T value, outcome &&with = outcome()) noexcept : outcome(std::move(with)), value_(std::move(value)) {}

    explicit operator bool() const noexcept { return value_.has_value(); }

    STREAMCACHE_DETAIL_CHECKED T &value() & { return value_ ? *value_ : (detail::raise(*this), *value_); }
    STREAMCACHE_DETAIL_CHECKED const T &value() const & { return value_ ? *value_ : (detail::raise(*this), *value_); }
    /** Of a temporary by value: `for (auto &item : *filter.try_begin_batch(chunks))` walks over what lives as long. */
    STREAMCACHE_DETAIL_CHECKED T value() && { return std::move(value()); }
    STREAMCACHE_DETAIL_CHECKED T &operator*() & { return value(); }
    STREAMCACHE_DETAIL_CHECKED const T &operator*() const & { return value(); }
    STREAMCACHE_DETAIL_CHECKED T operator*() && { return std::move(value()); }
    STREAMCACHE_DETAIL_CHECKED T *operator->() { return &value(); }
    STREAMCACHE_DETAIL_CHECKED const T *operator->() const { return &value(); }

private:
    std::optional<T> value_;
};

/** An outcome without more: true when it is STREAMCACHE_OK, so false also for a miss, or what was not stored. */
template <> class [[nodiscard]] result<void> : public outcome {
public:
    using outcome::outcome;
    result(outcome &&other) noexcept : outcome(std::move(other)) {}
    explicit operator bool() const noexcept { return status() == STREAMCACHE_OK; }
};

} // namespace streamcache

#endif

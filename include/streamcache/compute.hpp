/** @file
 * lookup_or_compute(): the result, from the cache or from a function of the caller's, which is called where it misses.
 */
#ifndef STREAMCACHE_COMPUTE_HPP
#define STREAMCACHE_COMPUTE_HPP

#include "ticket.hpp"

namespace streamcache {

namespace detail {
template <class Target> class computation;
}

/**
 * What lookup_or_compute() answers: true with a value(), found or computed; it was stored unless status() is
 * STREAMCACHE_NOT_STORED. With STREAMCACHE_REJECTED there is none, and rejection() says why.
 */
class Answer : public detail::found {
public:
    using found::found;
    explicit Answer(detail::found &&from) noexcept : found(std::move(from)) {}
    /** Was the function called? */
    bool computed() const noexcept { return computed_; }

private:
    template <class> friend class detail::computation;
    Answer(result<Value> &&computed, std::int32_t rejection) noexcept : found(std::move(computed)), computed_(true) {
        rejection_ = rejection;
    }
    bool computed_ = false;
};

/**
 * Where a function that was given to lookup_or_compute() writes its result: in the cache itself where there is room for
 * it, and elsewhere all the same.
 */
class Output {
public:
    Output(const Output &) = delete;
    /** Room for `count` elements: aligned to 64 bytes, uninitialised. Again: another length, and the old is gone. */
    template <class T = std::byte> result<writable<T>> try_buffer(std::size_t count) noexcept {
        own_.reset();
        written_ = false;
        if (ticket_) {
            result<writable<T>> room = ticket_.try_buffer<T>(count);
            if (room) written(count * sizeof(T));
            if (room.status() != STREAMCACHE_NO_SPACE) return room;
        }
        if (count > SIZE_MAX / sizeof(T)) return outcome(STREAMCACHE_NO_MEMORY);
        own_.reset(static_cast<std::byte *>(::operator new(count * sizeof(T), alignment, std::nothrow)));
        if (!own_) return outcome(STREAMCACHE_NO_MEMORY);
        written(count * sizeof(T));
        return writable<T>(static_cast<T *>(static_cast<void *>(own_.get())), count);
    }
    /** Leases the trained state to compute with; its digest is the key(). STREAMCACHE_NO_STATE in Cache's. */
    Lookup try_get_state() const noexcept { return ticket_ ? ticket_.try_get_state() : state_(target_); }
#ifdef STREAMCACHE_EXCEPTIONS
    template <class T = std::byte> writable<T> buffer(std::size_t count) { return try_buffer<T>(count).value(); }
    Lookup get_state() const { return detail::checked(try_get_state()); }
#endif
    /** The result is only the first `size` bytes of the buffer. */
    void shrink(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }
    /** There is no result, and that is to be remembered; `code` says why, in the caller's own numbers. */
    void reject(std::int32_t code, std::chrono::milliseconds ttl = {}) noexcept {
        rejected_ = true;
        code_ = code;
        ttl_ = ttl;
    }

private:
    template <class> friend class detail::computation;
    static constexpr std::align_val_t alignment{64};
    struct free_aligned {
        void operator()(std::byte *memory) const noexcept { ::operator delete(memory, alignment); }
    };

    Output(Ticket &&ticket, const void *target, Lookup (*state)(const void *)) noexcept
        : ticket_(std::move(ticket)),
          target_(target),
          state_(state) {}
    void written(std::size_t size) noexcept {
        written_ = true;
        size_ = size;
    }

    Ticket ticket_; // none where another caller computes it, too
    const void *target_;
    Lookup (*state_)(const void *);
    std::unique_ptr<std::byte, free_aligned> own_; // where the ticket had no room, or there is none
    std::size_t size_ = 0;
    bool written_ = false, rejected_ = false;
    std::int32_t code_ = 0;
    std::chrono::milliseconds ttl_{};
};

namespace detail {

/**
 * One lookup_or_compute(). Target is what it was called on: ready() to be computed for without a ticket, the state() to
 * compute with then, and where to put() the result.
 */
template <class Target> class computation {
public:
    computation(Target target, const PutOptions &options) noexcept : target_(std::move(target)), options_(options) {}

    template <class Fn> Answer run(Begun &&begun, Fn &fn) {
        const bool busy = begun.status() == STREAMCACHE_BUSY;
        if (!busy && begun.status() != STREAMCACHE_FILL) return leased(Answer(std::move(begun)));
        if (busy) {
            began_ = std::chrono::steady_clock::now();
            outcome ready = target_.ready();
            if (ready.failed()) return {outcome(std::move(ready)), 0};
        }
        const auto state = [](const void *target) { return static_cast<const Target *>(target)->state(); };
        // Where fn throws, this is destroyed and the ticket with it, and so its right is somebody else's.
        Output output(std::move(begun.ticket()), &target_, state);
        if constexpr (!std::is_invocable_v<Fn &, Output &>) {
            static_assert(std::is_invocable_v<Fn &>, "a function of a streamcache::Output &, or of nothing");
            static_assert(!std::is_void_v<std::invoke_result_t<Fn &>>,
                          "it returns the result, or writes it to an Output &");
            return leased(returned(output, fn()));
        } else if constexpr (std::is_void_v<std::invoke_result_t<Fn &, Output &>>) {
            fn(output);
            return leased(written(output));
        } else {
            return leased(returned(output, fn(output)));
        }
    }

private:
    template <class R> Answer returned(Output &output, R &&result) {
        if (output.rejected_) return rejection(output);
        if constexpr (std::is_same_v<std::decay_t<R>, External>) {
            return external(output, std::forward<R>(result));
        } else {
            const bytes data(result);
            if (output.ticket_) return {output.ticket_.try_commit_copy(data, without_lease()), 0};
            return put(data);
        }
    }
    Answer written(Output &output) {
        if (output.rejected_) return rejection(output);
        if (!output.written_) return {outcome(STREAMCACHE_INVALID_ARGUMENT, "the function gave no result"), 0};
        if (!output.own_) return {output.ticket_.try_commit(output.size_, without_lease()), 0};
        const bytes memory(output.own_.get(), output.size_);
        return external(output, External(memory, std::move(output.own_)));
    }
    Answer external(Output &output, External &&external) {
        if (output.ticket_) return {output.ticket_.try_commit_external(std::move(external), without_lease()), 0};
        return put(std::move(external));
    }
    Answer rejection(Output &output) {
        outcome said = output.ticket_ ? output.ticket_.try_commit_rejection(output.code_, output.ttl_) : outcome();
        if (said.failed()) return {std::move(said), 0};
        return {outcome(STREAMCACHE_REJECTED), output.code_};
    }
    /** Without a ticket: whoever waits for the other caller then has it, too. */
    template <class Data> Answer put(Data &&data) {
        PutOptions options = without_lease();
        Value lease;
        options.lease(lease).flags(options_.flags_ & ~no_wait);
        if (options.raw_.compute_ns == 0) options.compute_time(std::chrono::steady_clock::now() - began_);
        result<void> stored = target_.put(std::forward<Data>(data), options);
        if (!lease) return {outcome(std::move(stored)), 0};
        return {result<Value>(std::move(lease), std::move(stored)), 0};
    }
    PutOptions without_lease() const noexcept {
        PutOptions options = options_;
        options.lease_ = nullptr;
        return options;
    }
    Answer leased(Answer &&answer) noexcept {
        if (options_.lease_ && answer) *options_.lease_ = *answer->try_share();
        return std::move(answer);
    }

    Target target_;
    const PutOptions &options_;
    std::chrono::steady_clock::time_point began_{};
};

#ifdef STREAMCACHE_EXCEPTIONS
inline Answer settled(Answer &&answer) {
    if (answer.status() == STREAMCACHE_REJECTED) throw rejected(answer, answer.rejection());
    return checked(std::move(answer));
}
#endif

} // namespace detail
} // namespace streamcache

#endif

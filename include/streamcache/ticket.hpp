/** @file
 * Tickets: the exclusive right to compute one missing value.
 */
#ifndef STREAMCACHE_TICKET_HPP
#define STREAMCACHE_TICKET_HPP

#include "lookup.hpp"

namespace streamcache {

/** Where a ticket stands. */
enum class Phase : streamcache_phase {
    open = STREAMCACHE_PHASE_OPEN,
    committed = STREAMCACHE_PHASE_COMMITTED,
    aborted = STREAMCACHE_PHASE_ABORTED,
    fenced = STREAMCACHE_PHASE_FENCED,
};

/** A stream's next state that nobody knows: ticket.commit_step(output, unknown_state). */
struct unknown_state_t {};
inline constexpr unknown_state_t unknown_state{};

namespace detail {

/** What one does with a ticket, owned (Ticket) or borrowed (TicketRef). Any thread, one at a time. */
template <class Self> class ticket_verbs {
public:
    /** The key of the missing value. */
    result<Digest> try_key() const noexcept {
        Digest key;
        const streamcache_status status = streamcache_ticket_get_key(raw(), &key);
        if (status != STREAMCACHE_OK) return outcome(status);
        return key;
    }
    /** Leases the trained state its key names, the one to compute with; its digest is the key(). */
    Lookup try_get_state() const noexcept {
        streamcache_value *value = nullptr;
        Digest state;
        const streamcache_status status = streamcache_ticket_get_state(raw(), &value, &state);
        return {status, value, state};
    }
    /**
     * Leases the recurrent state that a stream's step begins with, the one to compute from; its digest is the key().
     * STREAMCACHE_NO_STATE where the stream's state was unknown.
     */
    Lookup try_get_step_state() const noexcept {
        streamcache_value *value = nullptr;
        Digest state;
        const streamcache_status status = streamcache_ticket_get_step_state(raw(), &value, &state);
        return {status, value, state};
    }
    result<Phase> try_phase() const noexcept {
        streamcache_phase phase = 0;
        const streamcache_status status = streamcache_ticket_get_phase(raw(), &phase);
        if (status != STREAMCACHE_OK) return outcome(status);
        return static_cast<Phase>(phase);
    }
    /**
     * Room for `count` elements, to write the result into where it stays: aligned to 64 bytes, uninitialised, charged
     * to the budget, gone with the ticket's end or with the next buffer. STREAMCACHE_NO_SPACE leaves the ticket open.
     */
    template <class T = std::byte> result<writable<T>> try_buffer(std::size_t count) noexcept {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64, "elements that are plain bytes");
        if (count > SIZE_MAX / sizeof(T)) return outcome(STREAMCACHE_NO_SPACE);
        void *data = nullptr;
        const streamcache_status status = streamcache_ticket_buffer(raw(), count * sizeof(T), &data);
        if (status != STREAMCACHE_OK) return outcome(status);
        return writable<T>(static_cast<T *>(data), count);
    }
    /**
     * Publishes the buffer's first `size` bytes. A commit gives a lease whenever the result is one now, stored
     * (STREAMCACHE_OK) or not (STREAMCACHE_NOT_STORED: fenced, or no room).
     */
    result<Value> try_commit(std::size_t size, const PutOptions &options = {}) noexcept {
        put_call call(options);
        streamcache_value *value = nullptr;
        const streamcache_status status = streamcache_ticket_commit(raw(), size, call.options(), &value);
        return call.leased(status, value);
    }
    /** Publishes a copy. */
    result<Value> try_commit_copy(streamcache::bytes data, const PutOptions &options = {}) noexcept {
        put_call call(options);
        streamcache_value *value = nullptr;
        const streamcache_status status =
            streamcache_ticket_commit_copy(raw(), data.data(), data.size(), call.options(), &value);
        return call.leased(status, value);
    }
    /** Publishes a result where it is; see External. */
    result<Value> try_commit_external(External external, const PutOptions &options = {}) noexcept {
        if (external.status() != STREAMCACHE_OK) return outcome(external.status());
        put_call call(options);
        streamcache_value *value = nullptr;
        const streamcache_external given = external.release();
        const streamcache_status status = streamcache_ticket_commit_external(raw(), &given, call.options(), &value);
        return call.leased(status, value);
    }
    /** Publishes that there is no result, and why: false where that was not stored. */
    result<void> try_commit_rejection(std::int32_t code, std::chrono::milliseconds ttl = {}) noexcept {
        return outcome(streamcache_ticket_commit_rejection(raw(), code, detail::count(ttl)));
    }
    /** Publishes a stream's output and its next state, which may be empty, and moves the stream on. */
    result<Value> try_commit_step(streamcache::bytes data, streamcache::bytes next_state,
                                  const PutOptions &options = {}) noexcept {
        const void *state = next_state.empty() ? "" : next_state.data(); // NULL would say that it is unknown
        return step(data, state, next_state.size(), options);
    }
    /** The same where the next state is not known: nothing is stored, and the stream's state is unknown. */
    result<Value> try_commit_step(streamcache::bytes data, unknown_state_t, const PutOptions &options = {}) noexcept {
        return step(data, nullptr, 0, options);
    }
    /** Gives the right up, after a computation that failed; so does destroying the last Ticket. */
    result<void> try_abort() noexcept { return outcome(streamcache_ticket_abort(raw())); }

#ifdef STREAMCACHE_EXCEPTIONS
    Digest key() const { return try_key().value(); }
    Lookup get_state() const { return checked(try_get_state()); }
    Lookup get_step_state() const { return checked(try_get_step_state()); }
    Phase phase() const { return try_phase().value(); }
    template <class T = std::byte> writable<T> buffer(std::size_t count) { return try_buffer<T>(count).value(); }
    Value commit(std::size_t size, const PutOptions &options = {}) { return try_commit(size, options).value(); }
    Value commit_copy(streamcache::bytes data, const PutOptions &options = {}) {
        return try_commit_copy(data, options).value();
    }
    Value commit_external(External external, const PutOptions &options = {}) {
        return try_commit_external(std::move(external), options).value();
    }
    bool commit_rejection(std::int32_t code, std::chrono::milliseconds ttl = {}) {
        return bool(checked(try_commit_rejection(code, ttl)));
    }
    Value commit_step(streamcache::bytes data, streamcache::bytes next_state, const PutOptions &options = {}) {
        return try_commit_step(data, next_state, options).value();
    }
    Value commit_step(streamcache::bytes data, unknown_state_t, const PutOptions &options = {}) {
        return try_commit_step(data, unknown_state, options).value();
    }
    void abort() { check(try_abort()); }
#endif

private:
    streamcache_ticket *raw() const noexcept { return static_cast<const Self *>(this)->get(); }

    result<Value> step(streamcache::bytes data, const void *state, std::size_t len,
                       const PutOptions &options) noexcept {
        put_call call(options);
        streamcache_value *value = nullptr;
        const streamcache_status status =
            streamcache_ticket_commit_step(raw(), data.data(), data.size(), state, len, call.options(), &value);
        return call.leased(status, value);
    }
};

} // namespace detail

/** The right to compute one missing value. It belongs to no thread; with the last one an open right is given up. */
class Ticket
    : public detail::shared_handle<Ticket, streamcache_ticket, streamcache_ticket_release, streamcache_ticket_retain>,
      public detail::ticket_verbs<Ticket> {
public:
    using shared_handle::shared_handle;
};

/** A ticket that somebody else holds, a batch say. */
class TicketRef : public detail::ticket_verbs<TicketRef> {
public:
    explicit TicketRef(streamcache_ticket *borrowed) noexcept : raw_(borrowed) {}
    streamcache_ticket *get() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }
    result<Ticket> try_share() const noexcept {
        const streamcache_status status = streamcache_ticket_retain(raw_);
        if (status < 0) return outcome(status);
        return Ticket(raw_);
    }
#ifdef STREAMCACHE_EXCEPTIONS
    Ticket share() const { return try_share().value(); }
#endif

private:
    streamcache_ticket *raw_;
};

/**
 * What a begin answers: true with a value() on a hit. With STREAMCACHE_FILL, and a stream's STREAMCACHE_BYPASSED, it is
 * the caller's to compute, and ticket() is the right to; with STREAMCACHE_BUSY somebody else still does.
 */
class Begun : public detail::found {
public:
    Begun(streamcache_status status, streamcache_value *value, streamcache_ticket *ticket, const Digest &chunk) noexcept
        : found(status, value),
          ticket_(ticket),
          chunk_(chunk) {}

    /** Empty unless the value is the caller's to compute. May be moved from. */
    Ticket &ticket() noexcept { return ticket_; }
    /** The chunk's digest, or the key of Cache::begin(). */
    const Digest &chunk() const noexcept { return chunk_; }

private:
    Ticket ticket_;
    Digest chunk_;
};

namespace detail {
/** `begin(&value, &ticket)` */
template <class Begin> Begun begun(const Digest &chunk, Begin begin) noexcept {
    streamcache_value *value = nullptr;
    streamcache_ticket *ticket = nullptr;
    const streamcache_status status = begin(&value, &ticket);
    return {status, value, ticket, chunk};
}
} // namespace detail

} // namespace streamcache

#endif

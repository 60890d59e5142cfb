/** @file
 * Digests and keys: of content at once, of a file, of a tensor, and piece by piece.
 */
#ifndef STREAMCACHE_DIGEST_HPP
#define STREAMCACHE_DIGEST_HPP

#include <cstdint>
#include <functional>
#include <string>

#include "bytes.hpp"
#include "handle.hpp"

namespace streamcache {

/** What bytes or a caller's own digest stand for. */
enum class Role : streamcache_role {
    chunk = STREAMCACHE_ROLE_CHUNK,
    config = STREAMCACHE_ROLE_CONFIG,
    state = STREAMCACHE_ROLE_STATE,
};

/**
 * An element's type as DLPack writes it. dtype::of<float>() knows the arithmetic types; a half is
 * {STREAMCACHE_DTYPE_FLOAT, 16}.
 */
struct dtype {
    streamcache_dtype_code code = STREAMCACHE_DTYPE_UINT;
    std::uint32_t bits = 8;
    std::uint32_t lanes = 1;

    template <class T> static constexpr dtype of() noexcept {
        static_assert(std::is_arithmetic_v<T>, "give a dtype for this type");
        static_assert(!std::is_floating_point_v<T> || sizeof(T) <= 8, "long double has no type code");
        return {std::is_same_v<T, bool>       ? STREAMCACHE_DTYPE_BOOL
                : std::is_floating_point_v<T> ? STREAMCACHE_DTYPE_FLOAT
                : std::is_signed_v<T>         ? STREAMCACHE_DTYPE_INT
                                              : STREAMCACHE_DTYPE_UINT,
                static_cast<std::uint32_t>(sizeof(T) * 8), 1};
    }
    friend constexpr bool operator==(const dtype &a, const dtype &b) noexcept {
        return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
    }
    friend constexpr bool operator!=(const dtype &a, const dtype &b) noexcept { return !(a == b); }
};

/** 32 bytes that are compared, copied, kept in maps; the C header's streamcache_digest with its verbs. */
class Digest : public streamcache_digest {
public:
    /** All zero: no content's digest. */
    constexpr Digest() noexcept : streamcache_digest{} {}
    constexpr Digest(const streamcache_digest &raw) noexcept : streamcache_digest(raw) {}

    /** Of a chunk, one unit of input. */
    static result<Digest> try_chunk(streamcache::bytes data) noexcept {
        return from([&](auto *out) { return streamcache_digest_chunk(data.data(), data.size(), out); });
    }
    /** Of many chunks, faster than one by one where they have the same length. `digests` has one place for each. */
    static result<void> try_chunks(view<streamcache::bytes> chunks, writable<Digest> digests) noexcept {
        if (digests.size() != chunks.size()) return outcome(STREAMCACHE_INVALID_ARGUMENT);
        const auto *buffers = reinterpret_cast<const streamcache_buffer *>(chunks.data());
        return outcome(streamcache_digest_chunks(buffers, chunks.size(), digests.data()));
    }
    /** Of a file's bytes as a chunk. Blocks for the reading. */
    static result<Digest> try_chunk_file(std::string_view path) noexcept {
        return explained(
            [&](auto *out, auto *why) { return streamcache_digest_chunk_file(path.data(), path.size(), out, why); });
    }
    /** Of a tensor as a chunk: name, type, shape and elements. */
    static result<Digest> try_tensor(const streamcache_tensor &tensor) noexcept {
        return explained([&](auto *out, auto *why) { return streamcache_digest_tensor(&tensor, out, why); });
    }
    static result<Digest> try_tensor(dtype type, view<std::int64_t> dims, streamcache::bytes data,
                                     std::string_view name = {}) noexcept {
        return try_tensor({sizeof(streamcache_tensor), name.data(), name.size(), type.code, type.bits, type.lanes,
                           static_cast<std::uint32_t>(dims.size()), dims.data(), data.data(), data.size()});
    }
    /** Of several inputs' digests as one chunk, in an order of the caller's that never changes. */
    static result<Digest> try_inputs(view<Digest> digests) noexcept {
        return from([&](auto *out) { return streamcache_digest_inputs(digests.data(), digests.size(), out); });
    }
    /** Of a configuration in JSON; key order and white space don't matter. */
    static result<Digest> try_config_json(std::string_view json) noexcept {
        return explained(
            [&](auto *out, auto *why) { return streamcache_digest_config_json(json.data(), json.size(), out, why); });
    }
    /** Of a configuration in any other form. */
    static result<Digest> try_config_bytes(streamcache::bytes data) noexcept {
        return from([&](auto *out) { return streamcache_digest_config_bytes(data.data(), data.size(), out); });
    }
    /** Of a trained state. */
    static result<Digest> try_state(streamcache::bytes data) noexcept {
        return from([&](auto *out) { return streamcache_digest_state(data.data(), data.size(), out); });
    }
    /** Of a file's bytes as a trained state. Blocks for the reading. */
    static result<Digest> try_state_file(std::string_view path) noexcept {
        return explained(
            [&](auto *out, auto *why) { return streamcache_digest_state_file(path.data(), path.size(), out, why); });
    }
    /** The caller's own digest in place of content. */
    static result<Digest> try_raw(Role role, streamcache::bytes data) noexcept {
        return from([&](auto *out) {
            return streamcache_digest_raw(static_cast<streamcache_role>(role), data.data(), data.size(), out);
        });
    }
    /** From 64 hexadecimal digits. */
    static result<Digest> try_from_hex(std::string_view hex) noexcept {
        return from([&](auto *out) { return streamcache_digest_from_hex(hex.data(), hex.size(), out); });
    }
    /** The key of a state by its provenance: this configuration, trained on that data. */
    static result<Digest> try_key_state(const Digest &config, const Digest &training_data) noexcept {
        return from([&](auto *out) { return streamcache_key_state(&config, &training_data, out); });
    }
    /** The key of a chunk's result, in a cache without namespace and secret. */
    static result<Digest> try_key_chunk(const Digest &config, const Digest &state, const Digest &chunk) noexcept {
        return from([&](auto *out) { return streamcache_key_chunk(&config, &state, &chunk, out); });
    }

#ifdef STREAMCACHE_EXCEPTIONS
    static Digest chunk(streamcache::bytes data) { return try_chunk(data).value(); }
    static void chunks(view<streamcache::bytes> chunks, writable<Digest> digests) {
        detail::check(try_chunks(chunks, digests));
    }
    static Digest chunk_file(std::string_view path) { return try_chunk_file(path).value(); }
    static Digest tensor(const streamcache_tensor &tensor) { return try_tensor(tensor).value(); }
    static Digest tensor(dtype type, view<std::int64_t> dims, streamcache::bytes data, std::string_view name = {}) {
        return try_tensor(type, dims, data, name).value();
    }
    static Digest inputs(view<Digest> digests) { return try_inputs(digests).value(); }
    static Digest config_json(std::string_view json) { return try_config_json(json).value(); }
    static Digest config_bytes(streamcache::bytes data) { return try_config_bytes(data).value(); }
    static Digest state(streamcache::bytes data) { return try_state(data).value(); }
    static Digest state_file(std::string_view path) { return try_state_file(path).value(); }
    static Digest raw(Role role, streamcache::bytes data) { return try_raw(role, data).value(); }
    static Digest from_hex(std::string_view hex) { return try_from_hex(hex).value(); }
    static Digest key_state(const Digest &config, const Digest &training_data) {
        return try_key_state(config, training_data).value();
    }
    static Digest key_chunk(const Digest &config, const Digest &state, const Digest &chunk) {
        return try_key_chunk(config, state, chunk).value();
    }
#endif

    /** 64 lower-case hexadecimal digits. */
    std::string hex() const {
        char text[65] = {};
        streamcache_digest_to_hex(this, text, sizeof text);
        return text;
    }

    friend bool operator==(const Digest &a, const Digest &b) noexcept { return order(a, b) == 0; }
    friend bool operator!=(const Digest &a, const Digest &b) noexcept { return order(a, b) != 0; }
    friend bool operator<(const Digest &a, const Digest &b) noexcept { return order(a, b) < 0; }

private:
    static int order(const Digest &a, const Digest &b) noexcept {
        return std::memcmp(a.bytes, b.bytes, sizeof a.bytes);
    }

    template <class Make> static result<Digest> from(Make make) noexcept {
        Digest digest;
        const streamcache_status status = make(static_cast<streamcache_digest *>(&digest));
        if (status != STREAMCACHE_OK) return outcome(status);
        return digest;
    }
    template <class Make> static result<Digest> explained(Make make) noexcept {
        Digest digest;
        streamcache_error *why = nullptr;
        const streamcache_status status = make(static_cast<streamcache_digest *>(&digest), &why);
        if (status != STREAMCACHE_OK) return outcome(status, why);
        return digest;
    }
};

static_assert(sizeof(Digest) == sizeof(streamcache_digest), "an array of one is an array of the other");

/** Digests bytes that come in pieces. One thread at a time; reusable. */
class Hasher : public detail::handle<streamcache_hasher, streamcache_hasher_free> {
public:
    using handle::handle;

    /** For bytes of one role; Role::config is one that is not JSON. */
    static result<Hasher> try_make(Role role = Role::chunk) noexcept {
        streamcache_hasher *raw = nullptr;
        const streamcache_status status = streamcache_hasher_new(static_cast<streamcache_role>(role), &raw);
        return detail::made<Hasher>(status, raw);
    }
    /** Adds the next bytes; how they are split makes no difference. */
    result<void> try_update(bytes data) noexcept {
        return outcome(streamcache_hasher_update(get(), data.data(), data.size()));
    }
    /** The digest of all bytes since the last finish or reset; the next update begins anew. */
    result<Digest> try_finish() noexcept {
        Digest digest;
        const streamcache_status status = streamcache_hasher_finish(get(), &digest);
        if (status != STREAMCACHE_OK) return outcome(status);
        return digest;
    }
    /** Forgets the bytes since the last finish or reset. */
    result<void> try_restart() noexcept { return outcome(streamcache_hasher_reset(get())); }

#ifdef STREAMCACHE_EXCEPTIONS
    static Hasher make(Role role = Role::chunk) { return try_make(role).value(); }
    Hasher &update(bytes data) {
        detail::check(try_update(data));
        return *this;
    }
    Digest finish() { return try_finish().value(); }
    void restart() { detail::check(try_restart()); }
#endif
};

/** Digests all chunks of a stream, in their order, keeping none. One thread at a time; reusable. */
class Barrier : public detail::handle<streamcache_barrier, streamcache_barrier_free> {
public:
    using handle::handle;

    static result<Barrier> try_make() noexcept {
        streamcache_barrier *raw = nullptr;
        const streamcache_status status = streamcache_barrier_new(&raw);
        return detail::made<Barrier>(status, raw);
    }
    /** Adds the stream's next chunk. */
    result<void> try_update(const Digest &chunk) noexcept { return outcome(streamcache_barrier_update(get(), &chunk)); }
    /** The stream's digest, to be looked up as a chunk's; the next update begins another stream. */
    result<Digest> try_finish() noexcept {
        Digest digest;
        const streamcache_status status = streamcache_barrier_finish(get(), &digest);
        if (status != STREAMCACHE_OK) return outcome(status);
        return digest;
    }
    /** Forgets the chunks since the last finish or reset. */
    result<void> try_restart() noexcept { return outcome(streamcache_barrier_reset(get())); }

#ifdef STREAMCACHE_EXCEPTIONS
    static Barrier make() { return try_make().value(); }
    Barrier &update(const Digest &chunk) {
        detail::check(try_update(chunk));
        return *this;
    }
    Digest finish() { return try_finish().value(); }
    void restart() { detail::check(try_restart()); }
#endif
};

} // namespace streamcache

namespace std {
/** Digests are uniform: their first bytes are a hash. (Where strangers choose the chunks, use one with a secret.) */
template <> struct hash<streamcache::Digest> {
    size_t operator()(const streamcache::Digest &digest) const noexcept {
        size_t first;
        memcpy(&first, digest.bytes, sizeof first);
        return first;
    }
};
} // namespace std

#endif

/** @file
 * What a lookup or a put may be told, and memory that is given away instead of being copied.
 */
#ifndef STREAMCACHE_PUT_HPP
#define STREAMCACHE_PUT_HPP

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "options.hpp"
#include "value.hpp"

namespace streamcache {

/** Look without counting, and without marking the result as used. */
inline constexpr std::uint32_t peek = STREAMCACHE_PEEK;
/** Neither look nor store. */
inline constexpr std::uint32_t bypass = STREAMCACHE_BYPASS;
/** Don't look, but store. */
inline constexpr std::uint32_t refresh = STREAMCACHE_REFRESH;
/** Look, but don't store. */
inline constexpr std::uint32_t read_only = STREAMCACHE_READ_ONLY;
/** Wait for no one: not for who computes it, and not for a store, which is read meanwhile. */
inline constexpr std::uint32_t no_wait = STREAMCACHE_NO_WAIT;
/** Neither read nor write what is behind memory. */
inline constexpr std::uint32_t memory_only = STREAMCACHE_MEMORY_ONLY;
/** Neither read nor write the remote store. */
inline constexpr std::uint32_t no_remote = STREAMCACHE_NO_REMOTE;

namespace detail {
class put_call;
template <class Target> class computation;
} // namespace detail

/**
 * What a put may say about its value: filter.put(miss, logits, PutOptions().ttl(1h).lease(value)). What it is given is
 * borrowed until the put.
 */
class PutOptions {
public:
    /**
     * bypass, refresh, read_only, memory_only, no_remote; in lookup_or_compute() also no_wait. A commit takes none: its
     * begin() had them.
     */
    PutOptions &flags(std::uint32_t flags) noexcept {
        flags_ = flags;
        return *this;
    }
    std::uint32_t flags() const noexcept { return flags_; }
    /** How long the result is found; 0 for the cache's own limit, which is never exceeded. */
    PutOptions &ttl(std::chrono::milliseconds ttl) noexcept {
        raw_.ttl_ms = detail::count(ttl);
        return *this;
    }
    /** What the computation took: every later hit counts it as time saved. A ticket measures it by itself. */
    PutOptions &compute_time(std::chrono::nanoseconds time) noexcept {
        raw_.compute_ns = detail::count(time);
        return *this;
    }
    std::chrono::nanoseconds compute_time() const noexcept {
        return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(raw_.compute_ns));
    }
    /** The tensors in the payload, see tensor_at(). */
    PutOptions &tensors(view<streamcache_tensor_view> tensors) noexcept {
        raw_.tensors = tensors.data();
        raw_.tensor_count = tensors.size();
        return *this;
    }
    /** A few bytes to keep beside the payload. */
    PutOptions &blob(bytes blob) noexcept {
        raw_.blob = blob.data();
        raw_.blob_len = blob.size();
        return *this;
    }
    /** The key that the chunk's lookup gave, for a put that names the chunk alone. */
    PutOptions &key(const Digest &key) noexcept {
        key_ = key;
        keyed_ = true;
        return *this;
    }
    /** Where a lease on the result goes, even when it is not stored. */
    PutOptions &lease(Value &lease) noexcept {
        lease_ = &lease;
        return *this;
    }

private:
    friend class detail::put_call;
    template <class> friend class detail::computation;

    streamcache_put_options raw_{sizeof(streamcache_put_options), 0, 0, nullptr, 0, nullptr, 0, nullptr};
    std::uint32_t flags_ = 0;
    bool keyed_ = false;
    Digest key_;
    Value *lease_ = nullptr;
};

namespace detail {

/** One put under way: the C header's arguments from PutOptions, and its answer from what came of them. */
class put_call {
public:
    explicit put_call(const PutOptions &options, const Digest *key = nullptr) noexcept
        : raw_(options.raw_),
          flags_(options.flags_),
          key_(key),
          lease_(options.lease_) {
        raw_.error = &why_;
        if (options.keyed_) key_ = &options.key_;
    }
    std::uint32_t flags() const noexcept { return flags_; }
    const Digest *key() const noexcept { return key_; }
    const streamcache_put_options *options() const noexcept { return &raw_; }
    streamcache_value **value() noexcept { return lease_ ? &value_ : nullptr; }

    result<void> done(streamcache_status status) noexcept {
        if (lease_) lease_->reset(value_);
        return outcome(status, why_);
    }
    /** For commits, which always lease: by a `value` of their own. */
    result<Value> leased(streamcache_status status, streamcache_value *value) noexcept {
        result<Value> answer = made<Value>(status, value, why_);
        if (lease_ && answer) *lease_ = *answer->try_share();
        return answer;
    }

private:
    streamcache_put_options raw_;
    std::uint32_t flags_;
    const Digest *key_;
    Value *lease_;
    streamcache_value *value_ = nullptr;
    streamcache_error *why_ = nullptr;
};

} // namespace detail

/**
 * Memory that is given to the cache instead of being copied: a std::vector, a std::string, a std::unique_ptr or a
 * std::shared_ptr that becomes the cache's. It is freed exactly once: when the last lease is gone and the cache has let
 * go, or when the put fails; on any thread, and its destructor may call only release functions of the library.
 *
 *     filter.put_external(miss, std::move(logits));
 */
class External {
public:
    template <class T, class A> External(std::vector<T, A> &&elements) noexcept {
        static_assert(std::is_trivially_copyable_v<T>, "elements that are plain bytes");
        keep(std::move(elements), [](auto &kept) { return bytes(kept.data(), kept.size() * sizeof(T)); });
    }
    External(std::string &&text) noexcept {
        keep(std::move(text), [](auto &kept) { return bytes(kept.data(), kept.size()); });
    }
    /** `count` elements. */
    template <class T, class D> External(std::unique_ptr<T[], D> &&elements, std::size_t count) noexcept {
        static_assert(std::is_trivially_copyable_v<T>, "elements that are plain bytes");
        keep(std::move(elements), [count](auto &kept) { return bytes(kept.get(), count * sizeof(T)); });
    }
    /** `count` elements; other owners may keep reading them, and nobody writes to them any more. */
    template <class T> External(std::shared_ptr<T> elements, std::size_t count) noexcept {
        using element = std::remove_extent_t<T>;
        static_assert(std::is_trivially_copyable_v<element>, "elements that are plain bytes");
        keep(std::move(elements), [count](auto &kept) { return bytes(kept.get(), count * sizeof(element)); });
    }
    /** Any memory, and whatever has to live as long as it is used: destroying `owner` frees it. */
    template <class Owner> External(bytes memory, Owner &&owner) noexcept {
        static_assert(!std::is_lvalue_reference_v<Owner>, "an owner is moved here");
        keep(std::move(owner), [memory](auto &) { return memory; });
    }
    /** A device's memory: the library never reads it. */
    template <class Owner> static External device(bytes memory, Owner &&owner) noexcept {
        External external(memory, std::forward<Owner>(owner));
        external.raw_.flags = STREAMCACHE_EXTERNAL_DEVICE;
        return external;
    }
    /** Memory that needs no freeing and stays for ever. */
    static External forever(bytes memory) noexcept {
        streamcache_external raw{};
        raw.struct_size = sizeof raw;
        raw.data = memory.data();
        raw.len = raw.charge = memory.size();
        return External(raw);
    }
    /** Takes over what the C header's struct owns. */
    explicit External(const streamcache_external &adopted) noexcept : raw_(adopted) {}

    External(External &&other) noexcept : raw_(other.release()), status_(other.status_) {}
    External &operator=(External &&other) noexcept {
        std::swap(raw_, other.raw_);
        std::swap(status_, other.status_);
        return *this;
    }
    ~External() {
        if (raw_.destroy != nullptr) raw_.destroy(raw_.user_data);
    }

    /** Bytes to charge to max_bytes for it; if not said, as many as it has. */
    External &charge(std::uint64_t charge) & noexcept {
        raw_.charge = charge;
        return *this;
    }
    External &&charge(std::uint64_t charge) && noexcept {
        raw_.charge = charge;
        return std::move(*this);
    }
    /** STREAMCACHE_NO_MEMORY where the few bytes beside it could not be had: a put then answers the same. */
    streamcache_status status() const noexcept { return status_; }
    /** The C struct; who receives it owns what `destroy` frees. */
    [[nodiscard]] streamcache_external release() noexcept {
        streamcache_external given = raw_;
        raw_.destroy = nullptr;
        return given;
    }

private:
    template <class Owner> struct box {
        Owner owner;
        static void destroy(void *self) noexcept { delete static_cast<box *>(self); }
    };

    template <class Owner, class Memory> void keep(Owner &&owner, Memory memory) noexcept {
        using boxed = box<std::remove_reference_t<Owner>>;
        raw_.struct_size = sizeof raw_;
        boxed *kept = new (std::nothrow) boxed{std::forward<Owner>(owner)};
        if (kept == nullptr) {
            status_ = STREAMCACHE_NO_MEMORY; // and the owner was not moved from
            return;
        }
        const bytes where = memory(kept->owner);
        raw_.data = where.data();
        raw_.len = raw_.charge = where.size();
        raw_.destroy = boxed::destroy;
        raw_.user_data = kept;
    }

    streamcache_external raw_{};
    streamcache_status status_ = STREAMCACHE_OK;
};

namespace detail {
/** Gives memory away: `put` is the C function, whose only other work is to run the destructor when it fails. */
template <class Give>
result<void> give(External &&external, const PutOptions &options, const Digest *key, Give put) noexcept {
    if (external.status() != STREAMCACHE_OK) return outcome(external.status());
    put_call call(options, key);
    const streamcache_external given = external.release();
    return call.done(put(call, &given));
}
} // namespace detail

} // namespace streamcache

#endif

/** @file
 * Values: immutable results and states. A Value is a lease.
 */
#ifndef STREAMCACHE_VALUE_HPP
#define STREAMCACHE_VALUE_HPP

#include <cstdint>

#include "digest.hpp"

namespace streamcache {

/** Where a result came from: computed in this process, or found in a store behind memory. */
enum class Tier : streamcache_tier {
    memory = STREAMCACHE_TIER_MEMORY,
    disk = STREAMCACHE_TIER_DISK,
    remote = STREAMCACHE_TIER_REMOTE
};

namespace detail {

/** Memory as elements of T: only where it is the host's, aligned for T, and a whole number of them. */
template <class T> result<view<T>> typed(const void *data, std::size_t size) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>, "a type that is plain bytes, such as float");
    if (size == 0) return view<T>();
    if (data == nullptr)
        return outcome(STREAMCACHE_NOT_SUPPORTED, "the value is device memory: ask for device_pointer()");
    if (size % sizeof(T) != 0)
        return outcome(STREAMCACHE_INVALID_ARGUMENT, "its size is no multiple of this type's: it is of another type");
    if (reinterpret_cast<std::uintptr_t>(data) % alignof(T) != 0)
        return outcome(STREAMCACHE_INVALID_ARGUMENT, "its memory is not aligned for this type: copy it out of bytes()");
    return view<T>(static_cast<const T *>(data), size / sizeof(T));
}

} // namespace detail

/** One tensor in a value's payload: a description that lives as long as the lease it came from. */
class Tensor {
public:
    Tensor() noexcept = default;
    Tensor(const streamcache_tensor_view &raw, const void *payload) noexcept : raw_(raw), payload_(payload) {}

    streamcache::dtype dtype() const noexcept { return {raw_.dtype_code, raw_.dtype_bits, raw_.dtype_lanes}; }
    /** C order: the last dimension is the fastest. */
    view<std::int64_t> dims() const noexcept { return {raw_.dims, raw_.rank}; }
    /** Its elements; NULL and their number of bytes for device memory. */
    streamcache::bytes bytes() const noexcept {
        if (payload_ == nullptr) return {nullptr, raw_.length};
        return {static_cast<const std::byte *>(payload_) + raw_.offset, raw_.length};
    }
    /** Its elements as T, where they are T by their dtype: STREAMCACHE_INVALID_ARGUMENT otherwise. */
    template <class T> result<view<T>> try_as() const noexcept {
        if (dtype() != streamcache::dtype::of<T>())
            return outcome(STREAMCACHE_INVALID_ARGUMENT, "the tensor has another element type: see dtype()");
        return detail::typed<T>(bytes().data(), bytes().size());
    }
#ifdef STREAMCACHE_EXCEPTIONS
    template <class T> view<T> as() const { return try_as<T>().value(); }
#endif
    const streamcache_tensor_view &raw() const noexcept { return raw_; }

private:
    streamcache_tensor_view raw_{};
    const void *payload_ = nullptr;
};

/** Describes a tensor of a result, for PutOptions::tensors(). Borrows `dims` for as long as it is used. */
inline streamcache_tensor_view tensor_at(std::size_t offset, dtype type, view<std::int64_t> dims,
                                         std::size_t length) noexcept {
    return {sizeof(streamcache_tensor_view),         type.code,   type.bits, type.lanes,
            static_cast<std::uint32_t>(dims.size()), dims.data(), offset,    length};
}

class Value;

namespace detail {

/** What can be asked of a value, owned (Value) or borrowed (ValueRef). Any thread. */
template <class Self> class value_verbs {
public:
    /** The payload, never to be written to; lives as long as the lease. NULL and its size for device memory. */
    streamcache::bytes bytes() const noexcept { return {streamcache_value_data(raw()), size()}; }
    /** The payload as elements of T: STREAMCACHE_INVALID_ARGUMENT where size or alignment don't fit. */
    template <class T> result<view<T>> try_as() const noexcept {
        return typed<T>(streamcache_value_data(raw()), size());
    }
    /** Bytes of the payload, wherever it is. */
    std::size_t size() const noexcept { return streamcache_value_size(raw()); }
    /** The pointer of a value in device memory; NULL for one in host memory. */
    const void *device_pointer() const noexcept { return streamcache_value_device_pointer(raw()); }
    /** Where it came from when it entered this process's memory. */
    Tier tier() const noexcept { return static_cast<Tier>(streamcache_value_get_tier(raw())); }
    /** How many tensors it describes. */
    std::size_t tensor_count() const noexcept { return streamcache_value_tensor_count(raw()); }
    /** One of them: STREAMCACHE_MISS where it describes fewer. */
    result<Tensor> try_tensor(std::size_t index) const noexcept {
        streamcache_tensor_view view{};
        view.struct_size = sizeof view;
        const streamcache_status status = streamcache_value_get_tensor(raw(), index, &view);
        if (status != STREAMCACHE_OK) return outcome(status);
        return Tensor(view, streamcache_value_data(raw()));
    }
    /** The few bytes that its put kept beside the payload. */
    streamcache::bytes blob() const noexcept {
        std::size_t len = 0;
        const void *blob = streamcache_value_blob(raw(), &len);
        return {blob, len};
    }
    /** Why there is no result, where a ticket committed a rejection: false for an ordinary result. */
    result<std::int32_t> try_rejection() const noexcept {
        std::int32_t code = 0;
        const streamcache_status status = streamcache_value_get_rejection(raw(), &code);
        if (status != STREAMCACHE_OK) return outcome(status);
        return code;
    }
    /** The digest of its content: the chunk digest for the next filter in a chain. */
    result<Digest> try_content() const noexcept {
        Digest digest;
        const streamcache_status status = streamcache_value_get_content(raw(), &digest);
        if (status != STREAMCACHE_OK) return outcome(status);
        return digest;
    }
#ifdef STREAMCACHE_EXCEPTIONS
    template <class T> view<T> as() const { return try_as<T>().value(); }
    Tensor tensor(std::size_t index) const { return try_tensor(index).value(); }
    Digest content() const { return try_content().value(); }
    std::int32_t rejection() const { return try_rejection().value(); }
#endif

private:
    const streamcache_value *raw() const noexcept { return static_cast<const Self *>(this)->get(); }
};

} // namespace detail

/** A lease on a value: valid after eviction, purge, close and the cache's end, on any thread, until it is destroyed. */
class Value
    : public detail::shared_handle<Value, const streamcache_value, streamcache_value_release, streamcache_value_retain>,
      public detail::value_verbs<Value> {
public:
    using shared_handle::shared_handle;
};

/** A value somebody else leases, a batch say. share() makes a lease of it. */
class ValueRef : public detail::value_verbs<ValueRef> {
public:
    explicit ValueRef(const streamcache_value *borrowed) noexcept : raw_(borrowed) {}
    const streamcache_value *get() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }
    result<Value> try_share() const noexcept {
        const streamcache_status status = streamcache_value_retain(raw_);
        if (status < 0) return outcome(status);
        return Value(raw_);
    }
#ifdef STREAMCACHE_EXCEPTIONS
    Value share() const { return try_share().value(); }
#endif

private:
    const streamcache_value *raw_;
};

} // namespace streamcache

#endif

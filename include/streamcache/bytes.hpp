/** @file
 * What the C header takes as a pointer and a length: `view<T>`, `writable<T>` and `bytes`. They own nothing and live no
 * longer than what they look at, as std::string_view. With C++20 they convert to and from std::span.
 */
#ifndef STREAMCACHE_BYTES_HPP
#define STREAMCACHE_BYTES_HPP

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../streamcache.h"

namespace streamcache {

namespace detail {

template <class C> using element = std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>;

/** Is C something with data() and size() whose elements are T, const or not? */
template <class C, class T, class = void> struct holds : std::false_type {};
template <class C, class T> struct holds<C, T, std::void_t<element<C>, decltype(std::size(std::declval<C &>()))>>
    : std::is_same<std::remove_const_t<element<C>>, std::remove_const_t<T>> {};

/** Is it an array of char, of which nobody can tell whether its last byte is a text's end or data? */
template <class C> struct char_array : std::false_type {};
template <std::size_t n> struct char_array<char[n]> : std::true_type {};
template <std::size_t n> struct char_array<const char[n]> : std::true_type {};

} // namespace detail

/** Elements in a row that are not to be written to. */
template <class T> class view {
public:
    using element_type = const T;
    using value_type = T;
    using iterator = const T *;
    using const_iterator = const T *;

    constexpr view() noexcept = default;
    constexpr view(const T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /** Of a vector, an array, a span: of whatever has data() and size(). */
    template <class C, class = std::enable_if_t<detail::holds<const C, T>::value && !std::is_base_of_v<view, C>>>
    constexpr view(const C &elements) noexcept : data_(std::data(elements)),
                                                 size_(std::size(elements)) {}
    /** Of {1, 2, 3}, for the expression it stands in. */
    constexpr view(const std::initializer_list<T> &elements) noexcept
        : data_(std::data(elements)),
          size_(elements.size()) {}

    constexpr const T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const T *begin() const noexcept { return data_; }
    constexpr const T *end() const noexcept { return data_ + size_; }
    constexpr const T &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    const T *data_ = nullptr;
    std::size_t size_ = 0;
};

/** Elements in a row to be written to. */
template <class T> class writable {
public:
    using element_type = T;
    using value_type = T;
    using iterator = T *;

    constexpr writable() noexcept = default;
    constexpr writable(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class C, class = std::enable_if_t<detail::holds<C, T>::value && !std::is_const_v<detail::element<C>> &&
                                                !std::is_base_of_v<writable, C>>>
    constexpr writable(C &elements) noexcept : data_(std::data(elements)),
                                               size_(std::size(elements)) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/**
 * Any memory, byte by byte: of a std::string_view, a std::string, a std::vector<float>, a std::array, a C array, a
 * std::span, or of a pointer and a length. Elements are taken as they lie in memory, so a struct's padding would be
 * part of a key: zero it, or give the members one after another to a Hasher.
 *
 * A char array or literal is refused: its last byte may be the NUL of a text or data. Say which: "text"sv, or
 * bytes(buffer, sizeof buffer).
 */
class bytes {
public:
    constexpr bytes() noexcept = default;
    constexpr bytes(const void *data, std::size_t size) noexcept : raw_{data, size} {}
    constexpr bytes(std::string_view text) noexcept : raw_{text.data(), text.size()} {}
    template <class C, class T = detail::element<const C>,
              class = std::enable_if_t<std::is_trivially_copyable_v<T> && !detail::char_array<C>::value>>
    constexpr bytes(const C &elements) noexcept : raw_{std::data(elements), std::size(elements) * sizeof(T)} {
        static_assert(!std::is_pointer_v<std::remove_const_t<T>>,
                      "the pointers' own bytes, and not what they point to");
    }
    template <std::size_t n> bytes(const char (&)[n]) = delete;

    constexpr const void *data() const noexcept { return raw_.data; }
    constexpr std::size_t size() const noexcept { return raw_.len; }
    constexpr bool empty() const noexcept { return raw_.len == 0; }
    const std::byte *begin() const noexcept { return static_cast<const std::byte *>(raw_.data); }
    const std::byte *end() const noexcept { return begin() + raw_.len; }
    std::string_view text() const noexcept { return {static_cast<const char *>(raw_.data), raw_.len}; }

    friend bool operator==(const bytes &a, const bytes &b) noexcept {
        return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
    }
    friend bool operator!=(const bytes &a, const bytes &b) noexcept { return !(a == b); }

private:
    streamcache_buffer raw_{nullptr, 0}; // alone, so that many of them are many of these
};
static_assert(sizeof(bytes) == sizeof(streamcache_buffer) && std::is_standard_layout_v<bytes>);

} // namespace streamcache

#endif

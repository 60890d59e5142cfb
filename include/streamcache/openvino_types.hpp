/** @file
 * OpenVINO's tensors as the cache takes them: for openvino.hpp, which is what to include.
 */
#ifndef STREAMCACHE_OPENVINO_TYPES_HPP
#define STREAMCACHE_OPENVINO_TYPES_HPP

#include "adapter.hpp"

#include <openvino/openvino.hpp>

#ifndef STREAMCACHE_EXCEPTIONS
#error "streamcache/openvino.hpp needs exceptions, as OpenVINO does"
#endif
#if OPENVINO_VERSION_MAJOR < 2026
#error "streamcache/openvino.hpp needs OpenVINO 2026 or newer, for tensors that are read-only"
#endif

namespace streamcache {
namespace openvino {

namespace detail {

using streamcache::detail::refuse;

struct pair_of_types {
    ov::element::Type_t of_engine;
    dtype of_library;
};
/** The usual first; the last four are DLPack's 10 to 17. u3 and u6 have gaps between elements, nf4 no code there. */
inline constexpr pair_of_types types[] = {
    {ov::element::Type_t::f32, {STREAMCACHE_DTYPE_FLOAT, 32}},
    {ov::element::Type_t::i32, {STREAMCACHE_DTYPE_INT, 32}},
    {ov::element::Type_t::i64, {STREAMCACHE_DTYPE_INT, 64}},
    {ov::element::Type_t::u8, {STREAMCACHE_DTYPE_UINT, 8}},
    {ov::element::Type_t::boolean, {STREAMCACHE_DTYPE_BOOL, 8}},
    {ov::element::Type_t::bf16, {STREAMCACHE_DTYPE_BFLOAT, 16}},
    {ov::element::Type_t::f16, {STREAMCACHE_DTYPE_FLOAT, 16}},
    {ov::element::Type_t::f64, {STREAMCACHE_DTYPE_FLOAT, 64}},
    {ov::element::Type_t::i4, {STREAMCACHE_DTYPE_INT, 4}},
    {ov::element::Type_t::i8, {STREAMCACHE_DTYPE_INT, 8}},
    {ov::element::Type_t::i16, {STREAMCACHE_DTYPE_INT, 16}},
    {ov::element::Type_t::u1, {STREAMCACHE_DTYPE_UINT, 1}},
    {ov::element::Type_t::u2, {STREAMCACHE_DTYPE_UINT, 2}},
    {ov::element::Type_t::u4, {STREAMCACHE_DTYPE_UINT, 4}},
    {ov::element::Type_t::u16, {STREAMCACHE_DTYPE_UINT, 16}},
    {ov::element::Type_t::u32, {STREAMCACHE_DTYPE_UINT, 32}},
    {ov::element::Type_t::u64, {STREAMCACHE_DTYPE_UINT, 64}},
    {ov::element::Type_t::f8e4m3, {10, 8}},
    {ov::element::Type_t::f8e5m2, {12, 8}},
    {ov::element::Type_t::f8e8m0, {14, 8}},
    {ov::element::Type_t::f4e2m1, {17, 4}},
};

inline dtype type_of(const ov::element::Type &type, std::string_view name) {
    for (const pair_of_types &pair : types)
        if (type == pair.of_engine) return pair.of_library;
    refuse(STREAMCACHE_NOT_SUPPORTED, "the tensor \"" + std::string(name) + "\" is of " + type.get_type_name() +
                                          ", of which no result can be kept");
}
inline ov::element::Type type_of(dtype type) {
    for (const pair_of_types &pair : types)
        if (type == pair.of_library) return pair.of_engine;
    refuse(STREAMCACHE_INVALID_ARGUMENT, "the result has a tensor of no type of OpenVINO's: something else put it");
}

/** The port's name, of several always the same; "" where it has none. */
inline std::string name_of(const ov::Output<const ov::Node> &port) {
    return port.get_names().empty() ? std::string() : port.get_any_name();
}

/** "bytes i32[1,2048]" */
inline std::vector<std::string> described(const std::vector<ov::Output<const ov::Node>> &ports) {
    std::vector<std::string> texts;
    for (const auto &port : ports)
        texts.push_back(name_of(port) + ' ' + port.get_element_type().get_type_name() +
                        port.get_partial_shape().to_string());
    return texts;
}

/** The engine's outputs, for the cache. */
template <class Tensors> std::vector<streamcache::detail::produced> produced_by(const Tensors &tensors) {
    std::vector<streamcache::detail::produced> outputs;
    for (const ov::Tensor &tensor : tensors) {
        if (!tensor.is_continuous()) refuse(STREAMCACHE_NOT_SUPPORTED, "the engine gave a strided output");
        const ov::Shape &shape = tensor.get_shape();
        outputs.push_back({type_of(tensor.get_element_type(), "output " + std::to_string(outputs.size())),
                           {shape.begin(), shape.end()},
                           bytes(tensor.data(), tensor.get_byte_size())});
    }
    return outputs;
}

} // namespace detail

/** The digest of a tensor as a chunk, or as one of several: name, element type, shape and bytes. Copies nothing. */
inline Digest digest(const ov::Tensor &tensor, std::string_view name = {}) {
    static_assert(sizeof(std::size_t) == sizeof(std::int64_t), "a shape is taken for what the library takes");
    if (!tensor)
        detail::refuse(STREAMCACHE_INVALID_ARGUMENT, "the tensor \"" + std::string(name) + "\" was never made");
    const dtype type = detail::type_of(tensor.get_element_type(), name);
    if (!tensor.is_continuous())
        detail::refuse(STREAMCACHE_INVALID_ARGUMENT,
                       "the tensor \"" + std::string(name) + "\" is strided: copy_to() one of its own first");
    const ov::Shape &shape = tensor.get_shape();
    return Digest::tensor(type, {reinterpret_cast<const std::int64_t *>(shape.data()), shape.size()},
                          bytes(tensor.data(), tensor.get_byte_size()), name);
}

} // namespace openvino
} // namespace streamcache

#endif

/** @file
 * ONNX Runtime's tensors as the cache takes them: for onnxruntime.hpp, which is what to include.
 */
#ifndef STREAMCACHE_ONNXRUNTIME_TYPES_HPP
#define STREAMCACHE_ONNXRUNTIME_TYPES_HPP

#include "adapter.hpp"

#include <onnxruntime_cxx_api.h>

#if !defined(STREAMCACHE_EXCEPTIONS) || defined(ORT_NO_EXCEPTIONS)
#error "streamcache/onnxruntime.hpp needs exceptions, the engine's too"
#endif
#if ORT_API_VERSION < 21
#error "streamcache/onnxruntime.hpp needs ONNX Runtime 1.21 or newer"
#endif

namespace streamcache {
namespace onnxruntime {

namespace detail {

using streamcache::detail::refuse;

struct pair_of_types {
    ONNXTensorElementDataType of_engine;
    dtype of_library;
};
/** The usual first; the last four are DLPack's 10 to 13. Complex numbers the engine names, and makes no tensors of. */
inline constexpr pair_of_types types[] = {
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, {STREAMCACHE_DTYPE_FLOAT, 32}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, {STREAMCACHE_DTYPE_INT, 64}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, {STREAMCACHE_DTYPE_INT, 32}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, {STREAMCACHE_DTYPE_UINT, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, {STREAMCACHE_DTYPE_BOOL, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, {STREAMCACHE_DTYPE_FLOAT, 16}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, {STREAMCACHE_DTYPE_BFLOAT, 16}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, {STREAMCACHE_DTYPE_FLOAT, 64}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, {STREAMCACHE_DTYPE_INT, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, {STREAMCACHE_DTYPE_INT, 16}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, {STREAMCACHE_DTYPE_UINT, 16}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, {STREAMCACHE_DTYPE_UINT, 32}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, {STREAMCACHE_DTYPE_UINT, 64}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4, {STREAMCACHE_DTYPE_INT, 4}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4, {STREAMCACHE_DTYPE_UINT, 4}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN, {10, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FNUZ, {11, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2, {12, 8}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2FNUZ, {13, 8}},
};

inline dtype type_of(ONNXTensorElementDataType type, std::string_view name) {
    for (const pair_of_types &pair : types)
        if (type == pair.of_engine) return pair.of_library;
    const bool text = type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING;
    refuse(STREAMCACHE_NOT_SUPPORTED, "the tensor \"" + std::string(name) + "\" is of " +
                                          (text ? "strings" : "ONNX's type " + std::to_string(type)) +
                                          ", of which no result can be kept");
}
inline ONNXTensorElementDataType type_of(dtype type) {
    for (const pair_of_types &pair : types)
        if (type == pair.of_library) return pair.of_engine;
    refuse(STREAMCACHE_INVALID_ARGUMENT, "the result has a tensor that ONNX has no type for: something else put it");
}

/** A tensor where it is; of another kind of value, or in a device's memory, STREAMCACHE_NOT_SUPPORTED. */
inline streamcache::detail::produced tensor_of(const Ort::Value &value, std::string_view name) {
    if (!value || !value.IsTensor())
        refuse(STREAMCACHE_NOT_SUPPORTED, "the value \"" + std::string(name) + "\" is no tensor");
    const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
    const dtype type = type_of(info.GetElementType(), name);
    if (value.GetTensorMemoryInfo().GetDeviceType() != OrtMemoryInfoDeviceType_CPU)
        refuse(STREAMCACHE_NOT_SUPPORTED, "the tensor \"" + std::string(name) + "\" is in a device's memory");
    const std::size_t size = (info.GetElementCount() * type.bits + 7) / 8;
    return {type, info.GetShape(), bytes(size == 0 ? nullptr : value.GetTensorRawData(), size)};
}

/** The engine's outputs, for the cache. */
template <class Values> std::vector<streamcache::detail::produced> produced_by(const Values &values) {
    std::vector<streamcache::detail::produced> outputs;
    for (const Ort::Value &value : values)
        outputs.push_back(tensor_of(value, "output " + std::to_string(outputs.size())));
    return outputs;
}

} // namespace detail

/** The digest of a tensor as a chunk, or as one of several: name, element type, shape and bytes. Copies nothing. */
inline Digest digest(const Ort::Value &value, std::string_view name = {}) {
    const streamcache::detail::produced tensor = detail::tensor_of(value, name);
    return Digest::tensor(tensor.type, tensor.dims, tensor.data, name);
}

} // namespace onnxruntime
} // namespace streamcache

#endif

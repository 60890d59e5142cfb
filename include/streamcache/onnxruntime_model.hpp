/** @file
 * A model on ONNX Runtime: for onnxruntime.hpp, which is what to include.
 */
#ifndef STREAMCACHE_ONNXRUNTIME_MODEL_HPP
#define STREAMCACHE_ONNXRUNTIME_MODEL_HPP

#include "onnxruntime_types.hpp"

namespace streamcache {
namespace onnxruntime {

/** An input or an output of a model. */
struct Port {
    std::string name;
    dtype type;
    std::vector<std::int64_t> dims; // -1: it may change

    /** "state f32[2,?,128]" */
    std::string text() const {
        std::string shape;
        for (const std::int64_t dim : dims) shape += (shape.empty() ? "" : ",") + (dim < 0 ? "?" : std::to_string(dim));
        return name + ' ' + streamcache::detail::name_of(type) + '[' + shape + ']';
    }
};

namespace detail {

/** STREAMCACHE_NOT_SUPPORTED where it is no tensor, or of a type that no result can be kept of. */
inline Port port_of(const std::string &name, const Ort::TypeInfo &info) {
    if (info.GetONNXType() != ONNX_TYPE_TENSOR)
        refuse(STREAMCACHE_NOT_SUPPORTED, "the model's \"" + name + "\" is no tensor, so no result can be kept");
    const auto tensor = info.GetTensorTypeAndShapeInfo();
    return {name, type_of(tensor.GetElementType(), name), tensor.GetShape()};
}

} // namespace detail

/** A session, and what its inputs and outputs are. Borrows the session. Any thread, any time. */
class Model {
public:
    /**
     * `outputs` names those that are wanted, in this order; by default all, in the model's. STREAMCACHE_NOT_SUPPORTED
     * where an input or wanted output is no tensor or of a type that no result can be kept of, and
     * STREAMCACHE_INVALID_ARGUMENT where the model has no such output.
     */
    Model(Ort::Session &session, const std::vector<std::string> &outputs = {})
        : session_(&session),
          all_(outputs.empty()) {
        const Ort::AllocatorWithDefaultOptions allocator;
        for (std::size_t i = 0; i < session.GetInputCount(); i++)
            inputs_.push_back(
                detail::port_of(session.GetInputNameAllocated(i, allocator).get(), session.GetInputTypeInfo(i)));
        std::vector<std::string> names;
        for (std::size_t i = 0; i < session.GetOutputCount(); i++)
            names.push_back(session.GetOutputNameAllocated(i, allocator).get());
        for (const std::string &name : all_ ? names : outputs) {
            const auto at = std::find(names.begin(), names.end(), name);
            if (at == names.end())
                detail::refuse(STREAMCACHE_INVALID_ARGUMENT, "the model has no output \"" + name + '"');
            outputs_.push_back(detail::port_of(name, session.GetOutputTypeInfo(std::size_t(at - names.begin()))));
        }
    }

    const std::vector<Port> &inputs() const noexcept { return inputs_; }
    /** Those that are wanted. */
    const std::vector<Port> &outputs() const noexcept { return outputs_; }

    /** The chunk that stands for these inputs, in the model's order; of one input, with all outputs, its digest(). */
    Digest chunk(view<Ort::Value> inputs) const {
        streamcache::detail::require_count("inputs", inputs_.size(), inputs.size());
        if (inputs.size() == 1 && all_) return digest(inputs[0], inputs_[0].name);
        std::vector<Digest> digests;
        for (std::size_t i = 0; i < inputs.size(); i++) digests.push_back(digest(inputs[i], inputs_[i].name));
        if (!all_) digests.push_back(names_of_outputs());
        return Digest::inputs(digests);
    }

    /** Runs the engine, whatever the cache knows. */
    std::vector<Ort::Value> run(view<Ort::Value> inputs) const {
        streamcache::detail::require_count("inputs", inputs_.size(), inputs.size());
        std::vector<const char *> in, out;
        for (const Port &port : inputs_) in.push_back(port.name.c_str());
        for (const Port &port : outputs_) out.push_back(port.name.c_str());
        return session_->Run(Ort::RunOptions{nullptr}, in.data(), inputs.data(), in.size(), out.data(), out.size());
    }

private:
    /** A list's digest, and so never a tensor's. */
    Digest names_of_outputs() const {
        std::vector<Digest> names;
        for (const Port &port : outputs_) names.push_back(Digest::chunk(port.name));
        return Digest::inputs(names);
    }

    Ort::Session *session_;
    bool all_;
    std::vector<Port> inputs_, outputs_;
};

} // namespace onnxruntime
} // namespace streamcache

#endif

/** @file
 * OpenVINO behind the cache: what a model answered to the same inputs before comes back without the engine.
 *
 * ```cpp
 * #include <streamcache.hpp>
 * #include <streamcache/openvino.hpp>
 *
 * #include <cstdio>
 *
 * int main(int, char **arguments) {
 *   const std::string file = arguments[1];
 *   ov::Core core;
 *   auto cache = streamcache::Cache::open();
 *   const ov::AnyMap properties{ov::hint::inference_precision(ov::element::f32)};
 *   streamcache::openvino::CachedModel model(cache, "classifier", core, file, "CPU", properties);
 *
 *   ov::Tensor input(ov::element::f32, {1, 4});
 *   std::fill_n(input.data<float>(), 4, 1.0f);
 *   for (int i = 0; i < 2; i++) {
 *     const auto outputs = model.run({input});
 *     std::printf("%s: %.0f\n", outputs.computed() ? "computed" : "hit", outputs[0].data<float>()[0]);
 *   }
 * }
 * ```
 *
 * Not part of streamcache.hpp: include it beside, in a program that links openvino::runtime, 2026 or newer. It throws:
 * streamcache::error, and whatever the engine throws.
 *
 * The key. Each input counts by its name, element type, shape and bytes, as Digest::tensor() has it; several as
 * Digest::inputs() of theirs in the model's order. Everything else an answer depends on is the filter's: make_filter()
 * asks the engine for it, and digests the model as the trained state: as it is in memory where it is given, so that its
 * preprocessing counts, or its files. One filter for each compiled model: the same file with another precision, shape,
 * device or number of threads is another filter, by its config. Nothing but your program knows which filter is whose:
 * a CachedModel holds both.
 *
 * Computed once. Of all threads that look up the same inputs one has the ticket and runs the engine; the others wait
 * for what comes of it, see Filter::try_lookup_or_compute(). What the engine throws passes through, nothing is
 * remembered, and the right to compute is somebody else's.
 *
 * Outputs are tensors over the cache's own memory, without a copy, on a hit as after a computation (a miss copies once,
 * from the engine into the cache). Each holds a lease: it stays good after eviction, purge, and the cache's end. They
 * are read-only: data() of a const tensor reads; of one that isn't it throws. They are inputs for another model as any.
 *
 * Types. All that both OpenVINO and DLPack have: f64, f32, f16, bf16, i64 to i4, u64 to u8, u4, u2, u1, boolean,
 * f8e4m3, f8e5m2, f8e8m0, f4e2m1. Strings, nf4, u3 and u6 are refused with STREAMCACHE_NOT_SUPPORTED when the Model is
 * made, and so are a strided input (a region of interest: copy_to() a tensor of its own) and, by the engine, a device's
 * memory.
 *
 * State. The model's answer must depend on its inputs alone. One that takes its recurrent state as an input and gives
 * the next one as an output (Silero's voice detection) is fine: both are tensors like others, and part of key and
 * result. streamcache::Stream keys the same without carrying the state through every lookup. One that keeps its state
 * inside, in ReadValue and Assign, is refused: make them inputs and outputs first (ov::pass::StatefulToStateless). What
 * draws random numbers needs a filter with streamcache::nondeterministic.
 */
#ifndef STREAMCACHE_OPENVINO_HPP
#define STREAMCACHE_OPENVINO_HPP

#include "openvino_config.hpp"

#include <mutex>

namespace streamcache {
namespace openvino {

/**
 * What a run gave: its tensors, in the model's order, over memory of the cache that they keep a lease on. A tensor that
 * is copied out of it keeps that lease, too. Any thread, as long as nobody moves it.
 */
class Outputs {
public:
    std::size_t size() const noexcept { return tensors_.size(); }
    const ov::Tensor &operator[](std::size_t index) const noexcept { return tensors_[index]; }
    ov::TensorVector::const_iterator begin() const noexcept { return tensors_.begin(); }
    ov::TensorVector::const_iterator end() const noexcept { return tensors_.end(); }
    /** Was the engine asked, by this call? */
    bool computed() const noexcept { return compute_time_.has_value(); }
    /** What it took, if it was asked. */
    std::chrono::nanoseconds compute_time() const noexcept {
        return compute_time_.value_or(std::chrono::nanoseconds());
    }
    /** The result they lie in: all of them, as the cache keeps it. */
    const Value &value() const noexcept { return *lease_; }

    /** Of a result that an adapter put; STREAMCACHE_INVALID_ARGUMENT where its tensors are not OpenVINO's. */
    explicit Outputs(Value &&value) : Outputs(streamcache::detail::answered{std::move(value), {}}) {}
    explicit Outputs(streamcache::detail::answered &&answer)
        : lease_(std::make_shared<Value>(std::move(answer.value))),
          compute_time_(answer.compute_time) {
        const std::size_t count = lease_->tensor_count();
        tensors_.reserve(count);
        for (std::size_t i = 0; i < count; i++) {
            const Tensor tensor = lease_->tensor(i);
            const ov::Shape shape(tensor.dims().begin(), tensor.dims().end());
            const ov::Tensor memory(detail::type_of(tensor.dtype()), shape, streamcache::detail::memory_of(tensor));
            tensors_.emplace_back(memory, lease_);
        }
    }

private:
    std::shared_ptr<Value> lease_;
    ov::TensorVector tensors_;
    std::optional<std::chrono::nanoseconds> compute_time_;
};

/**
 * A compiled model, the names of its inputs, and the infer requests that run it: as many as threads compute at once,
 * each made when it is first needed and kept, with its last inputs. Any thread, any time; a copy is the same model.
 */
class Model {
public:
    /** STREAMCACHE_NOT_SUPPORTED where an input or output is of a type that no result can be kept of. */
    Model(ov::CompiledModel compiled) : shared_(std::make_shared<Shared>()) {
        for (const auto &port : compiled.inputs()) shared_->inputs.push_back(checked(port));
        for (const auto &port : compiled.outputs()) checked(port);
        shared_->compiled = std::move(compiled);
    }

    const ov::CompiledModel &compiled() const noexcept { return shared_->compiled; }

    /** The chunk that stands for these inputs, in the model's order: of one input its digest(). */
    Digest chunk(view<ov::Tensor> inputs) const {
        const std::vector<std::string> &names = shared_->inputs;
        streamcache::detail::require_count("inputs", names.size(), inputs.size());
        if (inputs.size() == 1) return digest(inputs[0], names[0]);
        std::vector<Digest> digests;
        for (std::size_t i = 0; i < inputs.size(); i++) digests.push_back(digest(inputs[i], names[i]));
        return Digest::inputs(digests);
    }

    /**
     * Runs the engine, whatever the cache knows, and calls use(outputs), whose memory is the engine's and good until it
     * returns. STREAMCACHE_NOT_SUPPORTED where the model keeps a state between runs.
     */
    template <class Use> void run(view<ov::Tensor> inputs, Use &&use) const {
        streamcache::detail::require_count("inputs", shared_->inputs.size(), inputs.size());
        ov::InferRequest request = take();
        for (std::size_t i = 0; i < inputs.size(); i++) request.set_input_tensor(i, inputs[i]);
        request.infer();
        ov::TensorVector outputs;
        for (std::size_t i = 0; i < compiled().outputs().size(); i++) outputs.push_back(request.get_output_tensor(i));
        use(std::as_const(outputs));
        const std::lock_guard<std::mutex> lock(shared_->mutex);
        shared_->idle.push_back(std::move(request)); // one that threw is not used again
    }

private:
    struct Shared {
        ov::CompiledModel compiled; // outlives its requests
        std::vector<std::string> inputs; // their names
        std::mutex mutex;
        std::vector<ov::InferRequest> idle;
    };

    static std::string checked(const ov::Output<const ov::Node> &port) {
        std::string name = detail::name_of(port);
        if (port.get_element_type().is_static()) detail::type_of(port.get_element_type(), name);
        return name;
    }
    ov::InferRequest take() const {
        {
            const std::lock_guard<std::mutex> lock(shared_->mutex);
            if (!shared_->idle.empty()) {
                ov::InferRequest request = std::move(shared_->idle.back());
                shared_->idle.pop_back();
                return request;
            }
        }
        ov::InferRequest request = shared_->compiled.create_infer_request();
        if (!request.query_state().empty())
            detail::refuse(STREAMCACHE_NOT_SUPPORTED,
                           "the model keeps a state between runs, so its answer depends on more than its inputs: "
                           "make the state an input and an output");
        return request;
    }

    std::shared_ptr<Shared> shared_;
};

/**
 * A chunk's outputs: found, or waited for, or made by compute(), which returns them as a std::vector<ov::Tensor>, or
 * any range of them. For an engine that is loaded when it is first needed, or run in a way of its own; `chunk` is
 * digest() of the input, or Digest::inputs() of several.
 *
 * `stage` is a Filter, or a Snapshot of one; `options` and `timeout` as Filter::try_lookup_or_compute() has them, and
 * so are the errors. What compute() takes is remembered as the compute_time(), unless it sets that in the options
 * itself. Any thread.
 */
template <class Stage, class Compute>
Outputs cached_compute(Stage &stage, const Digest &chunk, Compute &&compute, const PutOptions &options = {},
                       std::chrono::milliseconds timeout = default_timeout) {
    const auto keep = [&](streamcache::detail::payload &result) {
        const auto outputs = compute();
        result.copy(detail::produced_by(outputs));
    };
    return Outputs(streamcache::detail::through(stage, chunk, keep, options, timeout));
}

/**
 * The model's outputs for these inputs, in its order: found, or waited for, or computed. A Model made of `compiled` for
 * each call works, too: cached_run(compiled, filter, {input}), with a new infer request at every miss.
 *
 * Throws streamcache::error where the cache fails or the inputs can't be digested, and what OpenVINO throws where it
 * refuses them (another type or shape than the model's) or fails. `stage`, `options` and `timeout` as cached_compute()
 * has them. Borrows the inputs for the call, and an infer request of the Model keeps them until its next run. Any
 * thread.
 */
template <class Stage>
Outputs cached_run(const Model &model, Stage &stage, view<ov::Tensor> inputs, const PutOptions &options = {},
                   std::chrono::milliseconds timeout = default_timeout) {
    const auto keep = [&](streamcache::detail::payload &result) {
        model.run(inputs, [&](const ov::TensorVector &outputs) { result.copy(detail::produced_by(outputs)); });
    };
    Outputs outputs(streamcache::detail::through(stage, model.chunk(inputs), keep, options, timeout));
    streamcache::detail::require_count("outputs", model.compiled().outputs().size(), outputs.size());
    return outputs;
}

/**
 * A model that is compiled here, and the filter that was made for it: one object, so that no other model's answers can
 * come out of the filter. Moves and is not copied. Any thread, as long as nobody moves it.
 */
class CachedModel {
public:
    /** Of a model in memory; see make_filter(). Whoever changes it afterwards changes nothing here. */
    CachedModel(Cache &cache, std::string_view id, ov::Core &core, const std::shared_ptr<const ov::Model> &model,
                const std::string &device, const ov::AnyMap &properties = {}, std::string_view settings = "{}")
        : model_(core.compile_model(model, device, properties)),
          filter_(make_filter(cache, id, core, model_.compiled(), model, settings)) {}

    /**
     * Of a file, with the .bin beside an .xml or the external data of an .onnx. STREAMCACHE_IO where one can't be read,
     * or is changed while the engine reads it.
     */
    CachedModel(Cache &cache, std::string_view id, ov::Core &core, const std::string &file, const std::string &device,
                const ov::AnyMap &properties = {}, std::string_view settings = "{}")
        : CachedModel(cache, id, core, file, streamcache::detail::files_to_load(detail::files_of({file})), device,
                      properties, settings) {}

    /** As cached_run(). */
    Outputs run(view<ov::Tensor> inputs, const PutOptions &options = {},
                std::chrono::milliseconds timeout = default_timeout) {
        return cached_run(model_, filter_, inputs, options, timeout);
    }
    const Model &model() const noexcept { return model_; }
    /** For its stats, purge() and the like. */
    Filter &filter() noexcept { return filter_; }

private:
    CachedModel(Cache &cache, std::string_view id, ov::Core &core, const std::string &file,
                const streamcache::detail::files_to_load &files, const std::string &device,
                const ov::AnyMap &properties, std::string_view settings)
        : model_(core.compile_model(file, device, properties)),
          filter_(streamcache::detail::filter_of(cache, id, config_json(core, model_.compiled(), settings),
                                                 files.state())) {}

    Model model_;
    Filter filter_;
};

} // namespace openvino
} // namespace streamcache

#endif

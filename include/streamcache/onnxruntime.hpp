/** @file
 * ONNX Runtime behind the cache: what a model answered to the same inputs before comes back without the engine.
 *
 * ```cpp
 * #include <streamcache.hpp>
 * #include <streamcache/onnxruntime.hpp>
 *
 * #include <cstdio>
 *
 * int main(int, char **arguments) {
 *   const char *const file = arguments[1];
 *   Ort::Env env;
 *   Ort::SessionOptions options;
 *   options.SetIntraOpNumThreads(1);
 *   auto cache = streamcache::Cache::open();
 *   const streamcache::onnxruntime::Settings settings{"CPUExecutionProvider", "f32", 1};
 *   streamcache::onnxruntime::CachedModel model(cache, "classifier", env, file, options, settings);
 *
 *   std::vector<float> numbers{1, 1, 1, 1};
 *   const std::vector<std::int64_t> shape{1, 4};
 *   std::vector<Ort::Value> inputs;
 *   const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
 *   inputs.push_back(Ort::Value::CreateTensor<float>(memory, numbers.data(), 4, shape.data(), shape.size()));
 *   for (int i = 0; i < 2; i++) {
 *     const auto outputs = model.run(inputs);
 *     std::printf("%s: %.0f\n", outputs.computed() ? "computed" : "hit", outputs[0].GetTensorData<float>()[0]);
 *   }
 * }
 * ```
 *
 * Not part of streamcache.hpp: include it beside, in a program that links ONNX Runtime, 1.21 or newer. It throws:
 * streamcache::error, and what the engine throws, Ort::Exception.
 *
 * The key. Each input counts by its name, element type, shape and bytes, as Digest::tensor() has it; several as
 * Digest::inputs() of theirs in the model's order, and where not all outputs are asked for, the names of those are last
 * in that list. Everything else an answer depends on is the filter's: make_filter() asks the engine for what it tells
 * and its caller for what it does not, and digests the model's files as the trained state. One filter for each session:
 * the same file with other providers, precision, optimisations or threads is another filter, by its config. Nothing but
 * your program knows which filter is whose: a CachedModel holds both.
 *
 * Computed once. Of all threads that look up the same inputs one has the ticket and runs the engine; the others wait
 * for what comes of it, see Filter::try_lookup_or_compute(). What the engine throws passes through, nothing is
 * remembered, and the right to compute is somebody else's.
 *
 * Outputs are tensors over the cache's own memory, without a copy, on a hit as after a computation (a miss copies once,
 * from the engine into the cache). The object that is returned holds a lease, and its tensors are good as long as it:
 * after eviction, purge, and the cache's end. They are not to be written to. They are inputs for another model as any.
 *
 * Types. All that both ONNX and DLPack have: double, float, float16, bfloat16, int64 to int4, uint64 to uint4, bool and
 * float8. Strings, sequences and maps are refused with STREAMCACHE_NOT_SUPPORTED when the Model is made, and so is an
 * input in a device's memory when it is digested.
 *
 * State. A session remembers nothing between runs, so a model's answer depends on its inputs alone; one that takes its
 * recurrent state as an input and gives the next one as an output (Silero's voice detection) is fine: both are tensors
 * like others, and part of key and result. streamcache::Stream keys the same without carrying the state through every
 * lookup. What draws random numbers, or an operator of yours that remembers, needs a filter with
 * streamcache::nondeterministic.
 */
#ifndef STREAMCACHE_ONNXRUNTIME_HPP
#define STREAMCACHE_ONNXRUNTIME_HPP

#include "onnxruntime_config.hpp"

namespace streamcache {
namespace onnxruntime {

/**
 * What a run gave: its tensors, in the order asked for, over memory of the cache that this holds a lease on. They are
 * good as long as it. Moves and is not copied. Any thread, as long as nobody moves it.
 */
class Outputs {
public:
    std::size_t size() const noexcept { return tensors_.size(); }
    const Ort::Value &operator[](std::size_t index) const noexcept { return tensors_[index]; }
    std::vector<Ort::Value>::const_iterator begin() const noexcept { return tensors_.begin(); }
    std::vector<Ort::Value>::const_iterator end() const noexcept { return tensors_.end(); }
    /** The same to hand on: as another model's inputs, say. */
    operator view<Ort::Value>() const noexcept { return tensors_; }
    /** Was the engine asked, by this call? */
    bool computed() const noexcept { return compute_time_.has_value(); }
    /** What it took, if it was asked. */
    std::chrono::nanoseconds compute_time() const noexcept {
        return compute_time_.value_or(std::chrono::nanoseconds());
    }
    /** The result they lie in: all of them, as the cache keeps it. */
    const Value &value() const noexcept { return lease_; }

    /** Of a result that an adapter put; STREAMCACHE_INVALID_ARGUMENT where its tensors are not ONNX's. */
    explicit Outputs(Value &&value) : Outputs(streamcache::detail::answered{std::move(value), {}}) {}
    explicit Outputs(streamcache::detail::answered &&answer)
        : lease_(std::move(answer.value)),
          compute_time_(answer.compute_time) {
        static const auto host = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
        const std::size_t count = lease_.tensor_count();
        tensors_.reserve(count);
        for (std::size_t i = 0; i < count; i++) {
            const Tensor tensor = lease_.tensor(i);
            void *const memory = const_cast<void *>(streamcache::detail::memory_of(tensor)); // no one writes to it
            tensors_.push_back(Ort::Value::CreateTensor(host, memory, tensor.bytes().size(), tensor.dims().data(),
                                                        tensor.dims().size(), detail::type_of(tensor.dtype())));
        }
    }

private:
    Value lease_; // outlives the tensors
    std::vector<Ort::Value> tensors_;
    std::optional<std::chrono::nanoseconds> compute_time_;
};

/**
 * A chunk's outputs: found, or waited for, or made by compute(), which returns them as a std::vector<Ort::Value>, or
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
 * The model's outputs for these inputs, in its order: found, or waited for, or computed. cached_run(session, filter,
 * inputs) works, too, and asks the session for its names at every call.
 *
 * Throws streamcache::error where the cache fails or the inputs can't be digested, and what ONNX Runtime throws where
 * it refuses them (another type or shape than the model's) or fails. `stage`, `options` and `timeout` as
 * cached_compute() has them. Borrows the inputs for the call. Any thread.
 */
template <class Stage>
Outputs cached_run(const Model &model, Stage &stage, view<Ort::Value> inputs, const PutOptions &options = {},
                   std::chrono::milliseconds timeout = default_timeout) {
    const auto compute = [&] { return model.run(inputs); };
    Outputs outputs = cached_compute(stage, model.chunk(inputs), compute, options, timeout);
    streamcache::detail::require_count("outputs", model.outputs().size(), outputs.size());
    return outputs;
}

/**
 * A session that is made here, and the filter that was made for it: one object, so that no other model's answers can
 * come out of the filter. Moves and is not copied. Any thread, as long as nobody moves it.
 */
class CachedModel {
public:
    /**
     * Of a file, with its external data; `options` are the session's, of which `settings` say what matters, and
     * `outputs` as Model has them. STREAMCACHE_IO where a file can't be read, or is changed while the engine reads it;
     * otherwise as make_filter().
     */
    CachedModel(Cache &cache, std::string_view id, const Ort::Env &env, const std::string &file,
                const Ort::SessionOptions &options, const Settings &settings,
                const std::vector<std::string> &outputs = {})
        : CachedModel(cache, id, env, file, streamcache::detail::files_to_load(detail::files_of({file})), options,
                      settings, outputs) {}

    /** As cached_run(). */
    Outputs run(view<Ort::Value> inputs, const PutOptions &options = {},
                std::chrono::milliseconds timeout = default_timeout) {
        return cached_run(model_, filter_, inputs, options, timeout);
    }
    const Model &model() const noexcept { return model_; }
    /** For its stats, purge() and the like. */
    Filter &filter() noexcept { return filter_; }

private:
    CachedModel(Cache &cache, std::string_view id, const Ort::Env &env, const std::string &file,
                const streamcache::detail::files_to_load &files, const Ort::SessionOptions &options,
                const Settings &settings, const std::vector<std::string> &outputs)
        : session_(std::make_unique<Ort::Session>(env, std::filesystem::path(file).c_str(), options)),
          model_(*session_, outputs),
          filter_(streamcache::detail::filter_of(cache, id, config_json(model_, settings), files.state())) {}

    std::unique_ptr<Ort::Session> session_; // at a place of its own, for the model borrows it
    Model model_;
    Filter filter_;
};

} // namespace onnxruntime
} // namespace streamcache

#endif

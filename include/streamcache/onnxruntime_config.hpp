/** @file
 * A filter for a model on ONNX Runtime: for onnxruntime.hpp, which is what to include.
 */
#ifndef STREAMCACHE_ONNXRUNTIME_CONFIG_HPP
#define STREAMCACHE_ONNXRUNTIME_CONFIG_HPP

#include "adapter_files.hpp"
#include "onnxruntime_model.hpp"

#include <thread>

namespace streamcache {
namespace onnxruntime {

namespace detail {

/** The files that a model is in: an ONNX one brings its external data. The first is one, or of the engine's own kind. */
inline std::vector<std::string> files_of(view<std::string_view> named) {
    std::vector<std::string> files(named.begin(), named.end());
    using streamcache::detail::ends_with;
    for (std::size_t i = 0; i < named.size(); i++)
        if (ends_with(named[i], ".onnx") || (i == 0 && !ends_with(named[i], ".ort")))
            streamcache::detail::add_external_data(files, std::string(named[i]));
    return files;
}

} // namespace detail

/** What an answer depends on and a session does not tell, so that whoever made it has to. */
struct Settings {
    /** The execution providers, in order: "CPUExecutionProvider". */
    std::string providers;
    /** What is computed in: "f32"; and of a provider that may choose another, TensorRT say, what it was told. */
    std::string precision;
    /** Intra-op threads; 0 where the engine chooses, by the machine. */
    int threads = 0;
    /** The graph optimisation level: "all" is the engine's default. */
    std::string optimization = "all";
    /** More JSON: other options of the session and its providers, how the inputs were made, a version of yours. */
    std::string more = "{}";
};

/**
 * What computes, in JSON: the engine's version, and the processor with its instruction sets, for ONNX Runtime chooses
 * its kernels by them and does not tell which run. For a config of one's own. STREAMCACHE_NOT_SUPPORTED where the
 * system does not tell them.
 */
inline std::string engine_json() {
    return "{\"name\":\"onnxruntime\",\"version\":" + streamcache::detail::json_string(Ort::GetVersionString()) + ',' +
           streamcache::detail::processor() + '}';
}

/**
 * All that decides the bits of an answer beside the model's files: JSON of engine_json(), the settings, and names,
 * types and shapes of inputs and wanted outputs, static or not.
 *
 * STREAMCACHE_INVALID_ARGUMENT where the settings name no provider or precision.
 */
inline std::string config_json(const Model &model, const Settings &settings) {
    using streamcache::detail::json_string, streamcache::detail::json_strings;
    if (settings.providers.empty() || settings.precision.empty())
        detail::refuse(STREAMCACHE_INVALID_ARGUMENT, "the settings name no provider or no precision");
    std::vector<std::string> inputs, outputs;
    for (const Port &port : model.inputs()) inputs.push_back(port.text());
    for (const Port &port : model.outputs()) outputs.push_back(port.text());
    const bool chosen = settings.threads != 0;
    const std::string threads =
        chosen ? std::to_string(settings.threads) : "default of " + std::to_string(std::thread::hardware_concurrency());
    return "{\"engine\":" + engine_json() + ",\"providers\":" + json_string(settings.providers) +
           ",\"precision\":" + json_string(settings.precision) + ",\"threads\":" + json_string(threads) +
           ",\"optimization\":" + json_string(settings.optimization) + ",\"inputs\":" + json_strings(inputs) +
           ",\"outputs\":" + json_strings(outputs) + ",\"settings\":" + settings.more + '}';
}

/**
 * Opens a filter for a session: config_json() is its config, and the bytes of `files` its state, which they are read
 * for. Name all files the model is in; the external data of an ONNX one it finds itself, where the model says they are.
 * Tensors that the session's options replaced (AddInitializer()) are in no file: `more` is for what names them. Nor may
 * the files have been changed since the session read them; CachedModel sees to that. Never write into external data
 * that a session uses, which is mapped into memory: replace the file. `id` is a name for people.
 *
 * Throws streamcache::error as config_json() does, where a file can't be read or is no ONNX model, and where `more` is
 * not JSON.
 */
inline Filter make_filter(Cache &cache, std::string_view id, const Model &model, view<std::string_view> files,
                          const Settings &settings) {
    return streamcache::detail::filter_of(cache, id, config_json(model, settings),
                                          streamcache::detail::state_of(detail::files_of(files)));
}

} // namespace onnxruntime
} // namespace streamcache

#endif

/** @file
 * A filter for a model on OpenVINO: for openvino.hpp, which is what to include.
 */
#ifndef STREAMCACHE_OPENVINO_CONFIG_HPP
#define STREAMCACHE_OPENVINO_CONFIG_HPP

#include "openvino_types.hpp"

namespace streamcache {
namespace openvino {

namespace detail {

/** What can't change an answer, or isn't about this model: names, places, and how much runs at once. */
inline constexpr std::string_view immaterial[] = {
    "SUPPORTED_PROPERTIES", "NETWORK_NAME",   "OPTIMAL_NUMBER_OF_INFER_REQUESTS",
    "CACHE_DIR",            "LOG_LEVEL",      "RANGE_FOR_ASYNC_INFER_REQUESTS",
    "LOADED_FROM_CACHE",    "PERF_COUNT",     "RANGE_FOR_STREAMS",
    "WEIGHTS_PATH",         "MODEL_PRIORITY", "DEVICE_ID"};

inline std::string properties(const ov::CompiledModel &compiled) {
    std::string json;
    for (const ov::PropertyName &name : compiled.get_property(ov::supported_properties)) {
        if (std::find(std::begin(immaterial), std::end(immaterial), name) != std::end(immaterial)) continue;
        std::ostringstream value;
        compiled.get_property(name).print(value);
        json += (json.empty() ? "" : ",") + streamcache::detail::json_string(name) + ':' +
                streamcache::detail::json_string(value.str());
    }
    return '{' + json + '}';
}

inline std::vector<std::string> kernels(const ov::CompiledModel &compiled) {
    std::vector<std::string> names;
    for (const auto &node : compiled.get_runtime_model()->get_ops()) {
        const auto &info = node->get_rt_info();
        const auto kernel = info.find("primitiveType");
        if (kernel != info.end()) names.push_back(kernel->second.as<std::string>());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

} // namespace detail

/**
 * What computes, as OpenVINO tells it, in JSON: its version, the devices, and the kernels that it chose there, whose
 * names have the instruction set and the precision in them, such as "brgemm_avx512_f32". For a config of one's own:
 * with the precision, shapes and properties that were asked for.
 */
inline std::string engine_json(ov::Core &core, const ov::CompiledModel &compiled) {
    std::vector<std::string> devices;
    for (const std::string &device : compiled.get_property(ov::execution_devices))
        devices.push_back(device + ' ' + core.get_property(device, ov::device::full_name));
    using streamcache::detail::json_string, streamcache::detail::json_strings;
    return "{\"name\":\"openvino\",\"version\":" + json_string(ov::get_openvino_version().buildNumber) +
           ",\"devices\":" + json_strings(devices) + ",\"kernels\":" + json_strings(detail::kernels(compiled)) + '}';
}

/**
 * All that decides the bits of an answer beside the model's files: JSON of engine_json(), every property of the
 * compiled model that may matter (precision, threads, hints), and names, types and shapes of inputs and outputs, static
 * or not.
 *
 * `settings` is more JSON, for what the engine doesn't know: how the inputs were made, a version of yours.
 */
inline std::string config_json(ov::Core &core, const ov::CompiledModel &compiled, std::string_view settings = "{}") {
    using streamcache::detail::json_strings;
    return "{\"engine\":" + engine_json(core, compiled) + ",\"properties\":" + detail::properties(compiled) +
           ",\"inputs\":" + json_strings(detail::described(compiled.inputs())) +
           ",\"outputs\":" + json_strings(detail::described(compiled.outputs())) +
           ",\"settings\":" + std::string(settings) + '}';
}

/**
 * Opens a filter for a compiled model: config_json() is its config, and the bytes of `files` its state, which they are
 * read for. Name all files the model is in; an .xml brings the .bin beside it. `id` is a name for people.
 *
 * Throws streamcache::error where a file can't be read, or `settings` are not JSON, and what OpenVINO throws where a
 * device does not tell what it runs: make the config yourself then, see Digest::config_json().
 */
inline Filter make_filter(Cache &cache, std::string_view id, ov::Core &core, const ov::CompiledModel &compiled,
                          view<std::string_view> files, std::string_view settings = "{}") {
    std::string weights; // of an .xml that is alone
    std::vector<std::string_view> all(files.begin(), files.end());
    if (all.size() == 1 && all[0].size() > 4 && all[0].substr(all[0].size() - 4) == ".xml") {
        weights = std::string(all[0].substr(0, all[0].size() - 4)) + ".bin";
        if (std::ifstream(weights).good()) all.push_back(weights);
    }
    return streamcache::detail::filter_of(cache, id, config_json(core, compiled, settings), all);
}

} // namespace openvino
} // namespace streamcache

#endif

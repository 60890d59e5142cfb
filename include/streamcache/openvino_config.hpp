/** @file
 * A filter for a model on OpenVINO: for openvino.hpp, which is what to include.
 */
#ifndef STREAMCACHE_OPENVINO_CONFIG_HPP
#define STREAMCACHE_OPENVINO_CONFIG_HPP

#include "adapter_files.hpp"
#include "openvino_types.hpp"

#include <openvino/pass/serialize.hpp>

#include <streambuf>

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

/** A place to write to that keeps nothing but the digest of it. */
class digesting : public std::streambuf {
public:
    Digest finish() { return hasher_.finish(); }

private:
    std::streamsize xsputn(const char *text, std::streamsize size) override {
        hasher_.update(bytes(text, std::size_t(size)));
        written_ += size;
        return size;
    }
    int_type overflow(int_type c) override {
        const char one = traits_type::to_char_type(c);
        if (!traits_type::eq_int_type(c, traits_type::eof())) xsputn(&one, 1);
        return traits_type::not_eof(c);
    }
    pos_type seekoff(off_type by, std::ios_base::seekdir from, std::ios_base::openmode) override {
        const bool asks = by == 0 && from == std::ios_base::cur; // where it is, and nothing else
        return asks ? pos_type(off_type(written_)) : pos_type(off_type(-1));
    }

    Hasher hasher_ = Hasher::make(Role::state);
    std::streamsize written_ = 0;
};

/**
 * A model as it is in memory: what OpenVINO would write of it, topology and weights. Without the names of its nodes,
 * for those that the engine makes up count on from one model of the process to the next.
 */
inline Digest digest_of(const ov::Model &model) {
    const std::shared_ptr<ov::Model> copy = model.clone(); // which shares the weights
    std::size_t number = 0;
    for (const auto &node : copy->get_ordered_ops()) {
        node->set_friendly_name("n" + std::to_string(number++));
        node->get_rt_info().erase("fused_names_0"); // of the nodes that were there before
    }
    copy->set_friendly_name("model");
    digesting topology, weights;
    std::ostream xml(&topology), bin(&weights);
    ov::pass::Serialize(xml, bin).run_on_model(copy);
    if (!xml || !bin) refuse(STREAMCACHE_NOT_SUPPORTED, "OpenVINO could not write the model, so it has no digest");
    return Digest::raw(Role::state, Digest::inputs({topology.finish(), weights.finish()}).bytes);
}

/** The files that a model is in: an .xml brings the .bin beside it, and an .onnx its external data. */
inline std::vector<std::string> files_of(view<std::string_view> named) {
    std::vector<std::string> files(named.begin(), named.end());
    using streamcache::detail::ends_with;
    const auto is_xml = [](const std::string &file) { return ends_with(file, ".xml"); };
    if (std::all_of(files.begin(), files.end(), is_xml))
        for (std::size_t i = 0, count = files.size(); i < count; i++) {
            const std::string weights = files[i].substr(0, files[i].size() - 4) + ".bin";
            if (!std::ifstream(weights).good())
                refuse(STREAMCACHE_IO, "\"" + weights + "\" can't be read: name the file that the weights of \"" +
                                           files[i] + "\" are in");
            files.push_back(weights);
        }
    for (const std::string_view file : named)
        if (ends_with(file, ".onnx")) streamcache::detail::add_external_data(files, std::string(file));
    return files;
}

/** AUTO runs on the CPU, which it has in parentheses, until another device is ready: whose bits would they be? */
inline const std::string &settled(const std::string &device) {
    if (device.empty() || device[0] == '(')
        refuse(STREAMCACHE_NOT_SUPPORTED, "the engine has not decided on a device yet (" + device +
                                              "): name one, or set ov::intel_auto::enable_startup_fallback(false)");
    return device;
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
        devices.push_back(detail::settled(device) + ' ' + core.get_property(device, ov::device::full_name));
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
 * Opens a filter for a compiled model: config_json() is its config, and the model it was compiled from its state, as it
 * is now in memory: read, reshaped, with its preprocessing, whatever was done to it. It is written through a digest
 * for that, which takes as long as saving it would. `id` is a name for people.
 *
 * Throws streamcache::error where `settings` are not JSON, and what OpenVINO throws where a device does not tell what
 * it runs: make the config yourself then, see Digest::config_json(). STREAMCACHE_INVALID_ARGUMENT for no model.
 */
inline Filter make_filter(Cache &cache, std::string_view id, ov::Core &core, const ov::CompiledModel &compiled,
                          const std::shared_ptr<const ov::Model> &model, std::string_view settings = "{}") {
    if (!model) detail::refuse(STREAMCACHE_INVALID_ARGUMENT, "there is no model");
    return streamcache::detail::filter_of(cache, id, config_json(core, compiled, settings), detail::digest_of(*model));
}

/**
 * The same for a model that was compiled from files as they are: their bytes are its state, for which they are read.
 * Only for core.compile_model(file, ...): what was done in the program to a model that was read (ov::preprocess, a pass,
 * another constant) is in no file, so give the ov::Model then. Nor may the files have been changed since they were
 * compiled; CachedModel sees to that. Never write into files that a model uses, which are mapped into memory: replace
 * them.
 *
 * Name all files the model is in. Files that all are .xml bring the .bin beside each; weights elsewhere are named after
 * the .xml. An .onnx brings its external data. STREAMCACHE_IO where one of them can't be read,
 * STREAMCACHE_INVALID_ARGUMENT where an .onnx is none.
 */
inline Filter make_filter(Cache &cache, std::string_view id, ov::Core &core, const ov::CompiledModel &compiled,
                          view<std::string_view> files, std::string_view settings = "{}") {
    return streamcache::detail::filter_of(cache, id, config_json(core, compiled, settings),
                                          streamcache::detail::state_of(detail::files_of(files)));
}

} // namespace openvino
} // namespace streamcache

#endif

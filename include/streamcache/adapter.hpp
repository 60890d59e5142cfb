/** @file
 * What the adapters of the inference engines share: openvino.hpp and onnxruntime.hpp, which are what to include. They
 * throw, as the engines do: where exceptions are off there is nothing here.
 */
#ifndef STREAMCACHE_ADAPTER_HPP
#define STREAMCACHE_ADAPTER_HPP

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "filter.hpp"

#ifdef STREAMCACHE_EXCEPTIONS

namespace streamcache {
namespace detail {

[[noreturn]] inline void refuse(streamcache_status status, const std::string &why) {
    throw error(outcome(status, why.c_str()));
}

inline void require_count(const char *what, std::size_t wanted, std::size_t got) {
    if (wanted == got) return;
    refuse(STREAMCACHE_INVALID_ARGUMENT,
           "the model has " + std::to_string(wanted) + ' ' + what + ", and here are " + std::to_string(got));
}

/** Where a tensor's elements are, for an engine: never NULL, though nothing be there. */
inline const void *memory_of(const Tensor &tensor) {
    alignas(64) static const std::byte nothing[64] = {};
    if (tensor.bytes().empty()) return nothing;
    if (tensor.bytes().data() == nullptr) refuse(STREAMCACHE_NOT_SUPPORTED, "the result is in a device's memory");
    return tensor.bytes().data();
}

/** One of an engine's outputs, where the engine left it. */
struct produced {
    dtype type;
    std::vector<std::int64_t> dims;
    bytes data;
};

/** The outputs of one computation on their way into one result: one after the other, each as aligned as the first. */
class payload {
public:
    explicit payload(Output &room) noexcept : room_(room) {}

    /** Copies them there. Once; their memory may be gone afterwards. */
    void copy(std::vector<produced> &&outputs) {
        outputs_ = std::move(outputs);
        std::size_t size = 0;
        for (const produced &output : outputs_) {
            size = (size + alignment - 1) / alignment * alignment;
            views_.push_back(tensor_at(size, output.type, output.dims, output.data.size()));
            size += output.data.size();
        }
        std::byte *to = room_.buffer(size).data();
        for (std::size_t i = 0; i < outputs_.size(); i++) {
            const bytes data = outputs_[i].data;
            const std::size_t end = views_[i].offset + data.size();
            const std::size_t next = i + 1 < outputs_.size() ? views_[i + 1].offset : size;
            if (!data.empty()) std::memcpy(to + views_[i].offset, data.data(), data.size());
            if (next != end) std::memset(to + end, 0, next - end); // a result's every byte counts
        }
    }
    view<streamcache_tensor_view> tensors() const noexcept { return views_; }

private:
    static constexpr std::size_t alignment = 64;
    Output &room_;
    std::vector<produced> outputs_; // their dims are borrowed
    std::vector<streamcache_tensor_view> views_;
};

/** What came through the cache: a lease on the outputs, and what the engine took if it was asked. */
struct answered {
    Value value;
    std::optional<std::chrono::nanoseconds> compute_time;
};

/** The outputs of a chunk from `stage`, a Filter or a Snapshot; where they are missing, compute(payload) makes them. */
template <class Stage, class Compute> answered through(Stage &stage, const Digest &chunk, Compute &&compute,
                                                       const PutOptions &options, std::chrono::milliseconds timeout) {
    std::optional<std::chrono::nanoseconds> took;
    std::optional<payload> outputs;
    PutOptions described = options; // of the result, once it is there: the commit reads it again
    Answer answer = stage.lookup_or_compute(
        chunk,
        [&](Output &room) {
            const auto start = std::chrono::steady_clock::now();
            compute(outputs.emplace(room));
            took = std::chrono::steady_clock::now() - start;
            described = options; // compute() may have set the time in them
            if (described.compute_time() != std::chrono::nanoseconds()) took = described.compute_time();
            described.compute_time(*took).tensors(outputs->tensors());
        },
        described, timeout);
    return {std::move(answer).value(), took};
}

// Text for a config.

inline std::string json_string(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        char escaped[8] = {c};
        if (c == '"' || c == '\\') std::snprintf(escaped, sizeof escaped, "\\%c", c);
        if (static_cast<unsigned char>(c) < 0x20) std::snprintf(escaped, sizeof escaped, "\\u%04x", unsigned(c));
        json += escaped;
    }
    return json + '"';
}

template <class Texts> std::string json_strings(const Texts &texts) {
    std::string json;
    for (const auto &text : texts) json += (json.empty() ? "" : ",") + json_string(text);
    return '[' + json + ']';
}

/** "f32", "bf16", "bool": DLPack's type codes as people write them. */
inline std::string name_of(dtype type) {
    constexpr const char *names[] = {"i", "u", "f", "handle", "bf", "c", "bool"};
    if (type.code == STREAMCACHE_DTYPE_BOOL) return names[type.code];
    const bool named = type.code >= 0 && std::size_t(type.code) < std::size(names);
    return (named ? names[type.code] : "type" + std::to_string(type.code) + '_') + std::to_string(type.bits);
}

/** The value of a line such as "model name : AMD EPYC". */
inline std::string value_of(const std::string &line, std::string_view name) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || line.find_last_not_of(" \t", colon - 1) + 1 != name.size()) return {};
    return line.compare(0, name.size(), name) == 0 ? line.substr(colon + 2) : std::string();
}

/** "processor" and "instruction_sets", two members of a JSON object, as Linux tells them. */
inline std::string processor() {
    constexpr const char *families[] = {"sse",  "ssse",  "avx", "amx", "fma",  "f16c", // x86
                                        "fphp", "asimd", "sve", "sme", "bf16", "i8mm"};
    std::ifstream file("/proc/cpuinfo");
    std::vector<std::string> models, sets;
    for (std::string line; std::getline(file, line) && !line.empty();) { // of the first one
        for (const char *name : {"model name", "CPU implementer", "CPU part"})
            if (std::string model = value_of(line, name); !model.empty()) models.push_back(std::move(model));
        std::istringstream flags(value_of(line, "flags") + value_of(line, "Features"));
        for (std::string flag; flags >> flag;)
            if (flag != "smep" && std::any_of(std::begin(families), std::end(families),
                                              [&](const char *family) { return flag.rfind(family, 0) == 0; }))
                sets.push_back(flag);
    }
    if (sets.empty())
        refuse(STREAMCACHE_NOT_SUPPORTED, "this system does not tell its instruction sets, on which an answer's bits "
                                          "depend: make the config yourself, see Digest::config_json()");
    std::sort(sets.begin(), sets.end());
    return "\"processor\":" + json_strings(models) + ",\"instruction_sets\":" + json_strings(sets);
}

} // namespace detail
} // namespace streamcache

#endif
#endif

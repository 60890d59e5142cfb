#include "describe.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "common/text.hpp"
#include "model.hpp"

namespace magika {

using common::Lease;
using common::require_ok;

namespace {

constexpr std::string_view kFilter = "magika, the compiled model's description";
constexpr std::string_view kChunk = "description";
constexpr std::uint64_t kBytes = 1 << 20;

// What the engine may look at as it chooses its kernels.
constexpr const char* kVariables[] = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS"};
constexpr std::string_view kProcessor[] = {"vendor_id", "cpu family",      "model",    "model name", "stepping",
                                           "flags",     "CPU implementer", "CPU part", "Features"};

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// The first processor's lines that say what it can do, as Linux tells them.
std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    std::string told;
    for (std::string line; std::getline(file, line) && !line.empty();) {
        const auto colon = line.find(':');
        const std::string name = trimmed(line.substr(0, colon));
        if (colon != std::string::npos && std::count(std::begin(kProcessor), std::end(kProcessor), name) > 0)
            told += name + ": " + trimmed(line.substr(colon + 1)) + "; ";
    }
    return told;
}

std::string config() {
    std::string json = R"({"description":2,"engine":"openvino","engine_version":)" +
                       common::json_string(ov::get_openvino_version().buildNumber) + R"(,"processor":)" +
                       common::json_string(processor()) + "," + Model::asked();
    for (const char* variable : kVariables) {
        const char* value = std::getenv(variable);
        json += "," + common::json_string(variable) + ":" + common::json_string(value == nullptr ? "" : value);
    }
    return json + "}";
}

}  // namespace

std::string description_of(const std::filesystem::path& model, const Room& room,
                           const std::function<std::string()>& describe) {
    // Where the processor can't be told, another's kernels might be taken for its own.
    if (room.disk.empty() || processor().empty()) return describe();

    // A cache of its own, so that the one for the answers counts nothing else.
    const CacheHandle cache = open_cache({kBytes, room.disk, {}});
    const FilterHandle filter = open_filter(cache.get(), kFilter, config(), model);
    streamcache_digest chunk, key;
    streamcache_value* value = nullptr;
    const streamcache_status status =
        streamcache_filter_get_bytes(filter.get(), kChunk.data(), kChunk.size(), 0, &value, &key, &chunk);
    const Lease lease(value);
    if (lease != nullptr)
        return {static_cast<const char*>(streamcache_value_data(value)), streamcache_value_size(value)};
    if (status != STREAMCACHE_MISS) require_ok(status, "get");

    const std::string description = describe();
    require_ok(streamcache_filter_put(filter.get(), &chunk, &key, description.data(), description.size(), 0, nullptr,
                                      nullptr),
               "put");
    flush(cache.get());
    return description;
}

}  // namespace magika

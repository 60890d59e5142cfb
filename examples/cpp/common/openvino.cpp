#include "openvino.hpp"

#include <set>
#include <stdexcept>

#include "text.hpp"

namespace common {
namespace {

std::set<std::string> kernels(const ov::CompiledModel& model) {
    std::set<std::string> names;
    for (const auto& node : model.get_runtime_model()->get_ops()) {
        const auto& info = node->get_rt_info();
        const auto kernel = info.find("primitiveType");
        if (kernel != info.end()) names.insert(kernel->second.as<std::string>());
    }
    return names;
}

}  // namespace

std::string openvino_name() {
    const std::string build = ov::get_openvino_version().buildNumber;  // 2026.4.1-22982-e213a147257-…
    return "OpenVINO " + build.substr(0, build.find('-'));
}

std::string openvino_description(ov::Core& core, const ov::CompiledModel& model) {
    std::string list;
    for (const std::string& kernel : kernels(model)) list += (list.empty() ? "" : ",") + json_string(kernel);
    return R"("engine":"openvino","engine_version":)" + json_string(ov::get_openvino_version().buildNumber) +
           R"(,"device":)" + json_string(core.get_property("CPU", ov::device::full_name)) + R"(,"kernels":[)" + list +
           "]";
}

void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error("OpenVINO did not compile the model as asked: " + what);
}

}  // namespace common

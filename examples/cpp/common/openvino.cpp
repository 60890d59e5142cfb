#include "openvino.hpp"

#include <stdexcept>

namespace common {

std::string openvino_name() {
    const std::string build = ov::get_openvino_version().buildNumber;  // 2026.4.1-22982-e213a147257-…
    return "OpenVINO " + build.substr(0, build.find('-'));
}

void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error("OpenVINO did not compile the model as asked: " + what);
}

}  // namespace common

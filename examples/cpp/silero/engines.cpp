#include "engines.hpp"

#include <stdexcept>
#include <utility>

#include "model.hpp"

namespace silero {
namespace {

using Load = std::unique_ptr<Model> (*)(const std::filesystem::path&);

const std::vector<std::pair<std::string, Load>> kEngines{
#ifdef SILERO_OPENVINO
    {"openvino", load_openvino},
#endif
#ifdef SILERO_ONNXRUNTIME
    {"onnxruntime", load_onnxruntime},
#endif
};

}  // namespace

std::vector<std::string> engines() {
    std::vector<std::string> names;
    for (const auto& engine : kEngines) names.push_back(engine.first);
    return names;
}

std::unique_ptr<Model> load_model(const std::string& engine, const std::filesystem::path& package) {
    for (const auto& [name, load] : kEngines)
        if (name == engine) return load(package / "data");
    throw std::runtime_error("this program was built without the engine " + engine);
}

}  // namespace silero

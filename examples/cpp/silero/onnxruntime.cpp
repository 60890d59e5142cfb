#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/text.hpp"
#include "engines.hpp"

namespace silero {
namespace {

using common::json_string;

constexpr std::array<std::int64_t, 2> kChunkShape{1, std::tuple_size_v<Chunk>};
constexpr std::array<std::int64_t, 3> kStateShape{2, 1, 128};
constexpr std::array<std::int64_t, 2> kOutputShape{1, 1};
constexpr std::array<const char*, 3> kInputs{"input", "state", "sr"};
constexpr std::array<const char*, 2> kOutputs{"output", "stateN"};

// The value of the first line "name : value" of a text such as /proc/cpuinfo.
std::string field(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(": ");
        if (colon != std::string::npos && line.rfind(name, 0) == 0) return line.substr(colon + 2);
    }
    return {};
}

// ONNX Runtime does not tell which kernels run; it chooses them by the instruction sets that are there.
std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::istringstream flags(field(text, "flags"));
    std::string sets;
    for (std::string flag; flags >> flag;)
        for (const char* family : {"sse", "ssse", "avx", "amx", "fma", "f16c"})
            if (flag.rfind(family, 0) == 0) sets += (sets.empty() ? "" : " ") + flag;
    return R"("device":)" + json_string(field(text, "model name")) + R"(,"instruction_sets":)" + json_string(sets);
}

Ort::SessionOptions options() {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.SetInterOpNumThreads(1);
    options.SetExecutionMode(ORT_SEQUENTIAL);
    options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
    return options;
}

template <class T, class Shape>
Ort::Value tensor(T* data, std::size_t count, const Shape& shape) {
    static const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    return Ort::Value::CreateTensor<T>(memory, data, count, shape.data(), shape.size());
}

// The tensors lie on our own arrays, whose shapes are fixed: what ONNX Runtime can't fit in there is an error.
class OnnxRuntime final : public Model {
public:
    explicit OnnxRuntime(std::filesystem::path file)
        : file_(std::move(file)),
          environment_(ORT_LOGGING_LEVEL_WARNING, "silero"),
          session_(environment_, file_.c_str(), options()) {
        inputs_.push_back(tensor(chunk_.data(), chunk_.size(), kChunkShape));
        inputs_.push_back(tensor(state_.data(), state_.size(), kStateShape));
        inputs_.push_back(tensor(&sample_rate_, 1, std::array<std::int64_t, 0>{}));
        outputs_.push_back(tensor(&step_.probability, 1, kOutputShape));
        outputs_.push_back(tensor(step_.next.data(), step_.next.size(), kStateShape));
    }

    Step infer(const Chunk& chunk, const State& state) override {
        chunk_ = chunk;
        state_ = state;
        session_.Run(Ort::RunOptions{nullptr}, kInputs.data(), inputs_.data(), inputs_.size(), kOutputs.data(),
                     outputs_.data(), outputs_.size());
        return step_;
    }

    std::filesystem::path file() const override { return file_; }
    std::string engine() const override { return "ONNX Runtime " + Ort::GetVersionString(); }

    std::string config() const override {
        return R"({"engine":"onnxruntime","engine_version":)" + json_string(Ort::GetVersionString()) + "," +
               processor() +
               R"(,"model":"silero_vad","precision":"f32","sample_rate":16000,"threads":1,"graph_optimization":"all",)" +
               R"("inputs":"input float32[1,576], state float32[2,1,128], sr int64[]",)" +
               R"("outputs":"output float32[1,1], stateN float32[2,1,128]"})";
    }

private:
    std::filesystem::path file_;
    Ort::Env environment_;
    Ort::Session session_;
    Chunk chunk_{};
    State state_{};
    std::int64_t sample_rate_ = kSampleRate;
    Step step_{};
    std::vector<Ort::Value> inputs_, outputs_;
};

}  // namespace

std::unique_ptr<Model> load_onnxruntime(const std::filesystem::path& data) {
    return std::make_unique<OnnxRuntime>(data / "silero_vad.onnx");
}

}  // namespace silero

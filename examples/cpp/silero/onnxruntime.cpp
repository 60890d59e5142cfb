#include <streamcache/onnxruntime.hpp>

#include <cstdint>

#include "engines.hpp"

namespace silero {
namespace {

constexpr std::array<std::int64_t, 2> kChunkShape{1, std::tuple_size_v<Chunk>};
constexpr std::array<std::int64_t, 3> kStateShape{2, 1, 128};
constexpr std::array<std::int64_t, 2> kOutputShape{1, 1};
constexpr std::array<const char*, 3> kInputs{"input", "state", "sr"};
constexpr std::array<const char*, 2> kOutputs{"output", "stateN"};
constexpr int kThreads = 1;

// The model leaves its shapes open.
constexpr const char* kAsked = R"({"model":"silero_vad","sample_rate":16000,"shapes":"[1,576], [2,1,128], []"})";

Ort::SessionOptions options() {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(kThreads);
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
          session_(environment_, file_.c_str(), options()),
          config_(streamcache::onnxruntime::config_json(session_,
                                                        {"CPUExecutionProvider", "f32", kThreads, "all", kAsked})) {
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

    std::string config() const override { return config_; }

private:
    std::filesystem::path file_;
    Ort::Env environment_;
    Ort::Session session_;
    std::string config_;
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

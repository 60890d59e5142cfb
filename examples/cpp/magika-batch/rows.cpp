#include "rows.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

namespace magika {
namespace {

static_assert(sizeof(Output) == kLabels * sizeof(float), "outputs lie in the tensor one after the other");

// As many batches at a time as there are processors, each on one thread.
ov::AnyMap properties() {
    const int streams = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4);
    return {ov::num_streams(streams), ov::inference_num_threads(streams)};
}

}  // namespace

BatchModel::BatchModel(const std::filesystem::path& file) : compiled_(compile(file, kRows, properties())) {}

Rows::Rows(BatchModel& model) : request_(model.request()) {
    auto input = request_.get_input_tensor();
    std::fill_n(input.data<std::int32_t>(), input.get_size(), kPadding);
    request_.infer();  // the first run also allocates: no one's time
}

void Rows::add(const Input& input) {
    std::memcpy(request_.get_input_tensor().data<std::int32_t>() + size_++ * input.size(), input.data(), sizeof input);
}

// Rows that nothing was added to still hold an earlier input, which is as good as any padding: neighbours don't change
// a row's bits.
const Output* Rows::compute() {
    const auto start = std::chrono::steady_clock::now();
    request_.infer();
    time_per_row_ = (std::chrono::steady_clock::now() - start) / kRows;
    ++counts_.runs;
    counts_.rows += size_;
    counts_.padding += kRows - size_;
    size_ = 0;
    return reinterpret_cast<const Output*>(request_.get_output_tensor().data<float>());
}

}  // namespace magika

// The model for kRows inputs at once, and a thread's share of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <openvino/openvino.hpp>
#include <string>

#include "magika/compile.hpp"
#include "magika/features.hpp"
#include "magika/labels.hpp"

namespace magika {

inline constexpr std::size_t kRows = 16;

// Any number of threads, each with Rows of its own.
class BatchModel {
public:
    explicit BatchModel(const std::filesystem::path& file);

    ov::InferRequest request() { return compiled_.model.create_infer_request(); }
    const std::string& description() const { return compiled_.description; }

private:
    Compiled compiled_;
};

// What the model did.
struct Counts {
    std::size_t runs = 0;
    std::size_t rows = 0;     // with an input in them
    std::size_t padding = 0;  // without: the shape is static, so the model computes them all the same
};

// One batch of the model, filled row by row. One thread.
class Rows {
public:
    explicit Rows(BatchModel& model);

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == kRows; }

    void add(const Input& input);

    // Runs the model and empties the batch: kRows outputs, one after the other, valid until the next call.
    const Output* compute();

    // What one row of the last run took.
    std::chrono::nanoseconds time_per_row() const { return time_per_row_; }
    const Counts& counts() const { return counts_; }

private:
    ov::InferRequest request_;
    std::size_t size_ = 0;
    std::chrono::nanoseconds time_per_row_{};
    Counts counts_;
};

}  // namespace magika

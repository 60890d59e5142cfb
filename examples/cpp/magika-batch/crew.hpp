// Several threads over one corpus, each with its own part of the work and all of them after the same inputs.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "rows.hpp"

namespace magika {

inline constexpr std::size_t kThreads = 4;
inline constexpr std::size_t kChunks = 16;  // looked up together

// A file as a thread read it.
struct Chunk {
    std::size_t file;
    Input input;
};

struct Reply {
    std::size_t file;
    Output output;
};

// What one thread does with its files. Destroying it gives up what it has not finished.
class Worker {
public:
    explicit Worker(BatchModel& model) : rows_(model) {}
    virtual ~Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // At most kChunks of them. The answers may come later.
    virtual void take(std::vector<Chunk> chunks) = 0;

    // Nothing more comes: after it every chunk has its answer.
    virtual void finish() = 0;

    const std::vector<Reply>& replies() const { return replies_; }
    const Counts& counts() const { return rows_.counts(); }

protected:
    void give(std::size_t file, const void* output);

    Rows rows_;

private:
    std::vector<Reply> replies_;
};

struct Work {
    std::chrono::nanoseconds time{};  // of all threads together, from start to end
    std::vector<Reply> replies;
    std::size_t changed = 0;  // files that had something else in them than when the corpus was read: left out
    Counts counts;

    // By the corpus, not by the cache.
    std::size_t distinct_inputs(const Corpus& corpus) const;

    // Answers that are not the same in every bit as those of `right`, which are by the number of the input.
    std::size_t different(const Corpus& corpus, const std::vector<Output>& right) const;
};

// Every file goes to two of the workers, at about the same time. Destroys the workers.
Work run(const std::string& title, const Corpus& corpus, std::vector<std::unique_ptr<Worker>> workers);

}  // namespace magika

#include "crew.hpp"

#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include "common/progress.hpp"

namespace magika {
namespace {

// File n goes to threads n and n + 1, round and round: each has its part in the same order, so two threads always meet
// the same input within a few files of each other.
std::vector<std::vector<std::size_t>> deal(std::size_t files, std::size_t threads) {
    std::vector<std::vector<std::size_t>> hands(threads);
    for (std::size_t file = 0; file < files; ++file) {
        hands[file % threads].push_back(file);
        hands[(file + 1) % threads].push_back(file);
    }
    return hands;
}

// A progress line that all threads move on.
class Shared {
public:
    Shared(const std::string& title, std::size_t total) : progress_(title, total, "files") {}

    void step(std::size_t times) {
        const std::lock_guard<std::mutex> lock(mutex_);
        while (times-- > 0) progress_.step();
    }

private:
    std::mutex mutex_;
    common::Progress progress_;
};

// One thread's part; returns how many files had changed.
std::size_t work_through(const std::vector<std::size_t>& files, const Corpus& corpus, Worker& worker,
                         Shared& progress) {
    std::size_t changed = 0;
    std::vector<Chunk> chunks;
    const auto hand_over = [&] {
        const std::size_t count = chunks.size();
        worker.take(std::exchange(chunks, {}));
        progress.step(count);
    };
    for (const std::size_t file : files) {
        const Reading reading = read_file(corpus.path(file));
        const auto* input = std::get_if<Input>(&reading);
        if (input == nullptr || !corpus.is_input_of(file, *input)) {
            ++changed;
            continue;
        }
        chunks.push_back({file, *input});
        if (chunks.size() == kChunks) hand_over();
    }
    if (!chunks.empty()) hand_over();
    worker.finish();
    return changed;
}

}  // namespace

void Worker::give(std::size_t file, const void* output) {
    std::memcpy(replies_.emplace_back(Reply{file, {}}).output.data(), output, sizeof(Output));
}

std::size_t Work::distinct_inputs(const Corpus& corpus) const {
    std::unordered_set<std::size_t> inputs;
    for (const Reply& reply : replies) inputs.insert(corpus.input_of(reply.file));
    return inputs.size();
}

std::size_t Work::different(const Corpus& corpus, const std::vector<Output>& right) const {
    std::size_t different = 0;
    for (const Reply& reply : replies) {
        const Output& expected = right[corpus.input_of(reply.file)];
        if (std::memcmp(reply.output.data(), expected.data(), sizeof expected) != 0) ++different;
    }
    return different;
}

Work run(const std::string& title, const Corpus& corpus, std::vector<std::unique_ptr<Worker>> workers) {
    const auto hands = deal(corpus.files(), workers.size());
    std::vector<std::size_t> changed(workers.size());
    std::vector<std::exception_ptr> failures(workers.size());
    std::vector<std::thread> threads;
    Work work;
    {
        Shared progress(title, 2 * corpus.files());
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t n = 0; n < workers.size(); ++n) {
            threads.emplace_back([&, n] {
                try {
                    changed[n] = work_through(hands[n], corpus, *workers[n], progress);
                } catch (...) {
                    failures[n] = std::current_exception();
                    workers[n].reset();  // so that no one waits for its rows
                }
            });
        }
        for (auto& thread : threads) thread.join();
        work.time = std::chrono::steady_clock::now() - start;
    }
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);

    for (std::size_t n = 0; n < workers.size(); ++n) {
        const auto& replies = workers[n]->replies();
        work.replies.insert(work.replies.end(), replies.begin(), replies.end());
        work.changed += changed[n];
        const Counts& counts = workers[n]->counts();
        work.counts.runs += counts.runs;
        work.counts.rows += counts.rows;
        work.counts.padding += counts.padding;
    }
    return work;
}

}  // namespace magika

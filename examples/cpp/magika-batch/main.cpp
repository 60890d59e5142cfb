// Magika in batches of 16 from 4 threads that are after the same inputs: with single flight, and for control without.
//
//     magika-batch --magika FOLDER [--quick] [--strict] [DIR]      DIR is /usr/include unless told
//
// FOLDER is that of the Python package magika; of DIR at most 5,000 files are taken, with --quick 400. Exit status: 0,
// 1 when a promise is broken, 2 when something failed.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "corpus.hpp"
#include "crew.hpp"
#include "magika/walk.hpp"
#include "plain.hpp"
#include "report.hpp"
#include "tickets.hpp"

namespace {

using namespace magika;

constexpr const char* kModel = "standard_v3_3";
constexpr std::size_t kMostFiles = 5000, kQuickFiles = 400;  // for a minute, and for a few seconds
constexpr std::uint64_t kSeed = 1;

// Room for every answer, so that nothing is evicted and the counts are exact: a value takes 0.9 KB.
constexpr std::uint64_t kBytesPerFile = 2048;
constexpr std::uint64_t kBytesAtLeast = 16 << 20;

struct Arguments {
    std::filesystem::path magika;
    std::filesystem::path folder = "/usr/include";
    bool quick = false;
    bool strict = false;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick") {
            arguments.quick = true;
        } else if (word == "--strict") {
            arguments.strict = true;
        } else if (word == "--magika" && i + 1 < argc) {
            arguments.magika = argv[++i];
        } else if (word.rfind("--", 0) == 0) {
            throw std::runtime_error("unknown option " + word);
        } else {
            arguments.folder = word;
        }
    }
    if (arguments.magika.empty())
        throw std::runtime_error("--magika FOLDER is missing: the folder of the Python package magika");
    return arguments;
}

// In no order, but the same one every time.
std::vector<std::filesystem::path> shuffled(std::vector<std::filesystem::path> files) {
    std::mt19937_64 random(kSeed);
    std::shuffle(files.begin(), files.end(), random);
    return files;
}

template <class Worker>
Way go(const std::string& title, const Corpus& corpus, const std::vector<Output>& right, BatchModel& model,
       Cache cache) {
    std::vector<std::unique_ptr<magika::Worker>> workers;
    for (std::size_t n = 0; n < kThreads; ++n) workers.push_back(std::make_unique<Worker>(model, cache));
    Way way;
    way.work = run(title, corpus, std::move(workers));
    way.distinct = way.work.distinct_inputs(corpus);
    way.different = way.work.different(corpus, right);
    way.stats = cache.stats();
    return way;
}

int print_report(const Arguments& arguments) {
    const auto folder = arguments.magika / "models" / kModel;
    const auto file = folder / "model.onnx";

    std::vector<std::filesystem::path> closed;
    auto files = shuffled(files_under(arguments.folder, closed));
    const std::size_t found = files.size();
    files.resize(std::min(found, arguments.quick ? kQuickFiles : kMostFiles));
    const Corpus corpus(files);
    if (corpus.files() == 0)
        throw std::runtime_error("no file under " + arguments.folder.string() + " reaches the model");

    Report report;
    report.title = "Magika " + std::string(kModel) + " on " + Model::engine() + ", f32, in batches of " +
                   std::to_string(kRows) + ", the shape static";
    report.folder = arguments.folder.string();
    report.found = found;
    report.taken = files.size();
    report.files = corpus.files();
    report.by_rule = corpus.by_rule();
    report.unreadable = corpus.unreadable();
    report.closed_folders = closed.size();

    Model model(file);
    const auto start = std::chrono::steady_clock::now();
    const auto right = corpus.answers(model);
    report.one_at_a_time_time = std::chrono::steady_clock::now() - start;
    report.one_at_a_time = right.size();

    BatchModel batches(file);
    const std::string config = config_json(kModel, Labels(arguments.magika, folder).version(), batches.description());
    const auto cache = [&] { return Cache(config, file, Room{kBytesAtLeast + corpus.files() * kBytesPerFile, {}, {}}); };
    report.single_flight = go<TicketWorker>("single flight", corpus, right, batches, cache());
    report.control = go<PlainWorker>("control", corpus, right, batches, cache());

    print_table(report);
    return print_promises(report, arguments.strict) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return print_report(parse(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "magika-batch: %s\n", error.what());
        return 2;
    }
}

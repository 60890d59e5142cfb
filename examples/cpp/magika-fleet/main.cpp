// A fleet of three Magika engines that share what they compute through a Redis server, which is killed half-way and
// comes back empty.
//
//     magika-fleet --magika FOLDER [--quick] [--strict] [DIR]      DIR is /usr/include unless told
//
// FOLDER is that of the Python package magika; of DIR at most 2,000 files are taken, with --quick 240. Exit status: 0,
// 1 when a promise is broken, 2 when something failed.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>

#include "magika/model.hpp"
#include "magika/walk.hpp"
#include "report.hpp"
#include "server.hpp"

namespace {

using namespace magika;

constexpr const char* kModel = "standard_v3_3";
constexpr std::size_t kMostFiles = 2000, kQuickFiles = 240;
constexpr std::size_t kFewestFiles = 100;  // with fewer there is no half-way to speak of
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

int print_report(const Arguments& arguments) {
    std::vector<std::filesystem::path> closed;
    auto files = files_under(arguments.folder, closed);
    std::mt19937_64 random(kSeed);
    std::shuffle(files.begin(), files.end(), random);
    const std::size_t found = files.size();
    files.resize(std::min(found, arguments.quick ? kQuickFiles : kMostFiles));
    const Corpus corpus(files);
    if (corpus.files() < kFewestFiles)
        throw std::runtime_error("fewer than " + std::to_string(kFewestFiles) + " files under " +
                                 arguments.folder.string() + " reach the model");

    Report report;
    report.title = "Magika " + std::string(kModel) + " on " + Model::engine() + ", f32";
    report.folder = arguments.folder.string();
    report.server = Server::version();
    report.found = found;
    report.taken = files.size();
    report.files = corpus.files();
    report.distinct = corpus.distinct();
    report.unreadable = corpus.unreadable();
    report.closed_folders = closed.size();

    // Before the first thread of this process starts, so that it may fork.
    Board board(corpus.files());
    report.course = conduct(arguments.magika, kModel, corpus, kBytesAtLeast + corpus.files() * kBytesPerFile, board);

    Model model(arguments.magika / "models" / kModel / "model.onnx");
    report.figures = figures(corpus, corpus.answers(model), report.course, board);
    print_table(report);
    return print_promises(report, arguments.strict) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return print_report(parse(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "magika-fleet: %s\n", error.what());
        return 2;
    }
}

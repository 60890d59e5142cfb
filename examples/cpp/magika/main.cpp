// Magika over a tree of files, twice. The second time every answer is remembered.
//
//     magika --magika FOLDER [--no-cache] [--strict] [DIR]      the table (DIR is /usr/include unless told)
//     magika --magika FOLDER --labels < LIST                    for every path of a NUL-separated list one line:
//                                                               raw label, label, score, separated by tabs
//
// FOLDER is that of the Python package magika. Exit status: 0, 1 when a promise is broken, 2 when something failed.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "identify.hpp"
#include "report.hpp"
#include "scan.hpp"
#include "walk.hpp"

namespace {

using namespace magika;

constexpr const char* kModel = "standard_v3_3";
constexpr std::size_t kRecomputed = 100;

// Room for every answer, so that nothing is evicted and the counts are exact: a value takes 0.9 KB.
constexpr std::uint64_t kBytesPerFile = 2048;
constexpr std::uint64_t kBytesAtLeast = 16 << 20;

struct Arguments {
    std::filesystem::path magika;
    std::filesystem::path folder = "/usr/include";
    bool cached = true;
    bool strict = false;
    bool labels = false;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--no-cache") {
            arguments.cached = false;
        } else if (word == "--strict") {
            arguments.strict = true;
        } else if (word == "--labels") {
            arguments.labels = true;
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

Identifier make_identifier(const Arguments& arguments, std::size_t files) {
    const std::uint64_t bytes = kBytesAtLeast + files * kBytesPerFile;
    return {arguments.magika, kModel, arguments.cached ? std::optional(bytes) : std::nullopt};
}

int print_labels(const Arguments& arguments) {
    std::vector<std::filesystem::path> files;
    for (std::string path; std::getline(std::cin, path, '\0');) files.emplace_back(path);

    Identifier identifier = make_identifier(arguments, files.size());
    for (const auto& path : files) {
        const Answer answer = identifier.identify(path);
        if (const auto* unreadable = std::get_if<Unreadable>(&answer.reading)) {
            std::printf("error\t%s\t0\n", unreadable->reason.c_str());
        } else {
            std::printf("%s\t%s\t%.9g\n", answer.decision.raw.c_str(), answer.decision.label.c_str(),
                        answer.decision.score);
        }
    }
    return 0;
}

int print_report(const Arguments& arguments) {
    std::vector<std::filesystem::path> closed;
    const auto files = files_under(arguments.folder, closed);
    Identifier identifier = make_identifier(arguments, files.size());

    for (const auto& path : files) read_file(path);  // both passes shall find the page cache warm

    Report report;
    Ledger ledger;
    report.title = "Magika " + std::string(kModel) + " on " + Model::engine() + ", f32, over " +
                   arguments.folder.string() + (arguments.cached ? "" : ", without a cache");
    report.closed_folders = closed.size();
    report.cached = arguments.cached;
    report.first = scan("first pass", files, identifier, ledger);
    report.second = scan("second pass", files, identifier, ledger);
    if (identifier.cache() != nullptr) report.stats = identifier.cache()->stats();
    report.recomputed = std::min(kRecomputed, ledger.size());
    report.recomputed_different = ledger.recompute(identifier, kRecomputed);

    if (report.first.answered() == 0)
        throw std::runtime_error("there is no file that can be read under " + arguments.folder.string());
    print_table(report);
    return print_promises(report, arguments.strict) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments = parse(argc, argv);
        return arguments.labels ? print_labels(arguments) : print_report(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "magika: %s\n", error.what());
        return 2;
    }
}

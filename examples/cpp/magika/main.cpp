// Magika over a tree of files, twice. The second time every answer is remembered.
//
//     magika --magika FOLDER [--no-cache | --store FOLDER] [--verify] [--strict] [DIR]
//                                                               the table (DIR is /usr/include unless told)
//     magika --magika FOLDER --labels < LIST                    for every path of a NUL-separated list one line:
//                                                               raw label, label, score, separated by tabs
//
// The first FOLDER is that of the Python package magika. In the store's, answers outlive the program, beside the ledger
// of what was computed; then the model is loaded only if an answer is missing, or to --verify. Exit status: 0, 1 when
// a promise is broken, 2 when something failed.

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
    std::filesystem::path store;
    bool cached = true;
    bool verify = false;
    bool strict = false;
    bool labels = false;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--no-cache") {
            arguments.cached = false;
        } else if (word == "--verify") {
            arguments.verify = true;
        } else if (word == "--store" && i + 1 < argc) {
            arguments.store = argv[++i];
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
    if (!arguments.store.empty() && !arguments.cached)
        throw std::runtime_error("--no-cache and --store: without a cache nothing is stored");
    return arguments;
}

Identifier make_identifier(const Arguments& arguments, std::size_t files) {
    Room room;
    room.max_bytes = kBytesAtLeast + files * kBytesPerFile;
    if (!arguments.store.empty()) {
        std::filesystem::create_directories(arguments.store);
        room.disk = arguments.store / "answers";
    }
    return {arguments.magika, kModel, arguments.cached ? std::optional(room) : std::nullopt};
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

// The short way to say where it is.
std::string as_seen_from_here(const std::filesystem::path& folder) {
    const auto near = folder.empty() ? folder : std::filesystem::proximate(folder);
    return near.native().rfind("..", 0) == 0 ? folder.string() : near.string();
}

int print_report(const Arguments& arguments) {
    std::vector<std::filesystem::path> closed;
    const auto files = files_under(arguments.folder, closed);
    Identifier identifier = make_identifier(arguments, files.size());

    for (const auto& path : files) read_file(path);  // both passes shall find the page cache warm

    Report report;
    Ledger ledger;
    const auto ledger_file = arguments.store / "ledger";
    if (!arguments.store.empty()) ledger.load(ledger_file, identifier.config());
    report.title = "Magika " + std::string(kModel) + " on " + Model::engine() + ", f32, over " +
                   arguments.folder.string() + (arguments.cached ? "" : ", without a cache");
    report.closed_folders = closed.size();
    report.cached = arguments.cached;
    report.first = scan("first pass", files, identifier, ledger);
    report.second = scan("second pass", files, identifier, ledger);
    if (Cache* cache = identifier.cache()) {
        cache->flush();
        report.stats = cache->stats();
        report.disk = cache->stats(STREAMCACHE_TIER_DISK);
    }
    report.settled_different = ledger.settle(identifier, report.settled_times);
    if (arguments.verify || identifier.load_time()) {
        report.recomputed = std::min(kRecomputed, ledger.size());
        report.recomputed_different = ledger.recompute(identifier, kRecomputed);
    }
    report.load_time = identifier.load_time();
    report.earlier = ledger.earlier();
    report.earlier_times = ledger.earlier_times();
    report.store = as_seen_from_here(arguments.store);
    const std::size_t computed = report.first.inferences + report.second.inferences + report.settled_times.size();
    if (!arguments.store.empty() && computed > 0) ledger.save(ledger_file, identifier.config());

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

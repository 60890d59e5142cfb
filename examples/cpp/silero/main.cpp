// Silero's recurrent voice-activity model over telephone calls, three ways: without a cache, with a stream of
// streamcache, and the wrong way, with a key of the chunk alone.
//
//     silero --silero FOLDER --sounds FOLDER --calls FILE [--engine openvino | onnxruntime] [--quick] [--strict]
//
// The folders are those of the Python package silero_vad and of Debian's telephone prompts; FILE is calls.txt. --quick:
// fewer calls. Exit status: 0, 1 when a promise is broken, 2 when something failed.

#include <cstdio>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>

#include "chunk_alone.hpp"
#include "report.hpp"
#include "stream.hpp"
#include "uncached.hpp"

namespace {

using namespace silero;

// Room for every answer, so that nothing is evicted and the counts are exact.
constexpr std::uint64_t kBytesPerChunk = 4096;
constexpr std::uint64_t kBytesAtLeast = 16 << 20;

constexpr std::size_t kQuickCalls = 25, kQuickPrompts = 60;
constexpr std::size_t kAll = static_cast<std::size_t>(-1);

struct Arguments {
    std::filesystem::path silero, sounds, calls;
    std::string engine = engines().empty() ? "" : engines().front();
    bool quick = false;
    bool strict = false;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] {
            if (i + 1 == argc) throw std::runtime_error(word + " needs a value");
            return std::string(argv[++i]);
        };
        if (word == "--quick") {
            arguments.quick = true;
        } else if (word == "--strict") {
            arguments.strict = true;
        } else if (word == "--silero") {
            arguments.silero = value();
        } else if (word == "--sounds") {
            arguments.sounds = value();
        } else if (word == "--calls") {
            arguments.calls = value();
        } else if (word == "--engine") {
            arguments.engine = value();
        } else {
            throw std::runtime_error("unknown argument " + word);
        }
    }
    if (arguments.silero.empty() || arguments.sounds.empty() || arguments.calls.empty())
        throw std::runtime_error("--silero FOLDER, --sounds FOLDER and --calls FILE are needed");
    return arguments;
}

Trial run(const std::string& name, Model& model, const Load& load) {
    const std::uint64_t room = kBytesAtLeast + load.chunks() * kBytesPerChunk;
    Witness witness;
    Comparison stream_against(witness), chunk_alone_against(witness);

    Uncached uncached(model);
    const Played plain =
        play(name + ", no cache", load, uncached, [&](const Moment& moment) { witness.watch(moment); });

    const Cache streams(model, "silero", room);
    Stream stream(model, streams);
    const Played right =
        play(name + ", stream", load, stream, [&](const Moment& moment) { stream_against.watch(moment); });

    const Cache chunks(model, "silero, chunk alone", room);
    ChunkAlone alone(model, chunks);
    const Played wrong =
        play(name + ", chunk alone", load, alone, [&](const Moment& moment) { chunk_alone_against.watch(moment); });

    return {plain,          right, wrong, witness.repeats(), stream_against.found(), chunk_alone_against.found(),
            streams.stats()};
}

int print_report(const Arguments& arguments) {
    const auto model = load_model(arguments.engine, arguments.silero);
    const Load calls = telephone_calls(arguments.calls, arguments.sounds, arguments.quick ? kQuickCalls : kAll);
    const auto prompts = prompts_in(arguments.sounds, arguments.quick ? kQuickPrompts : kAll);
    const Load endless = endless_stream(prompts);

    Report report;
    report.title = "Silero VAD on " + model->engine() + ", f32, 16 kHz";
    report.quick = arguments.quick;
    report.hit_promised = arguments.engine == "openvino" ? 5 : 10;
    report.calls_played = calls.calls.size();
    report.scripts_played = std::set<std::size_t>(calls.calls.begin(), calls.calls.end()).size();
    report.prompts_played = prompts.size();
    report.silent_chunks = endless.silent_chunks();
    report.calls = run("calls", *model, calls);
    report.endless = run("endless stream", *model, endless);
    print_table(report);
    return print_promises(report, arguments.strict) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return print_report(parse(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "silero: %s\n", error.what());
        return 2;
    }
}

#include "report.hpp"

#include "common/print.hpp"
#include "common/text.hpp"

namespace silero {

using namespace common;

namespace {

constexpr std::size_t kName = 26, kColumn = 16;

constexpr std::size_t kFlipsExpected = 100;  // of the wrong way, in all calls

void row(const std::string& name, const std::string& uncached, const std::string& stream, const std::string& alone) {
    line("  " + left(name, kName) + right(uncached, kColumn) + right(stream, kColumn) + right(alone, kColumn));
}

// A figure that the run without a cache doesn't have.
void row(const std::string& name, const std::string& stream, const std::string& alone) {
    row(name, "-", stream, alone);
}

std::string audio(std::size_t chunks) {
    return duration(std::chrono::milliseconds(chunks * kWindow * 1000 / kSampleRate));
}

std::string hit_rate(const Played& played) { return percent(played.hits, played.chunks()); }

std::string median_time(const std::vector<Nanoseconds>& times) { return times.empty() ? "-" : duration(median(times)); }

// How many hits take as long as one inference of the model alone.
double hits_an_inference(const Trial& trial, const Played& played) {
    return ratio(median(trial.uncached.inference_times), median(played.hit_times));
}

void print_three_ways(const Trial& trial) {
    const Played &none = trial.uncached, &stream = trial.stream, &alone = trial.chunk_alone;
    const Differences &right_way = trial.stream_differs, &wrong_way = trial.chunk_alone_differs;
    row("chunks", grouped(none.chunks()), grouped(stream.chunks()), grouped(alone.chunks()));
    row("  with speech", grouped(none.speech), grouped(stream.speech), grouped(alone.speech));
    row("inferences", grouped(none.inferences), grouped(stream.inferences), grouped(alone.inferences));
    row("hits", grouped(stream.hits), grouped(alone.hits));
    row("hit rate", hit_rate(stream), hit_rate(alone));
    row("wrong answers", grouped(right_way.wrong), grouped(wrong_way.wrong));
    row("  by more than 0.000001", grouped(right_way.wrong_1e6), grouped(wrong_way.wrong_1e6));
    row("  by more than 0.1", grouped(right_way.wrong_01), grouped(wrong_way.wrong_01));
    row("decisions flipped", grouped(right_way.flipped), grouped(wrong_way.flipped));
    row("median inference", median_time(none.inference_times), median_time(stream.inference_times),
        median_time(alone.inference_times));
    row("median hit", median_time(stream.hit_times), median_time(alone.hit_times));
    row("a hit is faster by", decimal(hits_an_inference(trial, stream)) + " ×",
        decimal(hits_an_inference(trial, alone)) + " ×");
    row("a miss adds", median_time(stream.miss_times), median_time(alone.miss_times));
    row("wall time", duration(none.time), duration(stream.time), duration(alone.time));
}

void print_endless(const Report& report) {
    const Trial& trial = report.endless;
    const Differences& wrong_way = trial.chunk_alone_differs;
    line(coloured("1", "One endless stream, as from a live line: " + grouped(report.prompts_played) +
                           " prompts once, " + audio(trial.uncached.chunks()) + ", never reset"));
    line();
    line("  Of its " + grouped(trial.stream.chunks()) + " chunks " + grouped(report.silent_chunks) +
         " are digital silence, the same bytes each time, and the stream hits " + grouped(trial.stream.hits) + ":");
    line("  the state carries all that was heard, and even in silence never comes back to the same bits. A recurrent");
    line("  model is worth caching where its input is replayed from a reset, as in the calls; on live audio a cache");
    line("  only costs, here " + median_time(trial.stream.miss_times) + " a chunk. Keyed by the chunk alone, " +
         percent(wrong_way.wrong, wrong_way.compared) + " of all answers would be wrong.");
}

void promise_exact(Promises& promises, const std::string& name, const Trial& trial) {
    const Differences& against = trial.stream_differs;
    promises.must(trial.stream.hits == trial.repeats,
                  name + ": " + grouped(trial.stream.hits) + " hits of the " + grouped(trial.repeats) +
                      " there are: chunks that met a state again, counted exactly and without the cache");
    promises.must(against.compared == trial.uncached.chunks() && against.wrong + against.wrong_states == 0,
                  name + ": " + grouped(against.compared) + " answers and states compared with the model's own: " +
                      grouped(against.wrong) + " and " + grouped(against.wrong_states) + " differ in any bit");
    const auto& stats = trial.stream_stats;
    promises.must(stats.hits == trial.stream.hits && stats.misses == trial.stream.inferences &&
                      stats.lookups == stats.hits + stats.misses,
                  name + ": streamcache's own counters agree, " + grouped(stats.hits) + " hits, " +
                      grouped(stats.misses) + " misses, " + duration(Nanoseconds(stats.time_saved_ns)) + " saved");
}

}  // namespace

void print_table(const Report& report) {
    line();
    line(coloured("1", report.title));
    line(coloured("1", grouped(report.calls_played) + " telephone calls, " + grouped(report.scripts_played) +
                           " different ones, " + audio(report.calls.uncached.chunks()) +
                           " in chunks of 32 ms, the model reset for each call"));
    line();
    line(coloured("2", "  " + left("", kName) + right("no cache", kColumn) + right("stream", kColumn) +
                           right("the wrong way", kColumn)));
    row("keyed by", "chunk + state", "chunk alone");
    print_three_ways(report.calls);
    line();
    print_endless(report);
    line();
}

bool print_promises(const Report& report, bool strict) {
    Promises promises(strict);
    promise_exact(promises, "calls", report.calls);
    promise_exact(promises, "endless", report.endless);

    const Differences& wrong_way = report.calls.chunk_alone_differs;
    promises.must(2 * wrong_way.wrong >= wrong_way.compared,
                  "chunk alone: " + percent(wrong_way.wrong, wrong_way.compared) +
                      " of the calls' answers are wrong (promised: 50% or more)");
    if (!report.quick)
        promises.must(wrong_way.flipped >= kFlipsExpected,
                      "chunk alone: " + grouped(wrong_way.flipped) +
                          " decisions flipped (promised: " + grouped(kFlipsExpected) + " or more)");

    const double hit = hits_an_inference(report.calls, report.calls.stream);
    promises.should(hit >= report.hit_promised, "median hit 1/" + decimal(hit) +
                                                    " of the median inference (promised: 1/" +
                                                    grouped(static_cast<std::size_t>(report.hit_promised)) + ")");
    return promises.kept();
}

}  // namespace silero

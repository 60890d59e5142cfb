#include "conductor.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "common/progress.hpp"
#include "engine.hpp"
#include "process.hpp"
#include "server.hpp"

namespace magika {
namespace {

// The server is away until each engine has answered so many files without it.
constexpr std::size_t kOutageShare = 8;

// The longest rest of a breaker is 30 s.
constexpr std::chrono::seconds kPickUpPatience{40};

std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

class Fleet {
public:
    Fleet(const std::filesystem::path& package, const std::string& model, const Room& room, const Corpus& corpus,
          Board& board)
        : board_(board) {
        for (std::size_t n = 0; n < kEngines; ++n)
            engines_.push_back(
                Process::fork([&, n] { return run_engine(n, package, model, room, corpus, board); }));
    }

    // Waits until `holds` of every engine that is still there. Throws if one failed.
    template <class Predicate>
    void wait(Predicate holds) {
        for (;;) {
            bool run = false, all = true;
            for (std::size_t n = 0; n < kEngines; ++n) {
                const bool runs = engines_[n].runs();
                run = run || runs;
                all = all && (!runs || holds(n));
            }
            if (!run || all) return;
            pause_briefly();
        }
    }

    std::uint64_t written() {
        std::uint64_t sum = 0;
        for (std::size_t n = 0; n < kEngines; ++n) sum += board_.engine(n).written;
        return sum;
    }

private:
    Board& board_;
    std::vector<Process> engines_;
};

}  // namespace

Course conduct(const std::filesystem::path& package, const std::string& model, const Corpus& corpus,
               std::uint64_t max_bytes, Board& board) {
    Course course;
    const Interruptible interruptible;
    Server server;
    server.start();
    Fleet fleet(package, model, {max_bytes, {}, server.url()}, corpus, board);
    fleet.wait([&](std::size_t n) { return board.engine(n).ready.load(); });

    const std::size_t all = kEngines * corpus.files();
    common::Progress progress("three engines", all, "files");
    std::size_t shown = 0;
    const auto done = [&] {
        std::size_t sum = 0;
        for (std::size_t n = 0; n < kEngines; ++n) sum += board.engine(n).done;
        for (; shown < sum; ++shown) progress.step();
        return sum;
    };

    course.began = now();
    board.started() = true;
    fleet.wait([&](std::size_t) { return 2 * done() >= all; });

    std::array<std::uint32_t, kEngines> before{};
    for (std::size_t n = 0; n < kEngines; ++n) before[n] = board.engine(n).done;
    course.killed = now();
    server.kill();
    fleet.wait([&](std::size_t n) {
        done();
        return board.engine(n).done >= before[n] + corpus.files() / kOutageShare;
    });
    for (std::size_t n = 0; n < kEngines; ++n) course.done_in_outage[n] = board.engine(n).done - before[n];

    // Until they have noticed, the engines go slowly, so that something is left to share.
    board.pace() = Pace::slow;
    course.written_at_restart = fleet.written();
    course.restarted = now();
    server.start();
    const std::int64_t until = course.restarted + std::chrono::nanoseconds(kPickUpPatience).count();
    fleet.wait([&](std::size_t n) {
        done();
        if (course.picked_up[n] == 0 && !board.engine(n).resting) course.picked_up[n] = now();
        return course.picked_up[n] != 0 || now() > until;
    });
    board.pace() = Pace::full;

    fleet.wait([&](std::size_t) { return done() > all; });  // until they end
    course.ended = now();
    course.written_at_end = fleet.written();
    for (std::size_t n = 0; n < kEngines; ++n) course.faults += board.engine(n).faults;
    return course;
}

}  // namespace magika

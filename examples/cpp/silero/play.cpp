#include "play.hpp"

#include "common/progress.hpp"

namespace silero {

Played play(const std::string& title, const Load& load, Way& way, const std::function<void(const Moment&)>& witness) {
    using common::Clock;
    Played played;
    common::Progress progress(title, load.chunks(), "chunks");
    for (const std::size_t call : load.calls) {
        auto start = Clock::now();
        way.reset();
        played.time += Clock::now() - start;

        State before = way.state();
        for (const Chunk& chunk : load.scripts[call]) {
            start = Clock::now();
            const Answer answer = way.take(chunk);
            const Nanoseconds time = Clock::now() - start;
            played.time += time;
            if (answer.is_speech()) ++played.speech;
            if (answer.hit) {
                ++played.hits;
                played.hit_times.push_back(time);
            } else {
                ++played.inferences;
                played.inference_times.push_back(answer.inference);
                played.miss_times.push_back(time - answer.inference);
            }

            const State after = way.state();
            witness({chunk, before, after, answer});
            before = after;
            progress.step();
        }
    }
    return played;
}

}  // namespace silero

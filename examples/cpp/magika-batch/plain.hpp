// The control: the same cache without tickets. A thread looks a chunk up, and computes what is not there yet, whoever
// else is at it.
#pragma once

#include "crew.hpp"
#include "magika/cache.hpp"

namespace magika {

class PlainWorker : public Worker {
public:
    PlainWorker(BatchModel& model, Cache& cache) : Worker(model), cache_(cache) {}

    void take(std::vector<Chunk> chunks) override;
    void finish() override;

private:
    // Whose row it is: a chunk's that was not there, and the files that want it.
    struct Owner {
        Lookup miss;
        std::vector<std::size_t> files;
    };

    void flush();

    Cache& cache_;
    std::vector<Owner> owners_;  // one for each of rows_
};

}  // namespace magika

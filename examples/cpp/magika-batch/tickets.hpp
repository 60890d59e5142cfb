// A thread that looks its chunks up in batches, and computes only what no other thread does: single flight.
#pragma once

#include <array>
#include <cstdint>
#include <list>

#include "crew.hpp"
#include "magika/cache.hpp"

namespace magika {

class TicketWorker : public Worker {
public:
    TicketWorker(BatchModel& model, const Cache& cache) : Worker(model), cache_(cache) {}

    void take(std::vector<Chunk> chunks) override;
    void finish() override;

private:
    // Chunks that were looked up together and don't all have their answers yet.
    struct Open {
        std::vector<Chunk> chunks;
        Handle<streamcache_batch, streamcache_batch_free> batch;
        std::array<bool, kChunks> taken{};  // is or was among our rows
        std::size_t uncommitted = 0;        // of those, how many still are
    };
    using Items = std::array<streamcache_batch_item, kChunks>;

    static Items items(const Open& open);
    void gather(Open& open);
    void flush();
    bool is_done(Open& open, std::uint32_t timeout_ms);
    void close_finished();
    void close_first();
    void close(std::list<Open>::iterator open);

    // Whose row it is: an item of a batch.
    struct Owner {
        Open* open;
        std::uint32_t item;
    };

    const Cache& cache_;
    std::list<Open> open_;       // the oldest first
    std::vector<Owner> owners_;  // one for each of rows_
};

}  // namespace magika

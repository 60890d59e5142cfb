#include "tickets.hpp"

#include <algorithm>

namespace magika {

using common::fail;
using common::require_ok;

namespace {

// Past this many we stop taking in more and wait for the oldest.
constexpr std::size_t kMostOpen = 64;

}  // namespace

void TicketWorker::take(std::vector<Chunk> chunks) {
    std::array<streamcache_digest, kChunks> digests;
    std::transform(chunks.begin(), chunks.end(), digests.begin(),
                   [](const Chunk& chunk) { return digest(chunk.input); });
    streamcache_batch* batch = nullptr;
    require_ok(streamcache_filter_begin_batch(cache_.filter(), digests.data(), chunks.size(), 0, &batch),
               "begin_batch");

    Open& open = open_.emplace_back();
    open.batch.reset(batch);
    open.chunks = std::move(chunks);
    gather(open);
    close_finished();
    while (open_.size() > kMostOpen) close_first();
}

void TicketWorker::finish() {
    while (!open_.empty()) close_first();
}

TicketWorker::Items TicketWorker::items(const Open& open) {
    Items items{};
    require_ok(streamcache_batch_get_items(open.batch.get(), items.data(), sizeof items[0], items.size(), nullptr), "get_items");
    return items;
}

// What is ours to compute joins our rows, whichever batch it is of: the model runs when all its rows are there.
void TicketWorker::gather(Open& open) {
    const Items now = items(open);
    for (std::uint32_t item = 0; item < open.chunks.size(); ++item) {
        if (now[item].status != STREAMCACHE_FILL || open.taken[item]) continue;
        open.taken[item] = true;
        ++open.uncommitted;
        rows_.add(open.chunks[item].input);
        owners_.push_back({&open, item});
        if (rows_.full()) flush();
    }
}

// Computes our rows and publishes them: one commit for each batch that has some among them, and those lie together.
void TicketWorker::flush() {
    if (rows_.empty()) return;
    const Output* outputs = rows_.compute();
    streamcache_put_options options{};
    options.struct_size = sizeof options;
    options.compute_ns = static_cast<std::uint64_t>(rows_.time_per_row().count());

    for (std::size_t first = 0; first < owners_.size();) {
        Open& open = *owners_[first].open;
        std::array<std::uint32_t, kRows> items;
        std::size_t count = 0;
        while (first + count < owners_.size() && owners_[first + count].open == &open) {
            items[count] = owners_[first + count].item;
            ++count;
        }
        require_ok(streamcache_batch_commit(open.batch.get(), items.data(), count, outputs + first, sizeof(Output),
                                            sizeof(Output), &options, nullptr),
                   "batch_commit");
        open.uncommitted -= count;
        first += count;
    }
    owners_.clear();
}

// Has every chunk its answer now? If another thread gave one up, it becomes ours.
bool TicketWorker::is_done(Open& open, std::uint32_t timeout_ms) {
    const streamcache_status status = streamcache_batch_wait(open.batch.get(), timeout_ms);
    if (status == STREAMCACHE_FILL) {
        gather(open);
    } else if (status != STREAMCACHE_BUSY || timeout_ms > 0) {
        require_ok(status, "batch_wait");
    }
    return status == STREAMCACHE_OK && open.uncommitted == 0;
}

// Waits for no one.
void TicketWorker::close_finished() {
    for (auto open = open_.begin(); open != open_.end();) {
        const auto here = open++;
        if (is_done(*here, 0)) close(here);
    }
}

// Waits for other threads' rows, so our own must be computed first, padded if need be. Of two threads that wait for
// rows which the other has gathered and not computed, neither would run its model: both waits would end by time-out.
void TicketWorker::close_first() {
    do flush();
    while (!is_done(open_.front(), STREAMCACHE_TIMEOUT_DEFAULT));
    close(open_.begin());
}

void TicketWorker::close(std::list<Open>::iterator open) {
    const Items now = items(*open);
    for (std::size_t item = 0; item < open->chunks.size(); ++item) {
        if (now[item].status != STREAMCACHE_OK || streamcache_value_size(now[item].value) != sizeof(Output))
            fail("batch", "an item without an answer");
        give(open->chunks[item].file, streamcache_value_data(now[item].value));
    }
    open_.erase(open);
}

}  // namespace magika

#include "plain.hpp"

#include <algorithm>
#include <cstring>

namespace magika {

void PlainWorker::take(std::vector<Chunk> chunks) {
    for (const Chunk& chunk : chunks) {
        Lookup lookup = cache_.find(chunk.input);
        if (lookup) {
            give(chunk.file, streamcache_value_data(lookup.lease.get()));
            continue;
        }
        // A thread does see its own rows: what is computed twice here, two threads compute.
        const auto same = std::find_if(owners_.begin(), owners_.end(), [&](const Owner& owner) {
            return std::memcmp(&owner.miss.chunk, &lookup.chunk, sizeof lookup.chunk) == 0;
        });
        if (same != owners_.end()) {
            same->files.push_back(chunk.file);
            continue;
        }
        rows_.add(chunk.input);
        owners_.push_back({std::move(lookup), {chunk.file}});
        if (rows_.full()) flush();
    }
}

void PlainWorker::finish() { flush(); }

void PlainWorker::flush() {
    if (rows_.empty()) return;
    const Output* outputs = rows_.compute();
    for (std::size_t row = 0; row < owners_.size(); ++row) {
        cache_.remember(owners_[row].miss, outputs[row], rows_.time_per_row());
        for (const std::size_t file : owners_[row].files) give(file, outputs[row].data());
    }
    owners_.clear();
}

}  // namespace magika

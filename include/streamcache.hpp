/**
 * @file
 * streamcache in C++17: remembers what a model already computed. Header-only, over the C header, streamcache.h; link
 * the same library. Everything of the C header is here, and get() and release() lead from each handle to C.
 *
 * ```cpp
 * #include <streamcache.hpp>
 *
 * #include <cstdio>
 * #include <vector>
 *
 * using namespace std::literals;
 *
 * static std::vector<float> model(std::string_view text) { return {float(text[0]), float(text[1])}; } // for yours
 *
 * int main() {
 *   auto cache = streamcache::Cache::open(streamcache::Options().max_bytes(64 << 20));
 *   auto config = streamcache::Digest::config_json(R"({"model": "demo", "version": 1, "precision": "f32"})");
 *   auto filter = streamcache::Filter::open(cache, "demo", config);
 *   filter.load_state("weights"sv);
 *   for (std::string_view chunk : {"ab"sv, "cd"sv, "ab"sv}) {
 *     auto answer = filter.lookup_or_compute_bytes(chunk, [&] { return model(chunk); });
 *     std::printf("%s: %s, %.0f\n", chunk.data(), answer.computed() ? "computed" : "hit", answer->as<float>()[0]);
 *   }
 * }
 * ```
 *
 * Handles. Cache, Filter, Snapshot, Value, Ticket, Stream, Batch, Options, Hasher and Barrier own what their C handles
 * refer to. They move and are not copied: share() makes another owner of those that are counted. What was moved from is
 * empty, and calls on it answer STREAMCACHE_INVALID_ARGUMENT. A handle made from a C pointer takes over its reference.
 *
 * Lifetimes. A Value is a lease: it stays good after eviction, purge, close and the Cache's own end, in any order of
 * destruction, on any thread. What looks at memory and owns none lives no longer than what it looks at: bytes, view and
 * writable, and so value.bytes(), value.as<float>(), value.tensor(i) and value.blob() as long as that Value; a batch's
 * items, values and tickets as long as the batch, and until its next wait or commit; a ticket's buffer until it is
 * committed, aborted or asked for again. A parameter of type bytes or view is used within the call. PutOptions borrow
 * what they are given until the put. Don't write `auto data = filter.lookup(chunk)->bytes();`: the lease is gone then.
 *
 * Errors. Each operation has two forms. `x()` throws streamcache::error, whose what() is the library's message and
 * whose status() is its status, for every negative status and for nothing else. `try_x()` throws nothing, and is all
 * there is where exceptions are off (-fno-exceptions; -fno-rtti is fine, too): it gives a result, which is true when it
 * has what was asked for, with status(), failed() and message(). What is no error is no exception: a miss is a Lookup
 * that is false, in both forms, and put() says by a bool whether it stored. But value(), * and -> on a result without a
 * value throw, or abort() where exceptions are off, so ask first; and lookup_or_compute() throws `rejected` for a
 * rejection. Not of the library, and so also from a try_ form: std::bad_alloc from a std::string of text, and what a
 * function throws that was given to lookup_or_compute().
 *
 * Units of one program may differ in that, and hand each other handles and results.
 *
 * Threads. As in the C header: any thread, any time, and Options, Hasher, Barrier and Batch one at a time. Many threads
 * may call one Filter at once, through a reference or each through a share() of its own; but moving, resetting or
 * destroying an object, this one or that, is for one thread when no other uses it.
 *
 * The C header's documentation is this one's, too: what a function does, copies, locks and answers is said there, under
 * the name that is called here. All of it is there since 0.1.0.
 */
#ifndef STREAMCACHE_HPP
#define STREAMCACHE_HPP

#include "streamcache/batch.hpp"
#include "streamcache/bytes.hpp"
#include "streamcache/cache.hpp"
#include "streamcache/compute.hpp"
#include "streamcache/digest.hpp"
#include "streamcache/filter.hpp"
#include "streamcache/log.hpp"
#include "streamcache/lookup.hpp"
#include "streamcache/options.hpp"
#include "streamcache/pipeline.hpp"
#include "streamcache/put.hpp"
#include "streamcache/result.hpp"
#include "streamcache/snapshot.hpp"
#include "streamcache/stream.hpp"
#include "streamcache/ticket.hpp"
#include "streamcache/transfer.hpp"
#include "streamcache/value.hpp"

namespace streamcache {

/** The library's version, such as "0.1.0"; the header's is STREAMCACHE_VERSION_STRING. */
inline const char *version() noexcept { return streamcache_version_string(); }
/** The same to compare with STREAMCACHE_VERSION_NUMBER. */
inline std::uint32_t version_number() noexcept { return streamcache_version_number(); }

} // namespace streamcache

#endif

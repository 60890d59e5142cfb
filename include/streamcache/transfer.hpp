/** @file
 * Results carried from one cache to another in a file.
 */
#ifndef STREAMCACHE_TRANSFER_HPP
#define STREAMCACHE_TRANSFER_HPP

#include "cache.hpp"

namespace streamcache {

/**
 * An export or import under way, on a thread of the library's own:
 *
 *     auto transfer = streamcache::Transfer::export_to(cache, "warm.results");
 *     while (transfer.wait(100ms) == STREAMCACHE_TIMEOUT) show(transfer.progress().entries);
 *
 * Destroyed before its end it is cancelled. Any thread, any time.
 */
class Transfer : public detail::handle<streamcache_transfer, streamcache_transfer_release> {
public:
    using handle::handle;

    /** Begins to write all results to a file, which is there when it is whole. */
    static result<Transfer> try_export_to(const Cache &cache, std::string_view path) noexcept {
        streamcache_transfer *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_cache_export(cache.get(), path.data(), path.size(), &raw, &why);
        return detail::made<Transfer>(status, raw, why);
    }
    /** Begins to read the results in a file; what does not check is left out. */
    static result<Transfer> try_import_from(const Cache &cache, std::string_view path) noexcept {
        streamcache_transfer *raw = nullptr;
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_cache_import(cache.get(), path.data(), path.size(), &raw, &why);
        return detail::made<Transfer>(status, raw, why);
    }

    /** How far it is. */
    result<streamcache_transfer_progress> try_progress() const noexcept {
        streamcache_transfer_progress progress{};
        progress.struct_size = sizeof progress;
        const streamcache_status status = streamcache_transfer_get_progress(get(), &progress);
        if (status != STREAMCACHE_OK) return outcome(status);
        return progress;
    }
    /** Waits for its end: STREAMCACHE_OK, _TIMEOUT while it goes on, _CANCELLED, or why it failed. */
    result<void> try_wait(std::chrono::milliseconds timeout = default_timeout) noexcept {
        streamcache_error *why = nullptr;
        const streamcache_status status = streamcache_transfer_wait(get(), detail::count32(timeout), &why);
        return outcome(status, why);
    }
    /** Tells it to stop; it ends soon. */
    result<void> try_cancel() noexcept { return outcome(streamcache_transfer_cancel(get())); }

#ifdef STREAMCACHE_EXCEPTIONS
    static Transfer export_to(const Cache &cache, std::string_view path) { return try_export_to(cache, path).value(); }
    static Transfer import_from(const Cache &cache, std::string_view path) {
        return try_import_from(cache, path).value();
    }
    streamcache_transfer_progress progress() const { return try_progress().value(); }
    /** STREAMCACHE_OK, _TIMEOUT or _CANCELLED. */
    streamcache_status wait(std::chrono::milliseconds timeout = default_timeout) {
        return detail::checked(try_wait(timeout)).status();
    }
    void cancel() { detail::check(try_cancel()); }
#endif
};

} // namespace streamcache

#endif

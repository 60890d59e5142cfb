/** @file
 * Many chunks that are looked up together.
 */
#ifndef STREAMCACHE_BATCH_HPP
#define STREAMCACHE_BATCH_HPP

#include "ticket.hpp"

namespace streamcache {

/** One chunk of a batch: true when it has its value(). What it refers to is the batch's: share() what is to be kept. */
class BatchItem {
public:
    BatchItem() noexcept = default;
    BatchItem(const streamcache_batch_item &raw, std::size_t index) noexcept : raw_(raw), index_(index) {}

    /** STREAMCACHE_OK, _REJECTED, _FILL, _PENDING, _DUPLICATE or _ENDED. */
    streamcache_status status() const noexcept { return raw_.status; }
    explicit operator bool() const noexcept { return raw_.status == STREAMCACHE_OK; }
    /** Which chunk it is. */
    std::size_t index() const noexcept { return index_; }
    /** With STREAMCACHE_DUPLICATE the first item with this key, else its own index. */
    std::size_t same_as() const noexcept { return raw_.same_as; }
    /** Empty unless STREAMCACHE_OK. */
    ValueRef value() const noexcept { return ValueRef(raw_.status == STREAMCACHE_OK ? raw_.value : nullptr); }
    /** The right to compute it; empty unless STREAMCACHE_FILL. */
    TicketRef ticket() const noexcept { return TicketRef(raw_.ticket); }
    /** With STREAMCACHE_REJECTED: why. */
    std::int32_t rejection() const noexcept {
        std::int32_t code = 0;
        streamcache_value_get_rejection(raw_.value, &code);
        return code;
    }

private:
    streamcache_batch_item raw_{};
    std::size_t index_ = 0;
};

/** What a batch's commit answers: true when every row was committed. */
class Committed : public outcome {
public:
    Committed(std::size_t stored, outcome &&with) noexcept : outcome(std::move(with)), stored_(stored) {}
    explicit operator bool() const noexcept { return status() == STREAMCACHE_OK; }
    /** How many rows were stored, also where a later one failed. */
    std::size_t stored() const noexcept { return stored_; }

private:
    std::size_t stored_;
};

/**
 * Chunks that were looked up together:
 *
 *     for (auto &item : batch) ...      // as they stood after the last begin, wait, commit or refresh of this object
 *
 * Compute what is STREAMCACHE_FILL and commit it, then wait for what others compute. What is open when it is destroyed
 * is given up. One owner, one thread at a time. Made from a C pointer it has no items before a refresh().
 */
class Batch : public detail::handle<streamcache_batch, streamcache_batch_free> {
public:
    using handle::handle;

    std::size_t size() const noexcept { return items_ ? count_ : 0; }
    const BatchItem *begin() const noexcept { return items_.get(); }
    const BatchItem *end() const noexcept { return items_.get() + size(); }
    const BatchItem &operator[](std::size_t index) const noexcept { return items_[index]; }
    /** How many items have this status: STREAMCACHE_FILL, the rows to compute. */
    std::size_t count(streamcache_status status) const noexcept {
        std::size_t many = 0;
        for (const BatchItem &item : *this) many += item.status() == status;
        return many;
    }

    /** Looks at the items anew: needed only after a commit by an item's own ticket. Allocates the first time alone. */
    result<void> try_refresh() noexcept {
        const std::size_t count = streamcache_batch_get_count(get());
        if (count != count_ || !items_) {
            std::unique_ptr<streamcache_batch_item[]> raw(new (std::nothrow) streamcache_batch_item[count]);
            std::unique_ptr<BatchItem[]> items(new (std::nothrow) BatchItem[count]);
            if (!raw || !items) return outcome(STREAMCACHE_NO_MEMORY);
            raw_ = std::move(raw);
            items_ = std::move(items);
            count_ = count;
        }
        const streamcache_status status =
            streamcache_batch_get_items(get(), raw_.get(), sizeof raw_[0], count, nullptr);
        if (status != STREAMCACHE_OK) return outcome(status);
        for (std::size_t i = 0; i < count; i++) items_[i] = BatchItem(raw_[i], i);
        return outcome();
    }
    /**
     * Waits for what others compute: STREAMCACHE_OK when nothing is pending any more; STREAMCACHE_FILL when an owner
     * gave up and an item is this batch's to compute now; STREAMCACHE_BUSY when the time was up. Whatever it is it is
     * answered: a batch made from a C pointer that has no memory for its items has none before a refresh().
     */
    result<void> try_wait(std::chrono::milliseconds timeout = default_timeout) noexcept {
        const streamcache_status status = streamcache_batch_wait(get(), detail::count32(timeout));
        static_cast<void>(try_refresh());
        return outcome(status);
    }
    /**
     * Publishes the results of all items that are STREAMCACHE_FILL, in order: `rows` is one row of equal size for each.
     * After a failure those before the refused row are committed.
     */
    Committed try_commit(bytes rows, const PutOptions &options = {}) noexcept {
        const std::size_t missing = count(STREAMCACHE_FILL), size = missing == 0 ? 0 : rows.size() / missing;
        if (size * missing != rows.size())
            return {0, outcome(STREAMCACHE_INVALID_ARGUMENT,
                               "the rows are not as many, of equal size, as items to compute")};
        return committed(nullptr, missing, rows, size, size, options);
    }
    /** Publishes results of some items: row r is the `size` bytes at r * stride, and is that of item items[r]. */
    Committed try_commit_rows(view<std::uint32_t> items, bytes rows, std::size_t stride, std::size_t size,
                              const PutOptions &options = {}) noexcept {
        const std::size_t steps = items.empty() ? 0 : items.size() - 1;
        if (size > rows.size() || (steps != 0 && stride > (rows.size() - size) / steps))
            return {0, outcome(STREAMCACHE_INVALID_ARGUMENT, "the rows end beyond their memory")};
        return committed(items.data(), items.size(), rows, stride, size, options);
    }

#ifdef STREAMCACHE_EXCEPTIONS
    void refresh() { detail::check(try_refresh()); }
    /** STREAMCACHE_OK, _FILL or _BUSY. */
    streamcache_status wait(std::chrono::milliseconds timeout = default_timeout) {
        return detail::checked(try_wait(timeout)).status();
    }
    /** How many rows were stored. */
    std::size_t commit(bytes rows, const PutOptions &options = {}) {
        return detail::checked(try_commit(rows, options)).stored();
    }
    std::size_t commit_rows(view<std::uint32_t> items, bytes rows, std::size_t stride, std::size_t size,
                            const PutOptions &options = {}) {
        return detail::checked(try_commit_rows(items, rows, stride, size, options)).stored();
    }
#endif

private:
    friend class Filter;
    static result<Batch> looked_up(streamcache_status status, streamcache_batch *raw) noexcept {
        if (raw == nullptr) return outcome(status);
        Batch batch(raw);
        outcome looked = batch.try_refresh();
        if (looked.failed()) return looked;
        return batch;
    }
    Committed committed(const std::uint32_t *items, std::size_t count, bytes rows, std::size_t stride,
                        std::size_t size, const PutOptions &options) noexcept {
        if (count == 0) return {0, outcome()};
        detail::put_call call(options);
        std::size_t stored = 0;
        const streamcache_status status =
            streamcache_batch_commit(get(), items, count, rows.data(), stride, size, call.options(), &stored);
        static_cast<void>(try_refresh());
        return {stored, call.done(status)};
    }

    std::unique_ptr<streamcache_batch_item[]> raw_;
    std::unique_ptr<BatchItem[]> items_;
    std::size_t count_ = 0;
};

} // namespace streamcache

#endif

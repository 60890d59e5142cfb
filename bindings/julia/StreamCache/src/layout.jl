# The header's constants, and its structs: an immutable struct of such fields has C's layout, which a test compares with
# the compiler's, field by field.

"What a function of the C library answers, such as `StreamCache.OK`; negative numbers are errors."
const Status = Int32

for (name, number, text) in (
    (:OK, 0, "Done; a lookup found its value."),
    (:MISS, 1, "Not there: compute it."),
    (:NOT_STORED, 2, "Not kept: no room, a flag said so, or its ticket was overtaken. The result is still the caller's."),
    (:BUFFER_TOO_SMALL, 3, "The caller's buffer is too small."),
    (:FILL, 4, "Not there, and the caller's to compute: there is a ticket."),
    (:BUSY, 5, "Another caller computes it, and the time was up."),
    (:REJECTED, 6, "A caller committed that there is no result."),
    (:PENDING, 7, "Another caller computes this item of a batch."),
    (:DUPLICATE, 8, "This item of a batch has the key of an earlier one."),
    (:BYPASSED, 9, "The stream's state is unknown, so nothing was looked up."),
    (:TIMEOUT, 10, "The time was up before all was done."),
    (:CANCELLED, 11, "It was told to stop before all was done."),
    (:INVALID_ARGUMENT, -1, "An argument breaks the function's contract; nothing happened."),
    (:NO_MEMORY, -2, "The allocator refused."),
    (:NO_SPACE, -3, "The byte budget can't hold it."),
    (:NO_STATE, -4, "The filter has no state yet."),
    (:CLOSED, -5, "The cache, or this handle, was closed."),
    (:IO_FAILED, -6, "A file or a store could not be read or written."),
    (:NOT_SUPPORTED, -7, "This build of the library, or this value, can't do that."),
    (:PANIC, -8, "A panic inside the library was contained; the cache refuses further work."),
    (:FORKED, -9, "The handle was made before a fork: open another cache in this process."),
    (:ENDED, -10, "The ticket was committed or aborted before."),
)
    @eval begin
        @doc $text const $name = Status($number)
    end
end

for (name, number, text) in (
    (:PEEK, 1, "Flag: look without counting, and without marking the result as used."),
    (:BYPASS, 2, "Flag: neither look nor store."),
    (:REFRESH, 4, "Flag: don't look, but store: the result is computed anew and replaced."),
    (:READ_ONLY, 8, "Flag: look, but don't store."),
    (:MEMORY_ONLY, 32, "Flag: neither read nor write the disk and the remote store."),
    (:NO_REMOTE, 64, "Flag: neither read nor write the remote store."),
)
    @eval begin
        @doc $text const $name = UInt32($number)
    end
end
const NO_WAIT = UInt32(16) # always set here: a wait inside C would stall every task's garbage collection
const FILTER_NONDETERMINISTIC = UInt32(1)

"""
    Digest

32 bytes of BLAKE3 that name content, or a computation (then it is called a key). Plain data: compare it, hash it, keep it
where you like. `Digest("64 hexadecimal digits")` reads one and `hex(digest)` writes it; `Vector{UInt8}(digest)` has its
bytes, and `Digest(bytes)` takes them.
"""
struct Digest
    words::NTuple{4,UInt64} # the bytes as they lie in memory
end

struct CBuffer # streamcache_buffer
    data::Ptr{Cvoid}
    len::Csize_t
end

struct CTensor # streamcache_tensor
    struct_size::Csize_t
    name::Ptr{Cvoid}
    name_len::Csize_t
    dtype_code::Int32
    dtype_bits::UInt32
    dtype_lanes::UInt32
    rank::UInt32
    dims::Ptr{Int64}
    data::Ptr{Cvoid}
    data_len::Csize_t
end

struct CTensorView # streamcache_tensor_view
    struct_size::Csize_t
    dtype_code::Int32
    dtype_bits::UInt32
    dtype_lanes::UInt32
    rank::UInt32
    dims::Ptr{Int64}
    offset::Csize_t
    length::Csize_t
end

struct CPutOptions # streamcache_put_options
    struct_size::Csize_t
    ttl_ms::UInt64
    compute_ns::UInt64
    tensors::Ptr{CTensorView}
    tensor_count::Csize_t
    blob::Ptr{Cvoid}
    blob_len::Csize_t
    error::Ptr{Ptr{Cvoid}}
end

struct CBatchItem # streamcache_batch_item
    status::Status
    same_as::UInt32
    value::Ptr{Cvoid}
    ticket::Ptr{Cvoid}
end

struct CCacheStats # streamcache_cache_stats
    struct_size::Csize_t
    lookups::UInt64
    hits::UInt64
    misses::UInt64
    coalesced::UInt64
    bypassed::UInt64
    rejected::UInt64
    busy::UInt64
    expired::UInt64
    puts::UInt64
    evictions::UInt64
    not_stored::UInt64
    entries::UInt64
    max_chunks::UInt64
    bytes::UInt64
    max_bytes::UInt64
    detached_bytes::UInt64
    leased_bytes::UInt64
    state_bytes::UInt64
    open_tickets::UInt64
    oldest_ticket_ms::UInt64
    time_saved_ns::UInt64
end

struct CFilterStats # streamcache_filter_stats
    struct_size::Csize_t
    lookups::UInt64
    hits::UInt64
    misses::UInt64
    coalesced::UInt64
    bypassed::UInt64
    rejected::UInt64
    puts::UInt64
    time_saved_ns::UInt64
end

struct CTierStats # streamcache_tier_stats
    struct_size::Csize_t
    hits::UInt64
    misses::UInt64
    refused::UInt64
    written::UInt64
    dropped::UInt64
    superseded::UInt64
    faults::UInt64
    pending::UInt64
    pending_bytes::UInt64
    entries::UInt64
    bytes::UInt64
    max_bytes::UInt64
    evictions::UInt64
    is_resting::UInt64
    too_large::UInt64
end

struct CTransferProgress # streamcache_transfer_progress
    struct_size::Csize_t
    entries::UInt64
    bytes::UInt64
    total_bytes::UInt64
    left_out::UInt64
    refused::UInt64
    not_stored::UInt64
end

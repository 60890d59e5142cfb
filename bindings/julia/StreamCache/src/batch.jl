# Many chunks that are looked up together.

"""
    Batch(filter, chunks; flags = 0)

Looks many chunks up at once: `batch[i]` is how chunk `i` stands, [`missing_items`](@ref) are those that are this batch's to
compute, one of each distinct chunk, and [`commit!`](@ref) publishes their results. Only then `wait(batch)` for what others
compute. `close` gives up what is open. One owner; calls from several tasks take turns. [`get_batch!`](@ref) does all of it.

Where there is a store behind memory, what memory hasn't is looked up there first, while other tasks run; such a chunk
counts two lookups.
"""
struct Batch <: Handle
    word::Threads.Atomic{UInt}
    lock::ReentrantLock
    count::Int
end

function Batch(filter::Filter, chunks::AbstractVector; flags::Integer = 0)
    its, made = digests(chunks), out()
    filter.behind && read_ahead(filter, its, flags % UInt32 | NO_WAIT)
    GC.@preserve filter checked(C.filter_begin_batch(raw(filter), its, length(its), flags % UInt32 | NO_WAIT, made))
    return Batch(owned(C.batch_free, made[]), ReentrantLock(), length(its))
end

"What the stores have of these chunks is in memory afterwards."
function read_ahead(filter, chunks, flags)
    flags & (BYPASS | REFRESH | MEMORY_ONLY) == 0 || return
    value = out()
    function ask(chunk)
        status = GC.@preserve filter C.filter_get(raw(filter), Ref(chunk), flags, value, C_NULL)
        C.value_release(value[])
        return status
    end
    absent = [chunk for chunk in unique(chunks) if !haskey(filter, chunk)]
    reading = [chunk for chunk in absent if ask(chunk) == BUSY] # all are under way before one is waited for
    foreach(chunk -> patiently(() -> ask(chunk), Inf, BUSY), reading)
end

Base.close(batch::Batch) = close_exclusive(batch)
Base.length(batch::Batch) = batch.count

function c_items(batch::Batch)
    items = Vector{CBatchItem}(undef, batch.count)
    exclusively(batch) do raw
        checked(C.batch_get_items(raw, items, sizeof(CBatchItem), length(items), C_NULL))
    end
    return items
end

"""
    batch[i] -> Union{Value,Rejected,Symbol}

How chunk `i` stands: its result or rejection, or `:missing` (this batch's to compute), `:pending` (another caller computes
it), `:duplicate` (an earlier chunk of the batch is the same, and it will have its result) or `:ended` (it was given up).
"""
function Base.getindex(batch::Batch, i::Integer)
    1 <= i <= batch.count || throw(BoundsError(batch, i))
    lock(batch.lock) do
        GC.@preserve batch stands(c_items(batch)[i])
    end
end

"The batch is locked: values in the item are its own."
function stands(item::CBatchItem)
    if item.status == OK || item.status == REJECTED
        C.value_retain(item.value)
        return found(item.status, item.value)
    end
    return item.status == FILL ? :missing : item.status == PENDING ? :pending :
           item.status == DUPLICATE ? :duplicate : :ended
end

"""
    missing_items(batch) -> Vector{Int}

The chunks that are this batch's to compute now, in order.
"""
missing_items(batch::Batch) = findall(item -> item.status == FILL, c_items(batch))

"""
    commit!(batch, rows; ttl = 0, compute_time = 0, blob = UInt8[]) -> Int

Publishes the results of all [`missing_items`](@ref), in order: `rows` is an array whose last dimension counts them, as a model
that ran over them leaves it, or a vector of results. The answer is how many were stored.

    commit!(batch, i, result; ...) -> Value

Publishes the result of chunk `i` alone.
"""
function commit!(batch::Batch, rows::AbstractArray{T,N}; described...) where {T<:Number,N}
    N > 0 || throw(ArgumentError("rows have a dimension that counts them"))
    data, stored, count = dense(rows), Ref{Csize_t}(0), size(rows, N)
    bytes = count == 0 ? 0 : sizeof_data(data) ÷ count
    given(one_row(data, bytes); described...) do from, _, options, _
        exclusively(batch) do raw
            C.batch_commit(raw, C_NULL, count, from, bytes, bytes, options, stored)
        end
    end
    return Int(stored[])
end

"The whole data, described as one of its rows is: a row of bytes isn't, as elsewhere."
function one_row(data::AbstractArray{T,N}, bytes) where {T,N}
    T === UInt8 && N == 2 && return Layout(data, CTensorView[], Vector{Int64}[])
    dtype, dims = DType(T), Int64[reverse(size(data)[1:N-1])...]
    view = CTensorView(sizeof(CTensorView), dtype.code, dtype.bits, dtype.lanes, length(dims), pointer(dims), 0, bytes)
    return Layout(data, [view], [dims])
end

function commit!(batch::Batch, rows::AbstractVector; described...)
    items = missing_items(batch)
    length(rows) == length(items) ||
        throw(ArgumentError("$(length(items)) chunks are missing, and there are $(length(rows)) results"))
    foreach((i, row) -> close(commit!(batch, i, row; described...)), items, rows)
    return length(rows)
end

function commit!(batch::Batch, i::Integer, result; described...)
    ticket = lock(batch.lock) do
        item = c_items(batch)[i]
        item.status == FILL || throw(ArgumentError("chunk $i is not this batch's to compute: it is $(stands(item))"))
        C.ticket_retain(item.ticket)
        held(item.ticket)
    end
    value = commit!(ticket, result; described...)
    finalize(ticket)
    return value
end

"""
    wait(batch; timeout = 60) -> Symbol

Waits for what other callers compute, while other tasks run: `:done` when nothing is pending any more; `:missing` when the
owner of a chunk gave up and it is this batch's to compute now; `:busy` when the time was up.
"""
function Base.wait(batch::Batch; timeout::Real = 60)
    status = patiently(() -> exclusively(raw -> checked(C.batch_wait(raw, 0)), batch), timeout, BUSY)
    return status == OK ? :done : status == FILL ? :missing : :busy
end

"""
    get_batch!(f, filter, chunks; timeout = 60, flags = 0, ttl = 0, compute_time = 0, blob = UInt8[]) -> Vector

The results of many chunks, each as [`results`](@ref) has it or a [`Rejected`](@ref): `f(missing_chunks)` computes those that
are not there, once each, and returns an array whose last dimension counts them, or a vector of results. What other callers
compute is waited for, up to `timeout` seconds; then this throws a `StreamCacheError`. Where `f` throws, what is missing goes
to the next in line, and the exception goes on. `f` is called again where another caller gave up.
"""
function get_batch!(f, filter::Filter, chunks::AbstractVector; timeout::Real = 60, flags::Integer = 0, described...)
    batch = Batch(filter, chunks; flags = flags)
    try
        while true
            items = missing_items(batch)
            isempty(items) || commit!(batch, f(chunks[items]); described...)
            how = wait(batch; timeout = timeout)
            how === :done && break
            how === :busy && throw(StreamCacheError(BUSY))
        end
        return [result_at(batch, i) for i in 1:length(batch)]
    finally
        close(batch)
    end
end

function result_at(batch, i)
    stand = batch[i]
    stand isa Symbol && throw(StreamCacheError(ENDED))
    return stand isa Value ? arrays(stand) : stand
end

# Tickets: the exclusive right to compute one missing value.

"""
    Ticket

The right to compute a missing value, from [`begin!`](@ref). [`commit!`](@ref) publishes the result, [`abort!`](@ref) or
`close` gives the right up to whoever waits. It belongs to no task or thread, though one at a time works on it.
"""
struct Ticket <: Handle
    word::Threads.Atomic{UInt}
end

"""
    begin!(filter, chunk; timeout = 60, flags = 0) -> Union{Value,Ticket,Rejected,Nothing}
    begin!(snapshot, chunk; ...)
    begin!(cache, key; ...)

Looks a chunk's result up: a [`Value`](@ref) where it is there, else a [`Ticket`](@ref) to compute it, which only one caller
gets. The others wait up to `timeout` seconds (0: not at all, `Inf`: for ever) for its result, while other tasks run, and
get `nothing` where the time was up. [`get!`](@ref) does all of it.
"""
function begin!(target::Target, chunk; timeout::Real = 60, flags::Integer = 0)
    checked_timeout(timeout)
    its, value, ticket = digest(chunk), out(), out()
    flags = flags % UInt32 | NO_WAIT
    try_it() = GC.@preserve target c_begin(target, Ref(its), flags, value, ticket)
    status = try_it()
    status == BUSY && (status = patiently(try_it, timeout, BUSY))
    return begun(checked(status), value[], ticket[])
end

@inline c_begin(cache::Cache, key, flags, value, ticket) = C.cache_begin(raw(cache), key, 0, flags, value, ticket)
@inline c_begin(filter::Filter, chunk, flags, value, ticket) = C.filter_begin(raw(filter), chunk, 0, flags, value, ticket)
@inline c_begin(snapshot::Snapshot, chunk, flags, value, ticket) =
    C.snapshot_begin(raw(snapshot), chunk, 0, flags, value, ticket)

function begun(status, value, ticket)::Union{Value,Ticket,Rejected,Nothing}
    status == FILL || status == BYPASSED ? held(ticket) : found(status, value)
end

held(ticket) = Ticket(owned(C.ticket_release, ticket))

function Base.close(ticket::Ticket)
    word = Threads.atomic_or!(ticket.word, closed_bit)
    # The reference is the finalizer's to give back, so another thread may still be in a call.
    word & closed_bit == 0 && GC.@preserve ticket C.ticket_abort(Ptr{Cvoid}(word))
    return nothing
end

"""
    commit!(ticket, result; ttl = 0, compute_time = 0, blob = UInt8[]) -> Value

Publishes a copy of `result`, which [`put!`](@ref) describes, and gives it to those who wait. The answer is a lease on it,
even where it was not stored: [`phase`](@ref). Without a `compute_time` the time since the ticket was given counts.

    commit!(f, ticket, T, dims; ...) -> Value

Calls `f(array)` to write the result where it stays, without a copy: `array` is an uninitialised `Array{T}` of these dims,
which is the cache's after that and must not be kept.

    commit!(ticket, output, next_state; ...) -> Value

Of a step of a stream: publishes its output and the next recurrent state together, and moves the stream on. A `next_state`
of `nothing` is unknown: nothing is stored then, and neither does the stream know its state.
"""
function commit!(ticket::Ticket, result; described...)
    _, value = GC.@preserve ticket given(laid_out(result); described...) do data, len, options, value
        C.ticket_commit_copy(raw(ticket), data, len, options, value)
    end
    return leased(value)
end

function commit!(f::Base.Callable, ticket::Ticket, ::Type{T}, dims::Tuple{Vararg{Integer}}; described...) where {T}
    DType(T)
    all(>=(0), dims) || throw(ArgumentError("dims are 0 or more, not $dims"))
    bytes = mapreduce(BigInt, *, dims; init = BigInt(sizeof(T)))
    bytes <= typemax(Int) || throw(StreamCacheError(NO_MEMORY))
    room = Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve ticket C.ticket_buffer(raw(ticket), bytes, room)
    if status == NO_SPACE
        array = Array{T}(undef, dims)
        f(array)
        return commit!(ticket, array; described...)
    end
    checked(status)
    array = unsafe_wrap(Array, Ptr{T}(room[]), dims)
    f(array)
    _, value = GC.@preserve ticket given(laid_out(array); described...) do _, len, options, value
        C.ticket_commit(raw(ticket), len, options, value)
    end
    return leased(value)
end

function commit!(ticket::Ticket, output, next_state; described...)
    next = next_state === nothing ? UInt8[] : laid_out(next_state).data
    _, value = GC.@preserve ticket next given(laid_out(output); described...) do data, len, options, value
        to = next_state === nothing ? C_NULL : Ptr{Cvoid}(pointer(next))
        C.ticket_commit_step(raw(ticket), data, len, to, sizeof_data(next), options, value)
    end
    return leased(value)
end

"""
    reject!(ticket, code; ttl = 0)

Publishes that there is no result: later lookups, and those who wait, get a [`Rejected`](@ref) with this code, for `ttl`
seconds (0: the cache's own limit). A computation that merely failed is to be aborted instead.
"""
function reject!(ticket::Ticket, code::Integer; ttl::Real = 0)
    GC.@preserve ticket checked(C.ticket_commit_rejection(raw(ticket), code, milliseconds(ttl)))
    return ticket
end

"""
    abort!(ticket)

Gives the right up, after a computation that failed: a caller who waits gets it, else the next lookup.
"""
abort!(ticket::Ticket) = (GC.@preserve ticket checked(C.ticket_abort(raw(ticket))); ticket)

"""
    phase(ticket) -> Symbol

Where a ticket stands: `:open`, `:committed` (stored or not), `:aborted`, or `:fenced`: a purge, a removal or a put overtook
it, so that a commit is not stored.
"""
function phase(ticket::Ticket)
    its = Ref{Int32}(0)
    GC.@preserve ticket checked(C.ticket_get_phase(raw(ticket), its))
    return (:open, :committed, :aborted, :fenced)[its[]+1]
end

function key(ticket::Ticket)
    made = Ref{Digest}()
    GC.@preserve ticket checked(C.ticket_get_key(raw(ticket), made))
    return made[]
end

state(ticket::Ticket) = first(both(C.ticket_get_state, ticket))
state_digest(ticket::Ticket) = last(both(C.ticket_get_state, ticket))

"""
    step_state(ticket) -> Value

Leases the recurrent state that a stream's step begins with: the one to compute from, wherever the stream is by now.
"""
step_state(ticket::Ticket) = first(both(C.ticket_get_step_state, ticket))

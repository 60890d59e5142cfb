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
get `nothing` where the time was up. A store behind memory is waited for whatever the `timeout`, for it is asked for a moment
only; where it has nothing, a `timeout` that is shorter than this may give `nothing` though nobody computes.
[`get!`](@ref) does all of it.
"""
function begin!(target::Target, chunk; timeout::Real = 60, flags::Integer = 0)
    checked_timeout(timeout)
    its, value, ticket = digest(chunk), out(), out()
    flags = flags % UInt32 | NO_WAIT
    try_it() = GC.@preserve target c_begin(target, Ref(its), flags, value, ticket)
    status = try_it()
    if status == BUSY
        status = patiently(try_it, timeout, BUSY)
        status == BUSY && target.behind && (status = read_first(try_it, target, its, flags, value))
    end
    return begun(checked(status), value[], ticket[])
end

"""
After a time that was up: was it another caller who computes, or a store that was being read? A lookup knows only the latter.
"""
function read_first(try_it, target, its, flags, value)
    flags & (BYPASS | REFRESH | MEMORY_ONLY) == 0 || return BUSY
    status, found, _ = got_later(target, its, flags)
    value[] = found
    return status == MISS ? try_it() : status
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
    # The reference is the finalizer's to give back, so another thread may still be in a call; one that is ending it goes on.
    word & flag_bits == 0 && GC.@preserve ticket C.ticket_abort(Ptr{Cvoid}(word))
    return nothing
end

const ending_bit = UInt(2)

"""
Calls with the address of a ticket that no other call ends meanwhile, so that its memory stays. Where it is closed
meanwhile, the right is given up afterwards.
"""
function ending(call, ticket::Ticket)
    its = claim(ticket)
    C.ticket_retain(its)
    try
        return GC.@preserve ticket call(its)
    finally
        Threads.atomic_and!(ticket.word, ~ending_bit) & closed_bit == 0 || C.ticket_abort(its)
        C.ticket_release(its)
    end
end

function claim(ticket)
    while true
        word = ticket.word[]
        word & closed_bit == 0 || throw_closed(ticket)
        word & ending_bit == 0 || throw(StreamCacheError(INVALID_ARGUMENT, "another call is ending this ticket"))
        Threads.atomic_cas!(ticket.word, word, word | ending_bit) === word && return Ptr{Cvoid}(word)
    end
end

"""
    commit!(ticket, result; ttl = 0, compute_time = 0, blob = UInt8[]) -> Value

Publishes a copy of `result`, which [`put!`](@ref) describes, and gives it to those who wait. The answer is a lease on it,
even where it was not stored: [`phase`](@ref). Without a `compute_time` the time since the ticket was given counts.

    commit!(f, ticket, T, dims; ...) -> Value

Calls `f(array)` to write the result where it stays, without a copy: `array` is an uninitialised `DenseArray{T}` of these
dims. What it is over is the cache's after that: an array that was kept throws when it is used, but a `pointer` to it dangles.
While `f` runs nothing else ends the ticket: `commit!`, `reject!` and `abort!` throw, and `close` is put off until then.
"""
function commit!(ticket::Ticket, result; described...)
    layout = laid_out(result)
    return ending(its -> committed(its, layout; described...), ticket)
end

committed(its, result; described...) = committed(its, laid_out(result); described...)

function committed(its, layout::Layout; described...)
    _, value = given(layout; described...) do data, len, options, value
        C.ticket_commit_copy(its, data, len, options, value)
    end
    return leased(value)
end

"""
    reject!(ticket, code; ttl = 0)

Publishes that there is no result: later lookups, and those who wait, get a [`Rejected`](@ref) with this code, for `ttl`
seconds (0: the cache's own limit). A computation that merely failed is to be aborted instead.
"""
function reject!(ticket::Ticket, code::Integer; ttl::Real = 0)
    ending(its -> checked(C.ticket_commit_rejection(its, code, milliseconds(ttl))), ticket)
    return ticket
end

"""
    abort!(ticket)

Gives the right up, after a computation that failed: a caller who waits gets it, else the next lookup.
"""
abort!(ticket::Ticket) = (ending(its -> checked(C.ticket_abort(its)), ticket); ticket)

"""
    phase(ticket) -> Symbol

Where a ticket stands: `:open`, `:committed` (stored or not), `:aborted`, or `:fenced`: a purge, a removal or a put overtook
it, so that a commit is not stored. What only a later library knows is `:unknown`.
"""
function phase(ticket::Ticket)
    its = Ref{Int32}(0)
    GC.@preserve ticket checked(C.ticket_get_phase(raw(ticket), its))
    return name_of((:open, :committed, :aborted, :fenced), its[])
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

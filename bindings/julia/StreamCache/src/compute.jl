# Compute once.

"""
    get!(f, filter, chunk; timeout = 60, flags = 0, ttl = 0, compute_time = 0, blob = UInt8[])
    get!(f, snapshot, chunk; ...)
    get!(f, cache, key; ...)
    get!(filter, chunk, default; ...)

A chunk's result, from the cache, or else `f()`, which is stored: an array without gaps, a number, a text, or a tuple of
these. It comes as [`results`](@ref) has it, computed or not. However many tasks and threads of the process ask for one
chunk, one of them computes; the others wait for its result, while other tasks run, for `timeout` seconds at most (`Inf`:
for ever), after which they compute for themselves. So does a task that asks for what it is computing itself.

Where `f` throws, nothing is stored, the right to compute goes to the next in line, and the exception goes on. Where it throws
a [`Rejected`](@ref) of its own, that is remembered. It computes with the trained state that the filter had when this began: where
another task may load a state meanwhile, use a [`snapshot`](@ref) and its [`state`](@ref).

    get!(f, filter, chunk, T, dims; ...)

Calls `f(array)` to write the result where it stays, see [`commit!`](@ref).
"""
function Base.get!(f::Base.Callable, target::Target, chunk; timeout::Real = 60, flags::Integer = 0, described...)
    computed(target, chunk, timeout, flags; described...) do ticket
        ticket === nothing ? f() : commit!(ticket, f(); described...)
    end
end

function Base.get!(f::Base.Callable, target::Target, chunk, ::Type{T}, dims::Tuple{Vararg{Integer}};
                   timeout::Real = 60, flags::Integer = 0, described...) where {T}
    computed(target, chunk, timeout, flags; described...) do ticket
        ticket === nothing || return commit!(f, ticket, T, dims; described...)
        array = Array{T}(undef, dims)
        f(array)
        array
    end
end

Base.get!(target::Target, chunk, default; options...) = get!(() -> default, target, chunk; options...)

"`work(ticket)` commits and gives the lease; `work(nothing)` gives the result."
function computed(work, target, chunk, timeout, flags; described...)
    its = digest(chunk)
    answer = begin!(target, its; timeout = timeout, flags = flags)
    answer isa Value && return arrays(answer)
    answer isa Rejected && throw(answer)
    try
        answer === nothing && return computed_alone(work, target, its, flags; described...)
        return arrays(work(answer))
    catch why
        why isa Rejected && !why.is_known || rethrow()
        answer isa Ticket && isopen(answer) && phase(answer) === :open && reject!(answer, why.code; ttl = why.ttl_ms / 1000)
        throw(Rejected(why.code, why.ttl_ms, true)) # to an outer computation it is not its own
    finally
        answer isa Ticket && finalize(answer) # nobody else has it: an open one is given up
    end
end

"Without a ticket, for another caller takes longer than this one waits; who waits for that one has this result, too."
function computed_alone(work, target, its, flags; compute_time::Real = 0, described...)
    under = target isa Filter ? key(target, its) : nothing
    begun_at = time_ns()
    result = work(nothing)
    took = compute_time == 0 ? (time_ns() - begun_at) / 1e9 : compute_time
    _, value = stored(target, its, result, under, flags, true; compute_time = took, described...)
    return arrays(leased(value))
end

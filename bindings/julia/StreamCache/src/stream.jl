# Streams: a filter whose recurrent state evolves chunk by chunk.

"""
    Stream(filter, state)

Opens a stream at an initial recurrent state, an array without gaps or a text, which is copied. Each step's key names the
state it begins with, so a stream hits where the same chunks come again from the same beginning: [`step!`](@ref). Its key
has the state's bytes, not their type: let the filter's `config` say what the states are. It pins
the trained state that the filter has now, until a [`reset!`](@ref). Of many streams from one state, open one and
[`fork`](@ref) it. Any thread, one step at a time.
"""
struct Stream{T,N} <: Handle
    word::Threads.Atomic{UInt}
    dims::NTuple{N,Int} # of the state, which the library has as bytes
end

function Stream(filter::Filter, state::AbstractArray{T,N}) where {T,N}
    DType(T)
    data, made, details = dense(state), out(), out()
    GC.@preserve filter data begin
        status = C.stream_open(raw(filter), Ptr{Cvoid}(pointer(data)), sizeof_data(data), made, details)
    end
    checked(status, details[])
    return Stream{T,N}(owned(C.stream_release, made[]), size(state))
end

Stream(filter::Filter, state::AbstractString) = Stream(filter, codeunits(flat(state)))

"""
    step!(f, stream, chunk; timeout = 60, flags = 0, ttl = 0, compute_time = 0, blob = UInt8[])

The output of the stream's next chunk, as [`results`](@ref) has it, and moves the stream on: from the cache, or else
`f(state)` computes `(output, next_state)` from the recurrent state, a read-only array of the initial one's element type and
shape. So must `next_state` be, or it is an `ArgumentError`, and the stream stays where it is; only the length of a vector or
a text may change. (`state .* 0.5` makes a `Vector{Float64}` of a `Vector{Float32}`.) `next_state` is `nothing` where it is
not known. After that, and after [`forget!`](@ref), `f(nothing)` is asked for the outputs, which are not stored, until it
gives a state again.

Where another caller computes the same step, or another step of this stream is under way, other tasks run for `timeout`
seconds at most; then this throws a `StreamCacheError`. Where `f` throws, the stream stays where it is.
"""
function step!(f, stream::Stream, chunk; timeout::Real = 60, flags::Integer = 0, described...)
    its, value, ticket = digest(chunk), out(), out()
    flags = flags % UInt32 | NO_WAIT
    try_it() = GC.@preserve stream C.stream_begin(raw(stream), Ref(its), 0, flags, value, ticket)
    status = checked(patiently(try_it, timeout, BUSY))
    status == BUSY && throw(StreamCacheError(BUSY))
    answer = begun(status, value[], ticket[])
    answer isa Value && return arrays(answer)
    try
        output, next_state = f(status == BYPASSED ? nothing : state_array(stream, step_state(answer)))
        next = next_state === nothing ? nothing : fitting(stream, next_state)
        return arrays(commit_step!(answer, output, next; described...))
    finally
        finalize(answer) # nobody else has it: an open one is given up
    end
end

function commit_step!(ticket::Ticket, output, next; described...)
    _, value = GC.@preserve ticket next given(laid_out(output); described...) do data, len, options, value
        to, size = next === nothing ? (C_NULL, 0) : (Ptr{Cvoid}(pointer(next)), sizeof_data(next))
        C.ticket_commit_step(raw(ticket), data, len, to, size, options, value)
    end
    return leased(value)
end

"A recurrent state as an array whose bytes alone say it all: the rest is as it was when the stream was opened."
function fitting(stream::Stream{T,N}, state) where {T,N}
    array = state isa AbstractString ? codeunits(flat(state)) : state isa Number ? fill(state) : state
    array isa AbstractArray{T,N} && (N == 1 || size(array) == stream.dims) && return dense(array)
    expected = N == 1 ? "a vector of $T" : "of $T and size $(stream.dims)"
    throw(ArgumentError("the states of this stream are $expected, and this is a $(summary(array)): convert it"))
end

"A recurrent state as the array it was given as."
state_array(stream::Stream{T,N}, lease::Value) where {T,N} =
    N == 1 ? LeasedArray{T}(lease) : LeasedArray{T}(lease, stream.dims)

function state(stream::Stream)
    value, its = out(), Ref{Digest}()
    GC.@preserve stream status = C.stream_get_state(raw(stream), value, its)
    status == NO_STATE && return nothing
    checked(status)
    return state_array(stream, leased(value[]))
end

function reset!(stream::Stream)
    details = out()
    GC.@preserve stream status = C.stream_reset(raw(stream), C_NULL, 0, details)
    checked(status, details[])
    return stream
end

function reset!(stream::Stream, state)
    data, details = fitting(stream, state), out()
    GC.@preserve stream data status = C.stream_reset(raw(stream), Ptr{Cvoid}(pointer(data)), sizeof_data(data), details)
    checked(status, details[])
    return stream
end

"""
    forget!(stream)

Tells a stream that the engine went on without it: its state is unknown until a [`reset!`](@ref), or a step that gives one.
"""
forget!(stream::Stream) = (GC.@preserve stream checked(C.stream_forget(raw(stream))); stream)

"""
    fork(stream) -> Stream

Another stream at the same place, with the same initial state and the same pinned trained state.
"""
function fork(stream::Stream{T,N}) where {T,N}
    made = out()
    GC.@preserve stream checked(C.stream_fork(raw(stream), made))
    return Stream{T,N}(owned(C.stream_release, made[]), stream.dims)
end

"""
    position(stream) -> Int

How many chunks a stream has gone since it was opened or reset.
"""
function Base.position(stream::Stream)
    steps = Ref{UInt64}(0)
    GC.@preserve stream checked(C.stream_get_position(raw(stream), steps))
    return Int(steps[])
end

"""
    digest(stream) -> Digest

Names a stream's place: streams of equal digests give equal outputs from here on.
"""
function digest(stream::Stream)
    made = Ref{Digest}()
    GC.@preserve stream checked(C.stream_get_digest(raw(stream), made))
    return made[]
end

# Handles: an address in an atomic word, whose lowest bit says that it is closed; a finalizer leaves 1.

"What refers to an object of the C library. `close` it, or leave it to the garbage collector; see `close`."
abstract type Handle end

const closed_bit = UInt(1)
const flag_bits = UInt(3) # the other one says that a call has the object for itself

"A reference to `raw`, which `release` gives back. The finalizer never waits or yields,
and what takes long to free, as a large cache does, holds up no collection."
function owned(release, raw::Ptr{Cvoid})
    word = Threads.Atomic{UInt}(UInt(raw))
    finalizer(word) do word
        last = Threads.atomic_xchg!(word, closed_bit) & ~flag_bits
        last == 0 || release(Ptr{Cvoid}(last))
    end
    return word
end

"The address for a call; the caller keeps the handle alive with GC.@preserve."
@inline function raw(handle::Handle)
    word = handle.word[]
    word & closed_bit == 0 || throw_closed(handle)
    return Ptr{Cvoid}(word & ~flag_bits)
end

@noinline throw_closed(handle) = throw(StreamCacheError(CLOSED, "this $(nameof(typeof(handle))) was closed"))

"""
    close(handle)

Ends a handle: every later call on it throws a [`StreamCacheError`](@ref), and closing again does nothing. Any thread, also
while others are in a call on it. A `Value`, `Ticket`, `Batch`, `Hasher` or `Barrier` gives back what it holds at once. The
others, and a ticket after its right, may be in use by another thread at that moment, so their memory is given back when
Julia collects them; `finalize(handle)` does so at once, where no other thread is in a call. What is never closed is
collected, too.
"""
function Base.close(handle::Handle)
    Threads.atomic_or!(handle.word, closed_bit)
    return nothing
end

Base.isopen(handle::Handle) = handle.word[] & closed_bit == 0
Base.finalize(handle::Handle) = finalize(handle.word)
Base.show(io::IO, handle::Handle) = print(io, nameof(typeof(handle)), isopen(handle) ? "(…)" : "(closed)")
Base.deepcopy_internal(handle::Handle, ::IdDict) = handle

function Serialization.serialize(::AbstractSerializer, handle::Handle)
    throw(ArgumentError("a $(nameof(typeof(handle))) is of this process alone: it can't be serialized"))
end

"""
Runs `call(address)` for a handle whose object has one owner, one call at a time, so that a `close` meanwhile waits for it.
"""
function exclusively(call, handle::Handle)
    lock(handle.lock) do
        GC.@preserve handle call(raw(handle))
    end
end

function close_exclusive(handle::Handle)
    lock(handle.lock) do
        finalize(handle.word)
    end
    return nothing
end

const Out = Base.RefValue{Ptr{Cvoid}} # where a function writes a handle or an error
out() = Ref{Ptr{Cvoid}}(C_NULL)

# The address of a Ref that GC.@preserve keeps where it is.
@inline pointer_to(ref::Base.RefValue{T}) where {T} = Base.unsafe_convert(Ptr{T}, ref)

const long_bytes = 1 << 20 # data of this size or more is digested piece by piece

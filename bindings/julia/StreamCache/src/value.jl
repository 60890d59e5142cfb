# Values: immutable results and states. A Value is a lease.

"""
    Value

A lease on a result or a state: its memory stays, whatever is evicted, purged or closed, until `close(value)` or the garbage
collector ends the lease. [`results`](@ref) are its arrays, which hold leases of their own; `sizeof(value)` is its bytes.
"""
struct Value <: Handle
    word::Threads.Atomic{UInt}
end

leased(raw::Ptr{Cvoid}) = Value(owned(C.value_release, raw))

const pinned_bit = UInt(2)

"""
Calls with the address of a value that no other thread ends meanwhile: these are the shortest of calls, and may neither
throw nor yield. A Ctrl-C waits until it is over: it would leave the value pinned for ever.
"""
@inline function pinned(call, value::Value)
    word = value.word
    Base.sigatomic_begin()
    found = pin(value) # what this throws ends the wait, too
    GC.@preserve value answer = call(Ptr{Cvoid}(found))
    word[] = found
    Base.sigatomic_end()
    return answer
end

@inline function pin(value::Value, to::UInt = pinned_bit)
    while true
        found = value.word[]
        found & closed_bit == 0 || (to == closed_bit ? (return UInt(0)) : throw_closed(value))
        if found & pinned_bit == 0
            Threads.atomic_cas!(value.word, found, to == closed_bit ? to : found | to) === found && return found
        end
        GC.safepoint() # whoever has it may be waiting for a collection
    end
end

function Base.close(value::Value)
    last = pin(value, closed_bit)
    last == 0 || C.value_release(Ptr{Cvoid}(last))
    return nothing
end

"Another lease of the same value."
function share(value::Value)
    raw = pinned(value) do raw
        C.value_retain(raw)
        raw
    end
    return leased(raw)
end

Base.sizeof(value::Value) = Int(pinned(C.value_size, value))

"""
    tensors(value) -> Vector

The tensors a value describes, as NamedTuples: `dtype`, `dims` in C order (those of a Julia array of size `(a, b)` are
`[b, a]`), and where they are in the payload, `offset` and `length` in bytes.
"""
function tensors(value::Value)
    lease = share(value) # so that dims stay while they are copied
    try
        return [described(lease, index) for index in 1:Int(pinned(C.value_tensor_count, lease))]
    finally
        close(lease)
    end
end

function described(lease::Value, index)
    view = Ref(CTensorView(sizeof(CTensorView), 0, 0, 0, 0, C_NULL, 0, 0))
    checked(pinned(raw -> C.value_get_tensor(raw, index - 1, view), lease))
    found = view[]
    GC.@preserve lease dims = Int64[unsafe_load(found.dims, i) for i in 1:found.rank]
    dtype = DType(found.dtype_code, found.dtype_bits, found.dtype_lanes)
    return (dtype = dtype, dims = dims, offset = Int(found.offset), length = Int(found.length))
end

"""
    blob(value) -> Vector{UInt8}

A copy of the few bytes that a put kept beside the result; empty where it kept none.
"""
function blob(value::Value)
    len = Ref{Csize_t}(0)
    lease = share(value)
    from = pinned(raw -> C.value_blob(raw, len), lease)
    copy = Vector{UInt8}(undef, len[])
    isempty(copy) || unsafe_copyto!(pointer(copy), Ptr{UInt8}(from), length(copy))
    close(lease)
    return copy
end

"""
    content(value) -> Digest

The digest of a value's content: the chunk for the next filter in a chain. Made the first time someone asks, then kept.
"""
function content(value::Value)
    made, lease = Ref{Digest}(), share(value)
    status = GC.@preserve lease C.value_get_content(raw(lease), made)
    close(lease)
    checked(status)
    return made[]
end

"""
    tier(value) -> Symbol

Where a value came from when it entered this process's memory: `:memory`, for it was computed here, `:disk` or `:remote`.
What only a later library knows is `:unknown`.
"""
tier(value::Value) = name_of((:memory, :disk, :remote), pinned(C.value_get_tier, value))

name_of(names, number) = 0 <= number < length(names) ? names[number+1] : :unknown

"The code of a rejection; `nothing` for an ordinary result."
function rejection(value::Value)
    code = Ref{Int32}(0)
    return pinned(raw -> C.value_get_rejection(raw, code), value) == OK ? Rejected(code[], 0, true) : nothing
end

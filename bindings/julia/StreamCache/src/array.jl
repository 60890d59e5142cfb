# Results as arrays over the cache's own memory.

"""
    LeasedArray{T,N} <: DenseArray{T,N}

A result where it is: a read-only array over the cache's memory, which keeps its lease until it is collected. Views, BLAS and
`pointer` work on it as on an `Array`; `copy` and `Array` make one that can be written to. To set an element is an error, but
what writes through a `pointer` is not stopped, and changes the result for all who have it: never give one as the output
of `mul!`, `axpy!`, `rmul!`, `ldiv!`, `fft!` and the like. Its memory counts against the cache's `max_bytes` as long as the
array lives, so copy out what is kept for long, or use [`get_into!`](@ref).

    LeasedArray{T}(value)
    LeasedArray{T}(value, dims)

All bytes of a value as elements of `T`, whatever it describes: a vector, or of these (Julia's) dims. Throws an
`ArgumentError` where the size or the memory's alignment doesn't fit.
"""
struct LeasedArray{T,N} <: DenseArray{T,N}
    data::Ptr{T}
    dims::NTuple{N,Int}
    lease::Value
    global unsafe_array(data::Ptr{T}, dims::NTuple{N,Int}, lease::Value) where {T,N} = new{T,N}(data, dims, lease)
end

Base.size(a::LeasedArray) = a.dims
Base.IndexStyle(::Type{<:LeasedArray}) = IndexLinear()
Base.strides(a::LeasedArray) = Base.size_to_strides(1, a.dims...)
Base.elsize(::Type{<:LeasedArray{T}}) where {T} = sizeof(T)
Base.unsafe_convert(::Type{Ptr{T}}, a::LeasedArray{T}) where {T} = a.data

@inline function Base.getindex(a::LeasedArray, i::Int)
    @boundscheck checkbounds(a, i)
    lease = a.lease
    return GC.@preserve lease unsafe_load(a.data, i)
end

function Base.setindex!(::LeasedArray, _, ::Int...)
    throw(ArgumentError("a result in the cache is immutable: write to a copy of it"))
end

function Base.Array{T,N}(a::LeasedArray{T,N}) where {T,N}
    copied = Array{T,N}(undef, a.dims)
    GC.@preserve a unsafe_copyto!(pointer(copied), a.data, length(copied))
    return copied
end

Base.Array(a::LeasedArray{T,N}) where {T,N} = Array{T,N}(a)
Base.copy(a::LeasedArray) = Array(a)
Base.deepcopy_internal(a::LeasedArray, ::IdDict) = a # nobody can change it
Serialization.serialize(s::AbstractSerializer, a::LeasedArray) = serialize(s, Array(a))

function LeasedArray{T}(value::Value) where {T}
    size = sizeof(value)
    size % sizeof(T) == 0 || throw(ArgumentError("$size bytes are no elements of type $T: see tensors(value)"))
    return LeasedArray{T}(value, (size ÷ sizeof(T),))
end

function LeasedArray{T}(value::Value, dims::Tuple{Vararg{Integer}}) where {T}
    DType(T)
    lease = share(value)
    wanted = mapreduce(BigInt, *, dims; init = BigInt(sizeof(T)))
    wanted == sizeof(lease) || throw(ArgumentError("the value has $(sizeof(lease)) bytes, not $wanted: see tensors(value)"))
    return unsafe_array(memory(T, lease, 0), map(Int, dims), lease)
end

"Where a value's elements begin, if they can be read there."
function memory(::Type{T}, lease::Value, offset) where {T}
    data = pinned(C.value_data, lease)
    data == C_NULL && sizeof(lease) > 0 && throw(StreamCacheError(NOT_SUPPORTED, "the value is in a device's memory"))
    at = data + offset
    UInt(at) % Base.datatype_alignment(T) == 0 ||
        throw(ArgumentError("the value's memory is not aligned for $T: copy it out of LeasedArray{UInt8}(value)"))
    return Ptr{T}(at)
end

"""
    results(value)

A value as arrays without a copy, by the tensors it describes: one `LeasedArray` for one tensor, a tuple of them for several,
a `LeasedArray{UInt8,1}` where it describes none. They hold a lease of their own, and stay when the value is closed. Throws
a `StreamCacheError` where Julia has no such element type; then [`tensors`](@ref) has it, and `LeasedArray{UInt8}(value)`
the bytes.
"""
results(value::Value) = arrays(share(value))

"As results(), for a lease that nobody else has."
function arrays(lease::Value)
    count = Int(pinned(C.value_tensor_count, lease))
    count == 0 && return unsafe_array(memory(UInt8, lease, 0), (sizeof(lease),), lease)
    count == 1 && return tensor_array(lease, 1)
    return Tuple(tensor_array(lease, index) for index in 1:count)
end

function tensor_array(lease::Value, index)
    tensor = described(lease, index)
    T = julia_type(tensor.dtype)
    T === nothing && throw(StreamCacheError(NOT_SUPPORTED, "Julia has no type for elements of $(tensor.dtype)"))
    return unsafe_array(memory(T, lease, tensor.offset), Tuple(Int.(reverse(tensor.dims))), lease)
end

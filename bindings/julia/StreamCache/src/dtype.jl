# Element types, as Julia and as DLPack name them.

"""
    DType(code, bits, lanes)
    DType(T)

A tensor's element type: DLPack's type code (0 signed, 1 unsigned, 2 float, 3 opaque, 4 bfloat, 5 complex, 6 bool, up to
17), bits of one lane, lanes of one element. `DType(T)` is that of a Julia type: integers, `Float16` to `Float64`, their
complex numbers, `Bool`, and `NTuple{N,T}` of those for `N` lanes. Throws an `ArgumentError` for another; a `Ptr` says
nothing about content.
"""
struct DType
    code::Int32
    bits::UInt32
    lanes::UInt32
end

bits(T) = UInt32(8 * sizeof(T))

DType(::Type{T}) where {T<:Base.BitSigned} = DType(0, bits(T), 1)
DType(::Type{T}) where {T<:Base.BitUnsigned} = DType(1, bits(T), 1)
DType(::Type{T}) where {T<:Union{Float16,Float32,Float64}} = DType(2, bits(T), 1)
DType(::Type{T}) where {T<:Complex{<:Union{Float16,Float32,Float64}}} = DType(5, bits(T), 1)
DType(::Type{Bool}) = DType(6, 8, 1)
DType(::Type{T}) where {T} = throw(ArgumentError("elements of type $T have no DLPack type: convert them to numbers first"))

function DType(::Type{NTuple{N,T}}) where {N,T}
    one = DType(T)
    one.lanes == 1 && 0 < N <= typemax(UInt16) || throw(ArgumentError("a tuple of $N elements of type $T is no DLPack type"))
    return DType(one.code, one.bits, N)
end

const known_types = Dict{DType,DataType}(DType(T) => T for T in (
    Int8, Int16, Int32, Int64, Int128, UInt8, UInt16, UInt32, UInt64, UInt128, Float16, Float32, Float64,
    Complex{Float16}, Complex{Float32}, Complex{Float64}, Bool,
))

"The Julia type of a DType; `nothing` where there is none, as for bfloat16 and elements of less than a byte."
function julia_type(dtype::DType)
    one = get(known_types, DType(dtype.code, dtype.bits, 1), nothing)
    return one === nothing || dtype.lanes == 1 ? one : NTuple{Int(dtype.lanes),one}
end

"""
Data without gaps, in Julia's order: an array whose memory can be read from its first element to its last. Throws an
`ArgumentError` for strided data, for what has no memory at all, such as a range, and for elements that are addresses.
"""
@inline function dense(x::AbstractArray{T}) where {T}
    is_content(T) || no_content(T)
    x isa DenseArray || x isa StridedArray && (isempty(x) || gapless(x)) || throw(ArgumentError(
        "a $(typeof(x)) is not contiguous in memory: give a copy, as collect(x) makes it"))
    return x
end

"Are an element's bytes all there is to it?"
@generated is_content(::Type{T}) where {T} = holds_content(T)

holds_content(T) = isbitstype(T) && !(T <: Ptr) &&
                   (T <: NTuple ? T === Tuple{} || holds_content(fieldtype(T, 1)) : all(holds_content, fieldtypes(T)))

@noinline no_content(T) = throw(ArgumentError("elements of type $T are not plain bits, but addresses in this process"))

function gapless(x)
    step = 1
    for (length, stride) in zip(size(x), strides(x))
        length == 1 || stride == step || return false
        step *= length
    end
    return true
end

"The dims of a Julia array in C order: a size of (a, b) is {b, a}."
c_dims(x::AbstractArray) = Int64[reverse(size(x))...]

# Storing: a result is laid out as bytes and the tensors in them.

"A result as a put takes it: its bytes, what they are, and the dims that the descriptions point to."
struct Layout{D<:AbstractArray}
    data::D
    views::Vector{CTensorView}
    dims::Vector{Vector{Int64}}
end

"Plain bytes have no description, other arrays one, a tuple one each."
laid_out(result::AbstractString) = laid_out(codeunits(flat(result)))
laid_out(result::AbstractVector{UInt8}) = Layout(dense(result), CTensorView[], Vector{Int64}[])
laid_out(result::Number) = laid_out(fill(result))
laid_out(result) = throw(ArgumentError("a result is an array, a number, a text, or a tuple of these, not a $(typeof(result))"))

function laid_out(result::AbstractArray)
    view, dims = described_at(0, dense(result))
    return Layout(dense(result), [view], [dims])
end

function laid_out(result::Tuple)
    isempty(result) && throw(ArgumentError("an empty tuple is no result"))
    parts = map(part -> part isa AbstractString ? codeunits(flat(part)) : part isa Number ? fill(part) : dense(part), result)
    views, dims, size = CTensorView[], Vector{Int64}[], 0
    for part in parts
        view, its_dims = described_at(cld(size, 64) * 64, part)
        push!(views, view)
        push!(dims, its_dims)
        size = view.offset + view.length
    end
    data = zeros(UInt8, size)
    for (view, part) in zip(views, parts)
        GC.@preserve part unsafe_copyto!(pointer(data) + view.offset, Ptr{UInt8}(pointer(part)), Int(view.length))
    end
    return Layout(data, views, dims)
end

function described_at(offset, array)
    dtype, dims = DType(eltype(array)), c_dims(array)
    view = CTensorView(sizeof(CTensorView), dtype.code, dtype.bits, dtype.lanes, length(dims), pointer(dims), offset,
                       sizeof_data(array))
    return view, dims
end

"""
Calls with the data, its length, the options and where the lease goes; the answer is the status and the lease's address.
`ttl` and `compute_time` are seconds.
"""
function given(call, layout::Layout; ttl::Real = 0, compute_time::Real = 0, blob = UInt8[])
    data, views, dims = layout.data, layout.views, layout.dims
    kept = blob isa AbstractString ? codeunits(flat(blob)) : dense(blob)
    value, details = out(), out()
    compute_ns = round(UInt64, compute_time * 1e9)
    GC.@preserve data views dims kept details begin
        described = isempty(views) ? Ptr{CTensorView}(C_NULL) : pointer(views)
        options = Ref(CPutOptions(sizeof(CPutOptions), milliseconds(ttl), compute_ns, described, length(views),
                                  pointer(kept), length(kept), pointer_to(details)))
        status = call(Ptr{Cvoid}(pointer(data)), sizeof_data(data), options, value)
    end
    checked(status, details[])
    return status, value[]
end

"""
    put!(filter, chunk, result; key = nothing, flags = 0, ttl = 0, compute_time = 0, blob = UInt8[]) -> Bool
    put!(snapshot, chunk, result; ...)
    put!(cache, key, result; ...)

Stores a copy of a chunk's result: an array without gaps, a number, a text, or a tuple of these. False where no room could be
made. `key` is what [`lookup`](@ref) gave for this chunk: it tells which state computed the result, and is needed once the
filter has had another. `ttl` seconds after which it is no longer found, `compute_time` in seconds, which hits count as time
saved, and a `blob` of a few bytes to be kept with it. Strided data is an `ArgumentError`.
"""
function Base.put!(target::Target, chunk, result; key::Union{Digest,Nothing} = nothing, flags::Integer = 0, described...)
    status, _ = stored(target, digest(chunk), result, key, flags, false; described...)
    return status == OK
end

"With `leased` the lease's address is in the answer, else C_NULL."
function stored(target, its, result, key, flags, leased; described...)
    GC.@preserve target given(laid_out(result); described...) do data, len, options, value
        c_put(target, Ref(its), key, data, len, flags, options, leased ? value : Ptr{Ptr{Cvoid}}(C_NULL))
    end
end

c_put(cache::Cache, its, _, data, len, flags, options, value) =
    C.cache_put_chunk(raw(cache), its, data, len, flags, options, value)
c_put(snapshot::Snapshot, its, _, data, len, flags, options, value) =
    C.snapshot_put(raw(snapshot), its, data, len, flags, options, value)

function c_put(filter::Filter, its, key, data, len, flags, options, value)
    under = key === nothing ? its : Ref(key)
    GC.@preserve under begin
        at = key === nothing ? Ptr{Digest}(C_NULL) : pointer_to(under)
        C.filter_put(raw(filter), its, at, data, len, flags, options, value)
    end
end

"""
    filter[chunk] = result

Stores a result, as [`put!`](@ref).
"""
Base.setindex!(target::Target, result, chunk) = (put!(target, chunk, result); target)

"""
    filter[chunk]

A chunk's result, as [`get`](@ref); a `KeyError` where there is none.
"""
Base.getindex(target::Target, chunk) = get(() -> throw(KeyError(chunk)), target, chunk)

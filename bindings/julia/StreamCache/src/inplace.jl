# Results written where they stay.

"Where a ticket's result is written, until the ticket ends: C_NULL from then on."
mutable struct Room
    data::Ptr{Cvoid}
end

"An array over a ticket's memory. Once that is the cache's, every use of it throws."
struct TicketArray{T,N} <: DenseArray{T,N}
    room::Room
    dims::NTuple{N,Int}
end

Base.size(a::TicketArray) = a.dims
Base.IndexStyle(::Type{<:TicketArray}) = IndexLinear()
Base.strides(a::TicketArray) = Base.size_to_strides(1, a.dims...)
Base.elsize(::Type{<:TicketArray{T}}) where {T} = sizeof(T)

@inline function Base.unsafe_convert(::Type{Ptr{T}}, a::TicketArray{T}) where {T}
    data = a.room.data
    data == C_NULL && throw_published()
    return Ptr{T}(data)
end

@noinline throw_published() =
    throw(ArgumentError("this array was for the function that commit! called: what it wrote is the cache's now"))

@inline function Base.getindex(a::TicketArray{T}, i::Int) where {T}
    @boundscheck checkbounds(a, i)
    return unsafe_load(Base.unsafe_convert(Ptr{T}, a), i)
end

@inline function Base.setindex!(a::TicketArray{T}, x, i::Int) where {T}
    @boundscheck checkbounds(a, i)
    unsafe_store!(Base.unsafe_convert(Ptr{T}, a), convert(T, x), i)
    return a
end

function commit!(f::Base.Callable, ticket::Ticket, ::Type{T}, dims::Tuple{Vararg{Integer}}; described...) where {T}
    DType(T)
    all(>=(0), dims) || throw(ArgumentError("dims are 0 or more, not $dims"))
    bytes = mapreduce(BigInt, *, dims; init = BigInt(sizeof(T)))
    bytes <= typemax(Int) || throw(StreamCacheError(NO_MEMORY))
    return ending(ticket) do its
        place = out()
        status = C.ticket_buffer(its, bytes, place)
        status == NO_SPACE || checked(status)
        room = Room(place[])
        array = status == NO_SPACE ? Array{T}(undef, dims) : TicketArray{T,length(dims)}(room, map(Int, dims))
        try
            f(array)
            raw(ticket) # or it was closed meanwhile
            status == NO_SPACE && return committed(its, array; described...)
            _, value = given(laid_out(array); described...) do _, len, options, value
                C.ticket_commit(its, len, options, value)
            end
            return leased(value)
        finally
            room.data = C_NULL
        end
    end
end

# Errors: the status, and the library's own words.

"""
    StreamCacheError <: Exception

A call that failed: `status` is a number such as `StreamCache.NO_SPACE`, `message` says what to do. After an error nothing
has changed.
"""
struct StreamCacheError <: Exception
    status::Status
    message::String
end

StreamCacheError(status::Integer) = StreamCacheError(status, unsafe_string(C.status_message(status)))

Base.showerror(io::IO, e::StreamCacheError) = print(io, "StreamCacheError: ", e.message, " (status ", e.status, ")")

"""
    Rejected(code; ttl = 0) <: Exception

That there is no result, and that this is remembered. A function given to [`get!`](@ref) throws it to say so: `code` is an
`Int32` of the engine's own, and after `ttl` seconds (0: the cache's own limit) it is forgotten. Later lookups of the
chunk throw it again; [`lookup`](@ref) and [`begin!`](@ref) return it. It never leaves memory. Those of one code are equal.

It is about one chunk of one filter: where a function given to [`get!`](@ref) meets the rejection of another lookup, that goes
on as any exception, and is not remembered of the outer chunk. Throw a `Rejected(why.code; ttl = ...)` of its own if it holds.
"""
struct Rejected <: Exception
    code::Int32
    ttl_ms::UInt64
    is_known::Bool # some cache remembers it already
end

Rejected(code::Integer; ttl = 0) = Rejected(code, milliseconds(ttl), false)

Base.:(==)(a::Rejected, b::Rejected) = a.code == b.code
Base.hash(e::Rejected, h::UInt) = hash(e.code, hash(:Rejected, h))

Base.showerror(io::IO, e::Rejected) = print(io, "Rejected: there is no result, code ", e.code)

"Throws for a negative status, and hands on any other."
@inline function checked(status::Status)
    status < 0 && failed(status)
    return status
end

@noinline failed(status::Status) = throw(StreamCacheError(status))

"As checked(), with the details that the library gave, which are freed."
function checked(status::Status, details::Ptr{Cvoid})
    details == C_NULL && return checked(status)
    message = unsafe_string(C.error_get_message(details))
    C.error_free(details)
    status < 0 && throw(StreamCacheError(status, message))
    return status
end

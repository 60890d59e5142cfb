# Looking up. A filter and a snapshot take chunks; a cache takes keys, which are digests.

const Target = Union{Cache,Filter,Snapshot}

@inline c_get(cache::Cache, key, flags, value, _) = C.cache_get_chunk(raw(cache), key, flags, value)
@inline c_get(filter::Filter, chunk, flags, value, key) = C.filter_get(raw(filter), chunk, flags, value, key)
@inline c_get(snapshot::Snapshot, chunk, flags, value, key) = C.snapshot_get(raw(snapshot), chunk, flags, value, key)

"What [`lookup`](@ref) found: its fields are `value`, `key` and `chunk`."
struct Lookup
    value::Union{Value,Rejected,Nothing}
    key::Digest
    chunk::Digest
end

"""
    lookup(filter, chunk; flags = 0) -> StreamCache.Lookup
    lookup(snapshot, chunk; flags = 0)
    lookup(cache, key; flags = 0)

Looks a chunk's result up, under the filter's present state. Its `value` is a [`Value`](@ref), a lease to close or leave to
the garbage collector; or `nothing`, for a miss; or a [`Rejected`](@ref). `key` is what it was looked up under, for
[`put!`](@ref), and `chunk` the chunk's digest. `flags` are `StreamCache.PEEK`, `BYPASS`, `REFRESH`, `READ_ONLY`,
`MEMORY_ONLY` and `NO_REMOTE`. While a store behind memory is read, other tasks run.
"""
@inline function lookup(target::Target, chunk; flags::Integer = 0)
    its, how = digest(chunk), flags % UInt32 | NO_WAIT
    status, value, key = got(target, its, how)
    status == BUSY && ((status, value, key) = got_later(target, its, how))
    return Lookup(found(checked(status), value), key, its)
end

"The status, the value's address, and the key."
@inline function got(target, its, flags)
    key, value = Ref(its), out()
    status = GC.@preserve target c_get(target, Ref(its), flags, value, key)
    return status, value[], key[]
end

@noinline function got_later(target, its, flags)
    backoff = Backoff(Inf)
    while true
        answer = got(target, its, flags)
        (first(answer) == BUSY && pause!(backoff)) || return answer
    end
end

@inline function found(status, value)::Union{Value,Rejected,Nothing}
    status == OK && return leased(value)
    status == REJECTED && return taken_rejection(value)
    return nothing
end

@noinline function taken_rejection(raw)
    value = leased(raw)
    why = rejection(value)
    close(value)
    return why
end

"""
    get(filter, chunk, default; flags = 0)
    get(f, filter, chunk; flags = 0)

A chunk's result as [`results`](@ref) has it, or `default`, or what `f()` gives, which is not stored: [`get!`](@ref) does
that. Throws a [`Rejected`](@ref) where the cache knows that there is none. Of a snapshot, and of a cache by a key, too.
"""
Base.get(target::Target, chunk, default; flags::Integer = 0) = get(() -> default, target, chunk; flags = flags)

function Base.get(f::Base.Callable, target::Target, chunk; flags::Integer = 0)
    value = lookup(target, chunk; flags = flags).value
    value === nothing && return f()
    value isa Rejected && throw(value)
    return arrays(value)
end

"""
    get_into!(buffer, filter, chunk; flags = 0) -> Union{Int,Nothing}
    get_into!(buffer, cache, key; flags = 0)

Looks a chunk's result up and copies its bytes to the begin of an array: the answer is how many, or `nothing` for a miss.
Given a `Digest` it allocates nothing. Throws a `StreamCacheError` with `StreamCache.BUFFER_TOO_SMALL` where it doesn't fit,
see [`result_size`](@ref), and a [`Rejected`](@ref) where there is none. A buffer that is not the caller's to write to (a
result in the cache or a text's bytes, or a view, a reshape or another wrapper of these) is an `ArgumentError`.
"""
@inline function get_into!(buffer::AbstractArray, target::Union{Cache,Filter}, chunk; flags::Integer = 0)
    is_mutable(owner(buffer)) || immutable(buffer)
    to, its, len = dense(buffer), digest(chunk), Ref{Csize_t}(0)
    status = copied(to, target, its, flags % UInt32 | NO_WAIT, len)
    status == OK && return len[] % Int
    return otherwise(to, target, its, flags % UInt32 | NO_WAIT, status, len[] % Int)
end

@inline function copied(buffer, target, its, flags, len)
    GC.@preserve buffer target c_get_into(target, Ref(its), flags, Ptr{Cvoid}(pointer(buffer)), sizeof_data(buffer), len)
end

@inline c_get_into(cache::Cache, key, flags, buffer, capacity, len) =
    C.cache_get_chunk_into(raw(cache), key, flags, buffer, capacity, len)
@inline c_get_into(filter::Filter, chunk, flags, buffer, capacity, len) =
    C.filter_get_into(raw(filter), chunk, flags, buffer, capacity, len, C_NULL)

@noinline function otherwise(buffer, target, its, flags, status, size)::Union{Int,Nothing}
    if status == BUSY
        len = Ref{Csize_t}(0)
        status = patiently(() -> copied(buffer, target, its, flags, len), Inf, BUSY)
        size = len[] % Int
    end
    status == OK && return size
    status == MISS && return nothing
    status == BUFFER_TOO_SMALL && throw(StreamCacheError(status, "the result needs a buffer of $size bytes"))
    status == REJECTED && throw(something(lookup(target, its; flags = flags | PEEK).value, StreamCacheError(REJECTED)))
    failed(status)
end

"The array whose memory another one shows, through all that wraps it."
@inline owner(array::AbstractArray) = owner(array, parent(array))
@inline owner(array::T, ::T) where {T} = array
@inline owner(_, inner) = owner(inner)

is_mutable(::AbstractArray) = true
is_mutable(::Union{LeasedArray,Base.CodeUnits}) = false

@noinline immutable(buffer) = throw(ArgumentError("a $(typeof(buffer)) is over immutable memory: give a buffer of your own"))

"""
    result_size(filter, chunk) -> Union{Int,Nothing}
    result_size(cache, key)

How many bytes a chunk's result has; `nothing` where memory has none: stores behind it are not asked. It counts no lookup.
"""
function result_size(target::Union{Cache,Filter}, chunk)
    its, len = digest(chunk), Ref{Csize_t}(0)
    status = checked(GC.@preserve target c_get_into(target, Ref(its), PEEK | NO_WAIT, C_NULL, 0, len))
    return status == OK || status == BUFFER_TOO_SMALL ? len[] % Int : nothing
end

"""
    haskey(filter, chunk) -> Bool
    haskey(cache, key) -> Bool

Is there a result in memory? Stores behind it are not asked, and it counts no lookup.
"""
Base.haskey(target::Union{Cache,Filter}, chunk) = result_size(target, chunk) !== nothing

"""
    delete!(filter, chunk)
    delete!(cache, key)

Forgets a result: in memory, on disk, for all who share it, and in the remote store. Throws a `StreamCacheError` where a store
could not be told; then it may have it still.
"""
function Base.delete!(target::Union{Cache,Filter}, chunk)
    its = Ref(digest(chunk))
    GC.@preserve target checked((target isa Cache ? C.cache_remove_chunk : C.filter_remove)(raw(target), its))
    return target
end

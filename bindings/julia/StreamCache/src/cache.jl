# The cache.

"""
    Cache(; max_bytes = 256 MiB, policy = :adaptive, ...)
    Cache(json::AbstractString)

Opens a cache. The keywords are the options of `streamcache_options_from_json`: `name`, `max_bytes`, `max_chunks`, `policy`
(`:adaptive`, `:s3fifo`, `:lru`), `ttl_ms`, `ticket_max_age_ms`, `hash_threads`, `namespace`, `secret` (16 bytes or more, or
their hexadecimal digits), `disk_directory`, `disk_max_bytes`, `disk_allow_network`, `remote_urls`, `remote_prefix`,
`remote_ttl_ms`, `remote_max_value_bytes`, `remote_timeout_ms`, `remote_ca_file`, `write_behind_max_bytes`; a limit may be
`:unlimited`. What is not named keeps its default. A wrong option is a `StreamCacheError` that names it.

With a disk or a remote store, [`flush`](@ref) or `close` the cache before the process ends: what the garbage collector ends
is not waited for.
"""
struct Cache <: Handle
    word::Threads.Atomic{UInt}
    behind::Bool # is there a store behind memory?
end

function Cache(options_json::AbstractString)
    chosen, made, details = read_options(options_json), out(), out()
    try
        checked(C.cache_open(chosen, made, details), details[])
    finally
        C.options_free(chosen)
    end
    return Cache(owned(C.cache_release, made[]), has_tier(made[], :disk) || has_tier(made[], :remote))
end

function Cache(; secret = nothing, chosen...)
    secret === nothing && return Cache(json(chosen))
    return Cache(json((; chosen..., secret = secret isa AbstractVector{UInt8} ? bytes2hex(secret) : secret)))
end

function read_options(text::AbstractString)
    units, made, details = codeunits(flat(text)), out(), out()
    GC.@preserve units status = C.options_from_json(Ptr{Cvoid}(pointer(units)), length(units), made, details)
    checked(status, details[])
    return made[]
end

"""
    options(; chosen...) -> String
    options(json) -> String

Every option as JSON, as a cache opened with these would have it. A secret is written as `"hidden"`.
"""
options(; chosen...) = options(json(chosen))

function options(text::AbstractString)
    chosen = read_options(text)
    try
        return written((buffer, capacity, len) -> C.options_to_json(chosen, buffer, capacity, len))
    finally
        C.options_free(chosen)
    end
end

"A text of the library's, whose length is only known once it is written."
function written(write)
    len, buffer = Ref{Csize_t}(0), Vector{UInt8}(undef, 1024)
    while true
        status = GC.@preserve buffer len write(Ptr{Cvoid}(pointer(buffer)), length(buffer), pointer_to(len))
        checked(status) == BUFFER_TOO_SMALL || return String(resize!(buffer, len[]))
        resize!(buffer, len[] + 1024)
    end
end

"""
    flush(cache; timeout = 60)

Waits until every result that was put before is written to the stores behind memory, for `timeout` seconds at most; false
where the time was up. Other tasks run meanwhile.
"""
function Base.flush(cache::Cache; timeout::Real = 60)
    GC.@preserve cache patiently(() -> checked(C.cache_flush(raw(cache), 0)), timeout, TIMEOUT) == OK
end

"""
    close(cache; timeout = 60) -> Int

Ends a cache's work: from now on every call on it and its filters throws. What waits to be written to a store is written
first, for `timeout` seconds at most; the answer is how many writes were dropped. Leases stay valid. Closing again is fine.
"""
function Base.close(cache::Cache; timeout::Real = 60)
    isopen(cache) || return 0
    dropped = Ref{UInt64}(0)
    GC.@preserve cache begin
        at = raw(cache)
        patiently(() -> C.cache_flush(at, 0), timeout, TIMEOUT)
        C.cache_close(at, 0, dropped)
    end
    Threads.atomic_or!(cache.word, closed_bit)
    return Int(dropped[])
end

"""
    purge!(cache; disk = false)
    purge!(filter) -> Int

Forgets every result of a cache in memory, and with `disk` on disk for all who share it; or every result of a filter's present
state, in memory and on disk: the answer is how many memory had. Leases stay.
"""
function purge!(cache::Cache; disk::Bool = false)
    GC.@preserve cache checked(C.cache_purge(raw(cache), disk ? 2 : 1))
    return cache
end

"""
    empty!(cache)

Forgets every result in memory, as [`purge!`](@ref).
"""
Base.empty!(cache::Cache) = purge!(cache)

"""
    resize!(cache; max_bytes, max_chunks)

Changes one limit, or both, while the cache is in use; what is too much then is evicted. `:unlimited` is no limit.
"""
function Base.resize!(cache::Cache; max_bytes = nothing, max_chunks = nothing)
    GC.@preserve cache begin
        max_bytes === nothing || checked(C.cache_set_max_bytes(raw(cache), limit(max_bytes)))
        max_chunks === nothing || checked(C.cache_set_max_chunks(raw(cache), limit(max_chunks)))
    end
    return cache
end

limit(number::Integer) = UInt64(number)
limit(word::Symbol) = word === :unlimited ? typemax(UInt64) : throw(ArgumentError("a limit is a number or :unlimited"))

"""
    hit_rate(cache) -> Float64

Hits per lookup that looked since the cache was opened, 0 to 1.
"""
hit_rate(cache::Cache) = GC.@preserve cache C.cache_hit_rate(raw(cache))

"""
    hits(cache) -> Int

Lookups that found their result since the cache was opened.
"""
hits(cache::Cache) = GC.@preserve cache Int(C.cache_hits(raw(cache)))

"""
    misses(cache) -> Int

Lookups that did not find their result since the cache was opened.
"""
misses(cache::Cache) = GC.@preserve cache Int(C.cache_misses(raw(cache)))

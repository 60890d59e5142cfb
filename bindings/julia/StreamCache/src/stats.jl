# Counters and gauges.

"""
    stats(cache) -> NamedTuple
    stats(filter) -> NamedTuple

The counters and gauges by the names of `streamcache_cache_stats` and `streamcache_filter_stats`: `lookups`, `hits`, `misses`,
`bytes`, `leased_bytes`, `time_saved_ns` and so on. What is unlimited is `typemax(Int)`.
"""
stats(cache::Cache) = counted(CCacheStats, C.cache_get_stats, cache)
stats(filter::Filter) = counted(CFilterStats, C.filter_get_stats, filter)

function counted(::Type{S}, call, handle) where {S}
    numbers = Ref(empty_stats(S))
    GC.@preserve handle status = checked(call(raw(handle), numbers))
    return status == OK ? named(numbers[]) : nothing
end

empty_stats(::Type{S}) where {S} = S(sizeof(S), ntuple(_ -> 0, fieldcount(S) - 1)...)

function named(numbers::S) where {S}
    names = fieldnames(S)[2:end] # struct_size is the library's
    return NamedTuple{names}(ntuple(i -> Int(min(getfield(numbers, i + 1), typemax(Int))), length(names)))
end

const tier_codes = (disk = Int32(1), remote = Int32(2))

"""
    tier_stats(cache, tier::Symbol) -> Union{NamedTuple,Nothing}

The counters and gauges of a store behind memory, `:disk` or `:remote`, by the names of `streamcache_tier_stats`; `nothing`
where the cache has none.
"""
function tier_stats(cache::Cache, tier::Symbol)
    haskey(tier_codes, tier) || throw(ArgumentError("a tier is :disk or :remote, not $(repr(tier))"))
    return counted(CTierStats, (raw, numbers) -> C.cache_get_tier_stats(raw, tier_codes[tier], numbers), cache)
end

"Has a cache, by its address, this store?"
function has_tier(raw, tier)
    numbers = Ref(empty_stats(CTierStats))
    return C.cache_get_tier_stats(raw, tier_codes[tier], numbers) == OK
end

"""
    stats_text(cache, format = :json) -> String

The stats of a cache, its open filters and its stores as text, `:json` or `:prometheus`.
"""
function stats_text(cache::Cache, format::Symbol = :json)
    code = format === :json ? 1 : format === :prometheus ? 2 :
           throw(ArgumentError("stats are written as :json or :prometheus, not as $(repr(format))"))
    GC.@preserve cache written((buffer, capacity, len) -> C.cache_write_stats(raw(cache), code, buffer, capacity, len))
end

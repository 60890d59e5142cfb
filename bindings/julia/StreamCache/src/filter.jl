# Filters, and filters as they were.

"""
    Filter(cache, id, config; state = nothing, nondeterministic = false)

Opens a filter, a pipeline stage: `config` is a JSON text, a `NamedTuple` or dictionary, bytes, or a `Digest`, see
[`digest_config`](@ref); `id` a name for people, part of no key. A filter needs a `state` before its first lookup, here or by
[`load_state!`](@ref). With `nondeterministic` its answers differ from run to run, and nothing of it is cached. Handles of
equal configuration and state share their results. It keeps the cache alive.
"""
struct Filter <: Handle
    word::Threads.Atomic{UInt}
    behind::Bool
end

function Filter(cache::Cache, id::AbstractString, config; state = nothing, nondeterministic::Bool = false)
    name, made, details = codeunits(flat(id)), out(), out()
    flags = nondeterministic ? FILTER_NONDETERMINISTIC : UInt32(0)
    its = Ref(digest_config(config))
    GC.@preserve cache name begin
        status = C.filter_open(raw(cache), Ptr{Cvoid}(pointer(name)), length(name), its, flags, made, details)
    end
    checked(status, details[])
    filter = Filter(owned(C.filter_release, made[]), cache.behind)
    state === nothing || load_state!(filter, state)
    return filter
end

"""
    Snapshot

A filter as it was when [`snapshot`](@ref) took it: immutable, with a lease on its state.
"""
struct Snapshot <: Handle
    word::Threads.Atomic{UInt}
    behind::Bool
end

"""
    snapshot(filter) -> Snapshot

Takes a filter as it is now: lookups and puts through the snapshot name this state, whatever the filter loads later.
"""
function snapshot(filter::Filter)
    made = out()
    GC.@preserve filter checked(C.filter_snapshot(raw(filter), made))
    return Snapshot(owned(C.snapshot_release, made[]), filter.behind)
end

"""
    key(filter, chunk) -> Digest
    key(snapshot, chunk) -> Digest
    key([filter, filter, ...], chunk) -> Digest
    key(ticket) -> Digest

The key that a chunk's result has: through a filter with its present state, through a snapshot, or through a whole chain of
filters or snapshots, whose result is then looked up and put by this key on the cache itself; or that of a ticket's missing
value.
"""
key(filter::Filter, chunk) = made_key(C.filter_key, filter, chunk)
key(snapshot::Snapshot, chunk) = made_key(C.snapshot_key, snapshot, chunk)
key(filters::AbstractVector{Filter}, chunk) = chain_key(C.pipeline_key, filters, chunk)
key(snapshots::AbstractVector{Snapshot}, chunk) = chain_key(C.pipeline_snapshot_key, snapshots, chunk)

function made_key(call, target, chunk)
    made, its = Ref{Digest}(), Ref(digest(chunk))
    GC.@preserve target checked(call(raw(target), its, made))
    return made[]
end

function chain_key(call, targets, chunk)
    made, its = Ref{Digest}(), Ref(digest(chunk))
    GC.@preserve targets checked(call(Ptr{Cvoid}[raw(target) for target in targets], length(targets), its, made))
    return made[]
end

"""
    retire!(filter) -> Int

Forgets the results of this handle's other states, the last 16 of them, in memory and on disk: for an engine that won't roll
back. The answer is how many memory had.
"""
retire!(filter::Filter) = forgotten(C.filter_retire, filter)

purge!(filter::Filter) = forgotten(C.filter_purge, filter)

function forgotten(call, filter)
    removed = Ref{UInt64}(0)
    GC.@preserve filter checked(call(raw(filter), removed))
    return Int(removed[])
end

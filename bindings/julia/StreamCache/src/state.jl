# Trained states.

"""
    load_state!(filter, state)

Loads a trained state: the bytes of an array without gaps or of a text, hashed once, copied and charged to the budget; or a
`Digest` alone ([`digest_state`](@ref), [`digest_file`](@ref), [`key_state`](@ref)), the way for large models, whose bytes
live in the engine. Lookups switch to it in one step; what the old state computed is found again when that is loaded again.
The same state again changes nothing. Throws a `StreamCacheError` where it doesn't fit; then the old one stays.

    load_state!(cache, id, key, state)

Keeps a state's bytes under an id with a key of the caller's, for callers who make their keys themselves.
"""
function load_state!(filter::Filter, state::AbstractArray)
    data, details = dense(state), out()
    GC.@preserve filter data begin
        status = C.filter_load_state(raw(filter), Ptr{Cvoid}(pointer(data)), sizeof_data(data), details)
    end
    checked(status, details[])
    return filter
end

load_state!(filter::Filter, state::AbstractString) = load_state!(filter, codeunits(flat(state)))

function load_state!(filter::Filter, state::Digest)
    details = out()
    GC.@preserve filter status = C.filter_load_state_digest(raw(filter), Ref(state), details)
    checked(status, details[])
    return filter
end

function load_state!(cache::Cache, id::AbstractString, key::Digest, state::AbstractArray)
    name, data, its, details = codeunits(flat(id)), dense(state), Ref(key), out()
    GC.@preserve cache name data begin
        status = C.cache_load_state(raw(cache), Ptr{Cvoid}(pointer(name)), length(name), its, Ptr{Cvoid}(pointer(data)),
                                    sizeof_data(data), details)
    end
    checked(status, details[])
    return cache
end

"""
    state(filter) -> Union{Value,Nothing}
    state(snapshot) -> Union{Value,Nothing}
    state(ticket) -> Union{Value,Nothing}
    state(cache, id) -> Union{Value,Nothing}
    state(stream) -> Union{LeasedArray,Nothing}

Leases a trained state: a filter's present one, the one of a snapshot or that a ticket's key names, or the one kept under an
id. `nothing` where only its digest is known, or there is none under this id. Of a stream, the recurrent state it is at;
`nothing` where that is unknown.
"""
state(filter::Filter) = first(both(C.filter_get_state, filter))
state(snapshot::Snapshot) = first(both(C.snapshot_get_state, snapshot))

"""
    state_digest(filter) -> Digest
    state_digest(snapshot) -> Digest
    state_digest(ticket) -> Digest

The digest of the trained state.
"""
state_digest(filter::Filter) = last(both(C.filter_get_state, filter))
state_digest(snapshot::Snapshot) = last(both(C.snapshot_get_state, snapshot))

function both(call, handle)
    value, its = out(), Ref{Digest}()
    GC.@preserve handle status = checked(call(raw(handle), value, its))
    return status == OK ? leased(value[]) : nothing, its[]
end

function state(cache::Cache, id::AbstractString)
    name, value, its = codeunits(flat(id)), out(), Ref{Digest}()
    GC.@preserve cache name begin
        status = checked(C.cache_get_state(raw(cache), Ptr{Cvoid}(pointer(name)), length(name), value, its))
    end
    return status == OK ? leased(value[]) : nothing
end

"""
    unload_state!(cache, id) -> Bool

Forgets the state kept under an id; false where there was none.
"""
function unload_state!(cache::Cache, id::AbstractString)
    name = codeunits(flat(id))
    GC.@preserve cache name checked(C.cache_unload_state(raw(cache), Ptr{Cvoid}(pointer(name)), length(name))) == OK
end

"""
    save_state!(filter) -> Bool

Queues the present state for the stores behind memory, where [`restore_state!`](@ref) finds it by its digest, also in another
process. False where only its digest is known.
"""
save_state!(filter::Filter) = GC.@preserve filter checked(C.filter_save_state(raw(filter))) == OK

"""
    restore_state!(filter, state::Digest) -> Bool

Loads the state of this digest that [`save_state!`](@ref) saved; false where no store has it.
"""
function restore_state!(filter::Filter, state::Digest)
    GC.@preserve filter checked(C.filter_restore_state(raw(filter), Ref(state))) == OK
end

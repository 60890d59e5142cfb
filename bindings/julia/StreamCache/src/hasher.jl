# Digests made piece by piece.

"""
    Hasher(role = :chunk)

Digests bytes that come in pieces: [`update!`](@ref), then [`finish!`](@ref), which begins anew. `role` is `:chunk`,
`:config` (one that is not JSON) or `:state`. Calls from several tasks take turns.
"""
struct Hasher <: Handle
    word::Threads.Atomic{UInt}
    lock::ReentrantLock
end

function Hasher(role::Symbol = :chunk)
    made = out()
    checked(C.hasher_new(role_code(role), made))
    return Hasher(owned(C.hasher_free, made[]), ReentrantLock())
end

"""
    Barrier()

Digests all chunks of a stream in their order, keeping none: [`update!`](@ref) with each chunk, then [`finish!`](@ref)
gives the digest to look up. Calls from several tasks take turns.
"""
struct Barrier <: Handle
    word::Threads.Atomic{UInt}
    lock::ReentrantLock
end

function Barrier()
    made = out()
    checked(C.barrier_new(made))
    return Barrier(owned(C.barrier_free, made[]), ReentrantLock())
end

"""
    update!(hasher, bytes)
    update!(barrier, chunk)

Adds the next bytes, or the stream's next chunk.
"""
function update!(hasher::Hasher, bytes::AbstractVector{UInt8})
    data = dense(bytes)
    GC.@preserve data update_from!(hasher, Ptr{Cvoid}(pointer(data)), length(data))
    return hasher
end

update_from!(hasher, data, size) = exclusively(raw -> checked(C.hasher_update(raw, data, size)), hasher)

update!(hasher::Hasher, text::AbstractString) = update!(hasher, codeunits(flat(text)))

function update!(barrier::Barrier, chunk)
    its = digest(chunk)
    exclusively(raw -> checked(C.barrier_update(raw, Ref(its))), barrier)
    return barrier
end

"""
    finish!(hasher) -> Digest
    finish!(barrier) -> Digest

The digest of all that was added since the last `finish!` or `reset!`; the next `update!` begins anew.
"""
finish!(hasher::Hasher) = finished(C.hasher_finish, hasher)
finish!(barrier::Barrier) = finished(C.barrier_finish, barrier)

function finished(call, handle)
    made = Ref{Digest}()
    exclusively(raw -> checked(call(raw, made)), handle)
    return made[]
end

"""
    reset!(hasher)
    reset!(barrier)
    reset!(stream)
    reset!(stream, state)

Forgets what was added since the last `finish!`. A stream goes back to position 0, at its initial recurrent state or the
given one, under the trained state its filter has now. A state of another type or shape is an `ArgumentError`, as in
[`step!`](@ref).
"""
reset!(hasher::Hasher) = (exclusively(raw -> checked(C.hasher_reset(raw)), hasher); hasher)
reset!(barrier::Barrier) = (exclusively(raw -> checked(C.barrier_reset(raw)), barrier); barrier)

Base.close(handle::Union{Hasher,Barrier}) = close_exclusive(handle)

"""
The C functions as the header declares them, without their prefix; a test compares the two. Each is one `ccall` through an
address that the first call of any looks up.
"""
module C

import ..StreamCache: c_functions, CFunction, address, Status, Digest, CBuffer, CTensor, CTensorView, CPutOptions, CBatchItem
import ..StreamCache: CCacheStats, CFilterStats, CTierStats, CTransferProgress

const Handle = Ptr{Cvoid}
const Bytes = Ptr{Cvoid}

"`@c name(argument::Type...)::Type`"
macro c(declaration)
    return declared(declaration, false)
end

"As `@c`, for what may take long: a store is waited for, much is read, copied or freed. Collections don't wait for it."
macro slow(declaration)
    return declared(declaration, true)
end

function declared(declaration, is_slow)
    call, result = declaration.args
    name = call.args[1]
    arguments = map(argument -> argument.args[1], call.args[2:end])
    types = map(argument -> argument.args[2], call.args[2:end])
    slot = Symbol(:address_of_, name)
    call = (:(address($slot)), result, :(($(types...),)), arguments...)
    body = is_slow ? :(@gc_safe_ccall($(call...))) : :(ccall($(call...)))
    return esc(quote
        const $slot = Ref{Ptr{Cvoid}}(C_NULL)
        push!(c_functions, CFunction($(QuoteNode(Symbol(:streamcache_, name))), $result, Any[$(types...)], $slot))
        @inline $name($(arguments...)) = $body
    end)
end

"""
A `ccall` during which other threads may collect garbage: its arguments are plain addresses and numbers by then, and what
they point to is kept.
"""
macro gc_safe_ccall(at, result, types, arguments...)
    types = types.args
    kept = [gensym(:kept) for _ in arguments]
    plain = [gensym(:plain) for _ in arguments]
    return esc(quote
        $([:($k = Base.cconvert($T, $argument)) for (k, T, argument) in zip(kept, types, arguments)]...)
        GC.@preserve $(kept...) begin
            $([:($p = Base.unsafe_convert($T, $k)) for (p, T, k) in zip(plain, types, kept)]...)
            function_at = $at
            before = ccall(:jl_gc_safe_enter, Int8, ())
            answer = ccall(function_at, $result, ($(types...),), $(plain...))
            ccall(:jl_gc_safe_leave, Cvoid, (Int8,), before)
            answer
        end
    end)
end

# Version, status and error
@c version_number()::UInt32
@c version_string()::Ptr{UInt8}
@c status_message(status::Status)::Ptr{UInt8}
@c error_get_message(error::Handle)::Ptr{UInt8}
@c error_free(error::Handle)::Cvoid
@c log_set(callback::Ptr{Cvoid}, user_data::Ptr{Cvoid}, min_level::Int32)::Status

# Digest
@c digest_chunk(data::Bytes, len::Csize_t, digest::Ptr{Digest})::Status
@slow digest_tensor(tensor::Ptr{CTensor}, digest::Ptr{Digest}, error::Ptr{Handle})::Status
@c digest_inputs(digests::Ptr{Digest}, n::Csize_t, digest::Ptr{Digest})::Status
@c digest_config_json(json::Bytes, len::Csize_t, digest::Ptr{Digest}, error::Ptr{Handle})::Status
@c digest_config_bytes(data::Bytes, len::Csize_t, digest::Ptr{Digest})::Status
@c digest_state(data::Bytes, len::Csize_t, digest::Ptr{Digest})::Status
@c digest_raw(role::Int32, data::Bytes, len::Csize_t, digest::Ptr{Digest})::Status
@c key_state(config::Ptr{Digest}, training_data::Ptr{Digest}, key::Ptr{Digest})::Status
@c key_chunk(config::Ptr{Digest}, state::Ptr{Digest}, chunk::Ptr{Digest}, key::Ptr{Digest})::Status
@c digest_chunks(chunks::Ptr{CBuffer}, count::Csize_t, digests::Ptr{Digest})::Status

# Hasher and barrier
@c hasher_new(role::Int32, hasher::Ptr{Handle})::Status
@slow hasher_update(hasher::Handle, data::Bytes, len::Csize_t)::Status
@c hasher_finish(hasher::Handle, digest::Ptr{Digest})::Status
@c hasher_reset(hasher::Handle)::Status
@c hasher_free(hasher::Handle)::Cvoid
@c barrier_new(barrier::Ptr{Handle})::Status
@c barrier_update(barrier::Handle, chunk::Ptr{Digest})::Status
@c barrier_finish(barrier::Handle, digest::Ptr{Digest})::Status
@c barrier_reset(barrier::Handle)::Status
@c barrier_free(barrier::Handle)::Cvoid

# Options and cache
@c options_from_json(json::Bytes, len::Csize_t, options::Ptr{Handle}, error::Ptr{Handle})::Status
@c options_to_json(options::Handle, buffer::Bytes, capacity::Csize_t, len::Ptr{Csize_t})::Status
@c options_free(options::Handle)::Cvoid
@slow cache_open(options::Handle, cache::Ptr{Handle}, error::Ptr{Handle})::Status
@slow cache_close(cache::Handle, timeout_ms::UInt32, dropped::Ptr{UInt64})::Status
@slow cache_release(cache::Handle)::Cvoid
@slow cache_purge(cache::Handle, scope::UInt32)::Status
@slow cache_set_max_bytes(cache::Handle, max_bytes::UInt64)::Status
@slow cache_set_max_chunks(cache::Handle, max_chunks::UInt64)::Status

# Value
@c value_retain(value::Handle)::Status
@c value_release(value::Handle)::Cvoid
@c value_get_rejection(value::Handle, code::Ptr{Int32})::Status
@c value_data(value::Handle)::Bytes
@c value_size(value::Handle)::Csize_t
@c value_tensor_count(value::Handle)::Csize_t
@c value_get_tensor(value::Handle, index::Csize_t, tensor::Ptr{CTensorView})::Status
@c value_blob(value::Handle, len::Ptr{Csize_t})::Bytes
@slow value_get_content(value::Handle, digest::Ptr{Digest})::Status
@c value_get_tier(value::Handle)::Int32

# Callers who make their keys themselves
@slow cache_load_state(cache::Handle, id::Bytes, id_len::Csize_t, key::Ptr{Digest}, data::Bytes, len::Csize_t, error::Ptr{Handle})::Status
@c cache_get_state(cache::Handle, id::Bytes, id_len::Csize_t, value::Ptr{Handle}, key::Ptr{Digest})::Status
@c cache_unload_state(cache::Handle, id::Bytes, id_len::Csize_t)::Status
@c cache_get_chunk(cache::Handle, key::Ptr{Digest}, flags::UInt32, value::Ptr{Handle})::Status
@slow cache_put_chunk(cache::Handle, key::Ptr{Digest}, data::Bytes, len::Csize_t, flags::UInt32, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@c cache_get_chunk_into(cache::Handle, key::Ptr{Digest}, flags::UInt32, buffer::Bytes, capacity::Csize_t, len::Ptr{Csize_t})::Status
@slow cache_remove_chunk(cache::Handle, key::Ptr{Digest})::Status
@c cache_hit_rate(cache::Handle)::Float64
@c cache_hits(cache::Handle)::UInt64
@c cache_misses(cache::Handle)::UInt64

# Filter
@c filter_open(cache::Handle, id::Bytes, id_len::Csize_t, config::Ptr{Digest}, flags::UInt32, filter::Ptr{Handle}, error::Ptr{Handle})::Status
@slow filter_release(filter::Handle)::Cvoid
@slow filter_load_state(filter::Handle, data::Bytes, len::Csize_t, error::Ptr{Handle})::Status
@c filter_load_state_digest(filter::Handle, state::Ptr{Digest}, error::Ptr{Handle})::Status
@c filter_get_state(filter::Handle, value::Ptr{Handle}, state::Ptr{Digest})::Status
@c filter_get(filter::Handle, chunk::Ptr{Digest}, flags::UInt32, value::Ptr{Handle}, key::Ptr{Digest})::Status
@c filter_get_into(filter::Handle, chunk::Ptr{Digest}, flags::UInt32, buffer::Bytes, capacity::Csize_t, len::Ptr{Csize_t}, key::Ptr{Digest})::Status
@slow filter_remove(filter::Handle, chunk::Ptr{Digest})::Status
@slow filter_purge(filter::Handle, removed::Ptr{UInt64})::Status
@slow filter_retire(filter::Handle, removed::Ptr{UInt64})::Status
@c filter_snapshot(filter::Handle, snapshot::Ptr{Handle})::Status
@slow filter_put(filter::Handle, chunk::Ptr{Digest}, key::Ptr{Digest}, data::Bytes, len::Csize_t, flags::UInt32, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@c filter_key(filter::Handle, chunk::Ptr{Digest}, key::Ptr{Digest})::Status
@c filter_save_state(filter::Handle)::Status
@slow filter_restore_state(filter::Handle, state::Ptr{Digest})::Status

# Snapshot and pipeline
@slow snapshot_release(snapshot::Handle)::Cvoid
@c snapshot_get_state(snapshot::Handle, value::Ptr{Handle}, state::Ptr{Digest})::Status
@c snapshot_get(snapshot::Handle, chunk::Ptr{Digest}, flags::UInt32, value::Ptr{Handle}, key::Ptr{Digest})::Status
@slow snapshot_put(snapshot::Handle, chunk::Ptr{Digest}, data::Bytes, len::Csize_t, flags::UInt32, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@c snapshot_key(snapshot::Handle, chunk::Ptr{Digest}, key::Ptr{Digest})::Status
@c pipeline_key(filters::Ptr{Handle}, n::Csize_t, chunk::Ptr{Digest}, key::Ptr{Digest})::Status
@c pipeline_snapshot_key(snapshots::Ptr{Handle}, n::Csize_t, chunk::Ptr{Digest}, key::Ptr{Digest})::Status

# Ticket
@c filter_begin(filter::Handle, chunk::Ptr{Digest}, timeout_ms::UInt32, flags::UInt32, value::Ptr{Handle}, ticket::Ptr{Handle})::Status
@c snapshot_begin(snapshot::Handle, chunk::Ptr{Digest}, timeout_ms::UInt32, flags::UInt32, value::Ptr{Handle}, ticket::Ptr{Handle})::Status
@c cache_begin(cache::Handle, key::Ptr{Digest}, timeout_ms::UInt32, flags::UInt32, value::Ptr{Handle}, ticket::Ptr{Handle})::Status
@c ticket_retain(ticket::Handle)::Status
@slow ticket_release(ticket::Handle)::Cvoid
@c ticket_get_key(ticket::Handle, key::Ptr{Digest})::Status
@c ticket_get_state(ticket::Handle, value::Ptr{Handle}, state::Ptr{Digest})::Status
@c ticket_get_step_state(ticket::Handle, value::Ptr{Handle}, state::Ptr{Digest})::Status
@c ticket_get_phase(ticket::Handle, phase::Ptr{Int32})::Status
@c ticket_buffer(ticket::Handle, len::Csize_t, data::Ptr{Bytes})::Status
@c ticket_commit(ticket::Handle, len::Csize_t, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@slow ticket_commit_copy(ticket::Handle, data::Bytes, len::Csize_t, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@c ticket_commit_rejection(ticket::Handle, code::Int32, ttl_ms::UInt64)::Status
@slow ticket_commit_step(ticket::Handle, data::Bytes, len::Csize_t, next_state::Bytes, next_state_len::Csize_t, options::Ptr{CPutOptions}, value::Ptr{Handle})::Status
@c ticket_abort(ticket::Handle)::Status

# Batch
@c filter_begin_batch(filter::Handle, chunks::Ptr{Digest}, count::Csize_t, flags::UInt32, batch::Ptr{Handle})::Status
@slow batch_free(batch::Handle)::Cvoid
@c batch_get_count(batch::Handle)::Csize_t
@c batch_get_items(batch::Handle, items::Ptr{CBatchItem}, item_size::Csize_t, capacity::Csize_t, count::Ptr{Csize_t})::Status
@c batch_wait(batch::Handle, timeout_ms::UInt32)::Status
@slow batch_commit(batch::Handle, items::Ptr{UInt32}, count::Csize_t, data::Bytes, stride::Csize_t, len::Csize_t, options::Ptr{CPutOptions}, stored::Ptr{Csize_t})::Status

# Stream
@slow stream_open(filter::Handle, state::Bytes, len::Csize_t, stream::Ptr{Handle}, error::Ptr{Handle})::Status
@slow stream_release(stream::Handle)::Cvoid
@c stream_begin(stream::Handle, chunk::Ptr{Digest}, timeout_ms::UInt32, flags::UInt32, value::Ptr{Handle}, ticket::Ptr{Handle})::Status
@c stream_get_state(stream::Handle, value::Ptr{Handle}, state::Ptr{Digest})::Status
@slow stream_reset(stream::Handle, state::Bytes, len::Csize_t, error::Ptr{Handle})::Status
@c stream_forget(stream::Handle)::Status
@c stream_fork(stream::Handle, fork::Ptr{Handle})::Status
@c stream_get_position(stream::Handle, position::Ptr{UInt64})::Status
@c stream_get_digest(stream::Handle, digest::Ptr{Digest})::Status

# Tier and stats
@slow cache_get_tier_stats(cache::Handle, tier::Int32, stats::Ptr{CTierStats})::Status
@c cache_flush(cache::Handle, timeout_ms::UInt32)::Status
@c cache_get_stats(cache::Handle, stats::Ptr{CCacheStats})::Status
@c filter_get_stats(filter::Handle, stats::Ptr{CFilterStats})::Status
@slow cache_write_stats(cache::Handle, format::Int32, buffer::Bytes, capacity::Csize_t, len::Ptr{Csize_t})::Status

# Transfer
@slow cache_export(cache::Handle, path::Bytes, path_len::Csize_t, transfer::Ptr{Handle}, error::Ptr{Handle})::Status
@slow cache_import(cache::Handle, path::Bytes, path_len::Csize_t, transfer::Ptr{Handle}, error::Ptr{Handle})::Status
@c transfer_get_progress(transfer::Handle, progress::Ptr{CTransferProgress})::Status
@c transfer_wait(transfer::Handle, timeout_ms::UInt32, error::Ptr{Handle})::Status
@c transfer_cancel(transfer::Handle)::Status
@c transfer_release(transfer::Handle)::Cvoid

end

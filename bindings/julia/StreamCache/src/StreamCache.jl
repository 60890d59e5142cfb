"""
Remembers what a model already computed: the Julia side of streamcache, a C library.

```julia
using StreamCache

cache = Cache(max_bytes = 256 << 20)
filter = Filter(cache, "demo", (model = "demo", version = 1, precision = "f32"); state = weights)

result = get!(filter, chunk) do      # computed once, however many tasks ask for it
    model(chunk)
end
```

A *chunk* is one unit of input, a *filter* a configuration with a trained *state*; results are arrays over the cache's
own memory, see [`LeasedArray`](@ref). The words are those of `streamcache.h`, where the contract is.

Any function may be called from any task and thread, unless its own text says otherwise, and none waits inside C: waits
yield to other tasks. What fails is a [`StreamCacheError`](@ref). The C library is found when it is first needed, see
[`StreamCache.library`](@ref).
"""
module StreamCache

using Libdl
using Serialization

export Cache, Filter, Snapshot, Stream, Ticket, Batch, Value, LeasedArray, Digest, DType, Hasher, Barrier
export StreamCacheError, Rejected
export digest, digests, digest_tensor, digest_inputs, digest_config, digest_state, digest_file, digest_raw, hex
export key_state, key_chunk, key, content, update!, finish!
export lookup, get_into!, result_size, begin!, commit!, reject!, abort!, phase, hits, misses, hit_rate
export load_state!, save_state!, restore_state!, unload_state!, state, state_digest, snapshot, purge!, retire!
export step!, step_state, reset!, forget!, fork, missing_items, get_batch!
export results, tensors, blob, tier, stats, tier_stats, stats_text, options, export_results, import_results!

include("layout.jl")
include("library.jl")
include("c.jl")
include("error.jl")
include("handle.jl")
include("wait.jl")
include("json.jl")
include("dtype.jl")
include("digest.jl")
include("hasher.jl")
include("value.jl")
include("array.jl")
include("cache.jl")
include("filter.jl")
include("state.jl")
include("lookup.jl")
include("put.jl")
include("ticket.jl")
include("inplace.jl")
include("compute.jl")
include("batch.jl")
include("stream.jl")
include("stats.jl")
include("transfer.jl")
include("log.jl")

end

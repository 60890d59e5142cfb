# Handles: closed ones, and those that the garbage collector ends.

"One of each kind, and a call on it."
function one_of_each()
    filter = fresh_filter()
    put!(filter, "a", [1.0])
    return (Cache() => stats, filter => f -> lookup(f, "a"), snapshot(filter) => s -> lookup(s, "a"),
        lookup(filter, "a").value => results, begin!(filter, "b") => t -> commit!(t, 1),
        Stream(filter, "state") => s -> step!(identity, s, "a"), Batch(filter, ["a"]) => b -> b[1],
        Hasher() => finish!, Barrier() => finish!)
end

@testset "closed handles" begin
    for (handle, call) in one_of_each()
        @test isopen(handle)
        refused() = status_of(() -> call(handle)) == StreamCache.CLOSED
        for _ in 1:3 # again is fine
            close(handle)
            @test !isopen(handle)
            @test refused()
        end
        @test occursin("closed", repr(handle))
        finalize(handle)
        finalize(handle)
        close(handle)
        @test refused()
    end
end

@testset "every verb on a closed handle" begin
    filter, cache = fresh_filter(), Cache()
    its, value = snapshot(filter), (put!(filter, "a", 1); lookup(filter, "a").value)
    ticket, stream = begin!(filter, "b"), Stream(filter, "state")
    foreach(close, (filter, cache, its, value, ticket, stream))
    for call in (() -> get_into!(zeros(1), filter, "a"), () -> get!(() -> 1, filter, "a"), () -> put!(filter, "a", 1),
        () -> haskey(filter, "a"), () -> delete!(filter, "a"), () -> purge!(filter), () -> load_state!(filter, "x"),
        () -> state(filter), () -> key(filter, "a"), () -> key([filter], "a"), () -> snapshot(filter), () -> stats(filter),
        () -> Stream(filter, "x"), () -> Batch(filter, ["a"]), () -> begin!(filter, "a"), () -> retire!(filter),
        () -> Filter(cache, "x", "{}"), () -> purge!(cache), () -> flush(cache), () -> hits(cache), () -> stats_text(cache),
        () -> get!(() -> 1, cache, digest("a")), () -> lookup(its, "a"), () -> put!(its, "a", 1), () -> state(its),
        () -> sizeof(value), () -> tensors(value), () -> blob(value), () -> content(value), () -> tier(value),
        () -> LeasedArray{UInt8}(value), () -> phase(ticket), () -> abort!(ticket), () -> reject!(ticket, 1),
        () -> key(ticket), () -> commit!(identity, ticket, UInt8, (1,)), () -> position(stream), () -> reset!(stream),
        () -> fork(stream), () -> forget!(stream), () -> digest(stream), () -> state(stream))
        @test status_of(call) == StreamCache.CLOSED
    end
end

@testset "a closed cache" begin
    cache = Cache()
    filter = Filter(cache, "test", "{}"; state = "")
    put!(filter, "a", [1.0])
    a = filter["a"]
    @test close(cache) == 0 && close(cache) == 0
    @test status_of(() -> lookup(filter, "a")) == StreamCache.CLOSED
    @test status_of(() -> get!(() -> 1, filter, "a")) == StreamCache.CLOSED
    @test a == [1.0]
end

@testset "finalizers, in any order and on any thread" begin
    function litter(n)
        for i in 1:n
            for (handle, _) in one_of_each()
                isodd(i) && close(handle)
            end
        end
    end
    tasks = [on_any_thread(() -> litter(20)) for _ in 1:4]
    litter(20)
    foreach(fetch, tasks)
    GC.gc()
    GC.gc()
    filter = fresh_filter()
    put!(filter, "a", [1.0])
    tasks = [on_any_thread() do
        for i in 1:200
            value = lookup(filter, "a").value
            a = results(value)
            i % 3 == 0 && close(value)
            i % 5 == 0 && finalize(value)
            i % 50 == 0 && GC.gc(false)
            a == [1.0] || error("wrong")
        end
    end for _ in 1:4]
    foreach(fetch, tasks)
    @test filter["a"] == [1.0]
end

@testset "leases end with what held them" begin
    cache = Cache()
    filter = Filter(cache, "test", "{}"; state = "")
    put!(filter, "a", zeros(1000))
    leak(n) = foreach(_ -> (lookup(filter, "a"); filter["a"]), 1:n)
    leak(50)
    kept = filter["a"]
    delete!(filter, "a")
    @test stats(cache).leased_bytes > 8000
    @test sum(kept) == 0
    kept = nothing
    @test eventually(() -> (GC.gc(); stats(cache).leased_bytes == 0))
end

@testset "a Ctrl-C leaves nothing pinned" begin
    filter = fresh_filter()
    put!(filter, "a", [1.0])
    value = lookup(filter, "a").value
    ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)
    why = thrown() do
        StreamCache.pinned(value) do _
            ccall(:kill, Cint, (Cint, Cint), getpid(), 2)
            until = time_ns() + 200_000_000
            while time_ns() < until
                GC.safepoint()
            end
        end
    end
    @test why isa InterruptException # and after the call
    free = value.word[] & StreamCache.pinned_bit == 0
    @test free
    free && @test sizeof(value) == 8 # which would wait for ever
    @test_throws StreamCacheError (close(value); sizeof(value))
end

@testset "collections go on while the library is in a long call" begin
    pause() = StreamCache.C.@gc_safe_ccall(cglobal(:usleep), Cint, (UInt32,), 1_000_000)
    ends = Threads.Atomic{UInt64}(0)
    @test precompile(pause, ())
    pausing = Threads.Atomic{Bool}(false)
    task = on_any_thread(() -> (pausing[] = true; pause(); ends[] = time_ns()))
    eventually(() -> pausing[])
    GC.gc(false)
    GC.gc(false)
    @test ends[] == 0 || Threads.nthreads() == 1
    wait(task)
    names = (:cache_open, :cache_purge, :cache_remove_chunk, :filter_remove, :filter_purge, :filter_retire,
        :filter_restore_state, :filter_load_state, :cache_load_state, :digest_tensor, :hasher_update, :value_get_content, :filter_put,
        :snapshot_put, :cache_put_chunk, :ticket_commit_copy, :ticket_commit_step, :batch_commit,
        :cache_release, :filter_release, :snapshot_release, :stream_release, :ticket_release, :batch_free)
    for name in names
        @test occursin("gc_safe_enter", string(first(code_lowered(getfield(StreamCache.C, name)))))
    end
end

@testset "one value, closed while others read it" begin
    filter = fresh_filter()
    put!(filter, "a", [1.0, 2.0])
    for _ in 1:200
        value = lookup(filter, "a").value
        readers = [on_any_thread() do
            try
                results(value) == [1.0, 2.0]
            catch why
                why isa StreamCacheError && why.status == StreamCache.CLOSED
            end
        end for _ in 1:2]
        close(value)
        @test all(fetch, readers)
    end
end

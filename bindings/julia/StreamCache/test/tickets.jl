# Tickets and states.

@testset "begin and commit" begin
    filter = fresh_filter()
    ticket = begin!(filter, "a")
    @test ticket isa Ticket && phase(ticket) === :open && key(ticket) == key(filter, "a")
    @test begin!(filter, "a"; timeout = 0) === nothing
    value = commit!(ticket, [1.0]; compute_time = 2, blob = "b")
    @test results(value) == [1.0] && blob(value) == b"b" && phase(ticket) === :committed
    @test begin!(filter, "a") isa Value
    @test stats(filter).time_saved_ns == 2_000_000_000
    @test status_of(() -> commit!(ticket, 1)) == StreamCache.ENDED == status_of(() -> abort!(ticket))
end

@testset "abort and close give the right up" begin
    filter = fresh_filter()
    for give_up in (abort!, close, finalize)
        ticket = begin!(filter, "a")
        @test begin!(filter, "a"; timeout = 0) === nothing
        give_up(ticket)
        next = begin!(filter, "a"; timeout = 0)
        @test next isa Ticket
        close(next)
    end
    drop() = (begin!(filter, "a"); nothing) # nobody keeps this one
    drop()
    @test eventually(() -> (GC.gc(); begin!(filter, "a"; timeout = 0) isa Ticket))
end

@testset "written in place" begin
    filter = fresh_filter()
    value = commit!(array -> array .= [1 2 3; 4 5 6], begin!(filter, "a"), Float32, (2, 3))
    @test results(value) == [1 2 3; 4 5 6] && filter["a"] isa LeasedArray{Float32,2}
    @test get!(a -> a .= 7, filter, "b", Int32, (2,)) == [7, 7] == filter["b"]
    @test get!(a -> error("is there"), filter, "b", Int32, (2,)) == [7, 7]
    @test results(commit!(identity, begin!(filter, "c"), UInt8, (0,))) == UInt8[]
    small = fresh_filter(max_bytes = 1 << 16)
    @test get!(a -> fill!(a, 1), small, "a", UInt8, (1 << 17,)) == ones(UInt8, 1 << 17) # no room: in Julia's memory
    @test !haskey(small, "a")
    ticket = begin!(filter, "d")
    @test_throws ArgumentError commit!(identity, ticket, String, (1,))
    @test_throws ArgumentError commit!(identity, ticket, UInt8, (-1,))
    @test status_of(() -> commit!(identity, ticket, UInt8, (typemax(Int), 8))) == StreamCache.NO_MEMORY
    @test phase(ticket) === :open
end

@testset "overtaken" begin
    filter = fresh_filter()
    ticket = begin!(filter, "a")
    purge!(filter)
    @test phase(ticket) === :fenced
    @test results(commit!(ticket, 1)) == fill(1) && !haskey(filter, "a")
end

@testset "rejections" begin
    filter = fresh_filter()
    reject!(begin!(filter, "a"), -7)
    @test begin!(filter, "a") == Rejected(-7) == lookup(filter, "a").value
    @test_throws Rejected get(filter, "a", 1)
    @test_throws Rejected get!(() -> 1, filter, "a")
    @test_throws InexactError Rejected(2^40)
    reject!(begin!(filter, "b"), 1; ttl = 0.01)
    sleep(0.03)
    @test lookup(filter, "b").value === nothing
end

@testset "states" begin
    filter = Filter(Cache(), "test", "{}")
    @test status_of(() -> lookup(filter, "a")) == StreamCache.NO_STATE == status_of(() -> state(filter))
    load_state!(filter, Float32[1 2; 3 4])
    @test LeasedArray{Float32}(state(filter)) == [1, 3, 2, 4]
    @test state_digest(filter) == digest_state(Float32[1 2; 3 4])
    put!(filter, "a", 1)
    missed = lookup(filter, "b")
    before, ticket = snapshot(filter), begin!(filter, "c")
    load_state!(filter, "other\0state")
    @test !haskey(filter, "a") && get(before, "a", 0) == fill(1)
    @test state_digest(before) == state_digest(ticket) == digest_state(Float32[1 2; 3 4])
    @test LeasedArray{Float32}(state(ticket)) == LeasedArray{Float32}(state(before)) == [1, 3, 2, 4]
    @test status_of(() -> put!(filter, "b", 2)) == StreamCache.INVALID_ARGUMENT # which state computed it?
    @test put!(filter, "b", 2; key = missed.key) && !haskey(filter, "b")
    @test put!(before, "d", 3) && get!(() -> 4, before, "d") == fill(3)
    commit!(ticket, 5)
    load_state!(filter, Float32[1 2; 3 4]) # back: everything is there
    @test [filter[c][] for c in ("a", "b", "c", "d")] == [1, 2, 5, 3]
    load_state!(filter, digest_state("other\0state"))
    @test state(filter) === nothing && retire!(filter) == 4
    @test_throws MethodError load_state!(filter, 1)
    @test !save_state!(filter) && status_of(() -> save_state!(load_state!(filter, "x"))) == StreamCache.NOT_SUPPORTED
    small = Filter(Cache(max_bytes = 1 << 16), "test", "{}"; state = "old")
    @test status_of(() -> load_state!(small, zeros(UInt8, 1 << 20))) == StreamCache.NO_SPACE
    @test LeasedArray{UInt8}(state(small)) == b"old"
end

@testset "states by id" begin
    cache, its = Cache(), digest("key")
    @test state(cache, "a") === nothing
    load_state!(cache, "a\0b", its, [1.0, 2.0])
    @test LeasedArray{Float64}(state(cache, "a\0b")) == [1, 2] && state(cache, "a") === nothing
    @test unload_state!(cache, "a\0b") && !unload_state!(cache, "a\0b")
    @test status_of(() -> Filter(cache, "\xff", "{}")) == StreamCache.INVALID_ARGUMENT
end

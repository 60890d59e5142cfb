# Trained states.

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

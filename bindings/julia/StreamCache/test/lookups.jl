# Lookups and puts.

@testset "hit, miss and key" begin
    filter = fresh_filter()
    missed = lookup(filter, "a")
    @test missed.value === nothing && missed.chunk == digest("a") && missed.key == key(filter, "a")
    @test put!(filter, missed.chunk, [1, 2]; key = missed.key)
    hit = lookup(filter, "a")
    @test hit.value isa Value && hit.key == missed.key
    @test get(filter, "a", nothing) == [1, 2] && get(filter, "b", 7) == 7 && get(() -> 8, filter, "b") == 8
    @test haskey(filter, "a") && !haskey(filter, "b") && result_size(filter, "a") == 16
    @test filter["a"] == [1, 2]
    @test_throws KeyError filter["b"]
    filter["b"] = 3
    @test filter["b"] == fill(3)
    @test !haskey(delete!(filter, "a"), "a") && haskey(filter, "b")
    @test purge!(filter) == 1 && !haskey(filter, "b")
    counts = stats(filter)
    @test counts.hits == 4 && counts.misses == 4 && counts.puts == 2
end

@testset "into a buffer" begin
    filter = fresh_filter()
    put!(filter, "a", [1.0, 2.0, 3.0])
    whole, larger = zeros(3), zeros(2, 4)
    @test get_into!(whole, filter, "a") == 24 && whole == [1, 2, 3]
    @test get_into!(larger, filter, digest("a")) == 24 && vec(larger)[1:4] == [1, 2, 3, 0]
    part = zeros(10)
    @test get_into!(view(part, 4:6), filter, "a") == 24 && part[4:7] == [1, 2, 3, 0]
    @test get_into!(whole, filter, "b") === nothing
    @test status_of(() -> get_into!(zeros(2), filter, "a")) == StreamCache.BUFFER_TOO_SMALL
    @test_throws ArgumentError get_into!(view(part, 1:2:7), filter, "a")
    @test_throws ArgumentError get_into!(Any[1, 2, 3], filter, "a")
    put!(filter, "empty", UInt8[])
    @test get_into!(UInt8[], filter, "empty") == 0
    reject!(begin!(filter, "no"), 5)
    @test_throws Rejected get_into!(whole, filter, "no")
end

@testset "never into the cache's own memory" begin
    filter = fresh_filter()
    put!(filter, "b", [7.0, 8.0, 9.0, 10.0])
    a = get!(() -> [1.0, 2.0, 3.0, 4.0], filter, "a")
    for buffer in (a, view(a, 1:4), reshape(a, 2, 2), reinterpret(Int64, a), reshape(view(a, :), 2, 2), view(reshape(a, 2, 2), :, :),
        PermutedDimsArray(reshape(a, 2, 2), (1, 2)), reinterpret(UInt8, view(a, 1:4)), transpose(a),
        LeasedArray{UInt8}(lookup(filter, "a").value), codeunits("a text of thirty-two bytes, is it"),
        view(codeunits("a text of thirty-two bytes, is it"), 1:32))
        why = thrown(() -> get_into!(buffer, filter, "b"))
        @test why isa ArgumentError && occursin("immutable", why.msg)
    end
    @test a == filter["a"] == [1, 2, 3, 4]
    for buffer in (zeros(4), view(zeros(9), 2:5), zeros(2, 2), reinterpret(Float64, zeros(Int64, 4)), reshape(view(zeros(9), 2:5), 2, 2))
        @test get_into!(buffer, filter, "b") == 32 && vec(reinterpret(Float64, buffer)) == [7, 8, 9, 10]
    end
    kept = Ref{Any}()
    result = get!(array -> (kept[] = array; array .= 1), filter, "c", Float64, (4,))
    @test_throws ArgumentError get_into!(kept[], filter, "b")
    @test result == ones(4)
end

@testset "keys of the caller's" begin
    cache = Cache()
    its = key_chunk(digest_config((test = 1,)), digest_state("weights"), digest("a"))
    @test lookup(cache, its).value === nothing
    @test put!(cache, its, [1.5])
    filter = Filter(cache, "test", (test = 1,); state = "weights")
    @test filter["a"] == cache[its] == [1.5] # both ways meet in one entry
    @test get_into!(zeros(1), cache, its) == 8 && haskey(cache, its)
    @test !haskey(delete!(cache, its), its)
    @test get!(() -> [2.5], cache, its) == [2.5] == filter["a"]
    other = Filter(cache, "other", (test = 2,); state = "weights")
    chain = key([filter, other], "a")
    @test chain == key([snapshot(filter), snapshot(other)], "a") != key([other, filter], "a")
    @test status_of(() -> key(Filter[], "a")) == StreamCache.INVALID_ARGUMENT
    @test hits(cache) > 0 && misses(cache) > 0 && 0 < hit_rate(cache) < 1
end

@testset "flags" begin
    filter = fresh_filter()
    put!(filter, "a", 1)
    before = stats(filter)
    @test get(filter, "a", 0; flags = StreamCache.PEEK) == fill(1)
    @test stats(filter) == before
    @test get(filter, "a", 0; flags = StreamCache.BYPASS) == 0
    @test !put!(filter, "b", 1; flags = StreamCache.READ_ONLY) && !haskey(filter, "b")
    @test get!(() -> 2, filter, "a"; flags = StreamCache.REFRESH) == fill(2) == filter["a"]
    @test status_of(() -> lookup(filter, "a"; flags = 1 << 20)) == StreamCache.INVALID_ARGUMENT
    random = Filter(Cache(), "random", "{}"; state = "", nondeterministic = true)
    @test get!(() -> 1, random, "a") == fill(1) && get!(() -> 2, random, "a") == fill(2)
end

@testset "time to live" begin
    filter = fresh_filter()
    put!(filter, "a", 1; ttl = 0.001)
    put!(filter, "b", 1; ttl = 3600)
    sleep(0.02)
    @test !haskey(filter, "a") && haskey(filter, "b")
    @test_throws ArgumentError put!(filter, "a", 1; ttl = -1)
end

@testset "empty and huge" begin
    filter = fresh_filter(max_bytes = 64 << 20)
    @test get!(() -> UInt8[], filter, "") == UInt8[] && filter[UInt8[]] == UInt8[]
    huge = rand(UInt8, 16 << 20)
    @test get!(() -> huge, filter, huge) == huge == filter[huge]
    small = fresh_filter(max_bytes = 1 << 20)
    @test !put!(small, "a", huge) && get!(() -> huge, small, "a") == huge && !haskey(small, "a")
    @test !put!(fresh_filter(max_bytes = 0, state = digest_state("")), "a", 1)
end

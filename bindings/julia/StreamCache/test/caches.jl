# Options and stats.

@testset "options" begin
    chosen = read_json(options(max_bytes = 1 << 20, policy = :lru, name = "a\"\0b", remote_urls = ["redis://127.0.0.1:1"],
        secret = "00"^16, disk_directory = nothing, max_chunks = :unlimited))
    @test chosen["max_bytes"] == 1 << 20 && chosen["policy"] == "lru" && chosen["name"] == "a\"\0b"
    @test chosen["max_chunks"] == "unlimited" && chosen["secret"] == "hidden"
    @test read_json(options("{\"ttl_ms\": 7}"))["ttl_ms"] == 7
    for wrong in (() -> Cache(max_byte = 1), () -> Cache(max_bytes = -1), () -> Cache(max_bytes = 17),
        () -> Cache(policy = :best), () -> Cache(max_bytes = 1.5), () -> Cache("{"), () -> Cache(secret = UInt8[1]))
        @test status_of(wrong) == StreamCache.INVALID_ARGUMENT
    end
    message = try
        Cache(max_byte = 1)
    catch why
        sprint(showerror, why)
    end
    @test occursin("max_bytes", message)
    @test_throws ArgumentError Cache(name = Ref(1))
end

@testset "namespace and secret" begin
    of(; options...) = key(fresh_filter(; options...), "a")
    @test of() == of(namespace = "") != of(namespace = "a")
    @test of(secret = "01"^16) == of(secret = ones(UInt8, 16)) != of(secret = zeros(UInt8, 16)) != of()
end

@testset "stats" begin
    cache = Cache(name = "named")
    filter = Filter(cache, "its id", "{}"; state = "")
    get!(() -> zeros(100), filter, "a"; compute_time = 1.5)
    get!(() -> error("is there"), filter, "a")
    counts = stats(cache)
    @test counts.lookups == 2 && counts.hits == 1 && counts.entries == 1 && counts.bytes > 800
    @test counts.time_saved_ns == 1_500_000_000 && counts.max_chunks == typemax(Int)
    @test stats(filter) == (lookups = 2, hits = 1, misses = 1, coalesced = 0, bypassed = 0, rejected = 0, puts = 1,
        time_saved_ns = 1_500_000_000)
    text = read_json(replace(stats_text(cache), r"(\d)\.\d+" => s"\1"))
    @test text["name"] == "named" && text["hits"] == 1 && haskey(text["filters"], "its id")
    @test occursin("streamcache_hits_total{cache=\"named\"} 1", stats_text(cache, :prometheus))
    @test_throws ArgumentError stats_text(cache, :xml)
    @test_throws ArgumentError tier_stats(cache, :tape)
    @test stats(empty!(cache)).entries == 0
    resize!(cache; max_bytes = 1 << 16, max_chunks = :unlimited)
    @test stats(cache).max_bytes == 1 << 16 && status_of(() -> resize!(cache; max_bytes = 5)) == StreamCache.INVALID_ARGUMENT
    foreach(i -> put!(filter, "chunk $i", zeros(100)), 1:200)
    @test stats(cache).evictions > 0 && stats(cache).bytes <= 1 << 16
end

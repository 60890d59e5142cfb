# A disk behind memory, as two processes would share it.

@testset "results come back from disk" begin
    mktempdir() do folder
        open_filter(; options...) = fresh_filter(; disk_directory = folder, options...)
        cache = Cache(disk_directory = folder, name = "first")
        filter = Filter(cache, "test", (test = 1,); state = "weights")
        @test get!(() -> Float32[1 2; 3 4], filter, "a") == [1 2; 3 4]
        put!(filter, "b", "text")
        @test flush(cache) && tier_stats(cache, :disk).written == 2 && tier_stats(cache, :remote) === nothing
        @test save_state!(filter) && flush(cache)
        @test close(cache) == 0

        impatient = open_filter()
        @test begin!(impatient, "a"; timeout = 0) isa Value # the disk's, however short the time
        @test get!(() -> error("it is on disk"), impatient, "b"; timeout = 0) == b"text"
        begun = begin!(impatient, "nowhere"; timeout = 0)
        @test begun === nothing || begun isa Ticket
        begun === nothing || close(begun)

        second = Cache(disk_directory = folder)
        filter = Filter(second, "test", (test = 1,))
        @test restore_state!(filter, digest_state("weights")) && !restore_state!(filter, digest_state("none"))
        @test get!(() -> error("it is on disk"), filter, "a") == Float32[1 2; 3 4]
        @test tier(lookup(filter, "a").value) === :disk && tier_stats(second, :disk).hits >= 1
        @test get_into!(zeros(UInt8, 4), filter, "b") == 4 && get(filter, "c", 0) == 0
        calls = Threads.Atomic{Int}(0)
        tasks = [on_any_thread(() -> get!(() -> (Threads.atomic_add!(calls, 1); 1), filter, "d")) for _ in 1:8]
        @test all(task -> fetch(task) == fill(1), tasks) && calls[] == 1
        delete!(filter, "a")
        @test get(filter, "a", nothing) === nothing
        close(second)

        third = open_filter()
        @test get(third, "a", nothing) === nothing
        @test get_batch!(chunks -> [[length(c)] for c in chunks], third, ["b", "ee", "b"]) == [b"text", [2], b"text"]
        @test purge!(third) >= 1 && get(third, "b", nothing) === nothing
    end
    @test status_of(() -> Cache(disk_directory = "/dev/null/nowhere")) == StreamCache.IO_FAILED
end

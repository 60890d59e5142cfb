# Batches.

@testset "each distinct miss once" begin
    filter, seen = fresh_filter(), Any[]
    put!(filter, "b", [2.0f0])
    length_of(chunks) = (append!(seen, chunks); Float32[length(c) for _ in 1:1, c in chunks])
    found = get_batch!(length_of, filter, ["aaa", "b", "cc", "aaa"])
    @test found == [[3], [2], [2], [3]] && seen == ["aaa", "cc"]
    @test all(result -> result isa LeasedArray{Float32,1}, found)
    @test get_batch!(_ -> error("all there"), filter, ["cc", "aaa"]) == [[2], [3]]
    @test get_batch!(_ -> error("none"), filter, String[]) == []
end

@testset "rows of every form" begin
    filter = fresh_filter()
    @test get_batch!(chunks -> reshape(collect(1:12), 2, 3, 2), filter, ["a", "b"]) == [[1 3 5; 2 4 6], [7 9 11; 8 10 12]]
    @test get_batch!(chunks -> [1.5, 2.5], filter, ["c", "d"]) == [fill(1.5), fill(2.5)]
    @test get_batch!(chunks -> [[1], [1, 2]], filter, ["e", "f"]) == [[1], [1, 2]]
    @test get_batch!(chunks -> ["x", "yz"], filter, ["g", "h"]) == [b"x", b"yz"]
    @test get_batch!(chunks -> [([1], "l"), ([2], "m")], filter, ["i", "j"])[2] == ([2], b"m")
    @test get_batch!(chunks -> UInt8[1 2; 3 4], filter, ["k", "l"]) == [[1, 3], [2, 4]]
    @test get_batch!(chunks -> ones(0, 2), filter, ["m", "n"]) == [Float64[], Float64[]]
    for rows in ([1, 2, 3], [[1]], ones(2, 3), view(ones(2, 4), :, 1:2:3))
        @test_throws Union{ArgumentError,StreamCacheError} get_batch!(chunks -> rows, filter, ["o", "p"])
    end
    @test_throws DivideError get_batch!(chunks -> 1 ÷ 0, filter, ["o", "p"])
    @test get_batch!(chunks -> [1, 2], filter, ["o", "p"]) == [fill(1), fill(2)]
end

@testset "what others compute" begin
    filter, calls = fresh_filter(), Threads.Atomic{Int}(0)
    chunks = ["chunk $i" for i in 1:20]
    tasks = [on_any_thread() do
        get_batch!(filter, circshift(chunks, 3i)) do missing_chunks
            Threads.atomic_add!(calls, length(missing_chunks))
            sleep(0.02)
            [[length(chunk)] for chunk in missing_chunks]
        end
    end for i in 1:4]
    @test all(i -> fetch(tasks[i]) == [[length(c)] for c in circshift(chunks, 3i)], 1:4)
    @test calls[] == 20
end

@testset "by hand" begin
    filter = fresh_filter()
    ticket = begin!(filter, "b")
    reject!(begin!(filter, "r"), 9)
    batch = Batch(filter, ["a", "b", "a", "r"])
    @test length(batch) == 4 && [batch[i] for i in 1:4] == [:missing, :pending, :duplicate, Rejected(9)]
    @test missing_items(batch) == [1]
    @test_throws ArgumentError commit!(batch, 2, [1])
    @test_throws BoundsError batch[5]
    @test results(commit!(batch, 1, [1.0])) == [1.0] == results(batch[3])
    @test wait(batch; timeout = 0.01) === :busy
    abort!(ticket)
    @test wait(batch) === :missing && missing_items(batch) == [2]
    @test commit!(batch, [7.0]) == 1
    @test wait(batch) === :done && results(batch[2]) == fill(7.0)
    kept = results(batch[1])
    close(batch)
    @test kept == [1.0]
    other = Batch(filter, ["x"])
    close(other)
    @test begin!(filter, "x"; timeout = 0) isa Ticket
end

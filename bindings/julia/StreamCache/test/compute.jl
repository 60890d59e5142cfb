# Compute once.

@testset "computed once, however many ask" begin
    filter, calls = fresh_filter(), Threads.Atomic{Int}(0)
    function model()
        Threads.atomic_add!(calls, 1)
        sleep(0.05)
        [1.5]
    end
    tasks = [on_any_thread(() -> get!(model, filter, "a")) for _ in 1:16]
    append!(tasks, [@async(get!(model, filter, "a")) for _ in 1:16])
    @test all(task -> fetch(task) == [1.5], tasks)
    @test calls[] == 1
    counts = stats(filter)
    @test counts.misses == 1 && counts.hits + counts.coalesced == 31
end

@testset "many chunks, many tasks, each once" begin
    filter, calls = fresh_filter(), Threads.Atomic{Int}(0)
    tasks = [on_any_thread() do
        for i in 1:200
            found = get!(filter, "chunk $(i * 7 % 50)") do
                Threads.atomic_add!(calls, 1)
                i % 3 == 0 && yield()
                [i * 7 % 50]
            end
            found == [i * 7 % 50] || error("wrong")
        end
    end for _ in 1:8]
    foreach(fetch, tasks)
    @test calls[] == 50
end

@testset "an exception gives the right up and goes on" begin
    filter = fresh_filter()
    @test_throws DivideError get!(() -> 1 ÷ 0, filter, "a")
    @test get!(() -> 1, filter, "a") == fill(1)
    started, waiting = Channel{Bool}(1), Ref(false)
    first = @async get!(filter, "b") do
        put!(started, true)
        sleep(0.03)
        error("the first fails")
    end
    take!(started)
    second = on_any_thread(() -> get!(() -> 2, filter, "b"))
    @test fetch(second) == fill(2)
    @test_throws TaskFailedException fetch(first)
    @test filter["b"] == fill(2)
    task = @async get!(() -> (sleep(10); 1), filter, "c")
    yield()
    @async Base.throwto(task, InterruptException())
    @test_throws TaskFailedException wait(task)
    @test get!(() -> 3, filter, "c"; timeout = 5) == fill(3)
end

@testset "a rejection is remembered" begin
    filter, calls = fresh_filter(), Ref(0)
    for _ in 1:3
        why = thrown(() -> get!(() -> (calls[] += 1; throw(Rejected(3))), filter, "a"))
        @test why == Rejected(3) != Rejected(4) && hash(why) == hash(Rejected(3))
    end
    @test calls[] == 1
    @test get!(() -> 1, filter, "a"; flags = StreamCache.REFRESH) == fill(1)
end

@testset "a rejection of another lookup is not this one's" begin
    inner, outer, calls = fresh_filter(), fresh_filter(config = (test = 2,)), Ref(0)
    through(f) = get!(() -> get!(f, inner, "a"), outer, "a")
    @test_throws Rejected through(() -> throw(Rejected(7; ttl = 1))) # made inside
    @test lookup(inner, "a").value == Rejected(7) && lookup(outer, "a").value === nothing
    @test_throws Rejected through(() -> 1) # found inside
    @test lookup(outer, "a").value === nothing
    @test eventually(() -> lookup(inner, "a").value === nothing)
    @test through(() -> 1) == fill(1)
    reject!(begin!(inner, "b"), 7)
    found = lookup(inner, "b").value
    @test_throws Rejected get!(() -> throw(found), outer, "b")
    @test lookup(outer, "b").value === nothing
    @test_throws Rejected get!(() -> throw(Rejected(found.code)), outer, "b")
    @test lookup(outer, "b").value == Rejected(7) # said of its own accord
    held = begin!(inner, "c") # and where it computes without a ticket
    @test_throws Rejected get!(() -> get!(() -> throw(Rejected(7)), inner, "c"; timeout = 0), outer, "c")
    @test lookup(outer, "c").value === nothing && phase(held) === :open
end

@testset "a time that is up" begin
    filter = fresh_filter()
    ticket = begin!(filter, "a")
    began = time()
    @test begin!(filter, "a"; timeout = 0.05) === nothing
    @test time() - began >= 0.05
    @test get!(() -> 2, filter, "a"; timeout = 0.01) == fill(2) == filter["a"] # for itself
    @test phase(ticket) === :fenced
    @test get!(() -> get!(() -> 3, filter, "b"; timeout = 0.01), filter, "b") == fill(3) # in itself
    array = get!(filter, "c", Int, (2,)) do outer
        outer .= get!(inner -> inner .= 4, filter, "c", Int, (2,); timeout = 0)
    end
    @test array == [4, 4]
    @test_throws ArgumentError begin!(filter, "d"; timeout = -1)
    value = begin!(filter, "a"; timeout = Inf)
    @test value isa Value
end

@testset "who waits stops nobody" begin
    filter = fresh_filter()
    ticket = begin!(filter, "a")
    waiters = [on_any_thread(() -> get!(() -> error("not twice"), filter, "a")) for _ in 1:2Threads.nthreads()]
    ticks = Ref(0)
    ticker = Timer(_ -> ticks[] += 1, 0; interval = 0.002)
    sleep(0.02)
    took = @elapsed foreach(_ -> GC.gc(), 1:3)
    @test took < 5
    @test eventually(() -> ticks[] >= 5)
    close(ticker)
    commit!(ticket, 1)
    @test all(waiter -> fetch(waiter) == fill(1), waiters)
end

@testset "defaults" begin
    filter = fresh_filter()
    @test get!(filter, "a", [1, 2]) == [1, 2] == get!(filter, "a", [3])
    @test get!(Vector{UInt8}, filter, "b") == UInt8[]
    @test_throws MethodError get!(() -> 1, filter, 3.5)
end

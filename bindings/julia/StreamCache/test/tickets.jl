# Tickets.

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
    @test phase(begin!(filter, "z")) === :open && StreamCache.name_of((:open, :committed), 2) === :unknown
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

@testset "an array that was kept is no way into the cache" begin
    filter, kept = fresh_filter(), Ref{Any}()
    keep(array) = (kept[] = array; array .= 1)
    value = commit!(keep, begin!(filter, "a"), Float32, (2, 2))
    @test size(kept[]) == (2, 2) && results(value) == ones(2, 2)
    for use in (a -> a[1] = 2, a -> a .= 2, a -> a[1], sum, pointer, copy)
        @test_throws ArgumentError use(kept[])
    end
    @test_throws DivideError commit!(a -> (keep(a); 1 ÷ 0), begin!(filter, "b"), Float32, (2, 2))
    @test_throws ArgumentError kept[][1] = 2
    @test filter["a"] == ones(2, 2) && !haskey(filter, "b")
    function whole(a) # as an Array is used
        copyto!(a, [1.0 2.0; 3.0 4.0])
        view(a, :, 2) .*= 2
        unsafe_store!(pointer(a), 5.0)
        strides(a) == (1, 2) && a isa DenseArray{Float64,2} && a[2, 2] == 8 || error("no array")
        @test_throws BoundsError a[5]
    end
    @test results(commit!(whole, begin!(filter, "c"), Float64, (2, 2))) == [5 4; 3 8]
end

@testset "its memory stays while it is written" begin
    filter = fresh_filter()
    for meddle in (abort!, t -> reject!(t, 1), t -> commit!(t, 1), t -> commit!(identity, t, UInt8, (1 << 20,)))
        ticket = begin!(filter, "a")
        value = commit!(ticket, UInt8, (1 << 20,)) do array
            @test status_of(() -> meddle(ticket)) == StreamCache.INVALID_ARGUMENT
            @test phase(ticket) === :open && key(ticket) == key(filter, "a")
            array .= 7
        end
        @test all(==(7), results(value)) && phase(ticket) === :committed
        delete!(filter, "a")
    end
    for give_up in (close, finalize, t -> fetch(on_any_thread(() -> close(t))))
        ticket = begin!(filter, "a")
        closed() = commit!(array -> (give_up(ticket); GC.gc(false); array .= 7), ticket, UInt8, (1 << 20,))
        @test status_of(closed) == StreamCache.CLOSED
        next = begin!(filter, "a"; timeout = 0) # it was given up all the same
        @test next isa Ticket
        close(next)
    end
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

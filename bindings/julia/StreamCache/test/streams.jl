# Streams: a recurrent model whose output is the sum of all numbers so far.

const steps = Ref(0)

function sum_of(stream, chunk; options...)
    found = step!(stream, [chunk]; options...) do state
        steps[] += 1
        total = state === nothing ? -1.0 : state[1, 1] + chunk
        [total], state === nothing ? nothing : fill(total, 1, 2)
    end
    return found[]
end

@testset "a replay hits" begin
    filter = fresh_filter()
    stream = Stream(filter, zeros(1, 2))
    steps[] = 0
    @test [sum_of(stream, c) for c in (1.0, 2.0, 1.0)] == [1, 3, 4] && steps[] == 3 && position(stream) == 3
    @test state(stream) isa LeasedArray{Float64,2} && state(stream) == [4.0 4.0]
    place = digest(stream)
    @test [sum_of(reset!(stream), 1.0), sum_of(stream, 2.0)] == [1, 3] && steps[] == 3
    other = fork(stream)
    @test sum_of(other, 1.0) == 4 && steps[] == 3 && digest(other) == place && position(stream) == 2
    @test sum_of(stream, 5.0) == 8 && steps[] == 4
    @test sum_of(reset!(stream, [10.0 10.0]), 1.0) == 11 && sum_of(Stream(filter, [10.0 10.0]), 1.0) == 11 && steps[] == 5
end

@testset "an exception leaves it where it is" begin
    stream = Stream(fresh_filter(), zeros(1, 2))
    @test_throws DivideError step!(_ -> 1 ÷ 0, stream, "a")
    @test_throws ArgumentError step!(_ -> (nothing, [1.0]), stream, "a")
    @test position(stream) == 0 && sum_of(stream, 1.0) == 1 && position(stream) == 1
end

@testset "an unknown state" begin
    stream = Stream(fresh_filter(), zeros(1, 2))
    sum_of(stream, 1.0)
    forget!(stream)
    @test state(stream) === nothing && sum_of(stream, 1.0) == -1 && status_of(() -> digest(stream)) == StreamCache.NO_STATE
    @test step!(_ -> ("x", [7.0 7.0]), stream, "a") == b"x" && state(stream) == [7 7]
    @test step!(_ -> ("y", nothing), stream, "a") == b"y" && state(stream) === nothing
    @test sum_of(reset!(stream), 1.0) == 1
end

@testset "states of other kinds" begin
    filter = fresh_filter()
    text = Stream(filter, "state\0")
    @test step!(s -> (String(s), "longer state"), text, "a") == b"state\0" && state(text) == b"longer state"
    empty = Stream(filter, Float32[])
    @test step!(s -> (length(s), Float32[]), empty, "a") == fill(0) && state(empty) == Float32[]
    @test_throws ArgumentError Stream(filter, view(ones(4, 4), 1:2, :))
    @test_throws ArgumentError reset!(empty, ["wrong type"])
    @test_throws MethodError Stream(filter, nothing)
    @test status_of(() -> Stream(Filter(Cache(), "x", "{}"), "s")) == StreamCache.NO_STATE
end

@testset "a state of another type or shape is refused" begin
    filter = fresh_filter()
    first = zeros(Float32, 2, 3)
    stream = Stream(filter, first)
    for next in (zeros(2, 3), zeros(Int32, 2, 3), zeros(Float32, 3, 2), zeros(Float32, 6), zeros(Float32, 2, 3, 1),
        zeros(Float32, 2, 4), (first, first), "text", 1.0f0, 1.0, :next)
        why = thrown(() -> step!(_ -> (1, next), stream, "a"))
        @test why isa ArgumentError && occursin("of Float32 and size (2, 3)", why.msg)
        @test_throws ArgumentError reset!(stream, next)
    end
    @test position(stream) == 0 && state(stream) == first
    @test step!(s -> (sum(s), s .+ 1.0f0), stream, "a") == fill(0) # and the right to compute was given up each time
    @test state(reset!(stream, ones(Float32, 2, 3))) == ones(2, 3)

    vector = Stream(filter, zeros(Float32, 4))
    @test_throws ArgumentError step!(s -> (1, s .* 0.5), vector, "a") # promoted to Float64
    @test_throws ArgumentError step!(s -> (1, "text of 4 x 4 B"), vector, "a")
    @test step!(s -> (length(s), zeros(Float32, 3)), vector, "a") == fill(4) && state(vector) == zeros(3)
    text = Stream(filter, "text")
    @test_throws ArgumentError step!(s -> (1, 1.0), text, "a")
    @test_throws ArgumentError reset!(text, [1.0])
    @test state(reset!(text, "other")) == b"other" && state(reset!(text, b"one")) == b"one"
    number = Stream(filter, fill(1.5))
    @test step!(s -> (s[], s[] + 1), number, "a") == fill(1.5) && state(number) == fill(2.5)
    @test_throws ArgumentError step!(s -> (1, 2), number, "b")
end

@testset "one step at a time" begin
    filter, calls = fresh_filter(), Threads.Atomic{Int}(0)
    first = Stream(filter, zeros(1))
    tasks = [on_any_thread() do
        stream = fork(first)
        for i in 1:20
            step!(stream, "chunk $i") do state
                Threads.atomic_add!(calls, 1)
                i % 7 == 0 && sleep(0.001)
                state .+ i, state .+ i
            end == [sum(1:i)] || error("wrong")
        end
    end for _ in 1:4]
    foreach(fetch, tasks)
    @test calls[] == 20 # the same steps, each once
    started, go_on = Channel{Bool}(1), Channel{Bool}(1)
    busy = @async step!(_ -> (put!(started, true); take!(go_on); (1, [1.0])), first, "slow")
    take!(started)
    @test status_of(() -> step!(_ -> (1, [1.0]), first, "slow"; timeout = 0.01)) == StreamCache.BUSY
    put!(go_on, true)
    @test fetch(busy) == fill(1)
end

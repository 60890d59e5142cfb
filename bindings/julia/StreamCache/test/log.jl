# The library's messages, and results carried in a file, whose threads are the library's own.

using Base.CoreLogging: Info, Warn, LogLevel, global_logger
using Test: TestLogger

"What is said while `work` runs, until something that `wanted` is true of."
function heard(work, wanted; level = Info)
    messages = NamedTuple[]
    StreamCache.log_to(; level = level) do level, target, message
        push!(messages, (level = level, target = target, message = message))
    end
    work()
    @test eventually(() -> any(wanted, messages))
    StreamCache.log_off()
    return messages
end

@testset "a function hears what it asked for" begin
    filter = fresh_filter()
    messages = heard(m -> m.target == "filter") do
        load_state!(filter, "others")
    end
    @test length(messages) == 1 && messages[1].level == Info && occursin(" gave way to ", messages[1].message)
    small = Filter(Cache(max_bytes = 4096), "small ☃", "{}")
    messages = heard(m -> m.target == "cache"; level = Warn) do
        load_state!(filter, "weights")
        @test status_of(() -> load_state!(small, zeros(UInt8, 8192))) == StreamCache.NO_SPACE
    end
    @test [m.level for m in messages] == [Warn]
end

@testset "off is silent" begin
    filter, messages = fresh_filter(), Any[]
    StreamCache.log_to((message...) -> push!(messages, message))
    StreamCache.log_off()
    load_state!(filter, "others")
    StreamCache.log_to((message...) -> push!(messages, message); level = LogLevel(3000)) # which nothing is
    load_state!(filter, "third")
    sleep(0.05)
    @test isempty(messages)
    @test_throws TypeError StreamCache.log_to(level = 3)
end

@testset "the global logger hears by default" begin
    logger, before = TestLogger(), global_logger()
    StreamCache.log_to()
    try
        global_logger(logger)
        close(Cache(name = "mine"))
        @test eventually(() -> length(logger.logs) >= 2)
    finally
        global_logger(before)
        StreamCache.log_off()
    end
    @test logger.logs[1].group === :cache && logger.logs[1].level == Info && occursin("mine", logger.logs[1].message)
end

@testset "messages of many threads, the library's too, and long ones" begin
    mktempdir() do folder
        caches = [Cache(name = "$(i)" * "long "^800) for i in 1:4]
        done = Threads.Atomic{Int}(0)
        messages = heard(m -> m.target == "export" && done[] == 4) do
            tasks = [on_any_thread() do
                filter = Filter(cache, "x", "{}"; state = "0")
                for i in 1:50
                    load_state!(filter, "$i")
                    i % 10 == 0 && GC.gc(false)
                    i % 10 == 0 && export_results(cache, joinpath(folder, "$(objectid(cache)) $i"))
                end
                Threads.atomic_add!(done, 1)
            end for cache in caches]
            foreach(fetch, tasks)
            export_results(caches[1], joinpath(folder, "last"))
        end
        @test count(m -> m.target == "filter", messages) == 200
        @test all(m -> isvalid(m.message) && !isempty(m.message), messages)
    end
    long = heard(m -> m.target == "cache") do
        Cache(name = "☃x"^1500)
    end
    @test sizeof(long[1].message) > 4000 && isvalid(long[1].message)
end

@testset "one that fails stops nothing" begin
    calls, filter, logger, before = Ref(0), fresh_filter(), TestLogger(), global_logger()
    StreamCache.log_to((message...) -> (calls[] += 1; error("no")))
    global_logger(logger)
    try
        load_state!(filter, "others")
        load_state!(filter, "weights")
        @test eventually(() -> calls[] == 2)
    finally
        global_logger(before)
        StreamCache.log_off()
    end
    @test length(logger.logs) == 2 && occursin("messages of streamcache failed", logger.logs[1].message)
end

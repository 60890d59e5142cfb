# What the tests share.

const repository = normpath(joinpath(@__DIR__, "..", "..", "..", ".."))
const header = joinpath(repository, "include", "streamcache.h")

"A filter of a cache of its own, ready for lookups."
function fresh_filter(; state = "weights", config = (test = 1,), options...)
    cache = Cache(; options...)
    return Filter(cache, "test", config; state = state)
end

"The status that a call fails with; `nothing` where it doesn't."
function status_of(call)
    try
        call()
    catch why
        why isa StreamCacheError || rethrow()
        return why.status
    end
    return nothing
end

"What a call throws; `nothing` where it doesn't."
function thrown(call)
    try
        call()
    catch why
        return why
    end
    return nothing
end

"Waits until something is true, while other tasks run."
eventually(condition; seconds = 10) = timedwait(condition, float(seconds); pollint = 0.001) === :ok

"A task on any thread, as `Threads.@spawn`; fetch gives what it gave, or throws what it threw."
on_any_thread(work) = Threads.@spawn work()

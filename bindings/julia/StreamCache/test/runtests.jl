# One process for all of it but what needs its own (library.jl). Its last line counts the tests: a testset without testsets
# in it is one.

using Test
using StreamCache

include("support.jl")
include("json.jl")

const parts = isempty(ARGS) ? ["layout", "documented", "digests", "vectors", "results", "lookups", "allocations", "handles",
    "tickets", "compute", "batches", "streams", "states", "tiers", "caches",
    "transfers", "log", "readme", "library"] : ARGS

function tally(set::Test.DefaultTestSet)
    inner = filter(result -> result isa Test.DefaultTestSet, set.results)
    isempty(inner) || return reduce((a, b) -> a .+ b, map(tally, inner))
    failed = any(result -> result isa Union{Test.Fail,Test.Error}, set.results)
    skipped = any(result -> result isa Test.Broken, set.results)
    return failed ? (0, 1, 0) : skipped ? (0, 0, 1) : (1, 0, 0)
end

failed = try
    global suite = @testset "StreamCache" begin
        for part in parts
            @testset "$part" begin
                include("$part.jl")
            end
        end
    end
    false
catch why
    why isa Test.TestSetException || rethrow()
    println("failed: ", why.fail, ", errors: ", why.error)
    true
end
failed && exit(1)
passed, _, skipped = tally(suite)
println("$passed passed, $skipped skipped, $(Threads.nthreads()) threads, Julia $VERSION")

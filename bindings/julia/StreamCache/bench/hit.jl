# A hit of 64 bytes, copied into a buffer, and leased: the median of the rounds in nanoseconds, a line each.
#
#     julia --project=bindings/julia/StreamCache bindings/julia/StreamCache/bench/hit.jl [ROUNDS]
#
#     julia get_into 123.4
#     julia lease 456.7
#
# The argument is the number of rounds, 15 or more; each takes about 10 ms.

using StreamCache

const size_of_result = 64
const round_ns = 10_000_000

function into_buffer(filter, chunk, buffer, times)
    for _ in 1:times
        get_into!(buffer, filter, chunk) === size_of_result || error("no hit")
    end
end

function as_lease(filter, chunk, _, times)
    for _ in 1:times
        value = lookup(filter, chunk).value::Value
        sizeof(value) == size_of_result || error("no hit")
        close(value)
    end
end

function timed(hit, filter, chunk, buffer, times)
    start = time_ns()
    hit(filter, chunk, buffer, times)
    return time_ns() - start
end

"How often a round does it."
function calibrated(hit, arguments...)
    times = 1000
    while (took = timed(hit, arguments..., times)) < round_ns ÷ 4
        times *= 2
    end
    return ceil(Int, times * round_ns / took)
end

function main(rounds)
    cache = Cache()
    filter = Filter(cache, "bench", UInt8[]; state = UInt8[])
    chunk, buffer = digest("chunk"), zeros(UInt8, size_of_result)
    put!(filter, chunk, zeros(UInt8, size_of_result))
    hits = (get_into = into_buffer, lease = as_lease)
    times = map(hit -> (hit(filter, chunk, buffer, 10); calibrated(hit, filter, chunk, buffer)), hits)
    taken = map(_ -> Float64[], hits)
    for _ in 1:rounds, name in keys(hits) # in turn, so that what disturbs one round disturbs both
        push!(taken[name], timed(hits[name], filter, chunk, buffer, times[name]) / times[name])
    end
    for name in keys(hits)
        println("julia ", name, " ", round(sort(taken[name])[rounds÷2+1]; digits = 1))
    end
end

const rounds = isempty(ARGS) ? 15 : something(tryparse(Int, ARGS[1]), 0)
rounds >= 15 || error("the number of rounds, 15 or more, and not $(ARGS[1])")
main(rounds)

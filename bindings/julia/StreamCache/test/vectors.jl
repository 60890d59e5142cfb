# tests/vectors/keys.json through this package: every digest a caller can ask for is the one in the file.

const vectors_file = joinpath(repository, "tests", "vectors", "keys.json")

# What never leaves the library.
const inside = ("constant", "namespace", "secret_digest", "filter_constant", "filter", "pipeline", "tag", "saved_state")

struct Cases
    by_name::Dict{String,Any}
    caches::Dict{Any,Cache}
    filters::Dict{String,Filter}
end

known(cases, name) = Digest(cases.by_name[name]["digest"])
known(cases, names::Vector) = Digest[known(cases, name) for name in names]

function data_of(spec)
    kind, value = first(spec)
    kind == "pattern" && return UInt8[i % 251 for i in 0:value-1]
    return kind == "text" ? Vector{UInt8}(codeunits(value)) : hex2bytes(value)
end

function filter_of(cases, name)
    get!(cases.filters, name) do
        case = cases.by_name[name]
        namespace, secret = String(data_of(case["namespace"])), case["secret"]
        cache = get!(() -> Cache(; namespace = namespace, secret = secret), cases.caches, (namespace, secret))
        Filter(cache, "vectors", known(cases, case["config"]); state = known(cases, case["state"]))
    end
end

"The one thing that several ways lead to."
agreed(ways) = all(==(first(ways)), ways) ? first(ways) : error("it depends on the way")

function in_every_way(role, data, at_once)
    hasher, ways = Hasher(role), [at_once]
    for step in (1, 1000, 1024, 65537)
        length(data) ÷ step > 2000 && continue
        foreach(at -> update!(hasher, data[at:min(end, at + step - 1)]), 1:step:length(data))
        push!(ways, finish!(hasher))
    end
    mktemp() do path, file
        write(file, data)
        close(file)
        push!(ways, digest_file(path; role = role))
    end
    return agreed(ways)
end

function tensor_of(case)
    name, data, dims = String(data_of(case["name"])), data_of(case["data"]), Int64.(case["dims"])
    dtype = DType(case["code"], case["bits"], case["lanes"])
    ways = [digest_tensor(data, dtype, dims; name = name)]
    T = StreamCache.julia_type(dtype)
    if T !== nothing && !any(d -> d > 2^40, dims) # and as the Julia array it is
        push!(ways, digest_tensor(reshape(collect(reinterpret(T, data)), reverse(dims)...); name = name))
    end
    return agreed(ways)
end

function content_of(cases, case)
    data, tensors = data_of(case["payload"]), [cases.by_name[name] for name in case["tensors"]]
    views, dims, offset = StreamCache.CTensorView[], Vector{Int64}[], 0
    for tensor in tensors
        push!(dims, tensor["dims"])
        size = length(data_of(tensor["data"]))
        push!(views, StreamCache.CTensorView(sizeof(StreamCache.CTensorView), tensor["code"], tensor["bits"],
            tensor["lanes"], length(dims[end]), pointer(dims[end]), offset, size))
        offset += size
    end
    layout = StreamCache.Layout(data, views, dims)
    cache, its = Cache(), Ref(digest("content"))
    _, value = StreamCache.given(layout; blob = data_of(case["blob"])) do data, len, options, value
        StreamCache.C.cache_put_chunk(StreamCache.raw(cache), its, data, len, 0, options, value)
    end
    return content(StreamCache.leased(value))
end

function key_of(cases, name, chunk)
    case = cases.by_name[name]
    if case["formula"] == "filter"
        filter = filter_of(cases, name)
        return agreed([key(filter, chunk), key(snapshot(filter), chunk), lookup(filter, chunk).key])
    end
    filters = Filter[filter_of(cases, stage) for stage in case["filters"]]
    return agreed([key(filters, chunk), key(Snapshot[snapshot(filter) for filter in filters], chunk)])
end

"The key of a step, which the ticket of its computation has."
function step_of(filter, state, chunk)
    stream = Stream(filter, state)
    value, ticket = StreamCache.out(), StreamCache.out()
    status = StreamCache.C.stream_begin(StreamCache.raw(stream), Ref(chunk), 0, 0, value, ticket)
    status == StreamCache.FILL || error("it is there")
    return key(StreamCache.held(ticket[]))
end

"Of a stream that was opened at this state, of one that a step led there, and of one that was reset to it."
function place_of(filter, state)
    stream = Stream(filter, Vector{UInt8}("another"))
    step!(_ -> ("", state), stream, digest(state))
    ways = [digest(Stream(filter, state)), digest(stream)]
    return agreed(push!(ways, digest(reset!(stream, state))))
end

function made(cases, case)
    formula = case["formula"]
    one(argument) = known(cases, case[argument])
    data = haskey(case, "data") ? data_of(case["data"]) : UInt8[]
    formula == "chunk" && return in_every_way(:chunk, data, digest(data))
    formula == "state" && return in_every_way(:state, data, digest_state(data))
    formula == "config_bytes" && return in_every_way(:config, data, digest_config(data))
    formula == "config_json" && return digest_config(String(data))
    formula == "raw" && return digest_raw(Symbol(case["role"]), data)
    formula == "tensor" && return tensor_of(case)
    formula == "inputs" && return digest_inputs(known(cases, case["digests"]))
    formula == "barrier" && return finish!(foldl(update!, known(cases, case["chunks"]); init = Barrier()))
    formula == "content" && return content_of(cases, case)
    formula == "key_state" && return key_state(one("config"), one("training_data"))
    formula == "key_chunk" && return key_chunk(one("config"), one("state"), one("chunk"))
    formula == "key" && return key_of(cases, case["filter"], one("chunk"))
    state_in() = data_of(cases.by_name[case["state_in"]]["data"])
    formula == "step" && return step_of(filter_of(cases, case["filter"]), state_in(), one("chunk"))
    formula == "place" && return place_of(filter_of(cases, case["filter"]), state_in())
    error("nothing here for $formula")
end

@testset "keys.json" begin
    if isfile(vectors_file)
        list = read_json(read(vectors_file, String))["cases"]
        cases = Cases(Dict(case["case"] => case for case in list), Dict(), Dict())
        right, refused, hidden = 0, 0, 0
        for case in list
            if case["formula"] in inside
                hidden += 1
            elseif get(case, "refused", false)
                refused += status_of(() -> made(cases, case)) == StreamCache.INVALID_ARGUMENT
            else
                digest = hex(made(cases, case))
                digest == case["digest"] ? (right += 1) : println("$(case["case"]): $digest")
            end
        end
        println("$right digests and $refused refusals of keys.json through Julia, $hidden never leave the library")
        @test right > 200
        @test right + refused + hidden == length(list)
        @test length(cases.filters) > 5
    else
        @test_skip "there is no tests/vectors/keys.json here"
    end
end

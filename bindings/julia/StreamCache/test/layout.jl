# The structs, the constants and the functions are the header's.

using StreamCache: C

const structs = (
    StreamCache.CBuffer => "streamcache_buffer", StreamCache.CTensor => "streamcache_tensor",
    StreamCache.CTensorView => "streamcache_tensor_view", StreamCache.CPutOptions => "streamcache_put_options",
    StreamCache.CBatchItem => "streamcache_batch_item", StreamCache.CCacheStats => "streamcache_cache_stats",
    StreamCache.CFilterStats => "streamcache_filter_stats", StreamCache.CTierStats => "streamcache_tier_stats",
    StreamCache.CTransferProgress => "streamcache_transfer_progress",
)

const constants = Dict(
    :OK => "OK", :MISS => "MISS", :NOT_STORED => "NOT_STORED", :BUFFER_TOO_SMALL => "BUFFER_TOO_SMALL", :FILL => "FILL",
    :BUSY => "BUSY", :REJECTED => "REJECTED", :PENDING => "PENDING", :DUPLICATE => "DUPLICATE", :BYPASSED => "BYPASSED",
    :TIMEOUT => "TIMEOUT", :CANCELLED => "CANCELLED", :INVALID_ARGUMENT => "INVALID_ARGUMENT", :NO_MEMORY => "NO_MEMORY",
    :NO_SPACE => "NO_SPACE", :NO_STATE => "NO_STATE", :CLOSED => "CLOSED", :IO_FAILED => "IO",
    :NOT_SUPPORTED => "NOT_SUPPORTED", :PANIC => "PANIC", :FORKED => "FORKED", :ENDED => "ENDED", :PEEK => "PEEK",
    :BYPASS => "BYPASS", :REFRESH => "REFRESH", :READ_ONLY => "READ_ONLY", :MEMORY_ONLY => "MEMORY_ONLY",
    :NO_REMOTE => "NO_REMOTE", :NO_WAIT => "NO_WAIT", :FILTER_NONDETERMINISTIC => "FILTER_NONDETERMINISTIC",
)

"What a C program says, a line a number."
function said_by_c(expressions)
    mktempdir() do folder
        source, program = joinpath(folder, "layout.c"), joinpath(folder, "layout")
        open(source, "w") do file
            println(file, "#include <stddef.h>\n#include <stdio.h>\n#include <streamcache.h>\nint main(void) {")
            foreach(e -> println(file, "  printf(\"%lld\\n\", (long long)($e));"), expressions)
            println(file, "  return 0;\n}")
        end
        run(`cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I$(dirname(header)) $source -o $program`)
        return parse.(Int, readlines(`$program`))
    end
end

@testset "structs and constants, compiled" begin
    expressions, ours = String[], Int[]
    for (type, name) in structs
        push!(expressions, "sizeof($name)")
        push!(ours, sizeof(type))
        for (i, field) in enumerate(fieldnames(type))
            push!(expressions, "offsetof($name, $field)", "sizeof((($name *)0)->$field)")
            push!(ours, fieldoffset(type, i), sizeof(fieldtype(type, i)))
        end
    end
    for (ours_name, name) in constants
        push!(expressions, "STREAMCACHE_$name")
        push!(ours, getfield(StreamCache, ours_name))
    end
    push!(expressions, "STREAMCACHE_VERSION_MAJOR * 1000 + STREAMCACHE_VERSION_MINOR", "sizeof(streamcache_digest)")
    push!(ours, StreamCache.HEADER_VERSION.major * 1000 + StreamCache.HEADER_VERSION.minor, sizeof(Digest))
    if isfile(header) && Sys.which("cc") !== nothing
        theirs = said_by_c(expressions)
        @test length(theirs) == length(ours)
        for (expression, mine, its) in zip(expressions, ours, theirs)
            mine == its || println("$expression is $its in C and $mine here")
            @test mine == its
        end
    else
        @test_skip "there is no C compiler, or no header, to compare with"
    end
end

# A parameter's kind, as a call passes it.
const kinds = Dict("uint8_t" => UInt8, "int32_t" => Int32, "uint32_t" => UInt32, "uint64_t" => UInt64, "size_t" => Csize_t,
    "double" => Float64, "void" => Cvoid, "streamcache_log_callback" => Ptr)

function kind(text)
    occursin('*', text) && return Ptr
    name = last(split(replace(text, "const" => "")))
    return get(kinds, name, Int32) # the typedefs of numbers are all int32_t
end

kind(T::Type) = T <: Ptr ? Ptr : T

"Every function of the header: its result's kind and its parameters'."
function declared()
    text = replace(read(header, String), r"/\*.*?\*/"s => "")
    found = Dict{Symbol,Vector{Any}}()
    for m in eachmatch(r"^((?:const )?\w+ \**)(streamcache_\w+)\(([^)]*)\);"m, text)
        parameters = m[3] == "void" ? String[] : strip.(split(m[3], ','))
        found[Symbol(m[2])] = Any[kind(m[1]); [kind(occursin('*', p) ? p : first(rsplit(p; limit = 2))) for p in parameters]]
    end
    return found
end

@testset "functions, by their declarations" begin
    if isfile(header)
        theirs = declared()
        @test length(theirs) > 100
        @test length(StreamCache.c_functions) > 80
        for f in StreamCache.c_functions
            @test haskey(theirs, f.name)
            ours = Any[kind(f.result); map(kind, f.arguments)]
            ours == theirs[f.name] || println("$(f.name): $(theirs[f.name]) in C and $ours here")
            @test ours == theirs[f.name]
        end
    else
        @test_skip "there is no header to compare with"
    end
end

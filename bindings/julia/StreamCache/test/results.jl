# Results as arrays: what is put comes back, with its type and shape, over the cache's memory.

@testset "types and shapes" begin
    filter = fresh_filter()
    for result in (Float32[1 4; 2 5; 3 6], [1.5, -0.0, NaN], reshape(collect(Int16, 1:24), 2, 3, 4), fill(0x0102),
        ComplexF32[1+2im], Bool[true, false], zeros(Float32, 0, 3), zeros(Float32, 3, 0), [(1.0f0, 2.0f0), (3.0f0, 4.0f0)],
        UInt8[1 2; 3 4], view(ones(4, 4), :, 2:3))
        chunk = repr(result)
        found = get!(() -> result, filter, chunk)
        @test found isa LeasedArray{eltype(result),ndims(result)}
        @test isequal(found, result) && size(found) == size(result)
        @test isequal(filter[chunk], result)
        @test isequal(Array(found), result) && Array(found) isa Array{eltype(result),ndims(result)}
    end
    for T in (Int8, UInt16, Int32, UInt64, Int128, Float16, Complex{Float64})
        @test StreamCache.julia_type(DType(T)) === T
    end
    @test get!(() -> 1.5f0, filter, "number") == fill(1.5f0)
    @test get!(() -> "text\0é", filter, "text") == codeunits("text\0é")
    @test String(get!(() -> error("is there"), filter, "text")) == "text\0é"
    @test get!(() -> UInt8[1, 2], filter, "bytes") isa LeasedArray{UInt8,1}
    @test isempty(tensors(lookup(filter, "bytes").value))
end

@testset "dims, as C has them" begin
    filter = fresh_filter()
    put!(filter, "a", Float32[1 4; 2 5; 3 6])
    value = lookup(filter, "a").value
    @test tensors(value) == [(dtype = DType(Float32), dims = [2, 3], offset = 0, length = 24)]
    @test LeasedArray{Float32}(value) == 1:6
    @test LeasedArray{UInt8}(value) == reinterpret(UInt8, Float32.(1:6))
    @test LeasedArray{Float32}(value, (6, 1)) == reshape(1:6, 6, 1)
    @test_throws ArgumentError LeasedArray{Float64}(value, (4,))
    @test_throws ArgumentError LeasedArray{NTuple{5,UInt8}}(value)
    @test_throws ArgumentError LeasedArray{Float32}(value, (typemax(Int), typemax(Int)))
end

@testset "several tensors" begin
    filter = fresh_filter()
    result = (Float32[1 2; 3 4], "labels", 7, Int64[])
    found = get!(() -> result, filter, "a")
    @test found[1] == result[1] && found[2] == codeunits("labels") && found[3] == fill(7) && found[4] == Int64[]
    @test all(array -> array isa LeasedArray, found)
    @test [t.offset for t in tensors(lookup(filter, "a").value)] == [0, 64, 128, 192]
    @test filter["a"] == found
end

@testset "an array like another, but read-only" begin
    filter = fresh_filter()
    a = get!(() -> reshape(collect(1.0:6.0), 2, 3), filter, "a")
    @test a isa DenseArray{Float64,2} && strides(a) == (1, 2)
    @test sum(a) == 21 && a * ones(3) == [9, 12] && a[2, 3] == 6 && a[end] == 6
    @test view(a, :, 2) == [3, 4] && vec(a) == 1:6 && reinterpret(UInt64, vec(a))[1] == reinterpret(UInt64, 1.0)
    @test UInt(pointer(a)) % 64 == 0
    @test a .+ 1 isa Array && similar(a) isa Array && copy(a) isa Array && deepcopy(a) === a
    @test_throws ArgumentError a[1] = 0
    @test_throws ArgumentError fill!(a, 0)
    @test_throws BoundsError a[7]
    @test digest(a) == digest(Array(a))
    put!(filter, "copy", a)
    @test filter["copy"] == a
    buffer = IOBuffer()
    StreamCache.serialize(buffer, a)
    @test StreamCache.deserialize(seekstart(buffer)) == a
    @test_throws ArgumentError StreamCache.serialize(IOBuffer(), filter)
end

@testset "a lease outlives eviction, close and the cache" begin
    cache = Cache(max_chunks = 2)
    filter = Filter(cache, "test", "{}"; state = "")
    value = (put!(filter, "a", [1.0, 2.0]); lookup(filter, "a").value)
    a, part = results(value), view(results(value), 2:2)
    resize!(cache; max_chunks = 0)
    @test !haskey(filter, "a")
    close(value)
    close(cache)
    foreach(finalize, (filter, cache))
    GC.gc()
    @test a == [1.0, 2.0] && part == [2.0]
end

@testset "what can't be a result" begin
    filter = fresh_filter()
    a = reshape(collect(1.0:24.0), 4, 6)
    for wrong in (view(a, 1:2:3, :), transpose(a), 1:3, Any[1], ["a"], nothing, (), (1.0, nothing), :a, [big(1)],
        [C_NULL], C_NULL, [(C_NULL, C_NULL)], (1.0, [C_NULL]), [1, missing])
        @test_throws Union{ArgumentError,MethodError} put!(filter, "a", wrong)
        @test_throws Union{ArgumentError,MethodError} get!(() -> wrong, filter, "a")
    end
    @test stats(filter).puts == 0 && stats(Cache()).open_tickets == 0
    @test get!(() -> 1, filter, "a") == fill(1) # the right to compute was given up each time
end

@testset "types that Julia lacks" begin
    filter, bfloat = fresh_filter(), DType(4, 16, 1)
    dims = Int64[2]
    layout = StreamCache.Layout(UInt8[0, 0, 128, 63], [StreamCache.CTensorView(sizeof(StreamCache.CTensorView), 4, 16, 1, 1,
        pointer(dims), 0, 4)], [dims])
    its = Ref(digest("bf16"))
    StreamCache.given(layout) do data, len, options, value
        StreamCache.C.filter_put(StreamCache.raw(filter), its, C_NULL, data, len, 0, options, C_NULL)
    end
    @test status_of(() -> filter["bf16"]) == StreamCache.NOT_SUPPORTED
    value = lookup(filter, "bf16").value
    @test tensors(value)[1].dtype == bfloat && LeasedArray{UInt16}(value) == [0x0000, 0x3f80]
end

@testset "blob, content and tier" begin
    filter = fresh_filter()
    put!(filter, "a", "payload"; blob = "a\0b")
    value = lookup(filter, "a").value
    @test blob(value) == b"a\0b" && tier(value) === :memory && sizeof(value) == 7
    @test content(value) isa Digest
    put!(filter, "b", "payload")
    @test content(lookup(filter, "b").value) == digest("payload") && isempty(blob(lookup(filter, "b").value))
    @test status_of(() -> put!(filter, "c", "payload"; blob = zeros(UInt8, 65537))) == StreamCache.INVALID_ARGUMENT
end

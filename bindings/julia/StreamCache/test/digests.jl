# Digests of what Julia has.

@testset "bytes" begin
    @test digest("ab") == digest(b"ab") == digest(UInt8[0x61, 0x62]) == digest(SubString("xaby", 2, 3))
    @test digest("a\0b") != digest("a")
    @test digest("") == digest(UInt8[])
    @test digest(view(b"xaby", 2:3)) == digest("ab")
    @test digest(digest("ab")) === digest("ab")
    huge = rand(UInt8, 3 << 20 + 17)
    @test digest(huge) == digest(codeunits(String(copy(huge)))) != digest(huge[1:end-1])
    @test digest_state(huge) == digest_state(collect(reinterpret(UInt8, huge)))
end

@testset "tensors" begin
    a = Float32[1 4; 2 5; 3 6] # 3×2: the dims {2, 3} of C's {{1,2,3},{4,5,6}}
    bytes = collect(reinterpret(UInt8, vec(a)))
    @test digest(a) == digest_tensor(a) == digest_tensor(bytes, DType(Float32), [2, 3])
    @test digest(a) != digest(reshape(a, 2, 3)) != digest(vec(a))
    @test digest(a) != digest_tensor(a; name = "x")
    @test digest(fill(1.5f0)) == digest_tensor(reinterpret(UInt8, [1.5f0]), DType(Float32), Int64[])
    @test digest(zeros(Float32, 0, 3)) != digest(zeros(Float32, 3, 0))
    @test digest([0.0]) != digest([-0.0])
    @test digest([(1.0f0, 2.0f0)]) != digest([1.0f0, 2.0f0])
    @test digest(ones(UInt8, 2, 2)) != digest(ones(UInt8, 4))
end

@testset "strided data is refused" begin
    a = reshape(collect(1.0:24.0), 4, 6)
    for strided in (view(a, 1:2:3, :), view(a, :, 1:2:5), transpose(a), permutedims(a)', view(a, 2, :), 1.0:3.0)
        @test_throws ArgumentError digest(strided)
        @test digest(collect(strided)) isa Digest
    end
    for whole in (view(a, :, 2:3), view(a, :, 3), view(a, 1:4, 1:6), reshape(a, 24), view(a, 1:1, 1:1), view(a, 3:2, :))
        @test digest(whole) == digest(collect(whole))
    end
    @test_throws ArgumentError digest(view(b"abcd", 1:2:3))
    @test_throws ArgumentError digest_state(view(a, 1:2, :))
end

@testset "wrong types" begin
    @test_throws ArgumentError digest(Any[1, 2])
    @test_throws ArgumentError digest(["a"; "b"])
    @test_throws ArgumentError digest([big(1)])
    @test_throws MethodError digest(1.5)
    @test_throws MethodError digest(nothing)
    @test status_of(() -> digest_tensor(b"abc", DType(Float32), [1])) == StreamCache.INVALID_ARGUMENT
    @test status_of(() -> digest_tensor(b"abcd", DType(99, 32, 1), [1])) == StreamCache.INVALID_ARGUMENT
    @test status_of(() -> digest_tensor(b"", DType(Float32), [-1])) == StreamCache.INVALID_ARGUMENT
    @test_throws ArgumentError digest_raw(:model, b"abc")
    @test status_of(() -> digest_raw(:chunk, UInt8[])) == StreamCache.INVALID_ARGUMENT
end

@testset "configurations" begin
    @test digest_config("{\"b\": 1.0, \"a\": [true, null]}") == digest_config((a = [true, nothing], b = 1))
    @test digest_config(Dict("a" => "x\"\\\n\0", :b => 'c')) == digest_config("{\"b\":\"c\",\"a\":\"x\\\"\\\\\\n\\u0000\"}")
    @test digest_config(b"{}") != digest_config("{}") == digest_config(NamedTuple())
    @test digest_config((v = v"1.2", s = :lru, t = (1, 2))) == digest_config("{\"v\":\"1.2.0\",\"s\":\"lru\",\"t\":[1,2]}")
    @test status_of(() -> digest_config("{")) == StreamCache.INVALID_ARGUMENT
    @test status_of(() -> digest_config((a = 2^53,))) == StreamCache.INVALID_ARGUMENT
    @test_throws ArgumentError digest_config((a = NaN,))
    for inexact in (big"0.1", 1 // 3, π) # two of these may be one Float64
        @test_throws ArgumentError digest_config((a = inexact,))
    end
    @test digest_config((a = 0.5f0, b = Float16(0.5))) == digest_config("{\"a\":0.5,\"b\":0.5}")
    @test_throws ArgumentError digest_config((a = cache -> 1,))
end

@testset "piece by piece" begin
    hasher = Hasher()
    for piece in (b"a", "", "b\0", UInt8[])
        update!(hasher, piece)
    end
    @test finish!(hasher) == digest("ab\0")
    update!(hasher, "forgotten")
    reset!(hasher)
    @test finish!(update!(hasher, "x")) == digest("x")
    barrier = Barrier()
    @test finish!(update!(update!(barrier, "a"), "b")) != finish!(update!(update!(barrier, "b"), "a"))
    update!(barrier, "a")
    @test finish!(reset!(barrier)) == finish!(Barrier())
    @test_throws ArgumentError Hasher(:model)
end

@testset "files" begin
    mktempdir() do folder
        path = joinpath(folder, "a file of ünïcode")
        data = rand(UInt8, 2 << 20 + 3)
        write(path, data)
        @test digest_file(path) == digest(data)
        @test digest_file(path; role = :state) == digest_state(data)
        write(path, "")
        @test digest_file(path) == digest("")
        @test status_of(() -> digest_file(joinpath(folder, "none"))) == StreamCache.IO_FAILED
        @test status_of(() -> digest_file(folder)) == StreamCache.IO_FAILED
        @test_throws ArgumentError digest_file(path; role = :model)
    end
end

@testset "many at once" begin
    chunks = [rand(UInt8, 64) for _ in 1:40]
    @test digests(chunks) == digest.(chunks)
    mixed = ["text", b"bytes", SubString("xabx", 2, 3), UInt8[]]
    @test digests(mixed) == [digest(chunk) for chunk in mixed]
    @test digests([[1.0], digest("a")]) == [digest([1.0]), digest("a")]
    @test digests(String[]) == Digest[]
    @test digest_inputs([digest("a"), digest("b")]) != digest_inputs([digest("b"), digest("a")])
    @test digest_inputs(Digest[]) isa Digest
end

@testset "a digest is plain data" begin
    d = digest("ab")
    @test Digest(hex(d)) === d === Digest(Vector{UInt8}(d)) == Digest(uppercase(hex(d)))
    @test Dict(d => 1)[digest("ab")] == 1
    @test repr(d) == "Digest(\"$(hex(d))\")"
    @test_throws ArgumentError Digest("ab")
    @test_throws ArgumentError Digest("zz"^32)
    @test_throws ArgumentError Digest(UInt8[1, 2])
    @test isbits(d)
end

struct Addressed
    data::Ptr{UInt8}
    size::Int
end

@testset "addresses are no content" begin
    text, filter = "text", fresh_filter()
    addresses = ([pointer(text)], [Ptr{Cvoid}(1) Ptr{Cvoid}(2)], [(pointer(text), pointer(text))], ["a", "b"], Any[1], [Ref(1)],
        [Addressed(pointer(text), 4)], [:a], Union{Float64,Missing}[1.0])
    for data in addresses
        @test_throws ArgumentError digest(data)
        @test_throws ArgumentError lookup(filter, data)
        @test_throws ArgumentError digest_state(data)
        @test_throws ArgumentError load_state!(filter, data)
        @test_throws ArgumentError Stream(filter, data)
    end
    @test_throws ArgumentError DType(Ptr{Cvoid})
    @test digest_state([(1.0, Int32(2))]) isa Digest && digest_state([1 => 2]) isa Digest && digest_state([()]) isa Digest
end

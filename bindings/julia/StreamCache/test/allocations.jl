# The shortest path allocates nothing.

copied_by(filter, chunk, buffer) = get_into!(buffer, filter, chunk)
allocated_by(filter, chunk, buffer) = @allocated get_into!(buffer, filter, chunk)

@testset "get_into! allocates nothing" begin
    filter = fresh_filter()
    cache = Cache()
    chunk, buffer = digest("a"), zeros(UInt8, 64)
    put!(filter, chunk, zeros(UInt8, 64))
    put!(cache, chunk, zeros(UInt8, 64))
    for target in (filter, cache), (its, expected) in ((chunk, 64), (digest("b"), nothing))
        @test copied_by(target, its, buffer) === expected
        allocated_by(target, its, buffer) # the first call compiles
        @test allocated_by(target, its, buffer) == 0
    end
    floats = zeros(Float32, 4, 4)
    @test copied_by(filter, chunk, floats) == 64
    allocated_by(filter, chunk, floats)
    @test allocated_by(filter, chunk, floats) == 0
end

of_bytes(bytes) = digest(bytes)

@testset "a digest of bytes allocates nothing" begin
    bytes, text = zeros(UInt8, 64), "text"
    of_bytes(bytes), of_bytes(text)
    @test (@allocated of_bytes(bytes)) == 0
    @test (@allocated of_bytes(text)) == 0
end

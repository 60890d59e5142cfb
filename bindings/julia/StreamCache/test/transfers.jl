# Results carried in a file.

@testset "there and back" begin
    mktempdir() do folder
        file = joinpath(folder, "results")
        first = Cache()
        filter = Filter(first, "test", "{}"; state = "weights")
        foreach(i -> put!(filter, "$i", [i, i]), 1:10)
        told = export_results(first, file)
        @test told.entries == 10 && told.bytes > 1000 && told.refused == 0
        second = Cache()
        filter = Filter(second, "test", "{}"; state = "weights")
        put!(filter, "3", "its own")
        told = import_results!(second, file)
        @test told.entries == 9 && told.bytes == filesize(file) && told.left_out == 1 && told.refused == 0 && told.not_stored == 0
        @test filter["9"] == [9, 9] && filter["3"] == b"its own"
        @test import_results!(Cache(secret = codeunits("another one's secret")), file).refused == 10
    end
end

@testset "files that are none" begin
    mktempdir() do folder
        cache, file = Cache(), joinpath(folder, "results")
        @test status_of(() -> import_results!(cache, file)) == StreamCache.IO_FAILED
        @test status_of(() -> import_results!(cache, folder)) == StreamCache.IO_FAILED
        @test status_of(() -> export_results(cache, joinpath(folder, "none", "such"))) == StreamCache.IO_FAILED
        @test status_of(() -> export_results(cache, "")) == StreamCache.INVALID_ARGUMENT
        put!(Filter(cache, "test", "{}"; state = ""), "a", zeros(1000))
        export_results(cache, file)
        write(file, read(file)[1:end÷2])
        why = thrown(() -> import_results!(Cache(), file))
        @test why isa StreamCacheError && why.status == StreamCache.IO_FAILED && length(why.message) > 20
        close(cache)
        @test status_of(() -> export_results(cache, file)) == StreamCache.CLOSED
    end
end

@testset "other tasks run meanwhile, and an interrupt gives it up" begin
    mktempdir() do folder
        cache, file = Cache(max_bytes = 1 << 30), joinpath(folder, "results")
        filter = Filter(cache, "test", "{}"; state = "")
        foreach(i -> put!(filter, "$i", zeros(UInt8, 100_000)), 1:2000)
        began = Ref(false)
        task = @async (began[] = true; export_results(cache, file))
        yield()
        @test began[] && !istaskdone(task)
        @async Base.throwto(task, InterruptException())
        @test_throws TaskFailedException wait(task)
        @test isempty(readdir(folder))
    end
end

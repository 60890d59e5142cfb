# Where the library is looked for, and what is refused there. Each is a process of its own, as a user's is.

"What Julia says in a folder with this setting and environment; the same Julia, with this package."
function said(code; setting = nothing, environment...)
    mktempdir() do folder
        project = joinpath(@__DIR__, "..")
        setting === nothing || write(joinpath(folder, "LocalPreferences.toml"), setting)
        setting === nothing || write(joinpath(folder, "Project.toml"), "")
        path = join((folder, project, "@stdlib"), Sys.iswindows() ? ';' : ':')
        command = `$(Base.julia_cmd()) --startup-file=no -e $code`
        changed = Dict{String,String}(ENV)
        merge!(changed, Dict("JULIA_LOAD_PATH" => path, "JULIA_PROJECT" => ""))
        foreach(((name, value),) -> changed[string(name)] = value, pairs(environment))
        output = IOBuffer()
        process = run(pipeline(setenv(command, changed); stdout = output, stderr = output); wait = false)
        wait(process)
        return success(process), String(take!(output))
    end
end

const here = StreamCache.library()

@testset "the setting is read" begin
    read_setting(text) = StreamCache.library_setting(text, "file")
    @test read_setting("[StreamCache]\nlibrary = \"/a/b.so\" # a comment\n") == "/a/b.so"
    @test read_setting("# x\n[Other]\nlibrary = '/no'\n [ StreamCache ] # y\nother = 1\n  library='C:\\lib.dll'") == "C:\\lib.dll"
    @test read_setting("[StreamCache]\nlibrary = \"C:\\\\l \\\"q\\\".dll\"") == "C:\\l \"q\".dll"
    @test read_setting("library = \"/no\"\n[StreamCache]\n[Other]\nlibrary = \"/no\"") == ""
    @test_throws ErrorException read_setting("[StreamCache]\nlibrary = 7")
end

@testset "found by the setting, and used" begin
    ok, text = said("using StreamCache; print(StreamCache.library(), ' ', hex(digest(\"ab\")))";
        setting = "[StreamCache]\nlibrary = \"$here\"\n", STREAMCACHE_LIBRARY = "", LD_LIBRARY_PATH = get(ENV, "LD_LIBRARY_PATH", ""))
    @test ok && occursin(hex(digest("ab")), text) && occursin(basename(here), text)
end

@testset "found by the system" begin
    folders = dirname(here) * ":" * get(ENV, "LD_LIBRARY_PATH", "")
    ok, text = said("using StreamCache; print(hex(digest(\"ab\")))"; STREAMCACHE_LIBRARY = "", LD_LIBRARY_PATH = folders)
    @test ok && occursin(hex(digest("ab")), text)
end

@testset "missing: it says where it looked, and loads all the same" begin
    ok, text = said("using StreamCache; println(\"loaded\"); Cache()"; setting = "[StreamCache]\nlibrary = '/nowhere/one.so'",
        STREAMCACHE_LIBRARY = "")
    @test !ok && startswith(text, "loaded") && !occursin("signal", text)
    for place in ("/nowhere/one.so", "LocalPreferences.toml", "STREAMCACHE_LIBRARY: ", StreamCache.soname)
        @test occursin(place, text)
    end
    withenv("STREAMCACHE_LIBRARY" => "/nowhere/two.so") do
        why = try
            StreamCache.open_library()
        catch why
            sprint(showerror, why)
        end
        @test occursin("/nowhere/two.so, which STREAMCACHE_LIBRARY names", why)
    end
    withenv("STREAMCACHE_LIBRARY" => dirname(here)) do # a folder
        @test realpath(first(StreamCache.open_library())) == realpath(here)
    end
end

@testset "another version, and another library" begin
    @test StreamCache.serves(v"0.1.9") && !StreamCache.serves(v"0.2.0") && !StreamCache.serves(v"1.1.0")
    if Sys.which("cc") === nothing
        @test_skip "there is no C compiler to make a library of another version"
    else
        mktempdir() do folder
            library = joinpath(folder, "libstreamcache-next.so")
            source = joinpath(folder, "next.c")
            write(source, "unsigned streamcache_version_number(void) { return 2003; }\n")
            run(`cc -shared -fPIC $source -o $library`)
            ok, text = said("using StreamCache; digest(\"a\")"; STREAMCACHE_LIBRARY = library)
            @test !ok && occursin(library, text) && occursin("version 0.2.3", text) && occursin("needs 0.1", text)
            write(source, "unsigned another(void) { return 2003; }\n")
            run(`cc -shared -fPIC $source -o $library-else`)
            @test_throws ErrorException StreamCache.checked_library("$library-else", "this test")
        end
    end
end

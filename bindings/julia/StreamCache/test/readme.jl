# What README.md shows runs, and prints what it says.

@testset "README.md" begin
    text = read(joinpath(@__DIR__, "..", "README.md"), String)
    blocks = [m[1] for m in eachmatch(r"^```julia\n(.*?)^```"ms, text)]
    @test length(blocks) == 5
    program = join(blocks)
    printed = mktemp() do path, file
        redirect_stdout(() -> include_string(Module(), program), file)
        close(file)
        read(path, String)
    end
    first_says = match(r"^prints\n\n```text\n(.*?)^```"ms, text)[1]
    @test printed == first_says * "Float32[2.0, 97.0]\n(2, 3)\ncomputing [\"ef\", \"gh\"]\nFloat32[2.0, 101.0]\n4.0\n8.0\n"
end

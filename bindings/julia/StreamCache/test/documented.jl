# Every public name says what it does.

@testset "a docstring for each" begin
    extended = [(StreamCache.library, "library"), (StreamCache.log_to, "log_to"), (StreamCache.log_off, "log_off"),
        (get!, "get!"), (get, "get"), (put!, "put!"), (close, "close"),
        (haskey, "haskey"), (delete!, "delete!"), (flush, "flush"), (empty!, "empty!"), (resize!, "resize!"),
        (wait, "wait"), (position, "position"), (getindex, "getindex"), (setindex!, "setindex!")]
    documented = Docs.meta(StreamCache)
    for name in names(StreamCache)
        binding = Docs.Binding(StreamCache, name)
        @test haskey(documented, binding)
        haskey(documented, binding) || println("$name has no docstring")
    end
    for (f, name) in extended
        found = any(binding -> binding.var === Symbol(name), keys(documented))
        found || println("$name has no docstring")
        @test found
    end
    for name in keys(constants)
        name in (:NO_WAIT, :FILTER_NONDETERMINISTIC) || @test haskey(documented, Docs.Binding(StreamCache, name))
    end
end

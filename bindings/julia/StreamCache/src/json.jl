# Options and configurations are written as JSON; Julia's standard library has no writer.

function write_json(io::IO, pairs::Union{NamedTuple,AbstractDict,Base.Iterators.Pairs})
    print(io, '{')
    for (i, (name, value)) in enumerate(Base.pairs(pairs))
        i == 1 || print(io, ',')
        write_json(io, string(name))
        print(io, ':')
        write_json(io, value)
    end
    print(io, '}')
end

function write_json(io::IO, list::Union{AbstractVector,Tuple})
    print(io, '[')
    for (i, value) in enumerate(list)
        i == 1 || print(io, ',')
        write_json(io, value)
    end
    print(io, ']')
end

function write_json(io::IO, text::AbstractString)
    print(io, '"')
    for c in text
        if c in ('"', '\\')
            print(io, '\\', c)
        elseif c < ' '
            print(io, "\\u", string(UInt32(c); base = 16, pad = 4))
        else
            print(io, c)
        end
    end
    print(io, '"')
end

write_json(io::IO, name::Union{Symbol,VersionNumber,AbstractChar}) = write_json(io, string(name))
write_json(io::IO, truth::Bool) = print(io, truth)
write_json(io::IO, number::Integer) = print(io, BigInt(number))
write_json(io::IO, ::Nothing) = print(io, "null")

# Another float, such as a BigFloat, has digits that JSON's readers drop: two configurations would be one.
function write_json(io::IO, number::Union{Float16,Float32,Float64})
    isfinite(number) || throw(ArgumentError("JSON has no $number"))
    print(io, Float64(number))
end

write_json(io::IO, other) = throw(ArgumentError("a $(typeof(other)) can't be written as JSON: give a text or a number"))

json(value) = sprint(write_json, value)

# A JSON reader, for tests/vectors/keys.json: Julia's standard library has none.

mutable struct Reader
    text::String
    at::Int
end

read_json(text::AbstractString) = value!(Reader(text, 1))

function peek!(r::Reader)
    while r.text[r.at] in (' ', '\n', '\t', '\r')
        r.at += 1
    end
    return r.text[r.at]
end

expect!(r::Reader, wanted::Char) = peek!(r) == wanted ? (r.at += 1) : error("no $wanted at $(r.at)")

function value!(r::Reader)
    first = peek!(r)
    first == '{' && return object!(r)
    first == '[' && return list!(r)
    first == '"' && return text!(r)
    word = match(r"[-+.\w]+", r.text, r.at).match
    r.at += length(word)
    return word == "null" ? nothing : word in ("true", "false") ? word == "true" : parse(Int, word)
end

function object!(r::Reader)
    found = Dict{String,Any}()
    expect!(r, '{')
    while peek!(r) != '}'
        name = text!(r)
        expect!(r, ':')
        found[name] = value!(r)
        peek!(r) == ',' && expect!(r, ',')
    end
    expect!(r, '}')
    return found
end

function list!(r::Reader)
    found = Any[]
    expect!(r, '[')
    while peek!(r) != ']'
        push!(found, value!(r))
        peek!(r) == ',' && expect!(r, ',')
    end
    expect!(r, ']')
    return found
end

const controls = Dict('b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t')

# Units of UTF-16 first, for a character may be written as two.
function text!(r::Reader)
    expect!(r, '"')
    units = UInt16[]
    while r.text[r.at] != '"'
        c = r.text[r.at]
        r.at = nextind(r.text, r.at)
        if c == '\\'
            escape = r.text[r.at]
            r.at += 1
            if escape == 'u'
                push!(units, parse(UInt16, r.text[r.at:r.at+3]; base = 16))
                r.at += 4
            else
                push!(units, UInt16(get(controls, escape, escape)))
            end
        else
            append!(units, transcode(UInt16, string(c)))
        end
    end
    r.at += 1
    return transcode(String, units)
end

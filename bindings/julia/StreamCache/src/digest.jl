# Digests and keys: public formulas, which need no cache. See docs/keys.md.

function Digest(bytes::AbstractVector{UInt8})
    length(bytes) == 32 || throw(ArgumentError("a digest has 32 bytes, not $(length(bytes))"))
    return Digest(Tuple(reinterpret(UInt64, Vector{UInt8}(bytes))))
end

function Digest(digits::AbstractString)
    length(digits) == 64 || throw(ArgumentError("a digest has 64 hexadecimal digits, not $(length(digits))"))
    return Digest(hex2bytes(digits))
end

Base.Vector{UInt8}(digest::Digest) = collect(reinterpret(UInt8, collect(digest.words)))
Base.hash(digest::Digest, h::UInt) = hash(digest.words[1], h)

"""
    hex(digest) -> String

A digest as 64 lower-case hexadecimal digits.
"""
hex(digest::Digest) = bytes2hex(Vector{UInt8}(digest))

Base.show(io::IO, digest::Digest) = print(io, "Digest(\"", hex(digest), "\")")

const Bytes = Union{AbstractVector{UInt8},AbstractString}

"""
    digest(chunk) -> Digest

The digest of a chunk: of a text or an `AbstractVector{UInt8}` by its bytes; of another array as a tensor, by type, shape
and elements ([`digest_tensor`](@ref)). A `Digest` is its own. Strided data is an `ArgumentError`.
"""
digest(chunk::Digest) = chunk
digest(chunk::AbstractString) = digest(codeunits(flat(chunk)))
digest(chunk::AbstractVector{UInt8}) = digest_of(C.digest_chunk, :chunk, dense(chunk))
digest(chunk::AbstractArray) = digest_tensor(chunk)

flat(text::Union{String,SubString{String}}) = text
flat(text::AbstractString) = String(text)

@inline function digest_of(call, role, data)
    sizeof_data(data) < long_bytes || return digest_of_pieces(role, data)
    made = Ref{Digest}()
    GC.@preserve data checked(call(Ptr{Cvoid}(pointer(data)), sizeof_data(data), made))
    return made[]
end

"As digest_of(), piece by piece: a collection that other tasks want need not wait for the whole."
function digest_of_pieces(role, data)
    hasher, size = Hasher(role), sizeof_data(data)
    try
        GC.@preserve data for offset in 0:long_bytes:size-1
            update_from!(hasher, Ptr{Cvoid}(pointer(data)) + offset, min(long_bytes, size - offset))
        end
        return finish!(hasher)
    finally
        close(hasher)
    end
end

@inline sizeof_data(x::AbstractArray) = length(x) * sizeof(eltype(x))

"""
    digests(chunks) -> Vector{Digest}

The digest of each chunk of a list. Small chunks of about one length are digested side by side, 8 at once, and up to 16
in little more time than one where their length is a multiple of 64.
"""
function digests(chunks::AbstractVector)
    all(chunk -> chunk isa Bytes, chunks) || return Digest[digest(chunk) for chunk in chunks]
    data = [chunk isa AbstractString ? codeunits(flat(chunk)) : dense(chunk) for chunk in chunks]
    mapreduce(sizeof_data, +, data; init = 0) < long_bytes || return Digest[digest(chunk) for chunk in data]
    made = Vector{Digest}(undef, length(data))
    GC.@preserve data begin
        buffers = CBuffer[CBuffer(pointer(d), sizeof_data(d)) for d in data]
        checked(C.digest_chunks(pointer(buffers), length(buffers), pointer(made)))
    end
    return made
end

"""
    digest_tensor(array; name = "") -> Digest
    digest_tensor(bytes, dtype::DType, dims; name = "") -> Digest

The digest of a tensor as a chunk: by the input's name, element type, shape and elements, floats by their bits. A Julia
array of size `(a, b)` has dims `(b, a)`, and is the same chunk as a C array of those dims over the same memory. The second
form takes the bytes, and dims in C order, for types that Julia lacks.
"""
function digest_tensor(array::AbstractArray{T}; name::AbstractString = "") where {T}
    dtype = DType(T)
    return tensor_digest(dense(array), dtype, c_dims(array), codeunits(flat(name)))
end

digest_tensor(bytes::AbstractVector{UInt8}, dtype::DType, dims; name = "") =
    tensor_digest(dense(bytes), dtype, collect(Int64, dims), codeunits(flat(name)))

function tensor_digest(data, dtype, dims, name)
    made, details = Ref{Digest}(), out()
    GC.@preserve data dims name begin
        tensor = Ref(CTensor(sizeof(CTensor), pointer(name), length(name), dtype.code, dtype.bits, dtype.lanes,
                             length(dims), pointer(dims), pointer(data), sizeof_data(data)))
        status = C.digest_tensor(tensor, made, details)
    end
    checked(status, details[])
    return made[]
end

"""
    digest_inputs(digests) -> Digest

The digest of a list of digests as one chunk: of a model's inputs, in an order that never changes.
"""
function digest_inputs(digests::AbstractVector{Digest})
    made, list = Ref{Digest}(), convert(Vector{Digest}, digests)
    checked(C.digest_inputs(list, length(list), made))
    return made[]
end

"""
    digest_config(config) -> Digest

The digest of a filter's configuration: of a JSON text, a `NamedTuple` or a dictionary by its canonical JSON, so that the
order of keys doesn't matter; of an `AbstractVector{UInt8}` by its bytes, never equal to one in JSON. Everything that
changes an answer belongs in it: model, version, engine, precision, device, shapes. What is no valid JSON is a
`StreamCacheError`.
"""
digest_config(config::Digest) = config
digest_config(config::Union{NamedTuple,AbstractDict}) = digest_config(json(config))
digest_config(config::AbstractVector{UInt8}) = digest_of(C.digest_config_bytes, :config, dense(config))

function digest_config(config::AbstractString)
    text, made, details = codeunits(flat(config)), Ref{Digest}(), out()
    GC.@preserve text status = C.digest_config_json(Ptr{Cvoid}(pointer(text)), length(text), made, details)
    checked(status, details[])
    return made[]
end

"""
    digest_state(state) -> Digest

The digest of a trained state by its bytes, as [`load_state!`](@ref) makes it: an array without gaps, or a text.
"""
digest_state(state::AbstractString) = digest_state(codeunits(flat(state)))
digest_state(state::AbstractArray) = digest_of(C.digest_state, :state, dense(state))

"""
    digest_file(path; role = :chunk) -> Digest

The digest of a file's bytes, read in pieces of 1 MiB: as a `:chunk`, a `:state`, or a `:config` that is not JSON. Throws a
`StreamCacheError` where it is no regular file or changes while it is read, a `SystemError` where it can't be read.
"""
function digest_file(path::AbstractString; role::Symbol = :chunk)
    isfile(path) || throw(StreamCacheError(IO_FAILED, "$path is no regular file"))
    hasher, piece = Hasher(role), Vector{UInt8}(undef, long_bytes)
    try
        open(path) do file
            before = stat(file)
            while (count = readbytes!(file, piece)) > 0
                update!(hasher, view(piece, 1:count))
            end
            after = stat(file)
            (before.size, before.mtime) == (after.size, after.mtime) && position(file) == after.size ||
                throw(StreamCacheError(IO_FAILED, "$path changed while it was read"))
        end
        return finish!(hasher)
    finally
        close(hasher)
    end
end

const roles = (chunk = Int32(1), config = Int32(2), state = Int32(3))

role_code(role::Symbol) = haskey(roles, role) ? roles[role] :
                          throw(ArgumentError("a role is :chunk, :config or :state, not $(repr(role))"))

"""
    digest_raw(role, bytes) -> Digest

Takes the caller's own digest, a SHA-256 of a model file, say, in place of content. `role` is `:chunk`, `:config` or
`:state`: what it stands for.
"""
function digest_raw(role::Symbol, bytes::AbstractVector{UInt8})
    made, data = Ref{Digest}(), dense(bytes)
    GC.@preserve data status = C.digest_raw(role_code(role), Ptr{Cvoid}(pointer(data)), length(data), made)
    checked(status)
    return made[]
end

"""
    key_state(config::Digest, training_data::Digest) -> Digest

The key of a trained state by its provenance: which configuration was trained on which data.
"""
function key_state(config::Digest, training_data::Digest)
    made = Ref{Digest}()
    checked(C.key_state(Ref(config), Ref(training_data), made))
    return made[]
end

"""
    key_chunk(config::Digest, state::Digest, chunk::Digest) -> Digest

The key of a chunk's result, as a filter of this configuration and state has it in a cache without namespace and secret.
"""
function key_chunk(config::Digest, state::Digest, chunk::Digest)
    made = Ref{Digest}()
    checked(C.key_chunk(Ref(config), Ref(state), Ref(chunk), made))
    return made[]
end

# Where the C library is, and that it is the right one. It is loaded when it is first needed, so that a package that uses
# this one can be precompiled where there is no library.

"The version of the C header that this package was written for: before 1.0 a library of the same minor version serves."
const HEADER_VERSION = v"0.1.0"

const soname = if Sys.iswindows()
    "streamcache.dll"
elseif Sys.isapple()
    "libstreamcache.$(HEADER_VERSION.major).$(HEADER_VERSION.minor).dylib"
else
    "libstreamcache.so.$(HEADER_VERSION.major).$(HEADER_VERSION.minor)"
end

"A function of the C library: its name, its types as a call has them, and where it is once the library is loaded."
struct CFunction
    name::Symbol
    result::Any
    arguments::Vector{Any}
    address::Base.RefValue{Ptr{Cvoid}}
end

const c_functions = CFunction[]
const load_lock = ReentrantLock()
const loaded_path = Ref("")

"""
    StreamCache.library() -> String

The path of the C library, which is loaded if it wasn't. It is looked for, in this order:

1. where the environment variable `STREAMCACHE_LIBRARY` says: a file, or a folder that has it;
2. where `LocalPreferences.toml` says, beside the `Project.toml` of the active project or of another one on `LOAD_PATH`:

   ```toml
   [StreamCache]
   library = "/opt/streamcache/lib/libstreamcache.so"
   ```

3. where the system looks, by its name and ABI version, such as `libstreamcache.so.0.1`.

A place that is named and has no library is an error: none further down is tried. Throws an `ErrorException` that says where
it looked, also where a library is of another version. Any thread.
"""
function library()
    load()
    return loaded_path[]
end

function load()
    lock(load_lock) do
        isempty(loaded_path[]) || return
        path, handle = open_library()
        addresses = map(f -> Libdl.dlsym(handle, f.name; throw_error = false), c_functions)
        absent = findfirst(isnothing, addresses)
        absent === nothing || error("streamcache: $path has no $(c_functions[absent].name): it was built in another way")
        for (f, address) in zip(c_functions, addresses)
            f.address[] = address
        end
        loaded_path[] = path
    end
end

"The path and the handle of a library of the right version."
function open_library()
    for (place, named) in (("STREAMCACHE_LIBRARY", get(ENV, "STREAMCACHE_LIBRARY", "")), preferred_library())
        isempty(named) || return checked_library(isdir(named) ? joinpath(named, soname) : named, place)
    end
    return checked_library(soname, "the system")
end

function checked_library(path, place)
    handle = try
        Libdl.dlopen(path)
    catch why
        error(sprint(not_found, path, place, why))
    end
    version = Libdl.dlsym(handle, :streamcache_version_number; throw_error = false)
    version === nothing && error("streamcache: $path, which $place names, is another library than streamcache")
    number = ccall(version, UInt32, ())
    found = VersionNumber(number ÷ 1_000_000, number ÷ 1000 % 1000, number % 1000)
    serves(found) || error("streamcache: $(Libdl.dlpath(handle)), which $place names, is version $found. This package " *
                           "needs $(HEADER_VERSION.major).$(HEADER_VERSION.minor): update the package or the library")
    return Libdl.dlpath(handle), handle
end

serves(found) = found.major == HEADER_VERSION.major && (found.major > 0 || found.minor == HEADER_VERSION.minor)

function not_found(io, path, place, why)
    println(io, "streamcache: the C library could not be loaded from ", path, ", which ", place, " names.")
    println(io, "It was looked for")
    println(io, "  1. in STREAMCACHE_LIBRARY: ", get(ENV, "STREAMCACHE_LIBRARY", "not set"))
    setting = preferred_library()
    println(io, "  2. in the package's setting: ", isempty(last(setting)) ? "no [StreamCache] library = \"...\" in" :
                "$(last(setting)), in", join(map(file -> "\n       $file", preference_files())))
    println(io, "  3. in the system's folders: ", soname)
    print(io, "Install it, or name it in 1 or 2. The loader says: ", sprint(showerror, why))
end

preference_files() = [joinpath(dirname(project), "LocalPreferences.toml") for project in Base.load_path() if isfile(project)]

"The file that sets the library, and what it says; an empty text where none does."
function preferred_library()
    for file in preference_files()
        isfile(file) || continue
        named = library_setting(read(file, String), file)
        isempty(named) || return file, named
    end
    return "", ""
end

# Julia 1.5 has no TOML reader, and this one line needs none.
function library_setting(text, file)
    table = ""
    for line in split(text, '\n')
        header = match(r"^\s*\[\s*\"?([^\[\]\"]+?)\"?\s*\]\s*(#.*)?$", line)
        header === nothing || (table = header[1])
        setting = match(r"^\s*library\s*=\s*(.*?)\s*$", line)
        (table == "StreamCache" && setting !== nothing) || continue
        quoted = match(r"^(?:'([^']*)'|\"((?:[^\"\\]|\\.)*)\")\s*(#.*)?$", setting[1])
        quoted === nothing && error("streamcache: $file: library is to be a path in quotes, and is $(setting[1])")
        return quoted[1] === nothing ? unescape_string(quoted[2]) : String(quoted[1])
    end
    return ""
end

"Where a function is; the first call of any loads the library."
@inline function address(slot)
    found = slot[]
    return found == C_NULL ? first_address(slot) : found
end

@noinline function first_address(slot)
    load()
    return slot[]
end

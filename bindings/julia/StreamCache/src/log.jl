# The library's messages. C calls `hear` on any thread, also on those of its own that Julia does not know, and while
# collections go on. So it does nothing of Julia's: it writes each message to a pipe, which a task reads.

using Base.CoreLogging: LogLevel, Debug, Info, Warn, @logmsg, global_logger, with_logger

const log_levels = (Debug, Info, Warn, Base.CoreLogging.Error) # those of the library, from 1 on
const record_bytes = 4096 # what a pipe takes in one piece: PIPE_BUF

"A record is the level, the target, a zero, the text, a zero. Where the pipe is full it is lost."
function hear(pipe::Ptr{Cvoid}, level::Int32, target::Ptr{UInt8}, text::Ptr{UInt8})::Cvoid
    record = ccall(:malloc, Ptr{UInt8}, (Csize_t,), record_bytes)
    record == C_NULL && return
    its = min(ccall(:strlen, Csize_t, (Ptr{UInt8},), target) % Int, 64)
    len = min(ccall(:strlen, Csize_t, (Ptr{UInt8},), text) % Int, record_bytes - 3 - its)
    unsafe_store!(record, level % UInt8)
    ccall(:memcpy, Ptr{UInt8}, (Ptr{UInt8}, Ptr{UInt8}, Csize_t), record + 1, target, its % Csize_t)
    unsafe_store!(record + 1 + its, 0x00)
    ccall(:memcpy, Ptr{UInt8}, (Ptr{UInt8}, Ptr{UInt8}, Csize_t), record + 2 + its, text, len % Csize_t)
    unsafe_store!(record + 2 + its + len, 0x00)
    ccall(:write, Cssize_t, (Cint, Ptr{UInt8}, Csize_t), UInt(pipe) % Cint, record, (3 + its + len) % Csize_t)
    ccall(:free, Cvoid, (Ptr{UInt8},), record)
    return
end

"Who hears, and the pipe there is from the first log_to() on, for good: a call under way may still write to it."
mutable struct Log
    sink::Any
    callback::Ptr{Cvoid}
    pipe::Union{Pipe,Nothing}
    lock::ReentrantLock
end

const the_log = Log(nothing, C_NULL, nothing, ReentrantLock())

"""
    StreamCache.log_to(f = StreamCache.to_logger; level = Logging.Info)

Has the process's messages of this level and above heard, in place of whoever heard them before: by Julia's global logger, with
the part of the library that speaks (`:cache`, `:disk`, ...) as the group; or by `f(level, target, message)`, which is called
with a `LogLevel` and two `String`s in a task of its own, one message at a time, a moment later, and may do anything. Where
that takes longer than messages come, some are lost; so is what is said while the process ends. Any thread.
"""
function log_to(f = to_logger; level::LogLevel = Info)
    least = findfirst(>=(level), log_levels)
    least === nothing && return log_off() # a level that nothing here has
    lock(the_log.lock) do
        the_log.pipe === nothing && open_log()
        the_log.sink = f
        pipe = Ptr{Cvoid}(UInt(reinterpret(UInt32, Base._fd(the_log.pipe.in))))
        checked(C.log_set(the_log.callback, pipe, least))
    end
    return nothing
end

"""
    StreamCache.log_off()

The library is silent again, as it is at first.
"""
function log_off()
    checked(C.log_set(C_NULL, C_NULL, length(log_levels)))
    the_log.sink = nothing
    return nothing
end

function open_log()
    nowhere = Ptr{Cvoid}(UInt(typemax(UInt32)))
    hear(nowhere, Int32(1), pointer("\0"), pointer("\0")) # finds the C functions, which another thread could not
    the_log.callback = @cfunction(hear, Cvoid, (Ptr{Cvoid}, Int32, Ptr{UInt8}, Ptr{UInt8}))
    pipe = Pipe()
    Base.link_pipe!(pipe; reader_supports_async = true, writer_supports_async = true)
    the_log.pipe = pipe
    atexit(log_off)
    @async pass_on(pipe.out)
end

function pass_on(from)
    while true
        head, text = readuntil(from, 0x00), whole(readuntil(from, 0x00))
        isempty(head) && return # the process ends
        sink = the_log.sink
        sink === nothing && continue
        try
            Base.invokelatest(sink, log_levels[head[1]], String(head[2:end]), text)
        catch why
            with_logger(global_logger()) do
                @error "what hears the messages of streamcache failed" exception = (why, catch_backtrace())
            end
        end
    end
end

"A text, which may be cut within a character."
function whole(bytes)
    text = String(bytes)
    isvalid(text) && return text
    return String(filter(isvalid, collect(text)))
end

"Gives a message to the global logger, which may be another by now."
function to_logger(level, target, message)
    with_logger(global_logger()) do
        @logmsg level message _group = Symbol(target)
    end
end

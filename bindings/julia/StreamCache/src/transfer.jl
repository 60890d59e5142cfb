# Results carried in a file.

"""
    export_results(cache, path) -> NamedTuple

Writes all results, those in memory and those on disk, to a file, which is there when it is whole; [`import_results!`](@ref) reads
it in another process or on another machine. Other tasks run meanwhile. The answer has the numbers `entries` and `bytes`, and
how many results could not leave memory, `left_out`. Throws a `StreamCacheError` where the file can't be written.
"""
export_results(cache::Cache, path::AbstractString) = carried(C.cache_export, cache, path)

"""
    import_results!(cache, path) -> NamedTuple

Reads the results in a file that [`export_results`](@ref) wrote into memory, and behind it into the disk and the remote store.
The answer's numbers are `entries` and `bytes`, `left_out` (memory had them), `refused` (they did not check) and `not_stored`
(memory had no room). Throws a `StreamCacheError` where the file can't be read or is damaged; what was imported until then
stays.
"""
import_results!(cache::Cache, path::AbstractString) = carried(C.cache_import, cache, path)

"A thread of the library's works, and this looks whether it has ended. Who is interrupted gives it up."
function carried(begin_it, cache, path)
    name, made, details = codeunits(flat(path)), out(), out()
    GC.@preserve cache name begin
        status = begin_it(raw(cache), Ptr{Cvoid}(pointer(name)), length(name), made, details)
    end
    checked(status, details[])
    transfer = made[]
    ended() = C.transfer_wait(transfer, 0, C_NULL)
    try
        patiently(ended, Inf, TIMEOUT)
        status = C.transfer_wait(transfer, 0, details)
        checked(status, details[])
        progress = Ref(empty_stats(CTransferProgress))
        checked(C.transfer_get_progress(transfer, progress))
        return named(progress[])
    catch
        C.transfer_cancel(transfer)
        patiently(ended, 10, TIMEOUT) # it leaves no half of a file
        rethrow()
    finally
        C.transfer_release(transfer)
    end
end

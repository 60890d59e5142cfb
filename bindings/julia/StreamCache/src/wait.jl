# Waiting without blocking a thread: ask, let other tasks run, ask again.

mutable struct Backoff
    deadline::UInt64 # of time_ns()
    turn::Int
end

"`timeout` is in seconds, and may be `Inf`."
Backoff(timeout::Real) = Backoff(deadline(timeout), 0)

checked_timeout(timeout) = timeout >= 0 ? timeout : throw(ArgumentError("a timeout is 0 seconds or more, not $timeout"))

function deadline(timeout)
    checked_timeout(timeout)
    now = time_ns()
    return timeout * 1e9 < typemax(UInt64) - now ? now + floor(UInt64, timeout * 1e9) : typemax(UInt64)
end

"Lets others run for a moment: at first only as long as they want to, at last 10 ms. False once the time is up."
function pause!(backoff::Backoff)
    now = time_ns()
    now < backoff.deadline || return false
    backoff.turn += 1
    if backoff.turn <= 16
        yield()
    else
        left = (backoff.deadline - now) / 1e9
        sleep(clamp(0.001 * 1.25^(backoff.turn - 17), 0.001, max(0.001, min(0.01, left))))
    end
    return true
end

"Asks until the answer is another than `busy`, or the time is up."
function patiently(ask, timeout, busy)
    backoff = Backoff(timeout)
    while true
        answer = ask()
        (answer == busy && pause!(backoff)) || return answer
    end
end

"Seconds as the library has them; what is not 0 stays at least 1."
function milliseconds(seconds::Real)
    0 <= seconds < 2.0^53 || throw(ArgumentError("seconds are 0 or more, not $seconds"))
    return ceil(UInt64, seconds * 1000)
end

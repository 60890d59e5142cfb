#!/usr/bin/env python3
"""What a hit costs through Python: a result of 64 bytes under a chunk of 64 bytes, medians of rounds.

    bench.py [ROUNDS]       15 rounds or more; prints lines "python WHAT NANOSECONDS"
"""

import sys
import threading
import time

import streamcache

CALLS = 200  # a round is much shorter than the time the system gives a thread at once


def round_ns(what):
    begun = time.perf_counter_ns()
    for _ in range(CALLS):
        what()
    return (time.perf_counter_ns() - begun) / CALLS


def beside_busy_thread(rounds, what):
    """The same while another thread computes in Python: each call gives the interpreter away and must get it back."""
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            sum(range(100))

    thread = threading.Thread(target=busy)
    thread.start()
    times = [round_ns(what) for _ in range(rounds)]
    stop.set()
    thread.join()
    return sorted(times)[rounds // 2]


def main():
    rounds = max(15, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    with streamcache.Cache() as cache:
        filter_ = cache.filter("bench", {"bench": 1}, state=b"")
        chunk, buffer = bytes(range(64)), bytearray(64)
        filter_.put(chunk, bytes(64))
        digest = streamcache.Digest.chunk(chunk)
        remembered = filter_.memoize(lambda data: data, name="remembered")
        remembered(chunk)
        measured = {
            "get_into_bytes": lambda: filter_.get_into(chunk, buffer),
            "get_into": lambda: filter_.get_into(digest, buffer),
            "lease": lambda: filter_.get(chunk),
            "lease_and_view": lambda: filter_.get(chunk).data,
            "get_or_compute": lambda: filter_.get_or_compute(chunk, None),
            "memoized": lambda: remembered(chunk),
            "nothing": lambda: None,
        }
        times = {name: [] for name in measured}
        for _ in range(rounds):  # one after another, so that all have the same weather
            for name, what in measured.items():
                times[name].append(round_ns(what))
        for name, took in times.items():
            print(f"python {name} {sorted(took)[rounds // 2]:.0f}")
        print(f"python get_into_beside_a_busy_thread {beside_busy_thread(rounds, measured['get_into']):.0f}")


if __name__ == "__main__":
    main()

"""Python's multiprocessing, which forks, through the C ABI: the parent's threads are inside the library while 50 children
are started. Every function of the header that works on a handle answers FORKED in them; each opens a cache of its own
and uses it from threads; the parent goes on. The functions are read from the header, so none can be forgotten.

    fork.py LIBRARY HEADER SYMBOLS [CHILDREN]
"""

import ctypes
import multiprocessing
import re
import sys
import threading
import time

OK, MISS, FILL, FORKED = 0, 1, 4, -9
WARNING = 3
HANDLES = ("cache", "filter", "snapshot", "ticket", "batch", "stream")
PARALLEL = 4
TIMEOUT_S = 120

LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p)


class Digest(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 32)]


def prototypes(header):
    """Every function of the header: its name, what it returns, and its parameters as (type, name)."""
    code = re.sub(r"/\*.*?\*/|^#.*?$", " ", header, flags=re.S | re.M)
    for returned, name, parameters in re.findall(r"([\w ]+?[ *]+)(streamcache_\w+)\(([^()]*)\);", code):
        split = [re.match(r"(.*?)(\w+)$", p.strip(), flags=re.S).groups() for p in parameters.split(",") if p.strip() != "void"]
        yield name, returned.strip(), [(" ".join(kind.replace("*", " * ").split()), its) for kind, its in split]


def handle_of(kind):
    """Which handle a parameter is, or which it is a list of; None for anything else, such as a place for one."""
    found = re.fullmatch(r"(?:const )?streamcache_(\w+) \*( const \*)?", kind)
    return found[1] if found and found[1] in HANDLES else None


class Library:
    def __init__(self, path, header):
        self.c = ctypes.CDLL(path)
        self.prototypes = {name: (returned, parameters) for name, returned, parameters in prototypes(header)}
        plain = {"void": None, "double": ctypes.c_double, "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t}
        for name, (returned, _) in self.prototypes.items():
            pointer = ctypes.c_void_p if returned.endswith("*") else ctypes.c_int32
            getattr(self.c, name).restype = plain.get(returned, pointer)

    def ok(self, name, *arguments):
        status = getattr(self.c, "streamcache_" + name)(*arguments)
        assert status == OK, f"{name}: {status}"

    def digest(self, data):
        digest = Digest()
        self.ok("digest_chunk", data, ctypes.c_size_t(len(data)), ctypes.byref(digest))
        return digest


class Cache:
    """A cache, a filter with a state, and of that a snapshot, a ticket, a batch and a stream."""

    def __init__(self, library):
        self.library = library
        self.cache, self.filter, self.snapshot, self.ticket, self.batch, self.stream = (ctypes.c_void_p() for _ in HANDLES)
        library.ok("cache_open", None, ctypes.byref(self.cache), None)
        config = library.digest(b"config")
        library.ok("filter_open", self.cache, b"f", ctypes.c_size_t(1), ctypes.byref(config), 0, ctypes.byref(self.filter), None)
        library.ok("filter_load_state", self.filter, b"state", ctypes.c_size_t(5), None)
        library.ok("filter_snapshot", self.filter, ctypes.byref(self.snapshot))
        chunk, value, ticket = ctypes.byref(library.digest(b"ticket")), ctypes.c_void_p(), ctypes.byref(self.ticket)
        status = library.c.streamcache_filter_begin(self.filter, chunk, 0, 0, ctypes.byref(value), ticket)
        assert status == FILL, status
        library.ok("filter_begin_batch", self.filter, chunk, ctypes.c_size_t(1), 0, ctypes.byref(self.batch))
        library.ok("stream_open", self.filter, b"state", ctypes.c_size_t(5), ctypes.byref(self.stream), None)

    def use(self, rounds):
        """Looks up and computes; every hit is right. Answers with the number of hits."""
        c, hits = self.library.c, 0
        for i in range(rounds):
            chunk, result, value = self.library.digest(b"%d" % (i % 100)), b"result %d" % (i % 100), ctypes.c_void_p()
            where = ctypes.byref(value)
            status = c.streamcache_filter_get(self.filter, ctypes.byref(chunk), 0, where, None)
            if status == MISS:
                length = ctypes.c_size_t(len(result))
                status = c.streamcache_filter_put(self.filter, ctypes.byref(chunk), None, result, length, 0, None, where)
            else:
                hits += 1
            assert status == OK, status
            assert ctypes.string_at(c.streamcache_value_data(value), c.streamcache_value_size(value)) == result
            c.streamcache_value_release(value)
        return hits

    def use_from_threads(self, count, rounds):
        hits = []
        threads = [threading.Thread(target=lambda: hits.append(self.use(rounds))) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(hits) == count and sum(hits) > 0, hits

    def release(self):
        for noun in reversed(HANDLES):
            end = "free" if noun == "batch" else "release"  # a batch has one owner
            getattr(self.library.c, f"streamcache_{noun}_{end}")(getattr(self, noun))


def valid_argument(kind, name, owner, keep):
    """Something that a parameter of this type takes."""
    if noun := handle_of(kind):
        one = getattr(owner, noun)
        return (ctypes.c_void_p * 1)(one) if "const *" in kind else one
    if kind.endswith("*"):
        room = ctypes.create_string_buffer(4096)
        keep.append(room)
        if not kind.endswith("* *") and re.search(r"streamcache_(\w+_stats|put_options|external) ", kind):
            ctypes.cast(room, ctypes.POINTER(ctypes.c_size_t))[0] = 4096  # its struct_size
        return room
    if kind.endswith("_callback"):
        return None
    numbers = {"flags": 0, "scope": 0, "timeout_ms": 0, "item_size": 24}  # of streamcache_batch_item
    return ctypes.c_size_t(numbers.get(name, 1))


def check_handles(owner, say):
    """Every function on a handle of the parent. Answers with how many there are."""
    count = 0
    for name, (returned, parameters) in sorted(owner.library.prototypes.items(), key=lambda item: "release" in item[0]):
        if not parameters or handle_of(parameters[0][0]) is None:
            continue
        count += 1
        keep = []
        arguments = [valid_argument(kind, its, owner, keep) for kind, its in parameters]
        answer = getattr(owner.library.c, name)(*arguments)
        wanted = {"void": None, "streamcache_status": FORKED}.get(returned, 0)
        if (answer or 0) != (wanted or 0):
            say(f"{name} answers {answer}, not {wanted}")
    return count


warnings = []


def child(owner, lease, kept, answers):
    failures = []
    count = check_handles(owner, failures.append)
    value = ctypes.string_at(owner.library.c.streamcache_value_data(lease), owner.library.c.streamcache_value_size(lease))
    if value != kept:
        failures.append(f"the lease reads {value!r}")
    owner.library.ok("value_retain", lease)
    owner.library.c.streamcache_value_release(lease)
    owner.library.c.streamcache_value_release(lease)
    if warnings != ["process"]:
        failures.append(f"the log says {warnings}")
    own = Cache(owner.library)
    own.use_from_threads(4, 200)
    own.release()
    answers.put((count, failures))
    sys.exit(len(failures))


def task(number):
    """For a pool, which forks its workers: what they were born with is FORKED, and they compute on."""
    value = ctypes.c_void_p()
    digest = parent.library.digest(b"%d" % number)
    status = parent.library.c.streamcache_filter_get(parent.filter, ctypes.byref(digest), 0, ctypes.byref(value), None)
    return status, bytes(digest.bytes)


def main(path, header, symbols, children=50):
    global parent
    library = Library(path, open(header).read())
    exported = set(open(symbols).read().split())
    assert exported == set(library.prototypes), exported ^ set(library.prototypes)
    hook = LogCallback(lambda _, level, target, message: warnings.append(target.decode()))
    library.ok("log_set", hook, None, WARNING)

    parent = Cache(library)
    kept, lease = b"kept", ctypes.c_void_p()
    key = library.digest(b"kept")
    library.ok("cache_put_chunk", parent.cache, ctypes.byref(key), kept, ctypes.c_size_t(4), 0, None, ctypes.byref(lease))

    stop, rounds = threading.Event(), [0] * 4

    def hammer(i):
        while not stop.is_set():
            parent.use(100)
            rounds[i] += 100

    threads = [threading.Thread(target=hammer, args=(i,)) for i in range(len(rounds))]
    for thread in threads:
        thread.start()

    fork = multiprocessing.get_context("fork")
    answers, failed, running = fork.SimpleQueue(), 0, []
    for i in range(children):
        running.append(fork.Process(target=child, args=(parent, lease, kept, answers)))
        running[-1].start()
        while len(running) >= (PARALLEL if i + 1 < children else 1):
            process = running.pop(0)
            process.join(TIMEOUT_S)
            if process.exitcode != 0:
                failed += 1
                print(f"child {process.pid}: exit code {process.exitcode}" + (" (it hangs)" if process.is_alive() else ""))
                process.kill()
            else:
                count, failures = answers.get()
                assert not failures, failures
    while not answers.empty():
        print(*answers.get()[1], sep="\n")
    with fork.Pool(4) as pool:
        results = pool.map_async(task, range(200), chunksize=10).get(TIMEOUT_S)
    assert results == [(FORKED, bytes(library.digest(b"%d" % i).bytes)) for i in range(200)]

    before = sum(rounds)
    while sum(rounds) < before + 400:  # the parent goes on
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert library.c.streamcache_cache_hits(parent.cache) > 0 and warnings == [], warnings
    library.c.streamcache_value_release(lease)
    parent.release()
    library.ok("log_set", None, None, WARNING)
    print(f"{children} children, {count} functions on a handle FORKED in each, {sum(rounds)} rounds in the parent meanwhile")
    assert failed == 0, f"{failed} children failed"


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))

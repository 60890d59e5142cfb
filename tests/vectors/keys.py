#!/usr/bin/env python3
"""docs/keys.md once more, in Python: PyPI's blake3 and rfc8785, and nothing of this library.

    keys.py keys.json            every digest in the file is what the formulas give
    keys.py --write keys.json    writes them there, after a new case
"""

import json
import sys

import rfc8785
from blake3 import blake3

# The formulas, in the order of docs/keys.md.


def constant(purpose):
    return blake3(b"", derive_key_context="streamcache v1 " + purpose).digest()


def keyed(key, data):
    return blake3(data, key=key).digest()


def u64(number):
    return number.to_bytes(8, "little")


def chunk(data):
    return keyed(constant("chunk"), data)


def state(data):
    return keyed(constant("state"), data)


def config_bytes(data):
    return keyed(constant("config bytes"), data)


def config_json(text):
    return keyed(constant("config"), canonical(text))


def canonical(text):
    """RFC 8785, once what it would merge is refused: a key twice, and integers beyond ±(2^53 − 1)."""

    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key twice in one object")
        return dict(pairs)

    def safe(digits):
        if abs(int(digits)) > 2**53 - 1:
            raise ValueError("an integer that a double can't hold")
        return int(digits)

    def never(name):
        raise ValueError(name + " is not JSON")

    value = json.loads(text.decode(), object_pairs_hook=once, parse_int=safe, parse_constant=never)
    if depth(value) > 127:
        raise ValueError("nested too deep")
    return rfc8785.dumps(value)


def depth(value):
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def raw(role, data):
    if not data:
        raise ValueError("an empty digest names nothing")
    return keyed(constant("raw " + role), data)


def tensor(name, code, bits, lanes, dims, data):
    numbers = [code, bits, lanes, len(dims), *dims]
    header = u64(len(name)) + name + b"".join(map(u64, numbers))
    return keyed(constant("tensor"), keyed(constant("header"), header) + chunk(data))


def inputs(digests):
    return keyed(constant("inputs"), u64(len(digests)) + b"".join(digests))


def barrier(chunks):
    return keyed(constant("barrier"), b"".join(chunks) + u64(len(chunks)))


def content(payload, tensors, blob):
    if not tensors and not blob:
        return chunk(payload)
    return keyed(constant("content"), inputs(tensors) + chunk(payload) + chunk(blob))


def key_state(config, training_data):
    return keyed(constant("provenance"), config + training_data)


def namespace(name):
    return keyed(constant("namespace"), name)


def secret_digest(secret):
    if len(secret) < 16:
        raise ValueError("a secret that can be guessed")
    return keyed(constant("secret digest"), secret)


def filter_constant(secret):
    return constant("filter") if secret is None else keyed(constant("secret"), secret_digest(secret))


def filter_digest(name, secret, config, its_state):
    return keyed(filter_constant(secret), namespace(name) + config + its_state)


def pipeline(filters):
    return keyed(constant("pipeline"), u64(len(filters)) + b"".join(filters))


def output_key(filter_or_pipeline, its_chunk):
    return keyed(filter_or_pipeline, its_chunk)


def key_chunk(config, its_state, its_chunk):
    return output_key(filter_digest(b"", None, config, its_state), its_chunk)


def tag(filter_):
    return keyed(constant("tag"), filter_)


def step(filter_, state_in, its_chunk):
    return keyed(constant("step"), filter_ + state_in + its_chunk)


def saved_state(name, secret, its_state):
    return keyed(constant("saved state"), filter_constant(secret) + namespace(name) + its_state)


def place(filter_, state_in):
    return keyed(constant("place"), filter_ + state_in)


# The cases: a digest as an argument is the name of an earlier case.


def data_of(spec):
    """{"pattern": 3} is 00 01 02 (byte i is i mod 251); {"text": "ab"} its UTF-8; {"hex": "6162"} those bytes."""
    ((kind, value),) = spec.items()
    if kind == "pattern":
        return (bytes(range(251)) * (value // 251 + 1))[:value]
    return value.encode() if kind == "text" else bytes.fromhex(value)


def secret_of(case):
    return None if case.get("secret") is None else bytes.fromhex(case["secret"])


def digest_of(case, known):
    """The digest of a case by its formula; a ValueError where the formula refuses it."""
    formula = case["formula"]

    def one(argument):
        return known[case[argument]]

    def many(argument):
        return [known[name] for name in case[argument]]

    def data(argument="data"):
        return data_of(case[argument])

    if formula == "constant":
        return constant(case["purpose"])
    if formula in ("chunk", "state", "config_bytes", "config_json"):
        return globals()[formula](data())
    if formula == "raw":
        return raw(case["role"], data())
    if formula == "tensor":
        return tensor(data("name"), case["code"], case["bits"], case["lanes"], case["dims"], data())
    if formula == "inputs":
        return inputs(many("digests"))
    if formula == "barrier":
        return barrier(many("chunks"))
    if formula == "content":
        return content(data("payload"), many("tensors"), data("blob"))
    if formula == "key_state":
        return key_state(one("config"), one("training_data"))
    if formula == "key_chunk":
        return key_chunk(one("config"), one("state"), one("chunk"))
    if formula == "namespace":
        return namespace(data())
    if formula == "secret_digest":
        return secret_digest(secret_of(case))
    if formula == "filter_constant":
        return filter_constant(secret_of(case))
    if formula == "filter":
        return filter_digest(data("namespace"), secret_of(case), one("config"), one("state"))
    if formula == "pipeline":
        return pipeline(many("filters"))
    if formula == "key":
        return output_key(one("filter"), one("chunk"))
    if formula == "tag":
        return tag(one("filter"))
    if formula == "step":
        return step(one("filter"), one("state_in"), one("chunk"))
    if formula == "saved_state":
        return saved_state(data("namespace"), secret_of(case), one("state"))
    if formula == "place":
        return place(one("filter"), one("state_in"))
    raise SystemExit(f"{case['case']}: there is no formula {formula!r} here")


def refused(case):
    try:
        digest_of(case, {})
    except ValueError:
        return True
    return False


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, vectors):
    lines = ",\n".join("    " + json.dumps(case) for case in vectors["cases"])
    about = ",\n".join("    " + json.dumps(line) for line in vectors["about"])
    with open(path, "w", encoding="ascii") as file:
        file.write('{\n  "about": [\n%s\n  ],\n  "cases": [\n%s\n  ]\n}\n' % (about, lines))


def main():
    *flags, path = sys.argv[1:] or [""]
    if flags not in ([], ["--write"]) or not path.endswith(".json"):
        raise SystemExit(__doc__)
    vectors = read(path)
    known, first, wrong, refusals = {}, {}, [], 0
    for case in vectors["cases"]:
        name = case["case"]
        if name in known:
            raise SystemExit(f"two cases are called {name!r}")
        if case.get("refused"):
            refusals += 1
            if not refused(case):
                wrong.append(f"{name}: not refused")
            continue
        digest = digest_of(case, known)
        known[name] = digest
        if flags:
            case["digest"] = digest.hex()
            if case["formula"] == "config_json":
                case["canonical"] = canonical(data_of(case["data"])).decode()
        if case["digest"] != digest.hex():
            wrong.append(f"{name}: {digest.hex()}, and the file says {case['digest']}")
        if case["formula"] == "config_json" and case["canonical"].encode() != canonical(data_of(case["data"])):
            wrong.append(f"{name}: another canonical form")
        if first.setdefault(digest, name) != case.get("same_as", name):
            wrong.append(f"{name}: equal to {first[digest]!r}, where the file says {case.get('same_as')!r}")
    if flags:
        write(path, vectors)
    for line in wrong:
        print(line)
    print(f"{len(known)} digests, {len(set(known.values()))} distinct, {refusals} refusals; {len(wrong)} wrong")
    raise SystemExit(1 if wrong or not known else 0)


if __name__ == "__main__":
    main()

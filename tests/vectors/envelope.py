#!/usr/bin/env python3
"""docs/envelope.md once more, in Python: PyPI's blake3, and nothing of this library.

    envelope.py envelope.json            every envelope in the file is what the page gives, and read or refused as it says
    envelope.py --write envelope.json    writes them there, after a new case
"""

import math
import struct
import sys

from keys import chunk, constant, content, data_of, keyed, read, secret_digest, tensor, write

MAGIC = b"\x89SCACHE\n"
HEAD = struct.Struct("<8s4IQ32s32s4Q")
TENSOR = struct.Struct("<BBHIQQ")
MOST_AHEAD_MS = 300_000


class Refused(Exception):
    pass


def seal_key(secret):
    return constant("envelope") if secret is None else keyed(constant("secret envelope"), secret_digest(secret))


def checksum(secret, head, description, payload):
    return keyed(seal_key(secret), head + description + chunk(payload))


def tensor_digest(spec, payload):
    data = payload[spec["offset"] : spec["offset"] + spec["length"]]
    return tensor(b"", spec["code"], spec["bits"], spec["lanes"], spec["dims"], data)


# Making one.


def close(case):
    """Everything in front of the payload, and the digest of the content."""
    payload, blob, secret = data_of(case["payload"]), data_of(case["blob"]), secret_of(case)
    described = b"".join(map(described_as, case["tensors"]))
    its_content = content(payload, [tensor_digest(spec, payload) for spec in case["tensors"]], blob)
    lengths = len(case["tensors"]), len(described), len(blob), len(payload)
    times = case["tag"], case["compute_ns"], case["created_ms"], case["expires_ms"]
    head = HEAD.pack(MAGIC, 1, *lengths, bytes.fromhex(case["key"]), its_content, *times)
    description = described + blob
    return head + checksum(secret, head, description, payload) + description, its_content


def described_as(spec):
    dims = spec["dims"]
    fixed = TENSOR.pack(spec["code"], spec["bits"], spec["lanes"], len(dims), spec["offset"], spec["length"])
    return fixed + struct.pack(f"<{len(dims)}q", *dims)


def secret_of(case):
    return None if case["secret"] is None else bytes.fromhex(case["secret"])


# Reading one.


def open_(data, key, secret, now_ms):
    """What it holds, as a case gives it; Refused with the first reason on the page."""
    if data[:8] != MAGIC:
        raise Refused("not_an_envelope")
    if len(data) >= 12 and data[8:12] != struct.pack("<I", 1):
        raise Refused("version")
    if len(data) < 160:
        raise Refused("malformed")
    _, _, n, described, blob_len, payload_len, its_key, its_content, *rest = HEAD.unpack(data[:128])
    tag, compute_ns, created_ms, expires_ms = rest
    if n > 1024 or blob_len > 65536 or not 24 * n <= described <= (24 + 8 * 64) * n:
        raise Refused("malformed")
    if len(data) != 160 + described + blob_len + payload_len:
        raise Refused("malformed")
    if its_key != key:
        raise Refused("other_key")
    description, payload = data[160 : 160 + described + blob_len], data[160 + described + blob_len :]
    if data[128:160] != checksum(secret, data[:128], description, payload):
        raise Refused("checksum")
    if not n and not blob_len and its_content != chunk(payload):
        raise Refused("malformed")
    tensors = read_tensors(n, description[:described], payload_len)
    if created_ms > now_ms + MOST_AHEAD_MS:
        raise Refused("from_the_future")
    if expires_ms and expires_ms <= now_ms:
        raise Refused("expired")
    return {
        "payload": payload,
        "blob": description[described:],
        "tensors": tensors,
        "content": its_content.hex(),
        "key": its_key.hex(),
        "tag": tag,
        "compute_ns": compute_ns,
        "created_ms": created_ms,
        "expires_ms": expires_ms,
    }


def read_tensors(n, data, payload_len):
    specs = []
    try:
        for _ in range(n):
            code, bits, lanes, rank, offset, length = TENSOR.unpack_from(data)
            dims = list(struct.unpack_from(f"<{min(rank, 65)}q", data, 24))
            data = data[24 + 8 * len(dims) :]
            spec = {"code": code, "bits": bits, "lanes": lanes, "dims": dims, "offset": offset, "length": length}
            if code > 17 or not bits or not lanes or rank > 64 or min(dims, default=0) < 0:
                raise Refused("malformed")
            if length != -(-math.prod(dims) * bits * lanes // 8) or offset + length > payload_len:
                raise Refused("malformed")
            specs.append(spec)
    except struct.error:
        raise Refused("malformed") from None
    if data:
        raise Refused("malformed")
    return specs


# The cases.


def sealed(case):
    return close(case)[0] + data_of(case["payload"])


def given(case, base):
    """The bytes a case of "of" is read from: the base's envelope, changed."""
    data = bytearray(sealed(base))
    for at, change in case.get("change", []):
        change = bytes.fromhex(change)
        data[at : at + len(change)] = change
    data = bytes(data[: case.get("keep", len(data))]) + bytes.fromhex(case.get("add", ""))
    if case.get("sealed_again"):
        rest = len(data) - len(data_of(base["payload"]))
        data = data[:128] + checksum(secret_of(base), data[:128], data[160:rest], data[rest:]) + data[160:]
    return data


def outcome(case, base):
    secret = secret_of(case) if "secret" in case else secret_of(base)
    key = bytes.fromhex(case.get("key", base["key"]))
    try:
        open_(given(case, base), key, secret, case.get("now_ms", base["created_ms"]))
    except Refused as refused:
        return refused.args[0]
    return None


def wrong_with(case):
    """Of a case with an envelope: what is in the file, made and read back."""
    front, its_content = close(case)
    if (case["front"], case["content"]) != (front.hex(), its_content.hex()):
        return f"front {front.hex()}, content {its_content.hex()}"
    try:
        read_back = open_(sealed(case), bytes.fromhex(case["key"]), secret_of(case), case["created_ms"])
    except Refused as refused:
        return f"refused as {refused.args[0]}"
    there = {name: data_of(case[name]) if name in ("payload", "blob") else case[name] for name in read_back}
    return None if there == read_back else f"read back as {read_back}"


def main():
    *flags, path = sys.argv[1:] or [""]
    if flags not in ([], ["--write"]) or not path.endswith(".json"):
        raise SystemExit(__doc__)
    vectors = read(path)
    known, wrong, refusals = {}, [], 0
    for case in vectors["cases"]:
        name = case["case"]
        if "of" in case:
            it_is = outcome(case, known[case["of"]])
            if flags:
                case["refusal"] = it_is
            refusals += it_is is not None
            if case["refusal"] != it_is:
                wrong.append(f"{name}: {it_is}, and the file says {case['refusal']}")
            continue
        if flags:
            front, its_content = close(case)
            case["content"], case["front"] = its_content.hex(), front.hex()
        known[name] = case
        if what := wrong_with(case):
            wrong.append(f"{name}: {what}")
    if flags:
        write(path, vectors)
    for line in wrong:
        print(line)
    print(f"{len(known)} envelopes, {refusals} refusals; {len(wrong)} wrong")
    raise SystemExit(1 if wrong or not known or not refusals else 0)


if __name__ == "__main__":
    main()

"""Digests: of content, and naming a computation."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Union

from . import _constants as c
from ._data import described, is_bytes, plain
from ._library import NULL, check, ffi, lib

if TYPE_CHECKING:
    from ._data import Array, Bytes, Described

ROLES = {"chunk": c.ROLE_CHUNK, "config": c.ROLE_CONFIG, "state": c.ROLE_STATE}
_DIGEST, _digest_chunk = ffi.typeof("streamcache_digest *"), lib.streamcache_digest_chunk
_FILES = {"chunk": lib.streamcache_digest_chunk_file, "state": lib.streamcache_digest_state_file}


class Digest:
    """A BLAKE3-256 digest of content, or one that names a computation, and then is called a key. Immutable.

    Equal digests are equal and hash alike; `bytes(digest)` are its 32 bytes, `digest.hex()` its 64 digits.
    """

    __slots__ = ("_c",)

    def __init__(self, data: "Bytes") -> None:
        """From the 32 bytes of one that was made before. To digest something, see `Digest.chunk` and the others."""
        given, length = plain(data, "a digest")
        if length != 32:
            raise ValueError(f"a digest has 32 bytes, not {length}: Digest.chunk(data) digests data")
        made = ffi.new("streamcache_digest *")
        ffi.memmove(made, given, 32)
        self._c = made

    @classmethod
    def _adopt(cls, made: Any) -> "Digest":
        digest = cls.__new__(cls)
        digest._c = made
        return digest

    def __bytes__(self) -> bytes:
        return bytes(ffi.buffer(self._c))

    def hex(self) -> str:
        """64 lower-case hexadecimal digits."""
        return bytes(self).hex()

    def __repr__(self) -> str:
        return f"streamcache.Digest.from_hex({self.hex()!r})"

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other) if isinstance(other, Digest) else NotImplemented

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __reduce__(self) -> Any:
        return Digest, (bytes(self),)

    @staticmethod
    def from_hex(digits: str) -> "Digest":
        """From exactly 64 hexadecimal digits of either case."""
        if not isinstance(digits, str):
            raise TypeError(f"digits are a str, not {type(digits).__qualname__}")
        text = digits.encode()
        return _made(lib.streamcache_digest_from_hex, text, len(text))

    @staticmethod
    def chunk(data: "Bytes") -> "Digest":
        """Of a chunk, one unit of input, by its bytes."""
        return _made(lib.streamcache_digest_chunk, *plain(data, "a chunk"))

    @staticmethod
    def tensor(array: Union["Array", "Described"], name: str = "") -> "Digest":
        """Of an array as a chunk: name, type, shape and elements. It must be in C order; a strided one is refused."""
        view, tensor = described(array, "the array")
        dims, text, data = ffi.new("int64_t[]", tensor.shape), ffi.from_buffer(name.encode()), ffi.from_buffer(view)
        sized = ffi.sizeof("streamcache_tensor")
        head = (tensor.code, tensor.bits, tensor.lanes, len(tensor.shape))
        given = ffi.new("streamcache_tensor *", (sized, ffi.cast("char *", text), len(text), *head, dims, data, view.nbytes))
        return _explained(lib.streamcache_digest_tensor, given)

    @staticmethod
    def inputs(digests: Iterable["Digest"]) -> "Digest":
        """Of several digests as one chunk, a model's inputs, say, in an order that never changes."""
        listed = [pointer(digest)[0] for digest in digests]
        return _made(lib.streamcache_digest_inputs, ffi.new("streamcache_digest[]", listed), len(listed))

    @staticmethod
    def chunk_file(path: Union[str, "os.PathLike[str]"]) -> "Digest":
        """Of a chunk by a file's bytes: the same as of those bytes in memory."""
        return _of_file("chunk", path)

    @staticmethod
    def state_file(path: Union[str, "os.PathLike[str]"]) -> "Digest":
        """Of a trained state by a file's bytes: the way for large models."""
        return _of_file("state", path)

    @staticmethod
    def state(data: "Bytes") -> "Digest":
        """Of a trained state by its bytes."""
        return _made(lib.streamcache_digest_state, *plain(data, "a state"))

    @staticmethod
    def config_json(text: Union[str, bytes]) -> "Digest":
        """Of a configuration in JSON: the order of its keys and the way numbers are written don't matter."""
        encoded = text.encode() if isinstance(text, str) else text
        return _explained(lib.streamcache_digest_config_json, *plain(encoded, "JSON"))

    @staticmethod
    def config_bytes(data: "Bytes") -> "Digest":
        """Of a configuration in any other form, byte by byte; never equal to one in JSON."""
        return _made(lib.streamcache_digest_config_bytes, *plain(data, "a configuration"))

    @staticmethod
    def config(config: "Config") -> "Digest":
        """Of a configuration: a mapping is JSON, a str is a text of JSON, bytes are themselves, a digest is taken as it is."""
        if isinstance(config, Digest):
            return config
        if isinstance(config, str):
            return Digest.config_json(config)
        if is_bytes(config):
            return Digest.config_bytes(config)  # type: ignore[arg-type]  # what is_bytes() says
        if not isinstance(config, Mapping):
            raise TypeError(f"a configuration is a mapping, a str of JSON, bytes or a Digest, not {type(config).__qualname__}")
        _only_text_keys(config)
        return Digest.config_json(json.dumps(config, ensure_ascii=False, allow_nan=False))

    @staticmethod
    def raw(role: str, data: "Bytes") -> "Digest":
        """A digest of the caller's own (a SHA-256, say) in place of content; `role` is "chunk", "config" or "state"."""
        if role not in ROLES:
            raise ValueError(f"{role!r} is no role: chunk, config or state")
        return _made(lib.streamcache_digest_raw, ROLES[role], *plain(data, "a digest"))

    @staticmethod
    def key_state(config: "Digest", training_data: "Digest") -> "Digest":
        """The key of a trained state by its provenance: which configuration was trained on which data."""
        return _made(lib.streamcache_key_state, pointer(config), pointer(training_data))

    @staticmethod
    def key_chunk(config: "Digest", state: "Digest", chunk: "Digest") -> "Digest":
        """The key of a chunk's result, in a cache without namespace and secret: the one such a filter uses."""
        return _made(lib.streamcache_key_chunk, pointer(config), pointer(state), pointer(chunk))


Key = Digest
Config = Union[Digest, str, "Bytes", Mapping[str, Any]]
Chunk = Union[Digest, "Bytes", "Array", "Described"]


def pointer(digest: Digest) -> Any:
    """A digest as the library takes it."""
    if not isinstance(digest, Digest):
        raise TypeError(f"this takes a streamcache.Digest, not {type(digest).__qualname__}")
    return digest._c


def digest_of(chunk: Any) -> Digest:
    """A chunk's digest: one that was made before, or of bytes, or of an array with its type and shape."""
    if type(chunk) is bytes:  # the usual, in the shortest way
        made = ffi.new(_DIGEST)
        check(_digest_chunk(chunk, len(chunk), made))
        return Digest._adopt(made)
    if isinstance(chunk, Digest):
        return chunk
    return Digest.chunk(chunk) if is_bytes(chunk) else Digest.tensor(chunk)


def _only_text_keys(config: Any) -> None:
    """JSON would write 1 and "1" alike."""
    if isinstance(config, Mapping):
        for key in config:
            if not isinstance(key, str):
                raise TypeError(f"a configuration's keys are str; {key!r} is a {type(key).__qualname__}")
        config = config.values()
    elif not isinstance(config, (list, tuple)):
        return
    for item in config:
        _only_text_keys(item)


def _made(function: Any, *arguments: Any) -> Digest:
    made = ffi.new("streamcache_digest *")
    check(function(*arguments, made))
    return Digest._adopt(made)


def _explained(function: Any, *arguments: Any) -> Digest:
    made, error = ffi.new("streamcache_digest *"), ffi.new("streamcache_error **")
    check(function(*arguments, made, error), error=error)
    return Digest._adopt(made)


def _of_file(role: str, path: Union[str, "os.PathLike[str]"]) -> Digest:
    encoded = os.fsencode(path)
    return _explained(_FILES[role], encoded, len(encoded))


class _Pieces:
    """What hashers and barriers share: pieces go in, a digest comes out."""

    _name = ""

    def __init__(self, *arguments: Any) -> None:
        out = ffi.new(f"streamcache_{self._name} **")
        check(getattr(lib, f"streamcache_{self._name}_new")(*arguments, out))
        self._c = ffi.gc(out[0], getattr(lib, f"streamcache_{self._name}_free"))
        self._turn = threading.RLock()  # the library has none here; a signal's handler is let through between two calls

    def finish(self) -> Digest:
        """The digest of all since the last finish or reset; the next update begins anew."""
        with self._turn:
            return _made(getattr(lib, f"streamcache_{self._name}_finish"), self._c)

    def reset(self) -> None:
        """Forgets what came since the last finish or reset."""
        with self._turn:
            check(getattr(lib, f"streamcache_{self._name}_reset")(self._c))

    def close(self) -> None:
        """Frees it. Closing again is fine."""
        self._c = NULL


class Hasher(_Pieces):
    """Digests bytes that come in pieces; how they are split makes no difference. Threads take turns."""

    _name = "hasher"

    def __init__(self, role: str = "chunk") -> None:
        """`role` is "chunk", "state", or "config" for one that is not JSON."""
        if role not in ROLES:
            raise ValueError(f"{role!r} is no role: chunk, config or state")
        super().__init__(ROLES[role])

    def update(self, data: "Bytes") -> None:
        """Adds the next bytes."""
        with self._turn:
            check(lib.streamcache_hasher_update(self._c, *plain(data, "a piece")), self._c)


class Barrier(_Pieces):
    """Digests all chunks of a stream in their order, for a filter that answers at its end. Threads take turns."""

    _name = "barrier"

    def __init__(self) -> None:
        """Of no chunk yet."""
        super().__init__()

    def update(self, chunk: Chunk) -> None:
        """Adds the stream's next chunk."""
        digest = digest_of(chunk)
        with self._turn:
            check(lib.streamcache_barrier_update(self._c, digest._c), self._c)

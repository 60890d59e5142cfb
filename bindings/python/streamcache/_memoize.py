"""What Filter.memoize and Snapshot.memoize make of a function."""

from __future__ import annotations

import array
import functools
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from ._compute import publish
from ._data import refuse
from ._digest import Digest, digest_of
from ._identity import Identity
from ._value import Value

if TYPE_CHECKING:
    from ._once import Once

TUPLE = b"tuple"  # the blob of an answer that is a tuple of arrays


def _kind(data: object) -> Optional[str]:
    """What a function sees of an argument beside its content: `x + x` is another thing for each of these.

    None for what may carry more than that: a subclass's attributes, a mapped file's position.
    """
    kind = type(data)
    if kind is bytes or kind is bytearray:
        return kind.__name__
    if isinstance(data, memoryview):
        return f"memoryview {data.format}"
    if kind is array.array:
        return f"array.array {data.typecode}"  # type: ignore[attr-defined]  # narrowed by the line before
    numpy = sys.modules.get("numpy")
    return "numpy.ndarray" if numpy is not None and kind is numpy.ndarray else None


def memoized(
    owner: "Once",
    function: Callable[..., Any],
    name: Optional[str],
    timeout: Optional[float],
    with_state: bool,
) -> Callable[..., Any]:
    """The function behind a filter or a snapshot."""
    if not callable(function):
        raise TypeError(f"memoize takes a function, not {type(function).__qualname__}")
    identity = Identity(owner._claims, owner._config, function, name)
    shown = identity.name
    heads: Dict[Tuple[Optional[str], ...], Tuple[Digest, Digest]] = {}  # by the kinds: the identity, and the two as one digest

    @functools.wraps(function)
    def remembered(*arguments: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError(f"{shown}() is memoized and takes positional arguments only: {', '.join(keywords)} would not be part of the key")
        if not arguments:
            raise TypeError(f"{shown}() is memoized and takes at least one argument")
        kinds = tuple(map(_kind, arguments))
        if None in kinds:
            index = kinds.index(None)
            raise refuse(arguments[index], f"argument {index} of {shown}()")
        named, same = identity.digest(), owner._same()
        head = heads.get(kinds)
        if head is None or head[0] is not named:
            head = heads[kinds] = named, Digest.inputs([named, Digest.chunk(repr(kinds).encode())])
        key = Digest.inputs([head[1], *map(digest_of, arguments)])
        found = owner.begin(key, timeout=timeout)
        if isinstance(found, Value):
            return _answer(found)
        with found:
            answer = function(*arguments, state=found.trained()) if with_state else function(*arguments)
            stored = _storable(answer, shown)

            def unchanged() -> bool:
                return (with_state or same()) and identity.digest() is named

            return _answer(publish(owner, key, found, stored, unchanged, blob=TUPLE if type(answer) is tuple else b""))

    return remembered


def _storable(answer: Any, name: str) -> Any:
    """Only what a hit gives back as it was."""
    numpy = sys.modules.get("numpy")
    parts = answer if type(answer) is tuple else (answer,)
    arrays = numpy is not None and all(type(part) is numpy.ndarray for part in parts)
    if type(answer) is not bytes and not arrays:
        raise TypeError(f"{name}() is memoized and must give bytes, a numpy.ndarray or a tuple of those, not {type(answer).__qualname__}")
    return answer


def _answer(value: Value) -> Any:
    """As the function gave it; arrays are views that keep the lease."""
    arrays = value.arrays()
    if value.blob == TUPLE:
        return arrays
    return arrays[0] if arrays else bytes(value)

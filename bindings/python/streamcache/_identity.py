"""What names a memoized function: two functions must never share an answer.

In the key are the name given, the module, the qualified name, a digest of the code, and the constants among its defaults
and what it closes over. The rest of what it holds (objects, lists, other functions) can be in no key: such a function
needs a name from its author, and within one cache that name is of the same objects only.
"""

from __future__ import annotations

import os
import sys
import types
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._digest import Digest

# By a configuration's digest and an identity: the objects that no key holds.
Claims = Dict[Tuple[bytes, bytes], Tuple[object, ...]]

GIVE_A_NAME = "give it a name of its own, memoize(name=...)"
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))


def _constant(value: Any) -> Any:
    """A constant as nested tuples of text; a LookupError where it is none."""
    kind = type(value)
    if kind in _PLAIN:
        return kind.__name__, repr(value)
    if kind is tuple:
        return "tuple", tuple(map(_constant, value))
    if kind is frozenset:
        return "frozenset", tuple(sorted(map(repr, map(_constant, value))))
    if kind is slice:
        return "slice", _constant((value.start, value.stop, value.step))
    if kind is types.CodeType:
        return "code", _code(value)
    raise LookupError


def _code(code: types.CodeType) -> Tuple[Any, ...]:
    """All of the code that decides what it does; not where it is written."""
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return (*counts, code.co_code, *names, getattr(code, "co_exceptiontable", b""), _constant(code.co_consts))


def _module(function: Any, name: Optional[str]) -> str:
    module = str(function.__module__)
    if module not in ("__main__", "__mp_main__") or name is not None:
        return module
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec is None and file is None:
        raise ValueError(f"a function of an interactive session has no module to tell it from another session's: {GIVE_A_NAME}")
    return f"__main__ {spec.name if spec is not None else os.path.abspath(file or '')}"


def _contents(function: Callable[..., Any]) -> Tuple[Any, ...]:
    """What it closes over now."""
    cells = getattr(function, "__closure__", None) or ()
    try:
        return tuple(cell.cell_contents for cell in cells)
    except ValueError:
        raise ValueError(f"{function!r} closes over a variable that has no value yet: memoize it later") from None


def _held(function: types.FunctionType, contents: Tuple[Any, ...]) -> List[Tuple[str, Any]]:
    """Its defaults and what it closes over, with what each is called."""
    held = [(f"default {index}", value) for index, value in enumerate(function.__defaults__ or ())]
    held += sorted((function.__kwdefaults__ or {}).items())
    return held + list(zip(function.__code__.co_freevars, contents))


class Identity:
    """Names one memoized function in one cache, for filters of one configuration."""

    def __init__(self, claims: Claims, config: bytes, function: Callable[..., Any], name: Optional[str]) -> None:
        self._claims, self._config, self._function, self._given = claims, config, function, name
        self.name = name or f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', repr(function))}"
        self._now = self._made(_contents(function))

    def digest(self) -> Digest:
        """Its part of the key. A variable that it closes over and that has another value now makes another function."""
        last, digest = self._now
        if last:
            contents = _contents(self._function)
            if any(a is not b for a, b in zip(contents, last)):
                self._now = _, digest = self._made(contents)
        return digest

    def _made(self, contents: Tuple[Any, ...]) -> Tuple[Tuple[Any, ...], Digest]:
        function, name = self._function, self._given
        if type(function) is types.FunctionType:
            parts, objects = self._of_function(function, contents)
        elif name is None:
            raise ValueError(f"{function!r} is no plain function, and nothing tells it from another like it: {GIVE_A_NAME}")
        elif type(function) is types.MethodType:
            parts, objects = (("method", function.__func__.__qualname__)), (function.__self__, function.__func__)
        else:
            parts, objects = ("callable", type(function).__module__, type(function).__qualname__), (function,)
        digest = Digest.chunk(repr(("memoize", sys.implementation.cache_tag, name, parts)).encode("utf-8", "backslashreplace"))
        earlier = self._claims.setdefault((self._config, bytes(digest)), objects)
        if len(earlier) != len(objects) or any(a is not b for a, b in zip(earlier, objects)):
            raise ValueError(
                f"another function is memoized as {self.name!r} in this cache: {GIVE_A_NAME}, or a filter whose configuration says what differs"
            )
        return contents, digest

    def _of_function(self, function: types.FunctionType, contents: Tuple[Any, ...]) -> Tuple[Tuple[Any, ...], Tuple[object, ...]]:
        """What can be in a key, and what can not: its globals among that, for modules may be executed twice."""
        if self._given is None and "<lambda>" in function.__qualname__:
            raise ValueError(f"a lambda has no name to tell it from another: {GIVE_A_NAME}")
        constants: List[Any] = []
        objects: List[object] = [function.__globals__]
        for called, value in _held(function, contents):
            try:
                constants.append((called, _constant(value)))
            except LookupError:
                if self._given is None:
                    what = f"{called}, a {type(value).__qualname__}"
                    raise ValueError(f"{self.name}() holds {what}, which can be in no key: {GIVE_A_NAME}") from None
                objects.append(value)
                constants.append((called, "an object"))
        parts = (_module(function, self._given), function.__qualname__, _code(function.__code__), tuple(constants))
        return parts, tuple(objects)

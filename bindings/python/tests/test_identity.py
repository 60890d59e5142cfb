"""Two memoized functions never share an answer."""

import functools
import importlib.util
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import streamcache
from .common import PACKAGE, WithCache, run_python


def make(factor):
    def times(data):
        return data * factor

    return times


def holding(held):
    def of(data):
        return bytes(held) + data

    return of


def one(data, factor=1):
    return data * factor


class Model:
    def __init__(self, name):
        self.name = name

    def __call__(self, data):
        return self.name + data

    def run(self, data):
        return self.name + data


class Identity(WithCache):
    def setUp(self):
        super().setUp()
        self.other = self.cache.filter("other handle", {"test": 1}, state=b"weights")  # the same results

    def test_constants_that_it_closes_over(self):
        twice, thrice = self.filter.memoize(make(2)), self.other.memoize(make(3))
        self.assertEqual((twice(b"a"), thrice(b"a"), self.other.memoize(make(2))(b"a")), (b"aa", b"aaa", b"aa"))
        self.assertEqual(self.other.stats().hits, 1)
        named = [filter_.memoize(make(n), name="times") for n, filter_ in ((4, self.filter), (5, self.other))]
        self.assertEqual([f(b"a") for f in named], [b"aaaa", b"aaaaa"])

    def test_defaults_and_code(self):
        remembered, later = self.filter.memoize(one), types.FunctionType(one.__code__, one.__globals__, "one", (3,))
        later.__qualname__, later.__module__ = one.__qualname__, one.__module__
        self.assertEqual((remembered(b"a"), self.other.memoize(later)(b"a")), (b"a", b"aaa"))
        lambdas = [self.filter.memoize(lambda data: data + b"1", name="n"), self.other.memoize(lambda data: data + b"2", name="n")]
        self.assertEqual([f(b"a") for f in lambdas], [b"a1", b"a2"])
        nested = [self.filter.memoize(lambda data: (lambda: data + b"3")(), name="n"), self.other.memoize(lambda data: (lambda: data + b"4")(), name="n")]
        self.assertEqual([f(b"a") for f in nested], [b"a3", b"a4"])

    def test_a_variable_that_changes(self):
        factor = 2

        @self.filter.memoize
        def times(data):
            return data * factor

        self.assertEqual(times(b"a"), b"aa")
        factor = 3
        self.assertEqual(times(b"a"), b"aaa")
        factor = 2
        self.assertEqual((times(b"a"), self.filter.stats().hits), (b"aa", 1))

    def test_a_variable_that_changes_while_it_computes(self):
        factor = 2

        @self.filter.memoize
        def times(data):
            nonlocal factor
            factor = 3
            return data * factor

        self.assertEqual(times(b"a"), b"aaa")
        factor = 2
        self.assertEqual(times(b"a"), b"aaa")
        self.assertEqual((self.cache.stats().entries, self.filter.stats().hits), (0, 0))

    def test_what_needs_a_name(self):
        model = Model(b"m")
        for function, why in (
            (lambda data: data, "a lambda"), (model, "no plain function"), (model.run, "no plain function"), (bytes.upper, "no plain function"),
            (functools.partial(one, factor=2), "no plain function"), (holding([1]), "holds held, a list"), (holding(model), "held, a Model"),
        ):  # fmt: skip
            with self.assertRaisesRegex(ValueError, f"{why}.*memoize\\(name="):
                self.filter.memoize(function)

    def test_a_name_is_of_one_function(self):
        first, second = Model(b"1"), Model(b"2")
        kinds = (lambda m: m, lambda m: m.run, lambda m: holding(bytearray(m.name)), lambda m: functools.partial(m.run))
        for index, kind in enumerate(kinds):
            name, function = f"n{index}", kind(first)
            remembered = self.filter.memoize(function, name=name)
            self.assertEqual(remembered(b"a"), b"1a")
            self.assertEqual(self.other.memoize(function, name=name)(b"a"), b"1a")
            for filter_ in (self.filter, self.other, self.other.snapshot()):
                with self.assertRaisesRegex(ValueError, "another function"):
                    filter_.memoize(kind(second), name=name)
            elsewhere = self.cache.filter("elsewhere", {"test": 2}, state=b"weights")
            self.assertEqual(elsewhere.memoize(kind(second), name=name)(b"a"), b"2a")
        self.assertEqual(self.filter.memoize(first.run, name="n1")(b"a"), b"1a")  # a bound method is another object each time

    def test_modules(self):
        """One text in two modules, each with a global of its own; and in one module that is executed twice."""
        found = []
        with tempfile.TemporaryDirectory() as folder:
            for name in ("first", "second"):
                path = Path(folder) / f"{name}.py"
                path.write_text(f"word = b'{name}'\ndef of(data):\n    return word\n")
                spec = importlib.util.spec_from_file_location(name, path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                found.append(self.filter.memoize(module.of)(b"a"))
            again = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(again)
            with self.assertRaisesRegex(ValueError, "another function"):
                self.other.memoize(again.of)
        self.assertEqual(found, [b"first", b"second"])

    def test_scripts(self):
        """Two with one disk, one configuration, and functions that differ by a global only."""
        code = (
            "import streamcache, sys\nword = {word!r}\n"
            "with streamcache.Cache(disk_directory=sys.argv[1]) as cache:\n"
            "    filter = cache.filter('a', {{}}, state=b'')\n"
            "    @filter.memoize\n    def of(data):\n        return word\n"
            "    print(of(b'a').decode(), filter.stats().hits)\n"
        )
        variables = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "STREAMCACHE_LIBRARY": streamcache.library_path}
        with tempfile.TemporaryDirectory() as folder:
            said = []
            for word in ("first", "second", "first"):
                script = Path(folder) / f"{word}.py"
                script.write_text(code.format(word=word.encode()))
                said.append(subprocess.run([sys.executable, str(script), f"{folder}/disk"], env=variables, capture_output=True, text=True, check=True).stdout)
        self.assertEqual(said, ["first 0\n", "second 0\n", "first 1\n"])
        status, _, errors = run_python("import streamcache\ndef f(x): return x\nstreamcache.Cache().filter('a', {}, state=b'').memoize(f)")
        self.assertEqual(status, 1)
        self.assertIn("interactive session", errors)

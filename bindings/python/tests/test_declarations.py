"""What the package says of the C header is what the header says; and of itself, that it is documented."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import streamcache
from streamcache import _cache, _library, _stats
from .common import PACKAGE, ROOT

DECLARE = ROOT / "bindings" / "python" / "declare.py"
HEADER = ROOT / "include" / "streamcache.h"


def declare(*arguments):
    return subprocess.run([sys.executable, str(DECLARE), *arguments], capture_output=True, text=True)


class Declarations(unittest.TestCase):
    def test_they_are_the_headers(self):
        done = declare("--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_drift_is_seen(self):
        text = HEADER.read_text(encoding="utf-8")
        changes = (
            ("#define STREAMCACHE_FILL 4", "#define STREAMCACHE_FILL 5"),
            ("streamcache_status streamcache_digest_state(const void *data, size_t len,", "streamcache_status streamcache_digest_state(const void *data, int len,"),
            ("  uint64_t busy;", ""),
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            for before, after in changes:
                self.assertEqual(text.count(before), 1, before)
                header = Path(folder) / "streamcache.h"
                header.write_text(text.replace(before, after), encoding="utf-8")
                self.assertIn("run bindings/python/declare.py", declare("--check", str(header)).stderr)

    def test_every_exported_function_is_there(self):
        names = (ROOT / "abi" / "symbols.txt").read_text().split()
        self.assertGreater(len(names), 100)
        for name in names:
            self.assertTrue(callable(getattr(_library.lib, name)))

    @unittest.skipUnless(shutil.which("cc"), "there is no C compiler here")
    def test_structs_are_as_c_lays_them_out(self):
        ffi, wanted, lines = _library.ffi, [], []
        structs = re.findall(r"^typedef struct (\w+) \{", HEADER.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertGreater(len(structs), 8)
        for struct in structs:
            wanted.append(ffi.sizeof(struct))
            lines.append(f"sizeof({struct})")
            for field, _ in ffi.typeof(struct).fields:
                wanted += [ffi.offsetof(struct, field), ffi.sizeof(ffi.typeof(struct).fields[[f for f, _ in ffi.typeof(struct).fields].index(field)][1].type)]
                lines += [f"offsetof({struct}, {field})", f"sizeof((({struct} *)0)->{field})"]
        printed = "\n".join(f'printf("%zu\\n", (size_t){line});' for line in lines)
        source = f"#include <stdio.h>\n#include <streamcache.h>\nint main(void) {{\n{printed}\nreturn 0; }}\n"
        with tempfile.TemporaryDirectory() as folder:
            program = str(Path(folder) / "sizes")
            subprocess.run(["cc", f"-I{HEADER.parent}", "-x", "c", "-", "-o", program], input=source, text=True, check=True)
            sizes = [int(size) for size in subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()]
        self.assertEqual(wanted, sizes)

    def test_stats_have_every_field(self):
        for kind, struct in ((_stats.CacheStats, "cache"), (_stats.FilterStats, "filter"), (_stats.TierStats, "tier")):
            fields = [name for name, _ in _library.ffi.typeof(f"streamcache_{struct}_stats").fields]
            self.assertEqual(["struct_size", *kind._fields], fields)

    def test_options_are_all_there(self):
        given = set(inspect.signature(streamcache.Cache).parameters)
        self.assertEqual(given, set(_cache.option_names()))

    def test_every_negative_status_has_an_exception(self):
        from streamcache import _constants, _errors

        statuses = {value for value in vars(_constants).values() if isinstance(value, int) and value < 0}
        self.assertEqual(statuses, {status for status in _errors.BY_STATUS if status < 0})
        self.assertEqual(set(_errors.__all__) - set(streamcache.__all__), set())
        self.assertEqual({kind.__name__ for kind in _errors.BY_STATUS.values()} - set(_errors.__all__), set())


class Package(unittest.TestCase):
    def test_every_public_name_is_documented(self):
        undocumented = []
        for name in streamcache.__all__:
            item = getattr(streamcache, name)
            if not (inspect.isclass(item) or inspect.isfunction(item)):
                continue
            if not (item.__doc__ or "").strip():
                undocumented.append(name)
            for attribute, member in vars(item).items() if inspect.isclass(item) else ():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if not attribute.startswith("_") and inspect.isfunction(function) and not (function.__doc__ or "").strip():
                    undocumented.append(f"{name}.{attribute}")
        self.assertEqual(undocumented, [])

    def test_its_python_is_3_9s(self):
        files = list(PACKAGE.glob("*.py"))
        self.assertGreater(len(files), 10)
        for file in files:
            ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
        self.assertTrue((PACKAGE / "py.typed").exists())

    def test_the_example_in_the_docstring(self):
        import doctest

        failed, attempted = doctest.testmod(streamcache)
        self.assertEqual((failed, attempted > 0), (0, True))

    def test_the_example_in_the_readme(self):
        blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "bindings/python/README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 0)
        for block in blocks:
            try:
                import numpy  # noqa: F401
            except ImportError:
                if "numpy" in block:
                    continue
            exec(compile(block, "README.md", "exec"), {"__name__": "readme"})

"""Builds the wheel, for pip: a few files in a zip, so neither a compiler nor another package is needed.

The C library is carried in the wheel: the file that STREAMCACHE_LIBRARY names, or the one of streamcache.pc, which
pkg-config finds, or else PKG_CONFIG_PATH. With `pip install -C carry=no` the wheel has Python alone, and finds the
system's library. Where neither is so, there is no wheel: one without a library would only fail later.
"""

import base64
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PACKAGE = HERE / "streamcache"
SUMMARY = "Remembers what a model already computed: keyed by configuration, state and chunk"


def constant(name):
    text = (PACKAGE / "_constants.py").read_text(encoding="utf-8")
    return re.search(rf'^{name} = "?([^"\n]*)', text, re.MULTILINE).group(1)


VERSION = constant("VERSION_STRING")
SONAME = "libstreamcache.so." + (f"0.{constant('VERSION_MINOR')}" if constant("VERSION_MAJOR") == "0" else constant("VERSION_MAJOR"))
INFO = f"streamcache-{VERSION}.dist-info"


def library(settings):
    """The file to be carried, or None."""
    if (settings or {}).get("carry") == "no":
        return None
    named = os.environ.get("STREAMCACHE_LIBRARY")
    if named:
        if not Path(named).is_file():
            sys.exit(f"STREAMCACHE_LIBRARY names {named}, which is no file")
        return Path(named)
    folder = libdir()
    found = Path(folder or "") / SONAME
    if not folder or not found.is_file():
        where = f"{found}, which streamcache.pc names, is not there" if folder else "neither pkg-config nor PKG_CONFIG_PATH has streamcache.pc"
        sys.exit(
            f"No C library of streamcache to carry in the wheel: {where}. Install it first (README.md), and set PKG_CONFIG_PATH to its "
            "lib/pkgconfig, or STREAMCACHE_LIBRARY to its file; or, to use the system's, pip install -C carry=no"
        )
    return found


def libdir():
    """The folder that streamcache.pc names, without pkg-config where that is not installed; None where none is found."""
    try:
        return subprocess.run(["pkg-config", "--variable=libdir", "streamcache"], capture_output=True, text=True, check=True).stdout.strip()
    except subprocess.CalledProcessError:
        return None
    except OSError:
        pass
    for folder in filter(None, os.environ.get("PKG_CONFIG_PATH", "").split(os.pathsep)):
        file = Path(folder) / "streamcache.pc"
        if file.is_file():
            text = file.read_text(encoding="utf-8").replace("${pcfiledir}", str(file.parent))
            variables = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
            for _ in variables:  # one may be made of another
                variables = {name: re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m[1], ""), value) for name, value in variables.items()}
            return variables.get("libdir")
    return None


def metadata():
    head = [
        "Metadata-Version: 2.1", "Name: streamcache", f"Version: {VERSION}", f"Summary: {SUMMARY}", "License: Apache-2.0 OR MIT",
        "Requires-Python: >=3.9", "Requires-Dist: cffi>=1.15", "Provides-Extra: numpy",
        'Requires-Dist: numpy>=1.23; extra == "numpy"', "Description-Content-Type: text/markdown", "",
    ]  # fmt: skip
    return "\n".join(head) + "\n" + (HERE / "README.md").read_text(encoding="utf-8")


def wheel_text(tag, pure):
    return f"Wheel-Version: 1.0\nGenerator: streamcache_build\nRoot-Is-Purelib: {str(pure).lower()}\nTag: {tag}\n"


def write_wheel(folder, tag, carried, files):
    """A wheel of these files, (name, bytes) each, with the record of their digests."""
    files = [*files, (f"{INFO}/METADATA", metadata().encode()), (f"{INFO}/WHEEL", wheel_text(tag, carried is None).encode())]
    if carried:
        files.append((f"streamcache/_lib/{SONAME}", carried.read_bytes()))
    record = ""
    name = f"streamcache-{VERSION}-{tag}.whl"
    with zipfile.ZipFile(Path(folder) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\n"
            wheel.writestr(path, data)
        wheel.writestr(f"{INFO}/RECORD", record + f"{INFO}/RECORD,,\n")
    return name


def sources():
    return sorted(path for path in PACKAGE.iterdir() if path.suffix == ".py" or path.name == "py.typed")


# What pip calls (PEP 517, PEP 660).


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    carried = library(config_settings)
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_") if carried else "any"
    files = [(f"streamcache/{path.name}", path.read_bytes()) for path in sources()]
    return write_wheel(wheel_directory, f"py3-none-{platform}", carried, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, "py3-none-any", None, [("streamcache.pth", f"{HERE}\n".encode())])


def build_sdist(sdist_directory, config_settings=None):
    top = f"streamcache-{VERSION}"
    with tarfile.open(Path(sdist_directory) / f"{top}.tar.gz", "w:gz") as archive:
        for path in [HERE / "pyproject.toml", HERE / "README.md", Path(__file__), *sources()]:
            archive.add(path, f"{top}/{path.relative_to(HERE)}")
        information = Path(sdist_directory) / "PKG-INFO"
        information.write_text(metadata(), encoding="utf-8")
        archive.add(information, f"{top}/PKG-INFO")
        information.unlink()
    return f"{top}.tar.gz"

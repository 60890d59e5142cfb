"""Builds the wheel, for pip: a few files in a zip, so neither a compiler nor another package is needed.

The C library is carried in the wheel where one is named when it is built: by STREAMCACHE_LIBRARY (its file), or else by
pkg-config. Otherwise, and with `pip install -C carry=no`, the wheel has Python alone, and finds the system's library.
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
    try:
        asked = subprocess.run(["pkg-config", "--variable=libdir", "streamcache"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = Path(asked.stdout.strip()) / SONAME
    return found if found.is_file() else None


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

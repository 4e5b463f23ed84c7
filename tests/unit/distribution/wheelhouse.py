"""Directories of tiny distributions, made here."""

import io
import tarfile
import zipfile
from pathlib import Path


def wheel(directory: Path, name: str, version: str = "1", *requires: str, tag: str = "py3-none-any", **files: str):
    """Write NAME-VERSION-TAG.whl; files: module to text. Return its path."""
    plain = name.replace("-", "_").replace(".", "_")
    information = f"{plain}-{version}.dist-info"
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
        *(f"Requires-Dist: {one}" for one in requires),
    ]
    path = directory / f"{plain}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{information}/METADATA", "\n".join(metadata) + "\n")
        archive.writestr(f"{information}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        for module, text in files.items():
            archive.writestr(f"{module}.py" if "/" not in module else module, text)
        archive.writestr(f"{information}/RECORD", "")
    return path


def sdist(directory: Path, name: str, version: str = "1", **files: str):
    """Write NAME-VERSION.tar.gz; files: path inside to text. Return its path."""
    top = f"{name}-{version}"
    path = directory / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for inside, text in {"PKG-INFO": f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n", **files}.items():
            member = tarfile.TarInfo(f"{top}/{inside}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path

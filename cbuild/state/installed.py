"""The state file `.installed.cfg`: which parts are installed, with which options, as which layers.

buildout's format (LANGUAGE.md INS-2, INS-10) plus ``__cbuild_key__`` and ``__cbuild_layer__`` in each part and
``__cbuild_image__``, ``__cbuild_format__`` in ``[buildout]``. The store knows it all: a lost file costs no build.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbuild.canonical import write_atomic
from cbuild.errors import HostError, UsageError

FORMAT = 1
BESIDE = ".cbuild.cfg"
"""What a state file is best called (``installed`` in [buildout]) where `.installed.cfg` is a zc.buildout's own."""

_BEGIN = b"[buildout]\n__cbuild_format__ ="

SPECIAL = ("__buildout_installed__", "__buildout_signature__", "__cbuild_key__", "__cbuild_layer__")

_BLANKS = {
    " ": "%(__buildout_space__)s",
    "\n": "%(__buildout_space_n__)s",
    "\r": "%(__buildout_space_r__)s",
    "\f": "%(__buildout_space_f__)s",
    "\v": "%(__buildout_space_v__)s",
    "\t": "%(__buildout_space_t__)s",
}
_LOST_BLANKS = re.compile(r"[ \t\r\f\v]*\n[ \t\r\f\v\n]*|\A[ \t\r\f\v]+|[ \t\r\f\v]+\Z|[\r\f\v]")
_HEADER = re.compile(r"\[([^\]\s]+)\]\s*$")
_OPTION = re.compile(r"(\S+) =(.*)$")


@dataclass(frozen=True)
class InstalledPart:
    """A part's record: options, the recipe's paths, the signature (recipe and its code), key and layer."""

    name: str
    options: Mapping[str, str]
    paths: tuple[str, ...]
    signature: str
    key: str
    layer: str


@dataclass(frozen=True)
class Installed:
    """The whole file; image is the manifest digest, reference its name, loaded the engine that has it."""

    parts: tuple[InstalledPart, ...] = ()
    image: str = ""
    reference: str = ""
    loaded: str = ""

    def part(self, name: str) -> InstalledPart | None:
        """Return a part's record."""
        return next((part for part in self.parts if part.name == name), None)


def read(path: Path | None) -> Installed:
    """Return the state in path; nothing is installed if there is no file, or none is wanted.

    UsageError ``state-newer`` for a file of a newer cbuild, ``state-damaged`` for one that can't be read,
    ``state-foreign`` for zc.buildout's own, which says where on the host its parts are: it has to live on. HostError
    for one that can't be opened.
    """
    if path is None:
        return Installed()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Installed()
    except OSError as error:
        raise HostError(
            f"The state file {path} can't be read: {error.strerror}.", file=str(path),
            resolution="Make it a file that you may read, or move it away: what was built is in the store and is found "
            "again.",
        ) from error  # fmt: skip
    except UnicodeDecodeError as error:
        raise _damaged(path, str(error), 0) from error
    sections = _sections(path, text)
    buildout = sections.get("buildout")
    if buildout is None:
        raise _damaged(path, "there is no [buildout] section", 0)
    _check_format(path, buildout)
    names = buildout.get("parts", "").split()
    missing = [name for name in names if name not in sections]
    if missing:
        raise _damaged(path, f"parts lists {missing[0]}, which has no section", 0)
    if "__cbuild_format__" not in buildout and (names or buildout.get("installed_develop_eggs")):
        raise _foreign(path, names)
    return Installed(
        tuple(_part(name, sections[name]) for name in names),
        buildout.get("__cbuild_image__", ""),
        buildout.get("__cbuild_reference__", ""),
        buildout.get("__cbuild_loaded__", ""),
    )


def write(path: Path | None, state: Installed) -> None:
    """Replace the file as a whole, if one is wanted; one that says the same isn't touched.

    It goes with the last part (INS-1).
    """
    if path is None:
        return
    if not state.parts:
        path.unlink(missing_ok=True)
        return
    data = text_of(state).encode()
    if not path.exists() or path.read_bytes() != data:
        write_atomic(path, data)


def is_ours(path: bytes) -> bool:
    """Tell whether a file is a state file of cbuild's, whatever its name is."""
    with open(path, "rb") as stream:  # noqa: PTH123 - the path is bytes
        return stream.read(len(_BEGIN)) == _BEGIN


def text_of(state: Installed) -> str:
    """Return the file's text."""
    buildout = {
        "__cbuild_format__": str(FORMAT),
        "__cbuild_image__": state.image,
        "__cbuild_loaded__": state.loaded,
        "__cbuild_reference__": state.reference,
        "installed_develop_eggs": "",
        "parts": " ".join(part.name for part in state.parts),
    }
    blocks = [_block("buildout", buildout)]
    blocks += [_block(part.name, _options(part)) for part in state.parts]
    return "\n".join(blocks)


def _options(part: InstalledPart) -> dict[str, str]:
    return {
        **part.options,
        "__buildout_installed__": "\n".join(part.paths),
        "__buildout_signature__": part.signature,
        "__cbuild_key__": part.key,
        "__cbuild_layer__": part.layer,
    }


def _part(name: str, options: Mapping[str, str]) -> InstalledPart:
    own = {key: value for key, value in options.items() if key not in SPECIAL}
    installed, signature, key, layer = (options.get(special, "") for special in SPECIAL)
    return InstalledPart(name, own, tuple(installed.split("\n")) if installed else (), signature, key, layer)


def _block(name: str, options: Mapping[str, str]) -> str:
    return "".join([f"[{name}]\n", *(f"{key} = {_escape(options[key])}\n" for key in sorted(options))])


def _escape(value: str) -> str:
    """Return value with the white space spelled out that reading would lose (INS-10); newlines get a tab.

    What looks like a reference is none any more, and gets its second dollar back (SLP-2).
    """
    value = _LOST_BLANKS.sub(_spell, value.replace("${", "$${"))
    if value.startswith("\n\t"):
        value = _BLANKS["\n"] + value[2:]
    return value[:-2] + _BLANKS["\n"] if value.endswith("\n\t") else value


def _spell(match: re.Match[str]) -> str:
    return "\n\t".join("".join(_BLANKS[blank] for blank in piece) for piece in match[0].split("\n", 1))


def _unescape(value: str) -> str:
    for blank, spelled in _BLANKS.items():
        value = value.replace(spelled, blank)
    return value.replace("$${", "${")


def _sections(path: Path, text: str) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    options: dict[str, str] | None = None
    last = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if header := _HEADER.match(line):
            options, last = sections.setdefault(header[1], {}), ""
        elif options is not None and line.startswith("\t") and last:
            options[last] += "\n" + line.strip()
        elif options is not None and (option := _OPTION.match(line)):
            last = option[1]
            options[last] = option[2].strip()
        else:
            raise _damaged(path, f"{line[:60]!r} is no option", number)
    return {name: {key: _unescape(value) for key, value in found.items()} for name, found in sections.items()}


def _check_format(path: Path, buildout: Mapping[str, str]) -> None:
    version = buildout.get("__cbuild_format__", "0")
    # Ten digits are enough for a number; int() refuses some thousand.
    if not re.fullmatch("[0-9]{1,10}", version):
        raise _damaged(path, f"__cbuild_format__ is {version[:60]!r}", 0)
    if int(version) > FORMAT:
        raise UsageError(
            f"{path} was written by a newer cbuild.", reason="state-newer", file=str(path),
            details=f"its format is {version}, this cbuild knows up to {FORMAT}",
            resolution="Use that cbuild, or move the file away: what was built is in the store and is found again.",
        )  # fmt: skip


def _foreign(path: Path, names: list[str]) -> UsageError:
    return UsageError(
        f"{path} is the state file of a zc.buildout, not cbuild's.", reason="state-foreign", file=str(path),
        details=f"it has no __cbuild_format__, and records {' '.join(names)[:200] or 'develop eggs'}",
        resolution=f"Set installed = {BESIDE} in [buildout], for a state file of cbuild's own; or move this one away "
        "if that buildout isn't used any more.",
    )  # fmt: skip


def _damaged(path: Path, details: str, line: int) -> UsageError:
    return UsageError(
        f"The state file {path} is damaged.", reason="state-damaged", file=str(path), line=line or None,
        details=details,
        resolution="Move it away and run again: what was built is in the store and is found again.",
    )  # fmt: skip

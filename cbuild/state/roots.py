"""What must stay in the store: state files that were written from it, and what instances run."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from cbuild.canonical import canonical_json, hex_of, sha256_bytes, write_atomic
from cbuild.errors import UsageError
from cbuild.state.home import Home

INSTANCE_FORMAT = 1
"""The format of instances' documents (cbuild.instance.document), up to which this cbuild knows where the image is."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NOBODY_KNOWS = "Nobody knows which image the instance runs, so nothing is removed."


def note(home: Home, state: Path | None) -> None:
    """Remember that the state file at this path refers to the store; None: there is none."""
    if state is None:
        return
    path = _path(home, state.resolve())
    with suppress(OSError):  # a store that can't be written to loses nothing either
        if not path.exists():
            write_atomic(path, canonical_json({"path": str(state.resolve())}))


def known(home: Home) -> list[Path]:
    """Return the state files that were noted, whether they are still there or not."""
    found = []
    for path in home.roots.glob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(Path(json.loads(path.read_bytes())["path"]))
    return sorted(found)


def forget(home: Home, state: Path) -> None:
    """Forget a state file that is gone."""
    _path(home, state).unlink(missing_ok=True)


def instances(home: Home) -> dict[str, str]:
    """Return instance to the manifest digest of the image that it runs (cbuild.instance.document's field).

    UsageError (``state-damaged``, ``state-newer``) for a document that is there and doesn't say it: whoever went on
    would take the instance's image away. Only one that isn't there is none.
    """
    try:
        directories = sorted(home.instances.iterdir())
    except FileNotFoundError:
        return {}
    # A glob would pass over directories that may not be looked into.
    found = {directory.name: _image(directory / "instance.json") for directory in directories}
    return {name: image for name, image in found.items() if image is not None}


def _image(path: Path) -> str | None:
    """Return the image that an instance's document names, None if there is no document."""
    try:
        document = json.loads(path.read_bytes())
        version, image = document.get("format", INSTANCE_FORMAT), document.get("image")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise _unreadable(path, str(error.strerror), "Make it readable, or be its owner.") from error
    except (OSError, ValueError, AttributeError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    if isinstance(version, int) and version > INSTANCE_FORMAT:
        raise UsageError(
            f"{path} was written by a newer cbuild.", reason="state-newer", file=str(path),
            details=f"Its format is {version}; this cbuild reads up to {INSTANCE_FORMAT}. {_NOBODY_KNOWS}",
            resolution="Use that cbuild, or a newer one.",
        )  # fmt: skip
    if not isinstance(image, str) or not _DIGEST.fullmatch(image):
        raise _unreadable(path, f"image is {image!r}")
    return image


def _unreadable(path: Path, why: str, resolution: str = "") -> UsageError:
    name = path.parent.name
    return UsageError(
        f"{path} can't be read.", reason="state-damaged", file=str(path), details=f"{why}. {_NOBODY_KNOWS}",
        resolution=resolution or f"Restore it from a backup, or give the instance up, with its data: "
        f"cbuild instance {name} --destroy",
    )  # fmt: skip


def _path(home: Home, state: Path) -> Path:
    return home.roots / f"{hex_of(sha256_bytes(str(state).encode()))}.json"

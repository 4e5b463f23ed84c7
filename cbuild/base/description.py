"""What a base image is made of: the YAML files in ``base-images/`` as data."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cbuild.base.document import Document, parse
from cbuild.errors import near

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z")  # Debian policy 5.6.1: names of packages
_KEYS = frozenset(
    (
        "format",
        "suite",
        "epoch",
        "packages",
        "python",
        "remove",
        "keep",
        "directories",
        "empty",
        "links",
        "users",
        "files",
        "image",
    )
)
_IMAGE_KEYS = frozenset({"env", "labels", "entrypoint", "cmd", "workdir", "user", "stop-signal"})
_USER_KEYS = frozenset({"name", "uid", "home", "shell"})
_DIRECTORY_KEYS = frozenset({"mode", "owner"})


@dataclass(frozen=True)
class User:
    """A line of /etc/passwd; the group has the same name and number."""

    name: str
    uid: int
    home: str
    shell: str


@dataclass(frozen=True)
class Directory:
    """A directory that the image has whatever the packages say: mode bits, owner (uid and gid)."""

    path: str
    mode: int
    owner: int


@dataclass(frozen=True)
class Image:
    """The ``config`` object of the OCI image config."""

    env: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    workdir: str
    user: str
    stop_signal: str


@dataclass(frozen=True)
class Description:
    """A base image's description.

    suite: Debian's release. epoch: SOURCE_DATE_EPOCH, seconds. packages: what is asked for; dependencies come along.
    python: directories whose modules are compiled. remove: globs of what is trimmed (``*`` stops at a slash, ``**``
    does not); keep: globs that win over remove. directories, empty (files), links (path to target, ``@TRIPLET@`` is the
    machine's multiarch name), users, files (a directory beside the description) are added. image: the OCI config.
    """

    name: str
    suite: str
    epoch: int
    packages: tuple[str, ...]
    python: tuple[str, ...]
    remove: tuple[str, ...]
    keep: tuple[str, ...]
    directories: tuple[Directory, ...]
    empty: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    users: tuple[User, ...]
    files: str
    image: Image

    def as_dict(self) -> dict[str, object]:
        """Return the description as plain data, equal for equal descriptions wherever they lie."""
        return asdict(self)


def load(path: Path) -> Description:
    """Read and check a description. UsageError (``bad-base-description``) names file and line of what is wrong."""
    document = parse(path)
    top = document.mapping(document.value, ())
    _known(document, top, (), _KEYS)
    for key in ("format", "suite", "epoch", "packages"):
        if key not in top:
            document.fail((), f"{key} is missing")
    if top["format"] != FORMAT:
        document.fail(("format",), f"format {top['format']!r} is not {FORMAT}, the only one that this cbuild knows")
    return Description(
        name=path.stem,
        suite=document.string(top["suite"], ("suite",)),
        epoch=document.integer(top["epoch"], ("epoch",)),
        packages=_packages(document, top["packages"]),
        python=_paths(document, top, "python"),
        remove=_paths(document, top, "remove"),
        keep=_paths(document, top, "keep"),
        directories=_directories(document, top.get("directories")),
        empty=_paths(document, top, "empty"),
        links=_links(document, top.get("links")),
        users=_users(document, top.get("users")),
        files=_files(document, path, top.get("files", "")),
        image=_image(document, top.get("image")),
    )


def from_dict(data: Mapping[str, Any]) -> Description:
    """Return the description that as_dict() gave (and JSON may have carried); KeyError or TypeError if it isn't one."""
    plain = {key: _tuples(value) for key, value in data.items()}
    plain["image"] = Image(**{key: _tuples(value) for key, value in data["image"].items()})
    plain["users"] = tuple(User(**user) for user in data["users"])
    plain["directories"] = tuple(Directory(**entry) for entry in data["directories"])
    return Description(**plain)


def _tuples(value: object) -> Any:  # noqa: ANN401  # JSON's values; the dataclass's callers check
    """Return value with its lists turned into tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def _known(document: Document, value: Mapping[str, object], path: tuple[str, ...], keys: frozenset[str]) -> None:
    """Refuse keys that mean nothing: a misspelt one would be left out silently."""
    for key in value:
        if key not in keys:
            hint = near(str(key), sorted(keys)) or f"Known: {', '.join(sorted(keys))}."
            document.fail((*path, str(key)), "nothing has this name", hint)


def _packages(document: Document, value: object) -> tuple[str, ...]:
    """Return the package names, sorted."""
    names = document.strings(value, ("packages",))
    for place, name in enumerate(names):
        if not _NAME.match(name):
            document.fail(("packages", str(place)), f"{name!r} is no package name")
        if name in names[:place]:
            document.fail(("packages", str(place)), f"{name} stands twice")
    if not names:
        document.fail(("packages",), "at least one package is needed")
    return tuple(sorted(names))


def _path(document: Document, value: object, path: tuple[str, ...]) -> str:
    """Return an absolute, normal path or glob."""
    text = document.string(value, path)
    parts = text.split("/")
    if not text.startswith("/") or text == "/" or any(part in {"", ".", ".."} for part in parts[1:]):
        document.fail(path, f"{text!r} is no absolute path without '.', '..' and double slashes")
    return text


def _paths(document: Document, top: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return a list of absolute paths or globs."""
    items = document.strings(top.get(key), (key,))
    return tuple(_path(document, item, (key, str(place))) for place, item in enumerate(items))


def _directories(document: Document, value: object) -> tuple[Directory, ...]:
    """Return the directories: a mapping of path to {mode, owner}, both optional."""
    found = []
    for path, options in document.mapping(value, ("directories",)).items():
        where = ("directories", path)
        settings = document.mapping(options, where)
        _known(document, settings, where, _DIRECTORY_KEYS)
        mode = document.string(settings.get("mode", "0755"), (*where, "mode"))
        if not re.fullmatch(r"[01]?[0-7]{3}", mode):
            document.fail((*where, "mode"), f"{mode!r} is no octal mode like '0755'")
        owner = document.integer(settings.get("owner", 0), (*where, "owner"))
        found.append(Directory(_path(document, path, where), int(mode, 8), owner))
    return tuple(found)


def _links(document: Document, value: object) -> tuple[tuple[str, str], ...]:
    """Return the symbolic links: a mapping of path to target."""
    return tuple(
        (_path(document, path, ("links", path)), document.string(target, ("links", path)))
        for path, target in document.mapping(value, ("links",)).items()
    )


def _users(document: Document, value: object) -> tuple[User, ...]:
    """Return the users: a list of {name, uid, home, shell}."""
    if value is None:
        return ()
    if not isinstance(value, list):
        document.fail(("users",), "a list is needed here")
    users: list[User] = []
    for place, item in enumerate(value):
        where = ("users", str(place))
        settings = document.mapping(item, where)
        _known(document, settings, where, _USER_KEYS)
        user = User(
            name=document.string(settings.get("name"), (*where, "name")),
            uid=document.integer(settings.get("uid"), (*where, "uid")),
            home=_path(document, settings.get("home"), (*where, "home")),
            shell=_path(document, settings.get("shell", "/bin/sh"), (*where, "shell")),
        )
        if not re.fullmatch(r"[a-z_][a-z0-9_-]*", user.name):
            document.fail((*where, "name"), f"{user.name!r} is no user name")
        if any(user.name == other.name or user.uid == other.uid for other in users):
            document.fail(where, "this name or uid stands twice")
        users.append(user)
    return tuple(users)


def _files(document: Document, path: Path, value: object) -> str:
    """Return the directory of extra files, relative to the description."""
    name = document.string(value, ("files",))
    if name and not name.startswith(f"{path.stem}/"):
        document.fail(
            ("files",), f"{name!r} is not below {path.stem}/, where what belongs to {path.name} is looked for"
        )
    if name and not (path.parent / name).is_dir():
        document.fail(("files",), f"there is no directory {name} beside {path.name}")
    return name


def _image(document: Document, value: object) -> Image:
    """Return the image's run-time configuration."""
    settings = document.mapping(value, ("image",))
    _known(document, settings, ("image",), _IMAGE_KEYS)

    def pairs(key: str) -> tuple[tuple[str, str], ...]:
        where = ("image", key)
        items = document.mapping(settings.get(key), where).items()
        return tuple(sorted((name, document.string(text, (*where, name))) for name, text in items))

    return Image(
        env=pairs("env"),
        labels=pairs("labels"),
        entrypoint=document.strings(settings.get("entrypoint"), ("image", "entrypoint")),
        cmd=document.strings(settings.get("cmd"), ("image", "cmd")),
        workdir=document.string(settings.get("workdir", "/"), ("image", "workdir")),
        user=document.string(settings.get("user", ""), ("image", "user")),
        stop_signal=document.string(settings.get("stop-signal", ""), ("image", "stop-signal")),
    )

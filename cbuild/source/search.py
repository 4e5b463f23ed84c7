"""Every place where a source may be, in the order in which they are asked.

Apart from ``sources``, which must import quickly: a run that finds everything in the store needs none of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbuild.source.debian import ByChecksum, Pool, Repacked
from cbuild.source.fetch import Downloader
from cbuild.source.git import Repository
from cbuild.source.index import Index
from cbuild.source.indices import Indices
from cbuild.source.places import Alternate, Directory, Itself, Place, mirror
from cbuild.source.pypi import ByName, PyPI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cbuild.events import Report
    from cbuild.source.store import Store


@dataclass(frozen=True)
class Places:
    """here: on this machine, looked at when offline, too; there: the rest. index: of Python distributions."""

    here: tuple[Place, ...]
    there: tuple[Place, ...]
    index: Index


def places(
    store: Store,
    *,
    download_cache: Path | None,
    mirrors: Sequence[str],
    links: Sequence[str] = (),
    index: str = "",
    debian: bool,
    report: Report,
    timeout: float | None = None,
    downloader: Downloader | None = None,
) -> Places:
    """Return the places; UsageError for what can't be a mirror.

    links, index: where distributions are looked for before, and instead of, where pip is configured to look.
    timeout: seconds without a byte, instead of the usual. downloader: with other time limits.
    """
    downloader = downloader or (Downloader(connect=timeout, read=timeout) if timeout else Downloader())
    others = [mirror(spec, store, downloader) for spec in mirrors]
    here: list[Place] = [Directory(download_cache, store, "download-cache")] if download_cache else []
    here += [place for place in others if isinstance(place, Directory)]
    there: list[Place] = [Itself(store, downloader), Alternate(store, downloader), Repository(store)]
    there += [place for place in others if not isinstance(place, Directory)]
    # What a URL names by itself goes before a search, which may have to fetch indices first.
    indices = Indices(store.root / "apt", report)
    pool: list[Place] = [Pool(store, indices)] if debian else []
    distributions = Index(downloader, links, index)
    by_name = ByName(store, downloader, distributions)
    # Packing again is the dearest, so it comes last.
    search: list[Place] = (
        [ByChecksum(store, indices), by_name, Repacked(store, indices, report)] if debian else [by_name]
    )
    everywhere = (*there, *pool, PyPI(store, downloader, distributions), *search)
    return Places(tuple(here), everywhere, distributions)

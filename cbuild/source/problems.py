"""The texts of this package's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbuild.errors import SourceError

if TYPE_CHECKING:
    from cbuild.source.request import Request
    from cbuild.source.store import Stored, WrongChecksum


def offline(request: Request, tried: list[str]) -> SourceError:
    """Return the error for a source that would have to be fetched."""
    return request.error(
        f"{request.shown} is not in the store, and this run is offline",
        reason="offline",
        details="\n".join(tried),
        resolution="Run once without -o, or put the file into a download-cache or a mirror directory.",
    )


def missing(request: Request, tried: list[str]) -> SourceError:
    """Return the error for a source that no place has. tried: what each place said."""
    sums = " ".join(f"{name} {value}" for name, value in (("md5", request.md5), ("sha256", request.sha256)) if value)
    return request.error(
        f"{request.shown} can't be had from anywhere",
        reason="source-missing",
        details="\n".join([f"wanted: {sums or 'no checksum given'}", *tried]),
        resolution="Correct the URL, or name a mirror that has a file with this checksum (mirrors, download-cache)."
        if request.checked
        else "Correct the URL, or give the checksum: mirrors are searched by checksum alone.",
    )


def unreadable(request: Request, why: str) -> SourceError:
    """Return the error for a local file that isn't there."""
    return request.error(
        f"{request.shown} can't be read",
        reason="source-missing",
        details=why,
        resolution="Correct the path in the profile, or put the file there.",
    )


def not_locked(request: Request) -> SourceError:
    """Return the error for what the lock file doesn't have although everything must be in it."""
    return request.error(
        f"{request.shown} is not in the lock file",
        reason="not-locked",
        details="" if not request.checked else "The lock file has no entry for this URL with the profile's checksum.",
        resolution="Build once without --locked, and keep cbuild.lock under version control.",
    )


def mismatch(request: Request, wrong: WrongChecksum, tried: list[str], who: str) -> SourceError:
    """Return the error for bytes that are not those that who (the profile, the lock file) asks for."""
    name = "sha256" if request.sha256 and request.sha256 != wrong.sums.sha256 else "md5"
    expected, found = getattr(request, name), getattr(wrong.sums, name)
    return request.error(
        f"{request.shown} has another checksum than {who} says",
        reason="checksum-mismatch",
        details="\n".join([f"expected {name}: {expected}", f"found {name}:    {found}", *tried]),
        resolution=f"If the new file is what you want, put its checksum into {who}; nothing of it was kept.",
    )


def unchecked(request: Request, stored: Stored) -> SourceError:
    """Return the error for a URL without a checksum; it has the line to add."""
    return request.error(
        f"{request.shown} has no checksum",
        reason="checksum-missing",
        details=f"{stored.sums.size} bytes were fetched:\nmd5sum = {stored.sums.md5}\nsha256 = {stored.sums.sha256}",
        resolution=f"Add this line to the section: md5sum = {stored.sums.md5}",
    )


def together(problems: list[SourceError]) -> SourceError:
    """Return one error with all of them; the place in the profile is the first one's."""
    if len(problems) == 1:
        return problems[0]
    first = problems[0]
    reasons = {problem.reason for problem in problems}
    return SourceError(
        f"{len(problems)} sources can't be had",
        reason=first.reason if len(reasons) == 1 else "source-missing",
        details="\n\n".join(_told(problem) for problem in problems),
        resolution="\n".join(dict.fromkeys(problem.resolution for problem in problems)),
        file=first.file,
        line=first.line,
        section=first.section,
        option=first.option,
    )


def _told(problem: SourceError) -> str:
    where = f"{problem.file}:{problem.line}: " if problem.file else ""
    section = f"[{problem.section}] " if problem.section else ""
    details = "".join(f"\n  {line}" for line in problem.details.splitlines())
    return f"{where}{section}{problem.brief} ({problem.reason}){details}"

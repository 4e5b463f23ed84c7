"""What engines and their SDKs raise, turned into EngineError; nothing else leaves this package.

Reasons: ``engine-absent`` (nothing answers), ``engine-gone`` (it answered before and no longer does),
``engine-refused`` (it answers, and says no), ``image-missing``, ``image-in-use``, ``image-id-mismatch``,
``container-missing``, ``name-in-use``, ``address-in-use``, ``network-missing``, ``network-differs``,
``network-in-use``, ``limit-refused``, ``client-absent``.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cbuild.errors import EngineError

#: What an engine's message says, the reason that it stands for, and what to do. The first match wins; the texts are
#: those of Docker 20.10 to 28 and of Podman 4.3 to 5 (with netavark).
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        r"name \S+ is (already )?in use|name is in use|is already in use by",
        "name-in-use",
        "Remove the other, or choose another name.",
    ),
    (
        r"address already in use|(requested ip address|ip address) \S+ is already allocated",
        "address-in-use",
        "Stop the container that holds the address, or choose another address.",
    ),
    (r"no such container|no container with name or id", "container-missing", "It was removed; create it again."),
    (r"unable to find network|network \S+ not found|network not found", "network-missing", "Make the network first."),
    (
        r"has active endpoints|network is being used|network in use",
        "network-in-use",
        "Remove the containers on it first.",
    ),
    (
        r"image is (being )?used by|image used by|image is in use|conflict: unable to (remove|delete)",
        "image-in-use",
        "Remove the containers that were made from the image first.",
    ),
    (r"no such image|image not known|failed to find image", "image-missing", "Load the image first (cbuild software)."),
    (
        r"error setting rlimit",
        "limit-refused",
        "Ask for fewer open files, or give the engine CAP_SYS_RESOURCE: a limit above its own is not its to give.",
    ),
)


def refusal(engine: str, doing: str, status: int | None, text: str) -> EngineError:
    """Return the error for an engine's own answer: status (HTTP, None when unknown) and message text."""
    meanings = ((reason, advice) for pattern, reason, advice in _MEANINGS if re.search(pattern, text, re.IGNORECASE))
    reason, resolution = next(meanings, ("engine-refused", "See the engine's own log for more."))
    answer = f"{engine} answered{f' {status}' if status else ''}: {text.strip()}"
    return EngineError(f"{engine} can't {doing}", reason=reason, details=answer, resolution=resolution)


def gone(engine: str, doing: str, url: str, cause: BaseException) -> EngineError:
    """Return the error for an engine that answered before and no longer does."""
    return EngineError(
        f"{engine} is gone: it stopped answering when asked to {doing}",
        reason="engine-gone",
        details=f"{url}: {type(cause).__name__}: {cause}",
        resolution="Start the engine again and repeat the command; what was done before is kept.",
    )


@contextmanager
def translated(
    engine: str, url: str, doing: str, answers: Callable[[], bool], sdk_error: type[Exception]
) -> Iterator[None]:
    """Run the block; turn what the SDK (sdk_error), requests, urllib3 or the socket raises into an EngineError.

    answers: asked when a connection broke, to tell an engine that is gone from one that hung up on this request.
    """
    import requests  # noqa: PLC0415 - both SDKs stand on it; a run that needs no engine must not import it
    import urllib3  # noqa: PLC0415 - as above

    try:
        yield
    except (
        sdk_error,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
    ) as error:
        response = getattr(error, "response", None)
        if response is not None:
            text = str(getattr(error, "explanation", None) or error)
            raise refusal(engine, doing, response.status_code, text) from error
        if answers():
            raise refusal(engine, doing, None, f"{type(error).__name__}: {error}") from error
        raise gone(engine, doing, url, error) from error


def is_missing(error: EngineError) -> bool:
    """Tell whether the error says that the container, image or network isn't there."""
    return error.reason in {"container-missing", "image-missing", "network-missing"}


def timed_out(error: BaseException | None) -> bool:
    """Tell whether a request ended because its time was over, however the SDK, requests and urllib3 wrapped that up."""
    while error is not None:
        wrapped = error.args[0] if error.args else None
        if isinstance(error, TimeoutError) or isinstance(wrapped, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False

"""Base images: described in YAML, built by mmdebstrap, locked to the byte.

``ensure`` is what the rest of cbuild uses; ``operations`` (build, lock, show) is the command line's.
"""

from cbuild.base.find import names
from cbuild.base.front import ensure
from cbuild.base.model import Base

__all__ = ["Base", "ensure", "names"]

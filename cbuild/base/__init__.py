"""Base images: described in YAML, built by mmdebstrap, locked to the byte."""

from cbuild.base.find import names
from cbuild.base.front import build, ensure, lock, show
from cbuild.base.model import Base

__all__ = ["Base", "build", "ensure", "lock", "names", "show"]

"""Python distributions: which ones a requirement needs, chosen and fetched by the host without running any of them."""

from cbuild.distribution.choose import Distributions
from cbuild.distribution.distribution import Distribution
from cbuild.distribution.rules import BUILDOUTS_OWN, Rules, normal
from cbuild.distribution.target import Target

__all__ = ["BUILDOUTS_OWN", "Distribution", "Distributions", "Rules", "Target", "normal"]

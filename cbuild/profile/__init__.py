"""Text of a profile to resolved sections; pure: no engine, no network, no recipe code."""

from cbuild.profile.annotate import Annotation, annotate, merged
from cbuild.profile.assignments import Assignment, parse_assignment
from cbuild.profile.builtin import IMAGE_DIRECTORY, level, with_directory
from cbuild.profile.directories import INSIDE, is_below
from cbuild.profile.facts import BUILDER_FACTS, Facts
from cbuild.profile.load import Profile, home_of, load
from cbuild.profile.origins import Origin, Origins
from cbuild.profile.problems import excerpt
from cbuild.profile.section import Options
from cbuild.profile.substitution import Resolver
from cbuild.profile.survey import survey
from cbuild.profile.syntax import MAX_REPORTED

__all__ = [
    "BUILDER_FACTS",
    "IMAGE_DIRECTORY",
    "INSIDE",
    "MAX_REPORTED",
    "Annotation",
    "Assignment",
    "Facts",
    "Options",
    "Origin",
    "Origins",
    "Profile",
    "Resolver",
    "annotate",
    "excerpt",
    "home_of",
    "is_below",
    "level",
    "load",
    "merged",
    "parse_assignment",
    "survey",
    "with_directory",
]

"""The labels by which cbuild finds its containers again."""

from __future__ import annotations

from cbuild.instance.names import home_id
from cbuild.state.home import Home

HOME = "cbuild.home"
INSTANCE = "cbuild.instance"
PARTITION = "cbuild.partition"
ROLE = "cbuild.role"
SPEC = "cbuild.spec"

PROCESS = "process"
SERVE = "partition"


def of(home: Home, instance: str, partition: str, role: str) -> dict[str, str]:
    """Return the labels of a partition's container. role: PROCESS or SERVE."""
    return {HOME: home_id(home), INSTANCE: instance, PARTITION: partition, ROLE: role}


def of_instance(home: Home, instance: str) -> dict[str, str]:
    """Return what all containers of an instance have."""
    return {HOME: home_id(home), INSTANCE: instance}

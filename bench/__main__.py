"""`python -m bench [NAME…]`: all benchmarks, or those named."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import layers, partition, profile, rooted, share, software, stack
from bench.measure import say
from bench.site import Site, site

ENGINE: dict[str, Callable[[Site], None]] = {
    "nothing-to-do": software.nothing_to_do,
    "one-changed": software.one_changed,
    "leaf-changed": rooted.leaf_changed,
    "root-changed": rooted.root_changed,
    "many": software.many,
    "partition": partition.partition,
    "stack": stack.stack,
    "share": share.share,
}
PLAIN: dict[str, Callable[[], None]] = {"layers": layers.layers, "profile": profile.main}


def main() -> None:
    """Run what is named; engines and stores are made only for those that need them."""
    wanted = sys.argv[1:] or [*PLAIN, *ENGINE]
    if unknown := [name for name in wanted if name not in PLAIN | ENGINE]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are: {', '.join([*PLAIN, *ENGINE])}")
    # bench.profile takes profiles from the command line; here it measures those that it makes.
    del sys.argv[1:]
    for name in wanted:
        if name in PLAIN:
            PLAIN[name]()
    if any(name in ENGINE for name in wanted):
        with site() as place:
            say(f"docker {place.docker('version', '--format', '{{.Client.Version}} to {{.Server.Version}}').strip()}")
            for name in wanted:
                if name in ENGINE:
                    ENGINE[name](place)


if __name__ == "__main__":
    main()

# STOP: the command line stays on typer: the project's owner has given it (pyproject's dependencies are: docker, podman,
# jinja2, pyyaml, typer), and a kept library beats our own parser, even a slower one. Its 80 ms are accepted.
# Please speed up something else (import of typer.rich_utils / rich can be avoided by TYPER_USE_RICH=0 or
# rich_markup_mode=None and pretty_exceptions_enable=False; cbuild's own imports; etc.). Delete this file.

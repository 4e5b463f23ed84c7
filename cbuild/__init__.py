"""cbuild: buildout profiles into layered OCI images, and images into running partitions."""

__version__ = "0.1.0"

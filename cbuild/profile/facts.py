"""What a profile may ask about the machine: the builder's answers, never the host's (LANGUAGE.md, CND-3)."""

from __future__ import annotations

from dataclasses import dataclass

_USR = ("bin", "include", "lib", "lib/x86_64-linux-gnu", "sbin", "share")
_TOP = ("bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "tmp", "usr", "var")
DIRECTORIES = frozenset({"/", *(f"/{name}" for name in _TOP), *(f"/usr/{name}" for name in _USR)})
FILES = frozenset({"/bin/sh", "/etc/os-release", "/usr/bin/gcc", "/usr/bin/python3"})


@dataclass(frozen=True)
class Facts:
    """The machine for which the conditions of sections are evaluated.

    python: version of the Python that runs recipes. release: the kernel's. os_release: the fields of
    /etc/os-release. directories, files: paths that exist there; every other path doesn't.
    """

    python: tuple[int, int, int] = (3, 11, 2)
    implementation: str = "cpython"
    platform: str = "linux"
    os_name: str = "posix"
    system: str = "Linux"
    machine: str = "x86_64"
    release: str = "6.1.0"
    version: str = "#1 SMP Debian"
    bits: int = 64
    byteorder: str = "little"
    multiarch: str = "x86_64-linux-gnu"
    os_release: tuple[tuple[str, str], ...] = (
        ("ID", "debian"),
        ("VERSION_ID", "12"),
        ("VERSION_CODENAME", "bookworm"),
        ("NAME", "Debian GNU/Linux"),
        ("PRETTY_NAME", "Debian GNU/Linux 12 (bookworm)"),
    )
    directories: frozenset[str] = DIRECTORIES
    files: frozenset[str] = FILES

    @property
    def python_version(self) -> str:
        """Return major and minor, as ``python_version`` has it in environment markers."""
        return f"{self.python[0]}.{self.python[1]}"

    @property
    def python_full_version(self) -> str:
        """Return all three numbers."""
        return ".".join(map(str, self.python))

    @property
    def markers(self) -> dict[str, str]:
        """Return the variables of environment markers (PEP 508)."""
        return {
            "implementation_name": self.implementation,
            "implementation_version": self.python_full_version,
            "os_name": self.os_name,
            "platform_machine": self.machine,
            "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(self.implementation, ""),
            "platform_release": self.release,
            "platform_system": self.system,
            "platform_version": self.version,
            "python_full_version": self.python_full_version,
            "python_version": self.python_version,
            "sys_platform": self.platform,
        }


BUILDER_FACTS = Facts()

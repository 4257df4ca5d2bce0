"""The walls around the reader child: memory, CPU and file size, Landlock and seccomp on Linux.

Landlock (Linux 5.13 and newer) lets the child read the Python installation and nothing else, write nothing,
and send no signal out; seccomp refuses sockets and new programs. Both by ctypes, as neither has a binding
in the standard library. What the kernel lacks is left out, and `state` says so.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH, _VERSION_FLAG = 1, 1
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_FILTER = 38, 22, 2
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights on files that an ABI version knows; 4 added the network alone."""
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_NETWORK, _SCOPES = 0b11, 0b11
# Numbers of what is refused: socket, execve, execveat, ptrace, process_vm_readv and _writev, io_uring_setup,
# bpf, pidfd_getfd, mount, userfaultfd, perf_event_open, keyctl; and, as Landlock does not cover them, all
# that changes a file's mode, owner, times or extended attributes.
_REFUSED = {
    "x86_64": (
        0xC000003E,
        (
            *(41, 59, 322, 101, 310, 311, 425, 321, 438, 165, 323, 298, 250),
            *(90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 221, 281, 117, 270, 271, 425, 280, 438, 40, 282, 241, 219),
            *(52, 53, 452, 54, 55, 88, 5, 6, 7, 14, 15, 16),
        ),
    ),
}
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000


def landlock_version() -> int:
    """ABI version of the kernel's Landlock, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    found = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    return max(int(found), 0)


def has_seccomp() -> bool:
    """Whether system calls can be filtered here."""
    return (
        sys.platform == "linux"
        and platform.machine() in _REFUSED
        and Path("/proc/sys/kernel/seccomp").exists()
    )


def state() -> dict[str, int | bool]:
    """What the kernel offers: Landlock's version (0: none) and whether there is seccomp."""
    return {"landlock": landlock_version(), "seccomp": has_seccomp()}


@lru_cache(maxsize=8)
def readable(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Folders and files that the child may read: the Python installation, system libraries, time zones.

    Args:
        packages: imported packages whose folders are added, because an editable installation keeps them
            outside of it.
    """
    paths = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [p for p in sys.path if p.endswith(("site-packages", "dist-packages", "lib-dynload"))]
    paths += [path for name in packages for path in getattr(sys.modules.get(name), "__path__", ())]
    paths += ["/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache"]
    paths += ["/etc/localtime", "/dev/urandom", "/dev/null"]
    return tuple(p for p in dict.fromkeys(paths) if os.path.exists(p))  # noqa: PTH110 -- plain strings


def limit(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Cap this process's memory beyond what it holds now, its CPU time, and the size of what it writes."""
    held = 0
    if sys.platform == "linux":
        fields = Path("/proc/self/statm").read_text().split()
        held = int(fields[5]) * resource.getpagesize()
    for what, wanted in (
        (resource.RLIMIT_DATA, held + memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        endless = hard == resource.RLIM_INFINITY
        most = wanted if endless else min(wanted, hard)
        # The soft limit of CPU time sends SIGXCPU, by which the end is told apart, the hard one SIGKILL.
        resource.setrlimit(what, (most, most + 1 if endless and what == resource.RLIMIT_CPU else most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write then fails with EFBIG


def enclose(packages: tuple[str, ...]) -> None:
    """Shut this process in for good: it reads the Python installation alone, writes and connects nowhere.

    Args:
        packages: as for `readable`.

    Raises:
        OSError: the kernel offers Landlock or seccomp but refuses it.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    version = landlock_version()
    if version:
        _landlock(libc, version, readable(packages))
    if has_seccomp():
        _seccomp(libc)


def _landlock(libc: ctypes.CDLL, version: int, paths: Sequence[str]) -> None:
    rights = _FILE_RIGHTS[max(v for v in _FILE_RIGHTS if v <= version)]
    handled = [rights, _NETWORK if version >= 4 else 0, _SCOPES if version >= 6 else 0]
    words = 3 if version >= 6 else 2 if version >= 4 else 1
    ruleset = libc.syscall(_CREATE_RULESET, struct.pack(f"={words}Q", *handled[:words]), 8 * words, 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    for path in paths:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)  # noqa: PTH112 -- plain strings
        failed = libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, handle), 0)
        os.close(handle)
        if failed:
            raise OSError(ctypes.get_errno(), "landlock")
    if libc.syscall(_RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(ruleset)


def _seccomp(libc: ctypes.CDLL) -> None:
    architecture, refused = _REFUSED[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, _KILL), (load, 0, 0, 0)]
    # The x32 numbers of x86-64 are a second door to the same calls.
    program += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, _REFUSE)]
    for number in refused:
        program += [(equal, 0, 1, number), (answer, 0, 0, _REFUSE)]
    program.append((answer, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    filters = struct.pack("@HP", len(program), ctypes.addressof(code))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, filters, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")

"""Readers that try what no reader may: each returns what it got away with, or breaks in its own way."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.intake.parcel import Parcel
from common.intake.source import Source


def tries(source: Source, victim: str, home: str) -> Parcel:
    attempts: dict[str, Callable[[], object]] = {
        "read a file of the user": lambda: Path(victim).read_bytes(),
        "list the user's folder": lambda: list(Path(home).iterdir()),
        "read /etc/passwd": lambda: Path("/etc/passwd").read_bytes(),
        "read another process's environment": lambda: Path("/proc/1/environ").read_bytes(),
        "write beside it": lambda: Path(home, "new").write_bytes(b"x"),
        "write into /tmp": lambda: Path("/tmp/written-by-a-reader").write_bytes(b"x"),
        "remove it": lambda: Path(victim).unlink(),
        "change its mode": lambda: Path(victim).chmod(0o777),
        "change its times": lambda: os.utime(victim),
        "link to it": lambda: Path(home, "link").symlink_to(victim),
        "connect by TCP": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "open a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "open a UNIX socket": lambda: socket.socket(socket.AF_UNIX),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "change the upload": lambda: os.pwrite(os.open(source.path, os.O_RDWR), b"x", 0),
    }
    got_away = []
    for words, attempt in attempts.items():
        try:
            attempt()
        except (OSError, subprocess.SubprocessError):
            continue
        got_away.append(words)
    return Parcel({"got_away": got_away, "secrets": [k for k in os.environ if "SECRET" in k]})


def allowed(source: Source) -> Parcel:
    import wave
    import zoneinfo

    assert wave
    return Parcel(
        {"path": Path(source.path).read_bytes().decode(), "zone": str(zoneinfo.ZoneInfo("Asia/Tokyo"))}
    )


def aborts(source: Source) -> Parcel:
    os.abort()


def crashes(source: Source) -> Parcel:
    ctypes.string_at(0)
    return Parcel()


def spins(source: Source) -> Parcel:
    while True:
        pass


def sleeps(source: Source) -> Parcel:
    time.sleep(600)
    return Parcel()


def eats_memory(source: Source) -> Parcel:
    held = []
    while True:
        held.append(bytearray(50 << 20))


def fails(source: Source) -> Parcel:
    raise ValueError(f"the content was {source.read()!r}")


def refuses(source: Source) -> Parcel:
    raise DataError("the cell is blue", where=f"{source.name}, row 3", mend="paint it red")


def leaves(source: Source) -> Parcel:
    os._exit(0)


def objects(source: Source) -> Parcel:
    return Parcel({}, {"a": np.array([{}], dtype=object)})


def everything(source: Source, factor: int = 1) -> Parcel:
    import pyarrow as pa

    arrays = {
        "grid": np.arange(24, dtype=np.float32).reshape(2, 3, 4) * factor,
        "columns first": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "when": np.array(["2024-01-01", "NaT"], dtype="datetime64[ns]"),
        "names": np.array(["een", "twee"]),
        "none": np.zeros((0, 3)),
        "one": np.array(7.5),
        "complex": np.array([1 + 2j]),
    }
    table = pa.table({"tekst": ["a", None], "kW": [1.5, 2.5]})
    return Parcel({"n": 2, "crs": None}, arrays, {"t": table}, ("something odd",))


def views(source: Source) -> Parcel:
    cells = np.frombuffer(source.view, np.uint8)
    grid = cells[:6].reshape(2, 3)
    arrays = {"all": cells, "grid": grid, "turned": grid.T, "strided": cells[::2], "back": cells[::-1]}
    return Parcel({}, arrays | {"big": np.frombuffer(source.view[1:5], ">u2")})

"""Whether what is stored survives: kill -9, damage, a full disk, a read-only one, two writers, SIGTERM.

    python benchmarks/reliability_vault.py [--times 200] [--flips 1000] [--step 37] [--json]

Every function is one drill on real files; the tests call them with small counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import vault_things as things
from common.errors import StoreError
from common.store import PARTIAL, open_model, save_model, writing
from common.store.packing import export_model

HERE = Path(__file__).resolve().parent
LONGEST_DELAY_S = 0.08
"""Time after a store that was reported in which the kill comes; a store takes 5 to 30 ms."""
WAIT_S = 60.0


class _Writer:
    """The process of `vault_things`, which forks a writer for every request."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "vault_things.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._rest = b""

    def begin(self, kind: str, folder: Path, stamp: str, first: int, count: int = 1_000_000) -> int:
        """Let a writer begin; its process id."""
        assert self._process.stdin
        self._process.stdin.write(f"{kind}\t{folder}\t{stamp}\t{first}\t{count}\n".encode())
        self._process.stdin.flush()
        said = self.next()
        assert said[0] == "begun", said
        return int(said[1])

    def next(self) -> list[str]:
        """The next line that is said, in words."""
        assert self._process.stdout
        until = time.monotonic() + WAIT_S
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], max(until - time.monotonic(), 0))
            block = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            assert block, "the writer is silent"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode().split()

    def has_said(self) -> bool:
        """Whether `next` need not wait."""
        return b"\n" in self._rest or bool(select.select([self._process.stdout], [], [], 0)[0])

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait(WAIT_S)


@contextmanager
def _writer() -> Iterator[_Writer]:
    made = _Writer()
    try:
        yield made
    finally:
        made.close()


def kill9(times: int, seed: int = 1, kinds: Sequence[str] = things.KINDS) -> int:
    """Kill a process with SIGKILL while it stores, at random moments; the kinds take turns.

    Returns:
        How often what is there afterwards is whole, at least as new as the last store that was reported, and
        the next writer can store in the same place.
    """
    chance, fine = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as place, _writer() as writer:
        newest = dict.fromkeys(kinds, 0)
        for turn in range(times):
            kind = kinds[turn % len(kinds)]
            folder = Path(place) / kind
            pid = writer.begin(kind, folder, "a", newest[kind] + 1)
            said = writer.next()
            if said[0] != "stored":
                continue  # what the kill before left stands in its way
            time.sleep(chance.uniform(0, LONGEST_DELAY_S))
            with suppress(ProcessLookupError):  # it ended by itself, which a writer never should
                os.kill(pid, signal.SIGKILL)
            while said[0] == "stored":
                reported, said = int(said[1]), writer.next()
            with suppress(StoreError, AssertionError, OSError, ValueError):
                newest[kind] = things.opened(kind, folder)[1]
                fine += said[2] == "killed" and reported <= newest[kind] <= reported + 1
        for kind in newest:
            things.store(kind, Path(place) / kind, "a", newest[kind] + 1)
            left = [path.name for path in _unfinished(Path(place) / kind)]
            _must(not left, f"an ended process left something behind: {left}")
    return fine


def corruptions(flips: int, step: int, seed: int = 1) -> int:
    """Damage a stored model: cut each file at every `step`-th byte, and turn over `flips` single bits in all.

    Returns:
        How many damaged copies are opened without a word.
    """
    chance, silent = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as place:
        folder = _real_model(Path(place) / "model")
        contents = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

        def opens(path: Path, damaged: bytes) -> bool:
            path.write_bytes(damaged)
            try:
                open_model(folder)
            except StoreError:
                return False
            finally:
                path.write_bytes(contents[path])
            return True

        for path, content in contents.items():
            silent += sum(opens(path, content[:at]) for at in range(0, len(content), step))
        places = [(path, at) for path, content in contents.items() for at in range(len(content))]
        for _ in range(flips):
            path, at = chance.choice(places)
            damaged = bytearray(contents[path])
            damaged[at] ^= 1 << chance.randrange(8)
            silent += opens(path, bytes(damaged))
        assert open_model(folder) == folder
    return silent


def full_disk() -> str:
    """Store on a disk of 1 MB what does not fit, beside what a killed process left there."""
    with _disk() as disk:
        if disk is None:
            return "skipped (no disk can be mounted here)"
        lines = []
        for kind in things.KINDS:
            things.store(kind, disk / kind, "a", 1, 40_000)
            lines.append(_refused(lambda kind=kind: things.store(kind, disk / kind, "a", 2, 2_000_000)))  # type: ignore[misc]
            _must(_is_the_first(kind, disk / kind), f"the {kind} before is lost")
        left = disk / "model" / f"{PARTIAL}0123abcd-model"
        left.mkdir()
        with suppress(OSError):
            (left / "weights.bin").write_bytes(b"x" * 1_000_000)
        things.store("model", disk / "model", "a", 3, 40_000)
        _must(things.opened("model", disk / "model") == ("a", 3), "the next model is not there")
        _must(not _unfinished(disk), "something half-written is left")
    return f"one line each, old state intact: {lines[0]}"


def read_only() -> str:
    """Store where nothing may be written."""
    with _disk() as disk, tempfile.TemporaryDirectory() as folder:
        if disk is None and os.geteuid() == 0:
            return "skipped (no disk can be mounted here)"  # and root may write in any folder
        place = disk or Path(folder)
        for kind in things.KINDS:
            things.store(kind, place / kind, "a", 1, 40_000)
        lines = []
        with _unwritable(place, mounted=disk is not None):
            for kind in things.KINDS:
                lines.append(_refused(lambda kind=kind: things.store(kind, place / kind, "a", 2, 40_000)))  # type: ignore[misc]
                _must(_is_the_first(kind, place / kind), f"the {kind} cannot be read")
        _must(not _unfinished(place), "something half-written is left")
    return f"one line each, still readable: {lines[0]}"


def two_writers(count: int = 100) -> str:
    """Two processes store under one name as fast as they can, while a third reads."""
    opened, seen = 0, set()
    with tempfile.TemporaryDirectory() as place, _writer() as one, _writer() as other:
        folder = Path(place)
        things.store("model", folder, "c", 0)
        for writer, stamp in ((one, "a"), (other, "b")):
            writer.begin("model", folder, stamp, 1, count)
        ended = {"a": False, "b": False}
        while not all(ended.values()):
            seen.add(things.opened("model", folder)[0])
            opened += 1
            for writer, stamp in ((one, "a"), (other, "b")):
                while not ended[stamp] and writer.has_said():
                    ended[stamp] = writer.next()[0] == "ended"
        _must(things.opened("model", folder) in (("a", count), ("b", count)), "a last model is lost")
        _must({"a", "b"} <= seen, "the writers did not overlap")
        _must(not _unfinished(folder), "something half-written is left")
        line = _refused(lambda: _store_while_held(folder))
    return f"{2 * count} stored, {opened} opened, every one whole; a writer that does not end: {line}"


def sigterm(times: int = 3, seed: int = 1) -> str:
    """Send SIGTERM to `pilots store import` while it unpacks."""
    chance, line = random.Random(seed), ""
    with tempfile.TemporaryDirectory() as place:
        home, packed = Path(place) / "home", Path(place) / "new.zip"
        old = _real_model(home / "models" / "new")
        before = (old / "manifest.json").read_bytes()
        export_model(_real_model(Path(place) / "large", numbers=4_000_000), packed)
        for _ in range(times):
            command = [sys.executable, "-m", "common.cli", "store", "import", str(packed)]
            child = subprocess.Popen(
                command, env={**os.environ, "PILOTS_HOME": str(home), "PILOTS_LANGUAGE": "en"},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            until = time.monotonic() + WAIT_S
            while not _unfinished(old.parent) and child.poll() is None and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            child.terminate()
            said = child.communicate(timeout=WAIT_S)[1].strip()
            _must(child.returncode == 128 + signal.SIGTERM, f"it ended with {child.returncode}: {said}")
            _must(bool(said) and "\n" not in said, f"it is not one line: {said}")
            _must((open_model(old) / "manifest.json").read_bytes() == before, "the old model is lost")
            _must(not _unfinished(old.parent), "something half-written is left")
            line = said
    return f"one line, old state intact: {line}"


def _real_model(folder: Path, numbers: int = 500) -> Path:
    """A small model of what real ones are made of: weights, trees, settings, card, manifest."""
    import lightgbm as lgb
    import numpy as np
    from safetensors.numpy import save_file

    made = np.random.default_rng(1)
    rows = made.random((200, 3))
    options = {"verbosity": -1, "num_leaves": 4, "num_threads": 1, "seed": 1}
    trees = lgb.train(options, lgb.Dataset(rows, rows[:, 0]), num_boost_round=3)

    def write(fresh: Path) -> None:
        save_file({"layer": made.random(numbers).astype(np.float32)}, fresh / "weights.safetensors")
        (fresh / "trees.txt").write_text(trees.model_to_string())
        (fresh / "settings.json").write_text(json.dumps({"horizon": 48}))

    return save_model(folder, write, {"name": "drill"})


@contextmanager
def _disk() -> Iterator[Path | None]:
    """A disk of 1 MB; None where none can be mounted."""
    with tempfile.TemporaryDirectory() as place:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]
        try:
            mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        except OSError:
            mounted = False
        if not mounted:
            yield None
            return
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def _unwritable(place: Path, *, mounted: bool) -> Iterator[None]:
    if mounted:
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
        return
    folders = [place, *(p for p in place.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o755)


def _store_while_held(folder: Path) -> None:
    with writing(folder / "model"), writing(folder / "model", timeout_s=0.1):
        pass


def _refused(act: Callable[[], object]) -> str:
    """The one line with which the suite refuses."""
    try:
        act()
    except StoreError as error:
        _must("\n" not in str(error), f"it is not one line: {error}")
        return f"{error.what}; {error.mend}."
    raise AssertionError("it was not refused")


def _is_the_first(kind: str, folder: Path) -> bool:
    return things.opened(kind, folder) == ("a", 1)


def _unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.name.startswith(PARTIAL) or path.suffix == ".lock"]


def _must(fine: bool, otherwise: str) -> None:
    if not fine:
        raise AssertionError(otherwise)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=200, help="kills")
    parser.add_argument("--flips", type=int, default=1000, help="bits turned over")
    parser.add_argument("--step", type=int, default=37, help="bytes between cuts")
    parser.add_argument("--json", action="store_true", help="one flat JSON object")
    options = parser.parse_args()
    found: dict[str, int | str] = {
        "kill9": options.times,
        "kill9_ok": kill9(options.times),
        "corrupt_silent": corruptions(options.flips, options.step),
        "full_disk": full_disk(),
        "read_only": read_only(),
        "two_writers": two_writers(),
        "sigterm": sigterm(),
    }
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<16} {value}")


if __name__ == "__main__":
    main()

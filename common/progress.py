"""Progress for people (a bar on a terminal), for logs (one line a stage) and for other programs (a file)."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import StoreError
from common.store import write_whole

if TYPE_CHECKING:
    from common.pilot import Progress

WRITE_EVERY_S = 0.2
LINE_EVERY_S = 10.0


def to_file(path: Path) -> Progress:
    """Progress written to a JSON file {fraction, words, at}, replaced whole at most 5 times a second.

    The first report raises StoreError where the file cannot be written; a later one is only missed.
    """
    written, said, begun = 0.0, "", False

    def report(fraction: float, words: str) -> None:
        nonlocal written, said, begun
        now = time.time()
        if now - written < WRITE_EVERY_S and words == said and fraction < 1:
            return
        written, said = now, words
        content = json.dumps({"fraction": round(fraction, 4), "words": words, "at": now})
        # Not brought to the disk itself: nobody misses progress after a power cut, and five times a second
        # that would hold up the work.
        try:
            write_whole(path, content, durable=False)
        except OSError as error:
            if not begun:
                raise StoreError(
                    f"progress cannot be written ({error.strerror})",
                    where=str(path),
                    mend="name another file",
                ) from error
            # A disk that filled up meanwhile ends the work where it matters, with its own words.
        begun = True

    return report


@contextmanager
def on_terminal(quiet: bool = False) -> Iterator[Progress]:
    """Progress on stderr: a bar where it is a terminal, else a line a stage and one every ten seconds."""
    if quiet:
        yield lambda fraction, words: None
        return
    if not sys.stderr.isatty():
        said, at = "", 0.0

        def line(fraction: float, words: str) -> None:
            nonlocal said, at
            stage, now = re.sub(r"[\d.,]+", "", words), time.monotonic()
            if stage != said or now - at > LINE_EVERY_S:
                said, at = stage, now
                print(f"{fraction:4.0%}  {words}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda fraction, words: bar.update(task, completed=fraction, description=words)

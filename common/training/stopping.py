"""When to stop: no better value for a while, or somebody asks for it."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Literal


@dataclass
class Best:
    """The best validation so far, and for how many validations there was no better one.

    Attributes:
        goal: whether a smaller or a larger value is better.
        min_delta: a value counts as better only beyond this difference.
        patience: validations without a better one before training stops; None: never.
        value: the best value; NaN before the first.
        step: step after which it was reached.
        waited: validations since.
    """

    goal: Literal["min", "max"] = "min"
    min_delta: float = 0.0
    patience: int | None = None
    value: float = math.nan
    step: int = 0
    waited: int = 0

    def better(self, value: float, step: int) -> bool:
        """Take in a validation; True when it is the best. A NaN never is."""
        gain = self.value - value if self.goal == "min" else value - self.value
        if not math.isnan(value) and (math.isnan(self.value) or gain > self.min_delta):
            self.value, self.step, self.waited = value, step, 0
            return True
        self.waited += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end."""
        return self.patience is not None and self.waited >= self.patience


@dataclass
class Asked:
    """Signals that asked this process to stop."""

    numbers: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.numbers)


@contextmanager
def on_signals(active: bool, stubborn: bool) -> Iterator[Asked]:
    """Note SIGTERM and SIGINT instead of dying, so that the loop can end at a step with a checkpoint.

    Args:
        active: False, or not in the main thread: signals act as they did before.
        stubborn: True: further signals are noted too; False: a second one acts at once, for the
            impatient. Workers of a launcher are stubborn, because Ctrl-C reaches them twice: from the
            terminal and from the launcher.
    """
    asked = Asked()
    if not active or threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def note(number: int, frame: FrameType | None) -> None:
        if asked and not stubborn:
            raise_for(number)
        asked.numbers.append(number)

    for number in before:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_for(number: int) -> None:
    """End this process as the signal would have, through the callers' `finally` blocks."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)

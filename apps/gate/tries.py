"""Wrong tries are counted and slowed down, for each address that they come from."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

LONGEST_PAUSE_S = 60.0
ADDRESSES_KEPT = 1024


class Tries:
    """Pauses of 1, 2, 4 … 60 s after the first, second, third … wrong try from one address.

    It does not lock anyone out for longer than the pause, since a proxy may stand for many people.

    Args:
        clock: seconds from any fixed moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.wrong_in_all = 0
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0: now."""
        return max(0.0, self._wrong.get(address, (0, 0.0))[1] - self._clock())

    def wrong(self, address: str) -> None:
        """Count a wrong try."""
        self.wrong_in_all += 1
        number = self._wrong.pop(address, (0, 0.0))[0] + 1
        pause_s = min(2.0 ** min(number - 1, 10), LONGEST_PAUSE_S)
        self._wrong[address] = (number, self._clock() + pause_s)
        if len(self._wrong) > ADDRESSES_KEPT:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """Forget an address that has given the token."""
        self._wrong.pop(address, None)

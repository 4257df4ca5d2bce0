"""Cookies that stand for a login: random, kept as digests in memory, gone in half a day or at a restart."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

LIFE_S = 12 * 3600
KEPT = 10_000


class Tickets:
    """Tickets given out and not yet over.

    Args:
        clock: seconds from any fixed moment.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def issue(self) -> str:
        """A new ticket of 256 random bits."""
        ticket = secrets.token_urlsafe(32)
        self._until[_digest(ticket)] = self._clock() + LIFE_S
        if len(self._until) > KEPT:
            self._until.popitem(last=False)
        return ticket

    def holds(self, ticket: str | None) -> bool:
        """Whether a ticket was given out here and is not over.

        It is looked up by its digest, so the time that takes tells nothing about the tickets there are.
        """
        return bool(ticket) and self._until.get(_digest(ticket or ""), 0.0) > self._clock()

    def end(self, ticket: str | None) -> None:
        """Make a ticket worthless."""
        self._until.pop(_digest(ticket or ""), None)


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).digest()

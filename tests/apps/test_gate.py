"""The parts of the gate on their own: pauses, tickets, where a login leads, and that every page asks."""

from __future__ import annotations

import re

import pytest

from apps import serve
from apps.gate.tickets import LIFE_S, Tickets
from apps.gate.token import _inside
from apps.gate.tries import Tries
from apps.gate.words import WORDS


def test_pauses_double_up_to_a_minute_and_are_each_addresss_own():
    now = [0.0]
    tries = Tries(lambda: now[0])
    waits = []
    for _ in range(9):
        tries.wrong("a")
        waits.append(tries.wait_s("a"))
        now[0] += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert tries.wait_s("b") == 0
    assert tries.wrong_in_all == 9
    tries.right("a")
    tries.wrong("a")
    assert tries.wait_s("a") == 1
    for number in range(5000):
        tries.wrong(str(number))
    assert len(tries._wrong) <= 1024


def test_tickets_end():
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    ticket = tickets.issue()
    assert tickets.holds(ticket)
    assert not tickets.holds(ticket[:-1])
    assert not tickets.holds(None)
    assert not tickets.holds("")
    now[0] = LIFE_S
    assert not tickets.holds(ticket)
    assert ticket not in repr(vars(tickets))


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "", "evil", "/a\nb", "/logout"]
)
def test_after_login_nobody_is_sent_elsewhere(target):
    assert _inside(target) == "/"


def test_the_gate_speaks_both_languages():
    assert all(english.strip() and dutch.strip() for english, dutch in WORDS.values())


def test_every_page_asks_whether_its_session_came_through_the_gate():
    pages = [serve.MAIN, *sorted((serve.MAIN.parent / "pages").glob("*.py"))]
    assert len(pages) > 3
    for page in pages:
        assert re.search(r"^session\.check\(\)$", page.read_text(), re.MULTILINE), page.name

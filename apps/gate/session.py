"""The gate as a page sees it: is it in place, did this session come through it, and the way out.

The middleware has checked every session already. This is the second lock: where the pages are started without
it, by `streamlit run` or another server, they show nothing instead of everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st
from streamlit import runtime

from apps.gate.oidc import OidcLogin
from apps.gate.token import TokenLogin
from apps.gate.words import say
from apps.ui.text import language
from common.access import Access


@dataclass(frozen=True)
class Installed:
    """The gate that this process serves behind."""

    access: Access
    login: TokenLogin | OidcLogin | None


class _Place:
    installed: Installed | None = None


def install(access: Access, login: TokenLogin | OidcLogin | None) -> None:
    """Note that this process serves behind a gate."""
    _Place.installed = Installed(access, login)


def check() -> None:
    """Stop the page here unless its session came through the gate.

    Every page calls this as well as main.py: started by `streamlit run`, Streamlit opens a page that a link
    names without main.py around it.
    """
    gate = _Place.installed
    if gate is None:
        # A server has the Runtime itself; Streamlit's tests of a page put a stand-in there.
        if runtime.exists() and type(runtime.get_instance()) is runtime.Runtime:
            st.error(say("not_started_right", language()))
            st.stop()
        return
    if isinstance(gate.login, TokenLogin):
        inside = gate.login.tickets.holds(st.context.cookies.get(gate.login.cookie))
    elif isinstance(gate.login, OidcLogin):
        inside = gate.login.lists(st.user.to_dict())
    else:
        inside = True
    if not inside:
        st.error(say("expired", language()))
        st.stop()


def foot() -> None:
    """Below a page: that others can reach this app where they can, and the way out where there is a login."""
    gate = _Place.installed
    if gate is None:
        return
    if not gate.access.is_local or gate.access.public:
        st.caption(f":material/lan: {say('other', language())}")
    if gate.login is not None:
        st.html(f'<a href="/logout" target="_self">{escape(say("leave", language()))}</a>')

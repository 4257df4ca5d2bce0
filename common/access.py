"""On which address the app listens, and under which names it answers.

As Orthanc does: whatever is not this machine alone is refused unless a login is set up. An address is turned
into a number once, and that number is what the app binds, so that no second look-up can give another.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from common.errors import PilotError
from common.login import MAKE_ONE, TOKEN, Login, Oidc, from_environment

LOOPBACK = "127.0.0.1"
OWN_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Access:
    """How the app may be reached.

    Args:
        ip: the address to listen on, in numbers.
        hosts: names and addresses under which the app answers, in small letters, without ports.
        public: of those, the names that people see when a proxy stands before the app.
        login: what the app asks for before anything else; None: nothing.
    """

    ip: str
    hosts: tuple[str, ...]
    public: tuple[str, ...]
    login: Login | None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the app."""
        return _is_loopback(self.ip)

    @property
    def reachable(self) -> str:
        """An address at which this machine reaches the app, as it is written in a URL."""
        ip = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.ip, self.ip)  # noqa: S104 -- compared, not bound
        return f"[{ip}]" if ":" in ip else ip


def grant(address: str = LOOPBACK, names: Iterable[str] = (), login: Login | None = None) -> Access:
    """Access to the app on an address, or an error where that would be open to all.

    Args:
        address: an IP address, or a name of this machine.
        names: further host names under which the app is called, as by a proxy before it.
        login: the login that is set up; None: as the environment says.

    Raises:
        PilotError: the address is unknown, or others can reach it and no login is set up.
    """
    login = login or from_environment()
    ip = _in_numbers(address)
    if not _is_loopback(ip) and login is None:
        raise PilotError(
            f"the address {address} can be reached from other machines and no login is set up",
            mend=f"set {TOKEN} (make one with: {MAKE_ONE}), set up OpenID Connect, or leave out --address",
        )
    public = tuple(
        dict.fromkeys([*(_name(n) for n in names), *([login.host] if isinstance(login, Oidc) else [])])
    )
    hosts = tuple(dict.fromkeys([*OWN_NAMES, *_own(address, ip), *public]))
    return Access(ip, hosts, public, login)


def check_port(port: int) -> None:
    """Raise a PilotError where no port has this number."""
    if not 1 <= port <= 65535:
        raise PilotError(f"there is no port {port}", mend="choose one from 1024 to 65535")


def _in_numbers(address: str) -> str:
    try:
        if not address or address != address.strip():
            raise OSError
        found = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise PilotError(
            f"there is no address '{address}'", mend="leave out --address to serve this machine alone"
        ) from error
    first = next((entry for entry in found if entry[0] == socket.AF_INET), found[0])
    return str(first[4][0])


def _is_loopback(ip: str) -> bool:
    return ipaddress.ip_address(ip).is_loopback


def _own(address: str, ip: str) -> list[str]:
    if _is_loopback(ip):
        return [ip]
    if not ipaddress.ip_address(ip).is_unspecified:
        return [address.lower(), ip]
    import psutil

    # The machine's name as it knows it itself: a full name would have to be asked for outside.
    own = [socket.gethostname().lower()]
    for entries in psutil.net_if_addrs().values():
        own += [e.address.partition("%")[0] for e in entries if e.family in {socket.AF_INET, socket.AF_INET6}]
    return own


def _name(name: str) -> str:
    cleaned = name.strip().lower().rstrip(".")
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    if not cleaned or not set(cleaned) <= allowed:
        raise PilotError(
            f"'{name}' is no host name", mend="write it without https:// and port, as pilots.example.org"
        )
    return cleaned

"""Start the app: behind its gate, without telemetry and without Streamlit's own look-ups outside.

`python -m apps.serve --port 8501`, which is what `pilots app` runs. It listens on this machine alone unless
`--address` says otherwise, which needs a login (see `common.access`).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from common.access import LOOPBACK, Access, check_port, grant
from common.errors import PilotError
from common.login import TOKEN, Oidc

MAIN = Path(__file__).parent / "main.py"
FLAGS: dict[str, object] = {
    "global_developmentMode": False,
    "server_headless": True,
    "server_baseUrlPath": "",
    "server_enableXsrfProtection": True,
    "server_enableCORS": True,
    "server_corsAllowedOrigins": [],
    "server_enableStaticServing": False,
    "server_enableAgentApi": False,
    "server_scriptHealthCheckEnabled": False,
    "server_showEmailPrompt": False,
    "server_fileWatcherType": "none",
    "server_maxUploadSize": 200,
    "browser_gatherUsageStats": False,
    "client_allowedOrigins": [],
    "client_showErrorDetails": "none",
    "client_showErrorLinks": "false",
    "client_toolbarMode": "minimal",
    "logger_hideWelcomeMessage": True,
}


def command(port: int, address: str = LOOPBACK, names: Iterable[str] = ()) -> list[str]:
    """The command that serves the app.

    Args:
        port: port to listen on.
        address: address to listen on.
        names: further host names under which the app is called.
    """
    chosen = [] if address == LOOPBACK else ["--address", address]
    for name in names:
        chosen += ["--host-name", name]
    return [sys.executable, "-m", "apps.serve", "--port", str(port), *chosen]


def flags(access: Access, port: int) -> dict[str, object]:
    """Streamlit's settings, which no configuration file can override.

    Args:
        access: how the app may be reached.
        port: port to listen on.
    """
    return FLAGS | {
        "server_address": access.ip,
        "server_port": port,
        "server_allowedHosts": list(access.hosts),
        "browser_serverAddress": access.public[0] if access.public else access.reachable,
        "browser_serverPort": port,
        # Else Streamlit reads a secrets.toml that someone left in the working folder.
        "secrets_files": [str(access.login.secrets)] if isinstance(access.login, Oidc) else [],
    }


def stay_inside() -> None:
    """Take from Streamlit what reaches outside: it asks a public host for this machine's address.

    That happens when a page is opened under an unknown origin (`net_util.get_external_ip`); the internal
    address is found by a socket to 8.8.8.8. Both answers are only used to allow more origins.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: LOOPBACK


def configure(access: Access, port: int) -> None:
    """Set Streamlit up, for this process.

    Args:
        access: how the app may be reached.
        port: port to listen on.
    """
    from streamlit import config
    from streamlit.web import bootstrap

    # As `streamlit run` does it: the main script's own config.toml is found from its path.
    config._main_script_path = str(MAIN)
    bootstrap.load_config_options(flag_options=flags(access, port))


def serve(access: Access, port: int) -> None:
    """Serve until stopped.

    Args:
        access: how the app may be reached.
        port: port to listen on.
    """
    stay_inside()
    configure(access, port)
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web.server.starlette.starlette_server import UvicornRunner

    from apps.gate import session
    from apps.gate.middleware import Gate, login_for

    # Else the first link that a fresh server is asked for opens a page without main.py around it, because
    # Streamlit takes a folder named pages for its older kind of app until st.navigation has run once.
    PagesManager.uses_pages_directory = False
    login = login_for(access, port)
    session.install(access, login)
    app = st.App(MAIN, middleware=[Middleware(Gate, access=access, login=login)])
    UvicornRunner(app).run()


def _stop(number: int, frame: object) -> None:
    # An exception rather than the default action, so that what runs at exit does run.
    raise SystemExit(128 + number)


def main() -> int:
    """Read the command line and serve; a user's mistake is one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default=LOOPBACK)
    parser.add_argument("--host-name", action="append", default=[])
    options = parser.parse_args()
    try:
        check_port(options.port)
        access = grant(options.address, options.host_name)
    except PilotError as error:
        print(f"pilots: {error}", file=sys.stderr)
        return error.exit_code
    # What this process starts (jobs, readers of uploads) has no need to know it.
    os.environ.pop(TOKEN, None)
    signal.signal(signal.SIGTERM, _stop)
    try:
        serve(access, options.port)
    except KeyboardInterrupt:  # Ctrl-C in the terminal reaches this process as well as `pilots app`
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

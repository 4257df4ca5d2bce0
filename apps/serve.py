"""Start the app: on this machine alone, without telemetry and without Streamlit's own look-ups outside.

`python -m apps.serve --port 8501`, which is what `pilots app` runs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ADDRESS = "127.0.0.1"
MAIN = Path(__file__).parent / "main.py"
FLAGS: dict[str, object] = {
    "server_address": ADDRESS,
    "server_headless": True,
    "server_enableXsrfProtection": True,
    "server_enableCORS": True,
    "server_showEmailPrompt": False,
    "browser_serverAddress": ADDRESS,
    "browser_gatherUsageStats": False,
    "client_showErrorDetails": "none",
    "client_showErrorLinks": "false",
    "client_toolbarMode": "minimal",
    "logger_hideWelcomeMessage": True,
}


def command(port: int) -> list[str]:
    """The command that serves the app on a port of the loopback address."""
    return [sys.executable, "-m", "apps.serve", "--port", str(port)]


def stay_inside() -> None:
    """Take from Streamlit what reaches outside: it asks a public host for this machine's address.

    That happens when a page is opened under an unknown origin (`net_util.get_external_ip`); the internal
    address is found by a socket to 8.8.8.8. Both answers are only used to allow more origins.
    """
    from streamlit import net_util

    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: ADDRESS


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=8501)
    port = parser.parse_args().port
    stay_inside()
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap

    # Else the first link that a fresh server is asked for opens a page without main.py around it, because
    # Streamlit takes a folder named pages for its older kind of app until st.navigation has run once.
    PagesManager.uses_pages_directory = False
    flags = FLAGS | {"server_port": port, "browser_serverPort": port}
    # As `streamlit run` does it: the main script's own config.toml is found from its path.
    config._main_script_path = str(MAIN)
    bootstrap.load_config_options(flag_options=flags)
    bootstrap.run(str(MAIN), is_hello=False, args=[], flag_options=flags)


if __name__ == "__main__":
    main()

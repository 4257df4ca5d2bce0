"""The `pilots` command: list, check, run, train, evaluate, store, audit, app, demo, doctor.

`check` looks at one file of any kind, or, after a pilot's name, at data that the pilot is to learn from.

Exit codes: 0 done; 1 a fault of the suite itself; 2 wrong usage; 3 a file was refused; 4 its content makes
no sense; 5 something stored is missing or damaged; 6 training failed; 7 a library is missing; 130 stopped
with Ctrl-C; 143 stopped by a signal.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import pilot as pilots
from common import table_options
from common.errors import PilotError
from common.signals import raise_on_terminate

if TYPE_CHECKING:
    from common.audited import Audited
    from common.pilot import Pilot, Result

WITH_PILOT = {
    "run": "do a pilot's main job on your data, or on its sample",
    "train": "train a pilot's model on your data",
    "evaluate": "score a pilot's model beside its baselines",
}


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults that say something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pilots",
        description="Sector pilots: from your own files to results, on a laptop or a cluster.",
        epilog="`pilots run energy --help` shows what a pilot takes; --debug shows where a fault arose.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="list the installed pilots")
    listing.add_argument("--json", action="store_true", help="print JSON")
    for command, words in WITH_PILOT.items():
        sub = commands.add_parser(command, help=words)
        sub.add_argument("pilot", metavar="PILOT", help=f"one of: {', '.join(pilots.names())}")
        sub.add_argument("options", nargs="*", help=f"`pilots {command} PILOT --help` lists them")
    for command, words in (
        ("app", "open the app in the browser"),
        ("demo", "forecast the energy pilot's sample here, then open the app on it"),
    ):
        sub = commands.add_parser(command, help=words)
        sub.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
        sub.add_argument("--no-browser", action="store_true", help="do not open a browser window")
        if command == "app":
            sub.add_argument(
                "--address", default="127.0.0.1", help="where to listen; beyond this machine needs a login"
            )
            sub.add_argument(
                "--host-name", action="append", default=[], help="name of a proxy before the app; repeatable"
            )
    look = commands.add_parser(
        "check",
        help="look at a file: what it is, and whether it can be taken in",
        epilog="`pilots check PILOT PATH` looks at a pilot's training data, where the pilot has a doctor for"
        " these; a file of that name is `./PILOT`.",
    )
    look.add_argument("file", type=Path, metavar="FILE", help="a file, or the folder of a scan or grid")
    look.add_argument("--json", action="store_true", help="print JSON")
    corners = ("WEST", "SOUTH", "EAST", "NORTH")
    look.add_argument("--region", type=float, nargs=4, metavar=corners, help="degrees; where a field lies")
    table_options.add_arguments(look)
    from common import audit_check, store_commands

    store_commands.add_commands(commands)
    audit_check.add_commands(commands)
    doctor = commands.add_parser("doctor", help="show versions and devices, what is missing, how to mend it")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _pilot_parser(command: str, pilot: Pilot) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"pilots {command} {pilot.name}",
        description=pilot.summary,
        formatter_class=_Help,
    )
    getattr(pilot, f"add_{command}_arguments")(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object, for machines")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--progress-file", type=Path, help="also write progress to this file")
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of a fault")
    return parser


def _print_result(result: Result, as_json: bool) -> None:
    if as_json:
        found = {
            "summary": result.summary,
            "numbers": dict(result.numbers),
            "warnings": list(result.warnings),
        }
        print(json.dumps(found, ensure_ascii=False, default=str))
        return
    from common.terminal import show

    show(result)


def _with_pilot(command: str, name: str, rest: Sequence[str]) -> int:
    from common.audited import Audited

    with Audited(command, name if name in pilots.names() else "unknown", _say) as audited:
        return _audited(audited, command, name, rest)


def _audited(audited: Audited, command: str, name: str, rest: Sequence[str]) -> int:
    pilot = pilots.load(name)
    if not hasattr(pilot, command):
        raise PilotError(
            f"the pilot '{name}' has no {command} of its own",
            mend="look at one file at a time with `pilots check FILE`",
        )
    options = _pilot_parser(command, pilot).parse_args(rest)
    audited.options(options)
    from common import progress

    with progress.on_terminal(quiet=options.quiet or options.json) as bar:
        report = bar
        if options.progress_file:
            written = progress.to_file(options.progress_file)

            def report(fraction: float, words: str) -> None:
                bar(fraction, words)
                written(fraction, words)

        outcome: Any = getattr(pilot, command)(options, report)
    if isinstance(outcome, Path):
        audited.trained(outcome)
        print(json.dumps({"run": str(outcome)}) if options.json else f"run folder: {outcome}")
    else:
        audited.result(outcome.provenance)
        _print_result(outcome, options.json)
    return 0


def _list(as_json: bool) -> int:
    found = [pilots.load(name) for name in pilots.names()]
    if as_json:
        print(json.dumps([{"name": p.name, "title": p.title, "summary": p.summary} for p in found]))
    else:
        for p in found:
            print(f"{p.name:<12} {p.title}\n{'':<12} {p.summary}")
    return 0


def _say(error: PilotError | str) -> None:
    """One sentence on stderr, in the user's language."""
    from common.language import chosen, sentence, translated

    language = chosen()
    said = sentence(error, language) if isinstance(error, str) else translated(error, language)
    print(f"pilots: {said}", file=sys.stderr)


def _dispatch(arguments: Sequence[str]) -> int:
    # What follows a pilot's name is the pilot's own affair, so argparse is not asked about it here.
    if len(arguments) > 1 and arguments[0] in WITH_PILOT and not arguments[1].startswith("-"):
        return _with_pilot(arguments[0], arguments[1], arguments[2:])
    if arguments[:1] == ["check"] and len(arguments) > 1 and arguments[1] in pilots.names():
        return _with_pilot("check", arguments[1], arguments[2:])
    options = _parser().parse_args([part for part in arguments if part != "--debug"])
    if options.command == "list":
        return _list(options.json)
    if options.command == "doctor":
        from common.doctor import run

        return run(options.json)
    if options.command == "store":
        from common import store_commands

        return store_commands.run(options, _say)
    if options.command == "audit":
        from common.audit_check import run as audit

        return audit(options)
    if options.command == "check":
        from common.check import run as look

        return look(options.file, table_options.stated(vars(options)), options.region, options.json)
    from common import front

    if options.command == "demo":
        return front.demo(options.port, not options.no_browser)
    return front.serve(options.port, not options.no_browser, "", options.address, options.host_name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; a user's mistake is one line on stderr."""
    arguments = sys.argv[1:] if arguments is None else arguments
    raise_on_terminate()
    try:
        return _dispatch(arguments)
    except PilotError as error:
        if "--debug" in arguments:
            raise
        _say(error)
        return error.exit_code
    except SystemExit as stopped:
        if isinstance(stopped.code, int) and stopped.code > 128:
            _say("stopped; nothing is left half-written.")
        raise
    except KeyboardInterrupt:
        print(file=sys.stderr)
        _say("stopped; nothing is left half-written.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from common import faults

        faults.note(error)
        if "--debug" in arguments:
            raise
        _say(faults.words(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())

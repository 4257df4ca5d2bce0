"""`pilots store verify | gc | export | import`: look after what is kept, and pass models on."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from common import home
from common.errors import StoreError

DAMAGED = 5
"""Exit code when something is damaged."""
MODELS = "models"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare `pilots store` and what it does."""
    parser = commands.add_parser("store", help="check, clean, export or import what is kept")
    actions = parser.add_subparsers(dest="store", required=True, metavar="ACTION")
    where = "a folder of runs, models, jobs or results (default: what is kept for you, and runs/ here)"
    check = actions.add_parser("verify", help="find damaged models, checkpoints, results, runs and jobs")
    clean = actions.add_parser("gc", help="remove unfinished and damaged leftovers")
    for action in (check, clean):
        action.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help=where)
        action.add_argument("--json", action="store_true", help="print JSON")
    clean.add_argument("--dry-run", action="store_true", help="only say what would go")
    clean.add_argument(
        "--previous", action="store_true", help="also what was stored before, where the newer one is whole"
    )
    out = actions.add_parser("export", help="write a stored model as one ZIP file")
    out.add_argument("model", type=Path, metavar="MODEL_FOLDER", help="the model's folder, or its run's")
    out.add_argument("file", type=Path, metavar="FILE.zip", help="where to write it")
    come = actions.add_parser("import", help="take in a model that `pilots store export` wrote")
    come.add_argument("file", type=Path, metavar="FILE.zip", help="the file; only from whom you trust")
    come.add_argument(
        "--to",
        type=Path,
        metavar="FOLDER",
        help="where to store it (default: models/NAME in your data folder)",
    )


def run(options: argparse.Namespace, warn: Callable[[str], None]) -> int:
    """Do what `pilots store` was asked; 5 when something is damaged or cannot be removed.

    Args:
        options: as `add_commands` declares them.
        warn: told in one sentence when an import cannot be written into the audit log.
    """
    if options.store == "verify":
        return _verify(_chosen(options.folder), options.json)
    if options.store == "gc":
        return _gc(_chosen(options.folder), options)
    if options.store == "import":
        return _import(options, warn)
    from common.store.packing import export_model

    size = export_model(_model_in(options.model), options.file)
    print(f"exported: {options.file}, {_megabytes(size)}")
    return 0


def _import(options: argparse.Namespace, warn: Callable[[str], None]) -> int:
    from common.audited import Audited
    from common.store.packing import import_model

    with Audited("import", "", warn) as audited:
        audited.options(options)
        target = options.to or home.folder() / MODELS / _plain_name(options.file)
        there = target.exists()
        audited.trained(import_model(options.file, target))
    print(f"model folder: {target}" + (f" (the one before: {target}.previous)" if there else ""))
    return 0


def _chosen(folder: Path | None) -> list[Path]:
    if folder is not None:
        return [folder]
    own = home.folder()
    kept = [place for place in (own, Path("runs")) if place.is_dir()]
    if not kept:
        raise StoreError("nothing is kept there yet", where=str(own), mend="name a folder, for example: runs")
    return kept


def _verify(roots: Sequence[Path], as_json: bool) -> int:
    from common.store.cleaning import leftovers
    from common.store.survey import survey

    found = []
    for root in roots:
        for one in survey(root):
            found.append(one)
            if not as_json:
                state = f": {one.what}; {one.mend}." if one.what else ""
                word = "damaged" if one.what else "ok"
                print(f"{word:<8} {one.kind:<11} {_shown(one.path, root)}{state}", flush=True)
    damaged = [one for one in found if one.what]
    left = sum(1 for root in roots for _ in leftovers(root))
    if as_json:
        items = [
            {"kind": o.kind, "path": str(o.path), "ok": not o.what, "what": o.what, "mend": o.mend}
            for o in found
        ]
        print(json.dumps({"checked": len(found), "damaged": len(damaged), "leftovers": left, "items": items}))
    else:
        print(f"{len(found):,} checked, {len(damaged):,} damaged")
        if left:
            print(f"{left:,} leftovers; `pilots store gc` removes them")
    if damaged:
        places = " and ".join(map(str, roots))
        print(f"pilots: {len(damaged):,} of the things kept in {places} are damaged.", file=sys.stderr)
        return DAMAGED
    return 0


def _gc(roots: Sequence[Path], options: argparse.Namespace) -> int:
    from common.store.cleaning import clean, leftovers

    dry = options.dry_run
    look = leftovers if dry else clean
    found = [(root, one) for root in roots for one in look(root, previous=options.previous)]
    gone = [(root, one) for root, one in found if one.removed or dry]
    total = sum(one.size_bytes for _, one in gone)
    if options.json:
        items = [
            {"path": str(o.path), "why": o.why, "bytes": o.size_bytes, "removed": o.removed} for _, o in found
        ]
        print(json.dumps({"dry_run": dry, "count": len(gone), "bytes": total, "items": items}))
    else:
        for root, one in gone:
            word = "would go" if dry else "removed"
            print(f"{word:<8} {_megabytes(one.size_bytes):>12}  {_shown(one.path, root)} ({one.why})")
        print(f"{len(gone):,} {'would go' if dry else 'removed'}, {total:,} bytes")
    if len(gone) < len(found):
        kept = next(one.path for _, one in found if not one.removed)
        raise StoreError("it cannot be removed", where=str(kept), mend="check who may write there")
    return 0


def _model_in(folder: Path) -> Path:
    inner = folder / "model"
    return inner if inner.is_dir() else folder


def _plain_name(file: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip(".-") or "model"


def _shown(path: Path, root: Path) -> str:
    shown = str(path.relative_to(root)) if path != root and root.is_absolute() else str(path)
    return "".join(c if c.isprintable() else "?" for c in shown)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.2f} MB"

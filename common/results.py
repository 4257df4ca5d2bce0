"""A pilot's result on disk: one JSON file and one Parquet file a table, written whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import StoreError
from common.pilot import Result

if TYPE_CHECKING:
    import pandas as pd

RESULT_FILE = "result.json"


def write_result(result: Result, folder: Path) -> Path:
    """Write a result into `folder`, replacing an older one there; other files in it stay.

    Tables go to `tables/<name>.parquet`, all else to `result.json`, which is written last: a folder
    without it holds no result.

    Raises:
        StoreError: the folder cannot be written; what stood there before is untouched.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".tables-", dir=folder))
        try:
            for name, table in result.tables.items():
                table.to_parquet(fresh / f"{name}.parquet", index=False)
            text = json.dumps(
                {
                    "summary": result.summary,
                    "numbers": dict(result.numbers),
                    "warnings": list(result.warnings),
                    "provenance": dict(result.provenance),
                    "shown": list(result.shown),
                },
                indent=2,
                ensure_ascii=False,
                default=str,
            )
            (fresh / RESULT_FILE).write_text(text, encoding="utf-8")
            (folder / RESULT_FILE).unlink(missing_ok=True)
            shutil.rmtree(folder / "tables", ignore_errors=True)
            (fresh / RESULT_FILE).replace(fresh.with_suffix(".json"))
            fresh.replace(folder / "tables")
            fresh.with_suffix(".json").replace(folder / RESULT_FILE)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.with_suffix(".json").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"the result cannot be written ({error.strerror})",
            where=str(folder),
            mend="choose a folder with free space that you may write to",
        ) from error
    return folder


def read_result(folder: Path) -> Result:
    """Read what `write_result` wrote.

    Raises:
        StoreError: there is no complete result in the folder.
    """
    import pandas as pd

    try:
        stored = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            "there is no complete result here", where=str(folder), mend="run it again"
        ) from error
    tables: dict[str, pd.DataFrame] = {
        path.stem: pd.read_parquet(path) for path in sorted((folder / "tables").glob("*.parquet"))
    }
    return Result(
        summary=stored["summary"],
        tables=tables,
        numbers=stored["numbers"],
        warnings=stored["warnings"],
        provenance=stored["provenance"],
        shown=stored["shown"],
    )

"""A pilot's result on disk: the sealed folder `result/` with one JSON file and one Parquet file a table.

It is written whole or not at all and checked before it is read, see `common.store`. Exports for people lie
beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import StoreError
from common.pilot import Result
from common.store import MANIFEST, reading, refusal, save_folder

if TYPE_CHECKING:
    import pandas as pd

FOLDER, FACTS, TABLES = "result", "result.json", "tables"
RESULT_FILE = f"{FOLDER}/{MANIFEST}"
"""Written last, and anew with every result: its time tells whether a result is another one."""


def write_result(result: Result, folder: Path) -> Path:
    """Write a result into `folder`, as `result/`; other files stay, an older result as `result.previous/`.

    Raises:
        StoreError: the folder cannot be written; what stood there before is untouched.
    """

    def write(fresh: Path) -> None:
        (fresh / TABLES).mkdir()
        for name, table in result.tables.items():
            table.to_parquet(fresh / TABLES / f"{name}.parquet", index=False)
        facts = {
            "summary": result.summary,
            "numbers": dict(result.numbers),
            "warnings": list(result.warnings),
            "provenance": dict(result.provenance),
            "shown": list(result.shown),
        }
        text = json.dumps(facts, indent=2, ensure_ascii=False, default=str)
        (fresh / FACTS).write_text(text, encoding="utf-8")

    with refusal("the result cannot be written", folder):
        save_folder(folder / FOLDER, write)
    return folder


def read_result(folder: Path) -> Result:
    """Read what `write_result` wrote, once every file of it is checked.

    A damaged result gives way, with a warning in the log, to the one that was written before it.

    Raises:
        StoreError: there is no complete result in the folder.
    """
    import pandas as pd

    try:
        with reading(folder / FOLDER) as checked:
            stored = json.loads((checked / FACTS).read_text(encoding="utf-8"))
            tables: dict[str, pd.DataFrame] = {
                path.stem: pd.read_parquet(path) for path in sorted((checked / TABLES).glob("*.parquet"))
            }
            return Result(
                summary=stored["summary"],
                tables=tables,
                numbers=stored["numbers"],
                warnings=stored["warnings"],
                provenance=stored["provenance"],
                shown=stored["shown"],
            )
    except StoreError as error:
        raise StoreError(
            f"there is no complete result here: {error.what}", where=str(folder), mend="run it again"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            "the result is one of another version of the suite", where=str(folder), mend="run it again"
        ) from error

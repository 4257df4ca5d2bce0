"""The one door for files from outside; docs/intake.md shows how a reader is added.

`take` looks at a file's size and content and refuses what is not wanted; `Taken.parse` lets a reader work on
it in a child that can read nothing else, write nothing and connect to nothing, and hands back arrays.
"""

from common.intake.door import Taken, take, warm
from common.intake.kinds import CSV, PARQUET, TABLES
from common.intake.naming import shown_name

__all__ = ["CSV", "PARQUET", "TABLES", "Taken", "shown_name", "take", "warm"]

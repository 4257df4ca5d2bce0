"""Models, results, checkpoints and records on disk: whole or not at all, and nothing is opened unchecked.

    files       one file: temporary name, the disk, then its own name
    unfinished  what is being written, and what ended processes left of it
    locking     one writer at a time, and none while somebody reads
    manifest    size and sha256 of every file, checked before anything is parsed
    folders     a sealed folder, with the one before it as the way back
    models      a sealed folder with a model card

`pilots store` checks, cleans, exports and imports what is kept: see `common.store_commands`.
"""

from common.store.files import (
    atomic_write,
    is_as_stamped,
    make_folder,
    refusal,
    sha256,
    stamped,
    sync,
    write_whole,
)
from common.store.folders import PREVIOUS, discard, previous_of, publish, reading, save_folder
from common.store.locking import held, writing
from common.store.manifest import MANIFEST, is_whole, seal, verify
from common.store.models import CARD, CARD_FACTS, latest, models, open_model, read_card, save_model
from common.store.unfinished import PARTIAL, clear, new_name, remove, seized, target_name, unfinished

__all__ = [
    "CARD",
    "CARD_FACTS",
    "MANIFEST",
    "PARTIAL",
    "PREVIOUS",
    "atomic_write",
    "clear",
    "discard",
    "held",
    "is_as_stamped",
    "is_whole",
    "latest",
    "make_folder",
    "models",
    "new_name",
    "open_model",
    "previous_of",
    "publish",
    "read_card",
    "reading",
    "refusal",
    "remove",
    "save_folder",
    "save_model",
    "seal",
    "seized",
    "sha256",
    "stamped",
    "sync",
    "target_name",
    "unfinished",
    "verify",
    "write_whole",
    "writing",
]

"""A stored model as one file to pass on: out as a plain zip, in through the door.

The zip is uncompressed and the same model always gives the same bytes. What comes in is unpacked entry by
entry into an unfinished folder, checked there, and stored only when all of it is right. The manifest tells
damage, not who made the model: take in models only from where you trust them.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from common.errors import IntakeError, StoreError
from common.intake.kinds import LIGHTGBM, SAFETENSORS
from common.store.files import BLOCK_BYTES, make_folder, refusal, sync
from common.store.folders import publish, reading
from common.store.locking import writing
from common.store.manifest import MANIFEST, MAX_BYTES, listed, seal, verify
from common.store.models import read_card
from common.store.unfinished import unfinished

if TYPE_CHECKING:
    from common.intake.archive import Archive

ENDINGS = (".json", ".safetensors", ".txt", ".parquet", ".nc", ".toml", ".md", ".csv")
"""What a model may consist of."""
PARSED, JSON = {".safetensors": SAFETENSORS, ".txt": LIGHTGBM}, ".json"
"""Endings that the door's child parses once on the way in. A text must be trees: LightGBM believes any."""
MAX_ENTRIES = 1000
MAX_TOTAL_BYTES = 4 << 30
MAX_RATIO = 50
"""Bytes out for a byte in, beyond 64 MB: JSON packs to a tenth, weights hardly."""
_DATE = (1980, 1, 1, 0, 0, 0)


def export_model(folder: Path, target: Path) -> int:
    """Write a stored model, checked, as an uncompressed zip.

    Args:
        folder: the model's folder.
        target: the zip; one that stands there is replaced.

    Returns:
        The zip's size in bytes.

    Raises:
        StoreError: the model is damaged, holds what `import_model` would refuse, or cannot be written.
    """
    with reading(folder) as checked, refusal("the model cannot be written", target):
        names = sorted(p.relative_to(checked).as_posix() for p in checked.rglob("*") if p.is_file())
        for name in names:
            if problem := _unwanted(name):
                raise StoreError(problem, where=str(folder), mend="leave it out of the model")
        read_card(checked)
        make_folder(target.parent)
        with unfinished(target) as fresh:
            with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
                for name in [*(n for n in names if n != MANIFEST), MANIFEST]:
                    _add(archive, name, checked / name)
            sync(fresh)
            size = fresh.stat().st_size
            fresh.replace(target)
        sync(target.parent)
    return size


def import_model(source: Path, folder: Path) -> Path:
    """Store a model that came as a zip of `export_model`, once all of it was checked.

    Args:
        source: the zip.
        folder: where the model shall be; one that was stored there becomes `<name>.previous`.

    Raises:
        IntakeError: it is no such zip, or holds what no model holds.
        StoreError: it is damaged, or cannot be stored.
    """
    with _opened(source) as archive:
        sizes = _listed(archive, source.name)
        with refusal("the model cannot be stored", folder):
            make_folder(folder.parent)
            with unfinished(folder, folder=True) as fresh:
                for name in archive.names:
                    _unpack(archive, name, fresh, sizes.get(name, MAX_BYTES), source.name)
                _check(fresh, source.name)
                seal(fresh)  # spells the same manifest, and brings every file to the disk
                with writing(folder):
                    publish(fresh, folder)
    return folder


@contextmanager
def _opened(source: Path) -> Iterator[Archive]:
    from common.intake.archive import open_archive
    from common.intake.copying import opened

    handle, size = opened(source)
    with os.fdopen(handle, "rb") as file:
        if file.read(4) != b"PK\x03\x04" or not size:
            raise IntakeError(
                "this is no ZIP archive",
                where=source.name,
                mend="bring a file that `pilots store export` wrote",
            )
        file.seek(0)
        yield open_archive(
            file,
            source.name,
            max_entries=MAX_ENTRIES,
            max_total_bytes=MAX_TOTAL_BYTES,
            max_ratio=MAX_RATIO,
        )


def _listed(archive: Archive, where: str) -> dict[str, int]:
    """Names and sizes of what the manifest lists, after comparing them with the archive's."""
    mend = "export the model anew"
    if MANIFEST not in archive.names or archive.size_bytes(MANIFEST) > MAX_BYTES:
        raise IntakeError(
            "there is no manifest in it, so it is no stored model",
            where=where,
            mend="bring a file that `pilots store export` wrote",
        )
    try:
        sizes = {name: size for name, (size, _) in listed(archive.read(MANIFEST)).items()}
    except ValueError as error:
        raise IntakeError("the manifest in it cannot be read", where=where, mend=mend) from error
    for name in archive.names:
        if problem := _unwanted(name):
            raise IntakeError(problem, where=where, mend="leave it out of the model")
        if name != MANIFEST and name not in sizes:
            raise IntakeError(f"the manifest in it does not list '{name}'", where=where, mend=mend)
    folders = {str(above) for name in archive.names for above in PurePosixPath(name).parents}
    for name, size in sizes.items():
        if name not in archive.names:
            raise IntakeError(f"'{name}' is missing in it", where=where, mend=mend)
        if name in folders or archive.size_bytes(name) != size:
            raise IntakeError(f"'{name}' in it is not what the manifest lists", where=where, mend=mend)
    return sizes


def _unwanted(name: str) -> str:
    """What speaks against a file of this name in a model, or ""."""
    path = PurePosixPath(name)
    if path.suffix not in ENDINGS:
        return f"'{name}' is of a kind that no model holds"
    if any(part.startswith(".") for part in path.parts):
        return f"'{name}' is a hidden file"
    return ""


def _unpack(archive: Archive, name: str, fresh: Path, most_bytes: int, where: str) -> None:
    path = fresh / name
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("xb") as file:
        for block in archive.blocks(name):
            written += len(block)
            if written > most_bytes:
                raise IntakeError(
                    f"'{name}' in it is larger than it says", where=where, mend="export the model anew"
                )
            file.write(block)


def _check(fresh: Path, where: str) -> None:
    """Hold every file against the manifest, then let the door look at those that a reader would believe."""
    from common.intake import take
    from common.intake.strict_json import loads

    try:
        verify(fresh)
        read_card(fresh)
    except StoreError as error:
        raise IntakeError(error.what, where=where, mend="export the model anew") from error
    for path in sorted(p for p in fresh.rglob("*") if p.is_file()):
        try:
            if path.suffix in PARSED:
                take(path, (PARSED[path.suffix],)).parse()
            elif path.suffix == JSON:
                loads(path.read_bytes(), path.name, keep_nan=True)
        except IntakeError as error:
            name = path.relative_to(fresh).as_posix()
            raise IntakeError(error.what, where=f"{where}, {name}", mend=error.mend) from error


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    entry.file_size = path.stat().st_size  # tells zipfile whether 64-bit sizes are needed
    with path.open("rb") as file, archive.open(entry, "w") as out:
        while block := file.read(BLOCK_BYTES):
            out.write(block)

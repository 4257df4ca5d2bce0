"""What an HDF5 file holds, looked over before any of its data are read.

An HDF5 file may keep its values in other files, link to other files, and show parts of others as its own;
the library follows all of that when a variable is opened. So every group, link, data set and attribute is
looked at first by its description alone, and only plain numbers and texts within the file pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common.errors import IntakeError
from common.intake.formats.stored import MAX_CHUNK_BYTES, MAX_TEXTS, shown

if TYPE_CHECKING:
    import h5py

_DEEPEST, _MAX_OBJECTS, _MAX_ATTRIBUTES, _ATTRIBUTE_BYTES = 32, 20_000, 2_000, 4 << 20
# gzip, shuffle, fletcher32, szip, n-bit, scale-offset; lzf
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}
_OF_DIMENSIONS = (b"DIMENSION_LIST", b"REFERENCE_LIST")


@dataclass
class Looked:
    """What was found.

    Attributes:
        datasets: paths of the data sets.
        groups: paths of the groups besides the root.
    """

    datasets: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


def look_over(file: h5py.File, where: str) -> Looked:
    """Refuse what reaches out of the file or is no plain data.

    Args:
        file: opened for reading; nothing in it was opened yet.
        where: its name, for messages.

    Raises:
        IntakeError: it links elsewhere, holds what is not taken in, or has no end.
    """
    import h5py

    looked = Looked()
    softs: list[tuple[h5py.Group, str, str]] = []
    root = file["/"]
    _check_attributes(root.id, "/", where)
    seen = {h5py.h5o.get_info(root.id).addr}
    stack: list[tuple[h5py.Group, str, int]] = [(root, "", 0)]
    while stack:
        group, path, depth = stack.pop()
        if depth > _DEEPEST or len(seen) + len(softs) + len(group) > _MAX_OBJECTS:
            raise _refused("it holds more groups and variables than a grid has", where)
        for name in group:
            inner = f"{path}/{name}"
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink):
                softs.append((group, name, inner))
                continue
            if not isinstance(link, h5py.HardLink):
                raise _refused(f"'{shown(inner)}' is a link to another file", where)
            one = group[name]
            address = h5py.h5o.get_info(one.id).addr
            if address in seen:
                if isinstance(one, h5py.Group):
                    raise _refused(f"the group '{shown(inner)}' occurs twice in it, or holds itself", where)
                continue
            seen.add(address)
            if isinstance(one, h5py.Group):
                looked.groups.append(inner)
                stack.append((one, inner, depth + 1))
            elif isinstance(one, h5py.Dataset):
                looked.datasets.append(inner)
                _check_dataset(one, inner, where)
            _check_attributes(one.id, inner, where)
    # All that is reachable was seen by now, so that a link within the file leads to what was looked at.
    for group, name, inner in softs:
        try:
            known = h5py.h5o.get_info(group[name].id).addr in seen
        except (KeyError, OSError, RuntimeError):
            known = False
        if not known:
            raise _refused(f"'{shown(inner)}' is a link that leads nowhere", where)
    return looked


def _check_dataset(one: h5py.Dataset, path: str, where: str) -> None:
    import h5py

    said = f"'{shown(path.removeprefix('/'))}'"
    plan = one.id.get_create_plist()
    layout = plan.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise _refused(f"the values of {said} are a view of other files", where)
    if layout == h5py.h5d.CONTIGUOUS and plan.get_external_count():
        raise _refused(f"the values of {said} are kept in another file", where)
    for number in range(plan.get_nfilters()):
        code = plan.get_filter(number)[0]
        if code not in _FILTERS:
            raise _refused(
                f"the values of {said} are packed in a way that is not taken in (HDF5 filter {code})", where
            )
    kind = one.id.get_type()
    if not _is_plain(kind):
        raise _refused(f"{said} holds references, structures or other things than numbers and texts", where)
    width = kind.get_size()
    if isinstance(kind, h5py.h5t.TypeStringID) and one.id.get_space().get_simple_extent_npoints() > MAX_TEXTS:
        raise _refused(f"{said} holds more than {MAX_TEXTS:,} texts", where)
    if layout == h5py.h5d.CHUNKED:
        for length in plan.get_chunk():
            width *= length
        if width > MAX_CHUNK_BYTES:
            raise _refused(
                f"{said} is kept in pieces of {width / 1e6:,.0f} MB, too large to unpack one", where
            )


def _is_plain(kind: h5py.h5t.TypeID) -> bool:
    import h5py

    number = h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID
    if isinstance(kind, h5py.h5t.TypeEnumID):
        return True
    return isinstance(kind, number | h5py.h5t.TypeStringID) and kind.get_size() <= 1 << 20


def _check_attributes(one: Any, path: str, where: str) -> None:
    import h5py

    said = f"'{shown(path)}'"
    count = h5py.h5a.get_num_attrs(one)
    if count > _MAX_ATTRIBUTES:
        raise _refused(f"{said} has {count:,} attributes", where)
    for number in range(count):
        attribute = h5py.h5a.open(one, index=number)
        kind = attribute.get_type()
        # By these two, NetCDF tells which dimensions a variable has; they lead to places within the file.
        if attribute.name in _OF_DIMENSIONS:
            continue
        if isinstance(kind, h5py.h5t.TypeReferenceID | h5py.h5t.TypeOpaqueID):
            raise _refused(f"an attribute of {said} is a reference or of no known type", where)
        points = max(attribute.get_space().get_simple_extent_npoints(), 1)
        if kind.get_size() * points > _ATTRIBUTE_BYTES:
            raise _refused(f"an attribute of {said} is larger than any description", where)


def _refused(what: str, where: str) -> IntakeError:
    return IntakeError(
        what, where=where, mend="export it anew as a NetCDF-4 file that holds all its values itself"
    )

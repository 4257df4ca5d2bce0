"""A LightGBM model as text, for import into the store: looked over line by line before LightGBM sees it.

LightGBM ends the process on damaged models, or reads them wrongly: what it gets here is exactly what it
writes itself. A changed number within a leaf cannot be noticed from the file; the store's sha256 does that.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from common.errors import IntakeError
from common.intake.formats.lightgbm_tree import check_tree
from common.intake.parcel import Parcel
from common.intake.source import Source
from common.intake.strict_json import loads, shown

MAX_FEATURES = 100_000
MAX_TREES = 100_000
MAX_CLASSES = 10_000
_MEND = "export or copy it anew"
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_HEAD = (
    "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective",
    "average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes",
)  # fmt: skip
_NEEDED = (
    "version", "num_class", "num_tree_per_iteration", "max_feature_idx", "feature_names", "feature_infos",
    "tree_sizes",
)  # fmt: skip
_VERSIONS = ("v3", "v4")
_OBJECTIVE = re.compile(
    r"(?P<name>regression(?: sqrt)?|regression_l1|huber|fair|poisson|quantile|mape|gamma|tweedie"
    r"|cross_entropy|cross_entropy_lambda|lambdarank|rank_xendcg|custom"
    r"|binary sigmoid:(?P<binary>\d+(?:\.\d+)?)"
    r"|multiclass num_class:(?P<one>\d{1,5})"
    r"|multiclassova num_class:(?P<many>\d{1,5}) sigmoid:(?P<each>\d+(?:\.\d+)?))"
)
_INFO = re.compile(rf"none|\[({_NUMBER}):({_NUMBER})\]|-?\d+(?::-?\d+)*")
_END = b"end of trees\n"
_IMPORTANCE = re.compile(rf"(.+)={_NUMBER}", re.I)
_PARAMETER = re.compile(r"\[\w+: ?[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]")


@dataclass
class _Head:
    """What the head of a model states, checked."""

    trees: list[int]
    names: list[str]
    classes: int
    objective: str


def read(source: Source) -> Parcel:
    """Check a model, load it, and let it predict for rows of zeros, of nothing and of large numbers.

    Returns:
        Facts: trees, features, feature_names, classes, objective ("" for one of the user's own).
        Array `at_zero`: the prediction for a row of zeros, shape (classes,).

    Raises:
        IntakeError: it is cut off, damaged, not as LightGBM writes it, or lacks `tree_sizes`.
    """
    data, where = source.read(), source.name
    if b"\r" in data or b"\x00" in data:
        _fail("its line ends were changed or it is damaged", where)
    front, sign, _ = data.partition(b"\n\nTree=0\n")
    if not sign:
        _fail("it is cut off: there is no tree in it", where)
    head = _head(_text(front, where).split("\n"), where)
    begin = len(front) + 2
    for number, size in enumerate(head.trees):
        block, title = data[begin : begin + size], b"Tree=%d\n" % number
        at = f"{where}, tree {number}"
        if len(block) < size or not block.startswith(title) or not block.endswith(b"\n\n\n"):
            _fail("it is not where the head says, or cut off", at)
        check_tree(block[len(title) : -3], len(head.names), at)
        begin += size
    if not data.startswith(_END, begin):
        _fail("it is cut off after its trees, or holds more than its head says", where)
    _check_rest(_text(data[begin + len(_END) :], where), head, where)
    return _loaded(data, head, where)


def _fail(what: str, where: str) -> NoReturn:
    raise IntakeError(what, where=where, mend=_MEND)


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        _fail("its text is damaged", where)


def _head(lines: list[str], where: str) -> _Head:
    fields: dict[str, str] = {}
    if lines[0] != "tree":
        _fail("it does not begin as a LightGBM model does", where)
    for number, line in enumerate(lines[1:], 2):
        key, sign, value = line.partition("=")
        if key not in _HEAD or key in fields or bool(sign) == (key == "average_output"):
            _fail(f"'{shown(line)}' does not belong there", f"{where}, line {number}")
        fields[key] = value
    if lacking := next((key for key in _NEEDED if key not in fields), None):
        _fail(f"'{lacking}' is missing in its head", where)
    if fields["version"] not in _VERSIONS:
        raise IntakeError(
            f"its version '{shown(fields['version'])}' is not known",
            where=where,
            mend="save it with LightGBM 4",
        )
    features = _whole(fields, "max_feature_idx", 0, MAX_FEATURES - 1, where) + 1
    if "label_index" in fields:
        _whole(fields, "label_index", 0, MAX_FEATURES, where)
    classes = _whole(fields, "num_class", 1, MAX_CLASSES, where)
    each = _whole(fields, "num_tree_per_iteration", 1, MAX_CLASSES, where)
    sizes = fields["tree_sizes"].split(" ")
    if not all(re.fullmatch(r"[1-9]\d{0,9}", size) for size in sizes) or len(sizes) > MAX_TREES:
        _fail("'tree_sizes' in its head is no list of sizes", where)
    objective = _objective(fields.get("objective"), classes, where)
    if each != classes or len(sizes) % each:
        _fail(f"{len(sizes):,} trees do not fit {classes:,} classes", where)
    names = fields["feature_names"].split(" ")
    if len(names) != features or not all(name and name.isprintable() for name in names):
        _fail(f"it has {len(names):,} feature names for {features:,} features", where)
    if len(set(names)) < features:
        _fail("two features share a name", where)
    _check_infos(fields, features, where)
    return _Head([int(size) for size in sizes], names, classes, objective)


def _whole(fields: dict[str, str], key: str, least: int, most: int, where: str) -> int:
    value = fields[key]
    if not re.fullmatch(r"0|[1-9]\d{0,8}", value) or not least <= int(value) <= most:
        _fail(f"'{key}' in its head is '{shown(value)}'", where)
    return int(value)


def _objective(text: str | None, classes: int, where: str) -> str:
    """The objective, "" where the line is missing as for one of the user's own.

    Its number of classes must fit: LightGBM writes as many values as it says. An empty line ends the process.
    """
    if text is None:
        return ""
    found = _OBJECTIVE.fullmatch(text)
    if not found:
        _fail(f"its objective '{shown(text)}' is not known", where)
    said = int(found["one"] or found["many"] or 1)
    if said != classes:
        _fail(f"its objective has {said:,} classes, its head {classes:,}", where)
    if any(found[key] is not None and not 0 < float(found[key]) < math.inf for key in ("binary", "each")):
        _fail("the sigmoid of its objective is 0", where)
    return text


def _check_infos(fields: dict[str, str], features: int, where: str) -> None:
    infos = fields["feature_infos"].split(" ")
    if len(infos) != features:
        _fail(f"it has {len(infos):,} feature_infos for {features:,} features", where)
    for info in infos:
        found = _INFO.fullmatch(info)
        if not found or (found[1] and not -math.inf < float(found[1]) <= float(found[2]) < math.inf):
            _fail(f"'{shown(info)}' in feature_infos makes no sense", where)
    if "monotone_constraints" in fields:
        signs = fields["monotone_constraints"].split(" ")
        if len(signs) != features or set(signs) - {"-1", "0", "1"}:
            _fail("'monotone_constraints' does not fit the features", where)


def _check_rest(text: str, head: _Head, where: str) -> None:
    """What follows the trees: importances, the parameters of the training, and pandas' categories."""
    parts = text.split("\n\n")
    opening = parts[0].strip("\n").split("\n")
    if opening[0] != "feature_importances:":
        _fail("it is cut off after its trees", where)
    names = set(head.names)
    for line in opening[1:]:
        found = _IMPORTANCE.fullmatch(line)
        if not found or found[1] not in names:
            _fail(f"the importance '{shown(line)}' does not belong there", where)
    rest = [part.strip("\n") for part in parts[1:]]
    if rest and rest[0].startswith("parameters:"):
        lines = rest.pop(0).split("\n")[1:]
        if not rest or rest.pop(0) != "end of parameters" or not all(map(_PARAMETER.fullmatch, lines)):
            _fail("its parameters are cut off or damaged", where)
    if rest and rest[0].startswith("pandas_categorical:"):
        said = rest.pop(0).removeprefix("pandas_categorical:")
        found = loads(said.encode(), where, max_depth=2)
        if found is not None and not (
            isinstance(found, list) and all(isinstance(one, list) for one in found)
        ):
            _fail("its categories of pandas are no lists", where)
    if any(rest):
        _fail("more follows than LightGBM writes", where)


def _loaded(data: bytes, head: _Head, where: str) -> Parcel:
    import lightgbm
    import numpy as np

    count = len(head.names)
    rows = np.zeros((4, count))
    rows[1:] = np.array([[np.nan], [1e30], [-1e30]])
    try:
        booster = lightgbm.Booster(params={"num_threads": 1, "verbosity": -1}, model_str=data.decode("utf-8"))
        same = booster.num_trees() == len(head.trees) and booster.num_feature() == count
        found = np.asarray(booster.predict(rows, num_threads=1), np.float64).reshape(len(rows), -1)
    except (lightgbm.basic.LightGBMError, ValueError, TypeError, KeyError) as error:
        raise IntakeError("LightGBM cannot load it", where=where, mend=_MEND) from error
    if not same or found.shape[1] != head.classes or not np.isfinite(found[0]).all():
        _fail("LightGBM reads it as another model than it states", where)
    facts = {
        "trees": len(head.trees),
        "features": count,
        "feature_names": head.names,
        "classes": head.classes,
        "objective": head.objective,
    }
    return Parcel(facts, {"at_zero": found[0]}, {}, [])

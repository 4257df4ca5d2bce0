"""One tree of a LightGBM text model, held against what LightGBM itself writes.

LightGBM believes what it reads: a child beyond the last node or a cycle ends the process or never ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from common.errors import IntakeError
from common.intake.strict_json import shown

MAX_LEAVES = 131_072
"""LightGBM's own bound."""
MAX_DEPTH = 4_096
"""Beyond it, what LightGBM does by recursion (SHAP values, depths) could run out of stack."""
_MEND = "export or copy it anew"
# Keys in the order of the file; with how many values each has: nodes (leaves - 1), leaves, or another count.
_NODES, _LEAVES, _ONE, _OTHER = "nodes", "leaves", "one", "other"
_KEYS = {
    "num_leaves": _ONE, "num_cat": _ONE, "split_feature": _NODES, "split_gain": _NODES, "threshold": _NODES,
    "decision_type": _NODES, "left_child": _NODES, "right_child": _NODES, "leaf_value": _LEAVES,
    "leaf_weight": _LEAVES, "leaf_count": _LEAVES, "internal_value": _NODES, "internal_weight": _NODES,
    "internal_count": _NODES, "cat_boundaries": _OTHER, "cat_threshold": _OTHER, "is_linear": _ONE,
    "leaf_const": _LEAVES, "num_features": _LEAVES, "leaf_features": _OTHER, "leaf_coeff": _OTHER,
    "shrinkage": _ONE,
}  # fmt: skip
_REAL = {
    "split_gain", "threshold", "leaf_value", "leaf_weight", "internal_value", "internal_weight", "leaf_const",
    "leaf_coeff", "shrinkage",
}  # fmt: skip
_NEEDED = ("num_leaves", "num_cat", "leaf_value", "shrinkage")
_NEEDED_NODES = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_LINEAR = ("leaf_const", "num_features", "leaf_features", "leaf_coeff")
_CATEGORICAL = ("cat_boundaries", "cat_threshold")
_WHOLE = re.compile(rb"(?:0|-?[1-9]\d{0,10})(?: (?:0|-?[1-9]\d{0,10}))*")
_SIGNS = b"0123456789+-.eE "
# A gain plays no part in predictions, and of very large labels it overflows.
_INFINITE = re.compile(rb"(?<![^ ])inf(?![^ ])")
_ENDLESS = re.compile(rb"(?<![^ ])-?(?:inf|nan)(?![^ ])")

Numbers = NDArray[Any]


@dataclass
class Tree:
    """A tree's values by key, and where it stands, for messages."""

    where: str
    values: dict[str, Numbers]

    def fail(self, what: str) -> NoReturn:
        """Refuse it."""
        raise IntakeError(what, where=self.where, mend=_MEND)


def check_tree(block: bytes, features: int, where: str) -> None:
    """Check one tree: the lines after `Tree=N`, up to the empty lines that close it.

    Args:
        block: these lines.
        features: how many features the model has.
        where: file and tree, for messages.

    Raises:
        IntakeError: a line is missing, twice or not known, has another number of values, or the nodes do not
            form one tree over all leaves.
    """
    tree = Tree(where, {})
    for line in block.split(b"\n"):
        name, sign, text = line.partition(b"=")
        key = name.decode("latin-1")
        if not sign or key not in _KEYS or key in tree.values:
            tree.fail(f"the line '{shown(line.decode('latin-1'))}' does not belong there")
        tree.values[key] = _numbers(key, text, tree)
    for key in _NEEDED:
        if key not in tree.values:
            tree.fail(f"'{key}' is missing")
    leaves = int(tree.values["num_leaves"].sum())  # one value, as is looked at below
    if not 1 <= leaves <= MAX_LEAVES:
        tree.fail(f"it has {leaves:,} leaves")
    _check_counts(tree, leaves)
    _check_linear(tree, features)
    if leaves > 1:
        _check_shape(tree, leaves)
        _check_splits(tree, features)
    elif tree.values["num_cat"][0]:
        tree.fail("it has no node but categories")


def _numbers(key: str, text: bytes, tree: Tree) -> Numbers:
    """The values of a line."""
    # LightGBM writes two blanks where a leaf of a linear tree ends.
    if key in ("leaf_features", "leaf_coeff"):
        text = b" ".join(text.split())
    kind = np.float64 if key in _REAL else np.int64
    if not text:
        return np.empty(0, kind)
    if kind == np.int64:
        if not _WHOLE.fullmatch(text):
            tree.fail(f"'{key}' holds what is no whole number")
        return np.array(text.split(b" ")).astype(np.int64)
    plain = _ENDLESS.sub(b"0", text) if key == "split_gain" else text
    if key == "threshold":  # "inf" parts what is missing from all the rest; no category has such a number
        plain = _INFINITE.sub(b"1e300", text)
    words = plain.split(b" ")
    if plain.translate(None, _SIGNS) or b"" in words:
        tree.fail(f"'{key}' holds what is no number")
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        tree.fail(f"'{key}' holds what is no number")
    if not np.isfinite(values).all():
        tree.fail(f"'{key}' holds an infinite number")
    return values


def _check_counts(tree: Tree, leaves: int) -> None:
    """Each line has as many values as there are nodes or leaves."""
    for key, values in tree.values.items():
        expected = {_NODES: leaves - 1, _LEAVES: leaves, _ONE: 1}.get(_KEYS[key], len(values))
        alone = leaves == 1 and key in ("leaf_weight", "leaf_count") and not len(values)
        if len(values) != expected and not alone:
            tree.fail(f"'{key}' has {len(values):,} values instead of {expected:,}")
    if leaves > 1:
        for key in _NEEDED_NODES:
            if key not in tree.values:
                tree.fail(f"'{key}' is missing")


def _check_shape(tree: Tree, leaves: int) -> None:
    """The nodes form one tree: each node but the first, and each leaf, is the child of one node before it."""
    nodes = leaves - 1
    children = np.stack([tree.values["left_child"], tree.values["right_child"]])
    if children.max() >= nodes or children.min() < -leaves:
        tree.fail("a node has a child that does not exist")
    inner = children >= 0
    times = np.bincount(children[inner], minlength=nodes)
    leaf_times = np.bincount(~children[~inner], minlength=leaves)
    # LightGBM numbers nodes as it makes them, so a child's number is above its parent's: no cycle can be.
    if (children[inner] <= np.broadcast_to(np.arange(nodes), (2, nodes))[inner]).any():
        tree.fail("its nodes form a circle")
    if times[0] or (times[1:] != 1).any() or (leaf_times != 1).any():
        tree.fail("a node or leaf has no parent, or several")
    left, right = children.tolist()
    depths = [0] * nodes
    for node in range(nodes):
        for child in (left[node], right[node]):
            if child >= 0:
                depths[child] = depths[node] + 1
    if max(depths) > MAX_DEPTH:
        tree.fail(f"it is {max(depths):,} nodes deep")
    _check_sums(tree, children)


def _check_sums(tree: Tree, children: Numbers) -> None:
    """The counts of a node's children add up to its own: a child that was exchanged shows."""
    if "leaf_count" not in tree.values or "internal_count" not in tree.values:
        return
    inner, leaf = tree.values["internal_count"], tree.values["leaf_count"]
    if inner.min() < 0 or leaf.min() < 0:
        tree.fail("a count is negative")
    counts = np.where(children >= 0, inner[np.maximum(children, 0)], leaf[np.maximum(~children, 0)])
    if (counts.sum(axis=0) != inner).any():
        tree.fail("the counts of its nodes do not add up")


def _check_splits(tree: Tree, features: int) -> None:
    """Features, kinds of decision and categories that exist."""
    values = tree.values
    split, kind, threshold = (values[key] for key in ("split_feature", "decision_type", "threshold"))
    if split.min() < 0 or split.max() >= features:
        tree.fail("a node asks for a feature that the model does not have")
    # Bit 0: categorical; bit 1: missing goes left; bits 2 and 3: what counts as missing, of which 3 is none.
    if kind.min() < 0 or kind.max() > 11:
        tree.fail("a kind of decision is not known")
    categorical = (kind & 1) == 1
    count = int(values["num_cat"][0])
    if count != categorical.sum() or sorted(threshold[categorical].tolist()) != list(range(count)):
        tree.fail("its categorical nodes do not fit their number")
    if not count:
        if any(key in values for key in _CATEGORICAL):
            tree.fail("it holds categories that no node uses")
        return
    if any(key not in values for key in _CATEGORICAL):
        tree.fail("its categories are missing")
    bounds, bits = values["cat_boundaries"], values["cat_threshold"]
    if len(bounds) != count + 1 or bounds[0] != 0 or (np.diff(bounds) < 1).any() or bounds[-1] != len(bits):
        tree.fail("the bounds of its categories do not fit")
    if bits.min() < 0 or bits.max() >= 1 << 32:
        tree.fail("its categories are out of range")


def _check_linear(tree: Tree, features: int) -> None:
    """The linear models at the leaves, where there are any."""
    values = tree.values
    is_linear = int(values["is_linear"][0]) if "is_linear" in values else 0
    given = [key for key in _LINEAR if key in values]
    if is_linear not in (0, 1) or len(given) != (len(_LINEAR) if is_linear else 0):
        tree.fail("its linear models are not whole")
    if not is_linear:
        return
    numbers, chosen = values["num_features"], values["leaf_features"]
    if numbers.min() < 0 or numbers.max() > features or numbers.sum() != len(chosen):
        tree.fail("its linear models do not fit their features")
    if len(values["leaf_coeff"]) != len(chosen):
        tree.fail("its linear models do not fit their coefficients")
    if len(chosen) and not (chosen.min() >= 0 and chosen.max() < features):
        tree.fail("a linear model asks for a feature that the model does not have")

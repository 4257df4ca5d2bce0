"""LightGBM models for the store: all that it writes itself loads, and damaged structure never does."""

from __future__ import annotations

import re
from collections import Counter

import lightgbm
import numpy as np
import pandas as pd
import pytest
from fuzzing import Attempts
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, hostile

from common import intake
from common.errors import IntakeError
from common.intake import kinds

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 5))
X[:, 4] = RANDOM.integers(0, 40, 400)
X[::7, 1] = np.nan
Y = X[:, 0] * 2 + X[:, 2]
STEPS = Y + X[:, 4] % 3 * 4
CLASSES = np.digitize(Y, [-1, 1])
SETTINGS = {"verbose": -1, "num_threads": 1, "num_leaves": 6, "deterministic": True, "seed": 1}
CATEGORIES = {"min_data_per_group": 5, "cat_smooth": 1}


def trained(labels=Y, group=None, categories="auto", features=X, **settings):
    data = lightgbm.Dataset(features, labels, group=group, categorical_feature=categories)
    return lightgbm.train(SETTINGS | settings, data, 4)


def own(predicted, data):
    return predicted - data.get_label(), np.ones(len(predicted))


MAKERS = {
    **{
        name: (lambda name=name: trained(objective=name))
        for name in ("regression", "regression_l1", "quantile")
    },
    "fair": lambda: trained(objective="fair"),
    "tweedie": lambda: trained(np.abs(Y), objective="tweedie"),
    "sqrt": lambda: trained(objective="regression", reg_sqrt=True),
    "binary": lambda: trained(Y > 0, objective="binary"),
    "cross_entropy": lambda: trained(Y > 0, objective="cross_entropy"),
    "multiclass": lambda: trained(CLASSES, objective="multiclass", num_class=3),
    "multiclassova": lambda: trained(CLASSES, objective="multiclassova", num_class=3),
    "lambdarank": lambda: trained(CLASSES, [100] * 4, objective="lambdarank"),
    # Where the best split parts missing values from all others its threshold is written as "inf".
    "missing": lambda: trained(np.isnan(X[:, 1]) * 5.0 + X[:, 0] / 100),
    "categories": lambda: trained(STEPS, categories=[4], **CATEGORIES),
    "one_hot": lambda: trained(STEPS, categories=[4], max_cat_to_onehot=100, **CATEGORIES),
    "linear": lambda: trained(linear_tree=True),
    "linear_categories": lambda: trained(STEPS, categories=[4], linear_tree=True, **CATEGORIES),
    "forest": lambda: trained(boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    "dart": lambda: trained(boosting="dart"),
    "goss": lambda: trained(data_sample_strategy="goss"),
    "quantized": lambda: trained(use_quantized_grad=True),
    "monotone": lambda: trained(monotone_constraints=[1, 0, 0, -1, 0]),
    "interactions": lambda: trained(interaction_constraints=[[0, 1], [2, 3]]),
    "stump": lambda: trained(min_data_in_leaf=1000),
    "own objective": lambda: trained(objective=own),
    "large": lambda: trained(Y * 1e25),
    "refitted": lambda: trained().refit(X, Y + 1),
}


@pytest.fixture(scope="module")
def texts():
    return {name: make().model_to_string() for name, make in MAKERS.items()}


@pytest.fixture
def read(tmp_path):
    def reads(text):
        path = tmp_path / "model.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return intake.take(path, kinds.MODELS).parse()

    return reads


def fitted(text):
    """The text with `tree_sizes` that fit its trees, so that damage within a tree is not seen by its size."""
    begin, end = text.find("Tree=0\n"), text.find("end of trees\n")
    if begin < 0 or end < begin:
        return text
    trees = re.split(r"(?m)^(?=Tree=\d+$)", text[begin:end])[1:]
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    return re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", text[:begin]) + text[begin:]


@pytest.mark.parametrize("name", MAKERS)
def test_reads_what_lightgbm_writes(read, texts, name):
    text = texts[name]
    assert fitted(text) == text
    parcel = read(text)
    booster = lightgbm.Booster(model_str=text)
    assert parcel.facts["trees"] == booster.num_trees()
    assert parcel.facts["features"] == 5
    assert parcel.facts["feature_names"] == booster.feature_name()
    np.testing.assert_array_equal(parcel.arrays["at_zero"], booster.predict(np.zeros((1, 5))).ravel())


def test_reads_pandas_categories_and_parts(read, tmp_path):
    frame = pd.DataFrame(X, columns=["load", "t°", "c", "d=e", "k"])
    frame["k"] = frame["k"].astype(int).astype(str).astype("category")
    booster = trained(STEPS, features=frame, **CATEGORIES)
    assert read(booster.model_to_string()).facts["feature_names"] == ["load", "t°", "c", "d=e", "k"]
    assert read(booster.model_to_string(num_iteration=2)).facts["trees"] == 2
    assert read(booster.model_to_string(start_iteration=1)).facts["trees"] == 3
    booster.save_model(tmp_path / "once.txt")
    again = lightgbm.Booster(model_file=tmp_path / "once.txt")
    assert read(again.model_to_string()).facts["trees"] == 4


def sub(pattern, by, count=1):
    return lambda text: re.sub(rf"(?m){pattern}", by, text, count=count)


DAMAGE = {
    "child too large": ("regression", sub(r"^left_child=\S+", "left_child=999999"), "does not exist"),
    "child too small": ("regression", sub(r"^right_child=\S+", "right_child=-999"), "does not exist"),
    "child of itself": ("regression", sub(r"^left_child=\S+", "left_child=0"), "form a circle"),
    "circle": ("regression", sub(r"^left_child=\d+ (\S+)", r"left_child=1 1"), "form a circle"),
    "leaf twice": ("regression", sub(r"(?<= )-\d+$", "-1"), "no parent, or several"),
    "feature too large": ("regression", sub(r"^split_feature=\d+", "split_feature=5"), "does not have"),
    "feature negative": ("regression", sub(r"^split_feature=\d+", "split_feature=-1"), "does not have"),
    "more leaves": ("regression", sub(r"^num_leaves=6", "num_leaves=7"), "values instead of"),
    "fewer leaves": ("regression", sub(r"^num_leaves=6", "num_leaves=5"), "values instead of"),
    "one leaf": ("regression", sub(r"^num_leaves=6", "num_leaves=1"), "values instead of"),
    "no leaves": ("regression", sub(r"^num_leaves=6", "num_leaves=0"), "it has 0 leaves"),
    "endless leaves": ("regression", sub(r"^num_leaves=6", "num_leaves=2000000000"), "leaves"),
    "leaf nan": ("regression", sub(r"^leaf_value=\S+", "leaf_value=nan"), "no number"),
    "leaf infinite": ("regression", sub(r"^leaf_value=\S+", "leaf_value=1e400"), "infinite number"),
    "leaf missing": ("regression", sub(r"^leaf_value=\S+ ", "leaf_value="), "5 values instead of 6"),
    "threshold a word": ("regression", sub(r"^threshold=\S+", "threshold=x"), "no number"),
    "threshold missing": ("regression", sub(r"^threshold=.*\n", ""), "'threshold' is missing"),
    "line twice": ("regression", sub(r"^(threshold=.*\n)", r"\1\1"), "does not belong there"),
    "line unknown": ("regression", sub(r"^threshold=.*\n", r"\g<0>spare=1\n"), "does not belong there"),
    "empty line": ("regression", sub(r"^threshold=.*\n", "\\g<0>\n"), "does not belong there"),
    "decision unknown": ("regression", sub(r"^decision_type=\d+", "decision_type=12"), "is not known"),
    "made categorical": ("regression", sub(r"^decision_type=\d+", "decision_type=1"), "categorical"),
    "categories unused": ("regression", sub(r"^num_cat=0", "num_cat=1"), "categorical"),
    "counts": ("regression", sub(r"^internal_count=\d+", "internal_count=1"), "do not add up"),
    "category beyond": ("categories", sub(r"^cat_boundaries=.*", "cat_boundaries=0 99"), "bounds of its"),
    "category back": ("categories", sub(r"^cat_boundaries=0 \d+", "cat_boundaries=0 0"), "bounds of its"),
    "category negative": ("categories", sub(r"^cat_threshold=\d+", "cat_threshold=-1"), "out of range"),
    "categories missing": ("categories", sub(r"^cat_threshold=.*\n", ""), "categories are missing"),
    "no categories": ("categories", sub(r"^num_cat=\d+", "num_cat=0"), "categorical"),
    "linear cut": ("linear", sub(r"^leaf_coeff=.*\n", ""), "linear models are not whole"),
    "linear not said": ("linear", sub(r"^is_linear=1", "is_linear=0", 9), "linear models are not whole"),
    "linear feature": ("linear", sub(r"^leaf_features=\d+", "leaf_features=77", 9), "does not have"),
    "linear numbers": ("linear", sub(r"^num_features=\d+", "num_features=9", 9), "do not fit"),
    "objective classes": ("multiclass", sub("num_class:3", "num_class:300"), "300 classes"),
    "classes": ("multiclass", sub("^num_class=3", "num_class=4"), "classes"),
    "trees an iteration": ("multiclass", sub("^(num_tree_per_iteration)=3", r"\1=5"), "classes"),
    "features": ("regression", sub("^max_feature_idx=4", "max_feature_idx=400"), "feature names"),
    "names": ("regression", sub("^feature_names=Column_0 ", "feature_names="), "4 feature names"),
    "infos": ("regression", sub(r"^feature_infos=\S+ ", "feature_infos="), "4 feature_infos"),
    "info reversed": ("regression", sub(r"^feature_infos=\S+", "feature_infos=[2:1]"), "makes no sense"),
    "objective": ("regression", sub("^objective=regression", "objective=magic"), "'magic' is not known"),
    "objective empty": ("regression", sub("^objective=regression", "objective="), "'' is not known"),
    "number empty": ("regression", sub("^num_leaves=6", "num_leaves="), "it has 0 leaves"),
    "sigmoid": ("binary", sub("sigmoid:1", "sigmoid:0"), "sigmoid"),
    "version": ("regression", sub("^version=v4", "version=v9"), "'v9' is not known"),
    "head unknown": ("regression", sub("^num_class=1", "num_class=1\nload=/etc/passwd"), "does not belong"),
    "parameters": ("regression", sub(r"^\[num_leaves: 6\]", "num_leaves 6"), "parameters"),
    "end": ("regression", lambda text: text + "more\n", "no valid JSON"),
    "categories of pandas": ("regression", sub("^(pandas_categorical):null", r"\1:{}"), "lists"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_refuses_damaged_structure_in_a_tree_of_the_right_size(read, texts, name):
    form, damage, what = DAMAGE[name]
    text = fitted(damage(texts[form]))
    assert text != texts[form]
    with pytest.raises(IntakeError) as error:
        read(text)
    assert what in error.value.what
    assert error.value.where.startswith("model.txt")


def test_refuses_what_is_not_as_lightgbm_writes_it(read, texts):
    text = texts["regression"]
    for changed, what in (
        (re.sub("tree_sizes=.*\n", "", text), "'tree_sizes' is missing"),
        (text.replace("\n", "\r\n"), "line ends were changed"),
        (re.sub("tree_sizes=", "tree_sizes=1", text), "not where the head says"),
        (re.sub(r"tree_sizes=\S+ ", "tree_sizes=", text), "not where the head says"),
        (re.sub("left_child=", "left_child= ", text), "not where the head says"),
        (text[: text.index("end of trees")], "cut off after its trees"),
        (text[: text.index("Tree=1")], "not where the head says, or cut off"),
        (text.replace("Column_0", "Column\x000"), "zero bytes"),
    ):
        with pytest.raises(IntakeError) as error:
            read(changed)
        assert what in error.value.what


def test_a_cut_anywhere_before_the_parameters_is_noticed(read, texts):
    text = texts["regression"]
    for length in range(20, text.index("parameters:"), 101):
        with pytest.raises(IntakeError):
            read(text[:length])


def chain(leaves):
    """A model of one tree that is as deep as it has nodes."""
    nodes = leaves - 1
    lines = {
        "num_leaves": [leaves], "num_cat": [0], "split_feature": [0] * nodes, "split_gain": [1] * nodes,
        "threshold": [0.5] * nodes, "decision_type": [2] * nodes, "left_child": [~n for n in range(nodes)],
        "right_child": [*range(1, nodes), ~nodes], "leaf_value": [0.1] * leaves, "leaf_weight": [1] * leaves,
        "leaf_count": [1] * leaves, "internal_value": [0] * nodes, "internal_weight": [1] * nodes,
        "internal_count": [*range(leaves, 1, -1)], "is_linear": [0], "shrinkage": [1],
    }  # fmt: skip
    tree = "\n".join(f"{key}={' '.join(map(str, values))}" for key, values in lines.items())
    return fitted(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\n"
        "objective=regression\nfeature_names=a\nfeature_infos=[0:1]\ntree_sizes=1\n\n"
        f"Tree=0\n{tree}\n\n\nend of trees\n\nfeature_importances:\na={nodes}\n"
    )


def test_a_tree_deeper_than_the_stack_is_refused(read):
    assert read(chain(1000)).facts["trees"] == 1
    with pytest.raises(IntakeError, match="nodes deep"):
        read(chain(100_000))


def leaves_reached(text):
    """Leaves and nodes that each tree reaches, walked without the reader's own checks."""
    for block in re.split(r"(?m)^Tree=\d+\n", text)[1:]:
        lines = dict(line.split("=", 1) for line in block.split("\n\n")[0].split("\n"))
        left, right = (list(map(int, lines[key].split())) for key in ("left_child", "right_child"))
        seen, todo = Counter(), [0 if left else -1]
        while todo:
            at = todo.pop()
            seen[at] += 1
            assert seen[at] == 1
            todo += [left[at], right[at]] if at >= 0 else []
        assert len([at for at in seen if at < 0]) == int(lines["num_leaves"])


NUMBERS = ["0", "1", "2", "-1", "-2", "3", "5", "6", "7", "9", "12", "300", "999999", "2147483647",
           "-2147483648", "4294967296", "nan", "inf", "1e400", "1e308", "-1e308", "0.5", "",
           " ", "\n", "=", "x"]  # fmt: skip


@st.composite
def rewritten(draw, texts):
    """A valid model with some values or lines changed and sizes that fit."""
    lines = draw(st.sampled_from(texts)).split("\n")
    most = next(i for i, line in enumerate(lines) if line == "end of trees")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(1, most))
        key, sign, values = lines[at].partition("=")
        words = values.split(" ")
        how = draw(st.sampled_from(("value", "value", "value", "drop", "add", "swap", "line", "twice")))
        if how == "line":
            lines[at] = ""
        elif how == "twice":
            lines[at] += "\n" + lines[draw(st.integers(1, most))]
        else:
            place, other = (draw(st.integers(0, len(words) - 1)) for _ in range(2))
            if how == "value":
                words[place] = draw(st.sampled_from(NUMBERS))
            elif how == "drop":
                del words[place]
            elif how == "add":
                words.insert(place, draw(st.sampled_from(NUMBERS)))
            else:
                words[place], words[other] = words[other], words[place]
            lines[at] = f"{key}{sign}{' '.join(words)}"
    text = "\n".join(lines)
    return (fitted(text) if draw(st.integers(0, 9)) else text).encode()


ALL = [
    MAKERS[name]().model_to_string() for name in ("regression", "multiclass", "linear_categories", "stump")
]


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    made = Attempts(tmp_path_factory.mktemp("fuzz"), "model.txt", kinds.MODELS)
    yield made
    print("\nLightGBM:", made.report())


@fuzzed
@given(data=st.one_of(rewritten(ALL), rewritten(ALL), hostile(*(text.encode() for text in ALL))))
def test_no_damaged_structure_is_accepted_and_nothing_else_escapes(attempts, data):
    parcel = attempts.read(data)
    # What passes the check kills no process either.
    assert set(attempts.ends) <= {"read", "refused"}, attempts.last
    if parcel is not None:
        leaves_reached(data.decode())

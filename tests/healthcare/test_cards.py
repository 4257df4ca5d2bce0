"""Model card and data card: what the run says stands in them, and what it does not say is not made up."""

from __future__ import annotations

import json
import re

import pytest

from common.errors import StoreError
from common.store import MANIFEST
from common.training.record import Run
from healthcare import cards
from healthcare.cards import data_card, metric_rows, model_card, reliability, render, write_cards
from healthcare.cards_fields import ALWAYS, DATA_PARTS, MODEL_PARTS, NOT_STATED
from healthcare.finding import RESEARCH_USE

FACTS = {
    "name": "hippocampus",
    "kind": "segmentation",
    "intended_use": "outlining the hippocampus in T1 scans",
    "known_failures": ["severe atrophy"],
    "metrics": {"dice_anterior": 0.89, "dice_anterior_low": 0.88, "dice_anterior_high": 0.9, "hd95_mm": 1.4},
    "subgroups": [{"subgroup": "left", "cases": 20, "dice": 0.9}],
    "calibration": {"ece": 0.02, "reliability": {"said": [0.1, 0.9], "true": [0.2, 0.8], "cases": [5, 20]}},
    "data": {"sha256": "ab" * 32, "cases": 192, "source": "Medical Segmentation Decathlon, task 4"},
    "splits": {"how": "by patient", "train": 154, "test": 38},
    "versions": {"monai": "1.6.1"},
    "rotation": "a fact that no part asks for",
}


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "run"
    settings = {"fit": {"epochs": 3, "seed": 7}, "task": {"data": "/home/janssen/scans", "minutes": 5.0}}
    data = {"sha256": "cd" * 32, "cases": 20}
    with Run(folder, pilot="healthcare", task="scan-segmentation", settings=settings, data=data) as run:
        run.save(scores={"dice": 0.8})
        run.save_model(lambda fresh: (fresh / "weights.txt").write_text("w"), {"intended_use": "tests"})
    return folder


def test_every_fact_stands_where_it_is_asked_for():
    card = model_card(FACTS)
    assert card["model"]["name"] == "hippocampus"
    assert card["use"]["intended_use"] == FACTS["intended_use"]
    assert card["limits"]["known_failures"] == ["severe atrophy"]
    assert card["data"]["cases"] == 192
    assert card["splits"]["test"] == 38
    assert card["metrics"][0] == {"measure": "dice_anterior", "value": 0.89, "low": 0.88, "high": 0.9}
    assert card["metrics"][1] == {"measure": "hd95_mm", "value": 1.4}
    assert card["subgroups"] == FACTS["subgroups"]
    assert card["calibration"]["reliability"][1] == {"said": 0.9, "true": 0.8, "cases": 20.0}
    assert card["further"] == {"rotation": FACTS["rotation"]}


def test_what_nobody_said_is_not_stated():
    card = model_card({})
    for part in MODEL_PARTS:
        for name, _ in part.facts:
            expected = ALWAYS.get(name, NOT_STATED)
            assert card[part.key][name] == (list(expected) if isinstance(expected, tuple) else expected)
    assert card["metrics"] == card["subgroups"] == []
    assert card["use"]["status"] == RESEARCH_USE
    empty = data_card({})
    assert empty["composition"]["cases"] == NOT_STATED
    for part in DATA_PARTS:
        assert set(empty[part.key]) == {name for name, _ in part.facts}


def test_every_point_of_annex_four_is_asked_somewhere():
    asked = " ".join(part.asked_by for part in MODEL_PARTS)
    points = set()
    for low, high in re.findall(r"\b(\d)(?:\([a-h]\))?(?:-(\d))?", asked.replace("Annex IV", "")):
        points |= set(range(int(low), int(high or low) + 1))
    assert points == set(range(1, 10))


def test_a_run_gives_its_time_energy_data_and_versions(run_folder):
    card = model_card(run_folder)
    assert card["training"]["energy_kwh"] >= 0
    assert card["training"]["energy_source"]
    assert card["training"]["settings"] == {"epochs": 3, "seed": 7, "minutes": 5.0}
    assert card["training"]["hardware"]["cores"] >= 1
    assert card["data"] | {"sha256": "cd" * 32, "cases": 20} == card["data"]
    assert card["metrics"] == [{"measure": "dice", "value": 0.8}]
    assert card["versions"]["torch"]
    assert card["use"]["intended_use"] == "tests"
    assert data_card(run_folder)["composition"]["cases"] == 20


def test_no_place_on_anybodys_disk_is_told(run_folder):
    told = json.dumps([model_card(run_folder), data_card(run_folder)])
    assert "janssen" not in told
    assert str(run_folder.parent) not in told


def test_a_specification_beside_the_weights_is_understood(tmp_path):
    from tests.healthcare.outlines import store_model

    card = model_card(store_model(tmp_path / "model"))
    assert card["model"]["labels"] == ["core", "shell"]
    assert card["model"]["kind"] == "segmentation"
    assert card["model"]["modality"] == "MR"
    assert card["model"]["parameters"] > 1000
    assert "NIfTI" in card["model"]["inputs"]


def test_what_held_out_cases_taught_stands_in_the_card(tmp_path):
    from tests.healthcare.outlines import store_model

    more = {
        "held_out": {"cases": 18, "dice": {"core": [0.9, 0.88, 0.92]}},
        "quality": {"correlation": 0.8},
        "volume_errors": {"coverage": 0.9, "cases": 18, "1": [0.9, 1.1]},
    }
    card = model_card(store_model(tmp_path / "model", **more))
    (row,) = card["metrics"]
    assert (row["measure"], row["value"], row["low"], row["high"]) == ("dice core", 0.9, 0.88, 0.92)
    assert card["calibration"]["coverage_asked"] == 0.9
    assert card["calibration"]["quality_correlation"] == 0.8


def test_cards_are_written_beside_the_record_and_leave_the_model_sealed(run_folder):
    before = (run_folder / "model" / MANIFEST).read_bytes()
    written = write_cards(run_folder)
    assert {path.name for path in written} == {
        f"{kind}_card.{ending}" for kind in ("model", "data") for ending in ("json", "md", "html")
    }
    assert json.loads((run_folder / "model_card.json").read_text())["card"] == "model"
    assert (run_folder / "model" / MANIFEST).read_bytes() == before


def test_a_card_is_understood_as_itself():
    assert model_card(model_card(FACTS)) == model_card(FACTS)
    assert data_card(data_card(FACTS)) == data_card(FACTS)


def test_markdown_shows_all_parts_and_no_markup_of_others():
    hostile = FACTS | {"intended_use": "a | b <script> *c*\nnext"}
    text = render(model_card(hostile))
    for part in MODEL_PARTS:
        assert f"## {part.title}" in text
    assert RESEARCH_USE in text
    assert r"a \| b \<script\> \*c\* next" in text
    assert "| probability said |" in text


@pytest.mark.parametrize("make", [model_card, data_card])
def test_html_is_one_page_without_requests(make):
    page = render(make(FACTS | {"name": "<script>x</script>"}), "html")
    assert "<script>" not in page
    assert not re.search(r"(src|href)=|https?://|url\(", page)
    assert RESEARCH_USE in page
    assert "Content-Security-Policy" in page


@pytest.mark.parametrize(
    ("metrics", "rows"),
    [
        ({"auc": {"value": 0.99, "low": None}}, [{"measure": "auc", "value": 0.99}]),
        ({"dice": [0.9, 0.8, 0.95]}, [{"measure": "dice", "value": 0.9, "low": 0.8, "high": 0.95}]),
        ([{"measure": "auc", "value": 1}], [{"measure": "auc", "value": 1}]),
        ({"x_low": 1.0}, [{"measure": "x_low", "value": 1.0}]),
        (None, []),
        ("not stated", []),
    ],
)
def test_metrics_in_every_form(metrics, rows):
    assert metric_rows(metrics) == rows


def test_a_reliability_curve_that_makes_no_sense_is_left_out():
    assert reliability({}) == []
    assert reliability({"reliability": {"said": [0.1], "true": []}}) == []
    assert reliability({"reliability": "good"}) == []
    nan = float("nan")
    assert len(reliability({"reliability": {"said": [0.1, nan], "true": [0.1, 0.2]}})) == 1


def test_an_empty_folder_has_no_card(tmp_path):
    with pytest.raises(StoreError, match="no run or model"):
        model_card(tmp_path)
    assert cards.parts_of({"card": "data"}) == DATA_PARTS

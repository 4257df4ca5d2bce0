"""The pilot by its command line: a scan goes in, report and exports come out; training ends with cards."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outlines import store_model, volume, write_folder

from common import pilot as pilots
from common.errors import DataError, TrainingError
from common.results import read_result
from healthcare import burned_in, figures, train_command
from healthcare.burned_in import Box, box, covered
from healthcare.data import Scan
from healthcare.exports import nifti_bytes
from healthcare.finding import RESEARCH_USE
from healthcare.pilot import PILOT, share

AFFINE = np.array([[-1.0, 0, 0, 9], [0, -1.0, 0, 8], [0, 0, 2.0, -7], [0, 0, 0, 1]])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pictures as small as they may be: encoding them is what takes time."""
    monkeypatch.setattr(figures, "WIDTH_PX", 120)
    monkeypatch.setattr(figures, "SMALL_PX", 80)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return store_model(tmp_path_factory.mktemp("model") / "run" / "model").parent


def parsed(command: str, *arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    getattr(PILOT, f"add_{command}_arguments")(parser)
    return parser.parse_args([str(argument) for argument in arguments])


def whole() -> np.ndarray:
    scan, _ = volume(1)
    return np.round((scan.array - scan.array.min()) * 400).astype(np.uint16)


def test_it_is_what_the_cli_and_the_app_expect():
    assert isinstance(PILOT, pilots.Pilot)
    assert "research" in PILOT.summary
    assert all(what and (fine or mend) for what, fine, mend in PILOT.doctor())


def test_importing_it_loads_nothing_heavy():
    code = "import sys, healthcare.pilot; print(' '.join(sorted({n.partition('.')[0] for n in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "monai", "numpy", "pandas", "pydicom", "nibabel", "PIL", "scipy", "fpdf", "highdicom"}
    assert not set(done.stdout.split()) & heavy


def test_a_nifti_volume_goes_through(model, tmp_path):
    file = tmp_path / "Janssen_Piet.nii.gz"
    file.write_bytes(nifti_bytes(whole(), AFFINE))
    said: list[tuple[float, str]] = []
    options = parsed("run", "--input", file, "--model", model, "--output", tmp_path / "out", "--fast")
    result = PILOT.run(options, lambda fraction, words: said.append((fraction, words)))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "report.pdf", "mask.nii.gz", "volumes.csv", "result"} <= names
    assert "segmentation.dcm" not in names
    assert read_result(tmp_path / "out").summary == result.summary
    assert result.provenance["settings"]["fast"] is True
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"Janssen" not in written


def test_a_box_covers_what_is_written(model, tmp_path):
    array = whole()
    array[10:14, 2:5] = 4000
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(nifti_bytes(array, AFFINE))
    options = parsed("run", "--input", file, "--model", model, "--mask-box", "2,5,10,14", "--fast")
    result = PILOT.run(options)
    assert result.scan.array.max() < 4000
    assert (result.scan.array[10:14, 2:5] == array.min()).all()
    kept = np.ones(array.shape, bool)
    kept[10:14, 2:5] = False
    np.testing.assert_array_equal(result.scan.array[kept], array[kept])
    assert any("box was laid over" in words for words in result.warnings)
    assert result.provenance["settings"]["boxes"] == 1


def test_a_box_in_a_picture_is_of_rows_and_columns():
    scan = Scan(np.arange(20.0).reshape(4, 5), None, None)
    found = covered(scan, [Box(1, 3, 2, 5)])
    assert (found.array[1:3, 2:5] == 0).all()
    assert (found.array[3] == scan.array[3]).all()
    with pytest.raises(DataError, match="ends at row 5"):
        covered(scan, [Box(0, 5, 0, 2)])
    assert covered(scan, []) is scan


@pytest.mark.parametrize("words", ["", "1,2,3", "a,b,c,d", "3,2,0,5", "-1,4,0,5", "0,0,0,5"])
def test_a_box_that_is_none_is_refused(words):
    with pytest.raises(argparse.ArgumentTypeError):
        box(words)
    assert burned_in.box("0,40,10,200") == Box(0, 40, 10, 200)


@pytest.mark.parametrize(("words", "value"), [("0.9", 0.9), ("95%", 0.95)])
def test_a_share_is_read(words, value):
    assert share(words) == pytest.approx(value)
    for wrong in ("0", "1", "90", "many", "-0.5", "nan"):
        with pytest.raises(argparse.ArgumentTypeError):
            share(wrong)


def test_evaluating_needs_a_model_and_data():
    with pytest.raises(DataError, match="--model RUN --data PATH"):
        PILOT.evaluate(parsed("evaluate"))


def test_a_model_is_scored_on_a_folder(model, tmp_path):
    data = write_folder(tmp_path / "data", 3)
    result = PILOT.evaluate(
        parsed("evaluate", "--model", model, "--data", data, "--output", tmp_path / "out")
    )
    assert result.numbers["cases"] == 3
    assert result.warnings[0] == RESEARCH_USE
    assert "scores" in read_result(tmp_path / "out").tables


def test_the_data_doctor_looks_at_a_folder(tmp_path):
    data = write_folder(tmp_path / "data", 3)
    result = PILOT.check(parsed("check", data))
    assert "problems" in result.tables


def test_what_is_trained_goes_by_the_data(tmp_path):
    file = tmp_path / "pictures.npz"
    file.write_bytes(b"x")
    assert train_command.kind_of(None) == "sample"
    assert train_command.kind_of(tmp_path) == "segmentation"
    assert train_command.kind_of(file) == "classification"
    with pytest.raises(TrainingError, match="not there"):
        train_command.kind_of(tmp_path / "nothing")


def pictures(path: Path, count: int = 60) -> Path:
    """Pictures of two classes, told apart by their brightness."""
    random = np.random.default_rng(0)
    parts = {}
    for part in ("train", "val", "test"):
        labels = np.arange(count) % 2
        images = random.integers(0, 80, (count, 28, 28)) + labels[:, None, None] * 120
        parts |= {
            f"{part}_images": images.astype(np.uint8),
            f"{part}_labels": labels[:, None].astype(np.uint8),
        }
    np.savez(path, **parts)
    return path


def test_training_volumes_ends_with_a_model_that_runs(tmp_path):
    data = write_folder(tmp_path / "data", 6)
    runs = tmp_path / "runs"
    options = parsed("train", "--data", data, "--runs", runs, "--fold", 0, "--folds", 3, "--minutes", 0.02)
    folder = PILOT.train(options)
    card = json.loads((folder / "model_card.json").read_text())
    assert card["model"]["kind"] == "segmentation"
    assert card["metrics"]
    assert card["splits"] is not None
    file = tmp_path / "scan.nii.gz"
    file.write_bytes(nifti_bytes(whole(), AFFINE))
    result = PILOT.run(parsed("run", "--input", file, "--model", folder, "--fast"))
    assert result.segmented is not None

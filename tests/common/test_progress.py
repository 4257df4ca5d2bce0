"""Progress as a file for other programs: whole at any moment, and no reason to end the work."""

from __future__ import annotations

import json

import pytest

from common import progress
from common.errors import StoreError


def test_progress_is_one_whole_file(tmp_path):
    report = progress.to_file(tmp_path / "progress.json")
    report(0.25, "reading")
    report(1.0, "done")
    found = json.loads((tmp_path / "progress.json").read_text())
    assert (found["fraction"], found["words"]) == (1.0, "done")
    assert [p.name for p in tmp_path.iterdir()] == ["progress.json"]


def test_a_place_where_it_cannot_be_written_is_one_line_at_once(tmp_path):
    with pytest.raises(StoreError, match="progress cannot be written") as error:
        progress.to_file(tmp_path / "nowhere" / "progress.json")(0.0, "reading")
    assert "\n" not in str(error.value)


def test_a_place_that_goes_away_meanwhile_does_not_end_the_work(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    report = progress.to_file(folder / "progress.json")
    report(0.0, "reading")
    (folder / "progress.json").unlink()
    folder.rmdir()
    report(1.0, "done")

"""The worked example of docs/intake.md is code that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from common.errors import DataError
from common.intake import CSV, take

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "intake.md"


@pytest.fixture
def package(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(# (\S+)\n.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    assert [name for _, name in blocks] == ["mypilot/mast.py"]
    (tmp_path / "mypilot").mkdir()
    (tmp_path / "mypilot" / "__init__.py").write_text("")
    (tmp_path / "mypilot" / "mast.py").write_text(blocks[0][0], encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_the_reader_of_the_guide_reads(package):
    (package / "mast.txt").write_text("80\n5.5\n-6.25\n7\n")
    mast = take(package / "mast.txt", kinds=[CSV]).parse("mypilot.mast:read")
    assert mast.arrays["speed_m_s"].tolist() == [5.5, -6.25, 7.0]
    assert mast.facts == {"height_m": 80.0}
    assert mast.notes == ("some speeds are negative",)


def test_its_error_is_one_sentence(package):
    (package / "mast.txt").write_text("80\nstorm\n")
    with pytest.raises(DataError) as error:
        take(package / "mast.txt", kinds=[CSV]).parse("mypilot.mast:read")
    assert str(error.value) == "mast.txt: a line holds no number; write one speed a line."

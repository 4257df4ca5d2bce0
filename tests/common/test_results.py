from __future__ import annotations

import logging

import pandas as pd
import pytest

from common.errors import StoreError
from common.pilot import Result
from common.results import RESULT_FILE, read_result, write_result


def result(peak_kw: float) -> Result:
    times = pd.date_range("2024-03-31", periods=3, freq="30min", tz="Europe/Amsterdam")
    return Result(
        summary=f"peak {peak_kw} kW",
        tables={"forecast": pd.DataFrame({"valid_from_local": times, "q50_kw": [1.0, peak_kw, -0.5]})},
        numbers={"peak_kw": peak_kw},
        warnings=["short history"],
        provenance={"model": "trees"},
        shown=["forecast"],
    )


def test_a_result_comes_back_as_it_was(tmp_path):
    write_result(result(4.5), tmp_path / "out")
    back = read_result(tmp_path / "out")
    assert back.numbers == {"peak_kw": 4.5}
    assert list(back.warnings) == ["short history"]
    assert list(back.shown) == ["forecast"]
    pd.testing.assert_frame_equal(back.tables["forecast"], result(4.5).tables["forecast"])
    assert str(back.tables["forecast"]["valid_from_local"].dt.tz) == "Europe/Amsterdam"


def test_a_second_result_replaces_the_first_and_leaves_other_files(tmp_path):
    (tmp_path / "forecast.csv").write_text("kept")
    write_result(result(4.5), tmp_path)
    write_result(result(7.0), tmp_path)
    assert read_result(tmp_path).numbers["peak_kw"] == 7.0
    assert (tmp_path / "forecast.csv").read_text() == "kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["forecast.csv", "result", "result.previous"]


def test_a_folder_without_a_complete_result_is_refused(tmp_path):
    write_result(result(4.5), tmp_path)
    (tmp_path / RESULT_FILE).unlink()
    with pytest.raises(StoreError, match="no complete result"):
        read_result(tmp_path)


def test_a_table_that_cannot_be_written_leaves_the_older_result(tmp_path, monkeypatch):
    write_result(result(4.5), tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_result(result(9.0), tmp_path)
    assert read_result(tmp_path).numbers == {"peak_kw": 4.5}
    assert [p.name for p in tmp_path.iterdir()] == ["result"]


@pytest.mark.parametrize("part", ["result.json", "tables/forecast.parquet", "manifest.json"])
def test_a_damaged_result_gives_way_to_the_one_before_it_or_is_one_line(tmp_path, part, caplog):
    write_result(result(4.5), tmp_path)
    path = tmp_path / "result" / part
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="no complete result") as error:
        read_result(tmp_path)
    assert "\n" not in str(error.value)
    (tmp_path / "result").rename(tmp_path / "damaged")
    write_result(result(4.5), tmp_path)
    write_result(result(7.0), tmp_path)
    path.write_bytes(whole)
    with caplog.at_level(logging.WARNING):
        assert read_result(tmp_path).numbers == {"peak_kw": 4.5}
    assert "used instead" in caplog.text

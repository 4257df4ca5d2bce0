from __future__ import annotations

import pandas as pd

from energy.validation import Finding, ValidationReport


def test_each_finding_is_one_row_with_its_first_row_in_the_file():
    report = ValidationReport(
        (
            Finding("time", "gap", "5 times missing in 2 stretches", "left empty", 7, 5),
            Finding("load", "unit", "nothing says in which unit the load is", "read as kW"),
        )
    )
    table = report.table()
    assert list(table.columns) == ["row", "field", "kind", "what", "done"]
    assert table["row"].dtype == "Int64"
    assert table["row"][0] == 7
    assert table["row"][1] is pd.NA
    assert table["what"][0] == "5 times missing in 2 stretches"
    assert len(report) == 2
    assert [f.kind for f in report.of("gap")] == ["gap"]


def test_a_report_without_findings_has_the_same_columns():
    table = ValidationReport().table()
    assert table.empty
    assert list(table.columns) == ["row", "field", "kind", "what", "done"]
    assert table["row"].dtype == "Int64"

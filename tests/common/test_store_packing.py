"""Models as one file: the same bytes each time, and nothing but a whole model comes in."""

from __future__ import annotations

import json
import struct
import zipfile

import lightgbm as lgb
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from common.errors import PilotError, StoreError
from common.store import MANIFEST, open_model, save_model, seal, verify
from common.store.packing import export_model, import_model

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(scope="module")
def trees():
    rows = np.random.default_rng(1).random((100, 2))
    options = {"verbosity": -1, "num_leaves": 3, "num_threads": 1}
    return lgb.train(options, lgb.Dataset(rows, rows[:, 0]), 2).model_to_string()


@pytest.fixture
def model(tmp_path, trees):
    def write(fresh):
        (fresh / "inner").mkdir()
        save_file({"layer": WEIGHTS}, fresh / "inner" / "weights.safetensors")
        (fresh / "trees.txt").write_text(trees)
        (fresh / "settings.json").write_text('{"scale": NaN}')

    return save_model(tmp_path / "model", write, {"name": "toy"})


@pytest.fixture
def place(tmp_path):
    return tmp_path / "in" / "model"


def packed(path, entries, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def contents(model):
    return {p.relative_to(model).as_posix(): p.read_bytes() for p in model.rglob("*") if p.is_file()}


def sealed(folder, files):
    """A zip of files with a manifest that fits them, as a stranger can make it."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    seal(folder)
    return packed(folder.with_suffix(".zip"), contents(folder).items())


def nothing_is_left(place):
    return not place.parent.exists() or not list(place.parent.iterdir())


def test_a_model_goes_out_and_comes_back_as_it_was(model, tmp_path, place):
    size = export_model(model, tmp_path / "a.zip")
    assert size == (tmp_path / "a.zip").stat().st_size
    assert import_model(tmp_path / "a.zip", place) == place
    assert contents(open_model(place)) == contents(model)
    assert (load_file(place / "inner" / "weights.safetensors")["layer"] == WEIGHTS).all()
    assert [p.name for p in place.parent.iterdir()] == ["model"]


def test_the_same_model_gives_the_same_bytes_uncompressed(model, tmp_path):
    export_model(model, tmp_path / "a.zip")
    (model / "settings.json").touch()
    export_model(model, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {e.compress_type for e in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist()[-1] == MANIFEST


def test_a_zip_packed_anew_by_other_programs_comes_in_too(model, tmp_path, place):
    packed(tmp_path / "a.zip", contents(model).items(), compression=zipfile.ZIP_DEFLATED)
    import_model(tmp_path / "a.zip", place)
    assert contents(place) == contents(model)


def test_importing_over_a_model_keeps_the_one_before(model, tmp_path, place):
    export_model(model, tmp_path / "a.zip")
    import_model(tmp_path / "a.zip", place)
    import_model(tmp_path / "a.zip", place)
    assert sorted(p.name for p in place.parent.iterdir()) == ["model", "model.previous"]


def test_a_damaged_model_is_not_exported(model, tmp_path):
    (model / "trees.txt").write_text("tree")
    with pytest.raises(StoreError, match="is not what was stored"):
        export_model(model, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_model_with_what_no_import_takes_is_not_exported(tmp_path):
    made = save_model(tmp_path / "model", lambda fresh: (fresh / "weights.bin").write_bytes(b"x"), {})
    with pytest.raises(StoreError, match="of a kind that no model holds"):
        export_model(made, tmp_path / "a.zip")


CHANGES = {
    "climbs": (lambda files: [("../outside.json", b"{}"), *files], "climbs out"),
    "absolute": (lambda files: [("/tmp/outside.json", b"{}"), *files], "climbs out"),
    "not listed": (lambda files: [*files, ("extra.json", b"{}")], "does not list 'extra.json'"),
    "a program": (lambda files: [*files, ("run.py", b"print()")], "of a kind that no model holds"),
    "hidden": (lambda files: [*files, (".hidden.json", b"{}")], "hidden"),
    "missing": (lambda files: [f for f in files if f[0] != "trees.txt"], "'trees.txt' is missing"),
    "no manifest": (lambda files: [f for f in files if f[0] != MANIFEST], "no stored model"),
    "another manifest": (
        lambda files: [(n, c.replace(b'": ', b'":') if n == MANIFEST else c) for n, c in files],
        "manifest in it cannot be read",
    ),
    "another size": (
        lambda files: [(n, c + b" " if n == "settings.json" else c) for n, c in files],
        "not what the manifest lists",
    ),
    "another byte": (
        lambda files: [(n, c.replace(b"NaN", b"nan") if n == "settings.json" else c) for n, c in files],
        "'settings.json' is not what was stored",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_archive_that_is_not_what_the_manifest_lists_is_refused(model, tmp_path, place, name):
    change, said = CHANGES[name]
    packed(tmp_path / "a.zip", change(list(contents(model).items())))
    with pytest.raises(PilotError, match=said) as error:
        import_model(tmp_path / "a.zip", place)
    assert "\n" not in str(error.value)
    assert nothing_is_left(place)
    assert not (tmp_path / "outside.json").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(model, tmp_path, place):
    files = list(contents(model).items())
    packed(tmp_path / "a.zip", [*files, files[0]])
    with pytest.raises(PilotError, match="occurs twice"):
        import_model(tmp_path / "a.zip", place)


def test_a_link_is_refused(model, tmp_path, place):
    link = zipfile.ZipInfo("link.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    packed(tmp_path / "a.zip", [*contents(model).items(), (link, b"/etc/passwd")])
    with pytest.raises(PilotError, match="is a link"):
        import_model(tmp_path / "a.zip", place)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, place):
    made = tmp_path / "made"
    made.mkdir()
    sealed(made, {"card.json": b"{}", "zeros.csv": b"0" * (100 << 20)})
    packed(tmp_path / "a.zip", contents(made).items(), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(PilotError, match="grows past"):
        import_model(tmp_path / "a.zip", place)
    assert nothing_is_left(place)


def header(entry, data=b"\0" * 8, length=None):
    text = json.dumps({"a": entry}).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BAD_HEADERS = {
    "length beyond the file": header(GOOD, length=1 << 40),
    "length negative": header(GOOD, length=(1 << 64) - 1),
    "data beyond the file": header(GOOD | {"data_offsets": [0, 800], "shape": [200]}),
    "data before the file": header(GOOD | {"data_offsets": [-8, 0]}),
    "unknown type": header(GOOD | {"dtype": "PICKLE"}),
    "shape too large": header(GOOD | {"shape": [1 << 40, 1 << 40]}),
    "more data than tensors": header(GOOD, data=b"\0" * 9),
    "cut": header(GOOD)[:-1],
    "no header": b"\0" * 7,
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_weights_whose_header_lies_are_refused_though_the_manifest_fits(tmp_path, place, name):
    (tmp_path / "made").mkdir()
    path = sealed(tmp_path / "made", {"card.json": b"{}", "weights.safetensors": BAD_HEADERS[name]})
    with pytest.raises(PilotError, match=r"weights\.safetensors") as error:
        import_model(path, place)
    assert "\n" not in str(error.value)
    assert nothing_is_left(place)


def test_the_same_weights_with_a_true_header_come_in(tmp_path, place):
    (tmp_path / "made").mkdir()
    path = sealed(tmp_path / "made", {"card.json": b"{}", "weights.safetensors": header(GOOD)})
    assert verify(import_model(path, place)) == place


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("trees.txt", lambda text: text[: len(text) // 2]),
        ("trees.txt", lambda text: text.replace("left_child=", "left_child=9", 1)),
        ("trees.txt", lambda text: "no trees at all"),
        ("settings.json", lambda text: "[" * 100_000),
        ("card.json", lambda text: "[]"),
    ],
)
def test_trees_and_settings_that_would_end_a_reader_are_refused_though_the_manifest_fits(
    tmp_path, place, trees, name, change
):
    (tmp_path / "made").mkdir()
    path = sealed(tmp_path / "made", {"card.json": b"{}", name: change(trees).encode()})
    with pytest.raises(PilotError) as error:
        import_model(path, place)
    assert "\n" not in str(error.value)
    assert nothing_is_left(place)

"""NetCDF-4: the values that xarray has, and no byte from outside of the file."""

from __future__ import annotations

import h5py
import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from fuzzing import Attempts
from hypothesis import given
from mutations import fuzzed, hostile

from common.errors import DataError, IntakeError
from common.intake import kinds, take

SECRET = b"TOP-SECRET-LOCAL-FILE!"


def parse(tmp_path, data, **options):
    path = tmp_path / "meteo.nc"
    if isinstance(data, bytes):
        path.write_bytes(data)
    return take(path, [kinds.NETCDF]).parse(**options)


def grid(hours=24, **attrs):
    random = np.random.default_rng(0)
    return xr.Dataset(
        {
            "t2m": (
                ("time", "lat", "lon"),
                random.normal(280, 5, (hours, 5, 7)).astype("f4"),
                {"units": "K"},
            ),
            "count": (("time",), np.arange(hours, dtype="i2")),
            "station": (("lat",), np.array([f"é{i}" for i in range(5)])),
        },
        {
            "time": pd.date_range("2024-01-01", periods=hours, freq="h"),
            "lat": ("lat", np.linspace(50, 54, 5), {"units": "degrees_north"}),
            "lon": ("lon", np.linspace(3, 7, 7), {"units": "degrees_east"}),
        },
        {"title": "weer", **attrs},
    )


def made(tmp_path, data, engine="netcdf4", **options):
    path = tmp_path / "made.nc"
    data.to_netcdf(path, engine=engine, **options)
    return path.read_bytes()


def with_time(tmp_path, units="hours since 2024-01-01", values=range(24), load=None, name="time", **attrs):
    """A NetCDF of one load series, written by the NetCDF library itself."""
    path = tmp_path / "made.nc"
    with netCDF4.Dataset(path, "w") as data:
        data.createDimension(name, len(values))
        time = data.createVariable(name, "f8", (name,))
        time.setncatts(attrs if units is None else {"units": units, **attrs})
        time[:] = list(values)
        data.createVariable("load", "f4", (name,))[:] = range(len(values)) if load is None else load
    return path.read_bytes()


def by_h5py(tmp_path, write, **options):
    path = tmp_path / "made.nc"
    with h5py.File(path, "w", **options) as file:
        file["values"] = np.arange(5.0)
        write(file)
    return path.read_bytes()


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
@pytest.mark.parametrize(
    "encoding",
    [
        {},
        {"zlib": True, "shuffle": True, "fletcher32": True, "chunksizes": (10, 2, 3)},
        {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768, "zlib": True},
        {"dtype": "f8"},
    ],
    ids=str,
)
def test_values_are_xarrays(tmp_path, engine, encoding):
    some = grid()
    some["t2m"][3, 2, 1] = np.nan
    data = made(tmp_path, some, engine, encoding={"t2m": encoding} if encoding else {})
    found = parse(tmp_path, data)
    with xr.open_dataset(tmp_path / "made.nc", engine="h5netcdf") as expected:
        for name, one in expected.variables.items():
            values = one.values.astype(str) if one.dtype == object else one.values
            np.testing.assert_array_equal(found.arrays[name], values)
    assert found.arrays["time"].dtype == np.dtype("datetime64[ns]")
    assert found.facts["n"] == 24
    assert found.facts["dims"]["t2m"] == ["time", "lat", "lon"]
    assert found.facts["units"]["t2m"] == "K"
    assert found.facts["sizes"] == {"time": 24, "lat": 5, "lon": 7}
    assert found.facts["global_attrs"]["title"] == "weer"
    assert (found.facts["time"], found.facts["time_zone"]) == ("time", "UTC")
    assert found.facts["region"] == [3, 50, 7, 54]
    assert found.notes[0] == "'t2m' has no value in 1 of 840 places"
    assert "taken as UTC" in found.notes[1]


def test_variables_come_with_their_coordinates(tmp_path):
    found = parse(tmp_path, made(tmp_path, grid()), variables=["t2m"])
    assert set(found.arrays) == {"t2m", "time", "lat", "lon"}
    with pytest.raises(DataError, match="no variable 'x'"):
        parse(tmp_path, made(tmp_path, grid()), variables=["x"])


@pytest.mark.parametrize(
    ("units", "attrs", "value", "expected"),
    [
        ("hours since 0001-01-01", {}, 17730000, "2023-08-17T00"),
        ("days since 1900-01-01 00:00:0.0", {"calendar": "gregorian"}, 45000.5, "2023-03-17T12"),
        ("seconds since 1970-01-01T00:00:00Z", {}, 1.7e9, "2023-11-14T22:13:20"),
        ("hours since 2024-01-01 00:00 +01:00", {}, 0, "2023-12-31T23"),
        ("days since 2000-01-01", {"calendar": "noleap"}, 59, "2000-03-01"),
    ],
)
def test_times(tmp_path, units, attrs, value, expected):
    found = parse(tmp_path, with_time(tmp_path, units, [value], **attrs))
    assert found.arrays["time"][0] == np.datetime64(expected)
    zoned = units.endswith(("Z", "+01:00"))
    assert zoned != any("taken as UTC" in note for note in found.notes)
    assert ("noleap" in str(found.notes)) == bool(attrs.get("calendar") == "noleap")


@pytest.mark.parametrize(
    ("units", "options"),
    [
        ("uren sinds gisteren", {}),
        ("hours since yesterday", {}),
        ("hours", {}),
        ("fortnights since 2024-01-01", {}),
        ("days since 2024-13-45", {}),
        ("day as %Y%m%d.%f", {}),
        ("days since 2000-01-01", {"values": [1e12]}),
        ("days since 99999-01-01", {"values": [1, 2]}),
        ("days since 2000-01-01", {"calendar": "no such calendar"}),
        ("", {}),
        ("kWh", {"name": "t", "standard_name": "time"}),
        ("x since y", {"name": "anything"}),
    ],
)
def test_times_that_cannot_be_read(tmp_path, units, options):
    with pytest.raises(DataError, match="times cannot be read") as caught:
        parse(tmp_path, with_time(tmp_path, units, **options))
    assert caught.value.where == "meteo.nc"
    assert options.get("name", "time") in caught.value.what
    assert "hours since" in caught.value.mend


def test_other_times(tmp_path):
    with pytest.raises(DataError, match="do not all exist"):
        parse(tmp_path, with_time(tmp_path, "days since 2000-01-01", [59], calendar="360_day"))
    with pytest.raises(DataError, match="no time in place 1"):
        parse(tmp_path, with_time(tmp_path, values=[0, np.nan, 2]))
    assert "do not all increase" in parse(tmp_path, with_time(tmp_path, values=[0, 2, 1])).notes[0]
    assert "has no units" in parse(tmp_path, with_time(tmp_path, None)).notes[0]


def test_nothing_but_missing_values(tmp_path):
    with pytest.raises(DataError, match="every value is missing in 'load'"):
        parse(tmp_path, with_time(tmp_path, load=np.nan))
    some = grid()
    some["t2m"][:] = np.nan
    assert "'t2m' has no value at all" in parse(tmp_path, made(tmp_path, some)).notes
    with pytest.raises(DataError, match="every value is missing"):
        parse(tmp_path, made(tmp_path, some[["t2m"]]))
    with pytest.raises(DataError, match="every value is missing in 'load'"):
        parse(tmp_path, with_time(tmp_path, load=np.inf))
    some["t2m"][:] = np.inf
    some["t2m"][0] = 280
    assert "'t2m' has no value in 805 of 840 places" in parse(tmp_path, made(tmp_path, some)).notes


def test_no_place_for_a_value(tmp_path):
    with pytest.raises(DataError, match="every value is missing in 'load'"):
        parse(
            tmp_path,
            by_h5py(tmp_path, lambda file: (file.pop("values"), file.create_dataset("load", (0, 5), "f4"))),
        )
    found = parse(tmp_path, by_h5py(tmp_path, lambda file: file.create_dataset("load", (0, 5), "f4")))
    assert "'load' has no value at all" in found.notes


def test_unwritten_values_are_missing(tmp_path):
    path = tmp_path / "made.nc"
    with netCDF4.Dataset(path, "w") as data:
        data.createDimension("x", 5)
        data.createVariable("load", "f4", ("x",))[:2] = [1, 2]
    found = parse(tmp_path, path.read_bytes())
    np.testing.assert_array_equal(found.arrays["load"], [1, 2, np.nan, np.nan, np.nan])


def test_coordinate_system(tmp_path):
    some = grid()
    wkt = 'PROJCS["RD",GEOGCS["x"],AUTHORITY["EPSG","28992"]]'
    some["crs"] = ((), 0, {"grid_mapping_name": "oblique_stereographic", "crs_wkt": wkt})
    some["t2m"].attrs["grid_mapping"] = "crs"
    found = parse(tmp_path, made(tmp_path, some))
    assert (found.facts["crs"], found.facts["crs_wkt"]) == ("EPSG:28992", wkt)
    assert found.facts["grid_mapping"] == "oblique_stereographic"


def test_degrees_out_of_range(tmp_path):
    some = grid()
    some["lat"] = ("lat", np.linspace(5e5, 6e5, 5), {"units": "degrees_north"})
    with pytest.raises(DataError, match="should hold degrees"):
        parse(tmp_path, made(tmp_path, some))


def test_groups_are_left_out_and_noted(tmp_path):
    def write(file):
        file["a/b/inner"] = np.arange(3)
        file["same"] = file["values"]
        file["soft"] = h5py.SoftLink("/values")

    found = parse(tmp_path, by_h5py(tmp_path, write))
    assert "groups were left out: " in found.notes[0]
    assert list(found.arrays["values"]) == [0, 1, 2, 3, 4]

    def move(file):
        file.move("values", "g/values")

    with pytest.raises(DataError, match="only its groups do"):
        parse(tmp_path, by_h5py(tmp_path, move))


@pytest.mark.parametrize("big", [">f4", ">i2", ">f8", "<f2", "<u8", "?"])
def test_other_types(tmp_path, big):
    values = np.array([0, 1, 1, 0]).astype(big)
    found = parse(tmp_path, by_h5py(tmp_path, lambda file: file.create_dataset("other", data=values)))
    np.testing.assert_array_equal(found.arrays["other"], values)
    assert found.arrays["other"].dtype.isnative


def outside(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_bytes(SECRET)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(5)
    return str(path)


def external(file, secret, path="leak"):
    file.create_dataset(path, shape=(22,), dtype="u1", external=[(secret, 0, 22)])


def several(file, secret):
    file.create_dataset(
        "deep/in/leak", shape=(44,), dtype="u1", external=[(secret, 0, 22), (secret, 0, h5py.h5f.UNLIMITED)]
    )


def virtual(file, secret):
    layout = h5py.VirtualLayout((5,), "i8")
    layout[:] = h5py.VirtualSource(secret.replace("secret.txt", "other.h5"), "x", (5,))
    file.create_virtual_dataset("group/leak", layout)


def virtual_within(file, secret):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource(".", "values", (5,))
    file.create_virtual_dataset("leak", layout)


def link(file, secret):
    file["deep/leak"] = h5py.ExternalLink(secret.replace("secret.txt", "other.h5"), "/x")


def dangling_link(file, secret):
    file["leak"] = h5py.ExternalLink("nowhere.h5", "/")


def reference(file, secret):
    file.create_dataset("leak", data=np.array([file["values"].ref], h5py.ref_dtype))


def region(file, secret):
    file.create_dataset("leak", data=np.array([file["values"].regionref[1:3]], h5py.regionref_dtype))


def opaque(file, secret):
    file.create_dataset("leak", data=np.array([b"abcd"], "V4"))


def compound(file, secret):
    file.create_dataset("leak", data=np.zeros(3, [("a", "f4"), ("b", "i4")]))


def ragged(file, secret):
    file.create_dataset("leak", (2,), dtype=h5py.vlen_dtype("i4"))


def attribute(file, secret):
    file["values"].attrs.create("leak", file["values"].ref, dtype=h5py.ref_dtype)


def soft(file, secret):
    file["leak"] = h5py.SoftLink("/no/such")


def soft_circle(file, secret):
    file["leak"] = h5py.SoftLink("/leak")


def pieces(file, secret):
    file.create_dataset("leak", (1 << 20, 1 << 10), "f8", chunks=(1 << 18, 1 << 9))


def circle(file, secret):
    file["a/b/inner"] = np.arange(3)
    file["a"]["again"] = file["a"]


def deep(file, secret):
    file.create_group("/".join("a" * 60))


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (external, "kept in another file"),
        (several, "kept in another file"),
        (virtual, "a view of other files"),
        (virtual_within, "a view of other files"),
        (link, "a link to another file"),
        (dangling_link, "a link to another file"),
        (reference, "references, structures"),
        (region, "references, structures"),
        (opaque, "references, structures"),
        (compound, "references, structures"),
        (ragged, "references, structures"),
        (attribute, "attribute of '/values' is a reference"),
        (soft, "leads nowhere"),
        (soft_circle, "leads nowhere"),
        (pieces, "pieces of 1,074 MB"),
        (circle, "occurs twice"),
        (deep, "more groups"),
    ],
)
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_reaching_out_is_refused(tmp_path, write, what, libver):
    secret = outside(tmp_path)
    data = by_h5py(tmp_path, lambda file: write(file, secret), libver=libver)
    with pytest.raises(IntakeError, match=what) as caught:
        parse(tmp_path, data)
    assert caught.value.where == "meteo.nc"
    assert "holds all its values itself" in caught.value.mend
    assert "SECRET" not in str(caught.value)


def test_unknown_filter(tmp_path):
    packed = {"chunks": (9,), "compression": "gzip"}
    data = by_h5py(tmp_path, lambda file: file.create_dataset("a", data=np.arange(9), **packed))
    assert parse(tmp_path, data).arrays["a"][8] == 8
    # In the list of filters, the number of each stands eight bytes before its name; blosc has 32001.
    at = data.index(b"deflate") - 8
    assert data[at : at + 2] == b"\x01\x00"
    with pytest.raises(IntakeError, match="HDF5 filter 32001"):
        parse(tmp_path, data[:at] + b"\x01\x7d" + data[at + 2 :])


@pytest.mark.parametrize("shape", [(10**6, 10**6), (10**9,), (10**5, 10**5, 10**5)])
def test_declares_too_much(tmp_path, shape):
    chunks = tuple(min(length, 100) for length in shape)
    options = {"chunks": chunks, "compression": "gzip"}
    data = by_h5py(tmp_path, lambda file: file.create_dataset("b04", shape, "f4", **options))
    with pytest.raises(IntakeError, match=r"MB of values.*'b04'"):
        parse(tmp_path, data)
    assert len(parse(tmp_path, data, variables=["values"]).arrays["values"]) == 5


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_off(tmp_path, share):
    data = made(tmp_path, grid())
    with pytest.raises(IntakeError, match=r"cut off|damaged"):
        parse(tmp_path, data[: int(share * len(data))])


def test_nothing_in_it(tmp_path):
    with pytest.raises(DataError, match="no variable"):
        parse(tmp_path, made(tmp_path, xr.Dataset()))


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT"])
def test_classic_files_are_named(tmp_path, form):
    path = tmp_path / "meteo.nc"
    with netCDF4.Dataset(path, "w", format=form) as data:
        data.createDimension("x", 3)
    with pytest.raises(IntakeError, match="nccopy -k nc4"):
        take(path, [kinds.NETCDF])


def test_only_the_suites_errors_escape(tmp_path):
    attempts = Attempts(tmp_path, "meteo.nc", [kinds.NETCDF])
    forms = (
        with_time(tmp_path),
        made(tmp_path, grid(3), "h5netcdf", encoding={"t2m": {"zlib": True, "chunksizes": (2, 2, 2)}}),
    )

    @fuzzed
    @given(hostile(*forms))
    def run(data):
        attempts.read(data)

    run()
    assert {"fault", "late", "death"}.isdisjoint(attempts.ends), attempts.report()
    assert attempts.ends["read"] > 10, attempts.report()

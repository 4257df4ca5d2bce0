from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from files import DAYS4, VALUES, finding, kinds, local, text

from energy.units import kw_factor, unit_in, without_unit
from energy.weather_columns import weather_of


@pytest.mark.parametrize(
    ("header", "unit", "rest"),
    [
        ("Verbruik (kWh)", "kWh", "Verbruik"),
        ("load_mw", "MW", "load"),
        ("demand [MW]", "MW", "demand"),
        ("verbruik_kWh", "kWh", "verbruik"),
        ("kWh", "kWh", "kWh"),
        ("w1", None, "w1"),
        ("meter 7", None, "meter 7"),
        ("Wind", None, "Wind"),
    ],
)
def test_a_unit_in_a_header(header, unit, rest):
    assert unit_in(header) == unit
    assert without_unit(header) == rest


def test_energy_over_an_interval_is_mean_power():
    assert kw_factor("kWh", 0.25) == 4
    assert kw_factor("MWh", 0.5) == 2000
    assert kw_factor("W", 0.25) == 0.001


@pytest.mark.parametrize(
    ("header", "variable", "value"),
    [
        ("Temperatuur (°C)", "temperature_c", 50),
        ("temperature_c", "temperature_c", 50),
        ("Temp [°F]", "temperature_c", 10),
        ("temp_f", "temperature_c", 10),
        ("T2m (K)", "temperature_c", -223.15),
        ("windsnelheid", "wind_speed_m_s", 50),
        ("wind_speed_m_s", "wind_speed_m_s", 50),
        ("wind (km/h)", "wind_speed_m_s", 50 / 3.6),
        ("windrichting", "wind_direction_deg", 50),
        ("GHI (W/m²)", "radiation_w_m2", 50),
        ("radiation_w_m2", "radiation_w_m2", 50),
        ("zonnestraling", "radiation_w_m2", 50),
        ("humidity", "humidity_pct", 50),
        ("luchtvochtigheid (%)", "humidity_pct", 50),
        ("dew point", "dew_point_c", 50),
        ("neerslag (mm)", "precipitation_mm", 50),
    ],
)
def test_weather_is_known_by_its_header(header, variable, value):
    found = weather_of(header)
    assert found is not None
    assert found.variable == variable
    assert 50 * found.factor + found.offset == pytest.approx(value)


@pytest.mark.parametrize("header", ["load_kw", "Verbruik (kWh)", "tijd", "meter 3", "zon (kWh)", "windmolen"])
def test_what_is_no_weather_is_none(header):
    assert weather_of(header) is None


@pytest.mark.parametrize(
    ("header", "unit", "factor"),
    [
        ("load_kw", None, 1),
        ("load_mw", None, 1000),
        ("Verbruik (kWh)", None, 2),
        ("demand [MW]", None, 1000),
        ("vermogen W", None, 0.001),
        ("afname kWh", None, 2),
        ("kWh", None, 2),
        ("Power (GW)", None, 1e6),
        ("Verbruik", "kWh", 2),
        ("Verbruik (kWh)", "MW", 1000),
        ("Verbruik", "Wh", 0.002),
    ],
)
def test_units_from_the_header_or_the_user(read, header, unit, factor):
    content = text(local("2024-01-01", 96, "30min"), VALUES, header=f"time,{header}")
    load = read(content, unit=unit)
    np.testing.assert_allclose(load.ds["load_kw"].values[:, 0], np.array(VALUES) * factor)
    assert ("unit" in kinds(load)) == (factor in (2, 0.002))


def test_a_guessed_unit_is_said(read):
    load = read(text(DAYS4, VALUES, header="tijd,verbruik"))
    assert finding(load, "unit").done == "read as kW"


def test_a_row_of_units_counts(read):
    load = read(text(["", *DAYS4], ["MW", *VALUES], ["°F", *[50] * 96], header="tijd,last,temp"))
    assert load.ds["load_kw"].values[0, 0] == 100_000
    assert load.ds["temperature_c"].values[0] == pytest.approx(10)


def test_feed_in_is_negative_and_stays(read):
    content = text(DAYS4, VALUES, [150] * 96, header="time,Afname (kW),Teruglevering (kW)")
    load = read(content)
    assert load.series == ["Afname"]
    np.testing.assert_array_equal(load.ds["load_kw"].values[:, 0], np.array(VALUES) - 150)
    assert "feed-in" in kinds(load)
    content = text(
        DAYS4, *[[i] * 96 for i in (5, 3, 2, 1)], header="t,afname m1,afname m2,invoeding m2,invoeding m1"
    )
    load = read(content, time_column="t", unit="kW")
    np.testing.assert_array_equal(load.ds["load_kw"].values[0], [4, 1])


def test_weather_gets_names_with_units(read):
    content = text(
        DAYS4,
        VALUES,
        *[[v] * 96 for v in (50, 36, 360, 80)],
        header="time,load_kw,temp (°F),windsnelheid (km/h),global radiation (J/cm2),Vochtigheid (%)",
    )
    ds = read(content).ds
    assert float(ds["temperature_c"][0]) == pytest.approx(10)
    assert float(ds["wind_speed_m_s"][0]) == pytest.approx(10)
    assert float(ds["radiation_w_m2"][0]) == pytest.approx(1000)
    assert float(ds["humidity_pct"][0]) == 80
    assert all(ds[n].dims == ("time",) for n in ds.data_vars if n != "load_kw")


def test_two_stations_and_named_weather_each_have_a_name(read):
    content = text(DAYS4, VALUES, [1] * 96, [2] * 96, [3] * 96, header="time,load_kw,temp a,temp b,w1")
    load = read(content)
    assert load.weather == ["temperature_c", "temperature_2_c"]
    assert "unused column" in kinds(load)
    assert read(content, weather_columns=["w1"]).weather == ["w1"]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (
            "datum,uur",
            [(f"{d:%d-%m-%Y}", str(h)) for d in pd.date_range("2024-10-10", periods=8) for h in range(1, 25)],
        ),
        (
            "YYYYMMDD,HH",
            [(f"{d:%Y%m%d}", str(h)) for d in pd.date_range("2024-10-10", periods=8) for h in range(1, 25)],
        ),
        (
            "date,hour",
            [(f"{d:%Y-%m-%d}", str(h)) for d in pd.date_range("2024-10-10", periods=8) for h in range(24)],
        ),
        (
            "datum,tijd",
            [
                (f"{d:%d/%m/%Y}", f"{h:02d}:00")
                for d in pd.date_range("2024-10-10", periods=8)
                for h in range(24)
            ],
        ),
        (
            "datum,tijd",
            [
                (f"{d:%d/%m/%Y}", f"{h:02d}:00-{h + 1:02d}:00")
                for d in pd.date_range("2024-10-10", periods=8)
                for h in range(24)
            ],
        ),
        (
            "datum,tijd",
            [
                (f"{d:%d/%m/%Y}", f"{h:02d}:00")
                for d in pd.date_range("2024-10-10", periods=8)
                for h in range(1, 25)
            ],
        ),
    ],
)
def test_date_and_clock_in_two_columns(read, header, cells):
    values = list(range(100, 100 + len(cells)))
    load = read(text(*zip(*cells, strict=True), values, header=f"{header},load_kw"))
    assert load.ds.time.values[0] == np.datetime64("2024-10-09T22:00")
    np.testing.assert_array_equal(load.ds["load_kw"].values[:, 0], values)

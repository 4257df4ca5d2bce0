from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.stats import norm

from common.errors import StoreError
from common.pilot import Result
from common.svg import nice_ticks
from energy.alarms import alarm_table, day_table, score_alarms
from energy.charts import PALETTE, accuracy_data, driver_data, fan_data, series_by_peak
from energy.report import export_table, write_exports
from energy.report_page import report_html
from energy.wording import figure, unit_for

ORIGIN = pd.Timestamp("2024-10-25 22:00", tz="UTC")  # the 48 hours hold the 25-hour day
ZONE = "Europe/Amsterdam"
LEVELS = np.arange(1, 10) / 10
HOSTILE = '=HYPERLINK("x")<script>alert(1)</script>'


def one(series: str, scale: float) -> dict[str, pd.DataFrame]:
    at = pd.date_range(ORIGIN, periods=48, freq="h")
    before = pd.date_range(ORIGIN - pd.Timedelta(days=14), ORIGIN, freq="h", inclusive="left")
    shape = scale * (800 - 300 * np.cos(np.arange(48) / 24 * 2 * np.pi))
    quantiles = {f"q{10 * i}_kw": shape + 40 * scale * norm.ppf(LEVELS[i - 1]) for i in range(1, 10)}
    times = {"series": series, "valid_from_utc": at, "valid_from_local": at.tz_convert(ZONE)}
    forecast = pd.DataFrame(times | {"origin_utc": ORIGIN} | quantiles)
    past = {"series": series, "valid_from_utc": before, "valid_from_local": before.tz_convert(ZONE)}
    names = ["time of day", "temperature", "last week", "a", "b", "c", "d", "e", "f"]
    drivers = pd.DataFrame(
        [
            (series, when, name, (9 - i) * (-1.0) ** i, 1.0, f"{name} moved it")
            for when in at
            for i, name in enumerate(names)
        ],
        columns=["series", "valid_from_utc", "driver", "contribution_kw", "value", "words"],
    )
    return {
        "forecast": forecast,
        "history": pd.DataFrame(past | {"load_kw": 700.0 * scale}),
        "alarms": alarm_table(forecast, 1000.0 * scale),
        "drivers": drivers,
    }


@pytest.fixture
def result() -> Result:
    parts = [one("feeder 7", 1.0), one(HOSTILE, 2.0)]
    tables = {name: pd.concat([p[name] for p in parts], ignore_index=True) for name in parts[0]}
    columns = ["model", "mae_kw", "mase", "pinball_kw", "coverage80", "width80_kw", "peak_hour_error_kw"]
    tables["accuracy"] = pd.DataFrame(
        [["trees", 25.0, 0.5, 9.0, 0.803, 160.0, 40.0], ["last week", 50.0, 1.0, 20.0, 0.7, 200.0, np.nan]],
        columns=columns,
    )
    tables["calibration"] = pd.DataFrame({"quantile": LEVELS, "observed": LEVELS + 0.01})
    tables["findings"] = pd.DataFrame(
        [(i, "load", "gap", f"gap {i}<i>", "left empty") for i in range(12)],
        columns=["row", "field", "kind", "what", "done"],
    )
    tables["anomalies"] = pd.DataFrame(
        [("feeder 7", ORIGIN - pd.Timedelta(days=1), np.nan, 470.0, "missing day", 2.0)],
        columns=["series", "valid_from_utc", "load_kw", "expected_kw", "kind", "score"],
    )
    return Result(
        summary="Peak of 2.2 MW & more.",
        tables=tables,
        warnings=["weather after the origin was not known <b>"],
        provenance={"model": "trees", "made_at_utc": "2024-10-25T22:00:00+00:00", "settings": {"seed": 1}}
        | {"command": "pilots run energy --input '<load>.csv'"},
    )


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data", "action")]

    def handle_data(self, data):
        self.words.append(data)


def page_of(result: Result) -> tuple[Page, str]:
    html, page = report_html(result), Page()
    page.feed(html)
    return page, html


def test_nothing_of_the_users_text_becomes_markup(result):
    page, _ = page_of(result)
    assert "script" not in page.tags
    assert not {"b", "img", "iframe"} & set(page.tags)
    assert HOSTILE in "".join(page.words)
    assert "'<load>.csv'" in "".join(page.words)


def test_the_page_asks_nothing_of_the_network(result):
    page, html = page_of(result)
    assert page.addresses == []
    assert "@import" not in html
    assert "url(" not in html
    assert "default-src 'none'" in html


def test_the_page_says_what_the_result_holds(result):
    page, html = page_of(result)
    words = re.sub(r"\s+", " ", " ".join(page.words))
    for told in (
        "Peak of 2.2 MW & more.",
        "weather after the origin was not known",
        "trees",
        "last week",
        "80.3%",
        "missing day",
        "and 4 more in the table 'findings'",
        "2024-10-25T22:00:00+00:00",
        "Europe/Amsterdam",
        "time of day moved it",
        "2 series",
        "50% less than last week",
    ):
        assert told in words
    assert html.count("<svg") == html.count("</svg>") == 6  # two fans, a strip of chances, three others
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", html.lower())


def test_days_scores_and_a_what_if_are_shown_where_they_are(result):
    forecast = result.tables["forecast"]
    quantiles = forecast.filter(regex=r"^q\d+_kw$").to_numpy()
    what_if = forecast[["series", "valid_from_utc", "valid_from_local", "q50_kw"]].assign(
        temperature_c=20.0, changed_temperature_c=17.5, changed_q50_kw=forecast["q50_kw"] - 40
    )
    more = {
        "alarm_days": day_table(result.tables["alarms"], {"feeder 7": 0.9 ** np.arange(48)}),
        "alarm_scores": score_alarms(quantiles, LEVELS, forecast["q50_kw"] + 10, 1000.0),
        "what_if": what_if.assign(change_kw=-40.0),
    }
    page, html = page_of(dataclasses.replace(result, tables=dict(result.tables) | more))
    words = " ".join(page.words)
    assert "What if it were 2.5 °C colder" in words
    assert "Sat 26 Oct 00:00: −40.0 kW, from 1.00 MW to 0.96 MW" in words
    assert "threshold from costs" in words
    assert "never alarm" in words
    assert "Sat 26 Oct" in words
    assert html.count("<svg") == 7


def test_a_bare_forecast_still_gives_a_page(result):
    bare = {"forecast": result.tables["forecast"]}
    _, html = page_of(dataclasses.replace(result, tables=bare, warnings=(), provenance={}))
    assert html.count("<svg") == 2
    assert "Alarms" not in html


def test_exports_can_be_read_back_with_units_and_zones(result, tmp_path):
    files = write_exports(result, tmp_path / "out")
    assert [f.name for f in files] == ["forecast.csv", "forecast.parquet", "report.html"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)
    csv, parquet = pd.read_csv(files[0]), pd.read_parquet(files[1])
    assert list(csv) == list(parquet) == list(export_table(result))
    assert csv["timezone"].unique().tolist() == [ZONE]
    assert np.allclose(csv["q50_kw"], parquet["q50_kw"], atol=1e-3)
    assert (pd.to_datetime(csv["valid_from_local"], utc=True) == parquet["valid_from_utc"]).all()
    twice = csv[csv["valid_from_local"].str.startswith("2024-10-27T02:00:00")]["valid_from_local"].unique()
    assert sorted(twice) == ["2024-10-27T02:00:00+01:00", "2024-10-27T02:00:00+02:00"]
    assert (parquet["valid_to_utc"] - parquet["valid_from_utc"]).unique() == [pd.Timedelta(hours=1)]
    stated = {k.decode(): v.decode() for k, v in pq.read_schema(files[1]).metadata.items()}
    assert (stated["unit"], stated["timezone"], stated["model"]) == ("kW", ZONE, "trees")
    assert stated["made_at"] == "2024-10-25T22:00:00+00:00"
    assert stated["interval_s"] == "3600"
    assert json.loads(stated["units"])["q50_kw"] == "kW"


def test_a_name_that_is_a_formula_is_harmless_in_a_spreadsheet(result, tmp_path):
    names = set(pd.read_csv(write_exports(result, tmp_path)[0])["series"])
    assert names == {"feeder 7", "'" + HOSTILE}


def test_a_folder_that_cannot_be_written_is_one_clear_error(result, tmp_path):
    (tmp_path / "out").write_text("a file stands here")
    with pytest.raises(StoreError, match="cannot be written"):
        write_exports(result, tmp_path / "out")


def test_fan_data_joins_history_and_nested_bands(result):
    data = fan_data(result, "feeder 7", history_days=1)
    assert data["kind"].value_counts().to_dict() == {"band": 4 * 48, "median": 48, "measured": 24}
    assert data.loc[data["kind"] == "band", "central"].unique().tolist() == [0.8, 0.6, 0.4, 0.2]
    assert (data["low_kw"] <= data["high_kw"]).all()


def test_drivers_of_the_peak_add_up_after_the_small_ones_are_summed(result):
    rows = driver_data(result, "feeder 7")
    all_rows = result.tables["drivers"].query("series == 'feeder 7'")
    total = all_rows[all_rows["valid_from_utc"] == rows["valid_from_utc"].iloc[0]]["contribution_kw"].sum()
    assert rows["contribution_kw"].sum() == pytest.approx(total)
    assert rows["driver"].iloc[-1] == "all else"
    peak = (
        result.tables["forecast"].query("series == 'feeder 7'").set_index("valid_from_utc")["q50_kw"].idxmax()
    )
    assert rows["valid_from_utc"].iloc[0] == peak


def test_series_come_by_peak_and_errors_beside_the_best(result):
    assert series_by_peak(result) == [HOSTILE, "feeder 7"]
    assert accuracy_data(result)["less_error"].tolist() == [0.0, 0.5]


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_its_background(theme):
    colours = PALETTE[theme]
    for name in ("ink", "muted", "main", "limit"):
        assert contrast(colours[name], colours["paper"]) >= 4.5
    assert contrast(colours["muted"], colours["panel"]) >= 4.5


def test_numbers_are_written_for_people():
    assert [figure(v) for v in (0.0, 8.333, 74.04, 203.4, 1400.0, -0.128, np.nan)] == [
        "0.00",
        "8.33",
        "74.0",
        "203",
        "1,400",
        "−0.13",
        "–",
    ]
    assert nice_ticks(3.1, 9.2) == [2, 4, 6, 8, 10]
    assert nice_ticks(5.0, 5.0) == [5.0]
    assert [unit_for(v).name for v in (0.4, 950.0, 8300.0, 8.3e6)] == ["W", "kW", "MW", "GW"]


def plain(medians_kw: np.ndarray, freq: str = "h") -> pd.DataFrame:
    at = pd.date_range("2024-03-29 23:00", periods=len(medians_kw), freq=freq, tz="UTC")
    times = {
        "series": "a",
        "origin_utc": at[0],
        "valid_from_utc": at,
        "valid_from_local": at.tz_convert(ZONE),
    }
    return pd.DataFrame(times | {f"q{10 * i}_kw": medians_kw + 5 * (i - 5) for i in range(1, 10)})


@pytest.mark.parametrize(
    ("medians_kw", "limit_kw"),
    [
        (np.array([5.0]), 10.0),  # one interval
        (np.zeros(24), 0.0),
        (-200 + 600 * np.sin(np.arange(744) / 4), 9e6),  # a month of net load, far below its capacity
        (np.where(np.arange(24) < 3, np.nan, 20.0), 19.0),  # a part that nobody could forecast
    ],
)
def test_unusual_forecasts_give_a_sound_page_and_files(medians_kw, limit_kw, tmp_path):
    forecast = plain(medians_kw)
    result = Result(summary="s", tables={"forecast": forecast, "alarms": alarm_table(forecast, limit_kw)})
    html = report_html(result)
    numbers = re.findall(r"-?\d+\.?\d*|nan|inf", " ".join(re.findall(r' (?:d|x|y|width)="([^"]*)"', html)))
    assert numbers
    assert all(np.isfinite(float(n)) for n in numbers)
    assert len(pd.read_parquet(write_exports(result, tmp_path)[1])) == len(medians_kw)


@pytest.mark.browser
def test_in_a_browser_it_fits_phone_and_paper_and_asks_nothing_of_the_network(result, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    page_file = write_exports(result, tmp_path)[2]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        asked, complaints = [], []
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.emulate_media(media="screen", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        page.emulate_media(media="print")
        pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
        browser.close()
    assert asked == [page_file.as_uri()]
    assert complaints == []
    assert pages <= 3

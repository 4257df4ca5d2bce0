"""What can be set for an energy forecast, as options of `pilots run energy`."""

from __future__ import annotations

from typing import Any

import streamlit as st

from apps.ui.format import unit_for
from apps.ui.text import t
from energy.data import Load
from energy.settings import KW, Settings

HORIZONS_H = (24, 48, 168)
POWER_UNITS = ("kW", "MW", "GW")
KEPT: dict[str, Any] = {"persist_state": "session"}
"""What was set is still set when the visitor comes back from a forecast."""
MODELS = ("trees", "ensemble", "naive")


def ask(load: Load) -> list[str]:
    """Draw the settings and return what was set.

    Args:
        load: what is to be forecast, for the unit of its size and whether it has a temperature.
    """
    default = Settings()
    usual = unit_for(float(abs(load.ds["load_kw"]).max())).name
    first, second, third, _ = st.columns([1.5, 1.2, 0.7, 0.9], vertical_alignment="bottom")
    horizon = first.segmented_control(
        t("horizon"),
        HORIZONS_H,
        default=48,
        format_func=lambda h: t(f"horizon_{h}"),
        required=True,
        key="horizon",
        **KEPT,
    )
    limit = second.number_input(
        t("limit"),
        min_value=0.0,
        value=None,
        step=None,
        help=t("limit_help"),
        key="limit",
        **KEPT,
        placeholder="–",
    )
    unit = third.selectbox(
        t("limit_unit"),
        POWER_UNITS,
        index=POWER_UNITS.index(usual) if usual in POWER_UNITS else 0,
        key="limit_unit",
        **KEPT,
    )
    options = ["--horizon", f"{horizon}h"]
    with st.expander(t("more_options"), icon=":material/tune:"):
        cells = st.columns(4)
        missed = cells[0].number_input(
            t("cost_missed"),
            min_value=0.01,
            value=default.cost_missed_eur,
            help=t("cost_help"),
            key="missed",
            **KEPT,
        )
        false = cells[1].number_input(
            t("cost_false"),
            min_value=0.01,
            value=default.cost_false_eur,
            help=t("cost_help"),
            key="false",
            **KEPT,
        )
        warmer = 0.0
        if any(name.startswith("temperature") for name in load.weather):
            warmer = cells[2].number_input(
                t("whatif"), -10.0, 10.0, 0.0, 0.5, help=t("whatif_help"), key="whatif", **KEPT
            )
        model = cells[3].selectbox(
            t("model"), MODELS, format_func=lambda m: t(f"model_{m}"), key="model", **KEPT
        )
    if limit:
        options += ["--limit", f"{limit * KW[unit.lower()]:.3f}kW"]
        options += ["--cost-missed", f"{missed:g}", "--cost-false", f"{false:g}"]
    if warmer:
        options += [f"--what-if-temperature={warmer:g}"]
    if model != default.model:
        options += ["--model", model]
    return options

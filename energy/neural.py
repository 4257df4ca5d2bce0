"""The global neural forecaster: one network for all series, nine quantiles, trained on the training core.

Use it beside the trees: it errs differently, so the weighted mean of both is better than either. It alone
forecasts series it has never seen, because it works on windows normalised by themselves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from common.errors import DataError, StoreError
from common.pilot import Progress, silent
from energy.arrays import as_forecast
from energy.predictive import QUANTILES
from energy.training import (
    SETTINGS,
    NeuralSettings,
    fit_config,
    shape_for,
    task_for,
    write_settings,
)

if TYPE_CHECKING:
    from common.training.config import FitConfig
    from energy.data import Load
    from energy.network import LoadNet
    from energy.neural_inputs import Scale

ROWS = 512
"""Windows forecast at once."""


class Neural:
    """Global neural quantile forecaster (see energy.network); fulfils the Forecaster contract.

    Args:
        settings: what it is and how it learns.
        config: how the core trains it; None: about a minute on two cores.
        seed: of everything random, where `config` is None.
        progress: told how far training is.
    """

    name = "neural"

    def __init__(
        self,
        settings: NeuralSettings | None = None,
        config: FitConfig | None = None,
        *,
        seed: int = 1,
        progress: Progress = silent,
    ) -> None:
        self.settings = settings or NeuralSettings()
        self.config, self.seed, self.progress = config, seed, progress
        self.net: LoadNet | None = None
        self.scale: Scale | None = None
        self.step_s = 0
        self.series: list[str] = []

    @property
    def weather(self) -> str:
        """What it knows of the weather after the origin."""
        return self.settings.weather

    def fit(self, load: Load, until: np.datetime64) -> None:
        """Learn from the intervals that start before `until`.

        Raises:
            DataError: the load is too short, or has too many gaps.
            TrainingError: training cannot go on.
        """
        from common.training.loop import fit
        from energy.neural_inputs import Scale

        task = task_for(load, until, self.settings)
        config = self.config or fit_config(self.settings, len(task.train), self.seed)
        self.net = fit(task, config, progress=self.progress).model.eval()  # type: ignore[assignment]
        self.scale = Scale.of(load, until, self.settings.weather)
        self.step_s = int(load.step / np.timedelta64(1, "s"))
        self.series = load.series

    def predict(self, load: Load, origins: np.ndarray, horizon: int) -> xr.DataArray:
        """Forecast from each origin, knowing only what starts before it (and weather as `settings` says).

        Args:
            load: with the past of the origins; its time step is the one trained with.
            origins: starts of the first intervals to be forecast, UTC without zone mark.
            horizon: steps, at most the trained horizon.

        Returns:
            `load_kw` (origin, step, series, quantile), float32, kW, ascending along the quantiles.

        Raises:
            DataError: the load does not fit the model, or the horizon is too long.
        """
        import torch

        from energy.neural_inputs import Panel

        net, scale = self._ready(load, horizon)
        panel = Panel(load, scale, net.shape.lookback, net.shape.horizon, self.settings.weather)
        origins = np.asarray(origins, dtype="datetime64[ns]")
        places = np.repeat(panel.place(origins), len(load.series))
        rows = np.tile(np.arange(len(load.series)), len(origins))
        parts = []
        with torch.no_grad():
            for start in range(0, len(rows), ROWS):
                part = slice(start, start + ROWS)
                seen = panel.windows(rows[part], places[part])
                seen["series"] = torch.from_numpy(self._embedded(load)[rows[part]])
                parts.append(net(**seen)[:, :horizon].numpy())
        shape = (len(origins), len(load.series), horizon, len(QUANTILES))
        values = np.concatenate(parts).reshape(shape).transpose(0, 2, 1, 3)
        return as_forecast(values, origins, load.series, QUANTILES)

    def _ready(self, load: Load, horizon: int) -> tuple[LoadNet, Scale]:
        if self.net is None or self.scale is None:
            raise DataError(
                "the neural forecaster has not been trained", mend="call fit, or open a stored one"
            )
        step_s = int(load.step / np.timedelta64(1, "s"))
        if step_s != self.step_s:
            raise DataError(
                f"the load has steps of {step_s / 60:g} minutes, the model has {self.step_s / 60:g}",
                mend="bring the load to the model's time step, or train a model on it",
            )
        if horizon > self.net.shape.horizon:
            raise DataError(
                f"the model forecasts {self.net.shape.horizon} steps, not {horizon}",
                mend="train it with a longer horizon_h",
            )
        return self.net, self.scale

    def _embedded(self, load: Load) -> np.ndarray:
        """Row of the static embedding for each series of a load."""
        if not self.settings.embedding:
            return np.zeros(len(load.series), np.int64)
        rows = {name: row for row, name in enumerate(self.series)}
        if unknown := [s for s in load.series if s not in rows]:
            raise DataError(
                f"the model has not seen the series {', '.join(unknown[:3])}",
                mend="train it without an embedding, or on all series",
            )
        return np.array([rows[s] for s in load.series])

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and settings (JSON) into an existing folder.

        Raises:
            StoreError: it has not been trained.
        """
        from common.training.weights import write_weights

        if self.net is None or self.scale is None:
            raise StoreError("the neural forecaster has not been trained", mend="call fit first")
        write_weights(self.net.state_dict(), folder)
        write_settings(folder, self.settings, self.scale, self.step_s, self.series)

    @classmethod
    def load_from(cls, folder: Path) -> Neural:
        """Open what `save` or a training run wrote, from a folder that `common.store.open_model` has checked.

        Raises:
            StoreError: files are missing or do not fit each other.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from common.training.weights import WEIGHTS
        from energy.network import LoadNet
        from energy.neural_inputs import Scale

        try:
            about = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            model = cls(NeuralSettings.of(about["settings"]))
            model.scale = Scale.from_plain(about["scale"])
            model.step_s, model.series = int(about["step_s"]), list(about["series"])
            model.net = LoadNet(shape_for(model.step_s, model.settings, model.scale, len(model.series)))
            model.net.load_state_dict(load_file(folder / WEIGHTS))
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise StoreError(
                "this is no whole neural forecaster",
                where=str(folder),
                mend="train it anew, or fetch it again",
            ) from error
        model.net.eval()
        return model

"""Gradient-boosted trees through the same run folder and record as networks.

    with Run(folder, pilot="energy", task="load-trees", settings={"trees": params}, data=facts) as run:
        booster = fit_booster(params, train, valid=valid, rounds=500, patience=30, run=run)
        run.save(scores=booster.best_score["valid"])
        run.save_model(lambda folder: write_booster(booster, folder), card)

The same data, parameters and number of threads give the same trees, bit by bit. A stopped run leaves its
record and no model; trees are trained anew, not resumed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb

from common.errors import StoreError, TrainingError
from common.pilot import Progress, silent
from common.store import atomic_write
from common.training.record import Run
from common.training.stopping import on_signals, raise_for

SUFFIX = ".txt"
REPORT_EVERY_S = 0.25
REPRODUCIBLE: dict[str, Any] = {"deterministic": True, "force_row_wise": True, "seed": 1, "verbosity": -1}


def fit_booster(
    params: Mapping[str, Any],
    train: lgb.Dataset,
    *,
    valid: lgb.Dataset | None = None,
    rounds: int = 500,
    patience: int | None = None,
    run: Run | None = None,
    name: str = "trees",
    log_every: int = 10,
    progress: Progress = silent,
) -> lgb.Booster:
    """Train one LightGBM booster.

    SIGTERM and Ctrl-C end it after the tree it is at, and then act as they would have, when there is a run.

    Args:
        params: LightGBM parameters; those in REPRODUCIBLE hold unless set here.
        train: the training data.
        valid: data whose metrics are recorded, and which stop the training early with `patience`.
        rounds: trees, at most.
        patience: rounds without a better value of the first metric before it stops; None: all rounds.
        run: open run whose metrics.jsonl gets a line every `log_every` rounds.
        name: tells this booster's lines from others of the run.
        log_every: rounds between lines.
        progress: called a few times a second.

    Returns:
        The booster; it predicts with its best round when it stopped early.

    Raises:
        TrainingError: LightGBM refuses the data or parameters.
    """
    if patience is not None and valid is None:
        raise TrainingError("patience needs validation data", mend="give valid, or leave patience out")
    reported = [0.0]
    with on_signals(run is not None, stubborn=False) as asked:

        def report(env: Any) -> None:
            done = env.iteration + 1
            if run and env.evaluation_result_list and (done % log_every == 0 or done == rounds):
                scores = {entry[1]: entry[2] for entry in env.evaluation_result_list}
                run.metrics(step=done, booster=name, valid=scores)
            if asked:
                if run:
                    run.log(f"{name}: asked to stop by signal {asked.numbers[0]} after {done} trees")
                raise_for(asked.numbers[0])
            now = time.monotonic()
            if now - reported[0] > REPORT_EVERY_S or done == rounds:
                reported[0] = now
                progress(done / rounds, f"{name}: tree {done}")

        callbacks: list[Any] = [report]
        if patience is not None:
            callbacks.append(lgb.early_stopping(patience, first_metric_only=True, verbose=False))
        try:
            booster = lgb.train(
                REPRODUCIBLE | dict(params),
                train,
                num_boost_round=rounds,
                valid_sets=[valid] if valid is not None else None,
                valid_names=["valid"] if valid is not None else None,
                callbacks=callbacks,
            )
        except (lgb.basic.LightGBMError, ValueError, TypeError) as error:
            raise TrainingError(
                f"LightGBM cannot train on this ({str(error).splitlines()[0]})", where=name
            ) from error
    if run:
        run.log(f"{name}: {booster.num_trees()} trees, best after {booster.best_iteration or rounds} rounds")
    return booster


def write_booster(booster: lgb.Booster, folder: Path, name: str = "trees") -> None:
    """Write a booster as LightGBM text into a folder to be stored; trees after its best are left out."""
    best = booster.best_iteration if booster.best_iteration > 0 else None
    atomic_write(folder / f"{name}{SUFFIX}", booster.model_to_string(num_iteration=best))


def read_booster(folder: Path, name: str = "trees") -> lgb.Booster:
    """Read a booster from a folder that `store.open_model` has checked; call it with nothing else.

    Raises:
        StoreError: there is none of this name, or it cannot be read.
    """
    path = folder / f"{name}{SUFFIX}"
    try:
        return lgb.Booster(model_str=path.read_text(encoding="utf-8"))
    except (OSError, ValueError, lgb.basic.LightGBMError) as error:
        raise StoreError("the trees cannot be read", where=str(path)) from error

import json
import os
import signal

import lightgbm as lgb
import numpy as np
import pytest

from common.errors import StoreError, TrainingError
from common.store import open_model
from common.training.boosting import fit_booster, read_booster, write_booster
from common.training.record import METRICS, Run, read_record

PARAMS = {
    "objective": "regression",
    "num_leaves": 7,
    "learning_rate": 0.3,
    "num_threads": 1,
    "bagging_freq": 1,
}
PARAMS |= {"bagging_fraction": 0.7, "feature_fraction": 0.7, "min_data_in_leaf": 5}


def data(noise=0.0):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    y = x[:, 0] + x[:, 1] ** 2 + noise * rng.normal(size=400)
    train = lgb.Dataset(x[:300], y[:300])
    return train, lgb.Dataset(x[300:], y[300:], reference=train), x[300:], y[300:]


def test_trees_train_into_a_run_folder_and_come_back_checked(tmp_path):
    train, valid, x, y = data()
    told = []
    with Run(tmp_path, pilot="energy", task="load-trees", settings={"trees": PARAMS}) as run:
        booster = fit_booster(
            PARAMS, train, valid=valid, rounds=60, run=run, progress=lambda f, w: told.append(f)
        )
        run.save(scores=booster.best_score["valid"])
        run.save_model(lambda folder: write_booster(booster, folder), {"intended_use": "tests"})
    again = read_booster(open_model(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(x), booster.predict(x))
    assert np.mean((again.predict(x) - y) ** 2) < 0.3 * np.var(y)
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30, 40, 50, 60]
    assert lines[-1]["valid"]["l2"] == read_record(tmp_path)["scores"]["l2"] < lines[0]["valid"]["l2"]
    assert told[-1] == 1.0


def test_the_same_data_and_settings_give_the_same_trees():
    texts = []
    for seed in (1, 1, 2):
        train, *_ = data(0.3)
        texts.append(fit_booster(PARAMS | {"seed": seed}, train, rounds=20).model_to_string())
    assert texts[0] == texts[1]
    assert texts[0].split("parameters")[0] != texts[2].split("parameters")[0]


def test_early_stopping_keeps_the_best_round(tmp_path):
    train, valid, x, _ = data(1.0)
    booster = fit_booster(PARAMS, train, valid=valid, rounds=400, patience=5)
    assert 0 < booster.best_iteration < 100
    write_booster(booster, tmp_path)
    again = read_booster(tmp_path)
    assert again.num_trees() == booster.best_iteration
    np.testing.assert_array_equal(again.predict(x), booster.predict(x))


def test_a_stopped_run_leaves_no_model(tmp_path):
    train, valid, *_ = data()

    def stop(fraction, words):
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as stopped, Run(tmp_path, pilot="energy", task="trees") as run:
        fit_booster(PARAMS, train, valid=valid, rounds=10_000, run=run, progress=stop)
    assert stopped.value.code == 143
    assert read_record(tmp_path)["state"] == "interrupted"
    assert not (tmp_path / "model").exists()


def test_what_lightgbm_refuses_is_one_line(tmp_path):
    train, *_ = data()
    with pytest.raises(TrainingError, match="LightGBM cannot train") as error:
        fit_booster({"objective": "nonsense"}, train)
    assert "\n" not in str(error.value)
    with pytest.raises(TrainingError, match="patience needs"):
        fit_booster(PARAMS, train, patience=3)
    with pytest.raises(StoreError, match="trees cannot be read"):
        read_booster(tmp_path)

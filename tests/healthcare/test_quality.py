"""A predicted Dice: it follows the truth where the doubts do, and promises nothing where they do not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from healthcare.quality import Doubts, Quality, correlation, learn


def cases(n, random, *, informative=True):
    """Cases whose true Dice falls with the doubts, or has nothing to do with them."""
    doubts, truth = [], []
    for _ in range(n):
        badness = random.gamma(2.0, 0.05)
        told = badness if informative else random.gamma(2.0, 0.05)
        noise = random.normal(0, 0.01, 3)
        doubts.append(
            {
                v: Doubts(1 - np.clip(told + noise[0], 0.01, 1), 1 - np.clip(told + noise[1], 0.01, 1), told)
                for v in (1, 2)
            }
        )
        truth.append({1: 0.95 - badness + noise[2], 2: 0.9 - badness + noise[1]})
    return doubts, truth


def test_it_predicts_cases_that_it_never_saw():
    random = np.random.default_rng(1)
    learnt = learn(*cases(30, random))
    doubts, truth = cases(200, random)
    predicted = [np.mean(list(learnt.predict(one).values())) for one in doubts]
    true = [np.mean(list(one.values())) for one in truth]
    assert correlation(predicted, true) > 0.85
    assert abs(np.mean(predicted) - np.mean(true)) < 0.02
    assert learnt.correlation > 0.8


def test_doubts_that_say_nothing_predict_the_mean():
    random = np.random.default_rng(2)
    learnt = learn(*cases(40, random, informative=False))
    doubts, truth = cases(200, random, informative=False)
    predicted = [np.mean(list(learnt.predict(one).values())) for one in doubts]
    true = [np.mean(list(one.values())) for one in truth]
    assert abs(correlation(predicted, true)) < 0.25
    assert np.std(predicted) < np.std(true) / 2
    assert learnt.correlation < 0.3  # the cases were left out one by one, so it does not flatter itself


def test_a_bad_case_is_flagged_and_a_strange_one_is_far():
    random = np.random.default_rng(3)
    learnt = learn(*cases(40, random))
    bad = {v: Doubts(0.55, 0.5, 0.45) for v in (1, 2)}
    good = {v: Doubts(0.93, 0.93, 0.06) for v in (1, 2)}
    assert np.mean(list(learnt.predict(bad).values())) < learnt.flag_below
    assert np.mean(list(learnt.predict(good).values())) > learnt.flag_below
    assert not learnt.is_far(good)
    assert learnt.is_far({1: Doubts(0.0, 0.0, 1.0)})


def test_predictions_stay_within_zero_and_one_and_unknown_labels_have_none():
    learnt = learn(*cases(20, np.random.default_rng(4)))
    found = learnt.predict({1: Doubts(0.0, 0.0, 1.0), 7: Doubts(0.9, 0.9, 0.1)})
    assert 0.0 <= found[1] <= 1.0
    assert np.isnan(found[7])


def test_few_cases_teach_nothing():
    assert learn(*cases(5, np.random.default_rng(5))) is None
    assert learn([], []) is None


def test_a_label_that_is_missing_in_some_cases_is_learnt_from_the_others():
    doubts, truth = cases(30, np.random.default_rng(6))
    for case in truth[:10]:
        case[2] = float("nan")
    learnt = learn(doubts, truth)
    assert learnt.labels == (1, 2)
    assert learnt.dice[1] == pytest.approx(np.nanmean([c[2] for c in truth]), abs=1e-6)


def test_it_is_stored_as_plain_values():
    learnt = learn(*cases(20, np.random.default_rng(7)))
    assert Quality.of(json.loads(json.dumps(learnt.as_dict()))) == learnt

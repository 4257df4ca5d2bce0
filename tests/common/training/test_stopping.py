import math

from common.training.stopping import Best


def fed(best, values):
    return [best.better(v, i) for i, v in enumerate(values, 1)]


def test_the_best_is_kept_and_patience_counts_from_it():
    best = Best("min", patience=2)
    assert fed(best, [3.0, 2.0, 2.5, 1.9]) == [True, True, False, True]
    assert (best.value, best.step, best.exhausted) == (1.9, 4, False)
    assert fed(best, [1.9, 2.0]) == [False, False]
    assert best.exhausted


def test_larger_may_be_better_and_a_difference_may_be_asked_for():
    assert fed(Best("max", min_delta=0.1), [0.5, 0.55, 0.65, 0.2]) == [True, False, True, False]


def test_no_number_is_never_the_best():
    best = Best("min", patience=2)
    assert fed(best, [math.nan, 1.0, math.nan]) == [False, True, False]
    assert best.value == 1.0


def test_without_patience_it_never_ends():
    best = Best("min")
    fed(best, [1.0] * 50)
    assert not best.exhausted

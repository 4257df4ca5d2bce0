"""Whether files that follow each other in number are of one person: two sides, two visits, two cuts.

Where a data set keeps quiet about it, folds by case put one person on both sides of a split, and scores come
out too good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from healthcare.doctor_problems import Problem
from healthcare.doctor_twins import correlations
from healthcare.doctor_volumes import Looked

_LEAST_PAIRS = 15
_CHANCE, _SHARE = 1e-5, 0.7
"""Chance of the finding among unrelated scans, and how often neighbours must be more alike than others."""


def relatives(looked: Sequence[Looked], numbers: Mapping[str, int]) -> list[Problem]:
    """Compare how alike neighbours in number are with how alike others are (Mann and Whitney 1947).

    Args:
        looked: scans, each of another patient as far as is known.
        numbers: name of a scan -> number at the end of its file's name.
    """
    from scipy import stats

    held = [one for one in looked if one.name in numbers]
    if len({one.patient for one in held}) < len(held) or len({one.thumbnail.shape for one in held}) != 1:
        return []
    order = np.array([numbers[one.name] for one in held])
    alike = correlations(np.stack([one.thumbnail for one in held]))
    first, second = np.triu_indices(len(held), 1)
    apart = np.abs(order[first] - order[second])
    others = alike[first, second][apart > 2]
    odd = np.minimum(order[first], order[second]) % 2 == 1
    for words, which in (("2k−1 and 2k", odd), ("2k and 2k+1", ~odd)):
        values = alike[first, second][(apart == 1) & which]
        if len(values) < _LEAST_PAIRS or not len(others):
            continue
        found = stats.mannwhitneyu(values, others, alternative="greater")
        share = float(found.statistic) / (len(values) * len(others))
        if found.pvalue < _CHANCE and share > _SHARE:
            what = (
                f"files numbered {words} look alike more than others do (in {share:.0%} of comparisons, over"
                f" {len(values)} pairs): they may be of one person"
            )
            mend = "state who is who in patients.csv (case, patient), so that folds keep them together"
            return [Problem("warning", "relatives", what, "all cases", mend)]
    return []

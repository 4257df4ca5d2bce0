"""Rules after the network: taken on where held-out cases gain, and not otherwise."""

from __future__ import annotations

import numpy as np

from healthcare.postprocess import Rule, apply, choose, keep_largest


def with_speck(speck=True):
    mask = np.zeros((12, 12, 12), np.uint8)
    mask[2:7, 2:7, 2:7] = 1
    if speck:
        mask[10, 10, 10] = 1
    mask[8:10, 2:4, 2:4] = 2
    return mask


def test_the_largest_piece_stays_and_other_labels_are_left_alone():
    kept = keep_largest(with_speck(), 1)
    assert np.array_equal(kept, with_speck(speck=False))


def test_pieces_that_touch_at_a_corner_are_two():
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[:2, :2, :2], mask[2, 2, 2] = 1, 1
    assert keep_largest(mask, 1).sum() == 8


def test_a_rule_is_taken_on_where_it_helps():
    truth = with_speck(speck=False)
    rules = choose([(with_speck(), truth), (truth, truth)], (1, 2))
    assert [(r.value, r.cases) for r in rules] == [(1, 1)]
    assert rules[0].gain > 0
    assert np.array_equal(apply(with_speck(), rules), truth)


def test_a_rule_that_would_harm_is_not():
    truth = with_speck()  # the small piece is really there, as the second kidney may be
    assert choose([(truth, truth)], (1, 2)) == ()
    assert np.array_equal(apply(truth, ()), truth)


def test_the_mask_that_was_given_is_left_as_it_was():
    mask = with_speck()
    apply(mask, (Rule(1, 0.1, 1),))
    assert np.array_equal(mask, with_speck())

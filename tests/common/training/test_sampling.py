import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.training.sampling import Order, shares

LENGTHS = st.integers(1, 200)
WORLDS = st.integers(1, 5)
SHARES = st.integers(1, 12)


def epoch(order_of, world, epoch_number=0, position=0):
    """Per step: the position after it, and what each process gets."""
    ranks = [list(order_of(rank).parts(epoch_number, position)) for rank in range(world)]
    return [(step[0][0], [part for _, part in step]) for step in zip(*ranks, strict=True)]


@given(LENGTHS, SHARES, WORLDS, st.integers(0, 3))
def test_every_sample_comes_once_an_epoch_and_at_most_world_minus_one_twice(length, share, world, number):
    steps = epoch(lambda rank: Order(length, share * world, rank, world, seed=3), world, number)
    seen = np.concatenate([part for _, parts in steps for part in parts])
    assert set(seen) == set(range(length))
    assert len(seen) - length == -length % world
    assert steps[-1][0] == length
    assert all(len({len(part) for part in parts}) == 1 for _, parts in steps)


@given(LENGTHS, SHARES, WORLDS)
def test_drop_leaves_out_only_what_fills_no_step(length, share, world):
    size = share * world
    steps = epoch(lambda rank: Order(length, size, rank, world, remainder="drop"), world)
    seen = np.concatenate([part for _, parts in steps for part in parts]) if steps else np.array([])
    assert len(set(seen)) == len(seen) == length // size * size
    assert len(steps) == Order(length, size, 0, world, remainder="drop").steps


@given(LENGTHS, SHARES, WORLDS, st.data())
def test_going_on_from_any_step_gives_the_rest(length, share, world, data):
    def order_of(rank):
        return Order(length, share * world, rank, world, seed=8)

    whole = epoch(order_of, world, 2)
    assert len(whole) == order_of(0).steps
    cut = data.draw(st.integers(0, len(whole)))
    position = whole[cut - 1][0] if cut else 0
    rest = epoch(order_of, world, 2, position)
    assert [(p, [list(x) for x in parts]) for p, parts in rest] == [
        (p, [list(x) for x in parts]) for p, parts in whole[cut:]
    ]


@given(st.integers(12, 200), st.integers(1, 3))
def test_another_number_of_processes_takes_up_where_the_first_stopped(length, share):
    two = epoch(lambda rank: Order(length, share * 2, rank, 2, seed=1), 2)
    half = two[: len(two) // 2]
    position = half[-1][0] if half else 0
    one = epoch(lambda rank: Order(length, share * 3, rank, 1, seed=1), 1, 0, position)
    seen = [i for _, parts in [*half, *one] for part in parts for i in part]
    assert sorted(seen) == list(range(length))


def test_epochs_and_seeds_differ_and_repeat():
    def first(seed, number):
        return list(Order(50, 10, seed=seed).permutation(number))

    assert first(1, 0) == first(1, 0)
    assert len({tuple(first(1, 0)), tuple(first(1, 1)), tuple(first(2, 0)), tuple(first(2, 1))}) == 4
    assert list(Order(50, 10, shuffle=False).permutation(3)) == list(range(50))


@given(LENGTHS, SHARES, WORLDS)
def test_shares_score_every_sample_once_in_equally_many_turns(length, size, world):
    turns = [list(shares(length, size, rank, world)) for rank in range(world)]
    assert len({len(t) for t in turns}) == 1
    counted = [i for rank in turns for indices, count in rank for i in indices[:count]]
    assert sorted(counted) == list(range(length))


def test_an_order_that_cannot_be_shared_out_is_refused():
    with pytest.raises(ValueError):
        Order(10, 5, 0, 2)
    with pytest.raises(ValueError):
        Order(10, 4, 2, 2)

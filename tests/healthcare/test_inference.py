"""Sliding windows: as MONAI's where they lie alike, the same whatever is held at once, bounded in memory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference
from torch import nn

from common.errors import DataError
from healthcare import inference_grid, inference_slabs
from healthcare.data import Scan
from healthcare.finding import Label
from healthcare.inference import predict
from healthcare.inference_doubts import AROUND_VOXELS, Agreement
from healthcare.inference_grid import Between, Grid
from healthcare.inference_members import resolve
from healthcare.inference_scan import overlap_for, predict_scan
from healthcare.inference_windows import Windows, constant, starts, weights
from healthcare.plan import Normalisation, Plan
from healthcare.preprocess import mask_back, prepare

CPU = torch.device("cpu")
CLASSES = 3
EXACT = {"precision": "float32"}


def network(seed: int = 0, channels: int = 1) -> nn.Module:
    """Random weights; what it says of a voxel depends on the whole window, by the norm."""
    torch.manual_seed(seed)
    layers = (nn.Conv3d(channels, 6, 3, padding=1), nn.InstanceNorm3d(6), nn.ReLU(), nn.Conv3d(6, CLASSES, 1))
    return nn.Sequential(*layers).eval()


def volume(*size: int, seed: int = 0) -> np.ndarray:
    """Smooth random blobs, (1, *size) float32."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(size=size)
    return (10 * ndimage.gaussian_filter(noise, 2))[None].astype(np.float32)


def softmax_of(net: nn.Module):
    def probabilities(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return net(x).softmax(1)

    return probabilities


def by_monai(net: nn.Module, array: np.ndarray, window, overlap: float, pad_value: float = 0.0) -> np.ndarray:
    found = sliding_window_inference(
        torch.from_numpy(array)[None],
        window,
        2,
        softmax_of(net),
        overlap=overlap,
        mode="gaussian",
        cval=pad_value,
    )
    return found[0].numpy()


def whole(nets, array: np.ndarray, window, overlap: float, flips=()) -> np.ndarray:
    """Mean probabilities with everything in memory, in the plainest way."""
    windows = Windows(array, window, overlap)
    weight = weights(window, CPU)
    sums = torch.zeros(CLASSES, *windows.padded, dtype=torch.float64)
    count = torch.zeros(windows.padded, dtype=torch.float64)
    views = [
        [a + 2 for a, on in zip(flips, c, strict=True) if on] for c in product((0, 1), repeat=len(flips))
    ]
    for start in product(*(windows.starts(a) for a in range(3))):
        where = tuple(slice(s, s + w) for s, w in zip(start, window, strict=True))
        x = torch.from_numpy(windows.read(start))[None]
        for net in nets:
            for view in views:
                sums[(slice(None), *where)] += (softmax_of(net)(x.flip(view)).flip(view) * weight)[0].double()
                count[where] += weight.double()
    inside = tuple(slice(b, b + n) for b, n in zip(windows.before, windows.size, strict=True))
    return (sums / count)[(slice(None), *inside)].numpy()


class TestAgainstMonai:
    @pytest.mark.parametrize(
        ("size", "window", "overlap"),
        [
            ((32, 16, 24), (16, 16, 16), 0.5),  # 24 = 16 + 8: both lie alike
            ((28, 28, 16), (16, 16, 16), 0.25),
            ((16, 16, 40), (16, 16, 16), 0.5),
            ((9, 16, 30), (16, 16, 16), 0.25),  # smaller than a window, and one that ends short
        ],
    )
    def test_the_same_probabilities(self, size, window, overlap):
        array, net = volume(*size), network()
        padded = [max(n, w) for n, w in zip(size, window, strict=True)]
        expected = by_monai(net, array, window, overlap)
        found = predict([net], array, window=window, overlap=overlap, keep_probabilities=True, **EXACT)
        alike = all((n - w) % int(w * (1 - overlap)) == 0 for n, w in zip(padded, window, strict=True))
        assert found.probabilities is not None
        error = np.abs(found.probabilities - expected)
        if alike:
            assert error.max() < 1e-3  # float16
            clear = np.sort(expected, 0)[-1] - np.sort(expected, 0)[-2] > 1e-5
            assert (found.mask == expected.argmax(0))[clear].all()
        else:
            # Windows lie evenly rather than with the rest in the last one.
            assert 0 < error.mean() < 0.05

    def test_a_volume_smaller_than_a_window_is_surrounded_by_the_pad_value(self):
        array, net = volume(7, 10, 12), network()
        for value in (0.0, -3.0):
            expected = by_monai(net, array, (16, 16, 16), 0.5, value)
            found = predict(
                [net], array, window=(16, 16, 16), pad_value=value, keep_probabilities=True, **EXACT
            )
            np.testing.assert_allclose(found.probabilities, expected, atol=1e-3)
        assert found.mask.shape == (7, 10, 12)

    def test_entropy(self):
        array, net = volume(16, 16, 24), network()
        found = predict([net], array, window=(16, 16, 16), **EXACT)
        p = by_monai(net, array, (16, 16, 16), 0.5)
        entropy = -(p * np.log(p)).sum(0) / np.log(CLASSES)
        assert np.abs(found.uncertainty - 255 * entropy).max() < 0.51


class TestWhatIsHeldAtOnceDoesNotMatter:
    @pytest.mark.parametrize("size", [(41, 20, 23), (20, 41, 23), (20, 23, 41), (33, 33, 33), (11, 40, 9)])
    @pytest.mark.parametrize("overlap", [0.0, 0.3, 0.5, 0.8])
    def test_slab_by_slab_is_as_all_at_once(self, size, overlap):
        array, net = volume(*size), network()
        found = predict([net], array, window=(16, 12, 16), overlap=overlap, keep_probabilities=True, **EXACT)
        np.testing.assert_allclose(found.probabilities, whole([net], array, (16, 12, 16), overlap), atol=1e-3)

    def test_batches(self):
        array, net = volume(30, 30, 30), network()
        one, many = (
            predict([net], array, window=(16, 16, 16), flips=(0,), batch_size=n, **EXACT) for n in (1, 7)
        )
        assert (one.mask == many.mask).mean() > 0.9999
        assert np.abs(one.uncertainty.astype(int) - many.uncertainty).max() <= 1
        assert one.structures[0].agreement == pytest.approx(many.structures[0].agreement, abs=1e-4)

    def test_chunks(self, monkeypatch):
        array, net = volume(40, 20, 20), network()
        grid = Grid((55, 31, 12), (2, 1, 0), (36, 18, 20))
        usual = predict([net], array, window=(16, 16, 16), grid=grid, **EXACT)
        monkeypatch.setattr(inference_slabs, "CHUNK_VALUES", 1)
        monkeypatch.setattr(inference_grid, "CHUNK_VALUES", 1)
        single = predict([net], array, window=(16, 16, 16), grid=grid, **EXACT)
        assert (usual.mask == single.mask).all()
        assert (usual.uncertainty == single.uncertainty).all()

    def test_members_and_views_are_averaged(self):
        array, nets = volume(24, 20, 16), [network(1), network(2)]
        found = predict(nets, array, window=(16, 16, 16), flips=(0, 2), keep_probabilities=True, **EXACT)
        assert found.votes == 8
        expected = whole(nets, array, (16, 16, 16), 0.5, flips=(0, 2))
        np.testing.assert_allclose(found.probabilities, expected, atol=1e-3)

    def test_integers_from_a_memory_map_normalised_on_the_way(self, tmp_path):
        array, net = volume(30, 20, 20), network()
        stored = np.round(array * 1000).astype(np.int16)
        np.save(tmp_path / "volume.npy", stored)
        mapped = np.load(tmp_path / "volume.npy", mmap_mode="r")
        found = predict(
            [net], mapped, window=(16, 16, 16), normalise=lambda part: part / np.float32(1000), **EXACT
        )
        expected = predict([net], stored / np.float32(1000), window=(16, 16, 16), **EXACT)
        assert (found.mask == expected.mask).all()

    def test_windows_of_one_value_are_looked_at_once(self):
        array, net = volume(64, 16, 16), network()
        array[:, 20:] = 0.5
        asked = []

        def counting(x: torch.Tensor) -> torch.Tensor:
            asked.append(len(x))
            return net(x)

        found = predict([counting], array, window=(16, 16, 16), keep_probabilities=True, **EXACT)
        assert found.windows == 7
        assert found.repeated == 3
        assert sum(asked) == 4
        np.testing.assert_allclose(found.probabilities, whole([net], array, (16, 16, 16), 0.5), atol=1e-3)

    def test_two_channels(self):
        array = np.concatenate([volume(20, 20, 20), volume(20, 20, 20, seed=1)])
        found = predict([network(channels=2)], array, window=(16, 16, 16), keep_probabilities=True, **EXACT)
        expected = whole([network(channels=2)], array, (16, 16, 16), 0.5)
        np.testing.assert_allclose(found.probabilities, expected, atol=1e-3)


class TestWindows:
    @pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
    def test_they_cover_and_overlap_and_share_out_every_voxel(self, overlap):
        for size in range(1, 60):
            windows = Windows(np.zeros((1, size, 16, 16)), (16, 16, 16), overlap)
            first = windows.starts(0)
            assert first[0] == 0
            assert first[-1] + 16 == max(size, 16)
            steps = np.diff(first)
            assert (steps > 0).all()
            assert (steps <= max(int(16 * (1 - overlap)), 1)).all()
            own = [windows.own(axis) for axis in range(3)]
            assert sum(b - a for a, b in own[0]) == size
            for start, (a, b) in zip(first, own[0], strict=True):
                assert start <= a <= b <= start + 16
            part = windows.own(0, slice(size // 3, size // 2))
            assert sum(b - a for a, b in part) == size // 2 - size // 3

    def test_as_many_as_monai_needs(self):
        for size in (96, 97, 168, 400, 512):
            step = int(96 * 0.75)
            assert len(starts(size, 96, 0.25)) == -(-(size - 96) // step) + 1

    def test_constant(self):
        assert constant(np.full((2, 8, 8, 8), 3.0, np.float32)) == (3.0, 3.0)
        for at in product((0, 3, 7), repeat=3):
            one = np.zeros((1, 8, 8, 8), np.float32)
            one[(0, *at)] = 1e-6
            assert constant(one) is None
        assert constant(np.full((1, 4, 4, 4), np.nan, np.float32)) is None

    def test_overlap_for(self):
        assert overlap_for((35, 51, 35), (40, 56, 40))[0] == 0.5
        assert overlap_for((512, 512, 400), (96, 96, 96))[0] == 0.25


class TestDoubts:
    def test_agreement_is_dice_over_all_pairs(self):
        votes = np.random.default_rng(0).integers(0, CLASSES, (4, 6, 6, 6)).astype(np.uint8)
        counted = Agreement(CLASSES, 4)
        counted.count(votes[:, :3])
        counted.count(votes[:, 3:])
        for value in (1, 2):
            shared, sizes = 0, 0
            for a, b in product(range(4), repeat=2):
                if a < b:
                    shared += 2 * ((votes[a] == value) & (votes[b] == value)).sum()
                    sizes += (votes[a] == value).sum() + (votes[b] == value).sum()
            assert counted.dice(value) == pytest.approx(shared / sizes)

    def test_one_vote_or_none_for_it_agrees(self):
        assert Agreement(CLASSES, 1).dice(1) == 1.0
        empty = Agreement(CLASSES, 3)
        empty.count(np.zeros((3, 4, 4, 4), np.uint8))
        assert empty.dice(2) == 1.0

    def test_sizes_expected_dice_and_entropy(self):
        from scipy import ndimage

        array = volume(70, 24, 24)
        nets = [network(1), network(2)]
        found = predict(nets, array, window=(16, 16, 16), keep_probabilities=True, **EXACT)
        p = whole(nets, array, (16, 16, 16), 0.5)
        box = np.ones([2 * AROUND_VOXELS + 1] * 3, bool)
        for s in found.structures:
            inside = found.mask == s.value
            assert s.voxels == inside.sum() > 0
            assert s.soft_voxels == pytest.approx(p[s.value].sum(), rel=1e-4)
            assert s.expected_dice == pytest.approx(
                2 * p[s.value][inside].sum() / (inside.sum() + p[s.value].sum()), rel=1e-4
            )
            around = ndimage.binary_dilation(inside, box) & ~inside
            assert s.entropy_within == pytest.approx(found.uncertainty[inside].mean() / 255)
            assert s.entropy_around == pytest.approx(found.uncertainty[around].mean() / 255)
            assert 0 < s.agreement < 1

    def test_a_structure_that_is_not_there(self):
        def background(x: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros(len(x), CLASSES, *x.shape[2:])
            logits[:, 0] = 200
            return logits

        found = predict([background], volume(16, 16, 16), window=(16, 16, 16), **EXACT)
        assert not found.mask.any()
        for s in found.structures:
            assert (s.voxels, s.entropy_within, s.expected_dice, s.agreement) == (0, 0, 1, 1)


class TestGrid:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    @pytest.mark.parametrize("size", [(10, 9, 8), (23, 17, 12), (5, 4, 20)])
    def test_planes_in_any_portions_are_as_torch_interpolates_the_whole(self, axis, size):
        planes = torch.rand(CLASSES, 10, 9, 8)
        corner, part = (2, 0, 1), (7, 9, 6)
        between = Between(Grid(size, corner, part), axis)
        got = [
            m.clone() for p in planes.split([1, 2, [10, 9, 8][axis] - 3], axis + 1) for m in between.take(p)
        ]
        inner = planes[:, 2:9, :, 1:7]
        expected = torch.nn.functional.interpolate(inner[None], size=size, mode="trilinear")[0]
        torch.testing.assert_close(torch.cat(got, axis + 1), expected, atol=1e-5, rtol=0)

    def test_the_own_grid_changes_nothing(self):
        planes = torch.rand(CLASSES, 6, 5, 4)
        (same,) = Between(Grid((6, 5, 4), (0, 0, 0), (6, 5, 4)), 0).take(planes)
        assert torch.equal(same, planes)


LABELS = (Label(value=4, name="one"), Label(value=2, name="other"))
AFFINE = np.array([[0, 1.0, 0, -10], [-1.5, 0, 0, 20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
PLAN = Plan(
    labels=LABELS,
    spacing_mm=(1.0, 1.5, 2.0),
    patch=(16, 16, 16),
    batch_size=2,
    channels=(4, 8, 8),
    kernels=((3, 3, 3),) * 3,
    strides=((2, 2, 2),) * 2,
    mirror=(0,),
)


class TestScan:
    @pytest.mark.parametrize("spacing_mm", [(1.0, 1.5, 2.0), (1.3, 1.9, 2.2), (1.0, 1.5, 2.9)])
    def test_back_on_the_scans_grid_in_label_values(self, spacing_mm):
        plan = replace(PLAN, spacing_mm=spacing_mm)
        scan = Scan(volume(26, 22, 19)[0], AFFINE, (1.5, 1.0, 2.0))
        prepared = prepare(scan, plan)
        found = predict_scan([network()], prepared, plan, keep_probabilities=True, **EXACT)
        assert found.mask.shape == found.uncertainty.shape == scan.array.shape
        everything = predict([network()], prepared.array, window=plan.patch, keep_probabilities=True, **EXACT)
        expected = mask_back(everything.probabilities.astype(np.float32), plan, prepared.way)
        assert set(np.unique(found.mask)) == {0, 2, 4}
        assert (found.mask == expected).mean() > 0.999
        assert [s.value for s in found.structures] == [4, 2]
        assert [s.voxels for s in found.structures] == [(found.mask == v).sum() for v in (4, 2)]
        np.testing.assert_array_equal(
            np.array(plan.values)[found.probabilities.argmax(0)][found.uncertainty < 200],
            found.mask[found.uncertainty < 200],
        )

    def test_what_the_plan_cut_away_is_background_and_sure(self):
        plan = replace(PLAN, normalisation=Normalisation(nonzero=True))
        array = volume(26, 22, 19)[0]
        array[:5], array[:, 18:] = 0, 0
        prepared = prepare(Scan(array, AFFINE, (1.5, 1.0, 2.0)), plan)
        found = predict_scan([network()], prepared, plan, keep_probabilities=True, **EXACT)
        assert not found.mask[:5].any()
        assert not found.uncertainty[:, 18:].any()
        assert (found.probabilities[0, :5] == 1).all()
        assert found.mask[5:, :18].any()

    def test_mirrored_views_of_the_plan(self):
        prepared = prepare(Scan(volume(26, 22, 19)[0], AFFINE, (1.5, 1.0, 2.0)), PLAN)
        assert predict_scan([network()], prepared, PLAN, mirrored=True).votes == 2
        assert predict_scan([network()], prepared, PLAN).votes == 1

    def test_a_mirrored_scan_gives_the_mirrored_mask(self):
        scan = Scan(volume(26, 22, 19)[0], AFFINE, (1.5, 1.0, 2.0))
        other = Scan(
            scan.array[::-1],
            AFFINE @ np.array([[-1, 0, 0, 25], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            scan.spacing_mm,
        )
        one, two = (predict_scan([network()], prepare(s, PLAN), PLAN, **EXACT) for s in (scan, other))
        assert (one.mask == two.mask[::-1]).all()


class TestPrecision:
    def test_bfloat16_says_nearly_the_same(self):
        array, net = volume(24, 24, 24), network()
        exact = predict([net], array, window=(16, 16, 16), precision="float32")
        fast = predict([net], array, window=(16, 16, 16), precision="bfloat16")
        assert (exact.precision, fast.precision) == ("float32", "bfloat16")
        assert (exact.mask == fast.mask).mean() > 0.98
        assert (exact.uncertainty != fast.uncertainty).any()

    def test_auto_asks_the_processor(self, monkeypatch):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
        assert resolve("auto", CPU) == "bfloat16"
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
        assert resolve("auto", CPU) == "float32"
        assert resolve("bfloat16", CPU) == "bfloat16"


class TestEnds:
    def test_progress_and_cancel(self):
        array, net = volume(40, 16, 16), network()
        told = []
        predict([net], array, window=(16, 16, 16), progress=lambda f, words: told.append((f, words)))
        assert told[-1] == (1.0, "window 4 of 4")
        assert [f for f, _ in told] == [0.25, 0.5, 0.75, 1.0]

        class Stop(Exception):
            pass

        def stop(fraction: float, words: str) -> None:
            raise Stop

        net.train()
        with pytest.raises(Stop):
            predict([net], array, window=(16, 16, 16), progress=stop)
        assert net.training

    def test_dropout_is_off_and_on_again(self):
        net = nn.Sequential(network(), nn.Dropout(0.5)).train()
        array = volume(16, 16, 16)
        found = [predict([net], array, window=(16, 16, 16), **EXACT) for _ in range(2)]
        assert (found[0].uncertainty == found[1].uncertainty).all()
        assert net.training
        assert all(m.training for m in net)


class TestRefusals:
    def test_no_numbers(self):
        array = volume(16, 16, 16)
        array[0, 3, 3, 3] = np.nan
        with pytest.raises(DataError, match="no numbers"):
            predict([network()], array, window=(16, 16, 16), **EXACT)

    @pytest.mark.parametrize("shape", [(16, 16, 16), (1, 0, 16, 16), (1, 1, 16, 16, 16)])
    def test_shapes(self, shape):
        with pytest.raises(DataError, match="shape"):
            predict([network()], np.zeros(shape, np.float32), window=(16, 16, 16))

    def test_probabilities_too_large_to_keep(self, monkeypatch):
        monkeypatch.setattr("healthcare.inference_masks.KEPT_BYTES", 1000)
        with pytest.raises(DataError, match="too much to keep"):
            predict([network()], volume(16, 16, 16), window=(16, 16, 16), keep_probabilities=True)

    @pytest.mark.parametrize(
        "wrong",
        [{"window": (16, 16)}, {"window": (0, 16, 16)}, {"overlap": 1.0}, {"overlap": -0.1}, {"flips": (3,)}],
    )
    def test_settings(self, wrong):
        with pytest.raises(ValueError):
            predict([network()], volume(16, 16, 16), **{"window": (16, 16, 16), **wrong})

    def test_no_network_or_one_that_gives_another_size(self):
        with pytest.raises(ValueError, match="no network"):
            predict([], volume(16, 16, 16), window=(16, 16, 16))
        with pytest.raises(ValueError, match="voxels"):
            predict([nn.Conv3d(1, 3, 3)], volume(16, 16, 16), window=(16, 16, 16))


MEASURE = """
import resource, sys
import numpy as np, torch
from healthcare.inference import predict
torch.set_num_threads(1)
length = int(sys.argv[1])

def network(x):
    return torch.cat([x * (i + 1) for i in range(16)], 1)

array = np.lib.stride_tricks.as_strided(np.random.default_rng(0).normal(size=(1, 64, 64, 64)).astype("f4"),
    (1, length, 64, 64), (0, 0, 256, 4))
predict([network], array[:, :96], window=(64, 64, 64), overlap=0.0, precision="float32")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
predict([network], array, window=(64, 64, 64), overlap=0.0, precision="float32")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_volume_but_for_the_maps():
    """A volume of 1024 voxels, whose 16 probabilities would take 256 MiB, has maps of 8 MiB."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, "1024"], capture_output=True, text=True, check=True, timeout=200
    )
    assert int(ran.stdout) / 1024 < 64

"""Sliding windows over 512 × 512 × 400 voxels: memory, time and Dice beside plain MONAI, in one run.

MONAI's `sliding_window_inference` has its default arguments (a quarter of overlap, windows weighted alike,
float32) and the same window and batch as `healthcare.inference.predict`, which has what the pilot chooses
(`overlap_for`, precision "auto"). Same network, weights, volume and threads. Each runs in a process of its
own, and they take turns, some seconds each while the other is stopped, so that other load hits both alike.
Memory is the peak of the process beyond what it held after its imports: volume, windows and outcome.

The volume is synthetic, so that its truth is known: hollow and solid ellipsoids of one brightness in uneven
light and noise, the labels to tell apart. Noise is everywhere: no window is constant, so none is skipped. The
network is the pilot's, trained here on other draws for about two minutes.

    python benchmarks/healthcare_inference.py              # about 10 minutes on one core
    python benchmarks/healthcare_inference.py --quick      # 192 × 192 × 144 voxels
    python benchmarks/healthcare_inference.py --all        # with each of the two in the other's precision
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from monai.inferers import sliding_window_inference
from monai.losses import DiceCELoss
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from healthcare.finding import Label
from healthcare.inference import predict
from healthcare.inference_scan import overlap_for
from healthcare.networks import build
from healthcare.plan import Plan

SIZE, QUICK = (512, 512, 400), (192, 192, 144)
WINDOW = (96, 96, 96)
PLAN = Plan(
    labels=(Label(value=1, name="hollow"), Label(value=2, name="solid")),
    spacing_mm=(1.0, 1.0, 1.0),
    patch=WINDOW,
    batch_size=1,
    channels=(16, 32, 64),
    kernels=((3, 3, 3),) * 3,
    strides=((2, 2, 2),) * 2,
    stem=(2, 2, 2),
    deep_supervision=0,
)
TURN_S = 4.0
METHODS = {
    "monai": "MONAI, defaults",
    "ours": "predict, defaults",
    "monai-bfloat16": "MONAI, bfloat16",
    "ours-float32": "predict, float32",
}


def phantom(size: tuple[int, int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A volume (x, y, z) float32 of mean 0 and the truth, uint8: 1 hollow, 2 solid."""
    rng = np.random.default_rng(seed)
    light = torch.from_numpy(rng.normal(0, 0.4, [max(n // 32, 2) for n in size]).astype(np.float32))
    image = (
        torch.nn.functional.interpolate(light[None, None], size=size, mode="trilinear")[0, 0].numpy().copy()
    )
    truth = np.zeros(size, np.uint8)
    for _ in range(int(np.prod(size) / 9_000)):
        radii = rng.uniform(5, 13, 3)
        middle = rng.uniform(0, size)
        low = np.maximum(middle - radii - 1, 0).astype(int)
        high = np.minimum(middle + radii + 2, size).astype(int)
        where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        if truth[where].any():
            continue
        axes = [(np.arange(a, b) - m) / r for a, b, m, r in zip(low, high, middle, radii, strict=True)]
        x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
        distance = np.sqrt(x**2 + y**2 + z**2)
        inside = np.clip((1 - distance) * radii.mean() + 0.5, 0, 1)
        kind = int(rng.integers(1, 3))
        if kind == 1:
            inside = inside - np.clip((0.5 - distance) * radii.mean() + 0.5, 0, 1)
        image[where] += inside.astype(np.float32)
        truth[where][distance <= 1] = kind
    image += rng.standard_normal(size, dtype=np.float32) * np.float32(0.6)
    return image, truth


def train(steps: int, seed: int = 0) -> torch.nn.Module:
    """The pilot's network, taught on phantoms of other seeds."""
    torch.manual_seed(seed)
    network = build(PLAN).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    loss = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)
    for step in range(steps):
        image, truth = phantom((48, 48, 96), seed=1000 + step)
        logits = network(torch.from_numpy(image)[None, None])
        logits = logits[0] if isinstance(logits, list) else logits
        value = loss(logits, torch.from_numpy(truth)[None, None])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def look(method: str, folder: Path, threads: int) -> None:
    """In a process of its own: say when ready, look at the volume, say what it took."""
    torch.set_num_threads(threads)
    network = build(PLAN).eval()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    held = psutil.Process().memory_info().rss
    print("ready", flush=True)
    array = np.load(folder / "volume.npy")
    if method.startswith("ours"):
        found = predict(
            [network],
            array[None],
            window=WINDOW,
            overlap=overlap_for(array.shape, WINDOW)[0],
            precision="float32" if method.endswith("float32") else "auto",
        )
        mask, words = found.mask, f"{found.windows} windows, {found.precision}"
        assert found.repeated == 0
    else:
        counted = []

        def counting(x: torch.Tensor) -> torch.Tensor:
            counted.append(len(x))
            return network(x)

        fast = method.endswith("bfloat16")
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
            logits = sliding_window_inference(torch.from_numpy(array)[None, None], WINDOW, 1, counting)
        mask = logits[0].argmax(0).to(torch.uint8).numpy()
        words = f"{sum(counted)} windows, {'bfloat16' if fast else 'float32'}"
    print("done", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - held
    np.save(folder / f"{method}.npy", mask)
    print(json.dumps({"peak_gib": peak / 2**30, "words": words}), flush=True)


class Child:
    """One method at work, which runs only while it has its turn."""

    def __init__(self, method: str, folder: Path, threads: int) -> None:
        command = [sys.executable, __file__, "--look", method, str(folder), "--threads", str(threads)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        self.out = self.process.stdout
        self.seconds = 0.0
        if self.out.readline() != "ready\n":
            raise SystemExit(f"{method} did not start")
        self.process.send_signal(signal.SIGSTOP)

    def turn(self) -> bool:
        """Let it run for a while; whether it is done."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGCONT)
        said = bool(select.select([self.out], [], [], TURN_S)[0])
        self.seconds += time.perf_counter() - began
        if not said:
            self.process.send_signal(signal.SIGSTOP)
            return False
        if self.out.readline() != "done\n":
            raise SystemExit("a process ended before it was done: is there enough memory?")
        self.found = json.loads(self.out.readline())
        self.process.wait()
        return True


def dice(mask: np.ndarray, truth: np.ndarray, value: int) -> float:
    one, other = mask == value, truth == value
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller volume")
    parser.add_argument("--all", action="store_true", help="each of the two in the other's precision, too")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=240, help="training steps (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--look", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look:
        look(options.look[0], Path(options.look[1]), options.threads)
        return
    torch.set_num_threads(options.threads)
    size = QUICK if options.quick else SIZE
    methods = list(METHODS) if options.all else ["monai", "ours"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        save_file(train(options.steps).state_dict(), folder / "weights.safetensors")
        train_s = time.perf_counter() - began
        image, truth = phantom(size, seed=1)
        np.save(folder / "volume.npy", image)
        del image
        children = {method: Child(method, folder, options.threads) for method in methods}
        working = list(children.values())
        while working:
            working = [child for child in working if not child.turn()]
        masks = {method: np.load(folder / f"{method}.npy") for method in methods}
    scores = {m: [dice(mask, truth, value) for value in (1, 2)] for m, mask in masks.items()}
    same = float((masks["monai"] == masks["ours"]).mean())
    found = {
        "time_ratio": round(children["ours"].seconds / children["monai"].seconds, 3),
        "peak_gib": round(children["ours"].found["peak_gib"], 2),
        "seconds": round(children["ours"].seconds, 1),
        "monai_seconds": round(children["monai"].seconds, 1),
        "monai_peak_gib": round(children["monai"].found["peak_gib"], 2),
        "dice": round(float(np.mean(scores["ours"])), 4),
        "monai_dice": round(float(np.mean(scores["monai"])), 4),
        "same_voxels": round(same, 5),
    }
    if options.json:
        print(json.dumps(found))
        return
    words = " × ".join(map(str, size))
    print(f"{words} voxels (synthetic), window 96 × 96 × 96, 3 classes, {options.threads} thread(s)")
    print(
        f"network of {sum(p.numel() for p in build(PLAN).parameters()):,} weights, trained in {train_s:.0f} s"
    )
    print(f"\n{'':<20}{'seconds':>9}{'ratio':>8}{'peak GiB':>10}{'Dice hollow':>13}{'Dice solid':>12}  ")
    for method in methods:
        child = children[method]
        print(
            f"{METHODS[method]:<20}{child.seconds:>9.1f}{child.seconds / found['monai_seconds']:>8.2f}"
            f"{child.found['peak_gib']:>10.2f}{scores[method][0]:>13.4f}{scores[method][1]:>12.4f}"
            f"  {child.found['words']}"
        )
    print(f"{'goal':<20}{'':>9}{'≤ 0.8':>8}{'≤ 4':>10}{'equal':>13}{'equal':>12}")
    print(f"\n{same:.3%} of the voxels are the same in the first two.")


if __name__ == "__main__":
    main()

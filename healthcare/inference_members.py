"""The networks that are asked, the views they get, and how finely they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Network = Callable[[Tensor], Tensor]
Precision = Literal["auto", "float32", "bfloat16"]
Answer = tuple[Tensor, NDArray[np.uint8] | None]


def resolve(precision: Precision, device: torch.device) -> Literal["float32", "bfloat16"]:
    """The precision to compute with: bfloat16 for "auto" where the processor multiplies it by itself."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return "bfloat16" if has.get("avx512_bf16") or has.get("amx_bf16") else "float32"
    return "float32"


class Members:
    """The networks and the views they get: mean probabilities of a batch, and each one's own mask of it."""

    def __init__(
        self, networks: Sequence[Network], flips: Sequence[int], device: torch.device, precision: str
    ) -> None:
        if not networks:
            raise ValueError("no network was given")
        if not set(flips) <= {0, 1, 2}:
            raise ValueError(f"flips along {tuple(flips)}: axes are 0, 1 and 2")
        axes = sorted(set(flips))
        self.networks, self.device, self.precision = networks, device, precision
        self.views = [
            [axis + 2 for axis, chosen in zip(axes, choice, strict=True) if chosen]
            for choice in product((False, True), repeat=len(axes))
        ]
        self.votes = len(networks) * len(self.views)

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Modules in evaluation mode, and afterwards as they were."""
        training = [n for n in self.networks if isinstance(n, nn.Module) and n.training]
        for network in training:
            network.eval()
        try:
            yield
        finally:
            for network in training:
                network.train()

    def answer(self, batch: Tensor) -> Answer:
        """Mean probabilities (n, classes, *window), and with several votes the mask of each (votes, n, …)."""
        batch = batch.to(self.device)
        mean: Tensor | None = None
        masks = []
        for network in self.networks:
            for view in self.views:
                with torch.autocast(
                    self.device.type,
                    torch.bfloat16,
                    enabled=self.precision == "bfloat16",
                    cache_enabled=False,
                ):
                    logits = network(batch.flip(view) if view else batch)
                found = logits.float().softmax(1)
                found = found.flip(view) if view else found
                if self.votes > 1:
                    masks.append(found.argmax(1).to(torch.uint8).cpu().numpy())
                mean = found if mean is None else mean.add_(found)
        assert mean is not None
        return mean.div_(self.votes), np.stack(masks) if masks else None

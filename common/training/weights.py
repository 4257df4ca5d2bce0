"""A network's weights in a stored model: one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from common.errors import StoreError
from common.store import reading

WEIGHTS = "weights.safetensors"


def write_weights(weights: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write weights (a model's state dict) into a folder. Tied ones are written twice, as they load."""
    save_file({k: v.detach().cpu().clone().contiguous() for k, v in weights.items()}, folder / WEIGHTS)


def read_weights(model: nn.Module, folder: Path) -> Path:
    """Load a stored model's weights into a network of the same shape, once all its files are checked.

    Returns:
        The folder they came from: `folder`, or the model stored before it when that one is damaged.

    Raises:
        StoreError: the model is damaged, or is one of another network.
    """
    with reading(folder) as checked:
        try:
            model.load_state_dict(load_file(checked / WEIGHTS))
        except (RuntimeError, OSError, ValueError) as error:
            raise StoreError(
                "the weights do not fit this network",
                where=str(checked),
                mend="open it with the version of the suite that stored it, or train anew",
            ) from error
        return checked

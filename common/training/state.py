"""The tensors and values of a training run, by name: what a checkpoint holds."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer

MODEL, BEST, OPTIMIZER = "model.", "best.", "optimizer."
_FLAT = StateDictOptions(flatten_optimizer_state_dict=True)
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)

Weights = dict[str, torch.Tensor]


def snapshot(model: nn.Module) -> Weights:
    """A copy of the weights as they are, in shards where the model is sharded."""
    return {name: t.detach().clone() for name, t in _weights(model).items()}


def put_back(model: nn.Module, weights: Weights) -> None:
    """Set the weights to those of a snapshot."""
    set_model_state_dict(model, dict(weights))


def whole_weights(model: nn.Module) -> Weights:
    """All weights on the CPU in the first process, for a stored model; all processes take part."""
    return {k: v for k, v in get_model_state_dict(model, options=_WHOLE).items() if torch.is_tensor(v)}


def gather(model: nn.Module, optimizer: Optimizer, best: Weights | None) -> tuple[Weights, dict[str, Any]]:
    """All tensors of a run by name, and the optimiser's settings that are none (learning rates, betas)."""
    tensors = {MODEL + name: t for name, t in _weights(model).items()}
    tensors |= {BEST + name: t for name, t in (best or {}).items()}
    plain: dict[str, Any] = {}
    for name, value in get_optimizer_state_dict(model, optimizer, options=_FLAT).items():
        if torch.is_tensor(value):
            tensors[OPTIMIZER + name] = value
        else:
            plain[name] = value
    return tensors, plain


def spread(model: nn.Module, optimizer: Optimizer, tensors: Weights, plain: dict[str, Any]) -> Weights | None:
    """Set model and optimiser to loaded tensors and settings.

    Returns:
        The best weights, if there were any.
    """
    set_model_state_dict(model, dict(_under(MODEL, tensors)))
    flat: dict[str, Any] = dict(_under(OPTIMIZER, tensors))
    # JSON knows no tuples, and optimisers tell betas from a list of tensors by them.
    flat |= {name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()}
    set_optimizer_state_dict(model, optimizer, flat, options=_FLAT)
    return _under(BEST, tensors) or None


def _under(prefix: str, tensors: Weights) -> Weights:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _weights(model: nn.Module) -> Weights:
    return {name: t for name, t in get_model_state_dict(model).items() if torch.is_tensor(t)}

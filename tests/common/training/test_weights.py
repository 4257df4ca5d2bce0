import pytest
import torch
from torch import nn

from common.errors import StoreError
from common.store import save_model
from common.training.weights import read_weights, write_weights


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.two = nn.Linear(3, 3)
        self.two.weight = self.one.weight


def test_weights_come_back_tied_ones_too(tmp_path):
    model = Tied()
    save_model(tmp_path / "model", lambda folder: write_weights(model.state_dict(), folder), {})
    other = Tied()
    assert read_weights(other, tmp_path / "model") == tmp_path / "model"
    assert torch.equal(other.two.weight, model.one.weight)
    assert other.two.weight is other.one.weight


def test_weights_of_another_network_and_damaged_ones_are_refused(tmp_path):
    folder = save_model(tmp_path / "model", lambda f: write_weights(Tied().state_dict(), f), {})
    with pytest.raises(StoreError, match="do not fit this network"):
        read_weights(nn.Linear(3, 3), folder)
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="is not what was stored"):
        read_weights(Tied(), folder)

import sys
import time

import pytest

from common.training.power import CO2_G_KWH, CORE_W, J_PER_KWH, Meter


def package(root, number, joules, wraps_at=10_000.0):
    folder = root / f"intel-rapl:{number}"
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(str(int(joules * 1e6)))
    (folder / "max_energy_range_uj").write_text(str(int(wraps_at * 1e6)))


def test_counters_are_read_over_all_packages_and_wrap_around(tmp_path):
    package(tmp_path, 0, 9_900)
    package(tmp_path, 1, 50)
    meter = Meter(powercap=tmp_path)
    package(tmp_path, 0, 9_950)
    package(tmp_path, 1, 90)
    assert meter.read().kwh * J_PER_KWH == pytest.approx(90)
    package(tmp_path, 0, 25)
    energy = meter.read()
    assert energy.kwh * J_PER_KWH == pytest.approx(90 + 75)
    assert energy.source.startswith("CPU measured (RAPL")
    assert energy.co2_g == pytest.approx(energy.kwh * CO2_G_KWH)


def test_without_counters_it_is_an_estimate_and_says_so(tmp_path):
    meter = Meter(powercap=tmp_path / "none", co2_g_kwh=100.0)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    energy = meter.read()
    assert energy.source.startswith("estimate")
    assert 0.15 * CORE_W < energy.kwh * J_PER_KWH < 20 * CORE_W
    assert energy.co2_g == pytest.approx(energy.kwh * 100)


def test_a_counter_that_cannot_be_read_is_not_used(tmp_path):
    package(tmp_path, 0, 1)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("")
    assert Meter(powercap=tmp_path).read().source.startswith("estimate")


class Nvml:
    """NVML as pynvml has it, for two GPUs; the counters are in millijoules."""

    class NVMLError(Exception):
        pass

    def __init__(self, readable=True):
        self.counters, self.readable = [1_000_000, 5_000_000], readable

    def nvmlInit(self):
        pass

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        if not self.readable:
            raise self.NVMLError
        return self.counters[handle]


def test_gpus_are_measured_where_their_counter_can_be_read(tmp_path, monkeypatch):
    nvml = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    package(tmp_path, 0, 10)
    meter = Meter(gpus=2, powercap=tmp_path)
    nvml.counters = [1_200_000, 5_050_000]
    package(tmp_path, 0, 40)
    energy = meter.read()
    assert energy.kwh * J_PER_KWH == pytest.approx(250 + 30)
    assert energy.source == "GPU measured (NVML), CPU measured (RAPL, all that ran on this machine)"


def test_gpus_that_cannot_be_measured_are_said_to_be_left_out(tmp_path, monkeypatch):
    package(tmp_path, 0, 10)
    monkeypatch.setitem(sys.modules, "pynvml", Nvml(readable=False))
    assert "GPU not counted" in Meter(gpus=1, powercap=tmp_path).read().source
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "GPU not counted" in Meter(gpus=1, powercap=tmp_path).read().source

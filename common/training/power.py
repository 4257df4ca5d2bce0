"""Energy of a run: from the GPU's and the CPU's own counters where they can be read, else an estimate.

Sources, the best that is there: NVML's energy counter for GPUs; RAPL (`/sys/class/powercap`) for the CPU
packages, which counts all that runs on them; else an estimate from CPU seconds and memory with the
constants of Green Algorithms (Lannelongue, Grealey & Inouye 2021, Advanced Science 8: 2100707). Cooling and
the rest of the building are not counted (PUE 1).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

J_PER_KWH = 3.6e6
CORE_W = 12.0
"""A busy CPU core, when nothing can be measured (Green Algorithms: average over its list of CPUs)."""
MEMORY_W_GB = 0.3725
"""A gigabyte of memory in use (Green Algorithms)."""
CO2_G_KWH = 268.0
"""Dutch electricity in 2023, g CO2-equivalent per kWh (Our World in Data, from Ember)."""
POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Energy:
    """What a run used.

    Attributes:
        kwh: energy.
        co2_g: grams of CO2-equivalent for it.
        source: where the figure comes from; begins with "estimate" where nothing was measured.
    """

    kwh: float
    co2_g: float
    source: str


class Meter:
    """Counts from its making on.

    Args:
        gpus: how many GPUs the run uses, from number 0 of those NVML lists.
        processes: processes of the run on this machine, for the estimate.
        co2_g_kwh: carbon intensity of the electricity; the default is stated at CO2_G_KWH.
        powercap: folder with the RAPL counters.
    """

    def __init__(
        self, gpus: int = 0, processes: int = 1, co2_g_kwh: float = CO2_G_KWH, powercap: Path = POWERCAP
    ) -> None:
        self.processes, self.co2_g_kwh = processes, co2_g_kwh
        self._process = psutil.Process()
        self._packages = [p for p in sorted(powercap.glob("intel-rapl:[0-9]")) if _counter(p) is not None]
        self._wanted_gpus, self._gpus = gpus, _gpus(gpus)
        self._at = time.monotonic()
        self._cpu_s = self._cpu_seconds()
        self._rapl_uj = {p: _counter(p) or 0 for p in self._packages}
        self._rapl_j = 0.0
        self._gpu_j = _gpu_joules(self._gpus)

    def read(self) -> Energy:
        """Energy since the meter was made. Read it at least every few minutes: RAPL counters wrap around."""
        parts, joules = [], 0.0
        if self._gpus:
            joules += _gpu_joules(self._gpus) - self._gpu_j
            parts.append("GPU measured (NVML)")
        elif self._wanted_gpus:
            parts.append("GPU not counted: NVML cannot be read")
        if self._packages:
            self._take_rapl()
            joules += self._rapl_j
            parts.append("CPU measured (RAPL, all that ran on this machine)")
        else:
            seconds = time.monotonic() - self._at
            memory_gb = self._process.memory_info().rss / 1e9
            cpu_s = self._cpu_seconds() - self._cpu_s
            joules += self.processes * (cpu_s * CORE_W + seconds * memory_gb * MEMORY_W_GB)
            parts.append(
                f"estimate for the CPU ({CORE_W:g} W a busy core, {MEMORY_W_GB:g} W a GB of memory; "
                "Green Algorithms 2021)"
            )
        parts.sort(key=lambda part: not part.startswith("estimate"))
        kwh = joules / J_PER_KWH
        return Energy(kwh, kwh * self.co2_g_kwh, ", ".join(parts))

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _take_rapl(self) -> None:
        for package in self._packages:
            now = _counter(package)
            if now is None:
                continue
            gain = now - self._rapl_uj[package]
            if gain < 0:
                gain += int((package / "max_energy_range_uj").read_text())
            self._rapl_uj[package] = now
            self._rapl_j += gain * 1e-6


def _counter(package: Path) -> int | None:
    try:
        return int((package / "energy_uj").read_text())
    except (OSError, ValueError):
        return None


def _gpus(count: int) -> list[object]:
    """NVML handles of GPUs whose energy counter can be read."""
    if not count:
        return []
    try:
        import pynvml

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(count)]
        for handle in handles:
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except ImportError:
        return []
    except pynvml.NVMLError:
        return []
    return handles


def _gpu_joules(handles: list[object]) -> float:
    if not handles:
        return 0.0
    import pynvml

    return sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(h) for h in handles) * 1e-3

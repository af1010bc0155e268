"""Precision of the arithmetic that is fast on a device.

Two facts decide on a CPU, both measured:

* torch multiplies float32 matrices by MKL, which runs at half speed on AMD
  processors. oneDNN does not, and torch uses it once it *may* compute float32
  products in bfloat16, which without AMX it has no means to do: the products stay
  float32, to the last few bits.
* bfloat16 pays where the processor multiplies it faster: with AMX, or on AMD with
  AVX512-BF16. Intel's AVX512-BF16 without AMX runs at half the speed of float32.

Rules and not a stopwatch, so that one machine always takes the same path and gives
the same labels.
"""

from __future__ import annotations

import platform
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


@lru_cache(maxsize=1)
def _is_amd() -> bool:
    """Whether the processor is by AMD, as the system tells it."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return "AuthenticAMD" in platform.processor()


def _cpu_has(feature: str) -> bool:
    """Whether torch says the CPU can do something; False where it does not say."""
    capability = getattr(torch.cpu, f"_is_{feature}_supported", None)
    return bool(capability()) if capability is not None else False


def prefers_onednn() -> bool:
    """Whether float32 matrix products are faster by oneDNN, and as exact."""
    return (
        _is_amd()
        and not _cpu_has("amx_tile")
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.backends.mkldnn, "matmul")
    )


def prefers_bfloat16(device: torch.device | str) -> bool:
    """Whether bfloat16 is the faster arithmetic on a device."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu":
        return False
    return _cpu_has("amx_tile") or (_is_amd() and _cpu_has("avx512_bf16"))


def _mkldnn() -> Any:
    """Return torch's oneDNN settings, whose stubs lack the one we set."""
    return torch.backends.mkldnn


class _Routing:
    """Torch's process-wide oneDNN setting, with a count of its users."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = ""

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = _mkldnn().matmul.fp32_precision
                _mkldnn().matmul.fp32_precision = "bf16"
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                _mkldnn().matmul.fp32_precision = self._before


_routing = _Routing()


@contextmanager
def fast_float32(*, enabled: bool | None = None) -> Iterator[None]:
    """Send float32 matrix products to oneDNN for a while, where that is faster.

    The setting is one for the process. It is put back when the last of those inside
    leaves, in whichever thread and also after an error.

    Parameters
    ----------
    enabled
        Whether to do so; by default where `prefers_onednn`.
    """
    if not (prefers_onednn() if enabled is None else enabled):
        yield
        return
    _routing.enter()
    try:
        yield
    finally:
        _routing.leave()

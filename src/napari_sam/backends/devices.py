"""What torch finds on this machine."""

from __future__ import annotations

from typing import Any

import torch


def describe() -> dict[str, Any]:
    """Devices, threads and instruction set, as plain JSON types."""
    mps = torch.backends.mps.is_available()
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "cuda": [torch.cuda.get_device_name(i) for i in range(gpus)],
        "mps": mps,
    }

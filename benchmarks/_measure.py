"""Measure a piece of work in a process of its own, and print tables.

A script calls `run` for each of its cases; that starts the same script again with
`--case NAME`, where `measure` does the work on one thread and prints one line of
JSON. Time is CPU time of the process, which other programs on the machine disturb
less than they disturb the clock; memory is the process's peak resident set, of which
importing torch alone is a part.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[1]
STAND_IN = ROOT / "tests" / "parity" / "stand_in"


@dataclass(frozen=True)
class Measurement:
    seconds: float
    megabytes: float


def measure(work: Callable[[], object], repeats: int = 2) -> None:
    """Do the work once to warm up and some more times; print the fastest as JSON."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes = peak / 1024 if sys.platform == "darwin" else peak
    print(json.dumps({"seconds": min(times), "megabytes": kilobytes / 1024}))


def run(script: str, case: str) -> Measurement:
    """Start the script again for one case, on one thread."""
    path = [str(ROOT / "src"), os.environ.get("PYTHONPATH", ""), str(STAND_IN)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, "--case", case],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{case} failed:\n{done.stderr[-2000:]}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def matmul_peaks(rows: int = 4096, inner: int = 768, columns: int = 3072) -> str:
    """Return what the machine multiplies per second, in one process of one thread."""
    import torch

    from napari_sam.models.precision import fast_float32

    torch.set_num_threads(1)
    work = 2e-9 * rows * inner * columns
    lines = []
    for name, dtype, onednn in (
        ("float32", torch.float32, False),
        ("float32 by oneDNN", torch.float32, True),
        ("bfloat16", torch.bfloat16, False),
    ):
        a = torch.randn(rows, inner).to(dtype)
        b = torch.randn(inner, columns).to(dtype)
        times = []
        with torch.inference_mode(), fast_float32(enabled=onednn):
            for _ in range(8):
                start = time.process_time()
                torch.mm(a, b)
                times.append(time.process_time() - start)
        lines.append(f"{name} {work / min(times):.0f}")
    return "Matrix products, GFLOP/s on one thread: " + ", ".join(lines)


def print_row(cells: Sequence[str]) -> None:
    """Print a row of a Markdown table at once: some cases take minutes."""
    print("| " + " | ".join(cells) + " |", flush=True)

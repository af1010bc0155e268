"""Workers end quietly, however often they are asked to."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam.jobs import processes

SCRIPT = Path(__file__).with_name("workers_ended_twice.py")


@pytest.fixture
def own_signals():
    """Give this process its handlers of signals back: a worker sets its own."""
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_worker_ends_with_a_result_that_nobody_has_read(own_signals):
    ours, its = multiprocessing.Pipe()

    def close_at_the_second(task):
        if task == 2:
            ours.close()  # with the first result in it, which resets the connection

    ours.send(1)
    ours.send(2)
    processes._serve(its, lambda: close_at_the_second)


@pytest.mark.parametrize("told", [[], ["busy"]])
def test_a_worker_that_ends_takes_no_second_request(told):
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), *told], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0
    assert ("Workers end with exit code" if told else "[(0, 1), (1, 2)]") in ran.stdout
    assert ran.stderr == ""

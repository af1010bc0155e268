"""Workers end quietly, however often they are asked to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("workers_ended_twice.py")


@pytest.mark.parametrize("told", [[], ["busy"]])
def test_a_worker_that_ends_takes_no_second_request(told):
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), *told], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0
    assert ("Workers end with exit code" if told else "[(0, 1), (1, 2)]") in ran.stdout
    assert ran.stderr == ""

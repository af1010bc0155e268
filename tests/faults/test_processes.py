"""The model's process: whatever happens to it, nobody waits for ever."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_sam.backends.subprocess import SubprocessBackend, process
from napari_sam.core.errors import ModelError
from napari_sam.core.prompts import Prompts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A module that serves a model without weights."""
    (tmp_path / "served_model.py").write_text(
        "from napari_sam.backends.subprocess import serve\n"
        "from napari_sam.testing import ThresholdBackend\n"
        "serve(lambda **options: ThresholdBackend())\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return "served_model"


def answers(backend):
    plane = np.zeros((16, 16, 3), np.uint8)
    plane[4:12, 4:12] = 200
    (found,) = backend.decode(backend.encode([plane])[0], [Prompts.point(8, 8)])
    return found.area == 64


def test_a_child_that_never_starts_is_given_up(tmp_path, monkeypatch):
    (tmp_path / "sleeping_model.py").write_text("import time; time.sleep(1000)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setattr(process, "_START", 1.0, raising=False)
    with pytest.raises(ModelError, match="did not start"):
        SubprocessBackend("sleeping_model", {})


def test_one_that_is_stopped_is_replaced(served, monkeypatch):
    monkeypatch.setattr(process, "_STOPPED", 2.0, raising=False)
    backend = SubprocessBackend(served, {})
    assert answers(backend)
    os.kill(backend._process._child.pid, signal.SIGSTOP)
    assert answers(backend)
    backend.end()


def test_strangers_neither_end_nor_block_it(served):
    backend = SubprocessBackend(served, {})
    address = backend._process._address
    silent, rude, odd = (socket.socket(socket.AF_UNIX) for _ in range(3))
    for one in (silent, rude, odd):
        one.connect(address)
    rude.close()
    odd.sendall(b"GET / HTTP/1.1\r\n\r\n" * 9)
    # Another thread's connection is a new one, behind the silent one.
    backend._process._idle.clear()
    assert answers(backend)
    silent.close()
    odd.close()
    backend.end()


def test_a_long_path_for_temporary_files_is_no_obstacle(served, tmp_path, monkeypatch):
    temporary = tmp_path / ("long" * 30)
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    backend = SubprocessBackend(served, {})
    address = backend._process._address
    assert answers(backend)
    backend.end()
    assert len(address) < 100
    assert not Path(address).parent.exists()


CLIENT = """
import os, sys, time
from napari_sam.backends.subprocess import SubprocessBackend
backend = SubprocessBackend("served_model", {})
print(backend._process._child.pid, backend._process._address, flush=True)
if os.fork() == 0:
    time.sleep(60)
os._exit(1)
"""


def test_it_ends_with_its_client_and_leaves_nothing(served, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT], stdout=subprocess.PIPE
    ) as client:
        pid = int(client.stdout.readline().split()[0])
        client.wait(30)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
            if not Path(f"/proc/{pid}/cmdline").read_bytes():
                break
            time.sleep(0.2)
        assert not list(temporary.iterdir())

"""The process of a model, as the side that asks sees it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import weakref
from multiprocessing.connection import Client
from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

#: Seconds that a process is given to end by itself.
_PATIENCE = 5.0


class NoProcessError(ModelError):
    """A process cannot be had here; a model may still be opened in this one."""


class ProcessEndedError(ModelError):
    """The process of the model has ended before it answered."""


class ModelProcess:
    """Starts a module that calls `serve`, and asks it.

    Parameters
    ----------
    module
        Its name, as ``python -m`` takes it.
    options
        What the model is opened with.

    Raises
    ------
    NoProcessError
        If it does not start, or does not say where to ask.
    """

    def __init__(self, module: str, options: Mapping[str, str | None]) -> None:
        key = secrets.token_bytes(32)
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as wrong:
            raise NoProcessError(
                f"{sys.executable} does not start: {wrong}."
            ) from wrong
        self._end = weakref.finalize(self, _terminate, self._child)
        told = json.dumps({"key": key.hex(), "options": dict(options)})
        self._key, self._address = key, _handshake(self._child, told)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def ask(self, what: str, *given: object) -> Any:
        """Have something done there, from any thread, and return what comes of it.

        Raises
        ------
        ProcessEndedError
            If the process has ended.
        Exception
            What was raised there.
        """
        try:
            line = self._connection()
            line.send((what, given))
            outcome, result = line.recv()
        except (EOFError, OSError) as gone:
            raise ProcessEndedError(self._exit_reason()) from gone
        with self._lock:
            self._idle.append(line)
        if outcome == "failed":
            raise result
        return result

    def end(self) -> None:
        """End it, and wait until it has."""
        self._end()

    def _connection(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Client(self._address, authkey=self._key)

    def _exit_reason(self) -> str:
        try:
            code = self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _handshake(child: subprocess.Popen[str], told: str) -> str | tuple[str, int]:
    """Say what to open; return where to ask."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(f"{told}\n")
        child.stdin.flush()
        said = child.stdout.readline()
        child.stdout.close()
        address = json.loads(said)["address"]
    except (OSError, ValueError) as wrong:
        raise NoProcessError(
            f"the process of the model said {said!r} in place of its address"
            if isinstance(wrong, ValueError)
            else f"the process of the model ended at once: {wrong}"
        ) from wrong
    return tuple(address) if isinstance(address, list) else address


def _terminate(child: subprocess.Popen[str]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()

"""The process of a model, from the side of its client."""

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
    """The process of the model has ended before it returned a result."""


class ModelProcess:
    """The client of a process that serves a model: starts it, and sends requests.

    Parameters
    ----------
    module
        Its name, as ``python -m`` takes it.
    options
        What the model is opened with.

    Raises
    ------
    NoProcessError
        If it does not start, or does not give its address.
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
        setup = json.dumps({"key": key.hex(), "options": dict(options)})
        self._key, self._address = key, _handshake(self._child, setup)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def request(self, command: str, *arguments: object) -> Any:
        """Send a request, from any thread, and return its result.

        Raises
        ------
        ProcessEndedError
            If the process has ended.
        Exception
            What was raised there.
        """
        try:
            connection = self._connection()
            connection.send((command, arguments))
            outcome, result = connection.recv()
        except (EOFError, OSError) as gone:
            raise ProcessEndedError(self._exit_reason()) from gone
        with self._lock:
            self._idle.append(connection)
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
            return "it does not respond"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _handshake(child: subprocess.Popen[str], setup: str) -> str | tuple[str, int]:
    """Send the setup of the model; return the address of the server."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(f"{setup}\n")
        child.stdin.flush()
        reply = child.stdout.readline()
        child.stdout.close()
        address = json.loads(reply)["address"]
    except (OSError, ValueError) as wrong:
        raise NoProcessError(
            f"the process of the model wrote {reply!r} instead of its address"
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
